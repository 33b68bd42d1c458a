//! JUnit XML, which nearly every CI server shows.

use std::fmt::Write;

use super::{Placed, placed};
use crate::lint::{LintedFile, Severity};

/// One test suite for each file. A file without findings is one passed test; each finding is a failed one. Notes
/// pass, with their text as the output.
pub fn junit(files: &[LintedFile]) -> String {
    let all = placed(files);
    let failures = all.iter().filter(|at| at.finding.severity > Severity::Info).count();
    let tests: usize = files.iter().map(|file| file.findings.len().max(1)).sum();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a string does not fail.
    let _ = writeln!(xml, "<testsuites name=\"schema lint\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">");
    for file in files {
        let own: Vec<&Placed> = all.iter().filter(|at| std::ptr::eq(at.file, file)).collect();
        suite(&mut xml, file, &own);
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn suite(xml: &mut String, file: &LintedFile, findings: &[&Placed]) {
    let name = escape(&file.path);
    let failures = findings.iter().filter(|at| at.finding.severity > Severity::Info).count();
    let tests = findings.len().max(1);
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\" time=\"0\">"
    );
    if findings.is_empty() {
        let _ = writeln!(xml, "    <testcase name=\"lint\" classname=\"{name}\" time=\"0\"/>");
    }
    for at in findings {
        let finding = at.finding;
        let case = format!("{} at {}:{}", finding.rule, at.start.line, at.start.column);
        let place = format!("{}:{}:{}", at.file.path, at.start.line, at.start.column);
        let body = match &finding.help {
            Some(help) => format!("{place}: {}\n{help}", finding.message),
            None => format!("{place}: {}", finding.message),
        };
        let _ = writeln!(xml, "    <testcase name=\"{}\" classname=\"{name}\" time=\"0\">", escape(&case));
        let _ = if finding.severity == Severity::Info {
            writeln!(xml, "      <system-out>{}</system-out>", escape(&body))
        } else {
            let (message, kind) = (escape(&finding.message), finding.severity.word());
            writeln!(xml, "      <failure message=\"{message}\" type=\"{kind}\">{}</failure>", escape(&body))
        };
        xml.push_str("    </testcase>\n");
    }
    xml.push_str("  </testsuite>\n");
}

/// Escapes for text and attributes, and drops what XML 1.0 cannot hold at all.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
