//! New tables without a primary key.

use crate::ddl::ast::{Body, ColumnKey, CreateTable, KeyType, ObjectName, Operation};
use crate::lint::script::Unit;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "missing-primary-key",
    group: Group::Galera,
    severity: Severity::Error,
    on_the_way_down: false,
    needs_context: false,
    page: include_str!("../../../docs/rules/missing-primary-key.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for (index, unit) in script.units.iter().enumerate() {
        let Body::CreateTable(create) = &unit.ast.body else { continue };
        // What was not understood may hold the key; so may the table or the query that it is made from.
        let elsewhere = create.temporary || create.source.is_some() || !create.unknown.is_empty() || unit.unfinished;
        if elsewhere || create.columns.is_empty() || identifies_rows(create) {
            continue;
        }
        if script.units[index + 1..].iter().any(|later| gives_key(later, &create.table)) {
            continue;
        }
        let table = unit.quoted(&create.table);
        sink.report(
            unit.head(),
            format!(
                "{table} has no primary key: appliers search the whole table for every changed row, and nodes may hold \
                 its rows in different orders."
            ),
        )
        .help("Declare a PRIMARY KEY; for a table of pairs, over both columns.");
    }
}

/// Whether a primary key, or a unique key over NOT NULL columns, which InnoDB takes for one, is declared.
fn identifies_rows(create: &CreateTable) -> bool {
    let not_null = |name: &str| {
        create.columns.iter().any(|column| {
            column.name.value.eq_ignore_ascii_case(name) && (column.nullable == Some(false) || column.auto_increment)
        })
    };
    let in_column = create.columns.iter().any(|column| match column.key {
        Some(ColumnKey::Primary) => true,
        Some(ColumnKey::Unique) => column.nullable == Some(false) || column.auto_increment,
        None => column.data_type.name == crate::ddl::ast::TypeName::Serial,
    });
    in_column
        || create.keys.iter().any(|key| match key.key_type {
            KeyType::Primary => true,
            KeyType::Unique => key.parts.iter().all(|part| not_null(&part.column.value)),
            _ => false,
        })
}

/// Whether a later statement of the file adds the key, or does away with the table.
fn gives_key(unit: &Unit<'_>, table: &ObjectName) -> bool {
    let same = |other: &ObjectName| other.name.value.eq_ignore_ascii_case(&table.name.value);
    match &unit.ast.body {
        Body::AlterTable(alter) if same(&alter.table) => alter.operations().any(|operation| match operation {
            Operation::AddKey(key) => matches!(key.key_type, KeyType::Primary | KeyType::Unique),
            Operation::AddColumn { column, .. }
            | Operation::ModifyColumn { column, .. }
            | Operation::ChangeColumn { column, .. } => column.key.is_some(),
            Operation::Opaque => true,
            _ => false,
        }),
        Body::CreateIndex(create) => same(&create.table) && create.key.key_type == KeyType::Unique,
        Body::Drop(drop) => drop.names.iter().any(same),
        Body::Opaque => unit.ast.objects.iter().any(same),
        _ => false,
    }
}
