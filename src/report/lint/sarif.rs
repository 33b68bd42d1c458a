//! SARIF 2.1.0, for code scanning.

use serde_json::{Value, json};

use super::{docs, placed};
use crate::lint::{LintedFile, RULES, Rule, Severity};

/// A log with one run: all rules with their pages, and the findings with fingerprints that survive moves.
pub fn sarif(files: &[LintedFile]) -> String {
    let rules: Vec<Value> = RULES.iter().copied().map(rule).collect();
    let results: Vec<Value> = placed(files)
        .into_iter()
        .map(|at| {
            let finding = at.finding;
            let mut result = json!({
                "ruleId": finding.rule,
                "level": level(finding.severity),
                "message": { "text": match &finding.help {
                    Some(help) => format!("{}\n{help}", finding.message),
                    None => finding.message.clone(),
                }},
                "locations": [{
                    "physicalLocation": {
                        "artifactLocation": { "uri": uri(&at.file.path) },
                        "region": {
                            "startLine": at.start.line,
                            "startColumn": at.start.column,
                            "endLine": at.end.line,
                            "endColumn": at.end.column,
                        },
                    },
                }],
                "partialFingerprints": { "ruleAndText/v1": at.fingerprint },
            });
            if let Some(index) = RULES.iter().position(|rule| rule.id == finding.rule) {
                result["ruleIndex"] = json!(index);
            }
            result
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "schema lint",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&log).unwrap_or_default() + "\n"
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "name": rule.id,
        "shortDescription": { "text": rule.title() },
        "fullDescription": { "text": rule.summary() },
        "help": { "text": rule.page, "markdown": rule.page },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": { "tags": [rule.group.word()], "page": docs(rule.id) },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// A path as a relative URI reference.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}
