//! A run's events for people and for programs.

mod human;
mod lines;
mod past;

pub use human::{Line, Shown, answer, show};
pub use lines::ndjson;
pub use past::history;
