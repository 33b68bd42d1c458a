//! Statements of a migration that change no schema: which of them shape the session of what follows, and which have
//! no business in a schema change.

use crate::ddl::Reason;
use crate::ddl::ast::{Assignment, Body, Class, Kind, Scope, Statement};

/// What a statement is to a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A schema change: it is judged, and runs by some method.
    Change,
    /// It shapes the session in which the statements behind it run, and is run there before each of them.
    Session,
    /// It does nothing that matters here: the database of `USE` is known, and DDL commits by itself.
    Nothing,
    /// It does not belong here.
    Foreign(Reason),
}

/// Session variables that migrations and dumps set, and that touch nothing but the session's own statements.
const HARMLESS: &[&str] = &[
    "alter_algorithm",
    "autocommit",
    "character_set_client",
    "character_set_connection",
    "character_set_results",
    "check_constraint_checks",
    "collation_connection",
    "default_storage_engine",
    "explicit_defaults_for_timestamp",
    "foreign_key_checks",
    "innodb_lock_wait_timeout",
    "innodb_strict_mode",
    "lock_wait_timeout",
    "max_statement_time",
    "names",
    "note_verbosity",
    "old_alter_table",
    "old_mode",
    "sql_mode",
    "sql_notes",
    "sql_quote_show_create",
    "sql_safe_updates",
    "storage_engine",
    "system_versioning_alter_history",
    "time_zone",
    "unique_checks",
];

/// Maintenance that the server replicates in TOI like DDL, and that a plan may hold.
const MAINTENANCE: &[Kind] = &[
    Kind::OptimizeTable,
    Kind::AnalyzeTable,
    Kind::RepairTable,
    Kind::Flush,
    Kind::InstallPlugin,
    Kind::UninstallPlugin,
    Kind::InstallSoname,
    Kind::UninstallSoname,
];

/// What `statement` is to a plan.
pub fn part(statement: &Statement) -> Part {
    match statement.kind.class() {
        Class::Ddl => Part::Change,
        Class::Admin if MAINTENANCE.contains(&statement.kind) => Part::Change,
        Class::Session => match (&statement.kind, &statement.body) {
            (Kind::Use, _) => Part::Nothing,
            (_, Body::Set(assignments)) => of_set(assignments),
            _ => foreign(statement.kind),
        },
        Class::Transaction if statement.kind == Kind::Transaction => Part::Nothing,
        _ => foreign(statement.kind),
    }
}

fn of_set(assignments: &[Assignment]) -> Part {
    for assignment in assignments {
        let name = assignment.name.as_str();
        let text = match assignment.scope {
            Scope::User => continue,
            Scope::Global => format!(
                "SET GLOBAL {name} changes one node only, and for everybody on it; it is not replicated. \
                 Set it on every node by hand, or in the servers' configuration."
            ),
            Scope::Session if HARMLESS.binary_search(&name).is_ok() => continue,
            Scope::Session if name.starts_with("wsrep_") || name == "sql_log_bin" => format!(
                "SET {name} decides whether and how the statements behind it reach the other nodes; that is this tool's work. \
                 Leave it out."
            ),
            Scope::Session => {
                format!("SET {name} is not known to be harmless for the statements behind it. Leave it out.")
            }
        };
        return Part::Foreign(Reason { code: "setting-refused".to_owned(), text });
    }
    Part::Session
}

fn foreign(kind: Kind) -> Part {
    let text = match kind.class() {
        Class::Dml => {
            "It changes rows, not the schema, and row changes replicate by themselves. Run it with your migration tool, \
             under `schema lock -- COMMAND` if it must not meet a schema change."
        }
        Class::Query => "It only reads; a schema change has no use for it.",
        Class::Transaction => {
            "Locks and transactions of a session have no meaning here: each schema change commits by itself, on each node."
        }
        Class::Session => "It needs a session of its own that lasts; statements run in separate sessions here.",
        Class::Admin => "It administers one server and is not a schema change; run it on the node that is meant.",
        Class::Unknown | Class::Ddl => "What it does is not known, so nothing about it can be promised.",
    };
    Part::Foreign(Reason { code: "not-ddl".to_owned(), text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::Span;

    fn set(scope: Scope, name: &str) -> Part {
        let assignment = Assignment { scope, name: name.to_owned(), value: Span::new(0, 0) };
        part(&Statement {
            kind: Kind::Set,
            objects: Vec::new(),
            body: Body::Set(vec![assignment]),
            set_statement: Vec::new(),
            span: Span::new(0, 0),
        })
    }

    #[test]
    fn the_list_can_be_searched() {
        assert!(HARMLESS.is_sorted());
    }

    #[test]
    fn a_setting_is_harmless_only_when_it_is_known_to_be() {
        assert_eq!(set(Scope::Session, "foreign_key_checks"), Part::Session);
        assert_eq!(set(Scope::User, "old_mode_was"), Part::Session);
        for (scope, name) in [
            (Scope::Global, "foreign_key_checks"),
            (Scope::Session, "wsrep_on"),
            (Scope::Session, "wsrep_osu_method"),
            (Scope::Session, "sql_log_bin"),
            (Scope::Session, "something_new"),
        ] {
            assert!(matches!(set(scope, name), Part::Foreign(_)), "{name}");
        }
    }
}
