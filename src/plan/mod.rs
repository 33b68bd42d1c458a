//! Classified statements, observed facts and a policy become a plan, which is data and the only thing that runs.

mod policy;
mod types;

pub use policy::{AfterDrainTimeout, Policy};
pub use types::{ConversionWindow, Estimate, Method, Pass, Plan, PlannedStatement, WayBack};
