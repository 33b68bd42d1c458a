//! What a statement gives one server to do, as far as its text and the table say. Sizes come in later.

use crate::ddl::ast::{Body, Kind, Operation, PartitionNames, PartitionOp, Statement};
use crate::ddl::model::{Applied, BaseType, Column, Key, KeyKind, Table};
use crate::ddl::{Algorithm, Judgement, Moves};

/// What is done with the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Labour {
    /// Nothing: definitions only.
    #[default]
    Nothing,
    /// They are read, and keys are built.
    Keys,
    /// They are written anew inside InnoDB, and sorted keys with them.
    Rebuild,
    /// They are put one by one into a new table and into each of its keys.
    Copy,
}

/// What a statement gives one server to do.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Job {
    /// What is done with the rows.
    pub labour: Labour,
    /// Secondary keys that are made; each foreign key that is new counts as one more, for looking up its parents.
    pub keys: u32,
    /// Bytes of one row that go into those keys, about.
    pub key_bytes: u64,
    /// For FULLTEXT keys that are made: how many bytes of a row are no text.
    pub not_text: u64,
    /// Tablespace files, of which each costs time: one for each partition before or after, whichever is more, and those of
    /// the FULLTEXT keys that are made. 0 counts as one.
    pub files: u32,
    /// Tables that are removed one after the other. 0 counts as one.
    pub tables: u32,
    /// Which part of the table's files is removed; more than definitions only in that.
    pub gone: f64,
    /// Which part of the remaining bytes of a row those keys read, each key counted; 0 without any.
    pub text_share: f64,
}

/// What is taken for the length of a value whose type says only how long it may be. Bytes.
const USUAL_LENGTH: u64 = 32;
/// The tables that InnoDB makes for a FULLTEXT key.
const FULLTEXT_FILES: usize = 6;
/// What InnoDB keeps beside the columns of a row: its header, its transaction and its undo. Bytes.
const ROW_HEAD: u64 = 25;

impl Job {
    /// The job of a statement of which nothing but the algorithm is known: one key, or a table with one.
    pub fn usual(algorithm: Algorithm) -> Self {
        let labour = match algorithm {
            Algorithm::Instant => Labour::Nothing,
            Algorithm::Nocopy => Labour::Keys,
            Algorithm::Inplace => Labour::Rebuild,
            Algorithm::Copy => Labour::Copy,
        };
        Self { labour, keys: 1, key_bytes: USUAL_LENGTH, ..Self::default() }
    }

    /// The job of a statement that was judged on these tables. Of an unknown table the keys that the text names count.
    pub fn of(statement: &Statement, applied: &Applied, judgement: &Judgement) -> Self {
        let labour = match judgement.moves {
            Moves::Nothing => {
                let before = files(applied.before.as_deref());
                let files = count(before.max(files(applied.after.as_deref())));
                return Self { files, gone: gone(statement, before), ..Self::default() };
            }
            Moves::Reads => return Self::reading(statement, applied.before.as_deref()),
            Moves::Keys => Labour::Keys,
            Moves::Rows if judgement.algorithm.is_some_and(|algorithm| algorithm < Algorithm::Copy) => Labour::Rebuild,
            // At worst all rows are in the partitions concerned, and partitions are copied row by row.
            Moves::Rows | Moves::Partitions => Labour::Copy,
        };
        let Some(after) = applied.after.as_deref() else {
            let named =
                |operation: &&Operation| matches!(operation, Operation::AddKey(_) | Operation::AddForeignKey(_));
            let keys = count(statement.operations().into_iter().filter(named).count()).max(1);
            return Self { labour, keys, key_bytes: u64::from(keys) * USUAL_LENGTH, ..Self::default() };
        };
        let before = applied.before.as_deref();
        let new = |key: &&Key| {
            labour != Labour::Keys || before.is_none_or(|before| !before.keys.iter().any(|old| old.id == key.id))
        };
        let made: Vec<&Key> = after.keys.iter().filter(|key| key.kind != KeyKind::Primary).filter(new).collect();
        let is_new = |name: &str| before.is_some_and(|before| before.foreign_key(name).is_none());
        let parents = after.foreign_keys.iter().filter(|key| is_new(&key.name)).count();
        let text: f64 = made.iter().filter(|key| key.kind == KeyKind::Fulltext).map(|key| text_share(key, after)).sum();
        let plain = made.iter().filter(|key| key.kind != KeyKind::Fulltext);
        let of_text = FULLTEXT_FILES * (made.len() - plain.clone().count());
        Self {
            labour,
            files: count(files(before).max(files(Some(after))) + of_text),
            keys: count(plain.clone().count() + parents),
            gone: 0.0,
            tables: 0,
            key_bytes: plain.map(|key| columns(key, after).map(length).sum::<u64>()).sum(),
            not_text: ROW_HEAD + after.columns.iter().filter_map(fixed).sum::<u64>(),
            text_share: text,
        }
    }
}

/// How many columns a table is taken to have that is not known.
const USUAL_COLUMNS: usize = 10;
/// What it costs to look at a row one by one, and at each of its columns where statistics are gathered, as bytes of a key
/// that is built. On a million rows of 73 MB with four columns, three servers on one busy machine, EXCHANGE PARTITION took
/// 0.4 s and ANALYZE .. PERSISTENT FOR ALL 1.0 s, where these costs say 1.0 and 2.2.
const A_LOOK: [u64; 2] = [40, 20];

impl Job {
    /// The job of a statement that reads every row and writes none.
    fn reading(statement: &Statement, table: Option<&Table>) -> Self {
        let gathers = |operation: &Operation| matches!(operation, Operation::Partition(op) if matches!(**op, PartitionOp::Analyze { .. }));
        let columns = match table {
            _ if statement.kind != Kind::AnalyzeTable && !statement.operations().into_iter().any(gathers) => 0,
            Some(table) => table.columns.len(),
            None => USUAL_COLUMNS,
        };
        let key_bytes = A_LOOK[0] + A_LOOK[1] * u64::from(count(columns));
        // Files are opened as for a change of the definition, which is a fifth of what building keys costs in each.
        Self { labour: Labour::Keys, key_bytes, files: count(files(table)) / 5, ..Self::default() }
    }
}

fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}

/// Files of a table: one for each partition or subpartition.
fn files(table: Option<&Table>) -> usize {
    let Some(table) = table else { return 0 };
    let partitions = table.partitioning.iter().flat_map(|partitioning| &partitioning.partitions);
    partitions.map(|partition| partition.subpartitions.len().max(1)).sum::<usize>().max(1)
}

/// Which part of a table of so many files is thrown away.
fn gone(statement: &Statement, files: usize) -> f64 {
    let of = |names: usize| f64::from(count(names)) / f64::from(count(files.max(1)));
    let part = |operation: &Operation| {
        let Operation::Partition(maintenance) = operation else { return 0.0 };
        match maintenance.as_ref() {
            PartitionOp::Drop { names, .. } | PartitionOp::Truncate(PartitionNames::Names(names)) => of(names.len()),
            PartitionOp::Truncate(PartitionNames::All) => 1.0,
            _ => 0.0,
        }
    };
    match &statement.body {
        Body::Drop(drop) if matches!(statement.kind, Kind::DropTable | Kind::DropDatabase) && !drop.temporary => 1.0,
        Body::TruncateTable { .. } => 1.0,
        _ => statement.operations().into_iter().map(part).sum::<f64>().min(1.0),
    }
}

fn columns<'a>(key: &'a Key, table: &'a Table) -> impl Iterator<Item = &'a Column> {
    key.parts.iter().filter_map(|part| table.column_by_id(part.column))
}

fn length(column: &Column) -> u64 {
    fixed(column).unwrap_or_else(|| column.data_type.length.unwrap_or(USUAL_LENGTH).min(USUAL_LENGTH))
}

/// Which part of all text of a row the key reads, taking columns to be as full as their types are long.
fn text_share(key: &Key, table: &Table) -> f64 {
    let room = |column: &Column| match fixed(column) {
        Some(_) => 0.0,
        // The lengths of TEXT and BLOB say nothing: they stand for some long value.
        #[allow(clippy::cast_precision_loss, reason = "a share")]
        None => column.data_type.length.unwrap_or(1000) as f64,
    };
    let all: f64 = table.columns.iter().map(room).sum();
    if all > 0.0 { columns(key, table).map(room).sum::<f64>() / all } else { 1.0 }
}

/// The bytes of a value where its type alone says them; 0 for what is not stored.
fn fixed(column: &Column) -> Option<u64> {
    use BaseType as T;
    if column.generated.as_ref().is_some_and(|generated| generated.kind == crate::ddl::ast::GeneratedKind::Virtual) {
        return Some(0);
    }
    Some(match column.data_type.base {
        T::TinyInt | T::Year => 1,
        T::SmallInt | T::Enum => 2,
        T::MediumInt | T::Date | T::Time => 3,
        T::Int | T::Float | T::Timestamp | T::Inet4 => 4,
        T::BigInt | T::Double | T::DateTime | T::Decimal | T::Bit | T::Set => 8,
        T::Uuid | T::Inet6 => 16,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ddl::model::{Catalog, Settings};
    use crate::ddl::{ServerProfile, judge};
    use crate::sql::{Dialect, ServerVersion};

    fn job(table: &str, sql: &str) -> Job {
        let version = ServerVersion::new(10, 11, 19);
        let mut catalog = Catalog::new(Settings::of(version));
        let dialect = Dialect::new(version);
        catalog.apply(&crate::ddl::parse(table, dialect), table, Some("app"));
        let tree = crate::ddl::parse(sql, dialect);
        let applied = catalog.apply(&tree, sql, Some("app"));
        Job::of(&tree, &applied, &judge(&tree, sql, &applied, &ServerProfile::of(version)))
    }

    const PLAIN: &str = "CREATE TABLE t (id INT PRIMARY KEY, v TEXT) ENGINE=InnoDB";
    const PARTED: &str = "CREATE TABLE t (id INT PRIMARY KEY, v TEXT) ENGINE=InnoDB PARTITION BY RANGE (id) \
        (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20), PARTITION p2 VALUES LESS THAN (30), \
        PARTITION p3 VALUES LESS THAN MAXVALUE)";

    #[test]
    fn files_are_counted_on_the_side_that_has_more() {
        for (table, sql, files) in [
            (PLAIN, "ALTER TABLE t FORCE", 1),
            (PLAIN, "ALTER TABLE t PARTITION BY HASH (id) PARTITIONS 8", 8),
            (PARTED, "ALTER TABLE t REMOVE PARTITIONING", 4),
            (PARTED, "ALTER TABLE t ADD COLUMN c INT", 4),
            (PLAIN, "ALTER TABLE t ADD FULLTEXT (v)", 7),
        ] {
            assert_eq!(job(table, sql).files, files, "{sql}");
        }
    }

    #[test]
    fn reading_every_row_is_work_although_nothing_is_written() {
        for (table, sql, labour, key_bytes) in [
            (PARTED, "ALTER TABLE t EXCHANGE PARTITION p0 WITH TABLE u", Labour::Keys, 40),
            (PARTED, "ALTER TABLE t EXCHANGE PARTITION p0 WITH TABLE u WITHOUT VALIDATION", Labour::Nothing, 0),
            (PARTED, "ALTER TABLE t CONVERT TABLE u TO PARTITION p9 VALUES LESS THAN (99)", Labour::Keys, 40),
            (PARTED, "ALTER TABLE t ANALYZE PARTITION p0 PERSISTENT FOR ALL", Labour::Keys, 80),
            (PARTED, "ALTER TABLE t ANALYZE PARTITION p0", Labour::Nothing, 0),
            (PARTED, "ALTER TABLE t OPTIMIZE PARTITION p0", Labour::Rebuild, 0),
            (PLAIN, "ANALYZE TABLE t PERSISTENT FOR ALL", Labour::Keys, 80),
            (PLAIN, "ANALYZE TABLE t", Labour::Nothing, 0),
        ] {
            let job = job(table, sql);
            assert_eq!((job.labour, job.key_bytes), (labour, key_bytes), "{sql}");
        }
    }

    #[test]
    fn what_is_thrown_away_is_a_part_of_the_table() {
        for (table, sql, part) in [
            (PLAIN, "DROP TABLE t", 1.0),
            (PLAIN, "TRUNCATE TABLE t", 1.0),
            (PLAIN, "ALTER TABLE t DROP COLUMN v", 0.0),
            (PARTED, "ALTER TABLE t DROP PARTITION p0", 0.25),
            (PARTED, "ALTER TABLE t TRUNCATE PARTITION p0, p1", 0.5),
            (PARTED, "ALTER TABLE t TRUNCATE PARTITION ALL", 1.0),
            (PLAIN, "DROP DATABASE app", 1.0),
            (PLAIN, "DROP VIEW v", 0.0),
            (PLAIN, "DROP TEMPORARY TABLE t", 0.0),
        ] {
            assert!((job(table, sql).gone - part).abs() < 1e-9, "{sql}");
        }
    }
}
