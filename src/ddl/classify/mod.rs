//! What a server will really do with a statement: algorithm, lock, what it moves, and the text to send.

mod decide;
mod execute;
mod gather;
mod history;
mod judge;
mod partition;
#[cfg(test)]
mod tests;
pub(crate) mod types;

pub(crate) use gather::plain_text;
pub use judge::{Judgement, Moves, judge};
