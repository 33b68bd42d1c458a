//! What the table is like, before and after.

use super::{Change, on_virtual, places_by_value, seen};
use crate::ddl::ast::{GeneratedKind, ReferentialAction};
use crate::ddl::knowledge::{Fact, Known};
use crate::ddl::model::{BaseType, Column, HiddenDocId, KeyKind, Table};
use crate::ddl::profile::ServerProfile;

pub(super) fn row_format<'t>(table: &'t Table, profile: &'t ServerProfile) -> &'t str {
    table.options.row_format.as_deref().unwrap_or(if table.options.key_block_size.is_some_and(|size| size > 0) {
        "COMPRESSED"
    } else {
        &profile.settings.row_format
    })
}

/// Engines that change definitions in place, where that is all there is to change; others copy for everything. Source:
/// `check_if_incompatible_data` of each engine; measured.
const IN_PLACE: &[&str] = &["InnoDB", "MyISAM", "Aria", "MEMORY", "HEAP", "CSV", "MERGE", "MRG_MyISAM"];

pub(super) fn state(known: &mut Known, change: &Change<'_>) {
    let (before, after) = (change.before, change.after);
    let engine = |name: &str| before.options.engine.eq_ignore_ascii_case(name);
    if engine("MRG_MyISAM") || engine("MERGE") {
        known.insert(Fact::Merge);
    } else {
        known.insert(if before.is_innodb() { Fact::InnoDb } else { Fact::OtherEngine });
    }
    known.insert_if(!before.is_innodb() && before.versioning.is_some(), Fact::VersionedElsewhere);
    known.insert_if(engine("Aria") && before.partitioning.is_some(), Fact::PartitionedAria);
    known.insert_if(!IN_PLACE.iter().any(|name| engine(name)), Fact::EngineCopies);
    // A ROW_FORMAT=FIXED that cannot be had is printed as PAGE; such a table is copied whatever changes (measured).
    let blobs = before.columns.iter().any(|column| column.data_type.base.is_text() || column.data_type.base.is_blob());
    if engine("Aria") && blobs && before.options.row_format.as_deref() == Some("PAGE") {
        known.allow(Fact::EngineCopies);
    }
    let computed =
        seen(before).any(|(_, column)| column.generated.as_ref().is_some_and(|by| by.kind == GeneratedKind::Stored));
    let placed = seen(before).any(|(_, column)| column.is_virtual() && places_by_value(before, column.id));
    known.insert_if(computed || placed || before.keys.iter().any(|key| on_virtual(before, key)), Fact::ComputedColumns);
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
    let no_doc_id = before.is_innodb() && fulltext_before == 0 && !doc_id(before);
    let kept = no_doc_id && before.hidden_doc_id == HiddenDocId::There;
    known.insert_if(kept, Fact::KeptFtsDocId);
    known.insert_if(fulltext_before == 0 && !kept && !doc_id(before) && !doc_id(after), Fact::NoFtsDocId);
    known.insert_if(after.column("FTS_DOC_ID").is_some_and(|column| !holds_doc_ids(column)), Fact::UnfitFtsDocId);
    let had_fulltext = before.columns.iter().any(|column| column.data_type.base.has_charset());
    if no_doc_id && before.hidden_doc_id == HiddenDocId::Unknown && had_fulltext && !change.refuses_more() {
        known.allow(Fact::HiddenFtsDocId);
    }
    let statistics = before.database.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("mysql"))
        && ["innodb_table_stats", "innodb_index_stats"].iter().any(|name| before.name.eq_ignore_ascii_case(name));
    known.insert_if(statistics, Fact::StatisticsTable);
    known.insert_if(fulltext_before > 0 && fulltext_after > 0 && doc_id(before) && !doc_id(after), Fact::DropsFtsDocId);
    let hidden = (before.is_innodb() && fulltext_before > 0 && !doc_id(before)) || kept;
    known.insert_if(hidden && doc_id(after), Fact::ShowsFtsDocId);
    known.insert_if(before.temporary, Fact::Temporary);
    known.insert_if(count(after, KeyKind::Spatial) > 0, Fact::SpatialAfter);
    known.insert_if(count(before, KeyKind::Vector) + count(after, KeyKind::Vector) > 0, Fact::Vector);
    known.insert_if(before.keys.iter().any(|key| on_virtual(before, key)), Fact::IndexedVirtual);
    known.insert_if(after.keys.iter().any(|key| on_virtual(after, key)), Fact::IndexedVirtualAfter);
    known.insert_if(after.keys.iter().any(|key| key.long_hash), Fact::HashKeyAfter);
    known.insert_if(before.keys.iter().any(|key| key.long_hash), Fact::HashKey);
    let overlaps = |table: &Table| table.keys.iter().any(|key| key.without_overlaps.is_some());
    known.insert_if(overlaps(after), Fact::WithoutOverlaps);
    known.insert_if(before.versioning.is_some(), Fact::Versioned);
    let transactional = |table: &Table| table.versioning.as_ref().is_some_and(|versioning| versioning.by_transaction);
    known.insert_if(transactional(before), Fact::VersionedByTransaction);
    known.insert_if(before.versioning.is_none() && transactional(after), Fact::AddsTransactionVersioning);
    let cascades = |action: ReferentialAction| {
        matches!(action, ReferentialAction::Cascade | ReferentialAction::SetNull | ReferentialAction::SetDefault)
    };
    known.insert_if(
        before.foreign_keys.iter().any(|key| cascades(key.on_delete) || cascades(key.on_update)),
        Fact::CascadingForeignKey,
    );
    known.insert_if(before.options.others.get("sequence").is_some_and(|value| value != "0"), Fact::Sequence);
}

/// Whether InnoDB can number the documents of a FULLTEXT key with the column.
fn holds_doc_ids(column: &Column) -> bool {
    let data_type = &column.data_type;
    data_type.base == BaseType::BigInt && data_type.unsigned && !column.nullable && column.generated.is_none()
}
