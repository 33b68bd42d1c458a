//! Classified statements, observed facts and a policy become a plan, which is data and the only thing that runs.

mod alternative;
mod basis;
mod build;
pub mod check;
mod copy;
mod data;
mod decide;
mod draft;
mod estimate;
pub mod facts;
mod grants;
mod job;
mod passes;
mod policy;
mod rates;
mod secrets;
mod session;
mod types;
mod votes;

pub use alternative::alternatives;
pub use basis::Basis;
pub use build::{Situation, build};
pub(crate) use copy::shell_word;
pub use copy::{CONSTRAINTS_RENAMED, COPY_MAY_DROP_ROWS, COPY_TOOL, TableCopy, table_copy};
pub use data::{Asked, DataCheck, data_checks};
pub use decide::{Decision, Override, Question, ROLL_UNSAFE, Rolling, WRITE_STALL, decide, seconds};
pub use draft::{Draft, Text, Unreadable, draft, tables_named};
pub use estimate::{Amount, COPY_STALL_SECONDS, copy_seconds, roll_seconds};
pub use grants::Grant;
pub use job::{Job, Labour};
pub use passes::passes;
pub use policy::{AfterDrainTimeout, Policy};
pub use rates::{Cost, Costs, RateSource, Rates, Sample, Timing, Timings};
pub use session::{Part, part};
pub use types::{ConversionWindow, Estimate, Method, Pass, Plan, PlannedStatement, Split, SplitStatement};
pub use votes::stays_primary;
