//! Keys, foreign keys and checks.

use super::{Expr, Ident, ObjectName, TableOption};
use crate::sql::Span;

/// The kinds of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// PRIMARY KEY
    Primary,
    /// UNIQUE
    Unique,
    /// INDEX, KEY
    Plain,
    /// FULLTEXT
    Fulltext,
    /// SPATIAL
    Spatial,
    /// VECTOR
    Vector,
}

/// USING.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IndexType {
    /// BTREE
    Btree,
    /// HASH
    Hash,
    /// RTREE
    Rtree,
}

/// One column of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPart {
    /// The column and what follows it.
    pub span: Span,
    /// The column.
    pub column: Ident,
    /// A prefix, in characters for text and bytes otherwise.
    pub prefix: Option<u64>,
    /// DESC.
    pub descending: bool,
}

/// An option of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyOption {
    /// USING or TYPE.
    Using(IndexType),
    /// KEY_BLOCK_SIZE, in KiB as it is written.
    KeyBlockSize(u64),
    /// COMMENT.
    Comment(String),
    /// WITH PARSER.
    Parser(String),
    /// IGNORED (true) or NOT IGNORED.
    Ignored(bool),
    /// CLUSTERING=YES.
    Clustering(bool),
    /// `M=`, `DISTANCE=` of a vector key, and what other engines define.
    Other(TableOption),
}

/// A key, as it stands in CREATE TABLE, ADD or CREATE INDEX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDef {
    /// The definition.
    pub span: Span,
    /// Which kind.
    pub key_type: KeyType,
    /// The name behind CONSTRAINT; it becomes the key's name where no other is written. The primary key ignores it.
    pub constraint: Option<Ident>,
    /// The name.
    pub name: Option<Ident>,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// The columns.
    pub parts: Vec<KeyPart>,
    /// `period WITHOUT OVERLAPS`: the period.
    pub without_overlaps: Option<Ident>,
    /// The options, in order.
    pub options: Vec<KeyOption>,
}

impl KeyDef {
    /// The name that was written: the key's own, else the constraint's.
    pub fn written_name(&self) -> Option<&Ident> {
        self.name.as_ref().or(self.constraint.as_ref())
    }

    /// The access method of USING; the last one counts.
    pub fn using(&self) -> Option<IndexType> {
        self.options.iter().rev().find_map(|option| match option {
            KeyOption::Using(index_type) => Some(*index_type),
            _ => None,
        })
    }
}

/// ON DELETE, ON UPDATE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReferentialAction {
    /// RESTRICT
    Restrict,
    /// CASCADE
    Cascade,
    /// SET NULL
    SetNull,
    /// SET DEFAULT
    SetDefault,
    /// NO ACTION
    NoAction,
}

/// REFERENCES.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct References {
    /// From REFERENCES to the last action.
    pub span: Span,
    /// The parent table.
    pub table: ObjectName,
    /// The parent's columns; empty stands for its primary key.
    pub columns: Vec<Ident>,
    /// ON DELETE.
    pub on_delete: Option<ReferentialAction>,
    /// ON UPDATE.
    pub on_update: Option<ReferentialAction>,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKeyDef {
    /// The definition.
    pub span: Span,
    /// The name behind CONSTRAINT.
    pub constraint: Option<Ident>,
    /// The name behind FOREIGN KEY.
    pub index_name: Option<Ident>,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// The columns.
    pub columns: Vec<Ident>,
    /// What they refer to.
    pub references: References,
}

impl ForeignKeyDef {
    /// The name that was written: the constraint's, else the index's.
    pub fn written_name(&self) -> Option<&Ident> {
        self.constraint.as_ref().or(self.index_name.as_ref())
    }
}

/// A check constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckDef {
    /// The definition.
    pub span: Span,
    /// The name behind CONSTRAINT.
    pub name: Option<Ident>,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// What must not be false.
    pub expr: Expr,
}
