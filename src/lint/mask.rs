//! What only a framework understands, blanked out so that the rest reads as SQL. Every byte keeps its place.

use std::borrow::Cow;
use std::ops::Range;

use super::framework::{Boundary, boundaries};

/// The text to read SQL from.
pub(super) struct Masked<'a> {
    /// As long as the original.
    pub(super) code: Cow<'a, str>,
    /// Lines that the framework takes for comments and a server does not.
    pub(super) comments: Vec<Range<usize>>,
}

/// Puts a delimiter in the place of lines at which a framework begins something new, and DELIMITER where another one
/// counts from there on. Blanks lines that begin with `--` and go on without a space (`--changeset`, `-----`), which frameworks drop and a
/// server would read as minus signs, and makes names of placeholders (`${prefix}`).
pub(super) fn mask(text: &str) -> Masked<'_> {
    let liquibase = text.contains("--liquibase") || text.contains("--changeset");
    let comments: Vec<Range<usize>> = glued_comments(text, liquibase).collect();
    let placeholders: Vec<Range<usize>> = placeholders(text).collect();
    let boundaries: Vec<Boundary> = boundaries(text).collect();
    if comments.is_empty() && placeholders.is_empty() && boundaries.is_empty() {
        return Masked { code: Cow::Borrowed(text), comments };
    }
    let mut bytes = text.as_bytes().to_vec();
    for range in &comments {
        bytes[range.clone()].fill(b' ');
    }
    let mut in_force = ";".to_owned();
    for Boundary { line, delimiter } in boundaries {
        let mut end = in_force.clone();
        if delimiter != in_force {
            end = format!("{in_force} DELIMITER {delimiter}");
            in_force = delimiter;
        }
        let place = &mut bytes[line];
        place.fill(b' ');
        // The words that ask for a delimiter are longer than DELIMITER and it.
        if let Some(place) = place.get_mut(..end.len()) {
            place.copy_from_slice(end.as_bytes());
        }
    }
    for range in placeholders {
        for byte in &mut bytes[range] {
            if !byte.is_ascii_alphanumeric() {
                *byte = b'_';
            }
        }
    }
    // Whole lines became spaces and delimiters, and placeholders are ASCII, so this is still UTF-8.
    let code = String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned);
    Masked { code, comments }
}

fn glued_comments(text: &str, liquibase: bool) -> impl Iterator<Item = Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let body = line.trim_start_matches(['\u{feff}', ' ', '\t']);
        let glued =
            body.strip_prefix("--").is_some_and(|rest| !rest.starts_with(char::is_whitespace) && !rest.is_empty());
        // A quote may close a string that began on an earlier line.
        if glued && (liquibase || !body.contains(['\'', '"', '`'])) {
            let from = start + line.len() - body.len();
            found.push(from..from + body.trim_end().len());
        }
        start += line.len();
    }
    found.into_iter()
}

fn placeholders(text: &str) -> impl Iterator<Item = Range<usize>> {
    memchr::memmem::find_iter(text.as_bytes(), "${").filter_map(|start| {
        let inner = &text.as_bytes()[start + 2..];
        let length = inner.iter().take(64).position(|byte| *byte == b'}')?;
        let name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
        inner[..length].iter().all(name).then_some(start..start + length + 3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_keeps_its_place() {
        for (text, code) in [
            ("--changeset a:1\nSELECT 1;", ";              \nSELECT 1;"),
            ("A\n-- migrate:down\r\nB", "A\n;              \r\nB"),
            (
                "--changeset a:1 endDelimiter:$$\nA$$\nB\n--changeset ä:2\nC",
                "; DELIMITER $$                 \nA$$\nB\n$$ DELIMITER ;  \nC",
            ),
            ("--rollback DROP TABLE t\nA", "                       \nA"),
            ("-----\r\nSELECT 1;", "     \r\nSELECT 1;"),
            ("-- x\nSELECT 1;", "-- x\nSELECT 1;"),
            ("--\nSELECT 1;", "--\nSELECT 1;"),
            ("CREATE TABLE ${db.name}.t (a INT)", "CREATE TABLE __db_name_.t (a INT)"),
            ("INSERT INTO t VALUES ('a\n--b', 1)", "INSERT INTO t VALUES ('a\n--b', 1)"),
        ] {
            let masked = mask(text);
            assert_eq!(masked.code, code);
            assert_eq!(masked.code.len(), text.len());
        }
    }
}
