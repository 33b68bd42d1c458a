//! `schema lock`.

use super::Global;
use crate::failure::{ExitCode, Failure};

/// Holds the cluster-wide lease while a command runs.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _global: &Global) -> Result<ExitCode, Failure> {
    Err(Failure::usage("`schema lock` is not built yet."))
}
