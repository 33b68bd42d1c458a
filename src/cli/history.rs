//! `schema history`.

use super::Global;
use crate::failure::{ExitCode, Failure};

/// Past runs, from the cluster's own journal.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _global: &Global) -> Result<ExitCode, Failure> {
    Err(Failure::usage("`schema history` is not built yet."))
}
