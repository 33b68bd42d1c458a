//! What GitHub and GitLab read.

use std::fmt::Write;

use serde_json::json;

use super::{placed_worst_first, tally};
use crate::lint::{LintedFile, Severity};

/// Workflow commands for GitHub Actions, worst first because GitHub shows ten of each kind for a step.
pub fn github(files: &[LintedFile]) -> String {
    let mut out = String::new();
    for at in placed_worst_first(files) {
        let finding = at.finding;
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let (start, end) = (at.start, at.end);
        let mut place = format!("file={},line={},endLine={}", property(&at.file.path), start.line, end.line);
        // GitHub refuses columns when an annotation spans lines; its end column is the last one inside.
        if start.line == end.line {
            let last = end.column.saturating_sub(1).max(start.column);
            let _ = write!(place, ",col={},endColumn={last}", start.column);
        }
        let mut text = finding.message.clone();
        if let Some(help) = &finding.help {
            text = format!("{text}\n{help}");
        }
        let _ = writeln!(out, "::{command} {place},title={}::{}", property(finding.rule), message(&text));
    }
    out
}

/// The Markdown for a job's summary page.
pub fn github_summary(files: &[LintedFile]) -> String {
    let mut out = format!("### schema lint\n\n{}\n", tally(files));
    let all = placed_worst_first(files);
    if all.is_empty() {
        return out;
    }
    out.push_str("\n| | rule | where | what happens |\n|---|---|---|---|\n");
    // A summary may hold a megabyte; the worst come first.
    for at in all.iter().take(500) {
        let finding = at.finding;
        let place = format!("{}:{}", at.file.path, at.start.line);
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            finding.severity,
            finding.rule,
            cell(&place),
            cell(&finding.message)
        );
    }
    if all.len() > 500 {
        let _ = writeln!(out, "\n{} more are not shown.", all.len() - 500);
    }
    out
}

/// GitLab's code quality report.
pub fn gitlab(files: &[LintedFile]) -> String {
    let issues: Vec<_> = placed_worst_first(files)
        .into_iter()
        .map(|at| {
            let severity = match at.finding.severity {
                Severity::Error => "critical",
                Severity::Warning => "major",
                Severity::Info => "info",
            };
            json!({
                "type": "issue",
                "check_name": at.finding.rule,
                "description": at.finding.message,
                "content": { "body": at.finding.help.clone().unwrap_or_default() },
                "categories": ["Bug Risk"],
                "severity": severity,
                "fingerprint": at.fingerprint,
                "location": {
                    "path": at.file.path,
                    "lines": { "begin": at.start.line, "end": at.end.line },
                },
            })
        })
        .collect();
    serde_json::to_string_pretty(&issues).unwrap_or_default() + "\n"
}

/// Escapes the text behind the second `::` of a workflow command.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a value between the first and the second `::`.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

/// Escapes the text of a Markdown table's cell.
fn cell(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '|' | '\\' | '`' | '*' | '_' | '<' | '[' | ']' | '@' | '#' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '\r' | '\n' => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}
