//! The tables as a server keeps them: what is implied is spelt out.
//!
//! A [`Catalog`] is read from a dump ([`Catalog::from_dump`]) or filled from the output of SHOW CREATE TABLE, and
//! follows statements ([`Catalog::apply`]), so that each statement of a file is judged on the schema that the ones
//! before it leave behind. A table that was never seen is unknown, which is not the same as absent.

mod alter;
mod apply;
mod build;
mod catalog;
mod charset;
mod keys;
mod resolve;
mod same;
mod settings;
mod table;
#[cfg(test)]
mod tests;
mod types;

pub use apply::Applied;
pub use catalog::{Catalog, Database, Lookup, Object};
pub use charset::bytes_per_character;
pub use settings::Settings;
pub(crate) use table::same_name;
pub use table::{
    Check, Column, ColumnDefault, ColumnId, ForeignKey, Generated, HiddenDocId, Key, KeyId, KeyKind, KeyPart,
    Partition, Partitioning, Period, Table, TableOptions, Versioning, Visibility,
};
pub use types::{BaseType, ColumnType};
