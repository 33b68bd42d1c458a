//! The JSON of the contract.

use serde::Serialize;

use super::{docs, placed};
use crate::lint::{LintedFile, Severity};

#[derive(Serialize)]
struct Report<'a> {
    v: u32,
    findings: Vec<Entry<'a>>,
    files: usize,
}

#[derive(Serialize)]
struct Entry<'a> {
    rule: &'a str,
    severity: Severity,
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    docs: String,
    fixable: bool,
    fingerprint: String,
}

/// One object: `{"v":1,"findings":[..],"files":n}`. Lines and columns count from 1, columns in characters, and the
/// end is the first place behind the finding.
pub fn json(files: &[LintedFile]) -> String {
    let findings = placed(files)
        .into_iter()
        .map(|at| Entry {
            rule: at.finding.rule,
            severity: at.finding.severity,
            file: &at.file.path,
            line: at.start.line,
            column: at.start.column,
            end_line: at.end.line,
            end_column: at.end.column,
            message: &at.finding.message,
            help: at.finding.help.as_deref(),
            docs: docs(at.finding.rule),
            fixable: at.finding.fix.is_some(),
            fingerprint: at.fingerprint,
        })
        .collect();
    let report = Report { v: 1, findings, files: files.len() };
    // Only maps with keys that are no strings can fail, and there are none.
    serde_json::to_string(&report).unwrap_or_default() + "\n"
}
