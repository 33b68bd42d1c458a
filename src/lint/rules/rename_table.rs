//! RENAME TABLE.

use crate::ddl::ast::{Body, ObjectName, Operation};
use crate::lint::script::Unit;
use crate::lint::{Group, Rule, Script, Severity, Sink};

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
    for (index, unit) in script.units.iter().enumerate() {
        let later: Vec<&Unit<'_>> =
            script.units[index + 1..].iter().filter(|later| later.direction == unit.direction).collect();
        match &unit.ast.body {
            Body::RenameTable { renames, .. } => {
                for rename in renames {
                    // A swap: the old name has a table again when the statement is done.
                    let swapped = renames.iter().any(|other| same(&other.to, &rename.from));
                    if !swapped && !script.is_new(unit, &rename.from) && !made_again(&later, &rename.from) {
                        let span = unit.range(rename.from.span().to(rename.to.span()));
                        report(unit, span, &rename.from, &rename.to, sink);
                    }
                }
            }
            Body::AlterTable(alter) if !script.is_new(unit, &alter.table) => {
                for clause in &alter.clauses {
                    if let Operation::RenameTable(to) = &clause.operation
                        && !made_again(&later, &alter.table)
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

fn made_again(later: &[&Unit<'_>], name: &ObjectName) -> bool {
    later.iter().any(|unit| match &unit.ast.body {
        Body::View(view) => same(&view.view, name),
        Body::CreateTable(create) => same(&create.table, name),
        Body::RenameTable { renames, .. } => renames.iter().any(|rename| same(&rename.to, name)),
        Body::AlterTable(alter) => alter.operations().any(|operation| match operation {
            Operation::RenameTable(to) => same(to, name),
            _ => false,
        }),
        _ => false,
    })
}

fn same(a: &ObjectName, b: &ObjectName) -> bool {
    a.name.value.eq_ignore_ascii_case(&b.name.value)
}
