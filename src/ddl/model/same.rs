//! Whether two tables are the same to a server, whatever way led to them.

use std::collections::BTreeMap;

use super::{ColumnId, KeyId, Table};

impl Table {
    /// Whether SHOW CREATE TABLE would print the same for both: everything but the identities that the model gives.
    pub fn same_definition(&self, other: &Self) -> bool {
        self.renumbered() == other.renumbered()
    }

    /// The table with identities that follow from the order of its columns and keys alone.
    fn renumbered(&self) -> Self {
        let mut table = self.clone();
        let order: BTreeMap<ColumnId, u32> = table.columns.iter().map(|column| column.id).zip(0..).collect();
        // A column that is gone is the same nothing everywhere.
        let new = |id: &mut ColumnId| *id = ColumnId(order.get(id).copied().unwrap_or(u32::MAX));
        for column in &mut table.columns {
            new(&mut column.id);
            if let Some(generated) = &mut column.generated {
                generated.columns.iter_mut().for_each(new);
            }
        }
        for (key, number) in table.keys.iter_mut().zip(0..) {
            key.id = KeyId(number);
            key.parts.iter_mut().for_each(|part| new(&mut part.column));
        }
        for key in &mut table.foreign_keys {
            key.columns.iter_mut().for_each(new);
        }
        for check in &mut table.checks {
            check.columns.iter_mut().for_each(new);
            check.column.iter_mut().for_each(new);
        }
        for period in &mut table.periods {
            new(&mut period.start);
            new(&mut period.end);
        }
        if let Some(versioning) = &mut table.versioning {
            new(&mut versioning.start);
            new(&mut versioning.end);
        }
        if let Some(partitioning) = &mut table.partitioning {
            partitioning.columns.iter_mut().for_each(new);
            partitioning.subpartition_columns.iter_mut().for_each(new);
        }
        table.next_id = 0;
        table
    }
}
