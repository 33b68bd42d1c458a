//! Tokens, read as a MariaDB server reads them.

use std::borrow::Cow;

use super::{Dialect, Span};

/// The sorts of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A keyword or a bare identifier; also one that begins with a digit, such as `2fa`.
    Word,
    /// An identifier in backticks, or in double quotes under ANSI_QUOTES.
    Quoted,
    /// A string, also `N'..'`.
    String,
    /// A number, or a hexadecimal or bit literal in any of their forms.
    Number,
    /// `@x`, `@'x'`, `@@x`; a lone `@`.
    Variable,
    /// One character that is none of the others.
    Punct(u8),
    /// A comment. An executable comment that this version skips is one too.
    Comment,
    /// The opening or the closing mark of an executable comment that this version runs.
    CommentMark,
}

impl TokenKind {
    /// Whether the server's parser sees it.
    pub const fn is_significant(self) -> bool {
        !matches!(self, Self::Comment | Self::CommentMark)
    }
}

/// A token; the text itself stays where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Which sort.
    pub kind: TokenKind,
    /// Where it stands in the text that was read.
    pub span: Span,
}

impl Token {
    /// The token's text.
    pub fn text(self, source: &str) -> &str {
        self.span.of(source)
    }

    /// Whether it is this keyword, in any case. A quoted identifier never is one.
    pub fn is_word(self, source: &str, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text(source).eq_ignore_ascii_case(word)
    }
}

/// Reads tokens one by one, comments included, white space left out. Never fails: an unclosed quote or comment
/// reaches to the end of the text.
#[derive(Clone, Debug)]
pub struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    dialect: Dialect,
    in_executable_comment: bool,
    /// The last token was a dot behind an identifier: what follows is an identifier, whatever it looks like.
    after_dot: bool,
    /// Where the last token ended, if it can stand before a dot.
    identifier_end: Option<usize>,
}

const fn is_identifier_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0)
}

impl<'a> Lexer<'a> {
    /// Reads `text` from its beginning. Of a text beyond 4 GiB, more than any server takes, only the beginning.
    pub fn new(text: &'a str, dialect: Dialect) -> Self {
        let bytes = text.as_bytes();
        let bytes = &bytes[..bytes.len().min(u32::MAX as usize)];
        Self { bytes, at: 0, dialect, in_executable_comment: false, after_dot: false, identifier_end: None }
    }

    /// Whether an executable comment that this version runs is open here.
    pub(super) const fn in_executable_comment(&self) -> bool {
        self.in_executable_comment
    }

    /// Skips white space, and says where the next token begins.
    pub(super) fn skip_space(&mut self) -> usize {
        while self.at < self.bytes.len() && is_space(self.bytes[self.at]) {
            self.at += 1;
        }
        self.at
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn scan_while(&mut self, accept: impl Fn(u8) -> bool) {
        while self.at < self.bytes.len() && accept(self.bytes[self.at]) {
            self.at += 1;
        }
    }

    fn line_comment(&mut self) -> TokenKind {
        let rest = &self.bytes[self.at..];
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        TokenKind::Comment
    }

    /// To the end of a comment whose opening has `opening` bytes; one level of comments within it where `nested`.
    fn block_comment(&mut self, opening: usize, nested: bool) -> TokenKind {
        self.at += opening;
        loop {
            let Some(found) = memchr::memchr2(b'*', b'/', &self.bytes[self.at.min(self.bytes.len())..]) else {
                self.at = self.bytes.len();
                return TokenKind::Comment;
            };
            self.at += found;
            if self.bytes[self.at..].starts_with(b"*/") {
                self.at += 2;
                return TokenKind::Comment;
            }
            if nested && self.bytes[self.at..].starts_with(b"/*") {
                self.block_comment(2, false);
            } else {
                self.at += 1;
            }
        }
    }

    /// `/* */`, `/*! */`, `/*M! */`.
    fn comment(&mut self) -> TokenKind {
        let opening = match (self.peek(2), self.peek(3)) {
            (b'!', _) => 3,
            (b'M', b'!') => 4,
            _ => return self.block_comment(2, false),
        };
        let digits = self.bytes[self.at + opening..].iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
        if digits < 5 {
            self.at += opening;
        } else {
            let number = self.bytes[self.at + opening..][..digits].iter();
            let version = number.fold(0, |version, digit| version * 10 + u32::from(digit - b'0'));
            // MySQL 5.7 and 8 have features that MariaDB lacks, so it skips what is meant for them.
            let for_mysql = opening == 3 && (50_700..=99_999).contains(&version);
            if for_mysql || version > self.dialect.version.comment_number() {
                return self.block_comment(opening + digits, true);
            }
            self.at += opening + digits;
        }
        self.in_executable_comment = true;
        TokenKind::CommentMark
    }

    fn quoted(&mut self, quote: u8, escapes: bool) {
        self.at += 1;
        loop {
            let rest = &self.bytes[self.at..];
            let found = if escapes { memchr::memchr2(quote, b'\\', rest) } else { memchr::memchr(quote, rest) };
            let Some(found) = found else {
                self.at = self.bytes.len();
                return;
            };
            self.at += found;
            if self.bytes[self.at] == quote && self.peek(1) != quote {
                self.at += 1;
                return;
            }
            // A doubled quote, or a backslash with what it escapes. The second byte may be the first of a longer
            // character, whose other bytes are neither quotes nor backslashes.
            self.at = (self.at + 2).min(self.bytes.len());
        }
    }

    fn string(&mut self, quote: u8) -> TokenKind {
        self.quoted(quote, !self.dialect.no_backslash_escapes);
        TokenKind::String
    }

    fn word(&mut self) -> TokenKind {
        self.scan_while(is_identifier_byte);
        TokenKind::Word
    }

    /// A literal of the form `x'41'`.
    fn prefixed_literal(&mut self, kind: TokenKind) -> TokenKind {
        self.at += 1;
        self.quoted(b'\'', kind == TokenKind::String && !self.dialect.no_backslash_escapes);
        kind
    }

    fn number(&mut self) -> TokenKind {
        let start = self.at;
        if self.peek(0) == b'0' && matches!(self.peek(1), b'x' | b'b') {
            let hexadecimal = self.peek(1) == b'x';
            self.at += 2;
            self.scan_while(|byte| if hexadecimal { byte.is_ascii_hexdigit() } else { matches!(byte, b'0' | b'1') });
            if self.at > start + 2 && !is_identifier_byte(self.peek(0)) {
                return TokenKind::Number;
            }
            return self.word();
        }
        self.scan_while(|byte| byte.is_ascii_digit());
        if self.peek(0) == b'.' {
            self.at += 1;
            self.scan_while(|byte| byte.is_ascii_digit());
            self.exponent();
            return TokenKind::Number;
        }
        if is_identifier_byte(self.peek(0)) && !self.exponent() {
            return self.word();
        }
        TokenKind::Number
    }

    /// Reads `e10`, `E-3`. Says whether there was one, so that `1e10` is a number and `1east` a name.
    fn exponent(&mut self) -> bool {
        if !matches!(self.peek(0), b'e' | b'E') {
            return false;
        }
        let sign = usize::from(matches!(self.peek(1), b'+' | b'-'));
        if !self.peek(1 + sign).is_ascii_digit() {
            return false;
        }
        self.at += 1 + sign;
        self.scan_while(|byte| byte.is_ascii_digit());
        true
    }

    fn variable(&mut self) -> TokenKind {
        self.scan_while(|byte| byte == b'@');
        match self.peek(0) {
            quote @ (b'\'' | b'"') => {
                self.string(quote);
            }
            b'`' => self.quoted(b'`', false),
            _ => self.scan_while(|byte| is_identifier_byte(byte) || byte == b'.'),
        }
        TokenKind::Variable
    }

    fn kind_at_point(&mut self) -> TokenKind {
        let byte = self.bytes[self.at];
        match byte {
            b'\'' => self.string(byte),
            b'"' if self.dialect.ansi_quotes => {
                self.quoted(byte, false);
                TokenKind::Quoted
            }
            b'"' => self.string(byte),
            b'`' => {
                self.quoted(byte, false);
                TokenKind::Quoted
            }
            _ if self.after_dot && is_identifier_byte(byte) => self.word(),
            b'x' | b'X' | b'b' | b'B' if self.peek(1) == b'\'' => self.prefixed_literal(TokenKind::Number),
            b'n' | b'N' if self.peek(1) == b'\'' => self.prefixed_literal(TokenKind::String),
            b'0'..=b'9' => self.number(),
            b'.' if self.peek(1).is_ascii_digit() && self.identifier_end != Some(self.at) => self.number(),
            b'@' => self.variable(),
            b'#' => self.line_comment(),
            b'-' if self.peek(1) == b'-' && self.peek(2) <= b' ' => self.line_comment(),
            b'/' if self.peek(1) == b'*' => self.comment(),
            b'*' if self.in_executable_comment && self.peek(1) == b'/' => {
                self.in_executable_comment = false;
                self.at += 2;
                TokenKind::CommentMark
            }
            _ if is_identifier_byte(byte) => self.word(),
            _ => {
                self.at += 1;
                TokenKind::Punct(byte)
            }
        }
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let start = self.skip_space();
        if start >= self.bytes.len() {
            return None;
        }
        let kind = self.kind_at_point();
        if kind.is_significant() {
            self.after_dot = kind == TokenKind::Punct(b'.') && self.identifier_end.is_some();
            self.identifier_end = matches!(kind, TokenKind::Word | TokenKind::Quoted).then_some(self.at);
        }
        // The constructor keeps offsets within 32 bits.
        #[allow(clippy::cast_possible_truncation)]
        let span = Span::new(start as u32, self.at as u32);
        Some(Token { kind, span })
    }
}

/// The tokens that the server's parser sees.
pub fn tokens(text: &str, dialect: Dialect) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(text.len() / 8);
    tokens.extend(Lexer::new(text, dialect).filter(|token| token.kind.is_significant()));
    tokens
}

/// What a quoted identifier or a string stands for; any other text is returned as it is. Escapes of a string are
/// resolved unless the dialect has none.
pub fn unquote<'a>(text: &'a str, kind: TokenKind, dialect: Dialect) -> Cow<'a, str> {
    let text = match kind {
        TokenKind::String => text.strip_prefix(['n', 'N']).unwrap_or(text),
        TokenKind::Quoted => text,
        _ => return Cow::Borrowed(text),
    };
    let Some(quote) = text.chars().next() else { return Cow::Borrowed(text) };
    let inner = text.get(1..).unwrap_or_default();
    let inner = inner.strip_suffix(quote).unwrap_or(inner);
    let escapes = kind == TokenKind::String && !dialect.no_backslash_escapes;
    if !(inner.contains(quote) || escapes && inner.contains('\\')) {
        return Cow::Borrowed(inner);
    }
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        if char == '\\' && escapes {
            match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some('b') => out.push('\u{8}'),
                Some('0') => out.push('\0'),
                Some('Z') => out.push('\u{1a}'),
                // These two mean something to LIKE only, and keep their backslash for it.
                Some(wild @ ('%' | '_')) => out.extend(['\\', wild]),
                Some(other) => out.push(other),
                None => out.push('\\'),
            }
        } else {
            out.push(char);
            if char == quote {
                // The second of a doubled quote.
                chars.next();
            }
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::ServerVersion;

    fn dialect() -> Dialect {
        Dialect::new(ServerVersion::new(10, 11, 19))
    }

    /// What the server sees, one token each.
    fn seen(text: &str) -> Vec<&str> {
        tokens(text, dialect()).into_iter().map(|token| token.text(text)).collect()
    }

    #[test]
    fn reads_what_the_server_reads() {
        for (text, expected) in [
            ("a.b", &["a", ".", "b"][..]),
            (
                "2fa 3 3d 1e5 1ea 0x1F 0xZ 0b01 x'41' b'1' n'x'",
                &["2fa", "3", "3d", "1e5", "1ea", "0x1F", "0xZ", "0b01", "x'41'", "b'1'", "n'x'"],
            ),
            ("t.1e5 .5 1.5 1.", &["t", ".", "1e5", ".5", "1.5", "1."]),
            ("a -- b\nc --d # e\r\nf", &["a", "c", "-", "-", "d", "f"]),
            ("a /* b ' */ c /*! d */ e", &["a", "c", "d", "e"]),
            (
                "/*!101119 a */ /*!101120 b */ /*!50700 c */ /*!99999 d */ /*M!50700 e */ /*!50699 f */",
                &["a", "e", "f"],
            ),
            ("/*!1 a */ /*!999999 b /* c */ d */ e", &["1", "a", "e"]),
            ("/*! a /* b */ c */ d", &["a", "c", "d"]),
            (r"'it''s \'q\'' `a``b` 'x", &[r"'it''s \'q\''", "`a``b`", "'x"]),
            ("@x @'y z' @@global.v `a`@`b`", &["@x", "@'y z'", "@@global.v", "`a`", "@`b`"]),
            ("é_1 \u{1F600}", &["é_1", "\u{1F600}"]),
            ("a*/b /*", &["a", "*", "/", "b"]),
        ] {
            assert_eq!(seen(text), expected, "{text}");
        }
    }

    #[test]
    fn sql_mode_decides_on_quotes() {
        let ansi = dialect().with_sql_mode("ANSI");
        assert_eq!(tokens(r#""a""b""#, ansi)[0].kind, TokenKind::Quoted);
        assert_eq!(tokens(r#""a""b""#, dialect())[0].kind, TokenKind::String);
        let plain = dialect().with_sql_mode("NO_BACKSLASH_ESCAPES");
        assert_eq!(tokens(r"'a\' b", plain).len(), 2);
    }

    #[test]
    fn unquotes() {
        for (text, kind, expected) in [
            ("`we``ird`", TokenKind::Quoted, "we`ird"),
            (r"'it''s \'q\' \n \% \x'", TokenKind::String, "it's 'q' \n \\% x"),
            ("n'x'", TokenKind::String, "x"),
            ("'", TokenKind::String, ""),
            ("'open", TokenKind::String, "open"),
            ("word", TokenKind::Word, "word"),
        ] {
            assert_eq!(unquote(text, kind, dialect()), expected, "{text}");
        }
    }
}
