//! Findings, plans, events and verdicts become bytes. Nothing here prints; the command line does.

pub mod lint;
pub mod plan;
mod style;

pub use style::{Style, table};
