//! Cheap and dear clauses in one ALTER TABLE.

use crate::ddl::Algorithm;
use crate::ddl::ast::Operation;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "split-alter",
    group: Group::Stall,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: true,
    page: include_str!("../../../docs/rules/split-alter.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for (unit, alter) in script.alters() {
        if alter.clauses.len() < 2 || script.is_small(unit) || super::add_column_with_index::applies(alter) {
            continue;
        }
        if !script.cost(unit).is_some_and(super::Cost::is_rebuild) {
            continue;
        }
        let mut dear = None;
        let mut cheap = None;
        for clause in &alter.clauses {
            let changes = matches!(clause.operation, Operation::AddColumn { .. } | Operation::DropColumn { .. });
            match script.clause_cost(unit, clause).map(|cost| cost.algorithm) {
                Some(Algorithm::Instant) if changes => cheap = cheap.or(Some(clause)),
                Some(Algorithm::Inplace | Algorithm::Copy) => dear = dear.or(Some(clause)),
                _ => {}
            }
        }
        let (Some(dear), Some(cheap)) = (dear, cheap) else { continue };
        // What the dear clause rests on must not be torn from it.
        if let Operation::AddColumn { column, .. } = &cheap.operation
            && crate::sql::tokens(unit.text(dear.span), unit.dialect).iter().any(|token| {
                let text = token.text(unit.text(dear.span));
                crate::sql::unquote(text, token.kind, unit.dialect).eq_ignore_ascii_case(&column.name.value)
            })
        {
            continue;
        }
        let line = |clause: &crate::ddl::ast::Clause| {
            let text = unit.text(clause.span);
            let words: Vec<&str> = text.split_whitespace().take(4).collect();
            words.join(" ")
        };
        sink.report(
            unit.range(cheap.span),
            format!(
                "`{} ..` is metadata only, but waits for `{} ..`, which writes all of {} anew.",
                line(cheap),
                line(dear),
                unit.quoted(&alter.table)
            ),
        )
        .help("Two statements, this one first, with ALGORITHM=INSTANT.");
    }
}
