//! What else would be possible when neither TOI nor RSU is: a copy of the table, or the same goal in steps that are
//! each safe.

use super::{COPY_TOOL, TableCopy};
use crate::ddl::Reason;
use crate::ddl::ast::{Body, Operation, Statement};

/// The alternatives for a statement that is refused. `copy` is what a copying tool would be asked for.
pub fn alternatives(statement: &Statement, copy: Option<&TableCopy>) -> Vec<Reason> {
    let Body::AlterTable(alter) = &statement.body else { return Vec::new() };
    let mut found: Vec<Reason> = alter
        .operations()
        .filter_map(in_steps)
        .map(|text| Reason { code: "expand-and-contract".to_owned(), text: text.to_owned() })
        .collect();
    found.dedup();
    if let Some(copy) = copy {
        let accepts: Vec<String> =
            copy.conditions().into_iter().map(|condition| format!(" --accept {}", condition.code)).collect();
        // By hand nobody would count the rows that a new unique key has dropped.
        let by_hand = if copy.adds_unique { String::new() } else { format!(", or by hand: {}", copy.command()) };
        found.push(Reason {
            code: COPY_TOOL.to_owned(),
            text: format!(
                "Copy the table in chunks through triggers, which is slow and slows writes, but stalls nobody for long: --method \
                 pt-osc{}{by_hand}",
                accepts.concat(),
            ),
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
