//! Questions to the rows that are there: would the statement fail on them, or cut them?
//!
//! Each question is one read-only query that returns the rows which stand in the way, a few of them, so that a person
//! sees sample keys. A query that returns nothing has passed; one that did not end within its time, or could not be put,
//! has not. Questions are put to the tables as they are before the plan begins ([`source`]).

mod column;
mod source;
#[cfg(test)]
mod tests;

use source::{Source, Value};

use super::Rows;
use crate::ddl::ast::{Body, CheckDef, ColumnDef, KeyDef, KeyType, ObjectName, Operation, References, Statement};
use crate::ddl::model::{Applied, ColumnId, KeyKind, KeyPart, Table};
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
    /// Why the question itself cannot be put to the rows of today. The query then only asks whether there is any row.
    pub blind: Option<String>,
    /// It holds an expression of the statement's own, which means what it means in the statement's own session.
    pub as_written: bool,
}

impl DataCheck {
    /// The query without its limit.
    pub fn all(&self) -> &str {
        self.sql.rsplit_once(" LIMIT ").map_or(&self.sql, |(sql, _)| sql)
    }
}

/// A table that a foreign key refers to, as it is at that point of the plan.
#[derive(Clone, Debug)]
pub struct Parent {
    /// Where its rows are today.
    pub rows: Rows,
    /// Its definition behind the statement; `None` when it is not known.
    pub table: Option<std::sync::Arc<Table>>,
}

/// Every question that a statement puts to the rows of its table. `text` is the statement's own, `rows` says where the
/// rows of its table are today, and `parent` the same of a table that a foreign key refers to.
///
/// What columns ask follows from the table before and after, as far as both are known.
pub fn data_checks(
    statement: &Statement,
    text: &str,
    applied: &Applied,
    rows: &Rows,
    parent: &dyn Fn(&ObjectName) -> Parent,
) -> Vec<DataCheck> {
    let Some(name) = statement.objects.first().filter(|_| *rows != Rows::Nowhere) else { return Vec::new() };
    if let Rows::In(table, _) = rows
        && table.database.is_empty()
    {
        return Vec::new();
    }
    let at = |table| Source { rows, name: &name.name.value, table, distinct: false };
    let questions = Questions { text, applied, parent, after: at(applied.after.as_deref()) };
    let mut checks = Vec::new();
    if let (Some(before), Some(after)) = (&applied.before, &applied.after) {
        for new in &after.columns {
            if let Some(old) = before.column_by_id(new.id) {
                column::checks(old, new, at(Some(before)), &mut checks);
            }
        }
        checks.extend(questions.kept_keys(before, after));
    }
    match &statement.body {
        Body::AlterTable(alter) => {
            for operation in alter.operations() {
                questions.of_operation(operation, &mut checks);
            }
        }
        Body::CreateIndex(create) => checks.extend(questions.duplicates(&create.key)),
        _ => {}
    }
    checks
}

/// Rows that satisfy `condition`, by their key and the values of `columns`, which it is about.
fn rows_where(
    source: &Source<'_>,
    code: &'static str,
    what: String,
    columns: &[&str],
    shown: bool,
    condition: &str,
) -> DataCheck {
    let mut names = source.key();
    let key = names.len();
    names.extend(columns.iter().filter(|name| !names[..key].contains(name)).copied().collect::<Vec<_>>());
    let relation = match source.relation(&names) {
        Ok(relation) => relation,
        Err(why) => return source.blind(code, what, why),
    };
    let listed: Vec<String> = names[..if shown { names.len() } else { key }].iter().map(|name| quote(name)).collect();
    let listed = if listed.is_empty() { "1".to_owned() } else { listed.join(", ") };
    let sql = format!("SELECT {listed} FROM {relation} WHERE {condition} LIMIT {SAMPLES}");
    DataCheck { code, what, sql, blind: None, as_written: false }
}

fn nulls(column: &str, source: &Source<'_>) -> DataCheck {
    let what = format!("rows in which `{column}` is NULL");
    rows_where(source, "nulls", what, &[column], false, &format!("{} IS NULL", quote(column)))
}

/// What the clauses of one statement ask. They name columns as the statement leaves them.
struct Questions<'a> {
    text: &'a str,
    applied: &'a Applied,
    parent: &'a dyn Fn(&ObjectName) -> Parent,
    after: Source<'a>,
}

impl Questions<'_> {
    fn of_operation(&self, operation: &Operation, checks: &mut Vec<DataCheck>) {
        match operation {
            Operation::AddKey(key) => checks.extend(self.duplicates(key)),
            Operation::AddForeignKey(key) => {
                let own: Vec<&str> = key.columns.iter().map(|column| column.value.as_str()).collect();
                checks.extend(self.orphans(&own, &key.references));
            }
            Operation::AddCheck(check) => checks.push(self.violators(check)),
            Operation::AddColumn { column, .. } => {
                self.of_column(column, checks);
                let references = column.references.as_ref();
                checks.extend(references.and_then(|parent| self.orphans(&[&column.name.value], parent)));
            }
            Operation::ModifyColumn { column, .. } | Operation::ChangeColumn { column, .. } => {
                self.of_column(column, checks)
            }
            _ => {}
        }
    }

    /// Keys and checks in a column's definition.
    fn of_column(&self, column: &ColumnDef, checks: &mut Vec<DataCheck>) {
        let name = column.name.value.as_str();
        if column.key.is_some() {
            checks.extend(self.agreeing(&[quote(name)], &[name]));
        }
        if let Some(check) = &column.check {
            checks.push(self.violators(check));
        }
    }

    /// Rows that agree in a new unique key. `ALTER IGNORE` drops them instead of failing, so they are asked for as well.
    fn duplicates(&self, key: &KeyDef) -> Option<DataCheck> {
        // Uniqueness over a period is a question of ranges, which the server itself must answer.
        if !matches!(key.key_type, KeyType::Primary | KeyType::Unique) || key.without_overlaps.is_some() {
            return None;
        }
        if self.forbidden_already(key) {
            return None;
        }
        let parts: Vec<String> = key.parts.iter().map(|part| key_part(&part.column.value, part.prefix)).collect();
        let names: Vec<&str> = key.parts.iter().map(|part| part.column.value.as_str()).collect();
        self.agreeing(&parts, &names)
    }

    /// Whether a unique key of before forbids every duplicate of a new one, with values that the statement does not change.
    fn forbidden_already(&self, key: &KeyDef) -> bool {
        let (Some(before), Some(after)) = (&self.applied.before, &self.applied.after) else { return false };
        let unchanged = |id: ColumnId| {
            let types = before.column_by_id(id).zip(after.column_by_id(id));
            types.is_some_and(|(old, new)| old.data_type == new.data_type)
        };
        let whole: Vec<ColumnId> = key
            .parts
            .iter()
            .filter(|part| part.prefix.is_none())
            .filter_map(|part| Some(after.column(&part.column.value)?.id))
            .filter(|id| unchanged(*id))
            .collect();
        before.unique_keys_within(&whole).next().is_some()
    }

    /// Rows that agree in a unique key that is there, once values of its columns are converted: under another collation, or as
    /// another type, what differs today may be the same.
    fn kept_keys(&self, before: &Table, after: &Table) -> Vec<DataCheck> {
        let converted = |part: &KeyPart| {
            let types = before.column_by_id(part.column).zip(after.column_by_id(part.column));
            types.is_some_and(|(old, new)| !source::leaves_distinct(old, new))
        };
        let kept = after.keys.iter().filter(|key| {
            matches!(key.kind, KeyKind::Primary | KeyKind::Unique)
                && key.without_overlaps.is_none()
                && before.keys.iter().any(|old| old.id == key.id)
                && key.parts.iter().any(converted)
        });
        kept.filter_map(|key| {
            let names: Vec<(&str, Option<u64>)> = key
                .parts
                .iter()
                .filter_map(|part| Some((after.column_by_id(part.column)?.name.as_str(), part.prefix)))
                .collect();
            let parts: Vec<String> = names.iter().map(|(name, prefix)| key_part(name, *prefix)).collect();
            self.agreeing(&parts, &names.iter().map(|(name, _)| *name).collect::<Vec<_>>())
        })
        .collect()
    }

    /// Rows that agree in all of `parts`, expressions over the columns `names`; `None` where there cannot be any.
    fn agreeing(&self, parts: &[String], names: &[&str]) -> Option<DataCheck> {
        let after = Source { distinct: true, ..self.after };
        let never = |name: &str| match after.value(name) {
            // NULLs never collide.
            Value::Constant(value) => value.eq_ignore_ascii_case("NULL"),
            Value::Counted => true,
            Value::Column(_) | Value::Converted(_) | Value::Hidden(_) => false,
        };
        if names.iter().any(|name| never(name)) {
            return None;
        }
        let columns = parts.join(", ");
        let what = format!("rows that agree in {columns}");
        let relation = match after.relation(names) {
            Ok(relation) => relation,
            Err(why) => return Some(after.blind("duplicates", what, why)),
        };
        let no_nulls: Vec<String> = names.iter().map(|name| format!("{} IS NOT NULL", quote(name))).collect();
        let sql = format!(
            "SELECT {columns}, COUNT(*) AS `rows` FROM {relation} WHERE {} GROUP BY {columns} HAVING COUNT(*) > 1 LIMIT {SAMPLES}",
            no_nulls.join(" AND ")
        );
        Some(DataCheck { code: "duplicates", what, sql, blind: None, as_written: false })
    }

    /// Rows whose parent is not there. Where the parent's columns were left out, they are its primary key, which only the
    /// parent's definition tells; the server's own check remains for that case.
    fn orphans(&self, own: &[&str], references: &References) -> Option<DataCheck> {
        if references.columns.is_empty() || references.columns.len() != own.len() {
            return None;
        }
        let is_null = |name: &str| self.after.value(name) == Value::Constant("NULL".to_owned());
        if own.iter().any(|name| is_null(name)) {
            return None;
        }
        let parent = (self.parent)(&references.table);
        let theirs: Vec<&str> = references.columns.iter().map(|column| column.value.as_str()).collect();
        let there = Source { rows: &parent.rows, name: "p", table: parent.table.as_deref(), distinct: false };
        let what = format!("rows without a parent in {}", references.table.qualified(None));
        let mut names = self.after.key();
        names.extend(own.iter().filter(|name| !names.contains(name)).copied().collect::<Vec<_>>());
        let child = self.after.relation(&names).map(|relation| aliased(&relation, self.after.name, "c"));
        let has_parent = match parent.rows {
            // A parent that the plan makes is empty.
            Rows::Nowhere => Ok(String::new()),
            _ => there.relation(&theirs).map(|relation| {
                let pairs: Vec<String> = own
                    .iter()
                    .zip(&theirs)
                    .map(|(child, parent)| format!("p.{} = c.{}", quote(parent), quote(child)))
                    .collect();
                format!(
                    " AND NOT EXISTS (SELECT 1 FROM {} WHERE {})",
                    aliased(&relation, "p", "p"),
                    pairs.join(" AND ")
                )
            }),
        };
        let (child, has_parent) = match child.and_then(|child| Ok((child, has_parent?))) {
            Ok(found) => found,
            Err(why) => return Some(self.after.blind("orphans", what, why)),
        };
        let shown: Vec<String> = names.iter().map(|column| format!("c.{}", quote(column))).collect();
        let set: Vec<String> = own.iter().map(|column| format!("c.{} IS NOT NULL", quote(column))).collect();
        let sql = format!(
            "SELECT {} FROM {child} WHERE {}{has_parent} LIMIT {SAMPLES}",
            shown.join(", "),
            set.join(" AND "),
        );
        Some(DataCheck { code: "orphans", what, sql, blind: None, as_written: false })
    }

    fn violators(&self, check: &CheckDef) -> DataCheck {
        let expression = check.expr.span.of(self.text);
        let read = check.expr.facts.columns.iter().map(|column| column.value.as_str());
        // A word that is no column, such as a unit of time, is for the server to read.
        let is_column = |name: &&str| self.after.table.is_none_or(|table| table.column(name).is_some());
        let names: Vec<&str> = read.filter(is_column).collect();
        let what = format!("rows that violate CHECK ({expression})");
        // A check is satisfied by TRUE and by NULL.
        let found = rows_where(&self.after, "violations", what, &names, false, &format!("NOT ({expression})"));
        DataCheck { as_written: found.blind.is_none(), ..found }
    }
}

/// What a key holds of a column.
fn key_part(name: &str, prefix: Option<u64>) -> String {
    match prefix {
        Some(prefix) => format!("LEFT({}, {prefix})", quote(name)),
        None => quote(name),
    }
}

/// A relation under another name: a table that stands for itself, or one that has a name of its own already.
fn aliased(relation: &str, name: &str, alias: &str) -> String {
    let own = format!(" AS {}", quote(name));
    format!("{} AS {alias}", relation.strip_suffix(&own).unwrap_or(relation))
}
