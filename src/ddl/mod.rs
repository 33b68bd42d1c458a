//! What a statement is, what the server will really do with it, and whether row replication survives it.

mod append;
pub mod ast;
pub mod classify;
pub mod compat;
mod judgement;
pub mod knowledge;
pub mod model;
mod parse;
mod profile;
mod split;

pub use append::append_members;
pub use classify::{Judgement, Moves, judge};
pub use compat::{Rolling, WayBack, Window, rolling, way_back};
pub use judgement::{Algorithm, Compatibility, Condition, Flow, Lock, Reason, Verdict};
pub use parse::parse;
pub use profile::{InstantColumns, ServerProfile};
pub use split::{SplitPart, split};
