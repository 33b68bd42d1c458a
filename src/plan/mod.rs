//! Classified statements, observed facts and a policy become a plan, which is data and the only thing that runs.

mod alternative;
mod basis;
mod build;
pub mod check;
mod data;
mod decide;
mod draft;
mod estimate;
pub mod facts;
mod job;
mod passes;
mod policy;
mod rates;
mod session;
mod types;

pub use alternative::{Target, alternatives};
pub use basis::Basis;
pub use build::{Situation, build};
pub use data::{Asked, DataCheck, data_checks};
pub use decide::{Decision, Override, Question, ROLL_UNSAFE, Rolling, WRITE_STALL, decide, seconds};
pub use draft::{Draft, Text, Unreadable, draft, tables_named};
pub use estimate::{Amount, roll_seconds};
pub use job::{Job, Labour};
pub use passes::passes;
pub use policy::{AfterDrainTimeout, Policy};
pub use rates::{Cost, Costs, RateSource, Rates, Sample, Timing, Timings};
pub use session::{Part, part};
pub use types::{ConversionWindow, Estimate, Method, Pass, Plan, PlannedStatement, Split, SplitStatement};
