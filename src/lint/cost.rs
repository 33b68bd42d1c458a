//! What a statement costs the cluster, in the words of the rules.
//!
//! Where the table is known the classification is asked. Where it is not, it is asked about the kindest table that the
//! statement fits: an InnoDB table of the columns and keys that the statement names, where each column is what MODIFY
//! makes of it. What is dear there is dear everywhere; what is cheap there may be dear elsewhere, and is not accused.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::Arc;

use crate::ddl::ast::{AlterTable, Body, Clause, Ident, KeyType, Operation, Statement};
use crate::ddl::model::{Catalog, Settings, Table};
use crate::ddl::{self, Algorithm, Moves, Reason, ServerProfile};
use crate::sql::quote_name;

/// What the server does when it is left to itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// On the table that is meant, or on the kindest one that is possible.
    pub algorithm: Algorithm,
    /// What is read and written for it.
    pub moves: Moves,
    /// Why, most important first.
    pub reasons: Vec<Reason>,
    /// The table is known; otherwise the truth may be dearer, never cheaper.
    pub known: bool,
}

impl Cost {
    /// Whether every row is written anew.
    pub fn is_rebuild(&self) -> bool {
        self.algorithm >= Algorithm::Inplace
    }
}

/// Judges a statement on its table, or on the kindest one. `None` where there is no table to work on.
pub(super) fn cost(
    statement: &Statement,
    sql: &str,
    before: Option<&Arc<Table>>,
    profile: &ServerProfile,
) -> Option<Cost> {
    let opaque = statement.operations().iter().any(|operation| matches!(operation, Operation::Opaque));
    if opaque || matches!(statement.body, Body::Opaque) {
        return None;
    }
    let database = before.and_then(|table| table.database.clone());
    let mut catalog = match before {
        Some(table) => {
            let mut catalog = Catalog::new(profile.settings.clone());
            catalog.insert(Arc::clone(table));
            catalog
        }
        None => kindest(statement, sql, &profile.settings)?,
    };
    let applied = catalog.apply(statement, sql, database.as_deref());
    // A statement that fits no table, or is not understood, is not accused.
    if applied.before.as_ref().is_none_or(|table| table.incomplete) || !applied.problems.is_empty() {
        return None;
    }
    let judged = ddl::judge(statement, sql, &applied, profile);
    let known = before.is_some() && judged.certain;
    Some(Cost { algorithm: judged.algorithm?, moves: judged.moves, reasons: judged.reasons, known })
}

/// The same for one clause of ALTER TABLE, as if it stood alone.
pub(super) fn clause_cost(
    statement: &Statement,
    clause: &Clause,
    sql: &str,
    before: Option<&Arc<Table>>,
    profile: &ServerProfile,
) -> Option<Cost> {
    let Body::AlterTable(alter) = &statement.body else { return None };
    // Not a copy of the whole with one clause left: there may be thousands.
    let alone = AlterTable {
        table: alter.table.clone(),
        online: alter.online,
        ignore: alter.ignore,
        if_exists: alter.if_exists,
        wait: alter.wait,
        clauses: vec![clause.clone()],
        algorithm: None,
        lock: None,
        append: alter.append,
    };
    let alone = Statement {
        kind: statement.kind,
        objects: statement.objects.clone(),
        body: Body::AlterTable(Box::new(alone)),
        set_statement: statement.set_statement.clone(),
        span: statement.span,
    };
    cost(&alone, sql, before, profile)
}

/// The kindest table that a statement fits.
fn kindest(statement: &Statement, sql: &str, settings: &Settings) -> Option<Catalog> {
    let name = statement.objects.first()?;
    let mut guess = Guess { sql, columns: Vec::new(), keys: String::new(), charset: String::new(), primary: true };
    match &statement.body {
        Body::AlterTable(alter) => alter.operations().for_each(|operation| guess.operation(operation)),
        Body::CreateIndex(create) => guess.key_columns(&create.key),
        Body::DropIndex(drop) => guess.key(&drop.name),
        Body::Maintenance(_) => {}
        _ => return None,
    }
    // What the statement adds is not there yet, and of equal names the first counts.
    let mut taken: HashSet<String> = match &statement.body {
        Body::AlterTable(alter) => alter
            .operations()
            .filter_map(|operation| match operation {
                Operation::AddColumn { column, .. } => Some(column.name.value.to_lowercase()),
                _ => None,
            })
            .collect(),
        _ => HashSet::new(),
    };
    let mut create = format!("CREATE TABLE {} (", quote_name(&name.name.value));
    if guess.primary {
        create.push_str("`schema lint id` BIGINT NOT NULL PRIMARY KEY, ");
    }
    create.push_str("`schema lint filler` INT");
    for (column, definition) in &guess.columns {
        if taken.insert(column.to_lowercase()) {
            // Writing to a string does not fail.
            let _ = write!(create, ", {} {definition}", quote_name(column));
        }
    }
    create.push_str(&guess.keys);
    create.push_str(") ENGINE=InnoDB CHARACTER SET utf8mb4");
    create.push_str(&guess.charset);
    let mut catalog = Catalog::new(settings.clone());
    let table = ddl::parse(&create, settings.dialect);
    catalog.apply(&table, &create, name.database.as_ref().map(|database| database.value.as_str()));
    Some(catalog)
}

/// What the table must have for the statement to make sense.
struct Guess<'a> {
    sql: &'a str,
    /// Names, and definitions without them; of equal names the first counts.
    columns: Vec<(&'a str, String)>,
    /// Definitions, each with a comma in front.
    keys: String,
    /// Options of the table that override earlier ones: the character set that the statement asks for.
    charset: String,
    primary: bool,
}

impl<'a> Guess<'a> {
    fn column(&mut self, name: &'a Ident, definition: &str) {
        self.columns.push((&name.value, definition.to_owned()));
    }

    fn key(&mut self, name: &Ident) {
        if !name.value.eq_ignore_ascii_case("primary") {
            let _ = write!(self.keys, ", KEY {} (`schema lint filler`)", quote_name(&name.value));
        }
    }

    fn key_columns(&mut self, key: &'a crate::ddl::ast::KeyDef) {
        for part in &key.parts {
            let definition = match (key.key_type, part.prefix) {
                (KeyType::Fulltext, _) => "TEXT".to_owned(),
                (KeyType::Spatial, _) => "GEOMETRY NOT NULL".to_owned(),
                (KeyType::Vector, _) => "VECTOR(4) NOT NULL".to_owned(),
                // Short enough for a key, and longer than the prefix.
                (_, Some(prefix)) => format!("VARCHAR({}) CHARACTER SET latin1 NOT NULL", prefix.saturating_add(1)),
                (_, None) => "INT NOT NULL".to_owned(),
            };
            self.column(&part.column, &definition);
        }
        self.primary &= key.key_type != KeyType::Primary;
    }

    fn operation(&mut self, operation: &'a Operation) {
        match operation {
            Operation::AddColumn { column, .. } => {
                self.primary &= column.key != Some(crate::ddl::ast::ColumnKey::Primary);
                let reads = [
                    column.generated.as_ref().map(|generated| &generated.expr),
                    column.check.as_ref().map(|check| &check.expr),
                ];
                for name in reads.into_iter().flatten().flat_map(|expr| &expr.facts.columns) {
                    self.column(name, "INT");
                }
            }
            Operation::ModifyColumn { column, .. } => self.same(&column.name, column),
            Operation::ChangeColumn { old, column, .. } => self.same(old, column),
            Operation::Option(option) if matches!(option.name.as_str(), "charset" | "collate") => {
                let word = if option.name == "charset" { "CHARACTER SET" } else { "COLLATE" };
                let _ = write!(self.charset, " {word} {}", option.value);
            }
            Operation::ConvertCharset { charset, collation } => {
                let _ = write!(self.charset, " CHARACTER SET {charset}");
                if let Some(collation) = collation {
                    let _ = write!(self.charset, " COLLATE {collation}");
                }
            }
            Operation::DropColumn { name, .. } => self.column(name, "INT"),
            Operation::RenameColumn { from, .. } => self.column(from, "INT"),
            Operation::SetDefault { column, .. } | Operation::DropDefault { column, .. } => self.column(column, "INT"),
            Operation::AddKey(key) => self.key_columns(key),
            Operation::DropKey { name, .. } | Operation::AlterKey { name, .. } => self.key(name),
            Operation::RenameKey { from, .. } => self.key(from),
            Operation::AddForeignKey(key) => {
                for name in &key.columns {
                    self.column(name, "BIGINT");
                }
                // With its index there already the constraint is cheapest.
                let names: Vec<String> = key.columns.iter().map(|name| quote_name(&name.value)).collect();
                let _ = write!(self.keys, ", KEY ({})", names.join(", "));
            }
            Operation::AddCheck(check) => {
                for name in &check.expr.facts.columns {
                    self.column(name, "INT");
                }
            }
            Operation::AddPeriod { start, end, .. } => {
                self.column(start, "TIMESTAMP(6) NOT NULL");
                self.column(end, "TIMESTAMP(6) NOT NULL");
            }
            _ => {}
        }
    }

    /// A column that is already what the statement makes of it.
    fn same(&mut self, name: &'a Ident, column: &'a crate::ddl::ast::ColumnDef) {
        let from = column.data_type.span.start.min(column.span.end);
        let definition = crate::sql::Span::new(from, column.span.end).of(self.sql);
        self.primary &= column.key != Some(crate::ddl::ast::ColumnKey::Primary) && !column.auto_increment;
        let key = if column.auto_increment && column.key.is_none() { " PRIMARY KEY" } else { "" };
        self.column(name, &format!("{definition}{key}"));
    }
}
