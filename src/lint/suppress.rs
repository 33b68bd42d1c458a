//! `-- schema: ignore[rule, other-rule] reason`

use std::ops::Range;

/// One comment that asks to ignore findings.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ignore {
    /// The comment's bytes in the file.
    pub(super) span: Range<usize>,
    /// What stands between the brackets.
    pub(super) rules: Vec<String>,
    /// What stands behind them, without the end of a block comment.
    pub(super) reason: String,
}

impl Ignore {
    /// Reads a comment, `None` when it says nothing to the linter. `start` is its offset in the file.
    pub(super) fn read(comment: &str, start: usize) -> Option<Self> {
        let body = comment.trim_start_matches(['-', '#', '/', '*', ' ', '\t']);
        let rest = body.strip_prefix("schema:")?.trim_start().strip_prefix("ignore")?.trim_start();
        let (rules, reason) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).unwrap_or(("", rest));
        let rules = rules.split(',').map(|rule| rule.trim().to_owned()).filter(|rule| !rule.is_empty()).collect();
        let reason = reason.trim().trim_end_matches("*/").trim_matches([' ', '\t', ':', '-', '\r', '\n']).to_owned();
        let length = comment.trim_end().len();
        Some(Self { span: start..start + length, rules, reason })
    }

    /// Which statement it is about: the one that it stands in, the one that ends on its line, or else the next one.
    pub(super) fn target(&self, statements: &[Range<usize>], text: &str) -> Option<usize> {
        let next = statements.partition_point(|range| range.end <= self.span.start);
        let previous = next.checked_sub(1).filter(|at| !text[statements[*at].end..self.span.start].contains('\n'));
        let inside = statements.get(next).is_some_and(|range| range.start <= self.span.start);
        if inside { Some(next) } else { previous.or((next < statements.len()).then_some(next)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rules_and_reason() {
        for (comment, rules, reason) in [
            ("-- schema: ignore[drop-column] not read since 41", &["drop-column"][..], "not read since 41"),
            ("# schema:ignore[a,b ] because", &["a", "b"], "because"),
            ("/* schema: ignore[a]: why */", &["a"], "why"),
            ("-- schema: ignore[a]", &["a"], ""),
            ("-- schema: ignore", &[], ""),
        ] {
            let ignore = Ignore::read(comment, 0).unwrap();
            assert_eq!(
                (ignore.rules.as_slice(), ignore.reason.as_str()),
                (rules.iter().map(|rule| (*rule).to_owned()).collect::<Vec<_>>().as_slice(), reason)
            );
        }
        assert_eq!(Ignore::read("-- the schema: ignored", 0), None);
    }

    #[test]
    fn belongs_to_the_statement_around_before_on_its_line_or_behind() {
        let text = "aaa; -- x\n-- y\nbbb\n-- z\nbbb;\n-- end";
        let statements = [0..3, 15..27];
        for (needle, target) in [("-- x", Some(0)), ("-- y", Some(1)), ("-- z", Some(1)), ("-- end", None)] {
            let at = text.find(needle).unwrap();
            let ignore = Ignore { span: at..at + 4, rules: Vec::new(), reason: String::new() };
            assert_eq!(ignore.target(&statements, text), target, "{needle}");
        }
    }
}
