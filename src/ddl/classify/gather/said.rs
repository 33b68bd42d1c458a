//! What the statement says, whatever it changes.

use crate::ddl::ast::{KeyType, Operation, PartitionMethod};
use crate::ddl::knowledge::{Fact, Known};
use crate::ddl::model::{KeyKind, Table, same_name};

pub(super) fn option<'o>(operation: &'o Operation, name: &str) -> Option<&'o str> {
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
    "tablespace",
    "storage",
    "sequence",
];

pub(super) fn statement(known: &mut Known, operations: &[&Operation], before: Option<&Table>) {
    // The key whose name decides: dropped, even to be added again, it has the rows placed anew. Source:
    // prep_alter_part_table() in sql/sql_partition.cc; measured.
    let placing = before
        .filter(|table| table.partitioning.as_ref().is_some_and(|by| places_by_primary_key(&by.method)))
        .and_then(Table::clustered_key)
        .map(|key| key.name.as_str());
    let drops_placing = |name: &str| placing.is_some_and(|key| same_name(key, name));
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
            Operation::AddPeriod { name, .. } => {
                known.insert_if(!name.value.eq_ignore_ascii_case("system_time"), Fact::AddsPeriod);
            }
            Operation::AddForeignKey(_) => known.insert(Fact::AsksForForeignKey),
            // Named is changed, even where it is so already (measured).
            Operation::AlterKey { name, .. } => {
                known.insert_if(before.is_some_and(|table| table.key(&name.value).is_some()), Fact::ChangesKeyMetadata)
            }
            // Counts even where IF EXISTS finds nothing (measured).
            Operation::RenameKey { .. } => known.insert(Fact::RenamesKey),
            Operation::DropPrimaryKey { .. } => known.insert_if(drops_placing("PRIMARY"), Fact::ChangesPartitioning),
            Operation::DropKey { name, .. } | Operation::DropConstraint { name, .. } => {
                known.insert_if(drops_placing(&name.value), Fact::ChangesPartitioning);
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

/// Whether dropping the primary key has the rows placed anew: partitions by an expression, by time, or by the primary key itself.
/// Those by columns stay as they are. Measured.
pub(super) fn places_by_primary_key(method: &PartitionMethod) -> bool {
    match method {
        PartitionMethod::Hash { .. }
        | PartitionMethod::Range(_)
        | PartitionMethod::List(_)
        | PartitionMethod::SystemTime(_) => true,
        PartitionMethod::Key { columns, .. } => columns.is_empty(),
        PartitionMethod::RangeColumns(_) | PartitionMethod::ListColumns(_) => false,
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
        "row_format" => known.insert(Fact::NamesRebuildOption),
        "key_block_size" => {
            known.insert(Fact::NamesRebuildOption);
            let first = before.filter(|table| value != "0" && table.options.key_block_size.is_none());
            let sized =
                |kinds: &[KeyKind]| first.is_some_and(|table| table.keys.iter().any(|key| kinds.contains(&key.kind)));
            known.insert_if(sized(&[KeyKind::Vector]), Fact::SizesVectorKey);
            known.insert_if(sized(&[KeyKind::Primary, KeyKind::Unique]), Fact::SizesUniqueKey);
        }
        "charset" | "collate" => known.insert(Fact::NamesCharset),
        "encrypted" | "encryption_key_id" => {
            // Without a number the key is the first.
            let first = (name == "encryption_key_id").then_some("1");
            let same = other(name).or(first).is_some_and(|old| old.eq_ignore_ascii_case(value));
            known.insert_if(!same, Fact::NamesRebuildOption);
        }
        "sequence" => known.insert(Fact::NamesSequence),
        "page_compressed" => match (on(other(name)), on(Some(value))) {
            (true, false) => known.insert(Fact::NamesRebuildOption),
            (false, true) => known.insert(Fact::EnablesPageCompression),
            _ => {}
        },
        _ => {}
    }
    let engine = before.map(|table| table.options.engine.to_ascii_lowercase());
    let by_engine = match engine.as_deref() {
        Some("aria") if name == "page_checksum" => !on(Some(value)) || other(name).is_some_and(|old| !on(Some(old))),
        Some("aria") => matches!(name, "delay_key_write" | "transactional"),
        Some("memory") => name == "key_block_size",
        _ => false,
    };
    let same_format = engine.as_deref() == Some("aria")
        && name == "row_format"
        // PAGE is printed where another format was asked for and could not be had, too.
        && !value.eq_ignore_ascii_case("page")
        && before.is_some_and(|table| {
            table.options.row_format.as_deref().unwrap_or("default").eq_ignore_ascii_case(value)
        });
    known.insert_if(by_engine || !(same_format || METADATA_OPTIONS.contains(&name)), Fact::NamesCopyOption);
}
