//! New tables without a primary key.

use crate::ddl::ast::{Body, ColumnKey, CreateTable, KeyType};
use crate::lint::{Deed, Group, Rule, Script, Severity, Sink};

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
    for unit in &script.units {
        let Body::CreateTable(create) = &unit.ast.body else { continue };
        // What was not understood may hold the key; so may the table or the query that it is made from.
        let elsewhere = create.temporary || create.source.is_some() || !create.unknown.is_empty() || unit.unfinished;
        if elsewhere || create.columns.is_empty() || identifies_rows(create) {
            continue;
        }
        if script.done_behind(unit, Deed::GivesKey, &create.table.name) {
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
