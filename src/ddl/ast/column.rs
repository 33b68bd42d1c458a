//! Column definitions.

use super::{CheckDef, DataType, Expr, Ident, References, TableOption};
use crate::sql::Span;

/// Where a column is put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnPosition {
    /// FIRST
    First,
    /// AFTER column
    After(Ident),
}

/// A key that a column definition makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnKey {
    /// PRIMARY KEY, or KEY alone.
    Primary,
    /// UNIQUE, UNIQUE KEY.
    Unique,
}

/// The value of a column that an INSERT does not name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefaultValue {
    /// DEFAULT NULL
    Null,
    /// A literal.
    Literal(Expr),
    /// CURRENT_TIMESTAMP, NOW() and their synonyms.
    Now(Expr),
    /// Any other expression.
    Expression(Expr),
}

/// How the value of a generated column is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GeneratedKind {
    /// Computed when it is read. The default.
    Virtual,
    /// STORED or PERSISTENT: kept in the row.
    Stored,
}

/// `[GENERATED ALWAYS] AS (..)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The expression.
    pub expr: Expr,
    /// How it is kept.
    pub kind: GeneratedKind,
}

/// A column definition, as it stands in CREATE TABLE, ADD, MODIFY or CHANGE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDef {
    /// From the name to the last attribute, without FIRST or AFTER.
    pub span: Span,
    /// The column's name; after CHANGE the new one.
    pub name: Ident,
    /// The type.
    pub data_type: DataType,
    /// `Some(false)` for NOT NULL, `Some(true)` for NULL, `None` where neither is written.
    pub nullable: Option<bool>,
    /// DEFAULT.
    pub default: Option<DefaultValue>,
    /// ON UPDATE CURRENT_TIMESTAMP.
    pub on_update: Option<Expr>,
    /// AUTO_INCREMENT.
    pub auto_increment: bool,
    /// PRIMARY KEY or UNIQUE in the definition.
    pub key: Option<ColumnKey>,
    /// COMMENT.
    pub comment: Option<String>,
    /// A generated column.
    pub generated: Option<Generated>,
    /// INVISIBLE.
    pub invisible: bool,
    /// CHECK, with or without a name.
    pub check: Option<CheckDef>,
    /// REFERENCES in the column definition: a real foreign key in MariaDB.
    pub references: Option<References>,
    /// `Some(true)` for WITH, `Some(false)` for WITHOUT SYSTEM VERSIONING.
    pub system_versioning: Option<bool>,
    /// GENERATED ALWAYS AS ROW START.
    pub row_start: bool,
    /// GENERATED ALWAYS AS ROW END.
    pub row_end: bool,
    /// COMPRESSED, with its method where one is written.
    pub compressed: Option<Option<String>>,
    /// STORAGE, COLUMN_FORMAT and the attributes that engines define (`name=value`).
    pub options: Vec<TableOption>,
}
