//! Text to tree. Never fails: what is not understood is opaque.
//!
//! Reading is one pass over the statement's tokens, without recursion, so that neither deep parentheses nor a hundred
//! thousand clauses cost more than time in proportion to their length.

mod alter;
mod column;
mod create;
mod cursor;
mod expr;
mod head;
mod key;
mod options;
mod partition;
mod types;

use super::ast::{Assignment, Scope, Statement};
use crate::sql::{self, Dialect, TokenKind};
use cursor::Cursor;

/// Reads one statement, as [`crate::sql::split`] gives it.
pub fn parse(text: &str, dialect: Dialect) -> Statement {
    let tokens = sql::tokens(text, dialect);
    let mut cursor = Cursor::new(text, dialect, &tokens);
    let set_statement = cursor.set_statement();
    let mark = cursor.mark();
    let (kind, objects, body) = cursor.statement();
    cursor.skip_all();
    let span = cursor.span_from(mark);
    Statement { kind, objects, body, set_statement, span }
}

impl Cursor<'_> {
    /// `SET STATEMENT a = 1, b = 2 FOR`, if the statement begins with it.
    fn set_statement(&mut self) -> Vec<Assignment> {
        let mut all = Vec::new();
        while self.are(&["SET", "STATEMENT"]) {
            let mark = self.mark();
            self.bump();
            self.bump();
            let Some(assignments) = self.list(|cursor| cursor.assignment(&["FOR"])) else {
                self.reset(mark);
                break;
            };
            if !self.eat("FOR") {
                self.reset(mark);
                break;
            }
            all.extend(assignments);
        }
        all
    }

    /// `[GLOBAL] name = value`, up to a comma or one of the words.
    fn assignment(&mut self, until: &[&str]) -> Option<Assignment> {
        let mut scope = Scope::Session;
        if !self.punct_at(1, b'=') && !self.punct_at(1, b':') {
            if self.eat("GLOBAL") {
                scope = Scope::Global;
            } else {
                self.eat_any(&["SESSION", "LOCAL"]);
            }
        }
        let token = self.bump()?;
        let mut name = match token.kind {
            TokenKind::Variable => {
                let written = token.text(self.text);
                match written.strip_prefix("@@") {
                    Some(system) => system.to_ascii_lowercase(),
                    None => {
                        scope = Scope::User;
                        written.trim_start_matches('@').trim_matches(['`', '\'', '"']).to_ascii_lowercase()
                    }
                }
            }
            TokenKind::Word | TokenKind::Quoted => self.value(token).to_ascii_lowercase(),
            _ => return None,
        };
        while self.eat_punct(b'.') {
            name = format!("{name}.{}", self.ident()?.value.to_ascii_lowercase());
        }
        for (prefix, of) in [("global.", Scope::Global), ("session.", Scope::Session), ("local.", Scope::Session)] {
            if let Some(bare) = name.strip_prefix(prefix) {
                (scope, name) = (of, bare.to_owned());
            }
        }
        if !self.eat_equal() {
            return None;
        }
        let mark = self.mark();
        while !self.at_clause_end() && !self.is_any(until) {
            if self.is_punct(b'(') {
                self.parens()?;
            } else {
                self.bump();
            }
        }
        Some(Assignment { scope, name, value: self.span_from(mark) })
    }
}
