//! Foreign keys on tables that hold rows.

use crate::ddl::ast::{Body, Operation, References};
use crate::lint::script::Unit;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "foreign-key-on-existing-data",
    group: Group::Data,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: false,
    page: include_str!("../../../docs/rules/foreign-key-on-existing-data.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for (unit, alter, clause) in script.clauses() {
        let references = match &clause.operation {
            Operation::AddForeignKey(key) => &key.references,
            Operation::AddColumn { column, .. } => match &column.references {
                Some(references) => references,
                None => continue,
            },
            _ => continue,
        };
        report(script, unit, &unit.quoted(&alter.table), references, unit.range(clause.span), sink);
    }
}

fn report(
    script: &Script<'_>,
    unit: &Unit<'_>,
    table: &str,
    references: &References,
    span: std::ops::Range<usize>,
    sink: &mut Sink,
) {
    let parent = unit.quoted(&references.table);
    let message = match checks_before(script, unit) {
        Some(false) => format!("Rows of {table} without a parent in {parent} are not looked for, and stay."),
        _ => format!(
            "{table} is copied while every write of the cluster waits, and the statement fails if a row has no parent in \
             {parent}."
        ),
    };
    sink.report(span, message)
        .help("Look for orphans first; with foreign_key_checks=0 in the session the constraint is metadata only.");
}

/// What the last SET before the statement made of foreign_key_checks; `None` where no SET did.
fn checks_before(script: &Script<'_>, unit: &Unit<'_>) -> Option<bool> {
    let earlier = script.units.iter().take_while(|earlier| earlier.offset < unit.offset);
    let mut checks = None;
    for assignments in earlier.filter_map(|unit| match &unit.ast.body {
        Body::Set(assignments) => Some((unit, assignments)),
        _ => None,
    }) {
        for assignment in assignments.1.iter().filter(|assignment| assignment.name == "foreign_key_checks") {
            let value = assignments.0.text(assignment.value).trim_matches(['\'', '"']).to_ascii_lowercase();
            checks = Some(!matches!(value.as_str(), "0" | "off" | "false"));
        }
    }
    checks
}
