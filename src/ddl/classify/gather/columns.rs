//! What becomes of the columns.

use super::derive::{does_something, only_renames_or_switches};
use super::keys::clustered_key;
use super::state::row_format;
use super::{Change, places_by_value, plain_text, redefines, seen};
use crate::ddl::ast::{ColumnDef, GeneratedKind, Ident, Operation, TypeName};
use crate::ddl::classify::types::{self, TypeChange};
use crate::ddl::knowledge::{Fact, Known, gives_one_value};
use crate::ddl::model::{BaseType, Column, ColumnDefault, ColumnId, Generated, Key, KeyKind, Table};
use crate::ddl::profile::ServerProfile;

pub(super) fn columns(known: &mut Known, change: &Change<'_>) {
    let (before, after) = (change.before, change.after);
    let versioning_changes = before.versioning.is_some() != after.versioning.is_some();
    let acts = does_something(change) && !only_renames_or_switches(change);
    let stored_place = |table: &Table, id: ColumnId| {
        seen(table).filter(|(_, column)| !column.is_virtual()).position(|(_, column)| column.id == id)
    };
    for (old_place, old) in seen(before) {
        let Some(new) = after.column_by_id(old.id) else {
            known.insert(if old.is_virtual() { Fact::DropsVirtualColumn } else { Fact::DropsStoredColumn });
            continue;
        };
        if versioning_changes && (old.row_start || old.row_end || new.row_start || new.row_end) {
            continue;
        }
        column(known, change, old, new);
        // Whatever else the statement is about. Source: Column_definition_implicit_upgrade() in sql/sql_table.cc; measured.
        known.insert_if(old.data_type.old_format && acts, Fact::ChangesStoredType);
        if old.is_virtual() {
            known
                .insert_if(new.is_virtual() && after.column_index(old.id) != Some(old_place), Fact::MovesVirtualColumn);
        } else if !new.is_virtual() {
            known.insert_if(stored_place(before, old.id) != stored_place(after, old.id), Fact::MovesStoredColumn);
        }
    }
    let mut new_virtual = false;
    let mut added_stored = false;
    let mut virtual_order = Vec::new();
    for (_, new) in seen(after) {
        if let Some(old) = before.column_by_id(new.id) {
            known.insert_if(added_stored && !old.is_virtual(), Fact::AddsStoredColumnInside);
            if old.is_virtual() {
                known.insert_if(new_virtual, Fact::AddsVirtualBeforeOld);
                virtual_order.push(before.column_index(old.id));
            }
            continue;
        }
        match &new.generated {
            Some(generated) if generated.kind == GeneratedKind::Virtual => {
                new_virtual = true;
                known.insert(Fact::AddsVirtualColumn);
            }
            Some(_) => known.insert(Fact::AddsStoredGenerated),
            None => {
                added_stored = true;
                known.insert(Fact::AddsStoredColumn);
                added_default(known, change.profile, new);
            }
        }
    }
    known.insert_if(!virtual_order.is_sorted(), Fact::ReordersVirtualColumns);
}

fn added_default(known: &mut Known, profile: &ServerProfile, column: &Column) {
    known.insert_if(column.auto_increment, Fact::AddsAutoIncrement);
    if let ColumnDefault::Expression { reads_columns, functions, user_variables, volatile, .. } = &column.default {
        // What the session or the time gives may not fit. A strict mode refuses it then, others copy (measured).
        let strict = profile.has_mode("STRICT_TRANS_TABLES") || profile.has_mode("STRICT_ALL_TABLES");
        if *volatile && !strict && !takes_any(&column.data_type.base) {
            known.allow(Fact::AddsWithRowDefault);
        }
        let differs = functions.iter().any(|function| !gives_one_value(function));
        known.insert_if(*reads_columns || *user_variables || differs, Fact::AddsWithRowDefault);
        let of_sequence = |function: &String| matches!(function.as_str(), "nextval" | "lastval" | "setval");
        known.insert_if(functions.iter().any(of_sequence), Fact::DefaultsToSequence);
    }
    let date = matches!(column.data_type.base, BaseType::Date | BaseType::DateTime);
    known.insert_if(
        date && !column.nullable && column.default == ColumnDefault::None && profile.has_mode("NO_ZERO_DATE"),
        Fact::AddsZeroDate,
    );
}

/// Whether no time or number is too long for the type.
fn takes_any(base: &BaseType) -> bool {
    use BaseType::{Date, DateTime, Double, Float, Time, Timestamp, Year};
    matches!(base, Date | DateTime | Time | Timestamp | Year | Float | Double) || base.is_text() || base.is_blob()
}

fn column(known: &mut Known, change: &Change<'_>, old: &Column, new: &Column) {
    let (before, after) = (change.before, change.after);
    let redundant = row_format(before, change.profile).eq_ignore_ascii_case("REDUNDANT");
    // Other values of a generated column are more than a definition where they are kept, or rows are found by them.
    let kept = |by: &Generated| is_kept(before, old, by);
    match (&old.generated, &new.generated) {
        (None, None) => {}
        (Some(a), Some(b)) if a.kind == b.kind => {
            // The server does not recognise an expression that it printed itself, so naming the column changes it.
            let changed = plain_text(&a.text) != plain_text(&b.text) || redefines(change.operations, &old.name);
            if changed && kept(a) {
                known.insert(Fact::ChangesStoredExpression);
            } else if changed {
                known.insert(Fact::ChangesVirtualExpression);
            }
        }
        _ => known.insert(Fact::ChangesGeneratedKind),
    }
    match types::compare(before, old, new, redundant) {
        TypeChange::Same if was_json(before, old) != stays_json(change, old) => known.insert(Fact::ChangesStoredType),
        TypeChange::Same => {}
        TypeChange::InEngine if was_json(before, old) == stays_json(change, old) => {
            known.insert(Fact::ChangesTypeInEngine);
            known.insert_if(old.generated.as_ref().is_some_and(kept), Fact::ChangesStoredExpression);
        }
        _ if old.is_virtual() && new.is_virtual() => known.insert(Fact::ChangesVirtualType),
        TypeChange::InEngine => known.insert(Fact::ChangesStoredType),
        TypeChange::Stored => known.insert(Fact::ChangesStoredType),
    }
    let doubtful = old.maybe_nullable && new.nullable;
    if doubtful && !change.refuses_more() {
        for fact in [Fact::DropsNotNull, Fact::DropsNotNullOfKey, Fact::DropsNotNullOfClustered, Fact::NeedsRebuild] {
            known.allow(fact);
        }
    } else if old.nullable != new.nullable && !new.is_virtual() && !doubtful {
        if old.nullable {
            known.insert(Fact::AddsNotNull);
            let timestamp = new.data_type.base == BaseType::Timestamp;
            known.insert_if(timestamp, Fact::AddsNotNullTimestamp);
        } else {
            known.insert(Fact::DropsNotNull);
            let clustered = clustered_key(before);
            known.insert_if(clustered.is_some() && clustered_key(after).is_none(), Fact::DropsNotNullOfKey);
            known.insert_if(
                clustered.is_some_and(|key| key.parts.iter().any(|part| part.column == old.id)),
                Fact::DropsNotNullOfClustered,
            );
        }
    }
    // Where NOT NULL was not written, the column may be nullable all the same, and NOT NULL may be new to it.
    if old.maybe_nullable && !new.maybe_nullable && !new.nullable && !change.refuses_more() {
        known.allow(Fact::AddsNotNull);
        known.allow(Fact::NeedsRebuild);
    }
    known.insert_if(old.name != new.name, Fact::RenamesColumn);
    if new.auto_increment && !old.auto_increment {
        known.insert(Fact::GainsAutoIncrement);
        let untouched = |id: ColumnId| match (before.column_by_id(id), after.column_by_id(id)) {
            (Some(a), Some(b)) => {
                !a.nullable
                    && a.auto_increment >= b.auto_increment
                    && types::compare(before, a, b, redundant) == TypeChange::Same
            }
            _ => false,
        };
        let unique = |key: &&Key| {
            matches!(key.kind, KeyKind::Primary | KeyKind::Unique)
                && key.parts.iter().all(|part| untouched(part.column))
        };
        let finds_rows = before.keys.iter().any(|key| unique(&key)) || change.profile.has_mode("NO_AUTO_VALUE_ON_ZERO");
        known.insert_if(!finds_rows, Fact::GainsAutoIncrementOfKey);
    }
    known.insert_if(old.without_versioning != new.without_versioning, Fact::ChangesColumnVersioning);
    // A generated column that reads a default is computed anew, whichever column the clause is about.
    known.insert_if(reads_default(before, old) && redefines_any(change), Fact::ChangesStoredExpression);
    let metadata = old.default != new.default
        || old.comment != new.comment
        || old.visibility != new.visibility
        || old.name != new.name;
    known.insert_if(metadata, Fact::ChangesColumnMetadata);
}

/// Whether the values of a generated column are kept, or rows are found by them.
fn is_kept(table: &Table, column: &Column, by: &Generated) -> bool {
    by.kind == GeneratedKind::Stored || in_key(table, column) || places_by_value(table, column.id)
}

/// Whether values of the column are kept that were computed from another one's default.
fn reads_default(table: &Table, column: &Column) -> bool {
    let calls = |by: &Generated| by.functions.iter().any(|function| function == "default");
    column.generated.as_ref().is_some_and(|by| calls(by) && is_kept(table, column, by))
}

/// The same for any column of the table.
pub(in crate::ddl::classify) fn reads_defaults(table: &Table) -> bool {
    table.columns.iter().any(|column| reads_default(table, column))
}

/// Whether a clause may change a default, which the server sees by the kind of the clause alone. What IF EXISTS does not
/// find counts as soon as another clause of its kind is left. Source: fill_alter_inplace_info() in sql/sql_table.cc,
/// ALTER_COLUMN_DEFAULT; measured.
fn redefines_any(change: &Change<'_>) -> bool {
    let there = |name: &Ident| change.before.column(&name.value).is_some();
    let (mut redefined, mut defined, mut altered, mut named) = (false, false, false, false);
    for operation in change.operations {
        match operation {
            Operation::ModifyColumn { if_exists, column, .. } => {
                redefined = true;
                defined |= !if_exists || there(&column.name);
            }
            Operation::ChangeColumn { if_exists, old, .. } => {
                redefined = true;
                defined |= !if_exists || there(old);
            }
            Operation::AddColumn { .. } => defined = true,
            Operation::SetDefault { if_exists, column, .. } | Operation::DropDefault { if_exists, column } => {
                altered = true;
                named |= !if_exists || there(column);
            }
            Operation::RenameColumn { .. } => named = true,
            _ => {}
        }
    }
    redefined && defined || altered && named
}

/// Whether a key holds the column.
fn in_key(table: &Table, column: &Column) -> bool {
    table.keys.iter().any(|key| key.parts.iter().any(|part| part.column == column.id))
}

/// Whether the server takes the column for JSON: it does so by a check of the column's own, whatever the type.
fn was_json(table: &Table, column: &Column) -> bool {
    let reads = format!("json_valid({})", column.name.to_lowercase());
    table.checks.iter().any(|check| check.column == Some(column.id) && plain_text(&check.text) == reads)
}

/// Whether it still does behind the statement. What MODIFY and CHANGE define is JSON only where it is called so.
fn stays_json(change: &Change<'_>, old: &Column) -> bool {
    let is_json = |definition: &ColumnDef| definition.data_type.name == TypeName::Json;
    let named = |name: &str| name.eq_ignore_ascii_case(&old.name);
    change
        .operations
        .iter()
        .rev()
        .find_map(|operation| match operation {
            Operation::ModifyColumn { column, .. } if named(&column.name.value) => Some(is_json(column)),
            Operation::ChangeColumn { old, column, .. } if named(&old.value) => Some(is_json(column)),
            _ => None,
        })
        .unwrap_or_else(|| was_json(change.before, old))
}
