//! Settings of a session that the event of a TOI statement does not carry to the other nodes.
//!
//! The event is a query event: it carries `sql_mode`, the checks of foreign keys, unique keys and constraints, character sets,
//! time zone and names of months (`log_event.h`, flags2 and status variables). The settings here it does not: on 10.11.19
//! each of them made the sender's table another one than that of the others, which logged an ignored error, or nothing.

use std::collections::BTreeMap;

use crate::ddl::ast::{Assignment, Body, CreateSource, Kind, Scope, Statement};
use crate::ddl::{Reason, ServerProfile};
use crate::sql::ServerVersion;

/// Settings that stay where they are set, by name, and how to reach the same on all nodes. `SET STATEMENT` is part of the
/// text that is sent, except that `old_mode` then comes too late for names of character sets (seen on 10.11.19).
const STAYS: &[(&str, &str)] = &[
    ("alter_algorithm", "Write ALGORITHM= into the statement instead."),
    ("default_storage_engine", "Write ENGINE= into the statement instead."),
    ("innodb_strict_mode", "SET STATEMENT innodb_strict_mode = .. FOR before the statement is sent with it."),
    ("old_alter_table", "Write ALGORITHM= into the statement instead."),
    ("old_mode", "Write out what it stands for instead, such as CHARACTER SET utf8mb3."),
    ("storage_engine", "Write ENGINE= into the statement instead."),
    (
        "system_versioning_alter_history",
        "SET STATEMENT system_versioning_alter_history = .. FOR before the statement is sent with it.",
    ),
];

/// The settings in force that the other nodes do not have.
#[derive(Clone, Debug, Default)]
pub(super) struct Local {
    /// Values as they were written, by name.
    set: BTreeMap<&'static str, String>,
}

impl Local {
    /// Follows SET. `global` is what the servers have.
    pub(super) fn follow(&mut self, assignments: &[Assignment], text: &str, global: &ServerProfile) {
        for assignment in assignments.iter().filter(|assignment| assignment.scope == Scope::Session) {
            let Some((name, _)) = STAYS.iter().find(|(name, _)| *name == assignment.name) else { continue };
            let value = assignment.value.of(text).trim();
            if same(name, value, global) {
                self.set.remove(name);
            } else {
                self.set.insert(name, value.to_owned());
            }
        }
    }

    /// Why a statement would do something else on the node that it is sent to than on the others; `None` when it would not.
    pub(super) fn against(&self, statement: &Statement) -> Option<Reason> {
        let own = |name: &str| statement.set_statement.iter().any(|assignment| assignment.name == name);
        let (name, value) = self.set.iter().find(|(name, _)| matters(name, statement) && !own(name))?;
        let instead = STAYS.iter().find(|(known, _)| known == name).map_or("", |(_, instead)| *instead);
        Some(Reason {
            code: "setting-not-replicated".to_owned(),
            text: format!(
                "SET {name} = {value} holds on the node to which the statement is sent; TOI does not carry it to the others, and \
                 they would do something else. {instead}"
            ),
        })
    }
}

/// Whether a value is what the servers have anyway.
fn same(name: &str, value: &str, global: &ServerProfile) -> bool {
    let value = value.trim_matches(['\'', '"']);
    if value.eq_ignore_ascii_case("default") || value.eq_ignore_ascii_case(&format!("@@global.{name}")) {
        return true;
    }
    let mut probe = global.clone();
    match name {
        "default_storage_engine" | "storage_engine" => global.settings.engine.eq_ignore_ascii_case(value),
        // Nothing goes by it since 11.5 (MDEV-33655).
        "alter_algorithm" | "old_alter_table" if global.version >= ServerVersion::new(11, 5, 0) => true,
        _ => probe.set(name, value) && probe == *global,
    }
}

/// Whether a setting decides anything in a statement.
fn matters(name: &str, statement: &Statement) -> bool {
    use Kind as K;
    let alters = matches!(statement.kind, K::AlterTable | K::CreateIndex | K::DropIndex);
    match name {
        "default_storage_engine" | "storage_engine" => match &statement.body {
            Body::CreateTable(create) => {
                !matches!(create.source, Some(CreateSource::Like(_)))
                    && !create.options.iter().any(|option| option.name == "engine")
            }
            _ => matches!(statement.kind, K::CreateTable | K::CreateSequence),
        },
        "alter_algorithm" | "old_alter_table" => {
            let written = match &statement.body {
                Body::AlterTable(alter) => alter.algorithm.as_deref(),
                Body::CreateIndex(index) => index.algorithm.as_deref(),
                _ => None,
            };
            (alters || statement.kind == K::OptimizeTable) && written.is_none_or(|algorithm| algorithm == "DEFAULT")
        }
        "system_versioning_alter_history" => alters,
        "innodb_strict_mode" => {
            alters || matches!(statement.kind, K::CreateTable | K::TruncateTable | K::OptimizeTable)
        }
        // It reaches into whatever a statement defines.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use crate::ddl::ServerProfile;
    use crate::ddl::model::Catalog;
    use crate::plan::{Text, draft};

    /// Whether the last statement would do something else on the other nodes.
    fn differs(version: &str, statements: &str) -> bool {
        let profile = ServerProfile::of(version.parse().unwrap());
        let mut catalog = Catalog::new(profile.settings.clone());
        let text = Text { name: "-e".to_owned(), bytes: statements.as_bytes().to_vec() };
        let drafts = draft(&[text], Some("app"), &mut catalog, &profile).unwrap();
        drafts.last().unwrap().stays_here.is_some()
    }

    #[test]
    fn a_setting_that_stays_on_one_node_matters_where_it_decides_something() {
        for (statements, expected) in [
            ("SET default_storage_engine = Aria; CREATE TABLE t (a INT)", true),
            ("SET storage_engine = Aria; CREATE TABLE t (a INT)", true),
            ("SET default_storage_engine = 'innodb'; CREATE TABLE t (a INT)", false),
            ("SET default_storage_engine = Aria; CREATE TABLE t (a INT) ENGINE=InnoDB", false),
            ("SET default_storage_engine = Aria; CREATE TABLE t LIKE u", false),
            ("SET default_storage_engine = Aria; ALTER TABLE t ADD a INT", false),
            ("SET default_storage_engine = Aria; SET default_storage_engine = DEFAULT; CREATE TABLE t (a INT)", false),
            ("SET STATEMENT default_storage_engine = Aria FOR CREATE TABLE t (a INT)", false),
            ("SET innodb_strict_mode = OFF; ALTER TABLE t ADD a INT", true),
            ("SET SESSION innodb_strict_mode = 1; ALTER TABLE t ADD a INT", false),
            ("SET innodb_strict_mode = OFF; SET STATEMENT innodb_strict_mode = 0 FOR ALTER TABLE t ADD a INT", false),
            ("SET innodb_strict_mode = OFF; DROP TABLE t", false),
            ("SET alter_algorithm = 'COPY'; ALTER TABLE t ADD a INT", true),
            ("SET alter_algorithm = 'COPY'; ALTER TABLE t ADD a INT, ALGORITHM=INSTANT", false),
            ("SET old_alter_table = 1; CREATE INDEX i ON t (a)", true),
            ("SET system_versioning_alter_history = KEEP; ALTER TABLE t ADD a INT", true),
            ("SET system_versioning_alter_history = ERROR; ALTER TABLE t ADD a INT", false),
            ("SET old_mode = 'UTF8_IS_UTF8MB3'; CREATE VIEW v AS SELECT 1", true),
            ("SET foreign_key_checks = 0, sql_mode = ''; ALTER TABLE t ADD a INT", false),
        ] {
            assert_eq!(differs("10.11.19", statements), expected, "{statements}");
        }
        assert!(!differs("11.8.6", "SET alter_algorithm = 'COPY'; ALTER TABLE t ADD a INT"));
    }
}
