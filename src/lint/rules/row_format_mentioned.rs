//! ROW_FORMAT and KEY_BLOCK_SIZE in ALTER TABLE.

use crate::ddl::ast::Operation;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "row-format-mentioned",
    group: Group::Stall,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: false,
    page: include_str!("../../../docs/rules/row-format-mentioned.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for (unit, alter, clause) in script.clauses() {
        let Operation::Option(option) = &clause.operation else { continue };
        if option.name != "row_format" && option.name != "key_block_size" {
            continue;
        }
        if unit.before.as_ref().is_some_and(|table| !table.is_innodb()) || script.is_small(unit) {
            continue;
        }
        let word = unit.text(option.span).split(['=', ' ']).next().unwrap_or_default().to_ascii_uppercase();
        sink.report(
            unit.range(option.span),
            format!(
                "{word} rebuilds {} while every write of the cluster waits, even if it has that value already.",
                unit.quoted(&alter.table)
            ),
        )
        .help("Leave it out, or change it in a statement of its own, node by node with `schema apply`.");
    }
}
