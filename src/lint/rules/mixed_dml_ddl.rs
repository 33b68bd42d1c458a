//! Schema and rows changed in one file.

use crate::ddl::ast::Body;
use crate::lint::framework::Direction;
use crate::lint::script::Unit;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "mixed-dml-ddl",
    group: Group::Migration,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: false,
    page: include_str!("../../../docs/rules/mixed-dml-ddl.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    let up = || script.units.iter().filter(|unit| unit.direction == Direction::Up);
    let changes_schema = |unit: &&Unit<'_>| {
        let table = match &unit.ast.body {
            Body::AlterTable(alter) => &alter.table,
            Body::CreateIndex(create) => &create.table,
            Body::DropIndex(drop) => &drop.table,
            _ => return false,
        };
        !script.is_new(unit, table)
    };
    let Some(ddl) = up().find(changes_schema) else { return };
    let rows_of_old_tables = |unit: &'_ Unit<'_>| unit.dml().filter(|dml| !script.is_new(unit, &dml.table));
    let Some((unit, dml)) = up().find_map(|unit| Some((unit, rows_of_old_tables(unit)?))) else { return };
    let line = script.text[..ddl.offset].matches('\n').count() + 1;
    sink.report(
        unit.offset..unit.range(dml.table.span()).end,
        format!(
            "The file changes rows of {} and the schema (line {line}). If it fails between the two it stays half done, \
             and the schema change cannot roll node by node.",
            unit.quoted(&dml.table)
        ),
    )
    .help("Put the rows into a file of their own, before or behind this one.");
}
