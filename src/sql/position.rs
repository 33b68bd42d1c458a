//! Lines and columns, as an editor shows them.

/// A 1-based place in a file. A column counts characters: a tab is one, a byte order mark none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1. Lines end with LF, CRLF or a lone CR.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// Where the lines of a text begin.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    /// Reads the text once.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let first = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let mut starts = vec![first];
        starts.extend(memchr::memchr2_iter(b'\n', b'\r', bytes).filter_map(|at| {
            let crlf = bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n');
            (!crlf).then_some(at + 1)
        }));
        Self { starts }
    }

    /// The place of the character that holds the byte at `offset`; the place behind the last character for any
    /// offset beyond the end.
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts[line - 1];
        let mut end = offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = text.get(start..end).unwrap_or_default();
        Position { line, column: before.chars().count() + 1 }
    }

    /// The same, counted on from a place that is known, where it is on the same line and before `offset`.
    pub fn position_behind(&self, text: &str, (from, known): (usize, Position), offset: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let on_the_line = line == known.line && self.starts[line - 1] <= from && from <= offset;
        match text.get(from..offset).filter(|_| on_the_line) {
            Some(passed) => Position { line, column: known.column + passed.chars().count() },
            None => self.position(text, offset),
        }
    }

    /// How many lines the text has; the piece behind the last line end counts as one.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Never: even an empty text has one line.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_like_an_editor() {
        for (text, offset, expected) in [
            ("abc", 0, (1, 1)),
            ("abc", 99, (1, 4)),
            ("a\nb", 2, (2, 1)),
            ("a\r\nb", 3, (2, 1)),
            ("a\rb", 2, (2, 1)),
            ("\tb", 1, (1, 2)),
            ("äöb", 4, (1, 3)),
            ("äöb", 3, (1, 2)),
            ("\u{feff}ab", 4, (1, 2)),
            ("\u{feff}ab", 0, (1, 1)),
            ("", 0, (1, 1)),
        ] {
            let found = LineIndex::new(text).position(text, offset);
            assert_eq!((found.line, found.column), expected, "{text:?} at {offset}");
        }
    }

    #[test]
    fn counting_on_is_counting() {
        for text in ["a\nb\r\nc\rdé", "\u{feff}ab\n", "äöb äö"] {
            let lines = LineIndex::new(text);
            for (from, _) in text.char_indices() {
                for to in from..=text.len() {
                    let known = (from, lines.position(text, from));
                    assert_eq!(
                        lines.position_behind(text, known, to),
                        lines.position(text, to),
                        "{text:?} {from} {to}"
                    );
                }
            }
        }
    }
}
