//! Sessions with the nodes: what they are asked, what they say, and what happens to a session that was interrupted.
//!
//! [`Connector`] knows the nodes and how to log in. A [`Session`] is one connection to one node; everything on it has
//! a time limit, and a session whose statement was interrupted refuses every further one (invariant 10).

mod accounts;
mod agreement;
mod client_file;
mod connect;
mod discover;
mod error;
pub mod facts;
pub mod journal;
pub mod lease;
mod privileges;
mod rows;
mod session;
mod snapshot;

pub use agreement::{Agreement, agreement};
pub use connect::Connector;
pub use error::{ClusterError, ConnectReason};
pub use rows::{Column, FromValue, Row, Rows};
pub use session::{Outcome, Session};
pub use snapshot::{snapshot, snapshot_all};

pub use crate::config::Node;
pub use crate::sql::{quote_name, quote_text};
