//! A file that ends within a statement.

use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "unfinished-statement",
    group: Group::Migration,
    severity: Severity::Error,
    on_the_way_down: true,
    needs_context: false,
    page: include_str!("../../../docs/rules/unfinished-statement.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for unit in script.units.iter().filter(|unit| unit.unfinished) {
        sink.report(
            unit.head(),
            "The file ends within this statement: nothing closes its last quote, comment or block, so the rest of the \
             file was read as a part of it and not looked at.",
        )
        .help("Close it; where the statement is complete, put DELIMITER around it.");
    }
}
