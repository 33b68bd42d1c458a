//! A minor-version rolling upgrade, thought through without touching anything: what is known about versions, what
//! must hold before a node is taken, what a node's error log says, and the order in which the steps happen.
//!
//! `docs/upgrade.md` is the page to this room. The engine carries the steps out.

mod checks;
mod ended;
mod facts;
mod known;
mod log;
mod machine;
mod packages;
mod plan;
mod provider;
mod quorum;
mod render;
mod series;
mod settings;
mod target;
mod timers;
mod window;

pub use checks::forecast;
pub use checks::{Check, Finding, Stage};
pub use ended::{End, Process, end};
pub use facts::{ClusterFacts, NodeFacts, Standing, Surroundings};
pub use known::{Hazard, RemovedOption};
pub use log::{BadLine, Join, LogReading, Severity, read as read_log, was_shut_down};
pub use machine::{
    Direction, Effect, Ending, Entry, Event, Machine, Observed, Step, StepResult, Turn, compact, left_open, note,
};
pub use plan::{NodePlan, UpgradePlan, make};
pub use provider::ProviderVersion;
pub use quorum::spares;
pub use render::human;
pub use series::needs_what_fails;
pub use settings::{Agreement, differences, worth_keeping};
pub use target::{Runs, Target};
pub use timers::{JOIN_OPTIONS, evicts, shortened, slow_timers, timers_as_option};
pub use window::{TransferForecast, Window};
