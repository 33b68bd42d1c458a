//! Executable comments that some servers run and others skip.

use crate::lint::{Group, Rule, Script, Severity, Sink};

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

fn check(script: &Script<'_>, sink: &mut Sink) {
    for unit in &script.units {
        let mut from = 0;
        while let Some(found) = unit.sql[from..].find("/*") {
            let start = from + found;
            let rest = &unit.sql[start + 2..];
            from = start + 2;
            let (mariadb, rest) = match rest.strip_prefix("M!") {
                Some(rest) => (true, rest),
                None => match rest.strip_prefix('!') {
                    Some(rest) => (false, rest),
                    None => continue,
                },
            };
            let digits = rest.bytes().take(6).take_while(u8::is_ascii_digit).count();
            let Ok(number) = rest[..digits].parse::<u32>() else { continue };
            let end = start + unit.sql[start..].find("*/").map_or(unit.sql.len() - start, |at| at + 2);
            let span = unit.offset + start..unit.offset + end.min(start + 60).max(start);
            let span = span.start..floor(script.text, span.end);
            if digits >= 5 && !mariadb && (RUN_BY_ALL..=99_999).contains(&number) {
                sink.report(
                    span,
                    format!("Every MariaDB skips this: comments with numbers from 50700 to 99999 (here {number}) are for MySQL."),
                )
                .help("Write what is meant for MariaDB without the comment.");
            } else if digits >= 5 && number > OLDEST {
                let run = script.context.version.map(|version| version.comment_number() >= number);
                let message = match (run, script.context.version) {
                    (Some(true), _) => continue,
                    (Some(false), Some(version)) => {
                        format!("MariaDB {version} skips this: it is for {number} and later.")
                    }
                    _ => format!(
                        "Servers before {number} skip this: if the cluster's nodes differ in version, so do their schemas \
                         afterwards."
                    ),
                };
                sink.report(span, message).help("Write the statement for the version that you run.");
            }
        }
    }
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
