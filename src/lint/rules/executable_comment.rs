//! Executable comments that some servers run and others skip.

use std::ops::Range;

use crate::ddl;
use crate::ddl::ast::Class;
use crate::lint::script::Unit;
use crate::lint::{Group, Rule, Script, Severity, Sink};
use crate::sql::{Lexer, TokenKind};

pub(super) const RULE: Rule = Rule {
    id: "executable-comment",
    group: Group::Migration,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: true,
    page: include_str!("../../../docs/rules/executable-comment.md"),
    check: Some(check),
};

/// MariaDB 5.5 and everything younger runs comments up to this number; mysqldump writes such.
const RUN_BY_ALL: u32 = 50_700;
/// The oldest series that is still maintained.
const OLDEST: u32 = 100_600;
/// Of a longer comment only the beginning is pointed at, in bytes.
const LONGEST: usize = 60;

fn check(script: &Script<'_>, sink: &mut Sink) {
    // A dump sets variables of its session in such comments, which leaves nothing behind on the node.
    let lasts = |unit: &&Unit<'_>| matches!(unit.ast.kind.class(), Class::Ddl | Class::Dml);
    for unit in script.units.iter().filter(lasts) {
        for span in opened(unit) {
            report(script, unit.offset + span.start..unit.offset + span.end, sink);
        }
    }
    for comment in skipped(script) {
        report(script, beginning(script.text, comment), sink);
    }
}

/// Whole statements that are skipped, and so are no statements to the version.
fn skipped(script: &Script<'_>) -> Vec<Range<usize>> {
    if !contains_any(script.text) {
        return Vec::new();
    }
    let dialect = script.context.dialect();
    let lasts = |comment: &Range<usize>| {
        let text = &script.text[comment.clone()];
        let next = script.units.partition_point(|unit| unit.whole().end <= comment.start);
        let inside = script.units.get(next).is_some_and(|unit| unit.offset <= comment.start);
        if inside || !begins(text) {
            return false;
        }
        let number = |char: char| char.is_ascii_digit();
        let held = text.trim_start_matches(['/', '*', 'M', '!']).trim_start_matches(number).trim_end_matches("*/");
        matches!(ddl::parse(held, dialect).kind.class(), Class::Ddl | Class::Dml)
    };
    script.comments().filter(lasts).collect()
}

fn report(script: &Script<'_>, span: Range<usize>, sink: &mut Sink) {
    if let Some((message, help)) = judge(script, &script.text[span.clone()]) {
        sink.report(span, message).help(help);
    }
}

fn begins(text: &str) -> bool {
    text.starts_with("/*!") || text.starts_with("/*M!")
}

fn contains_any(text: &str) -> bool {
    text.contains("/*!") || text.contains("/*M!")
}

/// What is pointed at.
fn beginning(text: &str, mut span: Range<usize>) -> Range<usize> {
    span.end = span.end.min(span.start + LONGEST);
    while !text.is_char_boundary(span.end) {
        span.end -= 1;
    }
    span
}

/// The executable comments of a statement, also those that its version skips.
fn opened(unit: &Unit<'_>) -> Vec<Range<usize>> {
    // Hardly a statement has one, and reading tokens is dear.
    if !contains_any(unit.sql) {
        return Vec::new();
    }
    let mut found: Vec<Range<usize>> = Vec::new();
    for token in Lexer::new(unit.sql, unit.dialect) {
        let text = token.text(unit.sql);
        match token.kind {
            TokenKind::CommentMark if text == "*/" => {
                if let Some(last) = found.last_mut() {
                    last.end = token.span.range().end;
                }
            }
            TokenKind::Comment | TokenKind::CommentMark if begins(text) => {
                found.push(token.span.range());
            }
            _ => {}
        }
    }
    found.into_iter().map(|span| beginning(unit.sql, span)).collect()
}

/// What there is to say about a comment, and what to do.
fn judge(script: &Script<'_>, comment: &str) -> Option<(String, &'static str)> {
    let mariadb = comment.starts_with("/*M!");
    let rest = comment.trim_start_matches(['/', '*', 'M', '!']);
    let digits = rest.bytes().take(6).take_while(u8::is_ascii_digit).count();
    let number: u32 = rest[..digits].parse().ok().filter(|_| digits >= 5)?;
    if !mariadb && (RUN_BY_ALL..=99_999).contains(&number) {
        return Some((
            format!(
                "Every MariaDB skips this: comments with numbers from 50700 to 99999 (here {number}) are for MySQL."
            ),
            "Write what is meant for MariaDB without the comment.",
        ));
    }
    let help = "Write the statement for the version that you run.";
    match script.context.version {
        _ if number <= OLDEST => None,
        Some(version) if version.comment_number() >= number => None,
        Some(version) => Some((format!("MariaDB {version} skips this: it is for {number} and later."), help)),
        None => Some((
            format!(
                "Servers before {number} skip this: if the cluster's nodes differ in version, so do their schemas \
                 afterwards."
            ),
            help,
        )),
    }
}
