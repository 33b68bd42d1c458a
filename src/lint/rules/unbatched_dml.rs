//! UPDATE and DELETE without an end.

use crate::lint::dml::Verb;
use crate::lint::script::Unit;
use crate::lint::{Group, Rule, Script, Severity, Sink};
use crate::sql::TokenKind;

pub(super) const RULE: Rule = Rule {
    id: "unbatched-dml",
    group: Group::Data,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: true,
    page: include_str!("../../../docs/rules/unbatched-dml.md"),
    check: Some(check),
};

/// Up to this many rows one transaction is no burden.
const FEW_ROWS: u64 = 10_000;

fn check(script: &Script<'_>, sink: &mut Sink) {
    for unit in &script.units {
        let Some(dml) = unit.dml() else { continue };
        let verb = match dml.verb {
            Verb::Update => "changes",
            Verb::Delete => "deletes",
            Verb::Insert => continue,
        };
        if script.is_new(unit, &dml.table) || bounded(unit) {
            continue;
        }
        let size = script.context.size(&dml.table, unit.database.as_deref());
        if size.is_some_and(|size| size.rows <= FEW_ROWS) {
            continue;
        }
        let rows = size.map_or(String::new(), |size| format!(" (about {})", size.rows));
        sink.report(
            unit.offset..unit.range(dml.table.span()).end,
            format!(
                "The statement {verb} every row of {}{rows} in one write set; while the other nodes apply it, flow \
                 control stops all writers.",
                unit.quoted(&dml.table)
            ),
        )
        .help("Go along the primary key in batches of some thousand rows, each in a transaction of its own.");
    }
}

/// Whether WHERE, LIMIT or a join stands outside of parentheses. How many rows they leave is not known here, and what
/// is not known is not accused.
fn bounded(unit: &Unit<'_>) -> bool {
    let mut depth = 0usize;
    unit.tokens().iter().any(|token| {
        match token.kind {
            TokenKind::Punct(b'(') => depth += 1,
            TokenKind::Punct(b')') => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && ["WHERE", "LIMIT", "JOIN"].iter().any(|word| token.is_word(unit.sql, word))
    })
}
