//! The order in which dangerous things happen, as a machine without I/O: (state, input) to (state, effects).
//!
//! The state says what is known of each node: whether it is in rotation, whether it is desynced, how many statements
//! of the pass its schema holds. [`decide`](decide::next) looks at nothing but the state and names the one next
//! action. There is no list of steps and no cursor in it, and therefore a run that is resumed after a crash is the
//! same thing as a run that was never interrupted: it observes, and does what is missing.
//!
//! The journal holds the state as it stands before each action that changes something, so the journal's last row is
//! all that another process needs. `docs/run.md` tells the story.

mod action;
mod decide;
mod ending;
mod event;
mod judge;
mod machine;
mod script;
#[cfg(test)]
mod simulation;
mod state;
mod survey;
mod toi;

pub use action::{Action, Answer, Begun, Command, Direction, Effect, Input, Seen};
pub use ending::{Ending, Outcome};
pub use event::{EVENT_VERSION, Event, EventSink, Seconds, Stamped};
pub use machine::Machine;
pub use script::Script;
pub use state::{Fault, FaultKind, Goal, Node, Place, State};
