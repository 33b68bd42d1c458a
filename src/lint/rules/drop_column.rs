//! DROP COLUMN.

use crate::ddl::ast::Operation;
use crate::lint::script::quoted;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "drop-column",
    group: Group::Compatibility,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: false,
    page: include_str!("../../../docs/rules/drop-column.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for (unit, alter, clause) in script.clauses() {
        let Operation::DropColumn { name, .. } = &clause.operation else { continue };
        // Dropped and added again: the values go, and the application sees the column as before.
        let again = alter.operations().any(|other| match other {
            Operation::AddColumn { column, .. } => column.name.value.eq_ignore_ascii_case(&name.value),
            _ => false,
        });
        let table = unit.quoted(&alter.table);
        let what =
            if again { "loses its values" } else { "goes with its values, and statements that name it fail at once" };
        sink.report(unit.range(clause.span), format!("{} of {table} {what}, on all nodes.", quoted(name))).help(
            "First release an application that does not use it; then say so: -- schema: ignore[drop-column] reason",
        );
    }
}
