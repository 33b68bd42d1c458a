//! CHECKs on tables that hold rows.

use crate::ddl::ast::Operation;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "check-on-existing-data",
    group: Group::Data,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: false,
    page: include_str!("../../../docs/rules/check-on-existing-data.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for (unit, alter, clause) in script.clauses() {
        let check = match &clause.operation {
            Operation::AddCheck(check) => check,
            Operation::ModifyColumn { column, .. } | Operation::ChangeColumn { column, .. } => match &column.check {
                Some(check) => check,
                None => continue,
            },
            _ => continue,
        };
        sink.report(
            unit.range(check.span),
            format!(
                "The statement fails if a row of {} does not satisfy the condition, after copying rows while every write \
                 of the cluster waits.",
                unit.quoted(&alter.table)
            ),
        )
        .help("Count the rows that violate it first.");
    }
}
