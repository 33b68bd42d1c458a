//! Several rebuilds of one table.

use crate::ddl::ast::AlterTable;
use crate::lint::script::Unit;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "join-alters",
    group: Group::Stall,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: true,
    page: include_str!("../../../docs/rules/join-alters.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    let mut rebuilds: Vec<(&Unit<'_>, &AlterTable)> = Vec::new();
    for (unit, alter) in script.alters() {
        if script.is_small(unit) || !script.cost(unit).is_some_and(super::Cost::is_rebuild) {
            continue;
        }
        let same = |other: &&(&Unit<'_>, &AlterTable)| {
            other.0.direction == unit.direction
                && other.1.table.qualified(other.0.database.as_deref())
                    == alter.table.qualified(unit.database.as_deref())
        };
        if let Some((first, _)) = rebuilds.iter().find(same) {
            let line = script.text[..first.offset].matches('\n').count() + 1;
            sink.report(
                unit.head(),
                format!(
                    "{} is written anew a second time; the statement in line {line} does it already.",
                    unit.quoted(&alter.table)
                ),
            )
            .help("One ALTER TABLE with the clauses of both costs one rebuild.");
        } else {
            rebuilds.push((unit, alter));
        }
    }
}
