//! Keys and foreign keys before and after: what each side refuses, and which conflicts are noticed.
//!
//! A write set carries a key for each unique key of a row: the key's place among all keys, and its bytes
//! (`wsrep_append_keys`, ha_innodb.cc). Where nodes compute different ones, conflicting writes on both pass unnoticed;
//! `tests/live/compat/certify.rs` shows where they do.

use super::sides::Sides;
use super::tables::UNTIL;
use super::values::{self, Values};
use crate::ddl::Flow::{Conditional, Ok};
use crate::ddl::ast::ReferentialAction;
use crate::ddl::model::{BaseType, Column, ForeignKey, Key, KeyKind, Table};

const fn is_unique(key: &Key) -> bool {
    matches!(key.kind, KeyKind::Primary | KeyKind::Unique)
}

fn same(a: &Key, b: &Key) -> bool {
    a.kind == b.kind && a.parts == b.parts && a.without_overlaps == b.without_overlaps && a.long_hash == b.long_hash
}

/// Holds the unique keys of two forms of a table against each other.
pub(super) fn compare(sides: &mut Sides, before: &Table, after: &Table) {
    let unique = |key: &&Key| is_unique(key);
    // A key that stays over values which are equal otherwise than before is another key.
    let stays = |old: &Key, new: &Key| same(old, new) && same_letters(old, before, after);
    let gone = before.keys.iter().filter(unique).filter(|old| !after.keys.iter().any(|new| stays(old, new)));
    let come = after.keys.iter().filter(unique).filter(|new| !before.keys.iter().any(|old| stays(old, new)));
    for key in come.filter(|key| !forbidden_anyway(key, before, after)) {
        sides.flows(Conditional, Ok);
        sides.condition("no-duplicates", format!("Nothing writes a duplicate of key `{}`, {UNTIL}: an unchanged node accepts it, and the changed ones are lost.", key.name));
    }
    for key in gone.filter(|key| !forbidden_anyway(key, before, after)) {
        sides.flows(Ok, Conditional);
        sides.condition("no-duplicates", format!("Nothing writes a duplicate of key `{}`, {UNTIL}: a changed node accepts it, and the unchanged ones are lost.", key.name));
    }
    certification(sides, before, after);
}

/// Whether both forms of the table have a unique key that forbids every duplicate of `key`, and means the same by it.
fn forbidden_anyway(key: &Key, before: &Table, after: &Table) -> bool {
    if key.without_overlaps.is_some() {
        return false;
    }
    // The first letters of two values may agree where the values do not.
    let whole: Vec<_> = key.parts.iter().filter(|part| part.prefix.is_none()).map(|part| part.column).collect();
    before
        .unique_keys_within(&whole)
        .any(|old| after.keys.iter().any(|new| same(old, new)) && same_values(old, before, after))
}

/// Whether the columns of a key have the same bytes in it before and after.
fn same_values(key: &Key, before: &Table, after: &Table) -> bool {
    key.parts.iter().all(|part| match (before.column_by_id(part.column), after.column_by_id(part.column)) {
        (Some(old), Some(new)) => same_bytes(old, new),
        _ => false,
    })
}

/// Whether two values of a key that are equal before are equal after, as far as collations decide it.
fn same_letters(key: &Key, before: &Table, after: &Table) -> bool {
    key.parts.iter().all(|part| match (before.column_by_id(part.column), after.column_by_id(part.column)) {
        (Some(old), Some(new)) => {
            matches!(old.data_type.base, BaseType::Enum | BaseType::Set) || same_collation(old, new)
        }
        _ => true,
    })
}

/// Whether two columns compare letters alike; utf8mb3's collations have twins in utf8mb4.
fn same_collation(old: &Column, new: &Column) -> bool {
    let extended = |from: Option<&str>, to: Option<&str>| match (from, to) {
        (Some(from), Some(to)) => {
            from.strip_prefix("utf8mb3_").is_some_and(|rest| to.strip_prefix("utf8mb4_") == Some(rest))
        }
        _ => false,
    };
    let (from, to) = (old.data_type.collation.as_deref(), new.data_type.collation.as_deref());
    from == to || extended(from, to) || extended(to, from)
}

/// Asks for a single writer where changed and unchanged nodes certify the same row by different keys.
fn certification(sides: &mut Sides, before: &Table, after: &Table) {
    if !same_rows_key(before, after) {
        unnoticed(sides, "rows", "that write the same row");
    }
    for (place, old) in before.keys.iter().enumerate().filter(|(_, key)| is_unique(key)) {
        let Some(now) = after.keys.iter().position(|new| same(old, new)) else { continue };
        if place != now || !same_values(old, before, after) {
            unnoticed(
                sides,
                &format!("key `{}`", old.name),
                &format!("that write the same value of key `{}`", old.name),
            );
        }
    }
}

/// Whether rows are found by the same columns before and after.
pub(super) fn same_rows_key(before: &Table, after: &Table) -> bool {
    let rows = |table: &Table| table.clustered_key().map(|key| key.parts.clone());
    rows(before) == rows(after)
}

fn unnoticed(sides: &mut Sides, what: &str, which: &str) {
    sides.condition(
        "single-writer",
        format!(
            "Only one node is written to, {UNTIL}: changed and unchanged nodes certify {what} differently, so transactions of both {which} do not notice each other, and a node may be lost."
        ),
    );
}

/// Whether a value has the same bytes in a key before and after.
fn same_bytes(old: &Column, new: &Column) -> bool {
    let (a, b) = (&old.data_type, &new.data_type);
    if old.nullable != new.nullable {
        return false;
    }
    // Text of any length is kept by the weights of its letters; CHAR is filled up.
    let weights = |base: &BaseType| *base == BaseType::VarChar || base.is_text();
    let alike = same_collation(old, new);
    if weights(&a.base) && weights(&b.base) {
        return alike;
    }
    let kept = match values::compare(a, b) {
        Values::Same => true,
        Values::Within { window, .. } => !window,
        Values::Refused | Values::Garbled => false,
    };
    // Members are kept by their numbers.
    kept && (alike || matches!(a.base, BaseType::Enum | BaseType::Set))
}

fn cascades(key: &ForeignKey) -> bool {
    let acts = |action| {
        matches!(action, ReferentialAction::Cascade | ReferentialAction::SetNull | ReferentialAction::SetDefault)
    };
    acts(key.on_delete) || acts(key.on_update)
}

/// Holds the foreign keys of two forms of a table against each other.
pub(super) fn compare_foreign(sides: &mut Sides, before: &Table, after: &Table) {
    let same = |a: &ForeignKey, b: &ForeignKey| {
        a.columns == b.columns
            && a.parent_table == b.parent_table
            && a.parent_columns == b.parent_columns
            && a.on_delete == b.on_delete
            && a.on_update == b.on_update
    };
    let come = after.foreign_keys.iter().filter(|new| !before.foreign_keys.iter().any(|old| same(old, new)));
    let gone = before.foreign_keys.iter().filter(|old| !after.foreign_keys.iter().any(|new| same(old, new)));
    for (key, added) in come.map(|key| (key, true)).chain(gone.map(|key| (key, false))) {
        if cascades(key) {
            sides.flows(Conditional, Conditional);
            sides.condition(
                "parents-unchanged",
                format!(
                    "Nothing deletes a row of `{}` or changes its key, {UNTIL}: foreign key `{}` changes rows only on nodes that have it.",
                    key.parent_table, key.name
                ),
            );
        }
        let (flows, who) = if added { ((Conditional, Ok), "an unchanged") } else { ((Ok, Conditional), "a changed") };
        sides.flows(flows.0, flows.1);
        sides.condition("no-orphans", format!("Nothing writes a row without a parent in `{}`, {UNTIL}: {who} node accepts it, and the others are lost.", key.parent_table));
    }
}
