//! A place in a statement.

use std::ops::Range;

/// A range of bytes of one statement's text, counted from the statement's first byte.
///
/// Both ends stand on character boundaries. 32 bits are enough: a statement cannot exceed `max_allowed_packet`,
/// whose maximum is 1 GiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte behind the last one.
    pub end: u32,
}

impl Span {
    /// The bytes from `start` up to, and without, `end`.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The text at this place; empty when the span does not belong to `text`.
    pub fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }

    /// As a range that slices a `str`.
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// From the beginning of this span to the end of a later one.
    pub const fn to(self, last: Span) -> Self {
        Self { start: self.start, end: if last.end > self.start { last.end } else { self.end } }
    }

    /// Whether no byte lies in it.
    pub const fn is_empty(self) -> bool {
        self.start >= self.end
    }
}
