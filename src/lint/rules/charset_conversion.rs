//! CONVERT TO CHARACTER SET.

use crate::ddl::Algorithm;
use crate::ddl::ast::Operation;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "charset-conversion",
    group: Group::Compatibility,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: true,
    page: include_str!("../../../docs/rules/charset-conversion.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for (unit, alter, clause) in script.clauses() {
        let Operation::ConvertCharset { charset, .. } = &clause.operation else { continue };
        let table = unit.quoted(&alter.table);
        if script.cost(unit).is_some_and(|cost| cost.known && cost.algorithm == Algorithm::Instant) {
            continue;
        }
        sink.report(
            unit.range(clause.span),
            format!(
                "Every row of {table} is copied into {charset} while all writes of the cluster wait, unless each column's \
                 old and new character set are alike; long indexes may no longer fit."
            ),
        )
        .help("DEFAULT CHARACTER SET changes what new columns get and costs nothing; convert single columns where needed.");
    }
}
