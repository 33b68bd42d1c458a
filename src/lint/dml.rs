//! INSERT, UPDATE, DELETE: as much of them as rules need. The classification is about DDL and leaves them alone.

use super::script::Unit;
use crate::ddl::ast::{Ident, Kind, ObjectName};
use crate::sql::{Lexer, Token, TokenKind, unquote};

/// What a statement does to rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// INSERT or REPLACE.
    Insert,
    /// UPDATE.
    Update,
    /// DELETE.
    Delete,
}

/// The head of a statement that changes rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dml {
    /// What it does.
    pub verb: Verb,
    /// The first table that it names.
    pub table: ObjectName,
    /// The word or sign behind the table.
    pub next: Option<Token>,
}

const VERBS: &[(&str, Verb)] =
    &[("INSERT", Verb::Insert), ("REPLACE", Verb::Insert), ("UPDATE", Verb::Update), ("DELETE", Verb::Delete)];
/// Words between the verb and the table.
const MODIFIERS: &[&str] = &["LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "QUICK", "IGNORE", "INTO", "FROM"];

impl Unit<'_> {
    /// The head of INSERT, REPLACE, UPDATE or DELETE. Reads no further, because a dump inserts a megabyte at a time.
    pub fn dml(&self) -> Option<Dml> {
        if self.ast.kind != Kind::Dml {
            return None;
        }
        let mut tokens = Lexer::new(self.sql, self.dialect).filter(|token| token.kind.is_significant());
        let first = tokens.next()?;
        let (_, verb) = VERBS.iter().find(|(word, _)| first.is_word(self.sql, word))?;
        let mut rest = tokens.skip_while(|token| MODIFIERS.iter().any(|word| token.is_word(self.sql, word)));
        let mut name = self.ident(rest.next()?)?;
        let mut database = None;
        let mut next = rest.next();
        if next.is_some_and(|token| token.kind == TokenKind::Punct(b'.')) {
            database = Some(std::mem::replace(&mut name, self.ident(rest.next()?)?));
            next = rest.next();
        }
        Some(Dml { verb: *verb, table: ObjectName { database, name }, next })
    }

    /// The name that a token is, without its quotes.
    pub fn ident(&self, token: Token) -> Option<Ident> {
        let named = matches!(token.kind, TokenKind::Word | TokenKind::Quoted);
        let value = unquote(token.text(self.sql), token.kind, self.dialect).into_owned();
        named.then_some(Ident { value, span: token.span })
    }
}
