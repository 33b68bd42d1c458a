//! Questions to the rows that are there: would the statement fail on them, or cut them?
//!
//! Each question is one read-only query that returns the rows which stand in the way, a few of them, so that a person
//! sees sample keys. A query that returns nothing has passed; one that did not end within its time has not.

mod column;

use crate::ddl::ast::{Body, CheckDef, ColumnDef, ForeignKeyDef, KeyDef, KeyType, Operation, Statement};
use crate::ddl::model::Applied;
use crate::sql::quote_name as quote;

/// How many rows that stand in the way are shown.
const SAMPLES: usize = 5;

/// One question to the rows of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataCheck {
    /// Kebab case: what would be found, such as `duplicates`.
    pub code: &'static str,
    /// What is looked for, to be followed by what was found: "rows with the same (a, b)".
    pub what: String,
    /// The query. The rows that it returns stand in the way.
    pub sql: String,
}

impl DataCheck {
    /// The query without its limit.
    pub fn all(&self) -> &str {
        self.sql.rsplit_once(" LIMIT ").map_or(&self.sql, |(sql, _)| sql)
    }
}

/// The table that is asked, as the plan knows it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Its database.
    pub database: &'a str,
    /// Its name.
    pub table: &'a str,
    /// The columns of its primary key, shown as samples; may be empty.
    pub key: &'a [String],
}

impl Asked<'_> {
    fn name(&self) -> String {
        format!("{}.{}", quote(self.database), quote(self.table))
    }

    /// Rows that satisfy `condition`, by their key and the values of `columns`.
    fn rows(&self, code: &'static str, what: String, columns: &[&str], condition: &str) -> DataCheck {
        let mut shown: Vec<String> = self.key.iter().map(|column| quote(column)).collect();
        for column in columns {
            let column = quote(column);
            if !shown.contains(&column) {
                shown.push(column);
            }
        }
        let shown = if shown.is_empty() { "1".to_owned() } else { shown.join(", ") };
        let sql = format!("SELECT {shown} FROM {} WHERE {condition} LIMIT {SAMPLES}", self.name());
        DataCheck { code, what, sql }
    }
}

/// Every question that a statement puts to the rows of its table. `text` is the statement's own.
///
/// What columns ask follows from the table before and after, as far as both are known.
pub fn data_checks(statement: &Statement, text: &str, applied: &Applied, asked: Asked<'_>) -> Vec<DataCheck> {
    let mut checks = Vec::new();
    if let (Some(before), Some(after)) = (&applied.before, &applied.after) {
        for new in &after.columns {
            if let Some(old) = before.column_by_id(new.id) {
                column::checks(old, new, asked, &mut checks);
            }
        }
    }
    match &statement.body {
        Body::AlterTable(alter) => {
            for operation in alter.operations() {
                of_operation(operation, text, applied, asked, &mut checks);
            }
        }
        Body::CreateIndex(create) => checks.extend(duplicates(&create.key, applied, asked)),
        _ => {}
    }
    checks
}

fn of_operation(operation: &Operation, text: &str, applied: &Applied, asked: Asked<'_>, checks: &mut Vec<DataCheck>) {
    match operation {
        Operation::AddKey(key) => checks.extend(duplicates(key, applied, asked)),
        Operation::AddForeignKey(key) => checks.extend(orphans(key, asked)),
        Operation::AddCheck(check) => checks.push(violators(check, text, asked)),
        Operation::ModifyColumn { column, .. } => of_column(&column.name.value, column, text, asked, checks),
        Operation::ChangeColumn { old, column, .. } => of_column(&old.value, column, text, asked, checks),
        _ => {}
    }
}

/// Keys and checks in the new definition of a column that is there.
fn of_column(name: &str, column: &ColumnDef, text: &str, asked: Asked<'_>, checks: &mut Vec<DataCheck>) {
    if column.key.is_some() {
        checks.push(agreeing(&[quote(name)], &[name], asked));
    }
    if let Some(check) = &column.check {
        checks.push(violators(check, text, asked));
    }
}

fn nulls(column: &str, asked: Asked<'_>) -> DataCheck {
    asked.rows("nulls", format!("rows in which `{column}` is NULL"), &[], &format!("{} IS NULL", quote(column)))
}

/// Rows that agree in a new unique key. `ALTER IGNORE` drops them instead of failing, so they are asked for as well.
fn duplicates(key: &KeyDef, applied: &Applied, asked: Asked<'_>) -> Option<DataCheck> {
    // Uniqueness over a period is a question of ranges, which the server itself must answer.
    if !matches!(key.key_type, KeyType::Primary | KeyType::Unique) || key.without_overlaps.is_some() {
        return None;
    }
    if forbidden_already(key, applied) {
        return None;
    }
    let parts: Vec<String> = key
        .parts
        .iter()
        .map(|part| match part.prefix {
            Some(prefix) => format!("LEFT({}, {prefix})", quote(&part.column.value)),
            None => quote(&part.column.value),
        })
        .collect();
    let names: Vec<&str> = key.parts.iter().map(|part| part.column.value.as_str()).collect();
    Some(agreeing(&parts, &names, asked))
}

/// Whether a unique key of today forbids every duplicate of a new one, with values that the statement does not change.
fn forbidden_already(key: &KeyDef, applied: &Applied) -> bool {
    let (Some(before), Some(after)) = (&applied.before, &applied.after) else { return false };
    let whole: Vec<_> = key
        .parts
        .iter()
        .filter(|part| part.prefix.is_none())
        .filter_map(|part| before.column(&part.column.value))
        .filter(|old| after.column_by_id(old.id).is_some_and(|new| new.data_type == old.data_type))
        .map(|column| column.id)
        .collect();
    before.unique_keys_within(&whole).next().is_some()
}

/// Rows that agree in all of `parts`, expressions over the columns `names`.
fn agreeing(parts: &[String], names: &[&str], asked: Asked<'_>) -> DataCheck {
    let columns = parts.join(", ");
    // NULLs never collide.
    let no_nulls: Vec<String> = names.iter().map(|name| format!("{} IS NOT NULL", quote(name))).collect();
    let sql = format!(
        "SELECT {columns}, COUNT(*) AS `rows` FROM {} WHERE {} GROUP BY {columns} HAVING COUNT(*) > 1 LIMIT {SAMPLES}",
        asked.name(),
        no_nulls.join(" AND ")
    );
    DataCheck { code: "duplicates", what: format!("rows that agree in {columns}"), sql }
}

/// Rows whose parent is not there. Where the parent's columns were left out, they are its primary key, which only the
/// parent's definition tells; the server's own check remains for that case.
fn orphans(key: &ForeignKeyDef, asked: Asked<'_>) -> Option<DataCheck> {
    let references = &key.references;
    if references.columns.is_empty() || references.columns.len() != key.columns.len() {
        return None;
    }
    let parent = &references.table;
    let parent_name = format!("{}.{}", quote(parent.database_or(Some(asked.database))?), quote(&parent.name.value));
    let child_columns: Vec<String> = key.columns.iter().map(|column| format!("c.{}", quote(&column.value))).collect();
    let pairs: Vec<String> = child_columns
        .iter()
        .zip(&references.columns)
        .map(|(child, parent)| format!("p.{} = {child}", quote(&parent.value)))
        .collect();
    let set: Vec<String> = child_columns.iter().map(|column| format!("{column} IS NOT NULL")).collect();
    let shown: Vec<String> =
        asked.key.iter().map(|column| format!("c.{}", quote(column))).chain(child_columns.iter().cloned()).collect();
    let sql = format!(
        "SELECT {} FROM {} AS c WHERE {} AND NOT EXISTS (SELECT 1 FROM {parent_name} AS p WHERE {}) LIMIT {SAMPLES}",
        shown.join(", "),
        asked.name(),
        set.join(" AND "),
        pairs.join(" AND ")
    );
    Some(DataCheck { code: "orphans", what: format!("rows without a parent in {}", parent.qualified(None)), sql })
}

fn violators(check: &CheckDef, text: &str, asked: Asked<'_>) -> DataCheck {
    let expression = check.expr.span.of(text);
    // A check is satisfied by TRUE and by NULL.
    asked.rows("violations", format!("rows that violate CHECK ({expression})"), &[], &format!("NOT ({expression})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ddl::model::Catalog;
    use crate::ddl::{ServerProfile, parse};

    fn asks(clauses: &str) -> Vec<&'static str> {
        let settings = ServerProfile::of("10.11.19".parse().unwrap()).settings;
        let dump = "CREATE TABLE t (id INT NOT NULL, a INT, b VARCHAR(20), PRIMARY KEY (id), UNIQUE KEY ub (b(5)));";
        let mut catalog = Catalog::from_dump(dump, settings.clone());
        let sql = format!("ALTER TABLE t {clauses}");
        let statement = parse(&sql, settings.dialect);
        let applied = catalog.apply(&statement, &sql, None);
        let asked = Asked { database: "app", table: "t", key: &["id".to_owned()] };
        data_checks(&statement, &sql, &applied, asked).into_iter().map(|check| check.code).collect()
    }

    #[test]
    fn duplicates_are_asked_for_where_no_key_forbids_them() {
        assert_eq!(asks("ADD UNIQUE u (a)"), ["duplicates"]);
        assert_eq!(asks("ADD UNIQUE u (a, id)"), [""; 0]);
        assert_eq!(asks("ADD UNIQUE u (a, b)"), ["duplicates"], "only the first letters of b are unique");
        assert_eq!(asks("MODIFY id TINYINT NOT NULL, ADD UNIQUE u (a, id)"), ["out-of-range", "duplicates"]);
    }
}
