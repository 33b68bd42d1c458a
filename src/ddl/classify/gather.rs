//! From a table before and after, and the clauses in between, to the facts that the rules speak of.

use super::types::{self, TypeChange};
use crate::ddl::ast::{GeneratedKind, KeyType, Operation, PartitionMethod, ReferentialAction};
use crate::ddl::knowledge::{Fact, Known};
use crate::ddl::model::{Column, ColumnDefault, ColumnId, Key, KeyKind, Table, Visibility};
use crate::ddl::profile::{InstantColumns, ServerProfile};

/// What is judged: one statement on one table.
pub(super) struct Change<'a> {
    pub(super) before: &'a Table,
    pub(super) after: &'a Table,
    pub(super) operations: &'a [&'a Operation],
    pub(super) profile: &'a ServerProfile,
    pub(super) ignore: bool,
}

/// Facts for certain, from both tables.
pub(super) fn gather(change: &Change<'_>) -> Known {
    let mut known = Known::default();
    statement(&mut known, change.operations, Some(change.before));
    known.insert_if(change.ignore, Fact::Ignores);
    profile(&mut known, change.profile);
    state(&mut known, change);
    columns(&mut known, change);
    keys(&mut known, change);
    constraints(&mut known, change);
    // CREATE OR REPLACE of what is there, or IF [NOT] EXISTS of what need not be done, leaves nothing to do.
    known.insert_if(does_something(change), Fact::DoesSomething);
    derive(&mut known, change);
    known
}

/// Facts of the statement's text; without a table, all that cannot be excluded is possible.
pub(super) fn gather_unknown(operations: &[&Operation], server: &ServerProfile, ignore: bool) -> Known {
    let mut known = Known::everything_possible();
    statement(&mut known, operations, None);
    known.insert_if(ignore, Fact::Ignores);
    profile(&mut known, server);
    if known.holds(Fact::OnlyRenameOrKeys) {
        // Whatever the table is, this is metadata.
        known.trust();
        return known;
    }
    known.exclude(Fact::OnlyRenameOrKeys);
    for fact in [
        Fact::OrdersRows,
        Fact::SwitchesKeys,
        Fact::ChangesEngine,
        Fact::Opaque,
        Fact::DemandsCopy,
        Fact::OldLockingCopy,
    ] {
        let engine_named = fact == Fact::ChangesEngine && operations.iter().any(|op| option(op, "engine").is_some());
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
    known.insert_if(profile.old_mode.contains("LOCK_ALTER_TABLE_COPY"), Fact::OldLockingCopy);
}

fn option<'o>(operation: &'o Operation, name: &str) -> Option<&'o str> {
    match operation {
        Operation::Option(option) if option.name == name => Some(&option.value),
        _ => None,
    }
}

/// Options that engines other than InnoDB take as metadata; for any other they copy.
const METADATA_OPTIONS: &[&str] = &[
    "comment",
    "engine",
    "stats_persistent",
    "stats_auto_recalc",
    "stats_sample_pages",
    "avg_row_length",
    "min_rows",
    "insert_method",
    "union",
    "key_block_size",
    "delay_key_write",
    "transactional",
    "page_checksum",
    "data_directory",
    "index_directory",
    "connection",
    "charset",
    "collate",
];

fn statement(known: &mut Known, operations: &[&Operation], before: Option<&Table>) {
    let partitioned =
        before.and_then(|table| table.partitioning.as_ref()).is_some_and(|by| places_by_primary_key(&by.method));
    let mut rename_or_keys = 0;
    let mut clauses = 0;
    for operation in operations {
        clauses += 1;
        match operation {
            Operation::Algorithm(_) | Operation::Lock(_) => clauses -= 1,
            Operation::RenameTable(_) => {
                rename_or_keys += 1;
                known.insert(Fact::RenamesTable);
            }
            Operation::Keys(_) => {
                rename_or_keys += 1;
                known.insert(Fact::SwitchesKeys);
            }
            Operation::Force => known.insert(Fact::Forces),
            Operation::OrderBy(_) => known.insert(Fact::OrdersRows),
            Operation::ConvertCharset { .. } => known.insert(Fact::NamesCharset),
            Operation::PartitionBy(_) | Operation::RemovePartitioning => known.insert(Fact::ChangesPartitioning),
            Operation::Opaque => known.insert(Fact::Opaque),
            // Copies even where IF NOT EXISTS finds the period.
            Operation::AddPeriod { .. } => known.insert(Fact::AddsPeriod),
            Operation::AddForeignKey(_) => known.insert(Fact::AsksForForeignKey),
            // Named is changed, even where it is so already (measured).
            Operation::AlterKey { name, .. } => {
                known.insert_if(before.is_some_and(|table| table.key(&name.value).is_some()), Fact::ChangesKeyMetadata)
            }
            Operation::DropPrimaryKey { .. } => known.insert_if(partitioned, Fact::ChangesPartitioning),
            Operation::AddKey(key) if key.key_type == KeyType::Primary => {
                known.insert_if(partitioned, Fact::ChangesPartitioning)
            }
            Operation::Option(option) => table_option(known, &option.name, &option.value, before),
            _ => {}
        }
    }
    known.insert_if(clauses > 0 && rename_or_keys == clauses, Fact::OnlyRenameOrKeys);
    let drops = operations.iter().any(|operation| matches!(operation, Operation::DropPrimaryKey { .. }));
    let adds = operations
        .iter()
        .any(|operation| matches!(operation, Operation::AddKey(key) if key.key_type == KeyType::Primary));
    known.insert_if(drops && adds, Fact::NamesPrimaryKeyTwice);
}

/// Whether naming the primary key has the rows placed anew: partitions by an expression, or by the primary key itself.
/// Those by columns stay as they are. Measured.
fn places_by_primary_key(method: &PartitionMethod) -> bool {
    match method {
        PartitionMethod::Hash { .. } | PartitionMethod::Range(_) | PartitionMethod::List(_) => true,
        PartitionMethod::Key { columns, .. } => columns.is_empty(),
        PartitionMethod::RangeColumns(_) | PartitionMethod::ListColumns(_) | PartitionMethod::SystemTime(_) => false,
    }
}

fn table_option(known: &mut Known, name: &str, value: &str, before: Option<&Table>) {
    known.insert(Fact::NamesOption);
    let other = |name: &str| before.and_then(|table| table.options.others.get(name)).map(String::as_str);
    let on = |value: Option<&str>| {
        value.is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "1" | "on" | "yes"))
    };
    match name {
        "engine" => match before {
            Some(table) if table.options.engine.eq_ignore_ascii_case(value) => known.insert(Fact::Forces),
            Some(_) => known.insert(Fact::ChangesEngine),
            None => known.allow(Fact::ChangesEngine),
        },
        "row_format" | "key_block_size" => known.insert(Fact::NamesRebuildOption),
        "charset" | "collate" => known.insert(Fact::NamesCharset),
        "encrypted" | "encryption_key_id" => {
            let same = other(name).is_some_and(|old| old.eq_ignore_ascii_case(value));
            known.insert_if(!same, Fact::NamesRebuildOption);
        }
        "page_compressed" => match (on(other(name)), on(Some(value))) {
            (true, false) => known.insert(Fact::NamesRebuildOption),
            (false, true) => known.insert(Fact::EnablesPageCompression),
            _ => {}
        },
        _ => {}
    }
    let engine = before.map(|table| table.options.engine.to_ascii_lowercase());
    let by_engine = match engine.as_deref() {
        Some("aria") => matches!(name, "delay_key_write" | "page_checksum" | "transactional"),
        Some("memory") => name == "key_block_size",
        _ => false,
    };
    known.insert_if(by_engine || !METADATA_OPTIONS.contains(&name), Fact::NamesCopyOption);
}

fn row_format<'t>(table: &'t Table, profile: &'t ServerProfile) -> &'t str {
    table.options.row_format.as_deref().unwrap_or(if table.options.key_block_size.is_some_and(|size| size > 0) {
        "COMPRESSED"
    } else {
        &profile.settings.row_format
    })
}

fn state(known: &mut Known, change: &Change<'_>) {
    let (before, after) = (change.before, change.after);
    let engine = |name: &str| before.options.engine.eq_ignore_ascii_case(name);
    if engine("MRG_MyISAM") || engine("MERGE") {
        known.insert(Fact::Merge);
    } else {
        known.insert(if before.is_innodb() { Fact::InnoDb } else { Fact::OtherEngine });
    }
    known.insert_if(!before.is_innodb() && before.versioning.is_some(), Fact::VersionedElsewhere);
    known.insert_if(engine("Aria") && before.partitioning.is_some(), Fact::PartitionedAria);
    let computed =
        seen(before).any(|(_, column)| column.generated.as_ref().is_some_and(|by| by.kind == GeneratedKind::Stored));
    known.insert_if(computed || before.keys.iter().any(|key| on_virtual(before, key)), Fact::ComputedColumns);
    let format = row_format(before, change.profile);
    known.insert_if(format.eq_ignore_ascii_case("REDUNDANT"), Fact::Redundant);
    known.insert_if(format.eq_ignore_ascii_case("COMPRESSED"), Fact::Compressed);
    known.insert_if(before.partitioning.is_some() || after.partitioning.is_some(), Fact::Partitioned);
    let count = |table: &Table, kind: KeyKind| table.keys.iter().filter(|key| key.kind == kind).count();
    let (fulltext_before, fulltext_after) = (count(before, KeyKind::Fulltext), count(after, KeyKind::Fulltext));
    known.insert_if(fulltext_before + fulltext_after > 0, Fact::Fulltext);
    known.insert_if(fulltext_after > 0, Fact::FulltextAfter);
    known.insert_if(fulltext_after > 1, Fact::ManyFulltextAfter);
    let doc_id = |table: &Table| table.column("FTS_DOC_ID").is_some();
    known.insert_if(fulltext_before == 0 && !doc_id(before) && !doc_id(after), Fact::NoFtsDocId);
    known.insert_if(after.column("FTS_DOC_ID").is_some_and(|column| !holds_doc_ids(column)), Fact::UnfitFtsDocId);
    let had_fulltext = before.columns.iter().any(|column| column.data_type.base.has_charset());
    // Where INSTANT is demanded, the server refuses rather than rebuilds.
    let refused = change.operations.iter().any(
        |operation| matches!(operation, Operation::Algorithm(word) if matches!(word.as_str(), "INSTANT" | "NOCOPY")),
    );
    if before.is_innodb() && fulltext_before == 0 && !doc_id(before) && had_fulltext && !refused {
        known.allow(Fact::HiddenFtsDocId);
    }
    let statistics = before.database.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("mysql"))
        && ["innodb_table_stats", "innodb_index_stats"].iter().any(|name| before.name.eq_ignore_ascii_case(name));
    known.insert_if(statistics, Fact::StatisticsTable);
    known.insert_if(fulltext_before > 0 && fulltext_after > 0 && doc_id(before) && !doc_id(after), Fact::DropsFtsDocId);
    known.insert_if(before.temporary, Fact::Temporary);
    known.insert_if(count(after, KeyKind::Spatial) > 0, Fact::SpatialAfter);
    known.insert_if(count(before, KeyKind::Vector) + count(after, KeyKind::Vector) > 0, Fact::Vector);
    known.insert_if(before.keys.iter().any(|key| on_virtual(before, key)), Fact::IndexedVirtual);
    known.insert_if(after.keys.iter().any(|key| on_virtual(after, key)), Fact::IndexedVirtualAfter);
    known.insert_if(after.keys.iter().any(|key| key.long_hash), Fact::HashKeyAfter);
    known.insert_if(before.keys.iter().any(|key| key.long_hash), Fact::HashKey);
    let overlaps = |table: &Table| table.keys.iter().any(|key| key.without_overlaps.is_some());
    known.insert_if(overlaps(before) || overlaps(after), Fact::WithoutOverlaps);
    known.insert_if(before.versioning.is_some(), Fact::Versioned);
    let transactional = |table: &Table| table.versioning.as_ref().is_some_and(|versioning| versioning.by_transaction);
    known.insert_if(transactional(before) || transactional(after), Fact::VersionedByTransaction);
    let cascades = |action: ReferentialAction| {
        matches!(action, ReferentialAction::Cascade | ReferentialAction::SetNull | ReferentialAction::SetDefault)
    };
    known.insert_if(
        before.foreign_keys.iter().any(|key| cascades(key.on_delete) || cascades(key.on_update)),
        Fact::CascadingForeignKey,
    );
    known.insert_if(before.options.engine.eq_ignore_ascii_case("SEQUENCE"), Fact::Sequence);
}

/// Whether InnoDB can number the documents of a FULLTEXT key with the column.
fn holds_doc_ids(column: &Column) -> bool {
    let data_type = &column.data_type;
    data_type.base == crate::ddl::model::BaseType::BigInt
        && data_type.unsigned
        && !column.nullable
        && column.generated.is_none()
}

fn is_virtual(column: &Column) -> bool {
    column.generated.as_ref().is_some_and(|generated| generated.kind == GeneratedKind::Virtual)
}

fn on_virtual(table: &Table, key: &Key) -> bool {
    key.parts.iter().any(|part| table.column_by_id(part.column).is_some_and(is_virtual))
}

fn seen(table: &Table) -> impl Iterator<Item = (usize, &Column)> {
    table.columns.iter().enumerate().filter(|(_, column)| column.visibility != Visibility::System)
}

fn columns(known: &mut Known, change: &Change<'_>) {
    let (before, after) = (change.before, change.after);
    let versioning_changes = before.versioning.is_some() != after.versioning.is_some();
    let stored_place = |table: &Table, id: ColumnId| {
        seen(table).filter(|(_, column)| !is_virtual(column)).position(|(_, column)| column.id == id)
    };
    for (old_place, old) in seen(before) {
        let Some(new) = after.column_by_id(old.id) else {
            known.insert(if is_virtual(old) { Fact::DropsVirtualColumn } else { Fact::DropsStoredColumn });
            continue;
        };
        if versioning_changes && (old.row_start || old.row_end || new.row_start || new.row_end) {
            continue;
        }
        column(known, change, old, new);
        if is_virtual(old) {
            known.insert_if(is_virtual(new) && after.column_index(old.id) != Some(old_place), Fact::MovesVirtualColumn);
        } else if !is_virtual(new) {
            known.insert_if(stored_place(before, old.id) != stored_place(after, old.id), Fact::MovesStoredColumn);
        }
    }
    let mut new_virtual = false;
    let mut added_stored = false;
    let mut virtual_order = Vec::new();
    for (_, new) in seen(after) {
        if let Some(old) = before.column_by_id(new.id) {
            known.insert_if(added_stored && !is_virtual(old), Fact::AddsStoredColumnInside);
            if is_virtual(old) {
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

/// Functions whose value differs from row to row. RAND() is none of them: the server takes it for one of the session.
const ROW_FUNCTIONS: &[&str] = &[
    "uuid(",
    "uuid_short(",
    "uuid_v4(",
    "uuid_v7(",
    "sys_guid(",
    "nextval(",
    "next value for",
    "lastval(",
    "random_bytes(",
    "setval(",
];

fn added_default(known: &mut Known, profile: &ServerProfile, column: &Column) {
    known.insert_if(column.auto_increment, Fact::AddsAutoIncrement);
    if let ColumnDefault::Expression { text, reads_columns, .. } = &column.default {
        let text: String = text.to_ascii_lowercase();
        known.insert_if(
            *reads_columns || ROW_FUNCTIONS.iter().any(|function| text.contains(function)),
            Fact::AddsWithRowDefault,
        );
        known.insert_if(
            ["nextval(", "next value for", "setval("].iter().any(|function| text.contains(function)),
            Fact::DefaultsToSequence,
        );
    }
    let date =
        matches!(column.data_type.base, crate::ddl::model::BaseType::Date | crate::ddl::model::BaseType::DateTime);
    known.insert_if(
        date && !column.nullable && column.default == ColumnDefault::None && profile.has_mode("NO_ZERO_DATE"),
        Fact::AddsZeroDate,
    );
}

fn column(known: &mut Known, change: &Change<'_>, old: &Column, new: &Column) {
    let (before, after) = (change.before, change.after);
    let redundant = row_format(before, change.profile).eq_ignore_ascii_case("REDUNDANT");
    match (&old.generated, &new.generated) {
        (None, None) => {}
        (Some(a), Some(b)) if a.kind == b.kind => {
            // The server does not recognise an expression that it printed itself, so naming the column changes it.
            let changed = plain_text(&a.text) != plain_text(&b.text) || redefines(change.operations, &old.name);
            let placed = before.keys.iter().any(|key| key.parts.iter().any(|part| part.column == old.id))
                || before.partitioning.as_ref().is_some_and(|by| by.columns.contains(&old.id));
            if changed && (a.kind == GeneratedKind::Stored || placed) {
                known.insert(Fact::ChangesStoredExpression);
            } else if changed {
                known.insert(Fact::ChangesVirtualExpression);
            }
        }
        _ => known.insert(Fact::ChangesGeneratedKind),
    }
    match types::compare(before, old, new, redundant) {
        TypeChange::Same => {}
        _ if is_virtual(old) && is_virtual(new) => known.insert(Fact::ChangesVirtualType),
        TypeChange::InEngine => known.insert(Fact::ChangesTypeInEngine),
        TypeChange::Stored => known.insert(Fact::ChangesStoredType),
    }
    if old.nullable != new.nullable && !is_virtual(new) {
        if old.nullable {
            known.insert(Fact::AddsNotNull);
            let timestamp = new.data_type.base == crate::ddl::model::BaseType::Timestamp;
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
    if old.maybe_nullable && !new.maybe_nullable && !new.nullable {
        known.allow(Fact::AddsNotNull);
        known.allow(Fact::NeedsRebuild);
    }
    known.insert_if(old.name != new.name, Fact::RenamesColumn);
    if new.auto_increment && !old.auto_increment {
        known.insert(Fact::GainsAutoIncrement);
        let unique = |key: &&Key| {
            matches!(key.kind, KeyKind::Primary | KeyKind::Unique)
                && key.parts.iter().all(|part| {
                    before
                        .column_by_id(part.column)
                        .is_some_and(|column| !column.nullable && !redefines(change.operations, &column.name))
                })
        };
        let finds_rows = before.keys.iter().any(|key| unique(&key)) || change.profile.has_mode("NO_AUTO_VALUE_ON_ZERO");
        known.insert_if(!finds_rows, Fact::GainsAutoIncrementOfKey);
    }
    known.insert_if(old.without_versioning != new.without_versioning, Fact::ChangesColumnVersioning);
    // A generated column that reads the default of another one is computed anew.
    let read = old.default != new.default
        && seen(after).any(|(_, column)| {
            column.generated.as_ref().is_some_and(|by| by.text.to_ascii_lowercase().contains("default("))
        });
    known.insert_if(read, Fact::ChangesStoredExpression);
    let metadata = old.default != new.default
        || old.comment != new.comment
        || old.visibility != new.visibility
        || old.name != new.name;
    known.insert_if(metadata, Fact::ChangesColumnMetadata);
}

/// Whether MODIFY or CHANGE names the column.
fn redefines(operations: &[&Operation], column: &str) -> bool {
    operations.iter().any(|operation| match operation {
        Operation::ModifyColumn { column: definition, .. } => definition.name.value.eq_ignore_ascii_case(column),
        Operation::ChangeColumn { old, .. } => old.value.eq_ignore_ascii_case(column),
        _ => false,
    })
}

/// An expression without what the server adds and drops when it prints one: quotes of names, spaces, outer
/// parentheses, case.
pub(crate) fn plain_text(text: &str) -> String {
    let mut plain: String =
        text.chars().filter(|c| !c.is_whitespace() && *c != '`').collect::<String>().to_ascii_lowercase();
    while plain.starts_with('(') && plain.ends_with(')') && closes_at_end(&plain) {
        plain = plain.get(1..plain.len() - 1).unwrap_or_default().to_owned();
    }
    plain
}

fn closes_at_end(text: &str) -> bool {
    let mut depth = 0_usize;
    for (place, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return place + 1 == text.len();
                }
            }
            _ => {}
        }
    }
    false
}

/// Whether a key on the whole column would be too long, so that the server makes it one on a beginning.
fn over_limit(change: &Change<'_>, column: &Column) -> bool {
    let format = row_format(change.before, change.profile);
    let limit =
        if format.eq_ignore_ascii_case("COMPACT") || format.eq_ignore_ascii_case("REDUNDANT") { 767 } else { 3072 };
    let each =
        if column.data_type.base.has_charset() { types::max_bytes(column.data_type.charset.as_deref()) } else { 1 };
    matches!(column.data_type.base, crate::ddl::model::BaseType::VarChar | crate::ddl::model::BaseType::VarBinary)
        && column.data_type.length.is_some_and(|length| length * each > limit)
}

/// Whether a key is the same to the server, its name and what is metadata left out.
fn same_key(change: &Change<'_>, old: &Key, new: &Key) -> bool {
    let part = |(a, b): (&crate::ddl::model::KeyPart, &crate::ddl::model::KeyPart)| {
        let same_bytes = match (change.before.column_by_id(a.column), change.after.column_by_id(b.column)) {
            (Some(x), Some(y)) => {
                x.data_type.collation == y.data_type.collation
                    || types::same_specific_collation(
                        x.data_type.collation.as_deref(),
                        y.data_type.collation.as_deref(),
                    )
            }
            _ => false,
        };
        let same_limit = match (change.before.column_by_id(a.column), change.after.column_by_id(b.column)) {
            (Some(x), Some(y)) if a.prefix.is_none() => over_limit(change, x) == over_limit(change, y),
            _ => true,
        };
        a.column == b.column && a.prefix == b.prefix && a.descending == b.descending && same_bytes && same_limit
    };
    old.kind == new.kind
        && old.parts.len() == new.parts.len()
        && old.parts.iter().zip(&new.parts).all(part)
        && old.long_hash == new.long_hash
        && old.generated_for_fk == new.generated_for_fk
        && old.without_overlaps == new.without_overlaps
        && old.parser == new.parser
        && old.key_block_size.unwrap_or(0) == new.key_block_size.unwrap_or(0)
        && old.options == new.options
        && old.using.filter(|using| *using != crate::ddl::ast::IndexType::Btree)
            == new.using.filter(|using| *using != crate::ddl::ast::IndexType::Btree)
}

/// The key that rows are clustered by. A unique key over a blob, text or geometry never is: it holds beginnings only.
fn clustered_key(table: &Table) -> Option<&Key> {
    table.clustered_key().filter(|key| {
        key.kind == KeyKind::Primary
            || key.parts.iter().all(|part| {
                table.column_by_id(part.column).is_some_and(|column| {
                    let base = &column.data_type.base;
                    !base.is_text() && !base.is_blob() && !base.is_geometry() && !is_virtual(column)
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

fn keys(known: &mut Known, change: &Change<'_>) {
    let (before, after) = (change.before, change.after);
    let mut added: Vec<&Key> = Vec::new();
    let mut dropped: Vec<&Key> = before.keys.iter().filter(|key| after.key(&key.name).is_none()).collect();
    for new in &after.keys {
        match before.key(&new.name) {
            None => added.push(new),
            Some(old) if same_key(change, old, new) && !anew_for_foreign_key(change, old, new) => {
                // Other engines see that it is the same only sometimes; the order of the keys plays a part.
                let written_anew = !before.is_innodb() && old.id != new.id;
                known.insert_if(written_anew, Fact::DropsKey);
                known.insert_if(old.comment != new.comment || old.ignored != new.ignored, Fact::ChangesKeyMetadata);
            }
            Some(old) => {
                added.push(new);
                dropped.push(old);
            }
        }
    }
    // The same key under another name is a rename, whichever way it was written (MDEV-13301). The old keys are looked
    // up by name, so that a pair is used once.
    let mut renamed = Vec::new();
    added.retain(|new| {
        let place = dropped.iter().position(|old| {
            !matches!(new.kind, KeyKind::Primary | KeyKind::Fulltext)
                && same_key(change, old, new)
                && !anew_for_foreign_key(change, old, new)
                && old.ignored == new.ignored
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
    let renamed_column = |part: &crate::ddl::model::KeyPart| {
        let name = |table: &Table| table.column_by_id(part.column).map(|column| column.name.clone());
        name(before) != name(after)
    };
    known.insert_if(
        renamed.iter().any(|key| key.kind == KeyKind::Unique && key.parts.iter().any(renamed_column)),
        Fact::RenamesKeyAndColumn,
    );
    known.insert_if(renamed.iter().any(|key| key.kind == KeyKind::Vector), Fact::AddsVector);
    let clustered_before = clustered_key(before).map(|key| key.id);
    // Rows stay in their order when another key over the same columns takes over.
    let same_order = match (clustered_key(before), clustered_key(after)) {
        // A primary key that is written anew is built anew where its options differ.
        (Some(a), Some(b)) => a.parts == b.parts && (a.kind, b.kind) != (KeyKind::Primary, KeyKind::Primary),
        _ => false,
    };
    for old in &dropped {
        let clustered = Some(old.id) == clustered_before && !same_order;
        known.insert(if clustered { Fact::DropsClusteredKey } else { Fact::DropsKey });
    }
    let clustered_gone = !same_order && dropped.iter().any(|key| Some(key.id) == clustered_before);
    let clustered_after = clustered_key(after).map(|key| key.id);
    let by_primary_key = before
        .partitioning
        .as_ref()
        .is_some_and(|by| matches!(&by.method, PartitionMethod::Key { columns, .. } if columns.is_empty()));
    let versioning_changes = before.versioning.is_some() != after.versioning.is_some();
    let order_changes = clustered_key(before).map(|key| &key.parts) != clustered_key(after).map(|key| &key.parts);
    let by_expression = before.partitioning.as_ref().is_some_and(|by| places_by_primary_key(&by.method));
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
            before.column_by_id(part.column).is_none() && after.column_by_id(part.column).is_some_and(is_virtual)
        });
        known.insert_if(on_new_virtual, Fact::AddsKeyOnNewVirtual);
    }
    known.insert_if(fulltext > 1, Fact::AddsManyFulltext);
}

/// A unique key over TINYBLOB or TINYTEXT that its prefixes cover, without NULLs: it can stand for a primary key.
fn whole_tiny_blobs(table: &Table, key: &Key) -> bool {
    use crate::ddl::model::BaseType::{TinyBlob, TinyText};
    key.parts.iter().all(|part| {
        table.column_by_id(part.column).is_some_and(|column| {
            !column.nullable
                && (part.prefix.is_none()
                    || (matches!(column.data_type.base, TinyBlob | TinyText)
                        && part.prefix.is_some_and(|prefix| prefix >= 255)))
        })
    })
}

fn constraints(known: &mut Known, change: &Change<'_>) {
    let (before, after) = (change.before, change.after);
    let foreign = |a: &Table, b: &Table| a.foreign_keys.iter().any(|key| b.foreign_key(&key.name).is_none());
    known.insert_if(foreign(after, before), Fact::AddsForeignKey);
    known.insert_if(foreign(before, after), Fact::DropsForeignKey);
    let virtual_columns = after.foreign_keys.iter().any(|key| {
        before.foreign_key(&key.name).is_none()
            && key.columns.iter().any(|id| after.column_by_id(*id).is_some_and(is_virtual))
    });
    known.insert_if(virtual_columns, Fact::AddsForeignKeyOnVirtual);
    let check = |a: &Table, b: &Table| {
        a.checks.iter().any(|one| {
            one.column.is_none()
                && !b.checks.iter().any(|other| other.column.is_none() && other.name.eq_ignore_ascii_case(&one.name))
        })
    };
    known.insert_if(check(after, before), Fact::AddsCheck);
    known.insert_if(check(before, after), Fact::DropsCheck);
    let periods =
        |table: &Table| table.periods.iter().map(|period| period.name.to_ascii_lowercase()).collect::<Vec<_>>();
    known.insert_if(periods(after).iter().any(|name| !periods(before).contains(name)), Fact::AddsPeriod);
    known.insert_if(before.versioning.is_none() && after.versioning.is_some(), Fact::AddsVersioning);
    known.insert_if(before.versioning.is_some() && after.versioning.is_none(), Fact::DropsVersioning);
}

/// Whether anything is left of the statement once IF [NOT] EXISTS has been looked at. DROP CONSTRAINT IF EXISTS, CHANGE
/// COLUMN IF EXISTS and RENAME COLUMN IF EXISTS always count for something (measured).
fn does_something(change: &Change<'_>) -> bool {
    let changed = change.before != change.after;
    changed || change.operations.iter().any(|operation| !is_conditional(operation))
}

fn is_conditional(operation: &Operation) -> bool {
    match operation {
        Operation::AddColumn { if_not_exists, .. } | Operation::AddPeriod { if_not_exists, .. } => *if_not_exists,
        Operation::DropColumn { if_exists, .. }
        | Operation::ModifyColumn { if_exists, .. }
        | Operation::SetDefault { if_exists, .. }
        | Operation::DropDefault { if_exists, .. }
        | Operation::DropKey { if_exists, .. }
        | Operation::DropPrimaryKey { if_exists }
        | Operation::RenameKey { if_exists, .. }
        | Operation::AlterKey { if_exists, .. }
        | Operation::DropForeignKey { if_exists, .. }
        | Operation::DropPeriod { if_exists, .. } => *if_exists,
        Operation::AddKey(key) => key.if_not_exists,
        Operation::AddForeignKey(key) => key.if_not_exists,
        Operation::AddCheck(check) => check.if_not_exists,
        Operation::Algorithm(_) | Operation::Lock(_) => true,
        _ => false,
    }
}

/// What follows from the other facts.
fn derive(known: &mut Known, change: &Change<'_>) {
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
