//! UPDATE and DELETE without an end.

use crate::ddl::ast::Kind;
use crate::lint::script::Unit;
use crate::lint::{Group, Rule, Script, Severity, Sink};
use crate::sql::{Token, TokenKind};

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
    for unit in script.units.iter().filter(|unit| unit.ast.kind == Kind::Dml) {
        let tokens = unit.tokens();
        let Some(first) = tokens.first() else { continue };
        let verb = if first.is_word(unit.sql, "UPDATE") {
            "changes"
        } else if first.is_word(unit.sql, "DELETE") {
            "deletes"
        } else {
            continue;
        };
        if unit.ast.objects.iter().any(|table| script.is_new(unit, table)) || bounded(unit, &tokens) {
            continue;
        }
        let Some(table) = unit.ast.objects.first() else { continue };
        let few = script.context.size(table, unit.database.as_deref());
        if few.is_some_and(|size| size.rows <= FEW_ROWS) {
            continue;
        }
        let rows = few.map_or(String::new(), |size| format!(" (about {})", size.rows));
        sink.report(
            unit.head(),
            format!(
                "The statement {verb} every row of {}{rows} in one write set; while the other nodes apply it, flow \
                 control stops all writers.",
                unit.quoted(table)
            ),
        )
        .help("Go along the primary key in batches of some thousand rows, each in a transaction of its own.");
    }
}

/// Whether WHERE, LIMIT or a join stands outside of parentheses. How many rows they leave is not known here, and what
/// is not known is not accused.
fn bounded(unit: &Unit<'_>, tokens: &[Token]) -> bool {
    let mut depth = 0usize;
    tokens.iter().any(|token| {
        match token.kind {
            TokenKind::Punct(b'(') => depth += 1,
            TokenKind::Punct(b')') => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && ["WHERE", "LIMIT", "JOIN"].iter().any(|word| token.is_word(unit.sql, word))
    })
}
