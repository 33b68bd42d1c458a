//! Bytes of a file to text, without losing any.

use std::borrow::Cow;
use std::ops::Range;

/// A file's text, and the bytes of it that are not UTF-8.
///
/// Every byte that is not part of a UTF-8 character stands in [`Source::text`] as one U+FFFD, and its value is kept,
/// so that the file's own bytes can be given back. A statement that holds such a byte cannot be sent as text: its
/// author must say in which character set it was written.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    text: Cow<'a, str>,
    /// Offset in `text`, and the byte that stood there; ascending.
    invalid: Vec<(usize, u8)>,
}

impl<'a> Source<'a> {
    /// Reads bytes; copies them only when some are not UTF-8.
    pub fn new(bytes: &'a [u8]) -> Self {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Self { text: Cow::Borrowed(text), invalid: Vec::new() };
        }
        let mut text = String::with_capacity(bytes.len() + 64);
        let mut invalid = Vec::new();
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            for byte in chunk.invalid() {
                invalid.push((text.len(), *byte));
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        Self { text: Cow::Owned(text), invalid }
    }

    /// The text. Offsets of [`super::split`] count in it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the first byte in this range of the text stands that is not UTF-8.
    pub fn first_invalid(&self, range: Range<usize>) -> Option<usize> {
        let from = self.invalid.partition_point(|(at, _)| *at < range.start);
        self.invalid.get(from).map(|(at, _)| *at).filter(|at| *at < range.end)
    }

    /// The file's own bytes for a range of the text.
    pub fn bytes(&self, range: Range<usize>) -> Cow<'_, [u8]> {
        let text = self.text.get(range.clone()).unwrap_or_default();
        if self.first_invalid(range.clone()).is_none() {
            return Cow::Borrowed(text.as_bytes());
        }
        let mut bytes = Vec::with_capacity(text.len());
        let mut done = range.start;
        let from = self.invalid.partition_point(|(at, _)| *at < range.start);
        for (at, byte) in self.invalid[from..].iter().take_while(|(at, _)| *at < range.end) {
            bytes.extend_from_slice(&self.text.as_bytes()[done..*at]);
            bytes.push(*byte);
            done = at + char::REPLACEMENT_CHARACTER.len_utf8();
        }
        bytes.extend_from_slice(&self.text.as_bytes()[done..range.end]);
        Cow::Owned(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_every_byte_back() {
        for bytes in [&b"plain"[..], b"", b"a\xffb\xc3", b"\xc3\xa4\xe2\x82", "\u{fffd}x".as_bytes(), b"\x80\x80"] {
            let source = Source::new(bytes);
            assert_eq!(&*source.bytes(0..source.text().len()), bytes);
        }
        let source = Source::new(b"ok; \xe4; ok");
        assert_eq!(source.first_invalid(0..3), None);
        assert_eq!(source.first_invalid(3..source.text().len()), Some(4));
        assert_eq!(&*source.bytes(4..8), b"\xe4;");
    }
}
