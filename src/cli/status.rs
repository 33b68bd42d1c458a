//! `schema status`.

use super::Global;
use crate::failure::{ExitCode, Failure};

/// Cluster, nodes, balancers, and the run in progress.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _global: &Global) -> Result<ExitCode, Failure> {
    Err(Failure::usage("`schema status` is not built yet."))
}
