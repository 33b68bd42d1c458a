//! What becomes of the keys.

use super::Change;
use super::said::places_by_primary_key;
use super::state::row_format;
use crate::ddl::ast::PartitionMethod;
use crate::ddl::classify::types;
use crate::ddl::knowledge::{Fact, Known};
use crate::ddl::model::{BaseType, Column, ColumnId, Key, KeyKind, KeyPart, Table};

/// Whether a key on the whole column would be too long, so that the server makes it one on a beginning.
fn over_limit(change: &Change<'_>, column: &Column) -> bool {
    let format = row_format(change.before, change.profile);
    let limit =
        if format.eq_ignore_ascii_case("COMPACT") || format.eq_ignore_ascii_case("REDUNDANT") { 767 } else { 3072 };
    let each =
        if column.data_type.base.has_charset() { types::max_bytes(column.data_type.charset.as_deref()) } else { 1 };
    matches!(column.data_type.base, BaseType::VarChar | BaseType::VarBinary)
        && column.data_type.length.is_some_and(|length| length * each > limit)
}

/// How far two keys are the same to the server, their names left out. IGNORED is no part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Likeness {
    /// In all that the server looks at.
    Same,
    /// But for a column that grew, and the key with it.
    Longer,
    /// But for the comment.
    Comment,
    /// No: it is another key.
    Other,
}

/// Holds a key against another one.
///
/// Sources: compare_keys_but_name() and merge() in sql/sql_table.cc, ha_innobase::compare_key_parts(); measured.
fn likeness(change: &Change<'_>, old: &Key, new: &Key) -> Likeness {
    let clusters = |table: &Table, key: &Key| table.clustered_key().is_some_and(|clustered| clustered.id == key.id);
    let doubtful = |part: &KeyPart| change.before.column_by_id(part.column).is_some_and(|column| column.maybe_nullable);
    let same_kind = old.kind == new.kind
        // The key that stands for a primary key is another one as soon as it no longer does.
        && (clusters(change.before, old) == clusters(change.after, new) || old.parts.iter().any(doubtful))
        && old.parts.len() == new.parts.len()
        && old.long_hash == new.long_hash
        && old.generated_for_fk == new.generated_for_fk
        && old.without_overlaps == new.without_overlaps
        && old.parser == new.parser
        && old.key_block_size.unwrap_or(0) == new.key_block_size.unwrap_or(0)
        && old.options == new.options
        // USING BTREE is not the same as nothing, although it is what nothing stands for.
        && old.using == new.using;
    if !same_kind {
        return Likeness::Other;
    }
    let mut longer = false;
    for (a, b) in old.parts.iter().zip(&new.parts) {
        match same_part(change, a, b) {
            Likeness::Same => {}
            Likeness::Longer => longer = true,
            Likeness::Comment | Likeness::Other => return Likeness::Other,
        }
    }
    match (longer, old.comment != new.comment) {
        (false, false) => Likeness::Same,
        (true, false) => Likeness::Longer,
        (false, true) => Likeness::Comment,
        (true, true) => Likeness::Other,
    }
}

fn same_part(change: &Change<'_>, a: &KeyPart, b: &KeyPart) -> Likeness {
    let (Some(x), Some(y)) = (change.before.column_by_id(a.column), change.after.column_by_id(b.column)) else {
        return Likeness::Other;
    };
    let same_bytes = x.data_type.collation == y.data_type.collation
        || types::same_specific_collation(x.data_type.collation.as_deref(), y.data_type.collation.as_deref());
    let same_limit = a.prefix.is_some() || over_limit(change, x) == over_limit(change, y);
    if a.column != b.column || a.descending != b.descending || !same_bytes || !same_limit {
        return Likeness::Other;
    }
    // A beginning as long as the whole column was is the same to the server.
    match (held(x, a), held(y, b)) {
        (old, new) if old == new => Likeness::Same,
        (Some(old), Some(new)) if old < new && a.prefix.is_none() && b.prefix.is_none() => Likeness::Longer,
        _ => Likeness::Other,
    }
}

/// How many characters, or bytes, of a column a key holds; `None` where the type has no length.
fn held(column: &Column, part: &KeyPart) -> Option<u64> {
    let sized =
        matches!(column.data_type.base, BaseType::Char | BaseType::VarChar | BaseType::Binary | BaseType::VarBinary);
    part.prefix.or(column.data_type.length.filter(|_| sized))
}

/// The key that rows are clustered by. A unique key over a blob, text or geometry never is: it holds beginnings only.
pub(super) fn clustered_key(table: &Table) -> Option<&Key> {
    table.clustered_key().filter(|key| {
        key.kind == KeyKind::Primary
            || key.parts.iter().all(|part| {
                table.column_by_id(part.column).is_some_and(|column| {
                    let base = &column.data_type.base;
                    !base.is_text() && !base.is_blob() && !base.is_geometry() && !column.is_virtual()
                })
            })
    })
}

/// Whether a key is dropped and added again although a foreign key leans on it. The server may have made the old one
/// itself, which its text does not show, and then it does not see that they are the same.
fn anew_for_foreign_key(change: &Change<'_>, old: &Key, new: &Key) -> bool {
    let first = old.parts.first().map(|part| part.column);
    old.id != new.id && change.before.foreign_keys.iter().any(|key| key.columns.first().copied() == first)
}

pub(super) fn keys(known: &mut Known, change: &Change<'_>) {
    let (before, after) = (change.before, change.after);
    let mut added: Vec<&Key> = Vec::new();
    let mut dropped: Vec<&Key> = before.keys.iter().filter(|key| after.key(&key.name).is_none()).collect();
    for new in &after.keys {
        match before.key(&new.name) {
            None => added.push(new),
            Some(old) if likeness(change, old, new) != Likeness::Other && !anew_for_foreign_key(change, old, new) => {
                // Other engines see that it is the same only sometimes; the order of the keys plays a part.
                let written_anew = !before.is_innodb() && old.id != new.id;
                known.insert_if(written_anew, Fact::DropsKey);
                known.insert_if(old.comment != new.comment, Fact::ChangesKeyMetadata);
            }
            Some(old) => {
                added.push(new);
                dropped.push(old);
            }
        }
    }
    let clustered_before = clustered_key(before).map(|key| key.id);
    let clustered_after = clustered_key(after).map(|key| key.id);
    // Rows stay in their order when another key over the same columns takes over.
    let same_order = match (clustered_key(before), clustered_key(after)) {
        // A primary key that is written anew is built anew where its options differ.
        (Some(a), Some(b)) => {
            // The columns of a period stand behind those that are named.
            a.parts == b.parts
                && a.without_overlaps == b.without_overlaps
                && (a.kind, b.kind) != (KeyKind::Primary, KeyKind::Primary)
        }
        _ => false,
    };
    // Then a primary key that becomes a unique one, or the other way round, is only renamed.
    let takes_over = |old: &Key, new: &Key| {
        let as_unique = |key: &Key| Key { kind: KeyKind::Unique, ..key.clone() };
        before.is_innodb()
            && same_order
            && (Some(old.id), Some(new.id)) == (clustered_before, clustered_after)
            && old.kind != new.kind
            && likeness(change, &as_unique(old), &as_unique(new)) == Likeness::Same
    };
    // The same key under another name is a rename, whichever way it was written (MDEV-13301). The old keys are looked
    // up by name, so that a pair is used once.
    let mut renamed = Vec::new();
    added.retain(|new| {
        let place = dropped.iter().position(|old| {
            if takes_over(old, new) {
                return true;
            }
            !matches!(new.kind, KeyKind::Primary | KeyKind::Fulltext)
                && likeness(change, old, new) == Likeness::Same
                && !anew_for_foreign_key(change, old, new)
        });
        match place {
            Some(place) => {
                let old = dropped.remove(place);
                // Other engines take RENAME KEY as metadata, but not a key that is dropped and added.
                known.insert_if(!before.is_innodb() && old.id != new.id, Fact::DropsKey);
                renamed.push(old);
                false
            }
            None => true,
        }
    });
    known.insert_if(!renamed.is_empty(), Fact::RenamesKey);
    let renamed_column = |part: &KeyPart| {
        let name = |table: &Table| table.column_by_id(part.column).map(|column| column.name.clone());
        name(before) != name(after)
    };
    known.insert_if(
        renamed.iter().any(|key| key.kind == KeyKind::Unique && key.parts.iter().any(renamed_column)),
        Fact::RenamesKeyAndColumn,
    );
    known.insert_if(renamed.iter().any(|key| key.kind == KeyKind::Vector), Fact::AddsVector);
    // It goes with the hidden virtual column in which the hash is kept.
    known.insert_if(dropped.iter().any(|key| key.long_hash), Fact::DropsVirtualColumn);
    for old in &dropped {
        let clustered = Some(old.id) == clustered_before && !same_order;
        known.insert(if clustered { Fact::DropsClusteredKey } else { Fact::DropsKey });
    }
    let clustered_gone = !same_order && dropped.iter().any(|key| Some(key.id) == clustered_before);
    let by_primary_key = before
        .partitioning
        .as_ref()
        .is_some_and(|by| matches!(&by.method, PartitionMethod::Key { columns, .. } if columns.is_empty()));
    let versioning_changes = before.versioning.is_some() != after.versioning.is_some();
    let order_changes = clustered_key(before).map(|key| &key.parts) != clustered_key(after).map(|key| &key.parts);
    let by_expression = before.partitioning.as_ref().is_some_and(|by| places_by_primary_key(&by.method));
    let places = |by: &crate::ddl::model::Partitioning| {
        by.columns.iter().chain(&by.subpartition_columns).any(|id| after.column_by_id(*id).is_none())
    };
    // The column by which rows are placed is dropped and added again.
    known.insert_if(
        before.partitioning.as_ref().is_some_and(places) && after.partitioning.is_some(),
        Fact::ChangesPartitioning,
    );
    // With system versioning the end of a row belongs to its primary key.
    known.insert_if(by_primary_key && order_changes, Fact::ChangesPartitioning);
    known.insert_if(by_expression && versioning_changes, Fact::ChangesPartitioning);
    // Another unique key takes the place of the one that stood for a primary key.
    known.insert_if(clustered_gone && clustered_after.is_some(), Fact::AddsClusteredKey);
    // A key whose column is dropped and added again under the same name stays, and is built anew.
    let replaced = |id: ColumnId| {
        after.column_by_id(id).is_none()
            && before
                .column_by_id(id)
                .and_then(|old| after.column(&old.name))
                .is_some_and(|new| before.column_by_id(new.id).is_none())
    };
    known.insert_if(
        before.keys.iter().any(|key| key.parts.iter().any(|part| replaced(part.column))),
        Fact::AddsPlainKey,
    );
    let mut fulltext = 0;
    for new in added {
        match new.kind {
            KeyKind::Primary if same_order => known.insert(Fact::AddsUniqueKey),
            KeyKind::Primary => known.insert(Fact::AddsClusteredKey),
            KeyKind::Unique if Some(new.id) == clustered_after && (clustered_before.is_none() || clustered_gone) => {
                known.insert(Fact::AddsClusteredKey);
            }
            KeyKind::Unique if clustered_before.is_none() && whole_tiny_blobs(after, new) => {
                known.insert(Fact::AddsClusteredKey)
            }
            KeyKind::Unique => known.insert(Fact::AddsUniqueKey),
            KeyKind::Index => known.insert(Fact::AddsPlainKey),
            KeyKind::Fulltext => {
                fulltext += 1;
                known.insert(Fact::AddsPlainKey);
                known.insert(Fact::AddsFulltext);
            }
            KeyKind::Spatial => {
                known.insert(Fact::AddsPlainKey);
                known.insert(Fact::AddsSpatial);
            }
            KeyKind::Vector => known.insert(Fact::AddsVector),
        }
        let on_new_virtual = new.parts.iter().any(|part| {
            before.column_by_id(part.column).is_none()
                && after.column_by_id(part.column).is_some_and(Column::is_virtual)
        });
        known.insert_if(on_new_virtual, Fact::AddsKeyOnNewVirtual);
    }
    known.insert_if(fulltext > 1, Fact::AddsManyFulltext);
}

/// A unique key over TINYBLOB or TINYTEXT that its prefixes cover, without NULLs: it can stand for a primary key.
fn whole_tiny_blobs(table: &Table, key: &Key) -> bool {
    use BaseType::{TinyBlob, TinyText};
    key.parts.iter().all(|part| {
        table.column_by_id(part.column).is_some_and(|column| {
            !column.nullable
                && (part.prefix.is_none()
                    || (matches!(column.data_type.base, TinyBlob | TinyText)
                        && part.prefix.is_some_and(|prefix| prefix >= 255)))
        })
    })
}
