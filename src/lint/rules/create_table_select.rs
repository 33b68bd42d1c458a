//! CREATE TABLE .. SELECT.

use crate::ddl::ast::{Body, CreateSource};
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "create-table-select",
    group: Group::Galera,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: false,
    page: include_str!("../../../docs/rules/create-table-select.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for unit in &script.units {
        let Body::CreateTable(create) = &unit.ast.body else { continue };
        let Some(CreateSource::Query(query)) = &create.source else { continue };
        if create.temporary {
            continue;
        }
        sink.report(
            unit.range(*query),
            format!(
                "{} and all its rows are sent to the other nodes as one write set, which fails above wsrep_max_ws_size \
                 and stalls the cluster long before.",
                unit.quoted(&create.table)
            ),
        )
        .help("CREATE TABLE with columns and keys first, then INSERT .. SELECT in batches along the primary key.");
    }
}
