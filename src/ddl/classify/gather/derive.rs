//! What follows from the other facts.

use super::Change;
use crate::ddl::ast::Operation;
use crate::ddl::knowledge::{Fact, Known};
use crate::ddl::model::KeyKind;

/// Whether nothing but RENAME, or ENABLE or DISABLE KEYS, is left once IF [NOT] EXISTS has been looked at.
pub(super) fn only_renames_or_switches(change: &Change<'_>) -> bool {
    let names = |operation: &&&Operation| matches!(operation, Operation::RenameTable(_) | Operation::Keys(_));
    let mut others = change.operations.iter().filter(|operation| !names(operation));
    change.operations.iter().any(|operation| names(&operation))
        && others.all(|operation| is_conditional(operation))
        && change.before.same_but_name(change.after)
}

/// Whether anything is left of the statement once IF [NOT] EXISTS has been looked at. IF EXISTS of DROP CONSTRAINT,
/// CHANGE COLUMN, RENAME COLUMN, RENAME KEY and ALTER KEY always counts for something (measured).
pub(super) fn does_something(change: &Change<'_>) -> bool {
    let changed = change.before != change.after;
    changed || change.operations.iter().any(|operation| !is_conditional(operation))
}

pub(super) fn is_conditional(operation: &Operation) -> bool {
    match operation {
        Operation::AddColumn { if_not_exists, .. } | Operation::AddPeriod { if_not_exists, .. } => *if_not_exists,
        Operation::DropColumn { if_exists, .. }
        | Operation::ModifyColumn { if_exists, .. }
        | Operation::SetDefault { if_exists, .. }
        | Operation::DropDefault { if_exists, .. }
        | Operation::DropKey { if_exists, .. }
        | Operation::DropPrimaryKey { if_exists }
        | Operation::DropForeignKey { if_exists, .. } => *if_exists,
        Operation::AddKey(key) => key.if_not_exists,
        Operation::AddForeignKey(key) => key.if_not_exists,
        Operation::AddCheck(check) => check.if_not_exists,
        Operation::Algorithm(_) | Operation::Lock(_) => true,
        _ => false,
    }
}

/// What follows from the other facts.
pub(super) fn derive(known: &mut Known, change: &Change<'_>) {
    let any = |known: &Known, facts: &[Fact]| facts.iter().any(|fact| known.holds(*fact));
    let stored = [Fact::AddsStoredColumn, Fact::DropsStoredColumn, Fact::MovesStoredColumn];
    known.insert_if(any(known, &stored), Fact::ChangesStoredColumns);
    known.insert_if(any(known, &stored) || known.holds(Fact::DropsNotNull), Fact::InstantColumnsBeside);
    known.insert_if(
        known.holds(Fact::HashKey) && !known.holds(Fact::HashKeyAfter) && any(known, &stored),
        Fact::DropsHashKeyWithColumn,
    );
    let rebuilding = [
        Fact::AddsStoredColumn,
        Fact::DropsStoredColumn,
        Fact::MovesStoredColumn,
        Fact::AddsNotNull,
        Fact::DropsNotNull,
        Fact::AddsClusteredKey,
        Fact::DropsClusteredKey,
        Fact::Forces,
        Fact::NamesRebuildOption,
        Fact::AddsVersioning,
        Fact::DropsVersioning,
        Fact::AddsAutoIncrement,
    ];
    known.insert_if(any(known, &rebuilding), Fact::NeedsRebuild);
    let virtual_set = [Fact::AddsVirtualColumn, Fact::DropsVirtualColumn, Fact::MovesVirtualColumn];
    if any(known, &virtual_set) {
        let others = [
            Fact::AddsStoredColumn,
            Fact::AddsUniqueKey,
            Fact::AddsClusteredKey,
            Fact::DropsClusteredKey,
            Fact::AddsNotNull,
            Fact::DropsNotNull,
            Fact::RenamesColumn,
            Fact::ChangesTypeInEngine,
            Fact::RenamesKey,
            Fact::AddsForeignKey,
            Fact::DropsForeignKey,
            Fact::DropsCheck,
            Fact::NamesOption,
            Fact::Forces,
            Fact::ChangesKeyMetadata,
            Fact::ChangesColumnMetadata,
            Fact::ChangesColumnVersioning,
            Fact::DropsVersioning,
            Fact::NamesCharset,
            Fact::RenamesTable,
        ];
        known.insert_if(any(known, &others), Fact::VirtualWithOthers);
        let redefined = change.operations.iter().any(|operation| {
            matches!(
                operation,
                Operation::ModifyColumn { .. }
                    | Operation::ChangeColumn { .. }
                    | Operation::SetDefault { .. }
                    | Operation::DropDefault { .. }
                    // These count even where IF EXISTS finds nothing.
                    | Operation::DropConstraint { .. }
                    | Operation::RenameKey { .. }
                    | Operation::AlterKey { .. }
            )
        });
        known.insert_if(redefined, Fact::VirtualWithOthers);
        known.insert_if(drops_unique(change), Fact::VirtualWithOthers);
        known.insert_if(any(known, &[Fact::DropsStoredColumn, Fact::MovesStoredColumn]), Fact::VirtualWithStoredOrder);
    }
}

fn drops_unique(change: &Change<'_>) -> bool {
    change
        .before
        .keys
        .iter()
        .any(|key| key.kind == KeyKind::Unique && !key.long_hash && change.after.key(&key.name).is_none())
}
