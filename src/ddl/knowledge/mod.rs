//! Knowledge of servers, as data: which facts make a statement dear, which locks it asks for, and which releases have
//! known faults. Nothing here decides; `classify` and `compat` look things up.

mod bugs;
mod facts;
mod functions;
mod rules;

pub use bugs::{BUGS, Bug, BugArea, known_bugs};
pub use facts::{Fact, FactSet, Known};
pub use functions::gives_one_value;
pub use rules::{Asks, INSTANT_BLOCKERS, LOCKS, RULES, Rule, Versions};
