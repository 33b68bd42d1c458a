//! What a saved plan rests on, so that `apply --plan` can refuse a stale one and say what changed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::sql::without_secrets;

/// A fingerprint over everything that a plan rests on, and its parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// SHA-256 over all parts, in hexadecimal.
    pub hash: String,
    /// What it rests on, by name: `table app.t`, `setting sql_mode`, `statement 1`.
    pub parts: BTreeMap<String, String>,
}

impl Basis {
    /// The basis of these parts.
    pub fn of(parts: impl IntoIterator<Item = (String, String)>) -> Self {
        let parts: BTreeMap<String, String> = parts.into_iter().collect();
        // Lengths in front keep ("ab", "c") and ("a", "bc") apart.
        let mut bytes = Vec::new();
        for text in parts.iter().flat_map(|(name, value)| [name, value]) {
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        Self { hash: hex(&bytes), parts }
    }

    /// Whether the hash is that of the parts; a file that somebody edited is not.
    pub fn is_genuine(&self) -> bool {
        Self::of(self.parts.clone()).hash == self.hash
    }

    /// What is different now, one sentence each; empty when the plan is not stale.
    pub fn changes(&self, now: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for (name, then) in &self.parts {
            match now.parts.get(name) {
                Some(value) if value == then => {}
                Some(value) if value.contains('\n') || then.contains('\n') => {
                    let (then, now) = (without_secrets(then), without_secrets(value));
                    changes.push(format!("{name} has changed: {}.", other_lines(&then, &now)));
                }
                Some(value) => {
                    let (then, now) = (without_secrets(then), without_secrets(value));
                    changes.push(format!("{name} was {} and is {} now.", shown(&then), shown(&now)));
                }
                None => changes.push(format!("{name} is no longer there.")),
            }
        }
        let new = now.parts.keys().filter(|name| !self.parts.contains_key(*name));
        changes.extend(new.map(|name| format!("{name} was not there when the plan was made.")));
        changes
    }
}

fn shown(value: &str) -> &str {
    if value.is_empty() { "empty" } else { value }
}

/// The lines of one text that the other does not have.
fn other_lines(then: &str, now: &str) -> String {
    fn lines(text: &str) -> impl Iterator<Item = &str> {
        text.lines().map(|line| line.trim().trim_end_matches(','))
    }
    let only = |one: &str, other: &str| {
        let missing: Vec<&str> = lines(one).filter(|line| !lines(other).any(|there| there == *line)).collect();
        missing.join(", ")
    };
    match (only(then, now).as_str(), only(now, then).as_str()) {
        ("", "") => "its parts stand in another order".to_owned(),
        ("", new) => format!("new is {new}"),
        (gone, "") => format!("gone is {gone}"),
        (gone, new) => format!("gone is {gone}; new is {new}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basis(parts: &[(&str, &str)]) -> Basis {
        Basis::of(parts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn the_same_parts_in_any_order_are_the_same_basis() {
        let one = basis(&[("a", "1"), ("b", "2")]);
        assert_eq!(one, basis(&[("b", "2"), ("a", "1")]));
        assert!(one.is_genuine());
        assert!(one.changes(&one).is_empty());
        assert_ne!(one.hash, basis(&[("a", "12"), ("b", "")]).hash);
    }

    #[test]
    fn what_changed_is_named() {
        let table = |columns: &str| format!("CREATE TABLE `t` (\n{columns}\n) ENGINE=InnoDB");
        let long = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION";
        let then = basis(&[
            ("server version", "10.11.18"),
            ("setting old_mode", ""),
            ("setting sql_mode", long),
            ("table app.moved", &table("  `a` int,\n  `b` int")),
            ("table app.t", &table("  `id` int,\n  `a` int")),
        ]);
        let now = basis(&[
            ("setting old_mode", "UTF8_IS_UTF8MB3"),
            ("setting sql_mode", ""),
            ("table app.moved", &table("  `b` int,\n  `a` int")),
            ("table app.t", &table("  `id` int,\n  `other` int")),
            ("table app.u", "q"),
        ]);
        assert_eq!(
            then.changes(&now),
            [
                "server version is no longer there.".to_owned(),
                "setting old_mode was empty and is UTF8_IS_UTF8MB3 now.".to_owned(),
                format!("setting sql_mode was {long} and is empty now."),
                "table app.moved has changed: its parts stand in another order.".to_owned(),
                "table app.t has changed: gone is `a` int; new is `other` int.".to_owned(),
                "table app.u was not there when the plan was made.".to_owned(),
            ]
        );
    }

    #[test]
    fn an_edited_plan_is_recognised() {
        let mut edited = basis(&[("a", "1")]);
        edited.parts.insert("a".to_owned(), "2".to_owned());
        assert!(!edited.is_genuine());
    }
}
