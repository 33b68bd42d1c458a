//! What a saved plan rests on, so that `apply --plan` can refuse a stale one and say what changed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A fingerprint over everything that a plan rests on, and its parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// SHA-256 over all parts, in hexadecimal.
    pub hash: String,
    /// What it rests on, by name: `table app.t`, `setting sql_mode`, `statements`. A value is itself where it is
    /// short, and its SHA-256 where it is long.
    pub parts: BTreeMap<String, String>,
}

/// A value that is longer than this stands in a basis by its hash. Bytes.
const SHORT: usize = 64;

impl Basis {
    /// The basis of these parts.
    pub fn of(parts: impl IntoIterator<Item = (String, String)>) -> Self {
        let parts: BTreeMap<String, String> = parts
            .into_iter()
            .map(|(name, value)| (name, if value.len() > SHORT { hex(&[value.as_bytes()]) } else { value }))
            .collect();
        // Lengths in front keep ("ab", "c") and ("a", "bc") apart.
        let mut bytes = Vec::new();
        for text in parts.iter().flat_map(|(name, value)| [name, value]) {
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        Self { hash: hex(&[&bytes]), parts }
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
                Some(value) if value.len() == then.len() && value.len() == SHORT => {
                    changes.push(format!("{name} is not what it was when the plan was made."));
                }
                Some(value) => changes.push(format!("{name} was {} and is {} now.", shown(then), shown(value))),
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

fn hex(chunks: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for chunk in chunks {
        digest.update(chunk);
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
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
        let long = "x".repeat(SHORT + 1);
        let then = basis(&[("table app.t", &long), ("setting sql_mode", ""), ("server version", "10.11.18")]);
        let other = format!("{long}y");
        let now = basis(&[("table app.t", &other), ("setting sql_mode", "ANSI"), ("table app.u", "q")]);
        assert_eq!(
            then.changes(&now),
            [
                "server version is no longer there.",
                "setting sql_mode was empty and is ANSI now.",
                "table app.t is not what it was when the plan was made.",
                "table app.u was not there when the plan was made.",
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
