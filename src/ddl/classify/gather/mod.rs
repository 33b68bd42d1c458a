//! From a table before and after, and the clauses in between, to the facts that the rules speak of.

mod columns;
mod constraints;
mod derive;
mod keys;
mod said;
mod state;
mod text;

pub(super) use columns::reads_defaults;
pub(crate) use text::plain_text;

use crate::ddl::ast::{Operation, PartitionMethod};
use crate::ddl::knowledge::{Fact, Known};
use crate::ddl::model::{Column, ColumnId, Key, Table, Visibility};
use crate::ddl::profile::{InstantColumns, ServerProfile};

/// What is judged: one statement on one table.
pub(super) struct Change<'a> {
    pub(super) before: &'a Table,
    pub(super) after: &'a Table,
    pub(super) operations: &'a [&'a Operation],
    pub(super) profile: &'a ServerProfile,
    pub(super) ignore: bool,
}

impl Change<'_> {
    /// Whether the statement demands so little that the server refuses rather than does more.
    fn refuses_more(&self) -> bool {
        self.operations.iter().any(
            |operation| matches!(operation, Operation::Algorithm(word) if matches!(word.as_str(), "INSTANT" | "NOCOPY")),
        )
    }
}

/// Facts for certain, from both tables.
pub(super) fn gather(change: &Change<'_>) -> Known {
    let mut known = Known::default();
    said::statement(&mut known, change.operations, Some(change.before));
    known.insert_if(change.ignore, Fact::Ignores);
    profile(&mut known, change.profile);
    state::state(&mut known, change);
    columns::columns(&mut known, change);
    keys::keys(&mut known, change);
    constraints::constraints(&mut known, change);
    // CREATE OR REPLACE of what is there, or IF [NOT] EXISTS of what need not be done, leaves nothing to do.
    known.insert_if(derive::does_something(change), Fact::DoesSomething);
    known.insert_if(derive::only_renames_or_switches(change), Fact::OnlyRenameOrKeys);
    derive::derive(&mut known, change);
    known
}

/// Facts of the statement's text; without a table, all that cannot be excluded is possible.
pub(super) fn gather_unknown(operations: &[&Operation], server: &ServerProfile, ignore: bool) -> Known {
    let mut known = Known::everything_possible();
    said::statement(&mut known, operations, None);
    known.insert_if(ignore, Fact::Ignores);
    profile(&mut known, server);
    if known.holds(Fact::OnlyRenameOrKeys) {
        // Whatever the table is, this is metadata.
        known.trust();
        return known;
    }
    known.exclude(Fact::OnlyRenameOrKeys);
    for fact in [Fact::OrdersRows, Fact::SwitchesKeys, Fact::ChangesEngine, Fact::Opaque, Fact::DemandsCopy] {
        let engine_named =
            fact == Fact::ChangesEngine && operations.iter().any(|op| said::option(op, "engine").is_some());
        if !known.holds(fact) && !engine_named {
            known.exclude(fact);
        }
    }
    known
}

fn profile(known: &mut Known, profile: &ServerProfile) {
    known.insert_if(profile.foreign_key_checks, Fact::ForeignKeyChecks);
    known.insert_if(profile.instant_columns == InstantColumns::Never, Fact::InstantNever);
    known.insert_if(profile.instant_columns == InstantColumns::AddLast, Fact::InstantAddLast);
}

fn on_virtual(table: &Table, key: &Key) -> bool {
    key.parts.iter().any(|part| table.column_by_id(part.column).is_some_and(Column::is_virtual))
}

/// Whether an expression of the partitioning reads the column. KEY and COLUMNS name columns, and the server does not look
/// there for what a generated column's new expression would move (measured).
fn places_by_value(table: &Table, column: ColumnId) -> bool {
    table.partitioning.as_ref().is_some_and(|by| {
        let by_expression =
            matches!(by.method, PartitionMethod::Hash { .. } | PartitionMethod::Range(_) | PartitionMethod::List(_));
        let below_by_expression =
            by.subpartition.as_ref().is_some_and(|text| !text.trim_start_matches("LINEAR ").starts_with("KEY"));
        by_expression && by.columns.contains(&column)
            || below_by_expression && by.subpartition_columns.contains(&column)
    })
}

fn seen(table: &Table) -> impl Iterator<Item = (usize, &Column)> {
    table.columns.iter().enumerate().filter(|(_, column)| column.visibility != Visibility::System)
}

/// Whether MODIFY or CHANGE names the column.
fn redefines(operations: &[&Operation], column: &str) -> bool {
    operations.iter().any(|operation| match operation {
        Operation::ModifyColumn { column: definition, .. } => definition.name.value.eq_ignore_ascii_case(column),
        Operation::ChangeColumn { old, .. } => old.value.eq_ignore_ascii_case(column),
        _ => false,
    })
}
