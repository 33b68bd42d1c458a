//! Globals that change an algorithm or a result are equal on all nodes. One that differs makes the same statement do
//! different things: `innodb_instant_alter_column_allowed=never` on one node was enough to lose a column there while
//! the client was told OK (galera-facts 1.8).

use std::collections::BTreeMap;

use super::{ALWAYS, Check, Notes, Scene, Verdict};

pub(super) const CHECK: Check = Check {
    name: "settings",
    holds: "Settings that change what DDL does are equal on all nodes.",
    stages: ALWAYS,
    look,
};

/// Must be equal, because they change which algorithm is taken or what comes out of a statement.
const EQUAL: &[&str] = &[
    "alter_algorithm",
    "binlog_format",
    "binlog_row_image",
    "binlog_row_metadata",
    "character_set_server",
    "collation_server",
    "default_storage_engine",
    "explicit_defaults_for_timestamp",
    "foreign_key_checks",
    "innodb_default_row_format",
    "innodb_file_per_table",
    "innodb_instant_alter_column_allowed",
    "innodb_page_size",
    "innodb_strict_mode",
    "lower_case_table_names",
    "old_mode",
    "slave_type_conversions",
    "sql_mode",
    "system_versioning_alter_history",
    "wsrep_ignore_apply_errors",
    "wsrep_mode",
];

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    for global in EQUAL {
        let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, facts) in scene.seen() {
            // A variable that no node has is no difference; one that only some have is one.
            values.entry(facts.global(global).unwrap_or("not there")).or_default().push(name);
        }
        if values.len() > 1 {
            let told: Vec<String> = values
                .iter()
                .map(|(value, nodes)| {
                    let value = if value.is_empty() { "empty" } else { value };
                    format!("{value} on {}", nodes.join(", "))
                })
                .collect();
            notes.add(
                Verdict::Failed,
                None,
                format!("{global} differs: {}.", told.join("; ")),
                "Set it to the same value on all nodes: the same statement could do different things on them.",
            );
        }
    }
}
