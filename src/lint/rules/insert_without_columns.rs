//! INSERT that names no columns.

use crate::lint::dml::Verb;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "insert-without-columns",
    group: Group::Migration,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: false,
    page: include_str!("../../../docs/rules/insert-without-columns.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for unit in &script.units {
        let Some(dml) = unit.dml().filter(|dml| dml.verb == Verb::Insert) else { continue };
        let Some(next) = dml.next else { continue };
        let values = ["VALUES", "VALUE", "SELECT", "WITH", "TABLE"];
        if !values.iter().any(|word| next.is_word(unit.sql, word)) || script.is_new(unit, &dml.table) {
            continue;
        }
        sink.report(
            unit.offset..unit.range(dml.table.span()).end,
            format!(
                "Without a list of columns the statement fails, or fills the wrong columns, as soon as {} has others.",
                unit.quoted(&dml.table)
            ),
        )
        .help("Name the columns behind the table.");
    }
}
