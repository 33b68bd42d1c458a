//! ALTER TABLE, clause by clause.

use super::{
    CheckDef, ColumnDef, ColumnPosition, Expr, ForeignKeyDef, Ident, KeyDef, ObjectName, PartitionBy, PartitionDef,
    TableOption,
};
use crate::sql::Span;

/// WAIT n or NOWAIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LockWait {
    /// WAIT n: seconds.
    Seconds(u64),
    /// NOWAIT.
    NoWait,
}

/// Where `ALGORITHM=..` and `LOCK=..` can be added to a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Append {
    /// The byte of the statement at which the text goes in.
    pub at: u32,
    /// Whether the text starts with `, ` (it follows other clauses of ALTER TABLE) or a space.
    pub comma: bool,
}

/// ALTER TABLE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlterTable {
    /// The table.
    pub table: ObjectName,
    /// ALTER ONLINE TABLE: LOCK=NONE.
    pub online: bool,
    /// ALTER IGNORE TABLE: rows that violate a new unique key are dropped.
    pub ignore: bool,
    /// IF EXISTS.
    pub if_exists: bool,
    /// WAIT or NOWAIT.
    pub wait: Option<LockWait>,
    /// The clauses, in order. `ADD COLUMN (c INT, d INT)` is two.
    pub clauses: Vec<Clause>,
    /// ALGORITHM, in upper case; the last one counts.
    pub algorithm: Option<String>,
    /// LOCK, in upper case; the last one counts.
    pub lock: Option<String>,
    /// Where more clauses can be added; `None` where the grammar takes neither ALGORITHM nor LOCK.
    pub append: Option<Append>,
}

impl AlterTable {
    /// The operations, without their places.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.clauses.iter().map(|clause| &clause.operation)
    }
}

/// One clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// The clause without the comma around it. In `ADD COLUMN (c INT, d INT)` each column's definition.
    pub span: Span,
    /// What it does.
    pub operation: Operation,
}

/// Partitions that a maintenance clause names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartitionNames {
    /// ALL
    All,
    /// A list.
    Names(Vec<Ident>),
}

/// Partition maintenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartitionOp {
    /// ADD PARTITION (..)
    Add {
        /// IF NOT EXISTS.
        if_not_exists: bool,
        /// The new partitions, where they are named.
        partitions: Vec<PartitionDef>,
        /// PARTITIONS n, where they are not.
        count: Option<u32>,
    },
    /// DROP PARTITION
    Drop {
        /// IF EXISTS.
        if_exists: bool,
        /// Which.
        names: Vec<Ident>,
    },
    /// TRUNCATE PARTITION
    Truncate(PartitionNames),
    /// COALESCE PARTITION n
    Coalesce(u32),
    /// REORGANIZE PARTITION [.. INTO (..)]
    Reorganize {
        /// The old ones; empty where none is named.
        names: Vec<Ident>,
        /// The new ones.
        partitions: Vec<PartitionDef>,
    },
    /// EXCHANGE PARTITION p WITH TABLE t
    Exchange {
        /// The partition.
        partition: Ident,
        /// The table.
        table: ObjectName,
        /// WITH VALIDATION, the default; false for WITHOUT VALIDATION.
        validation: bool,
    },
    /// CONVERT PARTITION p TO TABLE t
    ConvertToTable {
        /// The partition.
        partition: Ident,
        /// The new table.
        table: ObjectName,
    },
    /// CONVERT TABLE t TO PARTITION p ..
    ConvertFromTable {
        /// The table, which disappears.
        table: ObjectName,
        /// The new partition.
        partition: PartitionDef,
        /// WITH VALIDATION, the default.
        validation: bool,
    },
    /// REBUILD PARTITION
    Rebuild(PartitionNames),
    /// ANALYZE PARTITION
    Analyze {
        /// Which.
        names: PartitionNames,
        /// PERSISTENT FOR: every row is read, not a sample.
        persistent: bool,
    },
    /// CHECK PARTITION
    Check(PartitionNames),
    /// OPTIMIZE PARTITION
    Optimize(PartitionNames),
    /// REPAIR PARTITION
    Repair(PartitionNames),
    /// DISCARD PARTITION .. TABLESPACE
    Discard(PartitionNames),
    /// IMPORT PARTITION .. TABLESPACE
    Import(PartitionNames),
}

impl PartitionOp {
    /// Whether the rows of the other table that it names are read, to see that they belong into the partition.
    pub fn reads_the_other(&self) -> bool {
        matches!(self, Self::Exchange { validation: true, .. } | Self::ConvertFromTable { validation: true, .. })
    }
}

/// What a clause does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// ADD [COLUMN] [IF NOT EXISTS] column [FIRST | AFTER c]
    AddColumn {
        /// IF NOT EXISTS.
        if_not_exists: bool,
        /// The column.
        column: Box<ColumnDef>,
        /// Where it goes; at the end where nothing is written.
        position: Option<ColumnPosition>,
    },
    /// DROP [COLUMN] [IF EXISTS] c
    DropColumn {
        /// IF EXISTS.
        if_exists: bool,
        /// The column.
        name: Ident,
    },
    /// MODIFY [COLUMN] [IF EXISTS] column [FIRST | AFTER c]
    ModifyColumn {
        /// IF EXISTS.
        if_exists: bool,
        /// The column.
        column: Box<ColumnDef>,
        /// Where it goes; where it was if nothing is written.
        position: Option<ColumnPosition>,
    },
    /// CHANGE [COLUMN] [IF EXISTS] old column [FIRST | AFTER c]
    ChangeColumn {
        /// IF EXISTS.
        if_exists: bool,
        /// The old name.
        old: Ident,
        /// The column, with its new name.
        column: Box<ColumnDef>,
        /// Where it goes; where it was if nothing is written.
        position: Option<ColumnPosition>,
    },
    /// ALTER [COLUMN] [IF EXISTS] c SET DEFAULT value
    SetDefault {
        /// IF EXISTS.
        if_exists: bool,
        /// The column.
        column: Ident,
        /// The value.
        default: super::DefaultValue,
    },
    /// ALTER [COLUMN] [IF EXISTS] c DROP DEFAULT
    DropDefault {
        /// IF EXISTS.
        if_exists: bool,
        /// The column.
        column: Ident,
    },
    /// RENAME COLUMN [IF EXISTS] a TO b
    RenameColumn {
        /// IF EXISTS.
        if_exists: bool,
        /// The old name.
        from: Ident,
        /// The new name.
        to: Ident,
    },
    /// ADD INDEX, KEY, UNIQUE, PRIMARY KEY, FULLTEXT, SPATIAL, VECTOR
    AddKey(Box<KeyDef>),
    /// DROP INDEX, DROP KEY
    DropKey {
        /// IF EXISTS.
        if_exists: bool,
        /// The key. `PRIMARY` in quotes is the primary key.
        name: Ident,
    },
    /// DROP PRIMARY KEY
    DropPrimaryKey {
        /// IF EXISTS.
        if_exists: bool,
    },
    /// RENAME INDEX, RENAME KEY
    RenameKey {
        /// IF EXISTS.
        if_exists: bool,
        /// The old name.
        from: Ident,
        /// The new name.
        to: Ident,
    },
    /// ALTER INDEX, ALTER KEY [NOT] IGNORED
    AlterKey {
        /// IF EXISTS.
        if_exists: bool,
        /// The key.
        name: Ident,
        /// IGNORED.
        ignored: bool,
    },
    /// ADD [CONSTRAINT] FOREIGN KEY
    AddForeignKey(Box<ForeignKeyDef>),
    /// DROP FOREIGN KEY
    DropForeignKey {
        /// IF EXISTS.
        if_exists: bool,
        /// The foreign key.
        name: Ident,
    },
    /// ADD [CONSTRAINT] CHECK
    AddCheck(Box<CheckDef>),
    /// DROP CONSTRAINT: a check, a foreign key or a unique key.
    DropConstraint {
        /// IF EXISTS.
        if_exists: bool,
        /// The constraint.
        name: Ident,
    },
    /// RENAME [TO | AS] t
    RenameTable(ObjectName),
    /// ADD PERIOD FOR p (s, e)
    AddPeriod {
        /// IF NOT EXISTS.
        if_not_exists: bool,
        /// The period; SYSTEM_TIME is the one of system versioning.
        name: Ident,
        /// The column with the start.
        start: Ident,
        /// The column with the end.
        end: Ident,
    },
    /// DROP PERIOD FOR p
    DropPeriod {
        /// IF EXISTS.
        if_exists: bool,
        /// The period.
        name: Ident,
    },
    /// ADD SYSTEM VERSIONING
    AddSystemVersioning,
    /// DROP SYSTEM VERSIONING
    DropSystemVersioning,
    /// One table option: ENGINE, ROW_FORMAT, COMMENT, ...
    Option(TableOption),
    /// CONVERT TO CHARACTER SET
    ConvertCharset {
        /// In lower case; `default` stands for the database's.
        charset: String,
        /// COLLATE, in lower case.
        collation: Option<String>,
    },
    /// FORCE
    Force,
    /// ENABLE KEYS (true), DISABLE KEYS (false)
    Keys(bool),
    /// ORDER BY, one column or expression each.
    OrderBy(Vec<Expr>),
    /// DISCARD TABLESPACE
    DiscardTablespace,
    /// IMPORT TABLESPACE
    ImportTablespace,
    /// ALGORITHM [=] x, in upper case
    Algorithm(String),
    /// LOCK [=] x, in upper case
    Lock(String),
    /// PARTITION BY
    PartitionBy(Box<PartitionBy>),
    /// REMOVE PARTITIONING
    RemovePartitioning,
    /// Partition maintenance.
    Partition(Box<PartitionOp>),
    /// Not understood. Judged as the worst case, never skipped.
    Opaque,
}
