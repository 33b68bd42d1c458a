//! RENAME TABLE.

use crate::ddl::ast::{Body, ObjectName, Operation};
use crate::lint::script::Unit;
use crate::lint::{Deed, Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "rename-table",
    group: Group::Compatibility,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: false,
    page: include_str!("../../../docs/rules/rename-table.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for unit in &script.units {
        match &unit.ast.body {
            Body::RenameTable { renames, .. } => {
                for rename in renames {
                    // A swap: the old name has a table again when the statement is done.
                    let swapped = renames.iter().any(|other| same(&other.to, &rename.from));
                    if !swapped && !script.is_new(unit, &rename.from) && !made_again(script, unit, &rename.from) {
                        let span = unit.range(rename.from.span().to(rename.to.span()));
                        report(unit, span, &rename.from, &rename.to, sink);
                    }
                }
            }
            Body::AlterTable(alter) if !script.is_new(unit, &alter.table) => {
                for clause in &alter.clauses {
                    if let Operation::RenameTable(to) = &clause.operation
                        && !made_again(script, unit, &alter.table)
                    {
                        report(unit, unit.range(clause.span), &alter.table, to, sink);
                    }
                }
            }
            _ => {}
        }
    }
}

fn report(unit: &Unit<'_>, span: std::ops::Range<usize>, from: &ObjectName, to: &ObjectName, sink: &mut Sink) {
    sink.report(
        span,
        format!(
            "{} becomes {}: statements of the running application that name it fail at once, on all nodes.",
            unit.quoted(from),
            unit.quoted(to)
        ),
    )
    .help(format!("Create a view {} in the same file, until no application uses the name.", unit.quoted(from)));
}

/// Whether a later statement gives something the old name.
fn made_again(script: &Script<'_>, unit: &Unit<'_>, name: &ObjectName) -> bool {
    [Deed::MakesTable, Deed::MakesView].iter().any(|deed| script.done_behind(unit, *deed, &name.name))
}

fn same(a: &ObjectName, b: &ObjectName) -> bool {
    a.name.value.eq_ignore_ascii_case(&b.name.value)
}
