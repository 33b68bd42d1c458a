//! SQL text to statements: lossless, and it never fails.
//!
//! [`split`] reads a migration file into pieces that, joined, give the file back byte for byte. [`Statement::tokens`]
//! reads one statement as a server of the dialect's version would: what an executable comment holds is either
//! visible or not there. `docs/sql.md` tells more.

mod blocks;
mod client;
mod dialect;
mod lexer;
mod position;
mod quote;
mod secret;
mod source;
mod span;
mod split;
mod version;

pub use client::dialect_after_set;
pub use dialect::Dialect;
pub use lexer::{Lexer, Token, TokenKind, tokens, unquote};
pub use position::{LineIndex, Position};
pub use quote::{hex_text, quote_name, quote_text};
pub use secret::{may_hold_secret, starred, without_secrets};
pub use source::Source;
pub use span::Span;
pub use split::{ClientCommand, Content, Piece, Pieces, Script, Statement, split};
pub use version::ServerVersion;
