//! Column changes that would be metadata only on another table.

use crate::ddl::Algorithm;
use crate::ddl::ast::{Body, Operation};
use crate::lint::script::Unit;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "instant-blocked",
    group: Group::Stall,
    severity: Severity::Error,
    on_the_way_down: false,
    needs_context: true,
    page: include_str!("../../../docs/rules/instant-blocked.md"),
    check: Some(check),
};

/// The reasons of the classification that lie in the table and not in the statement.
const IN_THE_TABLE: &[&str] = &["instant-fulltext", "instant-indexed-virtual", "instant-compressed"];

fn check(script: &Script<'_>, sink: &mut Sink) {
    for (unit, alter) in script.alters() {
        let Some(why) = reason(script, unit) else { continue };
        let stall = script.stall(unit, Algorithm::Inplace);
        if stall.is_some_and(|stall| stall.acceptable) {
            continue;
        }
        let clause = alter.clauses.iter().find(|clause| changes_columns(&clause.operation));
        sink.report(
            clause.map_or_else(|| unit.head(), |clause| unit.range(clause.span)),
            format!("{} is rebuilt while every write of the cluster waits: {why}", unit.quoted(&alter.table)),
        )
        .help("Roll it node by node with `schema apply`, or drop what is in the way first.");
    }
}

/// What of the table is in the way, as a sentence. Only a table that is known can tell.
pub(super) fn reason(script: &Script<'_>, unit: &Unit<'_>) -> Option<String> {
    let Body::AlterTable(alter) = &unit.ast.body else { return None };
    let cost = script.cost(unit).filter(|cost| cost.known && cost.algorithm == Algorithm::Inplace)?;
    alter.operations().any(changes_columns).then_some(())?;
    let reason = cost.reasons.iter().find(|reason| IN_THE_TABLE.contains(&reason.code.as_str()))?;
    Some(reason.text.clone())
}

fn changes_columns(operation: &Operation) -> bool {
    match operation {
        Operation::AddColumn { .. } | Operation::DropColumn { .. } => true,
        Operation::ModifyColumn { position, .. } | Operation::ChangeColumn { position, .. } => position.is_some(),
        _ => false,
    }
}
