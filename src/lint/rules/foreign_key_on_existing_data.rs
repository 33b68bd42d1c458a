//! Foreign keys on tables that hold rows.

use crate::ddl::ast::{Operation, References};
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
        report(unit, &unit.quoted(&alter.table), references, unit.range(clause.span), sink);
    }
}

fn report(unit: &Unit<'_>, table: &str, references: &References, span: std::ops::Range<usize>, sink: &mut Sink) {
    let parent = unit.quoted(&references.table);
    let message = if unit.profile.foreign_key_checks {
        format!(
            "{table} is copied while every write of the cluster waits, and the statement fails if a row has no parent in \
             {parent}."
        )
    } else {
        format!("Rows of {table} without a parent in {parent} are not looked for, and stay.")
    };
    sink.report(span, message)
        .help("Look for orphans first; with foreign_key_checks=0 in the session the constraint is metadata only.");
}
