//! INSERT that names no columns.

use crate::ddl::ast::Kind;
use crate::lint::{Group, Rule, Script, Severity, Sink};
use crate::sql::TokenKind;

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
    for unit in script.units.iter().filter(|unit| unit.ast.kind == Kind::Dml) {
        // A dump inserts a megabyte at a time: read no further than needed.
        let mut tokens = crate::sql::Lexer::new(unit.sql, unit.dialect).filter(|token| token.kind.is_significant());
        let Some(first) = tokens.next() else { continue };
        if !first.is_word(unit.sql, "INSERT") && !first.is_word(unit.sql, "REPLACE") {
            continue;
        }
        let modifiers = ["LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE", "INTO"];
        let mut rest = tokens.skip_while(|token| modifiers.iter().any(|word| token.is_word(unit.sql, word)));
        let Some(name) = rest.next() else { continue };
        let mut end = name.span;
        let mut next = rest.next();
        if next.is_some_and(|token| token.kind == TokenKind::Punct(b'.')) {
            end = rest.next().map_or(end, |token| token.span);
            next = rest.next();
        }
        let Some(next) = next else { continue };
        let named_nothing =
            ["VALUES", "VALUE", "SELECT", "WITH", "TABLE"].iter().any(|word| next.is_word(unit.sql, word));
        if !named_nothing || unit.ast.objects.first().is_some_and(|table| script.is_new(unit, table)) {
            continue;
        }
        sink.report(
            unit.offset..unit.range(end).end,
            format!(
                "Without a list of columns the statement fails, or fills the wrong columns, as soon as {} has others.",
                unit.text(name.span.to(end))
            ),
        )
        .help("Name the columns behind the table.");
    }
}
