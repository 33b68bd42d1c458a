//! What a statement is, what the server will really do with it, and whether row replication survives it.

pub mod ast;
mod judgement;
pub mod model;
mod parse;

pub use judgement::{Algorithm, Compatibility, Condition, Flow, Lock, Reason, Verdict};
pub use parse::parse;
