//! What an upgrade must leave as it was: a node's own settings, before and after.

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

/// What differs between a node's settings before and after. Variables that only one of the versions knows are
/// reported as well, with the other side empty.
pub fn differences(before: &NodeFacts, after: &NodeFacts) -> Vec<Agreement> {
    let watched = |name: &&String| {
        (name.starts_with("wsrep_") && !EXPECTED.contains(&name.as_str())) || OTHERS.contains(&name.as_str())
    };
    let mut names: Vec<&String> = before.variables.keys().chain(after.variables.keys()).filter(watched).collect();
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
