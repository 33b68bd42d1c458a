//! How large the tables are: what `schema status --export-stats FILE` writes and `schema lint --stats FILE` reads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The sizes of a cluster's tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableStats {
    /// The version of this format: 1.
    pub v: u32,
    /// What `SELECT VERSION()` printed, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_version: Option<String>,
    /// By `db.table`.
    pub tables: BTreeMap<String, TableSize>,
}

/// One table's size, on the node where it is largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSize {
    /// Rows, as the server estimates them.
    pub rows: u64,
    /// Bytes of data and indexes.
    pub bytes: u64,
}

impl TableStats {
    /// The largest of the tables that are meant: without a database every table of that name is.
    pub fn size(&self, database: Option<&str>, table: &str) -> Option<TableSize> {
        if let Some(database) = database {
            return self.tables.get(&format!("{database}.{table}")).copied();
        }
        let named = self.tables.iter().filter(|(name, _)| name.split_once('.').is_some_and(|(_, own)| own == table));
        named.map(|(_, size)| *size).max_by_key(|size| size.bytes)
    }
}
