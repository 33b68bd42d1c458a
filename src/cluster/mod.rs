//! Sessions with the nodes: what they are asked, what they say, and what happens to a session that was interrupted.
//!
//! [`Connector`] knows the nodes and how to log in. A [`Session`] is one connection to one node; everything on it has
//! a time limit, and a session whose statement was interrupted refuses every further one (invariant 10).

mod connect;
mod discover;
mod error;
pub mod journal;
pub mod lease;
mod rows;
mod session;

pub use connect::Connector;
pub use error::{ClusterError, ConnectReason};
pub use rows::{Column, FromValue, Row, Rows};
pub use session::{Outcome, Session};

pub use crate::config::Node;

/// An identifier in backquotes.
pub fn quote_name(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text in single quotes, for the few places where a value cannot be bound.
///
/// Sessions of ours run without `NO_BACKSLASH_ESCAPES`, so both the quote and the backslash are escaped.
pub fn quote_text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
