//! DROP TABLE, TRUNCATE and the like.

use crate::ddl::ast::{Body, Kind, Operation, PartitionOp};
use crate::lint::script::Unit;
use crate::lint::{Deed, Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "destructive-statement",
    group: Group::Data,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: false,
    page: include_str!("../../../docs/rules/destructive-statement.md"),
    check: Some(check),
};

const HELP: &str = "If it is meant, say so in the line above: -- schema: ignore[destructive-statement] reason";

fn check(script: &Script<'_>, sink: &mut Sink) {
    for unit in &script.units {
        match &unit.ast.body {
            Body::Drop(drop) if unit.ast.kind == Kind::DropTable && !drop.temporary => {
                for name in drop.names.iter().filter(|name| !script.is_new(unit, name)) {
                    let again = script.done_behind(unit, Deed::MakesTable, &name.name);
                    let what =
                        if again { "is dropped and made anew, without its rows" } else { "and its rows are gone" };
                    report(unit, format!("{} {what}, on all nodes at once.", unit.quoted(name)), sink);
                }
            }
            Body::Drop(drop) if unit.ast.kind == Kind::DropDatabase => {
                for name in &drop.names {
                    report(unit, format!("All tables of {} are gone, on all nodes at once.", unit.quoted(name)), sink);
                }
            }
            Body::TruncateTable { table, .. } if !script.is_new(unit, table) => {
                report(unit, format!("All rows of {} are gone, on all nodes at once.", unit.quoted(table)), sink);
            }
            Body::AlterTable(alter) if !script.is_new(unit, &alter.table) => {
                for clause in &alter.clauses {
                    let verb = match &clause.operation {
                        Operation::Partition(op) => match &**op {
                            PartitionOp::Drop { .. } => "dropped",
                            PartitionOp::Truncate(_) => "emptied",
                            _ => continue,
                        },
                        _ => continue,
                    };
                    let table = unit.quoted(&alter.table);
                    sink.report(
                        unit.range(clause.span),
                        format!("Partitions of {table} are {verb} with their rows, on all nodes at once."),
                    )
                    .help(HELP);
                }
            }
            Body::CreateTable(create)
                if create.or_replace && !create.temporary && !script.is_new(unit, &create.table) =>
            {
                report(
                    unit,
                    format!("{} is dropped and made anew, without its rows.", unit.quoted(&create.table)),
                    sink,
                );
            }
            _ => {}
        }
    }
}

fn report(unit: &Unit<'_>, message: String, sink: &mut Sink) {
    sink.report(unit.head(), message).help(HELP);
}
