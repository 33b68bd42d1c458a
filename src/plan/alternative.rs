//! What else would be possible when neither TOI nor RSU is: a copy of the table, or the same goal in steps that are
//! each safe.

use crate::ddl::Reason;
use crate::ddl::ast::{AlterTable, Body, Operation, Statement};
use crate::sql::Span;

/// The table that a statement changes, as the alternatives name it.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Its database.
    pub database: &'a str,
    /// Its name.
    pub table: &'a str,
    /// Whether it has a primary key or a NOT NULL unique one, without which rows cannot be copied in chunks.
    pub has_key: bool,
}

/// The alternatives for a statement that is refused. `text` is the statement's own.
pub fn alternatives(statement: &Statement, text: &str, target: Option<Target<'_>>) -> Vec<Reason> {
    let Body::AlterTable(alter) = &statement.body else { return Vec::new() };
    let mut found: Vec<Reason> = alter
        .operations()
        .filter_map(in_steps)
        .map(|text| Reason { code: "expand-and-contract".to_owned(), text: text.to_owned() })
        .collect();
    found.dedup();
    if let Some(command) = target.and_then(|target| pt_online_schema_change(alter, text, target)) {
        found.push(Reason {
            code: "pt-online-schema-change".to_owned(),
            text: format!("Copy the table in chunks through triggers, which is slow and slows writes, but stalls nobody for long: {command}"),
        });
    }
    found
}

/// The goal of an operation reached in steps that can each roll or run in TOI.
fn in_steps(operation: &Operation) -> Option<&'static str> {
    Some(match operation {
        Operation::ModifyColumn { .. } | Operation::ChangeColumn { .. } => {
            "Add a new column at the end with the new definition (metadata only), let the application write both, fill the old \
             rows in small batches, let it read the new one, then drop the old one."
        }
        Operation::AddColumn { position: Some(_), .. } => {
            "Add the column at the end instead: the order of columns means nothing to an application that names them, and at the \
             end the change is metadata only."
        }
        Operation::ConvertCharset { .. } => {
            "Convert column by column: add a new column at the end in the new character set, let the application write both, fill \
             the old rows in small batches, let it read the new one, then drop the old one."
        }
        Operation::AddPeriod { .. } | Operation::AddSystemVersioning => {
            "Create a new table with the final definition, let the application write both, copy the old rows in small batches, \
             then RENAME TABLE both in one statement."
        }
        Operation::DropPrimaryKey { .. } => {
            "Create a new table with the final key, let the application write both, copy the old rows in small batches, then \
             RENAME TABLE both in one statement."
        }
        _ => return None,
    })
}

/// The command that does the same with Percona Toolkit, where it can.
fn pt_online_schema_change(alter: &AlterTable, text: &str, target: Target<'_>) -> Option<String> {
    if !target.has_key || !alter.operations().all(copyable) {
        return None;
    }
    let spans = alter.clauses.iter().filter(|clause| !is_hint(&clause.operation)).map(|clause| clause.span);
    let clauses: Vec<&str> = spans.map(|span: Span| span.of(text)).collect();
    let dsn = format!("D={},t={}", target.database, target.table);
    // A name with a comma or a quote would be read as something else by the tool's own DSN syntax.
    if clauses.is_empty() || dsn.contains(['\'', '\\', ' ']) || dsn.matches(',').count() > 1 {
        return None;
    }
    let clauses = clauses.join(", ").replace('\'', r"'\''");
    // --max-flow-ctl makes the tool pause while the cluster spends more than this percentage in flow control.
    Some(format!(
        "pt-online-schema-change --alter '{clauses}' --max-flow-ctl 10 --alter-foreign-keys-method auto --execute {dsn}"
    ))
}

fn is_hint(operation: &Operation) -> bool {
    matches!(operation, Operation::Algorithm(_) | Operation::Lock(_))
}

/// Whether a new table with triggers on the old one ends where the clause would.
fn copyable(operation: &Operation) -> bool {
    !matches!(
        operation,
        Operation::RenameTable(_)
            | Operation::RenameColumn { .. }
            | Operation::DropPrimaryKey { .. }
            | Operation::AddSystemVersioning
            | Operation::DropSystemVersioning
            | Operation::AddPeriod { .. }
            | Operation::DropPeriod { .. }
            | Operation::DiscardTablespace
            | Operation::ImportTablespace
            | Operation::Partition(_)
            | Operation::Keys(_)
            | Operation::Opaque
    )
}
