//! ADD COLUMN and ADD INDEX in one statement.

use crate::ddl::ast::{AlterTable, Clause, ColumnDef, ColumnKey, KeyType, Operation};
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
        let Some((column, index)) = pair(alter) else { continue };
        if script.is_small(unit) {
            continue;
        }
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

/// Whether this is what makes the statement dear.
pub(super) fn applies(alter: &AlterTable) -> bool {
    pair(alter).is_some()
}

/// The last column and the first index that are added, where nothing else makes the statement dear.
fn pair(alter: &AlterTable) -> Option<(&ColumnDef, &Clause)> {
    let mut column = None;
    let mut index = None;
    for clause in &alter.clauses {
        match &clause.operation {
            Operation::AddColumn { column: added, .. } => {
                // Such a column costs a rebuild or a copy by itself.
                let dear = added.auto_increment
                    || added.generated.is_some()
                    || added.references.is_some()
                    || added.key == Some(ColumnKey::Primary);
                if dear {
                    return None;
                }
                index = index.or((added.key == Some(ColumnKey::Unique)).then_some(clause));
                column = Some(&**added);
            }
            Operation::AddKey(key) => {
                if matches!(key.key_type, KeyType::Primary | KeyType::Fulltext | KeyType::Vector) {
                    return None;
                }
                index = index.or(Some(clause));
            }
            Operation::AddForeignKey(_) | Operation::Opaque => return None,
            _ => {}
        }
    }
    column.zip(index)
}
