//! The way back from a statement that was run.

use serde::{Deserialize, Serialize};

use super::render;
use super::tables::{qualified, quote};
use crate::ddl::ast::{Body, Operation, Rename, Statement};
use crate::ddl::model::{Applied, Column, Key, Table, Visibility};

/// How to undo a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayBack {
    /// The DDL that undoes it, where there is one.
    pub sql: Option<String>,
    /// What it brings back, and what not, in a sentence.
    pub text: String,
}

fn none(text: &str) -> WayBack {
    WayBack { sql: None, text: text.to_owned() }
}

fn with(sql: String, text: &str) -> WayBack {
    WayBack { sql: Some(sql), text: text.to_owned() }
}

/// The way back from `statement`. `database` is the default database in force.
pub fn way_back(statement: &Statement, applied: &Applied, database: Option<&str>) -> Option<WayBack> {
    match &statement.body {
        Body::AlterTable(alter) => Some(altered(applied, &alter.operations().collect::<Vec<_>>())),
        Body::CreateIndex(_) | Body::DropIndex(_) => Some(altered(applied, &[])),
        Body::CreateTable(create) if create.or_replace => {
            Some(none("A table of that name that was there before is gone with its rows."))
        }
        Body::CreateTable(create) if create.if_not_exists => Some(none(
            "If the table was not there before, DROP TABLE takes it away again; if it was, nothing was done.",
        )),
        Body::CreateTable(create) => {
            let name = qualified(create.table.database_or(database), &create.table.name.value);
            Some(with(format!("DROP TABLE {name}"), "The table goes with whatever was written to it."))
        }
        Body::RenameTable { renames, .. } => {
            let pair = |rename: &Rename| {
                let from = qualified(rename.from.database_or(database), &rename.from.name.value);
                let to = qualified(rename.to.database_or(database), &rename.to.name.value);
                format!("{to} TO {from}")
            };
            let pairs: Vec<String> = renames.iter().rev().map(pair).collect();
            Some(with(format!("RENAME TABLE {}", pairs.join(", ")), "The tables get their old names again."))
        }
        Body::Drop(_) | Body::TruncateTable { .. } => Some(none("The rows are gone; only a backup brings them back.")),
        _ => None,
    }
}

fn altered(applied: &Applied, operations: &[&Operation]) -> WayBack {
    let (Some(before), Some(after)) = (applied.before.as_deref(), applied.after.as_deref()) else {
        return none(
            "The table's definition before the statement is not known, so the way back cannot be written down.",
        );
    };
    if before.incomplete || after.incomplete || operations.contains(&&Operation::Opaque) {
        return none("The table's definition is not wholly understood, so the way back cannot be written down.");
    }
    if before.partitioning != after.partitioning {
        return none(
            "Partitions are not put back by one statement; write the old PARTITION BY, or restore the rows that went with a partition.",
        );
    }
    if before.versioning.is_some() != after.versioning.is_some() {
        return match before.versioning {
            Some(_) => none("The history is gone; only a backup brings it back."),
            None => with(
                format!("ALTER TABLE {} DROP SYSTEM VERSIONING", qualified(after.database.as_deref(), &after.name)),
                "The history that was collected meanwhile goes.",
            ),
        };
    }
    let mut clauses = Vec::new();
    let lost = inverse(before, after, &mut clauses);
    if clauses.is_empty() {
        return none("It leaves nothing to undo in the definition.");
    }
    let sql = format!("ALTER TABLE {} {}", qualified(after.database.as_deref(), &after.name), clauses.join(", "));
    let text = if lost.is_empty() {
        "The definition is as before.".to_owned()
    } else {
        format!("The definition is as before, but not the data: {}.", lost.join("; "))
    };
    WayBack { sql: Some(sql), text }
}

/// The clauses that lead back, and what they do not bring back.
fn inverse(before: &Table, after: &Table, clauses: &mut Vec<String>) -> Vec<String> {
    let mut lost = Vec::new();
    let key_of = |table: &Table, name: &str| table.keys.iter().any(|key| key.name.eq_ignore_ascii_case(name));
    for key in after.foreign_keys.iter().filter(|key| before.foreign_key(&key.name).is_none()) {
        clauses.push(format!("DROP FOREIGN KEY {}", quote(&key.name)));
    }
    for check in after
        .checks
        .iter()
        .filter(|check| check.column.is_none() && !before.checks.iter().any(|old| old.name == check.name))
    {
        clauses.push(format!("DROP CONSTRAINT {}", quote(&check.name)));
    }
    let same = |a: &Key, b: &Key| {
        a.kind == b.kind
            && a.parts == b.parts
            && a.using == b.using
            && a.key_block_size == b.key_block_size
            && a.parser == b.parser
            && a.without_overlaps == b.without_overlaps
    };
    let mut renamed = Vec::new();
    for key in &after.keys {
        match before.keys.iter().find(|old| old.name.eq_ignore_ascii_case(&key.name)) {
            Some(old) if same(old, key) => {
                if old.ignored != key.ignored {
                    clauses.push(format!(
                        "ALTER KEY {} {}",
                        quote(&key.name),
                        if old.ignored { "IGNORED" } else { "NOT IGNORED" }
                    ));
                }
            }
            None => match before.keys.iter().find(|old| same(old, key) && !key_of(after, &old.name)) {
                Some(old) => {
                    renamed.push(old.id);
                    clauses.push(format!("RENAME KEY {} TO {}", quote(&key.name), quote(&old.name)));
                }
                None => clauses.push(drop_key(key)),
            },
            Some(_) => clauses.push(drop_key(key)),
        }
    }
    columns(before, after, clauses, &mut lost);
    for key in &before.keys {
        let kept = after.keys.iter().any(|new| new.name.eq_ignore_ascii_case(&key.name) && same(key, new));
        if !kept && !renamed.contains(&key.id) {
            clauses.push(format!("ADD {}", render::key(before, key)));
        }
    }
    for key in before.foreign_keys.iter().filter(|key| after.foreign_key(&key.name).is_none()) {
        clauses.push(format!("ADD {}", render::foreign_key(before, key)));
    }
    for check in before
        .checks
        .iter()
        .filter(|check| check.column.is_none() && !after.checks.iter().any(|new| new.name == check.name))
    {
        clauses.push(format!("ADD CONSTRAINT {} CHECK ({})", quote(&check.name), check.text));
    }
    options(before, after, clauses);
    if before.name != after.name || before.database != after.database {
        clauses.push(format!("RENAME TO {}", qualified(before.database.as_deref(), &before.name)));
    }
    lost
}

fn drop_key(key: &Key) -> String {
    if key.kind == crate::ddl::model::KeyKind::Primary {
        "DROP PRIMARY KEY".to_owned()
    } else {
        format!("DROP KEY {}", quote(&key.name))
    }
}

fn columns(before: &Table, after: &Table, clauses: &mut Vec<String>, lost: &mut Vec<String>) {
    let shown = |column: &&Column| column.visibility != Visibility::System;
    for column in after.columns.iter().filter(shown).filter(|column| before.column_by_id(column.id).is_none()) {
        clauses.push(format!("DROP COLUMN {}", quote(&column.name)));
        if column.generated.is_none() {
            lost.push(format!("what was written to `{}` goes", column.name));
        }
    }
    let order = |table: &Table, other: &Table| -> Vec<crate::ddl::model::ColumnId> {
        table
            .columns
            .iter()
            .filter(shown)
            .filter(|column| other.column_by_id(column.id).is_some())
            .map(|column| column.id)
            .collect()
    };
    let moved = order(before, after) != order(after, before);
    let mut previous: Option<&Column> = None;
    let last_kept = before
        .columns
        .iter()
        .filter(shown)
        .rfind(|column| after.column_by_id(column.id).is_some())
        .map(|column| column.id);
    let mut past_last = last_kept.is_none();
    for old in before.columns.iter().filter(shown) {
        let place = match previous {
            None => " FIRST".to_owned(),
            Some(column) => format!(" AFTER {}", quote(&column.name)),
        };
        match after.column_by_id(old.id) {
            None => {
                let place = if past_last { String::new() } else { place };
                clauses.push(format!("ADD COLUMN {}{place}", definition(before, old)));
                if old.generated.is_none() {
                    lost.push(format!("the values of `{}` stay gone", old.name));
                }
            }
            Some(new) => {
                let place = if moved { place } else { String::new() };
                if old.name != new.name {
                    clauses.push(format!("CHANGE COLUMN {} {}{place}", quote(&new.name), definition(before, old)));
                } else if old != new || moved || own_checks(before, old) != own_checks(after, new) {
                    clauses.push(format!("MODIFY COLUMN {}{place}", definition(before, old)));
                }
                if old.data_type != new.data_type {
                    lost.push(format!(
                        "values of `{}` that {} cannot hold make it fail, or were cut on the way here",
                        new.name, old.data_type
                    ));
                }
                past_last = Some(old.id) == last_kept;
            }
        }
        previous = Some(old);
    }
}

/// A column's definition with the check that stands in it, such as `json_valid` of JSON.
fn definition(table: &Table, column: &Column) -> String {
    let checks = own_checks(table, column).into_iter().map(|text| format!(" CHECK ({text})"));
    render::column(column) + &checks.collect::<String>()
}

fn own_checks<'a>(table: &'a Table, column: &Column) -> Vec<&'a str> {
    let own = table.checks.iter().filter(|check| check.column == Some(column.id));
    own.map(|check| check.text.as_str()).collect()
}

fn options(before: &Table, after: &Table, clauses: &mut Vec<String>) {
    let (a, b) = (&before.options, &after.options);
    if !a.engine.eq_ignore_ascii_case(&b.engine) {
        clauses.push(format!("ENGINE={}", a.engine));
    }
    if a.row_format != b.row_format {
        clauses.push(format!("ROW_FORMAT={}", a.row_format.as_deref().unwrap_or("DEFAULT")));
    }
    if a.key_block_size != b.key_block_size {
        clauses.push(format!("KEY_BLOCK_SIZE={}", a.key_block_size.unwrap_or(0)));
    }
    if (&a.charset, &a.collation) != (&b.charset, &b.collation)
        && let (Some(charset), Some(collation)) = (&a.charset, &a.collation)
    {
        clauses.push(format!("DEFAULT CHARACTER SET {charset} COLLATE {collation}"));
    }
    if a.comment != b.comment {
        clauses.push(format!("COMMENT={}", render::quoted_text(&a.comment)));
    }
    for (name, value) in &a.others {
        if b.others.get(name) != Some(value) && value.chars().all(|c| c.is_ascii_alphanumeric()) {
            clauses.push(format!("{}={value}", name.to_ascii_uppercase()));
        }
    }
}
