//! Reading tokens one by one.

use crate::ddl::ast::{Ident, LockWait, ObjectName};
use crate::sql::{Dialect, Span, Token, TokenKind, unquote};

/// A place in a statement's tokens. Methods that answer `Option` leave the place where it was, or anywhere, when they
/// answer `None`: the caller then goes back to where its clause began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    pub(super) dialect: Dialect,
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect, tokens: &'a [Token]) -> Self {
        Self { text, dialect, tokens, at: 0 }
    }

    /// The token `ahead` of the next one.
    pub(super) fn peek(&self, ahead: usize) -> Option<Token> {
        self.tokens.get(self.at + ahead).copied()
    }

    /// The number of the next token, to come back to.
    pub(super) const fn mark(&self) -> usize {
        self.at
    }

    pub(super) fn reset(&mut self, mark: usize) {
        self.at = mark;
    }

    pub(super) fn at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// The tokens from a mark up to here.
    pub(super) fn since(&self, mark: usize) -> &'a [Token] {
        &self.tokens[mark.min(self.at)..self.at]
    }

    /// From the token at `mark` to the last one that was read.
    pub(super) fn span_from(&self, mark: usize) -> Span {
        match (self.tokens.get(mark), self.at.checked_sub(1).and_then(|last| self.tokens.get(last))) {
            (Some(first), Some(last)) if self.at > mark => Span::new(first.span.start, last.span.end),
            _ => Span::new(self.offset(), self.offset()),
        }
    }

    /// Behind the last token that was read.
    pub(super) fn offset(&self) -> u32 {
        self.at.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(0, |token| token.span.end)
    }

    /// Reads any token.
    pub(super) fn bump(&mut self) -> Option<Token> {
        let token = self.peek(0)?;
        self.at += 1;
        Some(token)
    }

    /// The word `ahead` of the next token; empty where none stands.
    pub(super) fn word(&self, ahead: usize) -> &'a str {
        match self.peek(ahead) {
            Some(token) if token.kind == TokenKind::Word => token.text(self.text),
            _ => "",
        }
    }

    /// Whether the next token is this keyword.
    pub(super) fn is(&self, word: &str) -> bool {
        self.word(0).eq_ignore_ascii_case(word)
    }

    /// Whether the next token is one of these keywords.
    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        let next = self.word(0);
        !next.is_empty() && words.iter().any(|word| next.eq_ignore_ascii_case(word))
    }

    /// Whether the next tokens are these keywords.
    pub(super) fn are(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(ahead, word)| self.word(ahead).eq_ignore_ascii_case(word))
    }

    /// Reads a keyword if it is the next token.
    pub(super) fn eat(&mut self, word: &str) -> bool {
        let found = self.is(word);
        self.at += usize::from(found);
        found
    }

    /// Reads one of these keywords.
    pub(super) fn eat_any(&mut self, words: &[&str]) -> bool {
        let found = self.is_any(words);
        self.at += usize::from(found);
        found
    }

    /// Reads these keywords if all of them come next.
    pub(super) fn eat_all(&mut self, words: &[&str]) -> bool {
        let found = self.are(words);
        if found {
            self.at += words.len();
        }
        found
    }

    /// A keyword that must come.
    pub(super) fn expect(&mut self, word: &str) -> Option<()> {
        self.eat(word).then_some(())
    }

    /// Whether the next token is this character.
    pub(super) fn is_punct(&self, byte: u8) -> bool {
        self.punct_at(0, byte)
    }

    /// Whether the token `ahead` of the next one is this character.
    pub(super) fn punct_at(&self, ahead: usize, byte: u8) -> bool {
        self.peek(ahead).is_some_and(|token| token.kind == TokenKind::Punct(byte))
    }

    pub(super) fn eat_punct(&mut self, byte: u8) -> bool {
        let found = self.is_punct(byte);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect_punct(&mut self, byte: u8) -> Option<()> {
        self.eat_punct(byte).then_some(())
    }

    /// `=` or `:=`, where they may be left out.
    pub(super) fn eat_equal(&mut self) -> bool {
        if self.is_punct(b':') && self.punct_at(1, b'=') {
            self.at += 1;
        }
        self.eat_punct(b'=')
    }

    pub(super) fn if_exists(&mut self) -> bool {
        self.eat_all(&["IF", "EXISTS"])
    }

    pub(super) fn if_not_exists(&mut self) -> bool {
        self.eat_all(&["IF", "NOT", "EXISTS"])
    }

    /// What a token stands for.
    pub(super) fn value(&self, token: Token) -> String {
        unquote(token.text(self.text), token.kind, self.dialect).into_owned()
    }

    /// Any identifier, quoted or not. Reserved words are not told apart: the server did that before.
    pub(super) fn ident(&mut self) -> Option<Ident> {
        let token = self.peek(0).filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted))?;
        self.at += 1;
        Some(Ident { value: self.value(token), span: token.span })
    }

    /// `name` or `db.name`.
    pub(super) fn object_name(&mut self) -> Option<ObjectName> {
        // A leading dot stands for the default database.
        let dot = self.eat_punct(b'.');
        let first = self.ident()?;
        if !dot && self.eat_punct(b'.') {
            return Some(ObjectName { database: Some(first), name: self.ident()? });
        }
        Some(ObjectName { database: None, name: first })
    }

    /// A column, which may stand behind its table: `a`, `t.a`, `db.t.a`, `.a`.
    pub(super) fn field(&mut self) -> Option<Ident> {
        self.eat_punct(b'.');
        let mut name = self.ident()?;
        while self.eat_punct(b'.') {
            name = self.ident()?;
        }
        Some(name)
    }

    /// `a, b, c`
    pub(super) fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.eat_punct(b',') {
            items.push(item(self)?);
        }
        Some(items)
    }

    /// `(a, b, c)`
    pub(super) fn list_in_parens<T>(&mut self, item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.expect_punct(b'(')?;
        let items = self.list(item)?;
        self.expect_punct(b')')?;
        Some(items)
    }

    /// A string; neighbouring strings are one.
    pub(super) fn string(&mut self) -> Option<String> {
        let mut value: Option<String> = None;
        while let Some(token) = self.peek(0).filter(|token| token.kind == TokenKind::String) {
            self.at += 1;
            value.get_or_insert_default().push_str(&self.value(token));
        }
        value
    }

    /// An identifier or a string.
    pub(super) fn name_or_string(&mut self) -> Option<String> {
        match self.peek(0)?.kind {
            TokenKind::String => self.string(),
            _ => self.ident().map(|ident| ident.value),
        }
    }

    /// An unsigned whole number, also in hexadecimal.
    pub(super) fn number(&mut self) -> Option<u64> {
        let token = self.peek(0).filter(|token| token.kind == TokenKind::Number)?;
        let text = token.text(self.text);
        let number = match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        };
        self.at += usize::from(number.is_some());
        number
    }

    pub(super) fn number32(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    /// Reads from `(` to the `)` that closes it, and says what stands between. Does not recurse: parentheses may be
    /// nested as deeply as the text is long.
    pub(super) fn parens(&mut self) -> Option<Inside> {
        self.expect_punct(b'(')?;
        let first = self.at;
        let mut depth = 1_usize;
        while let Some(token) = self.bump() {
            match token.kind {
                TokenKind::Punct(b'(') => depth += 1,
                TokenKind::Punct(b')') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let span = match (self.tokens.get(first), self.at.checked_sub(2).and_then(|at| self.tokens.get(at))) {
                    (Some(from), Some(to)) if self.at - 1 > first => Span::new(from.span.start, to.span.end),
                    _ => Span::new(token.span.start, token.span.start),
                };
                return Some(Inside { span, first, last: self.at - 1 });
            }
        }
        None
    }

    /// The tokens that [`Cursor::parens`] passed over, without the parentheses.
    pub(super) fn inside(&self, inside: &Inside) -> &'a [Token] {
        &self.tokens[inside.first..inside.last]
    }

    /// Reads on to a comma, or to a closing parenthesis that was opened before, or to the end.
    pub(super) fn skip_clause(&mut self) {
        let mut depth = 0_usize;
        while let Some(token) = self.peek(0) {
            match token.kind {
                TokenKind::Punct(b'(') => depth += 1,
                TokenKind::Punct(b')') if depth == 0 => return,
                TokenKind::Punct(b')') => depth -= 1,
                TokenKind::Punct(b',') if depth == 0 => return,
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Whether a clause ends here.
    pub(super) fn at_clause_end(&self) -> bool {
        self.peek(0).is_none_or(|token| matches!(token.kind, TokenKind::Punct(b',' | b')')))
    }

    /// Reads everything that is left.
    pub(super) fn skip_all(&mut self) {
        self.at = self.tokens.len();
    }

    /// WAIT n, NOWAIT.
    pub(super) fn lock_wait(&mut self) -> Option<LockWait> {
        if self.eat("NOWAIT") {
            return Some(LockWait::NoWait);
        }
        let mark = self.mark();
        if self.eat("WAIT")
            && let Some(token) = self.bump().filter(|token| token.kind == TokenKind::Number)
        {
            // A fraction is allowed, and cut.
            let whole = token.text(self.text).split('.').next().unwrap_or_default();
            return Some(LockWait::Seconds(whole.parse().unwrap_or(u64::MAX)));
        }
        self.reset(mark);
        None
    }
}

/// What stands between two parentheses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inside {
    pub(super) span: Span,
    first: usize,
    last: usize,
}
