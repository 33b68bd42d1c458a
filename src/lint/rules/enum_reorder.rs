//! ENUM and SET whose members change their numbers.

use crate::ddl::ast::Operation;
use crate::ddl::model::BaseType;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "enum-reorder",
    group: Group::Data,
    severity: Severity::Error,
    on_the_way_down: false,
    needs_context: true,
    page: include_str!("../../../docs/rules/enum-reorder.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for (unit, alter, clause) in script.clauses() {
        let (old, column) = match &clause.operation {
            Operation::ModifyColumn { column, .. } => (&column.name, column),
            Operation::ChangeColumn { old, column, .. } => (old, column),
            _ => continue,
        };
        let (Some(before), Some(after)) = (&unit.before, &unit.after) else { continue };
        let (Some(before), Some(after)) = (before.column(&old.value), after.column(&column.name.value)) else {
            continue;
        };
        let (old_type, new_type) = (&before.data_type, &after.data_type);
        if old_type.base != new_type.base || !matches!(old_type.base, BaseType::Enum | BaseType::Set) {
            continue;
        }
        if new_type.members.starts_with(&old_type.members) {
            continue;
        }
        let lost: Vec<String> = old_type
            .members
            .iter()
            .filter(|member| !new_type.members.contains(member))
            .map(|member| format!("'{member}'"))
            .collect();
        let removed = match lost.as_slice() {
            [] => String::new(),
            lost => format!(" Rows with {} make it fail, or lose the value.", lost.join(", ")),
        };
        sink.report(
            unit.range(column.data_type.span),
            format!(
                "The members of `{}` of {} change their numbers, so all rows are copied while every write waits, and \
                 nodes with the old and the new list read each other's rows wrongly.{removed}",
                old.value,
                unit.quoted(&alter.table)
            ),
        )
        .help("Append new members at the end, and leave unused ones where they are.");
    }
}
