//! A table.

use std::collections::BTreeMap;

use super::ColumnType;
use crate::ddl::ast::{GeneratedKind, IndexType, PartitionMethod, ReferentialAction};

/// A column's identity: it survives renames, so that the table before and after a statement can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnId(pub u32);

/// A key's identity: it survives renames, and changes when a key is dropped and added again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u32);

/// Who sees a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// Everyone.
    Visible,
    /// INVISIBLE: whoever names it.
    Invisible,
    /// Implicit `row_start` and `row_end` of system versioning.
    System,
}

/// The value that a column gets when an INSERT does not name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ColumnDefault {
    /// There is none: the column is NOT NULL without DEFAULT, generated, or AUTO_INCREMENT.
    None,
    /// NULL, written or implied.
    Null,
    /// A literal, its text as written.
    Literal(String),
    /// CURRENT_TIMESTAMP.
    Now,
    /// Another expression, its text.
    Expression {
        /// As it was written.
        text: String,
        /// Two evaluations may differ.
        volatile: bool,
        /// It reads other columns.
        reads_columns: bool,
        /// The functions that it calls, in lower case.
        functions: Vec<String>,
        /// It reads a user variable, `@name`.
        user_variables: bool,
    },
}

/// A generated column's expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Generated {
    /// As it was written.
    pub text: String,
    /// Virtual or stored.
    pub kind: GeneratedKind,
    /// The columns that it reads.
    pub columns: Vec<ColumnId>,
    /// The functions that it calls, in lower case.
    pub functions: Vec<String>,
}

/// A check.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Check {
    /// Its name; a column's own check has the column's name.
    pub name: String,
    /// The expression's text.
    pub text: String,
    /// The columns that it reads.
    pub columns: Vec<ColumnId>,
    /// It stands in this column's definition and goes when the column is redefined.
    pub column: Option<ColumnId>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its identity.
    pub id: ColumnId,
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: ColumnType,
    /// Whether NULL is a value of it.
    pub nullable: bool,
    /// AUTO_INCREMENT without NULL or NOT NULL. To write it so makes the column NOT NULL, but SHOW CREATE TABLE prints
    /// so only where ALTER TABLE gave AUTO_INCREMENT to a column that stayed nullable.
    pub maybe_nullable: bool,
    /// Its default.
    pub default: ColumnDefault,
    /// ON UPDATE CURRENT_TIMESTAMP.
    pub on_update_now: bool,
    /// AUTO_INCREMENT.
    pub auto_increment: bool,
    /// How it is computed, for a generated column.
    pub generated: Option<Generated>,
    /// Who sees it.
    pub visibility: Visibility,
    /// Its comment; empty for none.
    pub comment: String,
    /// WITHOUT SYSTEM VERSIONING.
    pub without_versioning: bool,
    /// GENERATED ALWAYS AS ROW START.
    pub row_start: bool,
    /// GENERATED ALWAYS AS ROW END.
    pub row_end: bool,
    /// COMPRESSED, with the method where one was named.
    pub compressed: Option<Option<String>>,
    /// Attributes that engines define, and STORAGE, COLUMN_FORMAT.
    pub options: BTreeMap<String, String>,
}

impl Column {
    /// Whether it is computed whenever it is read.
    pub fn is_virtual(&self) -> bool {
        self.generated.as_ref().is_some_and(|generated| generated.kind == GeneratedKind::Virtual)
    }
}

/// The kinds of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// PRIMARY KEY
    Primary,
    /// UNIQUE
    Unique,
    /// INDEX
    Index,
    /// FULLTEXT
    Fulltext,
    /// SPATIAL
    Spatial,
    /// VECTOR
    Vector,
}

/// One column of a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyPart {
    /// The column.
    pub column: ColumnId,
    /// The prefix in characters (bytes for binary types), where the key does not hold whole values.
    pub prefix: Option<u64>,
    /// DESC.
    pub descending: bool,
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its identity.
    pub id: KeyId,
    /// Its name; `PRIMARY` for the primary key.
    pub name: String,
    /// Which kind.
    pub kind: KeyKind,
    /// Its columns.
    pub parts: Vec<KeyPart>,
    /// USING, where it was written.
    pub using: Option<IndexType>,
    /// A unique key that is kept as a hash of its values, in a hidden virtual column: too long for an index (blobs
    /// without prefix, long strings) or USING HASH on an engine without hash indexes.
    pub long_hash: bool,
    /// IGNORED.
    pub ignored: bool,
    /// Made by the server for a foreign key: it goes silently when another key can do its work.
    pub generated_for_fk: bool,
    /// WITHOUT OVERLAPS of this period.
    pub without_overlaps: Option<String>,
    /// Its comment; empty for none.
    pub comment: String,
    /// WITH PARSER.
    pub parser: Option<String>,
    /// KEY_BLOCK_SIZE in KiB.
    pub key_block_size: Option<u64>,
    /// CLUSTERING, and what engines define: `m`, `distance`.
    pub options: BTreeMap<String, String>,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<ColumnId>,
    /// The parent's database; `None` for the same one.
    pub parent_database: Option<String>,
    /// The parent table.
    pub parent_table: String,
    /// The parent's columns.
    pub parent_columns: Vec<String>,
    /// ON DELETE; RESTRICT where nothing was written.
    pub on_delete: ReferentialAction,
    /// ON UPDATE; RESTRICT where nothing was written.
    pub on_update: ReferentialAction,
}

/// A period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its name.
    pub name: String,
    /// The column with the start.
    pub start: ColumnId,
    /// The column with the end.
    pub end: ColumnId,
}

/// System versioning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioning {
    /// The columns of the period: named ones, or the hidden `row_start` and `row_end`.
    pub start: ColumnId,
    /// See `start`.
    pub end: ColumnId,
    /// The columns are BIGINT UNSIGNED transaction numbers, not timestamps.
    pub by_transaction: bool,
}

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its name; `p0`, `p1`, .. where the server named it.
    pub name: String,
    /// VALUES as written, such as `LESS THAN (10)`, for all but HASH and KEY.
    pub values: Option<String>,
    /// The names of its subpartitions, where there are any.
    pub subpartitions: Vec<String>,
    /// Its options.
    pub options: BTreeMap<String, String>,
}

/// Partitioning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partitioning {
    /// The method, as it was written. Its spans belong to the statement that wrote it: use [`Self::text`] instead.
    pub method: PartitionMethod,
    /// The method and its expression, as written: `RANGE (YEAR(d))`.
    pub text: String,
    /// The columns that decide on a row's partition.
    pub columns: Vec<ColumnId>,
    /// The partitions in order.
    pub partitions: Vec<Partition>,
    /// SUBPARTITION BY, as written.
    pub subpartition: Option<String>,
    /// The columns that decide on a row's subpartition.
    pub subpartition_columns: Vec<ColumnId>,
}

/// Table options.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableOptions {
    /// The engine as the server spells it: `InnoDB`, `MyISAM`, `Aria`, `MEMORY`.
    pub engine: String,
    /// ROW_FORMAT in upper case, where it was written and is not DEFAULT.
    pub row_format: Option<String>,
    /// The default character set; `None` where it is not known.
    pub charset: Option<String>,
    /// The default collation; `None` where it is not known.
    pub collation: Option<String>,
    /// The comment; empty for none.
    pub comment: String,
    /// KEY_BLOCK_SIZE in KiB.
    pub key_block_size: Option<u64>,
    /// AUTO_INCREMENT, the next value.
    pub auto_increment: Option<u64>,
    /// All others, in lower case: `page_compressed`, `encrypted`, `stats_persistent`, `transactional`, `checksum`, ...
    pub others: BTreeMap<String, String>,
}

/// Whether InnoDB keeps a hidden column FTS_DOC_ID, which a FULLTEXT key brings and leaves behind when it goes. No
/// definition shows it; columns of such a table are never added, dropped or moved instantly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HiddenDocId {
    /// Nobody knows what became of the table before.
    Unknown,
    /// A FULLTEXT key stands, or was dropped by a statement that was followed.
    There,
    /// The table was made, or built anew, by a statement that was followed, without a FULLTEXT key.
    Gone,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its database; `None` where none was named and no USE stands before it.
    pub database: Option<String>,
    /// Its name.
    pub name: String,
    /// TEMPORARY.
    pub temporary: bool,
    /// The columns in order, hidden ones of system versioning included at the end.
    pub columns: Vec<Column>,
    /// The keys, in the order in which the server keeps them: primary, unique without NULL, other unique, the rest,
    /// FULLTEXT last. Certification keys are numbered by it.
    pub keys: Vec<Key>,
    /// The foreign keys of this table as the child.
    pub foreign_keys: Vec<ForeignKey>,
    /// The checks.
    pub checks: Vec<Check>,
    /// Application periods.
    pub periods: Vec<Period>,
    /// System versioning.
    pub versioning: Option<Versioning>,
    /// Partitioning.
    pub partitioning: Option<Partitioning>,
    /// The options.
    pub options: TableOptions,
    /// The definition held something that was not understood, or came from a query: what is here is a part of the
    /// truth. The worst case must be assumed.
    pub incomplete: bool,
    /// What a FULLTEXT key may have left behind.
    pub hidden_doc_id: HiddenDocId,
    /// The next identity to give away.
    pub(super) next_id: u32,
}

impl Table {
    /// A column by name; names of columns are compared without case.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| same_name(&column.name, name))
    }

    /// A column by identity.
    pub fn column_by_id(&self, id: ColumnId) -> Option<&Column> {
        self.columns.iter().find(|column| column.id == id)
    }

    /// Where a column stands, from 0.
    pub fn column_index(&self, id: ColumnId) -> Option<usize> {
        self.columns.iter().position(|column| column.id == id)
    }

    /// A key by name, compared without case.
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|key| same_name(&key.name, name))
    }

    /// The primary key that was declared.
    pub fn primary_key(&self) -> Option<&Key> {
        self.keys.iter().find(|key| key.kind == KeyKind::Primary)
    }

    /// What InnoDB clusters by: the primary key, else the first unique key whose columns are all NOT NULL and whole;
    /// `None` stands for its hidden row number.
    pub fn clustered_key(&self) -> Option<&Key> {
        self.primary_key().or_else(|| {
            self.keys.iter().find(|key| {
                key.kind == KeyKind::Unique
                    && !key.long_hash
                    && key.parts.iter().all(|part| {
                        part.prefix.is_none() && self.column_by_id(part.column).is_some_and(|column| !column.nullable)
                    })
            })
        })
    }

    /// Unique keys over whole columns, all of them among `columns`: rows that agree in `columns` would agree in such a
    /// key, so it already forbids them. Rows with a NULL among `columns` never agree.
    pub fn unique_keys_within(&self, columns: &[ColumnId]) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(|key| {
            matches!(key.kind, KeyKind::Primary | KeyKind::Unique)
                && key.without_overlaps.is_none()
                && key.parts.iter().all(|part| part.prefix.is_none() && columns.contains(&part.column))
        })
    }

    /// Whether the engine is InnoDB.
    pub fn is_innodb(&self) -> bool {
        self.options.engine.eq_ignore_ascii_case("innodb")
    }

    /// Whether a FULLTEXT key of InnoDB numbers its documents in a hidden column.
    pub(super) fn needs_doc_id(&self) -> bool {
        self.is_innodb()
            && self.column("FTS_DOC_ID").is_none()
            && self.keys.iter().any(|key| key.kind == KeyKind::Fulltext)
    }

    /// Whether two tables differ in nothing but their names.
    pub(crate) fn same_but_name(&self, other: &Self) -> bool {
        let mut other = other.clone();
        other.database.clone_from(&self.database);
        other.name.clone_from(&self.name);
        other.next_id = self.next_id;
        if self.foreign_keys.len() == other.foreign_keys.len() {
            // Foreign keys that were named after the table, and those that refer to it, follow its name.
            other.foreign_keys.clone_from(&self.foreign_keys);
        }
        *self == other
    }

    /// A foreign key by name, compared without case.
    pub fn foreign_key(&self, name: &str) -> Option<&ForeignKey> {
        self.foreign_keys.iter().find(|key| same_name(&key.name, name))
    }
}

/// Whether two names of columns, keys or constraints are the same to the server: it compares them without case.
pub(crate) fn same_name(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || (!a.is_ascii() && a.to_lowercase() == b.to_lowercase())
}
