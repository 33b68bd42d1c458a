//! ALTER TABLE without ALGORITHM.

use crate::ddl::Algorithm;
use crate::ddl::ast::Operation;
use crate::lint::finding::Edit;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "explicit-algorithm",
    group: Group::Stall,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: true,
    page: include_str!("../../../docs/rules/explicit-algorithm.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for (unit, alter) in script.alters() {
        let Some(append) = alter.append else { continue };
        let only_renames =
            alter.operations().all(|operation| matches!(operation, Operation::RenameTable(_) | Operation::Keys(_)));
        if alter.algorithm.is_some() || only_renames {
            continue;
        }
        // What is dear is said by other rules, and naming the ALGORITHM does not make it cheap.
        let Some(cost) = script.cost(unit) else { continue };
        if cost.is_rebuild() {
            continue;
        }
        let word = cost.algorithm.keyword();
        let fix = (cost.known && cost.algorithm == Algorithm::Instant).then(|| {
            let at = unit.offset + append.at as usize;
            let separator = if append.comma { "," } else { "" };
            Edit { range: at..at, text: format!("{separator} ALGORITHM={word}") }
        });
        sink.report(
            unit.head(),
            format!(
                "Without ALGORITHM the server falls back to a rebuild or a copy of {} where this cannot be {word}, and \
                 says nothing.",
                unit.quoted(&alter.table)
            ),
        )
        .help(format!("Add ALGORITHM={word}: then the statement fails at once instead of stalling the cluster."))
        .fix(fix);
    }
}
