//! Statements that are known to break on the version that was named.

use crate::ddl::Algorithm;
use crate::ddl::ast::{Body, Kind, Operation, PartitionOp};
use crate::ddl::knowledge::known_bugs;
use crate::lint::script::Unit;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "known-server-bug",
    group: Group::Migration,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: true,
    page: include_str!("../../../docs/rules/known-server-bug.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    let Some(version) = script.context.version else { return };
    let bugs: Vec<_> = known_bugs(version).collect();
    if bugs.is_empty() {
        return;
    }
    for unit in &script.units {
        for bug in &bugs {
            if !meets(bug.id, script, unit) {
                continue;
            }
            let fixed: Vec<String> = bug.fixed_in.iter().map(ToString::to_string).collect();
            // A change that does not reach the other nodes is certain to hurt; the others need bad luck.
            let lost = matches!(bug.id, "MDEV-24956" | "MDEV-19353");
            sink.report(unit.head(), format!("MariaDB {version} has {}: {}", bug.id, bug.text))
                .severity(if lost { Severity::Error } else { Severity::Warning })
                .help(format!("It is mended in {}.", fixed.join(", ")));
        }
    }
}

/// Which statements can meet which fault. The faults themselves stand in `ddl::knowledge`.
fn meets(bug: &str, script: &Script<'_>, unit: &Unit<'_>) -> bool {
    let kind = unit.ast.kind;
    let operation = |wanted: fn(&Operation) -> bool| match &unit.ast.body {
        Body::AlterTable(alter) => alter.operations().any(wanted),
        _ => false,
    };
    match bug {
        "MDEV-24956" => kind == Kind::AlterTable,
        "MDEV-19353" | "MDEV-37056" => kind == Kind::AlterSequence,
        "MDEV-33850" | "MDEV-34124" => matches!(kind, Kind::CreateSequence | Kind::AlterSequence | Kind::DropSequence),
        "MDEV-32938" => {
            operation(|op| matches!(op, Operation::AddForeignKey(_) | Operation::DropForeignKey { .. }))
                || kind == Kind::AlterTable && unit.before.as_ref().is_some_and(|table| !table.foreign_keys.is_empty())
        }
        "MDEV-32282" => kind == Kind::Flush,
        "MDEV-33064" => script.cost(unit).is_some_and(|cost| {
            matches!(cost.algorithm, Algorithm::Nocopy | Algorithm::Inplace) && kind == Kind::AlterTable
        }),
        "MDEV-21189" => {
            operation(|op| matches!(op, Operation::Partition(op) if matches!(**op, PartitionOp::Drop { .. })))
        }
        "MDEV-37857" => {
            let stored = matches!(
                kind,
                Kind::CreateView
                    | Kind::CreateProcedure
                    | Kind::CreateFunction
                    | Kind::CreateTrigger
                    | Kind::CreateEvent
            );
            stored && !unit.sql.is_ascii()
        }
        _ => false,
    }
}
