//! MODIFY and CHANGE that move a column.

use crate::ddl::ast::{ColumnPosition, Operation};
use crate::ddl::model::{Column, Table};
use crate::lint::script::{quoted, same_name};
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "column-order",
    group: Group::Compatibility,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: true,
    page: include_str!("../../../docs/rules/column-order.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for (unit, _, clause) in script.clauses() {
        let (old, column, position) = match &clause.operation {
            Operation::ModifyColumn { column, position: Some(position), .. } => (&column.name, column, position),
            Operation::ChangeColumn { old, column, position: Some(position), .. } => (old, column, position),
            _ => continue,
        };
        let stays = unit.before.as_deref().and_then(|table| Some(stays(table, table.column(&old.value)?, position)));
        let (severity, if_moved) = match stays {
            Some(true) => continue,
            Some(false) => (Severity::Warning, ""),
            None => (Severity::Info, "If it does not stand there already, "),
        };
        let start = unit.range(column.span).end;
        let moves = if if_moved.is_empty() { "Moves" } else { "the statement moves" };
        sink.report(
            start..unit.range(clause.span).end.max(start),
            format!(
                "{if_moved}{moves} {}: rows replicate by position, so the change cannot roll through the cluster node by \
                 node.",
                quoted(old)
            ),
        )
        .severity(severity)
        .help("Leave FIRST or AFTER out: the column stays where it is.");
    }
}

fn stays(table: &Table, column: &Column, position: &ColumnPosition) -> bool {
    let index = table.column_index(column.id).unwrap_or_default();
    match (index.checked_sub(1).and_then(|before| table.columns.get(before)), position) {
        (Some(before), ColumnPosition::After(after)) => same_name(&before.name, &after.value),
        (before, ColumnPosition::First) => before.is_none(),
        (None, ColumnPosition::After(_)) => false,
    }
}
