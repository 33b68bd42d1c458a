//! Partitioning.

use super::{Expr, Ident, TableOption};
use crate::sql::Span;

/// How rows find their partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartitionMethod {
    /// [LINEAR] HASH (expression)
    Hash {
        /// LINEAR.
        linear: bool,
        /// Must be an integer.
        expr: Expr,
    },
    /// [LINEAR] KEY (columns)
    Key {
        /// LINEAR.
        linear: bool,
        /// ALGORITHM={1|2}.
        algorithm: Option<u32>,
        /// Empty stands for the primary key.
        columns: Vec<Ident>,
    },
    /// RANGE (expression)
    Range(Expr),
    /// RANGE COLUMNS (columns)
    RangeColumns(Vec<Ident>),
    /// LIST (expression)
    List(Expr),
    /// LIST COLUMNS (columns)
    ListColumns(Vec<Ident>),
    /// SYSTEM_TIME, with INTERVAL, LIMIT, STARTS and AUTO as text.
    SystemTime(Span),
}

/// SUBPARTITION BY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubpartitionBy {
    /// Hash or key.
    pub method: PartitionMethod,
    /// SUBPARTITIONS n.
    pub count: Option<u32>,
}

/// VALUES of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartitionValues {
    /// VALUES LESS THAN (..), the text in parentheses.
    LessThan(Span),
    /// VALUES LESS THAN MAXVALUE
    MaxValue,
    /// VALUES IN (..), the text in parentheses.
    In(Span),
    /// DEFAULT, of a list.
    Default,
    /// HISTORY, of SYSTEM_TIME.
    History,
    /// CURRENT, of SYSTEM_TIME.
    Current,
}

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionDef {
    /// The definition.
    pub span: Span,
    /// Its name.
    pub name: Ident,
    /// Which rows go there; none for HASH and KEY.
    pub values: Option<PartitionValues>,
    /// ENGINE, COMMENT, DATA DIRECTORY, MAX_ROWS, ...
    pub options: Vec<TableOption>,
    /// Its subpartitions, where they are named.
    pub subpartitions: Vec<SubpartitionDef>,
}

/// One subpartition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubpartitionDef {
    /// The definition.
    pub span: Span,
    /// Its name.
    pub name: Ident,
    /// Its options.
    pub options: Vec<TableOption>,
}

/// PARTITION BY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionBy {
    /// From PARTITION to the last definition.
    pub span: Span,
    /// The method.
    pub method: PartitionMethod,
    /// PARTITIONS n.
    pub count: Option<u32>,
    /// SUBPARTITION BY.
    pub subpartition: Option<SubpartitionBy>,
    /// The partitions, where they are named.
    pub partitions: Vec<PartitionDef>,
}
