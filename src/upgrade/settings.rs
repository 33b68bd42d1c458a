//! What an upgrade must leave as it was: a node's own settings, before and after.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::facts::NodeFacts;

/// A setting of a node that is not what it was before the upgrade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// The variable, or `wsrep_provider_options: name`.
    pub name: String,
    /// Before the node was stopped; `None` when it did not exist.
    pub before: Option<String>,
    /// Now; `None` when it does not exist any more.
    pub after: Option<String>,
}

/// Settings that a version step may change without anybody's doing.
const EXPECTED: &[&str] =
    &["wsrep_provider", "wsrep_provider_options", "wsrep_start_position", "wsrep_cluster_address"];

/// Settings outside of `wsrep_*` that must survive an upgrade: with another value a node judges statements, or
/// encodes rows, unlike the others.
const OTHERS: &[&str] = &[
    "binlog_format",
    "binlog_row_image",
    "character_set_server",
    "collation_server",
    "default_storage_engine",
    "innodb_default_row_format",
    "innodb_file_per_table",
    "innodb_strict_mode",
    "lower_case_table_names",
    "slave_type_conversions",
    "sql_mode",
    "server_id",
    "log_bin",
    "gtid_domain_id",
];

/// Where a server keeps things, needed while it does not answer.
const PLACES: &[&str] = &["datadir", "log_error", "pid_file", "version", "wsrep_provider_options"];

/// Of a node's variables, those that [`differences`] compares, and where the server keeps its files.
pub fn worth_keeping(facts: &NodeFacts) -> BTreeMap<String, String> {
    let wanted = |name: &String| is_watched(name) || PLACES.contains(&name.as_str());
    let kept = facts.variables.iter().filter(|(name, _)| wanted(name));
    kept.filter(|(name, _)| *name != "wsrep_sst_auth").map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn is_watched(name: &str) -> bool {
    (name.starts_with("wsrep_") && !EXPECTED.contains(&name)) || OTHERS.contains(&name)
}

/// What differs between a node's settings before and after. Variables that only one of the versions knows are
/// reported as well, with the other side empty.
pub fn differences(before: &NodeFacts, after: &NodeFacts) -> Vec<Agreement> {
    let mut names: Vec<&String> =
        before.variables.keys().chain(after.variables.keys()).filter(|name| is_watched(name)).collect();
    names.sort_unstable();
    names.dedup();
    let mut found: Vec<Agreement> = names
        .into_iter()
        .filter(|name| before.variables.get(*name) != after.variables.get(*name))
        .map(|name| Agreement {
            name: name.clone(),
            before: before.variables.get(name).cloned(),
            after: after.variables.get(name).cloned(),
        })
        .collect();
    for name in ["gcache.size", "pc.weight", "gcs.sync_donor", "gmcast.segment", "pc.ignore_sb"] {
        let (a, b) = (before.provider_option(name), after.provider_option(name));
        if a != b {
            found.push(Agreement {
                name: format!("wsrep_provider_options: {name}"),
                before: a.map(str::to_owned),
                after: b.map(str::to_owned),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(pairs: &[(&str, &str)]) -> NodeFacts {
        let variables = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        NodeFacts::up("n1", variables, BTreeMap::new(), None)
    }

    #[test]
    fn a_changed_setting_is_seen_and_a_new_path_is_not() {
        let before = facts(&[
            ("wsrep_slave_threads", "4"),
            ("wsrep_provider", "/old.so"),
            ("wsrep_sst_auth", "a:b"),
            ("basedir", "/a"),
        ]);
        let after = facts(&[
            ("wsrep_slave_threads", "1"),
            ("wsrep_provider", "/new.so"),
            ("basedir", "/b"),
            ("wsrep_mode", ""),
        ]);
        let kept = NodeFacts::up("n1", worth_keeping(&before), BTreeMap::new(), None);
        let names: Vec<String> = differences(&kept, &after).into_iter().map(|found| found.name).collect();
        assert_eq!(names, ["wsrep_mode", "wsrep_slave_threads"]);
        assert!(!kept.variables.contains_key("wsrep_sst_auth"));
    }
}
