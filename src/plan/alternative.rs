//! What else would be possible when neither TOI nor RSU is: a copy of the table, or the same goal in steps that are
//! each safe.

use super::{COPY_TOOL, TableCopy};
use crate::ddl::ast::{Body, Kind, Operation, Statement};
use crate::ddl::{Judgement, Moves, Reason};

/// The alternatives for a statement that is refused. `appended` is the statement with its new members of an ENUM or SET at
/// the end, `copy` what a copying tool would be asked for.
pub fn alternatives(
    statement: &Statement,
    appended: Option<(String, Judgement)>,
    copy: Option<&TableCopy>,
) -> Vec<Reason> {
    let alter = match &statement.body {
        Body::AlterTable(alter) => alter,
        Body::TruncateTable { .. } => return vec![later()],
        Body::Drop(_) if statement.kind == Kind::DropTable => return vec![later()],
        _ => return Vec::new(),
    };
    let mut found: Vec<Reason> = appended.map(at_the_end).into_iter().collect();
    let in_steps = alter
        .operations()
        .filter_map(in_steps)
        .map(|text| Reason { code: "expand-and-contract".to_owned(), text: text.to_owned() });
    found.extend(in_steps);
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

/// The stall of a removal is that of its files, whenever it runs and under whatever name the table stands then.
fn later() -> Reason {
    Reason {
        code: "rename-now-remove-later".to_owned(),
        text: "RENAME TABLE takes the table out of everybody's sight at once and stalls nobody for long; the removal costs the \
               same stall later, at an hour that can bear it."
            .to_owned(),
    }
}

/// New members behind the old ones, where they move no old one's number.
fn at_the_end((sql, judgement): (String, Judgement)) -> Reason {
    let what = match judgement.moves {
        Moves::Nothing => "which changes the definition only",
        _ => "which is cheaper",
    };
    Reason {
        code: "append-members".to_owned(),
        text: format!(
            "Append the new members at the end instead, {what}: {sql} (Members sort by their place; ORDER BY FIELD(..) or a CASE \
             gives another order.)"
        ),
    }
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
