//! UNIQUE keys on tables that hold rows.

use crate::ddl::ast::{Body, ColumnKey, KeyType, Operation};
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "unique-on-existing-data",
    group: Group::Data,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: false,
    page: include_str!("../../../docs/rules/unique-on-existing-data.md"),
    check: Some(check),
};

const HELP: &str =
    "Count the duplicates first, and keep the application from writing new ones until all nodes have the key.";

fn check(script: &Script<'_>, sink: &mut Sink) {
    for (unit, table, key) in script.added_keys() {
        if !matches!(key.key_type, KeyType::Unique | KeyType::Primary) {
            continue;
        }
        // A key over a column that the same statement adds: all rows have the same value, or a counted one.
        let own = |name: &str| match &unit.ast.body {
            Body::AlterTable(alter) => alter.operations().any(|operation| match operation {
                Operation::AddColumn { column, .. } => {
                    column.auto_increment && column.name.value.eq_ignore_ascii_case(name)
                }
                _ => false,
            }),
            _ => false,
        };
        if key.parts.iter().any(|part| own(&part.column.value)) {
            continue;
        }
        let replaced = key.key_type == KeyType::Primary
            && matches!(&unit.ast.body, Body::AlterTable(alter)
                if alter.operations().any(|operation| matches!(operation, Operation::DropPrimaryKey { .. })));
        let ignore = matches!(&unit.ast.body, Body::AlterTable(alter) if alter.ignore);
        let message = if ignore {
            format!(
                "Rows of {} that are duplicates are dropped, and each node chooses for itself which.",
                unit.quoted(table)
            )
        } else if replaced {
            format!("{} is rebuilt, and the statement fails if two rows share the new primary key.", unit.quoted(table))
        } else {
            format!("The statement fails if {} holds duplicates, after reading all of it.", unit.quoted(table))
        };
        let severity = if ignore { Severity::Error } else { Severity::Warning };
        sink.report(unit.range(key.span), message).severity(severity).help(HELP);
    }
    for (unit, alter, clause) in script.clauses() {
        let column = match &clause.operation {
            Operation::AddColumn { column, .. } if !column.auto_increment && column.nullable == Some(false) => column,
            Operation::ModifyColumn { column, .. } | Operation::ChangeColumn { column, .. } => column,
            _ => continue,
        };
        if column.key == Some(ColumnKey::Unique) {
            sink.report(
                unit.range(column.span),
                format!(
                    "The statement fails if {} holds duplicates, after reading all of it.",
                    unit.quoted(&alter.table)
                ),
            )
            .help(HELP);
        }
    }
}
