//! New columns whose default is computed anew for each row.

use crate::ddl::ast::{DefaultValue, Operation};
use crate::lint::script::quoted;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "volatile-default",
    group: Group::Data,
    severity: Severity::Error,
    on_the_way_down: false,
    needs_context: false,
    page: include_str!("../../../docs/rules/volatile-default.md"),
    check: Some(check),
};

/// Functions whose value the replicated statement carries along: the time of its start.
const TIMES: &[&str] = &[
    "curdate",
    "current_date",
    "current_time",
    "current_timestamp",
    "curtime",
    "localtime",
    "localtimestamp",
    "now",
    "unix_timestamp",
    "utc_date",
    "utc_time",
    "utc_timestamp",
];

fn check(script: &Script<'_>, sink: &mut Sink) {
    for (unit, alter, clause) in script.clauses() {
        let Operation::AddColumn { column, .. } = &clause.operation else { continue };
        let name = quoted(&column.name);
        let table = unit.quoted(&alter.table);
        match &column.default {
            Some(DefaultValue::Now(expr)) => {
                sink.report(
                    unit.range(expr.span),
                    format!(
                        "Existing rows of {table} get the time of the change in {name}; if the change rolls node by node, \
                         each node has another time."
                    ),
                )
                .severity(Severity::Info)
                .help("Add it with a constant or NULL, and set this default in a second statement.");
            }
            Some(DefaultValue::Expression(expr)) if expr.facts.is_volatile() => {
                let only_times = !expr.facts.variables
                    && !expr.facts.subquery
                    && expr.facts.volatile_functions().all(|function| TIMES.contains(&function));
                let severity = if only_times { Severity::Warning } else { Severity::Error };
                sink.report(
                    unit.range(expr.span),
                    format!(
                        "Each node computes {name} for the existing rows of {table} by itself, so the nodes' rows differ \
                         from then on, and nothing reports it."
                    ),
                )
                .severity(severity)
                .help("Add it nullable, fill it by UPDATE in batches, and set this default last: rows replicate, DDL does not.");
            }
            _ => {}
        }
    }
}
