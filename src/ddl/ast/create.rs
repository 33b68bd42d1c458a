//! CREATE and DROP of tables, indexes, views, sequences and databases.

use super::{
    Append, CheckDef, ColumnDef, ForeignKeyDef, Ident, KeyDef, LockWait, ObjectName, PartitionBy, TableOption,
};
use crate::sql::Span;

/// Where the columns of a new table come from, besides its own definitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateSource {
    /// LIKE t
    Like(ObjectName),
    /// [AS] SELECT, VALUES, TABLE or WITH: the query.
    Query(Span),
}

/// CREATE TABLE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateTable {
    /// The table.
    pub table: ObjectName,
    /// OR REPLACE.
    pub or_replace: bool,
    /// TEMPORARY.
    pub temporary: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// The columns.
    pub columns: Vec<ColumnDef>,
    /// The keys; those of column definitions stand there.
    pub keys: Vec<KeyDef>,
    /// The foreign keys; those of column definitions stand there.
    pub foreign_keys: Vec<ForeignKeyDef>,
    /// The table's checks; those of column definitions stand there.
    pub checks: Vec<CheckDef>,
    /// PERIOD FOR name (start, end).
    pub periods: Vec<(Ident, Ident, Ident)>,
    /// WITH SYSTEM VERSIONING.
    pub system_versioning: bool,
    /// The options, in order.
    pub options: Vec<TableOption>,
    /// PARTITION BY.
    pub partition_by: Option<PartitionBy>,
    /// LIKE or a query.
    pub source: Option<CreateSource>,
    /// Parts that were not understood. Whatever rests on the whole definition is then unknown.
    pub unknown: Vec<Span>,
}

/// CREATE INDEX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateIndex {
    /// The table.
    pub table: ObjectName,
    /// OR REPLACE.
    pub or_replace: bool,
    /// The key, as if added by ALTER TABLE.
    pub key: KeyDef,
    /// WAIT or NOWAIT.
    pub wait: Option<LockWait>,
    /// ALGORITHM, in upper case.
    pub algorithm: Option<String>,
    /// LOCK, in upper case.
    pub lock: Option<String>,
    /// Where `ALGORITHM=.. LOCK=..` can be added.
    pub append: Append,
    /// Parts that were not understood.
    pub unknown: Vec<Span>,
}

/// DROP INDEX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DropIndex {
    /// The table.
    pub table: ObjectName,
    /// IF EXISTS.
    pub if_exists: bool,
    /// The key. `PRIMARY` in quotes is the primary key.
    pub name: Ident,
    /// WAIT or NOWAIT.
    pub wait: Option<LockWait>,
    /// Parts that were not understood.
    pub unknown: Vec<Span>,
}

/// CREATE VIEW.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateView {
    /// The view.
    pub view: ObjectName,
    /// OR REPLACE; also ALTER VIEW.
    pub or_replace: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// The names of its columns, where they are written.
    pub columns: Vec<Ident>,
    /// The query.
    pub query: Span,
}

/// CREATE or ALTER SEQUENCE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceDef {
    /// The sequence.
    pub sequence: ObjectName,
    /// OR REPLACE.
    pub or_replace: bool,
    /// TEMPORARY.
    pub temporary: bool,
    /// IF [NOT] EXISTS.
    pub if_clause: bool,
    /// `start`, `increment`, `minvalue`, `maxvalue`, `cache`, `cycle`, `restart`, `as`, and table options.
    pub options: Vec<TableOption>,
}

/// CREATE or ALTER DATABASE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseDef {
    /// The database; ALTER DATABASE without a name alters the default one.
    pub name: Option<Ident>,
    /// OR REPLACE.
    pub or_replace: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// CHARACTER SET, COLLATE, COMMENT.
    pub options: Vec<TableOption>,
}

/// DROP TABLE, VIEW, SEQUENCE, DATABASE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DropObjects {
    /// TEMPORARY.
    pub temporary: bool,
    /// IF EXISTS.
    pub if_exists: bool,
    /// What is dropped.
    pub names: Vec<ObjectName>,
    /// WAIT or NOWAIT.
    pub wait: Option<LockWait>,
}
