//! What a statement takes of the account that runs it, as the server's source has it (11.8.6: `sql_parse.cc`,
//! `sql_alter.cc`, `sql_partition_admin.cc`, `sql_view.cc`, `sql_trigger.cc`, `events.cc`, `sql_admin.cc`). No more than
//! that: to ask for a privilege that is not needed would refuse what works.

mod words;

use serde::{Deserialize, Serialize};

use super::facts::TableName;
use crate::ddl::ast::{
    Body, CreateSource, CreateTable, Kind, ObjectName, Operation, PartitionOp, References, Statement,
};
use crate::sql::Dialect;
use words::{Definer, Words};

/// Where a privilege is granted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// `*.*`
    Everything,
    /// `db.*`
    Database(String),
    /// `db.table`; also a view or a sequence.
    Table(TableName),
    /// A stored routine.
    Routine {
        /// `PROCEDURE`, `FUNCTION`, `PACKAGE`, `PACKAGE BODY`.
        kind: String,
        /// Its database and name.
        name: TableName,
    },
}

impl Level {
    /// The database that it lies in; `None` for everything.
    pub fn database(&self) -> Option<&str> {
        match self {
            Self::Everything => None,
            Self::Database(database) => Some(database),
            Self::Table(name) | Self::Routine { name, .. } => Some(&name.database),
        }
    }
}

/// A privilege on a level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Right {
    /// In upper case, as GRANT has it.
    pub privilege: String,
    /// On what.
    pub on: Level,
}

/// When something is needed at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// In any case.
    #[default]
    Always,
    /// Unless this very account asks, `'user'@'host'`: it stands as DEFINER.
    NotBy(String),
    /// Where `log_bin_trust_function_creators` is OFF. A Galera node counts as one that logs.
    Untrusted,
    /// Where that is OFF and the node writes a binary log.
    UntrustedInLog,
}

impl When {
    fn is_always(&self) -> bool {
        *self == Self::Always
    }
}

/// Something that the account must be allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// Any one of these will do; the first is the one to grant. Empty: nobody knows.
    pub any: Vec<Right>,
    /// When it is needed.
    #[serde(default, skip_serializing_if = "When::is_always")]
    pub when: When,
    /// These are sure to be enough, but less may do; what else it hangs on, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsure: Option<String>,
}

/// What `tree`, read from `text`, takes. Names without a database lie in `database`.
pub fn needs(tree: &Statement, text: &str, dialect: Dialect, database: Option<&str>) -> Vec<Need> {
    let mut reader = Reader { words: Words::of(tree.span.of(text), dialect), database, needs: Vec::new() };
    reader.statement(tree);
    if let Some(definer) = reader.words.definer().filter(|_| has_definer(tree.kind)) {
        reader.definer(definer);
    }
    reader.needs
}

/// Kinds whose objects act with somebody's rights.
fn has_definer(kind: Kind) -> bool {
    use Kind as K;
    matches!(kind, K::CreateView | K::AlterView | K::CreateTrigger | K::CreateEvent | K::AlterEvent)
        || matches!(kind, K::CreateProcedure | K::CreateFunction | K::CreatePackage | K::CreatePackageBody)
}

fn right(privilege: &str, on: Level) -> Right {
    Right { privilege: privilege.to_owned(), on }
}

struct Reader<'a> {
    words: Words<'a>,
    database: Option<&'a str>,
    needs: Vec<Need>,
}

impl Reader<'_> {
    fn statement(&mut self, tree: &Statement) {
        use Kind as K;
        let objects = &tree.objects;
        if matches!(tree.body, Body::Opaque) {
            self.unsure(Vec::new(), "which of its clauses take more");
        }
        match tree.kind {
            K::AlterTable => self.alter_table(tree),
            K::CreateTable => self.create_table(tree),
            K::CreateIndex | K::DropIndex => self.all(&["INDEX"], objects),
            K::TruncateTable => self.all(&["DROP"], objects),
            K::RenameTable => {
                self.all(&["ALTER", "DROP"], objects);
                if let Body::RenameTable { renames, .. } = &tree.body {
                    renames.iter().for_each(|rename| self.table(&["CREATE", "INSERT"], &rename.to));
                }
            }
            K::DropTable | K::DropSequence | K::DropView => {
                // Tables of the session's own are everybody's to drop.
                if !matches!(&tree.body, Body::Drop(drop) if drop.temporary) {
                    self.all(&["DROP"], objects);
                }
            }
            K::CreateView | K::AlterView => self.view(tree),
            K::CreateSequence => match &tree.body {
                Body::Sequence(sequence) => self.create(objects, sequence.temporary, sequence.or_replace),
                _ => self.all(&["CREATE"], objects),
            },
            K::AlterSequence => self.all(&["ALTER"], objects),
            K::OptimizeTable | K::AnalyzeTable | K::RepairTable => self.all(&["SELECT", "INSERT"], objects),
            K::CreateDatabase | K::AlterDatabase | K::DropDatabase => self.databases(tree),
            K::CreateTrigger | K::DropTrigger => self.trigger(tree),
            K::CreateProcedure | K::CreatePackage | K::CreatePackageBody | K::CreateFunction => {
                self.create_routine(tree)
            }
            K::AlterProcedure
            | K::AlterFunction
            | K::DropProcedure
            | K::DropFunction
            | K::DropPackage
            | K::DropPackageBody => self.routine(tree),
            K::CreateEvent | K::AlterEvent | K::DropEvent => {
                let database = objects.first().and_then(|name| name.database_or(self.database)).map(ToOwned::to_owned);
                self.need(&["EVENT"], database.map(Level::Database));
            }
            K::CreateServer | K::AlterServer | K::DropServer => {
                self.need(&["FEDERATED ADMIN"], Some(Level::Everything))
            }
            K::CreateUser | K::CreateRole => self.accounts("INSERT"),
            K::DropUser | K::DropRole => self.accounts("DELETE"),
            K::AlterUser | K::RenameUser => self.accounts("UPDATE"),
            K::InstallPlugin | K::InstallSoname => self.plugin("INSERT"),
            K::UninstallPlugin | K::UninstallSoname => self.plugin("DELETE"),
            // FLUSH STATUS is the session's own affair on some versions.
            K::Flush if self.words.has("STATUS") => {}
            K::Flush => self.need(&["RELOAD"], Some(Level::Everything)),
            K::Grant | K::Revoke => {
                let all = vec![right("GRANT OPTION", Level::Everything)];
                self.unsure(all, "what it gives or takes away, which the account must have itself, with GRANT OPTION");
            }
            K::SetPassword | K::SetDefaultRole => {
                let all = vec![right("UPDATE", Level::Database("mysql".to_owned()))];
                self.unsure(all, "whose it is");
            }
            _ => self.unsure(Vec::new(), "what the server asks for"),
        }
    }

    fn alter_table(&mut self, tree: &Statement) {
        let Body::AlterTable(alter) = &tree.body else { return self.all(&["ALTER"], &tree.objects) };
        let table = &alter.table;
        if alter.clauses.is_empty() {
            self.table(&["ALTER"], table);
        }
        for operation in alter.operations() {
            match operation {
                Operation::Partition(partition) => self.partition(table, partition),
                other => {
                    self.table(&["ALTER"], table);
                    self.clause(table, other);
                }
            }
        }
    }

    /// What a clause takes besides ALTER. Keys take nothing more.
    fn clause(&mut self, table: &ObjectName, operation: &Operation) {
        match operation {
            Operation::RenameTable(to) => {
                self.table(&["DROP"], table);
                self.table(&["CREATE", "INSERT"], to);
            }
            Operation::AddForeignKey(key) => self.parent(table, &key.references),
            Operation::AddColumn { column, .. }
            | Operation::ModifyColumn { column, .. }
            | Operation::ChangeColumn { column, .. } => {
                if let Some(references) = &column.references {
                    self.parent(table, references);
                }
            }
            Operation::Opaque => self.unsure(Vec::new(), "whether a clause that was not understood takes more"),
            _ => {}
        }
    }

    fn partition(&mut self, table: &ObjectName, partition: &PartitionOp) {
        use PartitionOp as P;
        const MOVES: &[&str] = &["ALTER", "DROP", "INSERT", "CREATE"];
        match partition {
            P::Drop { .. } => self.table(&["ALTER", "DROP"], table),
            P::Truncate(_) => self.table(&["DROP"], table),
            P::Exchange { table: other, .. } => {
                self.table(MOVES, table);
                self.table(MOVES, other);
            }
            P::ConvertToTable { table: new, .. } => {
                self.table(&["ALTER", "DROP"], table);
                self.table(&["CREATE", "INSERT"], new);
            }
            P::ConvertFromTable { table: other, .. } => {
                self.table(&["ALTER", "DROP"], table);
                self.table(MOVES, other);
            }
            P::Analyze { .. } | P::Optimize(_) | P::Repair(_) => self.table(&["SELECT", "INSERT"], table),
            // Any privilege on the table will do.
            P::Check(_) => {}
            _ => self.table(&["ALTER"], table),
        }
    }

    fn create_table(&mut self, tree: &Statement) {
        let Body::CreateTable(create) = &tree.body else { return self.all(&["CREATE"], &tree.objects) };
        let CreateTable { table, columns, foreign_keys, .. } = &**create;
        self.create(&tree.objects, create.temporary, create.or_replace);
        match &create.source {
            Some(CreateSource::Like(other)) => self.table(&["SELECT"], other),
            Some(CreateSource::Query(_)) => {
                if !create.temporary {
                    self.table(&["INSERT"], table);
                }
                self.reads();
            }
            None => {}
        }
        let of_columns = columns.iter().filter_map(|column| column.references.as_ref());
        foreign_keys.iter().map(|key| &key.references).chain(of_columns).for_each(|parent| self.parent(table, parent));
    }

    fn create(&mut self, objects: &[ObjectName], temporary: bool, or_replace: bool) {
        match (temporary, or_replace) {
            (true, _) => {
                let database = objects.first().and_then(|name| name.database_or(self.database)).map(ToOwned::to_owned);
                self.need(&["CREATE TEMPORARY TABLES"], database.map(Level::Database));
            }
            (false, true) => self.all(&["CREATE", "DROP"], objects),
            (false, false) => self.all(&["CREATE"], objects),
        }
    }

    /// The parent of a foreign key. One without a database is looked for in the session's default database.
    fn parent(&mut self, child: &ObjectName, references: &References) {
        let name = &references.table;
        let Some(database) = name.database_or(self.database).or_else(|| child.database_or(None)) else { return };
        let on = Level::Table(TableName::new(database, &name.name.value));
        let any = ["REFERENCES", "SELECT", "INSERT", "UPDATE", "DELETE"].map(|privilege| right(privilege, on.clone()));
        self.any(any.to_vec());
    }

    fn view(&mut self, tree: &Statement) {
        let replaces = matches!(&tree.body, Body::View(view) if view.or_replace);
        let Some(database) = tree.objects.first().and_then(|name| name.database_or(self.database)) else { return };
        let levels = [
            // No privilege but CREATE can be granted on what is not there yet.
            Level::Database(database.to_owned()),
            Level::Table(TableName::new(database, &tree.objects[0].name.value)),
        ];
        for privilege in ["CREATE VIEW", "DROP"].iter().take(1 + usize::from(replaces)) {
            self.any(levels.iter().map(|on| right(privilege, on.clone())).collect());
        }
        self.reads();
    }

    fn databases(&mut self, tree: &Statement) {
        let default = self.database.map(ToOwned::to_owned);
        let (privileges, names): (&[&str], Vec<String>) = match &tree.body {
            Body::Database(it) => {
                let privileges: &[&str] = match tree.kind {
                    Kind::AlterDatabase => &["ALTER"],
                    _ if it.or_replace => &["CREATE", "DROP"],
                    _ => &["CREATE"],
                };
                (privileges, it.name.as_ref().map(|name| name.value.clone()).or(default).into_iter().collect())
            }
            Body::Drop(drop) => (&["DROP"], drop.names.iter().map(|name| name.name.value.clone()).collect()),
            _ => return,
        };
        for name in names {
            self.need(privileges, Some(Level::Database(name)));
        }
    }

    fn trigger(&mut self, tree: &Statement) {
        let [trigger, rest @ ..] = &tree.objects[..] else { return };
        let database = trigger.database_or(self.database).map(ToOwned::to_owned);
        let table = rest.first().and_then(|table| {
            let database = table.database_or(database.as_deref())?;
            Some(Level::Table(TableName::new(database, &table.name.value)))
        });
        match (table, database) {
            (Some(table), _) => self.need(&["TRIGGER"], Some(table)),
            // DROP TRIGGER does not say of which table.
            (None, Some(database)) => {
                self.unsure(vec![right("TRIGGER", Level::Database(database))], "which table the trigger is of");
            }
            (None, None) => {}
        }
        let any = vec![right("SUPER", Level::Everything)];
        self.push(Need { any, when: When::Untrusted, unsure: None });
    }

    fn create_routine(&mut self, tree: &Statement) {
        if self.words.has("SONAME") {
            return self.need(&["INSERT"], Some(Level::Database("mysql".to_owned())));
        }
        let database = tree.objects.first().and_then(|name| name.database_or(self.database)).map(ToOwned::to_owned);
        self.need(&["CREATE ROUTINE"], database.map(Level::Database));
        if self.words.has_in_head(&["OR", "REPLACE"]) {
            self.routine(tree);
        }
        if tree.kind == Kind::CreateFunction {
            let any = vec![right("SUPER", Level::Everything)];
            self.push(Need { any, when: When::UntrustedInLog, unsure: None });
        }
    }

    /// To alter or drop a routine; whoever made it may.
    fn routine(&mut self, tree: &Statement) {
        use Kind as K;
        let Some(name) = tree.objects.first() else { return };
        let Some(database) = name.database_or(self.database).map(ToOwned::to_owned) else { return };
        let kind = match tree.kind {
            K::CreateFunction | K::AlterFunction | K::DropFunction => "FUNCTION",
            K::CreatePackage | K::DropPackage => "PACKAGE",
            K::CreatePackageBody | K::DropPackageBody => "PACKAGE BODY",
            _ => "PROCEDURE",
        };
        let routine = Level::Routine { kind: kind.to_owned(), name: TableName::new(&database, &name.name.value) };
        let mut any = vec![right("ALTER ROUTINE", routine), right("ALTER ROUTINE", Level::Database(database))];
        if tree.kind == K::DropFunction && name.database.is_none() {
            // It may be one of a library.
            any.push(right("DELETE", Level::Database("mysql".to_owned())));
        }
        self.any(any);
    }

    fn accounts(&mut self, privilege: &str) {
        let mysql = Level::Database("mysql".to_owned());
        self.any(vec![right("CREATE USER", Level::Everything), right(privilege, mysql)]);
    }

    fn plugin(&mut self, privilege: &str) {
        self.need(&[privilege], Some(Level::Table(TableName::new("mysql", "plugin"))));
    }

    /// A query is not read; what it takes is not known, unless the account may read everything.
    fn reads(&mut self) {
        if self.words.has("FROM") {
            self.unsure(vec![right("SELECT", Level::Everything)], "what its query reads");
        }
    }

    fn definer(&mut self, definer: Definer) {
        let any = vec![right("SET USER", Level::Everything)];
        match definer {
            Definer::Account(account) => self.push(Need { any, when: When::NotBy(account), unsure: None }),
            Definer::NameOnly => self.unsure(any, "whether the DEFINER is a role that is in force"),
        }
    }

    fn all(&mut self, privileges: &[&str], objects: &[ObjectName]) {
        objects.iter().for_each(|name| self.table(privileges, name));
    }

    fn table(&mut self, privileges: &[&str], name: &ObjectName) {
        // Without any database the server refuses the statement for that.
        let on = name.database_or(self.database).map(|it| Level::Table(TableName::new(it, &name.name.value)));
        self.need(privileges, on);
    }

    fn need(&mut self, privileges: &[&str], on: Option<Level>) {
        let Some(on) = on else { return };
        for privilege in privileges {
            self.any(vec![right(privilege, on.clone())]);
        }
    }

    fn any(&mut self, any: Vec<Right>) {
        self.push(Need { any, when: When::Always, unsure: None });
    }

    fn unsure(&mut self, any: Vec<Right>, why: &str) {
        self.push(Need { any, when: When::Always, unsure: Some(why.to_owned()) });
    }

    fn push(&mut self, need: Need) {
        if !self.needs.contains(&need) {
            self.needs.push(need);
        }
    }
}

#[cfg(test)]
mod tests;
