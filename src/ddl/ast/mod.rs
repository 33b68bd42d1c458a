//! What a statement says, clause by clause.
//!
//! The tree is a view onto the statement's text: every node knows the bytes that it was read from, so a tool edits
//! by inserting text and never prints a tree. Names and literals are held without their quotes. Spans count from
//! the first byte of the statement that was parsed.

mod alter;
mod column;
mod create;
mod expr;
mod json;
mod key;
mod kind;
mod options;
mod partition;
mod statement;
mod types;

pub use alter::{AlterTable, Append, Clause, LockWait, Operation, PartitionNames, PartitionOp};
pub use column::{ColumnDef, ColumnKey, ColumnPosition, DefaultValue, Generated, GeneratedKind};
pub use create::{
    CreateIndex, CreateSource, CreateTable, CreateView, DatabaseDef, DropIndex, DropObjects, SequenceDef,
};
pub use expr::{Expr, ExprFacts};
pub use key::{CheckDef, ForeignKeyDef, IndexType, KeyDef, KeyOption, KeyPart, KeyType, References, ReferentialAction};
pub use kind::{Class, Kind};
pub use options::TableOption;
pub use partition::{PartitionBy, PartitionDef, PartitionMethod, PartitionValues, SubpartitionBy, SubpartitionDef};
pub use statement::{Assignment, Body, Maintenance, Rename, Scope, Statement};
pub use types::{DataType, TypeName};

use crate::sql::Span;

/// An identifier, without its quotes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ident {
    /// What it names: `` `we``ird` `` is ``we`ird``.
    pub value: String,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// The name of a table or another object of a database.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectName {
    /// The database, where it was written.
    pub database: Option<Ident>,
    /// The name within the database.
    pub name: Ident,
}

impl ObjectName {
    /// From the first byte of the database to the last byte of the name.
    pub fn span(&self) -> Span {
        self.database.as_ref().map_or(self.name.span, |database| database.span.to(self.name.span))
    }

    /// The database's name, with `default` where none was written.
    pub fn database_or<'a>(&'a self, default: Option<&'a str>) -> Option<&'a str> {
        self.database.as_ref().map(|database| database.value.as_str()).or(default)
    }

    /// `db.table`, or `table` where no database is known.
    pub fn qualified(&self, default: Option<&str>) -> String {
        match self.database_or(default) {
            Some(database) => format!("{database}.{}", self.name.value),
            None => self.name.value.clone(),
        }
    }
}
