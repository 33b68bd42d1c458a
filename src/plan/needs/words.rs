//! What the tree leaves out of a statement, read from its tokens.

use crate::sql::{Dialect, Token, TokenKind, tokens, unquote};

/// Who a DEFINER clause names.
pub(super) enum Definer {
    /// `'user'@'host'`, as GRANT has it.
    Account(String),
    /// A name without a host: a role, or that user from everywhere.
    NameOnly,
}

/// A statement's tokens, for what the tree leaves out.
pub(super) struct Words<'a> {
    text: &'a str,
    dialect: Dialect,
    tokens: Vec<Token>,
}

/// CREATE OR REPLACE ALGORITHM = x DEFINER stand within as many tokens.
const HEAD: usize = 8;

impl<'a> Words<'a> {
    /// The words of a statement.
    pub(super) fn of(text: &'a str, dialect: Dialect) -> Self {
        Self { text, dialect, tokens: tokens(text, dialect) }
    }

    /// Whether it holds this word, anywhere but in quotes.
    pub(super) fn has(&self, word: &str) -> bool {
        self.tokens.iter().any(|token| token.is_word(self.text, word))
    }

    /// Whether these words follow each other before the object's name.
    pub(super) fn has_in_head(&self, words: &[&str]) -> bool {
        let head = &self.tokens[..self.tokens.len().min(HEAD)];
        head.windows(words.len()).any(|at| at.iter().zip(words).all(|(token, word)| token.is_word(self.text, word)))
    }

    /// Whom DEFINER names; `None` where it is not written, or is the current user or role.
    pub(super) fn definer(&self) -> Option<Definer> {
        let at = self.tokens.iter().take(HEAD).position(|token| token.is_word(self.text, "DEFINER"))?;
        let [equals, user, rest @ ..] = &self.tokens[at + 1..] else { return None };
        let mut rest = rest.iter();
        if equals.kind != TokenKind::Punct(b'=') {
            return None;
        }
        if ["CURRENT_USER", "CURRENT_ROLE"].iter().any(|word| user.is_word(self.text, word)) {
            return None;
        }
        let host = rest.next().filter(|token| token.kind == TokenKind::Variable);
        let Some(host) = host.map(|token| token.text(self.text).trim_start_matches('@')) else {
            return Some(Definer::NameOnly);
        };
        let host = match host.chars().next() {
            None => rest.next().map(|token| self.value(*token)).unwrap_or_default(),
            Some('`') => unquote(host, TokenKind::Quoted, self.dialect).into_owned(),
            Some('\'' | '"') => unquote(host, TokenKind::String, self.dialect).into_owned(),
            Some(_) => host.to_owned(),
        };
        let user = self.value(*user);
        Some(Definer::Account(format!("'{}'@'{}'", user.replace('\'', "''"), host.replace('\'', "''"))))
    }

    fn value(&self, token: Token) -> String {
        unquote(token.text(self.text), token.kind, self.dialect).into_owned()
    }
}
