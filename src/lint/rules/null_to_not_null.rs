//! MODIFY and CHANGE to NOT NULL.

use crate::ddl::ast::Operation;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "null-to-not-null",
    group: Group::Compatibility,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: true,
    page: include_str!("../../../docs/rules/null-to-not-null.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for (unit, alter, clause) in script.clauses() {
        let (old, column) = match &clause.operation {
            Operation::ModifyColumn { column, .. } => (&column.name, column),
            Operation::ChangeColumn { old, column, .. } => (old, column),
            _ => continue,
        };
        if column.nullable != Some(false) || column.auto_increment {
            continue;
        }
        let was_nullable =
            unit.before.as_ref().and_then(|table| table.column(&old.value)).map(|column| column.nullable);
        let (severity, message) = match was_nullable {
            Some(false) => continue,
            Some(true) => (
                Severity::Warning,
                format!(
                    "{} is rebuilt, and the statement fails if a row has NULL in `{}`.",
                    unit.quoted(&alter.table),
                    old.value
                ),
            ),
            None => (
                Severity::Info,
                format!(
                    "If `{}` of {} is nullable today, the table is rebuilt, and the statement fails if a row has NULL.",
                    old.value,
                    unit.quoted(&alter.table)
                ),
            ),
        };
        sink.report(unit.range(column.span), message)
            .severity(severity)
            .help("Make every application write a value, fill the NULLs in batches, and change the column last.");
    }
}
