//! Tables that are in use at every look: perhaps by LOCK TABLES, which a server without `metadata_lock_info` does not tell
//! from any other use.
//!
//! LOCK TABLES keeps its tables in use for as long as it is held, so one look at which a table is not in use proves that
//! nobody holds it. A table that is in use at every look is one that clients and appliers hardly ever let go; then most
//! looks meet somebody at work who names it. Where they do not, it is taken for locked.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::check::names;

/// A table: its database and its name.
pub(super) type Table = (String, String);

/// The tables of one node that were in use at every look so far.
#[derive(Debug, Default)]
pub(super) struct InUse {
    looks: u32,
    /// At how many looks somebody at work named it.
    named: BTreeMap<Table, u32>,
}

impl InUse {
    /// Takes a look in: the tables in use, and the texts of whoever is at work.
    pub(super) fn look(&mut self, in_use: &BTreeSet<Table>, at_work: &[String]) {
        match self.looks {
            0 => self.named = in_use.iter().map(|table| (table.clone(), 0)).collect(),
            _ => self.named.retain(|table, _| in_use.contains(table)),
        }
        self.looks += 1;
        for ((_, table), named) in &mut self.named {
            *named += u32::from(at_work.iter().any(|text| names(text, table)));
        }
    }

    /// Those that were in use at every look; and of each, whether most looks met somebody who named it.
    pub(super) fn tables(&self) -> impl Iterator<Item = (&Table, bool)> {
        self.named.iter().map(|(table, named)| (table, named * 2 >= self.looks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_look_at_rest_is_enough_and_a_table_that_nobody_names_is_locked() {
        let set = |tables: &[&str]| tables.iter().map(|table| ("app".to_owned(), (*table).to_owned())).collect();
        let mut watched = InUse::default();
        watched.look(&set(&["hot", "locked", "free"]), &["UPDATE app.hot SET a = 1".to_owned()]);
        watched.look(&set(&["hot", "locked"]), &["write_row(3) on table `hot`".to_owned(), "SELECT 1".to_owned()]);
        watched.look(&set(&["hot", "locked", "free"]), &[]);
        let found: Vec<(&str, bool)> = watched.tables().map(|((_, table), named)| (table.as_str(), named)).collect();
        assert_eq!(found, [("hot", true), ("locked", false)]);
    }
}
