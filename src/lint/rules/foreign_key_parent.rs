//! Foreign keys whose actions make nodes collide.

use crate::ddl::ast::{Body, Operation, References, ReferentialAction};
use crate::lint::script::Unit;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "foreign-key-parent",
    group: Group::Galera,
    severity: Severity::Info,
    on_the_way_down: false,
    needs_context: true,
    page: include_str!("../../../docs/rules/foreign-key-parent.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for unit in &script.units {
        match &unit.ast.body {
            Body::CreateTable(create) if !create.temporary => {
                let table = unit.quoted(&create.table);
                let in_columns = create.columns.iter().filter_map(|column| column.references.as_ref());
                let in_table = create.foreign_keys.iter().map(|key| &key.references);
                for references in in_columns.chain(in_table) {
                    judge(unit, &table, references, sink);
                }
            }
            Body::AlterTable(alter) => {
                let table = unit.quoted(&alter.table);
                for operation in alter.operations() {
                    match operation {
                        Operation::AddForeignKey(key) => judge(unit, &table, &key.references, sink),
                        Operation::AddColumn { column, .. } => {
                            if let Some(references) = &column.references {
                                judge(unit, &table, references, sink);
                            }
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

fn judge(unit: &Unit<'_>, child: &str, references: &References, sink: &mut Sink) {
    let acts = |action: Option<ReferentialAction>| {
        matches!(action, Some(ReferentialAction::Cascade | ReferentialAction::SetNull))
    };
    if !acts(references.on_delete) && !acts(references.on_update) {
        return;
    }
    let parent = unit.quoted(&references.table);
    sink.report(
        unit.range(references.span),
        format!(
            "A write to {parent} changes rows of {child} on every node: if both are written on several nodes, appliers \
             and sessions collide there."
        ),
    )
    .help("Prefer RESTRICT, and delete children explicitly in batches.");
}
