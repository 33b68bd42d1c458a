//! Findings to bytes: one file per format.
//!
//! Every format is a function from the findings of a run to a text, so that a golden file can hold it.

mod code_host;
mod human;
mod json;
mod junit;
mod sarif;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::lint::{Finding, LintedFile, Severity};
use crate::sql::{LineIndex, Position};

pub use code_host::{github, github_summary, gitlab};
pub use human::human;
pub use json::json;
pub use junit::junit;
pub use sarif::sarif;

/// The findings of a run and how many of each severity there are.
fn count(files: &[LintedFile]) -> BTreeMap<Severity, usize> {
    let mut counts = BTreeMap::new();
    for finding in files.iter().flat_map(|file| &file.findings) {
        *counts.entry(finding.severity).or_insert(0) += 1;
    }
    counts
}

/// `2 errors, 1 warning in 3 files`.
fn tally(files: &[LintedFile]) -> String {
    let counts = count(files);
    let parts: Vec<String> = counts
        .iter()
        .rev()
        .map(|(severity, n)| match (severity, n) {
            (Severity::Info, 1) => "1 note".to_owned(),
            (Severity::Info, n) => format!("{n} notes"),
            (severity, 1) => format!("1 {severity}"),
            (severity, n) => format!("{n} {severity}s"),
        })
        .collect();
    let files = match files.len() {
        1 => "1 file".to_owned(),
        n => format!("{n} files"),
    };
    if parts.is_empty() { format!("No findings in {files}.") } else { format!("{} in {files}.", parts.join(", ")) }
}

/// A finding with its place counted out.
struct Placed<'a> {
    file: &'a LintedFile,
    finding: &'a Finding,
    start: Position,
    /// The first place behind the finding.
    end: Position,
    /// Tells this finding from every other one of the run, and stays the same when lines above it come and go.
    fingerprint: String,
}

/// All findings in the order of the files.
fn placed(files: &[LintedFile]) -> Vec<Placed<'_>> {
    let mut all = Vec::new();
    for file in files.iter().filter(|file| !file.findings.is_empty()) {
        let lines = LineIndex::new(&file.text);
        let prints = fingerprints(file);
        // Counted on from finding to finding, so that a long line is not counted anew for each.
        let mut known = (0, lines.position(&file.text, 0));
        for (finding, fingerprint) in file.findings.iter().zip(prints) {
            let start = lines.position_behind(&file.text, known, finding.span.start);
            known = (finding.span.start, start);
            let end = lines.position_behind(&file.text, known, finding.span.end);
            all.push(Placed { file, finding, start, end, fingerprint });
        }
    }
    all
}

/// The same, worst first: code hosts show only so many.
fn placed_worst_first(files: &[LintedFile]) -> Vec<Placed<'_>> {
    let mut all = placed(files);
    all.sort_by_key(|placed| std::cmp::Reverse(placed.finding.severity));
    all
}

/// One fingerprint for each finding of a file: made of the path, the rule and the text that it stands on, not of
/// line numbers, so that it survives edits elsewhere in the file. Equal ones are numbered.
pub fn fingerprints(file: &LintedFile) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    file.findings
        .iter()
        .map(|finding| {
            let text = file.text.get(finding.span.clone()).unwrap_or_default();
            let words: Vec<&str> = text.split_whitespace().collect();
            let mut hash = Sha256::new();
            for part in [file.key.as_str(), finding.rule, &words.join(" ")] {
                hash.update(part.as_bytes());
                hash.update([0]);
            }
            let mut print = hex(&hash.finalize()[..16]);
            let nth = seen.entry(print.clone()).or_insert(0);
            *nth += 1;
            if *nth > 1 {
                print = format!("{print}-{nth}");
            }
            print
        })
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// Where a rule's page stands in the project.
fn docs(rule: &str) -> String {
    format!("docs/rules/{rule}.md")
}
