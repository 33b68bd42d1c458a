//! Findings, plans, events and verdicts become bytes. Nothing here prints; the command line does.

pub mod lint;
pub mod plan;
pub mod run;
pub mod status;
mod style;
pub mod verify;

pub use style::{Style, table};
