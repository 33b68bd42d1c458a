//! ADD COLUMN .. FIRST or AFTER.

use crate::ddl::ast::{AlterTable, ColumnPosition, Operation};
use crate::ddl::model::{Column, Table, Visibility};
use crate::lint::script::{quoted, same_name};
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "column-position",
    group: Group::Compatibility,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: true,
    page: include_str!("../../../docs/rules/column-position.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for (unit, alter, clause) in script.clauses() {
        let Operation::AddColumn { column, position: Some(position), .. } = &clause.operation else { continue };
        let last = unit.before.as_ref().and_then(|table| visible(table).last());
        let sure = match position {
            ColumnPosition::First => true,
            ColumnPosition::After(after) if last.is_some_and(|last| same_name(&last.name, &after.value)) => continue,
            ColumnPosition::After(after) if added_before(alter, &after.value) => continue,
            ColumnPosition::After(_) => last.is_some(),
        };
        let if_not_last = if sure { "" } else { "unless that is the last column, " };
        let place = match position {
            ColumnPosition::First => "first".to_owned(),
            ColumnPosition::After(after) => format!("behind {}", quoted(after)),
        };
        let start = unit.range(column.span).end;
        sink.report(
            start..unit.range(clause.span).end.max(start),
            format!(
                "{} goes {place}; {if_not_last}rows replicate by position, so the change cannot roll through the cluster \
                 node by node.",
                quoted(&column.name)
            ),
        )
        .severity(if sure { Severity::Warning } else { Severity::Info })
        .help("Leave FIRST or AFTER out: the column goes to the end.");
    }
}

fn visible(table: &Table) -> impl Iterator<Item = &Column> {
    table.columns.iter().filter(|column| column.visibility != Visibility::System)
}

/// Whether the same statement puts that column at the end, so that what follows it goes there too.
fn added_before(alter: &AlterTable, name: &str) -> bool {
    alter.operations().any(|operation| match operation {
        Operation::AddColumn { column, position: None, .. } => same_name(&column.name.value, name),
        _ => false,
    })
}
