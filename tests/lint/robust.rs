//! No file is refused, no rule panics, and no finding points outside of the text.

use galera_schema::lint::Context;
use galera_schema::sql::LineIndex;
use proptest::prelude::*;

use super::{findings, project, sorted};

fn check(path: &str, text: &str) {
    let lines = LineIndex::new(text);
    for finding in findings(path, text, &Context::default()) {
        assert!(text.get(finding.span.clone()).is_some(), "{path}: {finding:?} is no part of the text");
        let start = lines.position(text, finding.span.start);
        let end = lines.position(text, finding.span.end);
        assert!(start <= end && start.line >= 1 && start.column >= 1, "{finding:?}");
        if let Some(fix) = &finding.fix {
            assert!(text.get(fix.range.clone()).is_some(), "{path}: {finding:?} edits no part of the text");
        }
    }
}

/// Every statement of the cases, as material to break.
fn material() -> Vec<String> {
    sorted(&project("tests/lint/cases"))
        .iter()
        .flat_map(|case| sorted(case))
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

#[test]
fn a_file_may_end_anywhere() {
    for text in material() {
        for (end, _) in text.char_indices() {
            check("V1__x.sql", &text[..end]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_read(text in "\\PC{0,200}") {
        check("x.sql", &text);
    }

    #[test]
    fn pieces_in_any_order_are_read(pieces in proptest::collection::vec(prop_oneof![
        Just("ALTER TABLE "), Just("t "), Just("ADD COLUMN "), Just("a INT "), Just(", "), Just("("), Just(")"),
        Just("MODIFY "), Just("AFTER "), Just("'"), Just("`"), Just("--x\n"), Just("/*!100600 "), Just("*/"), Just(";"),
        Just("DROP "), Just("CREATE TABLE "), Just("PRIMARY KEY "), Just("ENUM('a')"), Just("é🦀"), Just("${p}"),
        Just("DEFAULT "), Just("uuid() "), Just("REFERENCES "), Just("PARTITION BY "), Just("DELIMITER //\n"), Just("\r\n"),
        Just("RENAME "), Just("TO "), Just("INDEX "), Just("-- schema: ignore[x] y\n"), Just("\u{feff}"), Just("offset "),
    ], 0..40)) {
        check("R__x.sql", &pieces.concat());
    }
}
