//! What a copy has left on a node: sessions of the tool, its triggers, the copy, the table that was swapped out.
//!
//! All of it is known to be this run's: the names of the tables hold the run's own digits, a trigger counts when it
//! writes to such a table, and every session of the tool holds a lock of that name from its first moment on.

use crate::cluster::{ClusterError, Session, quote_name, quote_text};
use crate::plan::TableCopy;

/// How many sessions can have a lock of their own. The tool opens two.
const SESSIONS: usize = 4;

/// The names of what a run makes.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) table: String,
    pub(super) database: String,
    /// The copy, until it is swapped in.
    pub(super) new: String,
    /// The table, once it was swapped out.
    pub(super) old: String,
    lock: String,
}

impl Names {
    /// The run's id ends with digits of its own.
    pub(super) fn of(run: &str, copy: &TableCopy) -> Self {
        let tag = run.rsplit('-').next().unwrap_or(run);
        // A name has at most 64 characters.
        let table: String = copy.table.chars().take(48).collect();
        Self {
            table: copy.table.clone(),
            database: copy.database.clone(),
            new: format!("_{table}_{tag}_new"),
            old: format!("_{table}_{tag}_old"),
            lock: format!("galera_schema.{tag}"),
        }
    }

    /// The statement with which a session of the tool makes itself known.
    pub(super) fn register(&self) -> String {
        let locks: Vec<String> =
            (1..=SESSIONS).map(|number| format!("GET_LOCK('{}.{number}', 0)", self.lock)).collect();
        format!("DO {}", locks.join(" OR "))
    }

    /// `database`.`table`, quoted.
    pub(super) fn full(&self, table: &str) -> String {
        format!("{}.{}", quote_name(&self.database), quote_name(table))
    }

    /// The one statement that swaps.
    pub(super) fn swap(&self) -> String {
        format!(
            "RENAME TABLE {table} TO {old}, {new} TO {table}",
            table = self.full(&self.table),
            old = self.full(&self.old),
            new = self.full(&self.new)
        )
    }
}

/// What is left on one node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Traces {
    /// Threads of the tool's sessions.
    pub(super) sessions: Vec<u32>,
    /// Its triggers on the table.
    pub(super) triggers: Vec<String>,
    /// The copy is there.
    pub(super) new: bool,
    /// The table that was swapped out is there.
    pub(super) old: bool,
}

impl Traces {
    /// Nothing is left.
    pub(super) fn none(&self) -> bool {
        *self == Self::default()
    }

    /// The swap has happened.
    pub(super) fn swapped(&self) -> bool {
        self.old && !self.new
    }
}

/// Looks at a node.
pub(super) async fn traces(session: &mut Session, names: &Names) -> Result<Traces, ClusterError> {
    let locks: Vec<String> =
        (1..=SESSIONS).map(|number| format!("SELECT IS_USED_LOCK('{}.{number}')", names.lock)).collect();
    let sql = format!(
        "{}; SELECT table_name FROM information_schema.tables WHERE table_schema = {database} AND table_name IN ({}, {}); \
         SELECT trigger_name FROM information_schema.triggers WHERE event_object_schema = {database} AND event_object_table = {} AND \
         LOCATE({}, action_statement) > 0",
        locks.join(" UNION ALL "),
        quote_text(&names.new),
        quote_text(&names.old),
        quote_text(&names.table),
        quote_text(&quote_name(&names.new)),
        database = quote_text(&names.database),
    );
    let sets = session.query_all(&sql).await?;
    let [locks, tables, triggers] = &sets[..] else {
        return Err(ClusterError::Shape { node: session.node().to_owned(), what: "a result is missing".to_owned() });
    };
    let mut found = Traces::default();
    for row in locks.iter() {
        found.sessions.extend(row.get::<Option<u32>>(0)?);
    }
    for row in tables.iter() {
        let name: String = row.get(0)?;
        found.new |= name.eq_ignore_ascii_case(&names.new);
        found.old |= name.eq_ignore_ascii_case(&names.old);
    }
    for row in triggers.iter() {
        found.triggers.push(row.get(0)?);
    }
    Ok(found)
}

/// Tables whose names look as if an earlier copy of the table had left them, by this program or by the tool alone.
///
/// # Errors
/// When the node cannot be asked.
pub(in crate::engine) async fn leftovers(session: &mut Session, copy: &TableCopy) -> Result<Vec<String>, ClusterError> {
    // Plain names (letters, digits, `_`, `-`) mean nothing special in a pattern.
    let cut: String = copy.table.chars().take(48).collect();
    let pattern = format!("^(_+{}_(new|old)|_{cut}_[0-9a-f]{{6}}_(new|old))$", copy.table);
    let sql = format!(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = {} AND table_name REGEXP {}",
        quote_text(&copy.database),
        quote_text(&pattern)
    );
    session.query(&sql).await?.iter().map(|row| row.get(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_runs_own_and_fit() {
        let copy = TableCopy {
            database: "app".to_owned(),
            table: "t".repeat(64),
            alter: String::new(),
            adds_unique: false,
            guards: Vec::new(),
            renames_constraints: false,
        };
        let names = Names::of("20261121-060000-3fa9c1", &copy);
        assert!(names.new.len() <= 64 && names.new.ends_with("_3fa9c1_new"), "{}", names.new);
        assert_ne!(names.old, Names::of("20261121-060000-3fa9c2", &copy).old);
        assert!(names.register().len() < 400);
    }
}
