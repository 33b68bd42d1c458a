//! What a statement is, what the server will really do with it, and whether row replication survives it.

pub mod ast;
mod judgement;

pub use judgement::{Algorithm, Compatibility, Condition, Flow, Lock, Reason, Verdict};
