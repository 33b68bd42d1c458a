//! ADD COLUMN and ADD INDEX in one statement.

use crate::ddl::ast::{ColumnKey, KeyType, Operation};
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "add-column-with-index",
    group: Group::Stall,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: false,
    page: include_str!("../../../docs/rules/add-column-with-index.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for (unit, alter) in script.alters() {
        let mut column = None;
        let mut index = None;
        let mut dear = false;
        for clause in &alter.clauses {
            match &clause.operation {
                Operation::AddColumn { column: added, .. } => {
                    // Such a column costs a rebuild or a copy by itself.
                    dear |= added.auto_increment || added.generated.is_some() || added.references.is_some();
                    index = index.or((added.key == Some(ColumnKey::Unique)).then_some(clause));
                    dear |= added.key == Some(ColumnKey::Primary);
                    column = Some(added);
                }
                Operation::AddKey(key) => {
                    dear |= matches!(key.key_type, KeyType::Primary | KeyType::Fulltext | KeyType::Vector);
                    index = index.or(Some(clause));
                }
                Operation::AddForeignKey(_) | Operation::Opaque => dear = true,
                _ => {}
            }
        }
        let (Some(column), Some(index), false) = (column, index, dear) else { continue };
        let table = unit.quoted(&alter.table);
        sink.report(
            unit.range(index.span),
            format!(
                "Because an index is added in the same statement, `{}` cannot be added instantly: {table} is rebuilt \
                 while every write of the cluster waits.",
                column.name.value
            ),
        )
        .help("Two statements: the column first, with ALGORITHM=INSTANT, then the index.");
    }
}
