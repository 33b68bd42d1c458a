//! ADD COLUMN .. NOT NULL without a default.

use crate::ddl::ast::{Operation, TypeName};
use crate::lint::script::quoted;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "not-null-without-default",
    group: Group::Compatibility,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: false,
    page: include_str!("../../../docs/rules/not-null-without-default.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for (unit, alter, clause) in script.clauses() {
        let Operation::AddColumn { column, .. } = &clause.operation else { continue };
        let filled = column.default.is_some()
            || column.auto_increment
            || column.generated.is_some()
            || column.row_start
            || column.row_end
            || column.data_type.name == TypeName::Serial
            || column.on_update.is_some() && column.data_type.name == TypeName::Timestamp;
        if column.nullable != Some(false) || filled {
            continue;
        }
        sink.report(
            unit.range(column.span),
            format!(
                "INSERTs of the running application do not name {} of {} and fail in strict mode.",
                quoted(&column.name),
                unit.quoted(&alter.table)
            ),
        )
        .help("Give it a DEFAULT, or let it be NULL until every application writes it.");
    }
}
