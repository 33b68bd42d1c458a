//! Whether old and new schema can live side by side while a change rolls through the cluster node by node.
//!
//! A roll mixes schemas: rows written on unchanged nodes are applied on changed ones and the other way round. The
//! verdict is computed from the table before and after; where it is not known, from what the clauses alone can tell.

mod back;
mod clauses;
mod columns;
mod keys;
mod render;
mod sides;
mod tables;
#[cfg(test)]
mod tests;
mod values;

pub use back::{WayBack, way_back};

use super::ast::{Body, CreateSource, Kind, Operation, Statement};
use super::knowledge::Fact;
use super::model::{Applied, Table};
use super::profile::ServerProfile;
use super::{Compatibility, Flow, Reason};
use sides::Sides;
use tables::qualified;
use values::Limit;

/// What a roll of a statement rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rolling {
    /// Verdict, directions and conditions.
    pub compatibility: Compatibility,
    /// Why it is unsafe, where it is.
    pub why: Vec<Reason>,
    /// The conversion window that a roll needs, where it needs one.
    pub window: Option<Window>,
}

/// A temporary `slave_type_conversions` on all nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The value that makes the change possible.
    pub setting: &'static str,
    /// Queries that return a row as soon as some value no longer fits one of the types.
    pub guards: Vec<String>,
    /// The same for the rows before the change, which the old types hold by themselves; `None` when nothing is left to ask.
    pub today: Option<String>,
}

/// Judges a roll of `statement`, which was parsed from `text`.
pub fn rolling(statement: &Statement, text: &str, applied: &Applied, profile: &ServerProfile) -> Rolling {
    let mut sides = Sides::new();
    match &statement.body {
        Body::AlterTable(alter) => {
            let operations: Vec<&Operation> = alter.operations().collect();
            if alter.ignore {
                never(&mut sides, Fact::Ignores);
            }
            altered(&mut sides, text, applied, &operations, profile);
        }
        Body::CreateIndex(index) => {
            let operation = Operation::AddKey(Box::new(index.key.clone()));
            altered(&mut sides, text, applied, &[&operation], profile);
        }
        Body::DropIndex(index) => {
            let operation = Operation::DropKey { if_exists: index.if_exists, name: index.name.clone() };
            altered(&mut sides, text, applied, &[&operation], profile);
        }
        _ => whole(&mut sides, statement),
    }
    let window = sides.window.then(|| {
        let table = applied.before.as_deref();
        let asked = |counts: fn(Limit) -> bool| table.and_then(|table| guard(table, &sides.misfits, counts));
        Window {
            setting: "ALL_NON_LOSSY,ALL_LOSSY",
            guards: asked(|_| true).into_iter().collect(),
            today: asked(|limit| !matches!(limit, Limit::Old | Limit::OldMembers)),
        }
    });
    Rolling { compatibility: sides.compatibility(), why: sides.why, window }
}

/// The question for all that does not fit, in one reading of the table: a roll asks it at every look, and the table may be
/// large.
fn guard(table: &Table, misfits: &[(Limit, String)], counts: fn(Limit) -> bool) -> Option<String> {
    let name = qualified(table.database.as_deref(), &table.name);
    let counted = misfits.iter().filter(|(limit, _)| counts(*limit));
    let any = counted.map(|(_, misfit)| format!("({misfit})")).collect::<Vec<_>>().join(" OR ");
    (!any.is_empty()).then(|| format!("SELECT 1 FROM {name} WHERE {any} LIMIT 1"))
}

fn never(sides: &mut Sides, fact: Fact) {
    if let Some((_, code, text)) = tables::NEVER.iter().find(|(known, ..)| *known == fact) {
        sides.never(Flow::Lost, Flow::Lost, code, *text);
    }
}

fn altered(sides: &mut Sides, text: &str, applied: &Applied, operations: &[&Operation], profile: &ServerProfile) {
    match (applied.before.as_deref(), applied.after.as_deref()) {
        (Some(before), Some(after)) => {
            tables::compare(sides, before, after, profile);
            clauses::beside_tables(sides, operations, Some(before), text);
        }
        _ => clauses::alone(sides, operations, text),
    }
}

/// Statements other than changes of one table.
fn whole(sides: &mut Sides, statement: &Statement) {
    use Flow::{Lost, Ok};
    use Kind as K;
    let (old_to_new, new_to_old, code, text) = match statement.kind {
        // Maintenance leaves rows as they are.
        K::OptimizeTable | K::AnalyzeTable | K::CheckTable | K::ChecksumTable => return,
        K::CreateTable => match &statement.body {
            Body::CreateTable(create) if matches!(create.source, Some(CreateSource::Query(_))) => (
                Lost,
                Lost,
                "copies-rows",
                "The rows of CREATE TABLE .. SELECT are replicated, and other nodes would lack the table.",
            ),
            _ => (
                Ok,
                Lost,
                "new-table",
                "The first row written to the new table is lost on the nodes that lack it, and they with it.",
            ),
        },
        K::DropTable | K::DropDatabase => {
            (Lost, Ok, "dropped-table", "A row for a table that is gone cannot be applied, and the node is lost.")
        }
        K::TruncateTable => {
            (Lost, Lost, "truncated-table", "Rows that are gone on some nodes are updated and deleted on others.")
        }
        K::RenameTable => (Lost, Lost, "table-renamed", "Rows name their table; under another name they find none."),
        K::CreateTrigger | K::DropTrigger => (
            Flow::Differs,
            Flow::Differs,
            "runs-where-it-is",
            "A trigger acts on the node that a row is written on, so the result would depend on the node.",
        ),
        _ => (
            Flow::Differs,
            Flow::Differs,
            "must-be-everywhere",
            "It must come into force on all nodes at once, and in total order isolation it is cheap.",
        ),
    };
    sides.never(old_to_new, new_to_old, code, text);
}
