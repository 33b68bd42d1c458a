//! Everything that is known about a server's tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{HiddenDocId, Settings, Table};

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// A table.
    Table(Arc<Table>),
    /// A view.
    View,
    /// A sequence.
    Sequence,
    /// It was dropped or renamed away by a statement that was applied.
    Gone,
}

/// A database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Database {
    /// Its default character set; `None` for the server's.
    pub charset: Option<String>,
    /// Its default collation; `None` for the server's.
    pub collation: Option<String>,
    /// What it holds. Names that are not here are unknown.
    pub objects: BTreeMap<String, Object>,
    /// It was created by a statement that was applied, or dropped: what it does not hold is absent.
    pub complete: bool,
}

/// What is known about a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// Its definition.
    Known(&'a Arc<Table>),
    /// The name is a view's.
    View,
    /// The name is a sequence's.
    Sequence,
    /// There is no such table at this point.
    Absent,
    /// Nothing is known: it may exist or not.
    Unknown,
}

impl<'a> Lookup<'a> {
    /// The table, where its definition is known.
    pub fn table(self) -> Option<&'a Arc<Table>> {
        match self {
            Self::Known(table) => Some(table),
            _ => None,
        }
    }
}

/// Everything that is known about a server's tables.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// What the server fills in.
    pub settings: Settings,
    /// The databases by name; `""` holds tables for which no database was named.
    pub databases: BTreeMap<String, Database>,
    /// The default database.
    pub default_database: Option<String>,
}

impl Catalog {
    /// Nothing is known.
    pub fn new(settings: Settings) -> Self {
        Self { settings, databases: BTreeMap::new(), default_database: None }
    }

    pub(super) fn fold<'n>(&self, name: &'n str) -> std::borrow::Cow<'n, str> {
        if self.settings.lower_case_table_names { name.to_lowercase().into() } else { name.into() }
    }

    /// A table. Without a database the default one is meant; a dump that names no database describes tables of
    /// whichever database is asked for.
    pub fn table(&self, database: Option<&str>, name: &str) -> Lookup<'_> {
        let database = database.or(self.default_database.as_deref()).unwrap_or_default();
        let name = self.fold(name);
        let named = self.databases.get(&*self.fold(database));
        let object = named
            .and_then(|database| database.objects.get(&*name))
            .or_else(|| self.databases.get("").and_then(|database| database.objects.get(&*name)))
            .or_else(|| self.only_one(database, &name));
        match object {
            Some(Object::Table(table)) => Lookup::Known(table),
            Some(Object::View) => Lookup::View,
            Some(Object::Sequence) => Lookup::Sequence,
            Some(Object::Gone) => Lookup::Absent,
            None if named.is_some_and(|database| database.complete) => Lookup::Absent,
            None => Lookup::Unknown,
        }
    }

    /// Without any database in the question, a name that stands in one database only is meant.
    fn only_one(&self, database: &str, name: &str) -> Option<&Object> {
        if !database.is_empty() {
            return None;
        }
        let mut found = self.databases.values().filter_map(|database| database.objects.get(name));
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// Puts a table in, in place of one of the same name.
    pub fn insert(&mut self, table: impl Into<Arc<Table>>) {
        let table = table.into();
        let database = table.database.as_deref().or(self.default_database.as_deref()).unwrap_or_default();
        let (database, name) = (self.fold(database).into_owned(), self.fold(&table.name).into_owned());
        let objects = &mut self.databases.entry(database).or_default().objects;
        objects.insert(name, Object::Table(table));
    }

    /// The definitions are those of tables that have been in use: what they do not show is unknown.
    pub(super) fn forget_history(&mut self) {
        for object in self.databases.values_mut().flat_map(|database| database.objects.values_mut()) {
            if let Object::Table(table) = object
                && table.hidden_doc_id == HiddenDocId::Gone
            {
                Arc::make_mut(table).hidden_doc_id = HiddenDocId::Unknown;
            }
        }
    }

    /// Says what is known of the hidden column of a table's FULLTEXT keys that are gone. A key that stands says it by
    /// itself, and a table that is not known stays so.
    pub fn set_hidden_doc_id(&mut self, database: &str, name: &str, hidden: HiddenDocId) {
        let (database, name) = (self.fold(database).into_owned(), self.fold(name).into_owned());
        let object = self.databases.get_mut(&database).and_then(|database| database.objects.get_mut(&name));
        if let Some(Object::Table(table)) = object
            && !table.needs_doc_id()
        {
            Arc::make_mut(table).hidden_doc_id = hidden;
        }
    }

    /// Every table that is known, in order of database and name.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.databases.values().flat_map(|database| database.objects.values()).filter_map(|object| match object {
            Object::Table(table) => Some(table),
            _ => None,
        })
    }
}
