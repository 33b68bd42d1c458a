//! What a saved plan rests on, so that `apply --plan` can refuse a stale one and say what changed, and a seal over the
//! whole plan, so that an edited one is recognised.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Plan;
use crate::sql::without_secrets;

/// What a plan rests on, and the plan's seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// SHA-256 over the whole plan as JSON in which this field is empty, in hexadecimal. It tells an edited file, not
    /// one that was forged: whoever can write the file can compute it.
    pub hash: String,
    /// What it rests on, by name: `table app.t`, `setting sql_mode`, `statement 1`.
    pub parts: BTreeMap<String, String>,
}

impl Basis {
    /// A basis of these parts, not yet sealed.
    fn of(parts: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { hash: String::new(), parts: parts.into_iter().collect() }
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

impl Plan {
    /// Says what the plan rests on, and seals it. Nothing of it may change afterwards.
    pub fn seal(&mut self, parts: impl IntoIterator<Item = (String, String)>) {
        self.basis = Some(Basis::of(parts));
        let hash = self.fingerprint();
        if let (Some(basis), Some(hash)) = (&mut self.basis, hash) {
            basis.hash = hash;
        }
    }

    /// What the plan rests on, unless it does not say so or was edited since it was sealed.
    pub fn sealed(&self) -> Option<&Basis> {
        let basis = self.basis.as_ref()?;
        (self.fingerprint()? == basis.hash).then_some(basis)
    }

    /// `None` when the plan cannot be put into JSON, which then cannot have been read from it either.
    fn fingerprint(&self) -> Option<String> {
        let mut bare = self.clone();
        bare.basis.as_mut()?.hash.clear();
        let text = serde_json::to_vec(&bare).ok()?;
        Some(Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Policy, Rates};

    fn basis(parts: &[(&str, &str)]) -> Basis {
        Basis::of(parts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
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

    /// A plan with a value in every field that a run goes by.
    fn sealed() -> serde_json::Value {
        let statement = |index: usize, sql: &str| {
            serde_json::json!({
                "index": index, "file": "m.sql", "line": index, "sql": sql, "session": ["SET foreign_key_checks = 0"],
                "database": "app", "kind": "alter_table", "object": "app.t", "tables": [{"database": "app", "table": "t"}],
                "operations": [{"op": "force"}], "algorithm": "INPLACE", "lock": "NONE",
                "rsu": {"verdict": "safe", "old_to_new": "ok", "new_to_old": "ok", "conditions": []},
                "method": "RSU", "reasons": [], "execute": sql,
                "estimate": {"rows": 3, "bytes": 5, "stall_seconds": 0.1, "total_seconds": 0.300_000_000_000_000_04},
                "conversion_window": {"setting": "ALL_LOSSY", "guards": ["SELECT 1"]},
            })
        };
        let mut plan: Plan = serde_json::from_value(serde_json::json!({
            "v": 1, "server_version": "10.11.19-MariaDB", "statements": [statement(1, "ALTER TABLE t FORCE")],
            "passes": [{"method": "RSU", "statements": [1]}], "nodes": ["n1", "n2"], "policy": Policy::default(),
            "wanted": "rsu", "accepted": ["no-nulls"], "check_timeout": {"secs": 60, "nanos": 0},
            "rates": Rates::default(),
        }))
        .unwrap();
        plan.seal([("a".to_owned(), "1".to_owned())]);
        serde_json::to_value(&plan).unwrap()
    }

    fn is_genuine(plan: &serde_json::Value) -> bool {
        let text = serde_json::to_vec_pretty(plan).unwrap();
        serde_json::from_slice::<Plan>(&text).unwrap().sealed().is_some()
    }

    #[test]
    fn a_saved_plan_that_nobody_touched_is_genuine() {
        assert!(is_genuine(&sealed()));
    }

    #[test]
    fn an_edited_plan_is_recognised_whatever_was_edited() {
        for (place, value) in [
            ("/statements/0/database", serde_json::json!("other")),
            ("/statements/0/session/0", serde_json::json!("SET foreign_key_checks = 1")),
            ("/statements/0/execute", serde_json::json!("DROP TABLE t")),
            ("/statements/0/conversion_window/setting", serde_json::json!("")),
            ("/statements/0/conversion_window/guards", serde_json::json!([])),
            ("/statements/0/estimate/total_seconds", serde_json::json!(0.3)),
            ("/passes/0/method", serde_json::json!("TOI")),
            ("/nodes/1", serde_json::json!("n3")),
            ("/policy/min_serving", serde_json::json!(1)),
            ("/accepted/0", serde_json::json!("roll-unsafe")),
            ("/wanted", serde_json::json!("auto")),
            ("/basis/parts/a", serde_json::json!("2")),
            ("/basis/hash", serde_json::json!("")),
        ] {
            let mut edited = sealed();
            *edited.pointer_mut(place).unwrap() = value;
            assert!(!is_genuine(&edited), "{place}");
        }
    }
}
