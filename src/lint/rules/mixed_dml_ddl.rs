//! Schema and rows changed in one file.

use crate::ddl::ast::{Body, Class, Kind};
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
    let changes_old_schema = |unit: &&Unit<'_>| {
        let table = match &unit.ast.body {
            Body::AlterTable(alter) => &alter.table,
            Body::CreateIndex(create) => &create.table,
            Body::DropIndex(drop) => &drop.table,
            _ => return false,
        };
        unit.direction == Direction::Up && !script.is_new(unit, table)
    };
    let changes_old_rows = |unit: &&Unit<'_>| {
        unit.direction == Direction::Up
            && unit.ast.kind == Kind::Dml
            && unit.ast.kind.class() == Class::Dml
            && unit.ast.objects.first().is_some_and(|table| !script.is_new(unit, table))
    };
    let Some(ddl) = script.units.iter().find(changes_old_schema) else { return };
    let Some(dml) = script.units.iter().find(changes_old_rows) else { return };
    let table = dml.ast.objects.first().map(|table| dml.quoted(table)).unwrap_or_default();
    let line = script.text[..ddl.offset].matches('\n').count() + 1;
    sink.report(
        dml.head(),
        format!(
            "The file changes rows of {table} and the schema (line {line}). If it fails between the two it stays half \
             done, and the schema change cannot roll node by node."
        ),
    )
    .help("Put the rows into a file of their own, before or behind this one.");
}
