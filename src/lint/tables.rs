//! Which tables a file makes itself, statement by statement: what happens to them before anybody uses them hurts
//! nobody.

use std::collections::HashMap;

use super::framework::Direction;
use crate::ddl::ast::{Body, Kind, ObjectName, Statement};

/// Where in a file something is asked: the statement's number and the way that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// The number of the statement. What it does itself does not count yet.
    pub(super) statement: usize,
    /// The way down is not run behind the way up, so each has tables of its own.
    pub(super) direction: Direction,
}

/// What is known of one table from one statement on.
#[derive(Debug)]
struct Entry {
    database: Option<String>,
    statement: usize,
    new: bool,
}

/// The tables that a file creates, drops and renames. Names are compared without case, as a server on some systems
/// does: a table is rather taken for new once too often than accused once too often.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// In the order of the statements.
    entries: HashMap<(Direction, String), Vec<Entry>>,
}

impl Tables {
    /// Whether the file itself created the table before this moment.
    pub(super) fn is_new(&self, table: &ObjectName, default: Option<&str>, moment: Moment) -> bool {
        let database = table.database_or(default).map(str::to_lowercase);
        let Some(entries) = self.entries.get(&(moment.direction, table.name.value.to_lowercase())) else {
            return false;
        };
        let before = entries.partition_point(|entry| entry.statement < moment.statement);
        let meant = |entry: &&Entry| match (&entry.database, &database) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        entries[..before].iter().rev().find(meant).is_some_and(|entry| entry.new)
    }

    /// Notes what a statement does to tables.
    pub(super) fn apply(&mut self, statement: &Statement, default: Option<&str>, moment: Moment) {
        match &statement.body {
            // IF NOT EXISTS may find an old table; then the statement does nothing, and what follows was written for
            // a new one all the same.
            Body::CreateTable(create) => self.note(&create.table, default, moment, true),
            Body::Drop(drop) if statement.kind == Kind::DropTable => {
                for name in &drop.names {
                    self.note(name, default, moment, false);
                }
            }
            Body::RenameTable { renames, .. } => {
                for rename in renames {
                    self.rename(&rename.from, &rename.to, default, moment);
                }
            }
            Body::AlterTable(alter) => {
                for operation in alter.operations() {
                    if let crate::ddl::ast::Operation::RenameTable(to) = operation {
                        self.rename(&alter.table, to, default, moment);
                    }
                }
            }
            _ if statement.kind == Kind::CreateTable => {
                if let Some(name) = statement.objects.first() {
                    self.note(name, default, moment, true);
                }
            }
            _ => {}
        }
    }

    fn rename(&mut self, from: &ObjectName, to: &ObjectName, default: Option<&str>, moment: Moment) {
        // Pairs of one RENAME see each other.
        let next = Moment { statement: moment.statement + 1, ..moment };
        let new = self.is_new(from, default, next);
        self.note(to, default, moment, new);
        self.note(from, default, moment, false);
    }

    fn note(&mut self, table: &ObjectName, default: Option<&str>, moment: Moment, new: bool) {
        let database = table.database_or(default).map(str::to_lowercase);
        let entries = self.entries.entry((moment.direction, table.name.value.to_lowercase())).or_default();
        entries.push(Entry { database, statement: moment.statement, new });
    }
}
