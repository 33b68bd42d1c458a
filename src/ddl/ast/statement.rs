//! A statement as a whole.

use super::{
    AlterTable, CreateIndex, CreateTable, CreateView, DatabaseDef, DropIndex, DropObjects, Ident, Kind, LockWait,
    ObjectName, Operation, SequenceDef,
};
use crate::sql::Span;

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What its head says.
    pub kind: Kind,
    /// What it acts on, most important first: the table, view, routine, user, ...
    pub objects: Vec<ObjectName>,
    /// What was read of it.
    pub body: Body,
    /// The variables of `SET STATEMENT .. FOR`, which hold for this statement only.
    pub set_statement: Vec<Assignment>,
    /// The statement without `SET STATEMENT .. FOR`.
    pub span: Span,
}

impl Statement {
    /// The clauses of ALTER TABLE and of what works like it; other statements have none.
    pub fn operations(&self) -> Vec<&Operation> {
        match &self.body {
            Body::AlterTable(alter) => alter.operations().collect(),
            _ => Vec::new(),
        }
    }
}

/// What was read of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// ALTER TABLE
    AlterTable(Box<AlterTable>),
    /// CREATE TABLE
    CreateTable(Box<CreateTable>),
    /// CREATE INDEX
    CreateIndex(Box<CreateIndex>),
    /// DROP INDEX
    DropIndex(Box<DropIndex>),
    /// RENAME TABLE
    RenameTable {
        /// IF EXISTS.
        if_exists: bool,
        /// In order; each sees what the ones before it did.
        renames: Vec<Rename>,
    },
    /// TRUNCATE TABLE
    TruncateTable {
        /// The table.
        table: ObjectName,
        /// WAIT or NOWAIT.
        wait: Option<LockWait>,
    },
    /// DROP TABLE, VIEW, SEQUENCE, DATABASE
    Drop(DropObjects),
    /// OPTIMIZE, ANALYZE, CHECK, REPAIR, CHECKSUM TABLE
    Maintenance(Maintenance),
    /// CREATE VIEW, ALTER VIEW
    View(Box<CreateView>),
    /// CREATE SEQUENCE, ALTER SEQUENCE
    Sequence(Box<SequenceDef>),
    /// CREATE DATABASE, ALTER DATABASE
    Database(DatabaseDef),
    /// USE db
    Use(Ident),
    /// SET
    Set(Vec<Assignment>),
    /// Only the head was read; that is enough for this kind.
    Head,
    /// The head is known, but something behind it was not understood.
    Opaque,
}

/// One pair of RENAME TABLE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// The old name.
    pub from: ObjectName,
    /// The new name.
    pub to: ObjectName,
}

/// OPTIMIZE, ANALYZE, CHECK, REPAIR, CHECKSUM TABLE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maintenance {
    /// LOCAL or NO_WRITE_TO_BINLOG: not replicated.
    pub local: bool,
    /// The tables.
    pub tables: Vec<ObjectName>,
    /// ANALYZE .. PERSISTENT FOR: every row is read, not a sample.
    pub persistent: bool,
    /// WAIT or NOWAIT.
    pub wait: Option<LockWait>,
}

/// Whose variable is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// SESSION, LOCAL, or nothing.
    Session,
    /// GLOBAL
    Global,
    /// `@x`
    User,
}

/// One `name = value` of SET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Whose variable.
    pub scope: Scope,
    /// The variable in lower case, without `@`.
    pub name: String,
    /// The value's text.
    pub value: Span,
}
