//! What a statement makes of the tables.

use std::sync::Arc;

use super::alter;
use super::catalog::{Catalog, Database, Lookup, Object};
use super::table::same_name;
use super::{HiddenDocId, Settings, Table};
use crate::ddl::ast::{
    AlterTable, Body, CreateIndex, CreateSource, CreateTable, DatabaseDef, DropIndex, DropObjects, Kind, ObjectName,
    Operation, PartitionOp, Statement,
};

/// More columns, keys or clauses than this are not modelled, so that a hostile text costs no time: a server takes 4096
/// columns and 64 keys.
const MOST: usize = 4300;

/// The table that a statement acts on, before and after it.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// As it was; `None` when it is not known, or was absent.
    pub before: Option<Arc<Table>>,
    /// As it is now; `None` when it is not known, or gone.
    pub after: Option<Arc<Table>>,
    /// What in the statement does not fit the tables that are known, in full sentences: a column that is not there,
    /// a table that exists already. The server would refuse the statement.
    pub problems: Vec<String>,
}

impl Applied {
    fn problem(text: String) -> Self {
        Self { problems: vec![text], ..Self::default() }
    }
}

impl Catalog {
    /// Reads CREATE TABLE statements as `mariadb-dump --no-data` or SHOW CREATE TABLE print them. Statements of other
    /// kinds are followed too; what is not understood makes its table incomplete.
    pub fn from_dump(text: &str, settings: Settings) -> Self {
        let dialect = settings.dialect;
        let mut catalog = Self::new(settings);
        for statement in crate::sql::split(text, &dialect).statements() {
            let parsed = crate::ddl::parse(statement.text, statement.dialect);
            catalog.apply(&parsed, statement.text, statement.database.as_deref());
        }
        catalog.forget_history();
        catalog
    }

    /// Follows a statement. `text` is the text that it was parsed from, `database` the default database in force;
    /// without one, the catalog's own.
    pub fn apply(&mut self, statement: &Statement, text: &str, database: Option<&str>) -> Applied {
        let default = database.map(str::to_owned).or_else(|| self.default_database.clone());
        let database = default.as_deref();
        match &statement.body {
            Body::CreateTable(create) => self.create_table(create, text, database),
            Body::AlterTable(alter) => self.alter_table(alter, text, database),
            Body::CreateIndex(create) => self.create_index(create, database),
            Body::DropIndex(drop) => self.drop_index(drop, database),
            Body::RenameTable { if_exists, renames } => {
                let mut applied = Applied::default();
                for (index, rename) in renames.iter().enumerate() {
                    let one = self.rename(&rename.from, &rename.to, *if_exists, database);
                    applied.problems.extend(one.problems);
                    if index == 0 {
                        (applied.before, applied.after) = (one.before, one.after);
                    }
                }
                applied
            }
            Body::Drop(drop) if statement.kind == Kind::DropDatabase => {
                for name in &drop.names {
                    let database = self.fold(&name.name.value).into_owned();
                    self.databases.insert(database, Database { complete: true, ..Database::default() });
                }
                Applied::default()
            }
            Body::Drop(drop) => self.drop_objects(drop, database),
            Body::View(view) => self.put(&view.view, Object::View, database),
            Body::Sequence(sequence) => self.put(&sequence.sequence, Object::Sequence, database),
            Body::Database(def) => self.set_database(def, statement.kind == Kind::CreateDatabase, database),
            Body::TruncateTable { table, .. } => self.unchanged(table, database),
            Body::Maintenance(maintenance) => {
                maintenance.tables.first().map_or_else(Applied::default, |table| self.unchanged(table, database))
            }
            Body::Use(name) => {
                self.default_database = Some(name.value.clone());
                Applied::default()
            }
            _ => match statement.objects.first() {
                // A statement on a table that was not understood leaves it in a state that nobody knows.
                Some(table) if statement.kind == Kind::AlterTable => {
                    let before = self.known(table, database);
                    self.forget(table, database);
                    Applied { before, ..Applied::default() }
                }
                _ => Applied::default(),
            },
        }
    }

    fn known(&self, name: &ObjectName, database: Option<&str>) -> Option<Arc<Table>> {
        self.table(name.database_or(database), &name.name.value).table().cloned()
    }

    fn unchanged(&self, name: &ObjectName, database: Option<&str>) -> Applied {
        let table = self.known(name, database);
        Applied { before: table.clone(), after: table, problems: self.absent(name, database) }
    }

    fn absent(&self, name: &ObjectName, database: Option<&str>) -> Vec<String> {
        match self.table(name.database_or(database), &name.name.value) {
            Lookup::Absent => vec![format!("The table {} is not there.", name.qualified(database))],
            _ => Vec::new(),
        }
    }

    /// The objects of the database in which a name is kept.
    fn home(&mut self, name: &ObjectName, database: Option<&str>) -> &mut Database {
        let database = name.database_or(database).unwrap_or_default();
        let database = self.fold(database).into_owned();
        let object = self.fold(&name.name.value).into_owned();
        // A dump without USE has its tables under no name; they are wherever they were found.
        let elsewhere = !self.databases.get(&database).is_some_and(|database| database.objects.contains_key(&object))
            && self.databases.get("").is_some_and(|database| database.objects.contains_key(&object));
        self.databases.entry(if elsewhere { String::new() } else { database }).or_default()
    }

    fn put(&mut self, name: &ObjectName, object: Object, database: Option<&str>) -> Applied {
        let key = self.fold(&name.name.value).into_owned();
        self.home(name, database).objects.insert(key, object);
        Applied::default()
    }

    fn put_table(&mut self, name: &ObjectName, table: Table, database: Option<&str>) -> Arc<Table> {
        let table = Arc::new(table);
        self.put(name, Object::Table(Arc::clone(&table)), database);
        table
    }

    fn forget(&mut self, name: &ObjectName, database: Option<&str>) {
        let key = self.fold(&name.name.value).into_owned();
        let home = self.home(name, database);
        home.complete = false;
        home.objects.remove(&key);
    }

    /// The default character set and collation of a database.
    fn charset(&self, database: Option<&str>) -> (Option<String>, Option<String>) {
        let known = database.and_then(|name| self.databases.get(&*self.fold(name)));
        match known {
            Some(Database { charset: Some(charset), collation, .. }) => (Some(charset.clone()), collation.clone()),
            _ => (self.settings.charset.clone(), self.settings.collation.clone()),
        }
    }

    fn create_table(&mut self, create: &CreateTable, text: &str, database: Option<&str>) -> Applied {
        let name = &create.table;
        let exists = self.known(name, database);
        if let Some(table) = &exists
            && !create.or_replace
            && !create.temporary
        {
            if create.if_not_exists {
                return Applied { before: exists.clone(), after: exists, problems: Vec::new() };
            }
            // A dump may hold a stand-in for a view before the view, or a table twice: the later one counts.
            let problem = format!("The table {} is there already.", table.name);
            let mut applied = self.new_table(create, text, database);
            applied.problems.push(problem);
            return applied;
        }
        self.new_table(create, text, database)
    }

    fn new_table(&mut self, create: &CreateTable, text: &str, database: Option<&str>) -> Applied {
        let name = &create.table;
        if let Some(CreateSource::Like(source)) = &create.source {
            let Some(source) = self.known(source, database) else {
                self.forget(name, database);
                return Applied::default();
            };
            let mut table = (*source).clone();
            table.database = name.database_or(database).map(str::to_owned);
            name.name.value.clone_into(&mut table.name);
            table.temporary = create.temporary;
            table.hidden_doc_id = if table.needs_doc_id() { HiddenDocId::There } else { HiddenDocId::Gone };
            // Foreign keys and the counter are not copied; keys that were made for foreign keys are now the table's.
            table.foreign_keys.clear();
            table.options.auto_increment = None;
            for key in &mut table.keys {
                key.generated_for_fk = false;
            }
            return Applied { after: Some(self.put_table(name, table, database)), ..Applied::default() };
        }
        let elements = [create.columns.len(), create.keys.len(), create.foreign_keys.len(), create.checks.len()];
        if elements.iter().sum::<usize>() > MOST {
            self.forget(name, database);
            return Applied::default();
        }
        let (charset, collation) = self.charset(name.database_or(database));
        let inherited = (charset.as_deref(), collation.as_deref());
        let table = Table::build(create, text, database, inherited, &self.settings);
        let before = if create.or_replace { self.known(name, database) } else { None };
        Applied { before, after: Some(self.put_table(name, table, database)), problems: Vec::new() }
    }

    fn alter_table(&mut self, alter: &AlterTable, text: &str, database: Option<&str>) -> Applied {
        let name = &alter.table;
        let Some(before) = self.known(name, database) else {
            let problems = if alter.if_exists { Vec::new() } else { self.absent(name, database) };
            self.forget_renamed(alter, database);
            return Applied { problems, ..Applied::default() };
        };
        if alter.clauses.len() > MOST {
            self.forget(name, database);
            return Applied { before: Some(before), ..Applied::default() };
        }
        let (charset, collation) = self.charset(name.database_or(database));
        let inherited = (charset.as_deref(), collation.as_deref());
        let altered = alter::alter(&before, alter, text, inherited, &self.settings);
        let mut applied = Applied { before: Some(before), after: None, problems: altered.problems };
        applied.after = Some(self.put_table(name, altered.table, database));
        for operation in alter.operations() {
            match operation {
                Operation::RenameTable(to) => {
                    let renamed = self.rename(name, to, false, database);
                    applied.problems.extend(renamed.problems);
                    applied.after = renamed.after;
                }
                Operation::Partition(op) => self.move_partition(op, applied.before.as_deref(), database),
                _ => {}
            }
        }
        applied
    }

    /// What is known about neither table before is known about neither behind.
    fn forget_renamed(&mut self, alter: &AlterTable, database: Option<&str>) {
        for operation in alter.operations() {
            if let Operation::RenameTable(to) = operation {
                self.put(&alter.table, Object::Gone, database);
                self.forget(to, database);
            }
        }
    }

    /// CONVERT PARTITION TO TABLE makes a table, CONVERT TABLE TO PARTITION takes one.
    fn move_partition(&mut self, op: &PartitionOp, source: Option<&Table>, database: Option<&str>) {
        match op {
            PartitionOp::ConvertToTable { table: name, .. } => {
                let Some(mut table) = source.cloned() else { return };
                table.partitioning = None;
                table.database = name.database_or(database).map(str::to_owned);
                name.name.value.clone_into(&mut table.name);
                self.put_table(name, table, database);
            }
            PartitionOp::ConvertFromTable { table, .. } => {
                self.put(table, Object::Gone, database);
            }
            _ => {}
        }
    }

    fn create_index(&mut self, create: &CreateIndex, database: Option<&str>) -> Applied {
        let Some(before) = self.known(&create.table, database) else {
            return Applied { problems: self.absent(&create.table, database), ..Applied::default() };
        };
        let mut table = (*before).clone();
        let mut problems = Vec::new();
        let name = create.key.written_name().map(|name| name.value.clone()).unwrap_or_default();
        let taken = table.key(&name).map(|key| key.id);
        match taken {
            Some(_) if create.key.if_not_exists => {
                return Applied { before: Some(Arc::clone(&before)), after: Some(before), problems };
            }
            Some(id) if create.or_replace => table.keys.retain(|key| key.id != id),
            Some(_) => problems.push(format!("There is a key `{name}` already.")),
            None => {}
        }
        table.incomplete |= !create.unknown.is_empty();
        problems.extend(table.add_key_def(&create.key).err());
        table.settle_keys();
        if table.needs_doc_id() {
            table.hidden_doc_id = HiddenDocId::There;
        }
        Applied { before: Some(before), after: Some(self.put_table(&create.table, table, database)), problems }
    }

    fn drop_index(&mut self, drop: &DropIndex, database: Option<&str>) -> Applied {
        let Some(before) = self.known(&drop.table, database) else {
            return Applied { problems: self.absent(&drop.table, database), ..Applied::default() };
        };
        let mut table = (*before).clone();
        table.keys.retain(|key| !same_name(&key.name, &drop.name.value));
        let mut problems = Vec::new();
        if table.keys.len() == before.keys.len() && !drop.if_exists {
            problems.push(format!("There is no key `{}` to drop.", drop.name.value));
        }
        Applied { before: Some(before), after: Some(self.put_table(&drop.table, table, database)), problems }
    }

    fn drop_objects(&mut self, drop: &DropObjects, database: Option<&str>) -> Applied {
        let mut applied = Applied::default();
        for (index, name) in drop.names.iter().enumerate() {
            if !drop.if_exists && !drop.temporary {
                applied.problems.extend(self.absent(name, database));
            }
            let before = self.known(name, database);
            if index == 0 {
                applied.before.clone_from(&before);
            }
            // DROP TEMPORARY never drops a table of the same name that is not.
            if !drop.temporary || before.is_some_and(|table| table.temporary) {
                self.put(name, Object::Gone, database);
            }
        }
        applied
    }

    fn rename(&mut self, from: &ObjectName, to: &ObjectName, if_exists: bool, database: Option<&str>) -> Applied {
        let old = self.known(from, database);
        let mut problems = if if_exists { Vec::new() } else { self.absent(from, database) };
        let stays = self.fold(&from.name.value) == self.fold(&to.name.value)
            && from.database_or(database).map(|name| self.fold(name))
                == to.database_or(database).map(|name| self.fold(name));
        if stays {
            return Applied { before: old.clone(), after: old, problems };
        }
        if matches!(self.table(to.database_or(database), &to.name.value), Lookup::Known(_)) {
            problems.push(format!("The table {} is there already.", to.qualified(database)));
        }
        let moved = {
            let key = self.fold(&from.name.value).into_owned();
            self.home(from, database).objects.insert(key, Object::Gone)
        };
        let Some(before) = old else {
            match moved {
                Some(object @ (Object::View | Object::Sequence)) => {
                    self.put(to, object, database);
                }
                _ => self.forget(to, database),
            }
            return Applied { problems, ..Applied::default() };
        };
        let mut table = (*before).clone();
        table.database = to.database_or(database).map(str::to_owned);
        // Foreign keys that InnoDB named after the table follow its name.
        let prefix = format!("{}_ibfk_", before.name);
        for key in &mut table.foreign_keys {
            if let Some(number) = key.name.strip_prefix(&prefix) {
                key.name = format!("{}_ibfk_{number}", to.name.value);
            }
        }
        to.name.value.clone_into(&mut table.name);
        let after = self.put_table(to, table, database);
        self.follow_parent(&before, &after);
        Applied { before: Some(before), after: Some(after), problems }
    }

    /// Foreign keys of other tables follow their parent.
    fn follow_parent(&mut self, old: &Table, new: &Table) {
        for database in self.databases.values_mut() {
            for object in database.objects.values_mut() {
                let Object::Table(child) = object else { continue };
                let refers = |child: &Table, key: &super::ForeignKey| {
                    let parent = key.parent_database.as_ref().or(child.database.as_ref());
                    key.parent_table == old.name && parent == old.database.as_ref()
                };
                if !child.foreign_keys.iter().any(|key| refers(child, key)) {
                    continue;
                }
                let mut changed = (**child).clone();
                for key in &mut changed.foreign_keys {
                    if refers(child, key) {
                        key.parent_table.clone_from(&new.name);
                        if child.database != new.database {
                            key.parent_database.clone_from(&new.database);
                        }
                    }
                }
                *child = Arc::new(changed);
            }
        }
    }

    fn set_database(&mut self, def: &DatabaseDef, create: bool, default: Option<&str>) -> Applied {
        let Some(name) = def.name.as_ref().map(|name| name.value.as_str()).or(default) else {
            return Applied::problem("There is no default database to change.".to_owned());
        };
        let name = self.fold(name).into_owned();
        let written = |option: &str| {
            def.options.iter().rev().find(|found| found.name == option).map(|found| found.value.as_str())
        };
        let (charset, collation) = (written("charset"), written("collate"));
        let inherited = (self.settings.charset.as_deref(), self.settings.collation.as_deref());
        let resolved = super::charset::resolve(charset, collation, inherited, &self.settings);
        if def.or_replace {
            self.databases.remove(&name);
        }
        let known = self.databases.contains_key(&name);
        let database = self.databases.entry(name).or_default();
        // A dump says IF NOT EXISTS of databases that hold more than it shows.
        if create && !known {
            database.complete = !def.if_not_exists;
        }
        if charset.is_some() || collation.is_some() {
            (database.charset, database.collation) = resolved;
        }
        Applied::default()
    }
}
