//! What becomes of foreign keys, checks, periods and system versioning.

use super::Change;
use crate::ddl::ast::{GeneratedKind, Operation, ReferentialAction};
use crate::ddl::knowledge::{Fact, Known};
use crate::ddl::model::{Column, ColumnId, ForeignKey, Table};

pub(super) fn constraints(known: &mut Known, change: &Change<'_>) {
    let (before, after) = (change.before, change.after);
    let foreign = |a: &Table, b: &Table| {
        a.foreign_keys.iter().any(|key| !b.foreign_keys.iter().any(|other| own_name(b, other) == own_name(a, key)))
    };
    // What is dropped and added under one name is added too.
    let added = change.operations.iter().any(|operation| match operation {
        Operation::AddForeignKey(key) => !key.if_not_exists,
        _ => false,
    });
    known.insert_if(foreign(after, before) || (added && before.is_innodb()), Fact::AddsForeignKey);
    known.insert_if(foreign(before, after), Fact::DropsForeignKey);
    let virtual_columns = after.foreign_keys.iter().any(|key| {
        !before.foreign_keys.iter().any(|other| own_name(before, other) == own_name(after, key))
            && key.columns.iter().any(|id| after.column_by_id(*id).is_some_and(Column::is_virtual))
    });
    known.insert_if(virtual_columns, Fact::AddsForeignKeyOnVirtual);
    let acts = |action: ReferentialAction| {
        matches!(action, ReferentialAction::Cascade | ReferentialAction::SetNull | ReferentialAction::SetDefault)
    };
    let computed_from = |id: &ColumnId| {
        after.columns.iter().any(|column| {
            column.generated.as_ref().is_some_and(|by| by.kind == GeneratedKind::Stored && by.columns.contains(id))
        })
    };
    let on_base = after
        .foreign_keys
        .iter()
        .any(|key| (acts(key.on_delete) || acts(key.on_update)) && key.columns.iter().any(computed_from));
    known.insert_if(on_base && known.holds(Fact::AddsForeignKey), Fact::AddsForeignKeyOnStoredBase);
    let check = |a: &Table, b: &Table| {
        a.checks.iter().any(|one| {
            one.column.is_none()
                && !b.checks.iter().any(|other| other.column.is_none() && other.name.eq_ignore_ascii_case(&one.name))
        })
    };
    let added = change.operations.iter().any(|operation| match operation {
        Operation::AddCheck(check) => !check.if_not_exists,
        _ => false,
    });
    known.insert_if(check(after, before) || added, Fact::AddsCheck);
    known.insert_if(check(before, after), Fact::DropsCheck);
    let periods =
        |table: &Table| table.periods.iter().map(|period| period.name.to_ascii_lowercase()).collect::<Vec<_>>();
    known.insert_if(periods(after).iter().any(|name| !periods(before).contains(name)), Fact::AddsPeriod);
    known.insert_if(before.versioning.is_none() && after.versioning.is_some(), Fact::AddsVersioning);
    known.insert_if(before.versioning.is_some() && after.versioning.is_none(), Fact::DropsVersioning);
}

/// A foreign key's name without that of the table, which InnoDB puts in front where none was written and which follows
/// the table's own.
fn own_name(table: &Table, key: &ForeignKey) -> String {
    let name = key.name.to_ascii_lowercase();
    let prefix = format!("{}_ibfk_", table.name.to_ascii_lowercase());
    name.strip_prefix(&prefix).map_or(name.clone(), |number| format!("/{number}"))
}
