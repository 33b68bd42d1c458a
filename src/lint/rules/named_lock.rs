//! GET_LOCK and its kin.

use crate::ddl::ast::Class;
use crate::lint::{Group, Rule, Script, Severity, Sink};
use crate::sql::TokenKind;

pub(super) const RULE: Rule = Rule {
    id: "named-lock",
    group: Group::Galera,
    severity: Severity::Warning,
    on_the_way_down: true,
    needs_context: false,
    page: include_str!("../../../docs/rules/named-lock.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    let asks = |class| matches!(class, Class::Query | Class::Dml | Class::Session);
    for unit in script.units.iter().filter(|unit| asks(unit.ast.kind.class())) {
        // Most statements name no lock, and looking at tokens is dear.
        if !contains_ignoring_case(unit.sql, "get_lock") {
            continue;
        }
        let tokens = unit.tokens();
        for pair in tokens.windows(2) {
            if pair[0].is_word(unit.sql, "GET_LOCK") && pair[1].kind == TokenKind::Punct(b'(') {
                sink.report(
                    unit.range(pair[0].span),
                    "GET_LOCK locks one node only: two sessions that the balancer sends to different nodes both get it.",
                )
                .help("`schema lock -- COMMAND` holds a lease that the whole cluster agrees on.");
            }
        }
    }
}

fn contains_ignoring_case(text: &str, needle: &str) -> bool {
    text.as_bytes().windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}
