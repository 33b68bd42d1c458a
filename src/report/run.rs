//! A run's events for people and for programs.

mod human;
mod lines;

pub use human::{Line, Shown, answer, show};
pub use lines::ndjson;
