//! RENAME COLUMN, and CHANGE to another name.

use crate::ddl::ast::Operation;
use crate::lint::script::quoted;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "rename-column",
    group: Group::Compatibility,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: false,
    page: include_str!("../../../docs/rules/rename-column.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for (unit, alter, clause) in script.clauses() {
        let (from, to) = match &clause.operation {
            Operation::RenameColumn { from, to, .. } => (from, to),
            Operation::ChangeColumn { old, column, .. } => (old, &column.name),
            _ => continue,
        };
        // Another spelling of the same name is the same column to every query.
        if from.value.eq_ignore_ascii_case(&to.value) {
            continue;
        }
        sink.report(
            unit.range(clause.span),
            format!(
                "{} of {} becomes {}: the running application fails from that moment, and the next one until then.",
                quoted(from),
                unit.quoted(&alter.table),
                quoted(to)
            ),
        )
        .help("Add a column under the new name, write both, move the values, and drop the old one later.");
    }
}
