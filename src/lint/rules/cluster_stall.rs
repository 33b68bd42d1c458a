//! Statements that hold up every write of the cluster, as far as no other rule says so more closely.

use crate::ddl::ast::{Body, Kind, Operation};
use crate::ddl::{Algorithm, Moves};
use crate::lint::script::Unit;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "cluster-stall",
    group: Group::Stall,
    severity: Severity::Error,
    on_the_way_down: true,
    needs_context: true,
    page: include_str!("../../../docs/rules/cluster-stall.md"),
    check: Some(check),
};

const HELP: &str =
    "`schema plan` says whether there is a cheaper form, and `schema apply` rolls it node by node where that is safe.";

fn check(script: &Script<'_>, sink: &mut Sink) {
    for unit in &script.units {
        let Some(cost) = script.cost(unit) else { continue };
        let table = unit.ast.objects.first().map(|table| unit.quoted(table)).unwrap_or_default();
        let stall = script.stall(unit, cost.algorithm);
        if stall.is_some_and(|stall| stall.acceptable) || told_by_another(script, unit) {
            continue;
        }
        let seconds = stall.map_or(String::new(), |stall| format!(", for up to {:.0} s", stall.seconds.ceil()));
        let why = cost.reasons.get(1).map(|reason| format!(" {}", reason.text)).unwrap_or_default();
        let (severity, message) = match (cost.algorithm, cost.moves) {
            (Algorithm::Copy, _) if cost.moves == Moves::Partitions => (
                Severity::Error,
                format!("Every write of the cluster waits while rows of {table} are copied{seconds}."),
            ),
            (Algorithm::Copy, _) => (
                Severity::Error,
                format!("Every write of the cluster waits while {table} is copied row by row{seconds}.{why}"),
            ),
            (Algorithm::Inplace, _) => {
                (Severity::Error, format!("Every write of the cluster waits while {table} is rebuilt{seconds}.{why}"))
            }
            (Algorithm::Nocopy, Moves::Keys) => (
                Severity::Warning,
                format!("Every write of the cluster waits while {table} is read and an index is built{seconds}."),
            ),
            _ if !cost.known && !guarded(unit) => match restates(unit) {
                Some(clause) => {
                    sink.report(
                        clause,
                        format!(
                            "If the column's type or character set changes in more than its length, {table} is copied \
                             while every write of the cluster waits."
                        ),
                    )
                    .severity(Severity::Warning)
                    .help("--schema DUMP tells; ALGORITHM=INSTANT makes the statement fail instead of stalling.");
                    continue;
                }
                None => continue,
            },
            _ => continue,
        };
        sink.report(blame(script, unit), message).severity(severity).help(HELP);
    }
}

/// The first clause that is as dear as the whole statement; else its head.
fn blame(script: &Script<'_>, unit: &Unit<'_>) -> std::ops::Range<usize> {
    let (Body::AlterTable(alter), Some(whole)) = (&unit.ast.body, script.cost(unit)) else { return unit.head() };
    let dear = alter.clauses.iter().find(|clause| {
        let own = script.clause_cost(unit, clause);
        own.is_some_and(|own| own.algorithm == whole.algorithm)
    });
    dear.map_or_else(|| unit.head(), |clause| unit.range(clause.span))
}

/// MODIFY or CHANGE of a table whose definition is not known.
fn restates(unit: &Unit<'_>) -> Option<std::ops::Range<usize>> {
    let Body::AlterTable(alter) = &unit.ast.body else { return None };
    alter.clauses.iter().find_map(|clause| match &clause.operation {
        Operation::ModifyColumn { .. } | Operation::ChangeColumn { .. } => Some(unit.range(clause.span)),
        _ => None,
    })
}

/// An ALGORITHM that makes the server refuse what would be dear.
fn guarded(unit: &Unit<'_>) -> bool {
    let Body::AlterTable(alter) = &unit.ast.body else { return false };
    matches!(alter.algorithm.as_deref(), Some("INSTANT" | "NOCOPY"))
}

/// Whether the rule that knows the very reason reports it.
fn told_by_another(script: &Script<'_>, unit: &Unit<'_>) -> bool {
    if unit.ast.kind == Kind::OptimizeTable {
        return matches!(&unit.ast.body, Body::Maintenance(maintenance) if maintenance.local);
    }
    let Body::AlterTable(alter) = &unit.ast.body else { return false };
    super::add_column_with_index::applies(alter)
        || super::instant_blocked::reason(script, unit).is_some()
        || alter.operations().any(|operation| match operation {
            Operation::AddForeignKey(_)
            | Operation::AddCheck(_)
            | Operation::ConvertCharset { .. }
            | Operation::OrderBy(_)
            | Operation::PartitionBy(_)
            | Operation::RemovePartitioning => true,
            Operation::Option(option) => match option.name.as_str() {
                "row_format" | "key_block_size" => true,
                "engine" => !option.value.eq_ignore_ascii_case("innodb"),
                _ => false,
            },
            _ => false,
        })
}
