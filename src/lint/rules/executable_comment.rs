//! Executable comments that some servers run and others skip.

use std::ops::Range;

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
            if let Some((message, help)) = judge(script, &unit.sql[span.clone()]) {
                sink.report(unit.offset + span.start..unit.offset + span.end, message).help(help);
            }
        }
    }
}

/// The executable comments of a statement, also those that its version skips.
fn opened(unit: &Unit<'_>) -> Vec<Range<usize>> {
    // Hardly a statement has one, and reading tokens is dear.
    if !unit.sql.contains("/*!") && !unit.sql.contains("/*M!") {
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
            TokenKind::Comment | TokenKind::CommentMark if text.starts_with("/*!") || text.starts_with("/*M!") => {
                found.push(token.span.range());
            }
            _ => {}
        }
    }
    for span in &mut found {
        span.end = span.end.min(span.start + LONGEST);
        while !unit.sql.is_char_boundary(span.end) {
            span.end -= 1;
        }
    }
    found
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
