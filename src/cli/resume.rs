//! `schema resume`.

use super::Global;
use crate::failure::{ExitCode, Failure};

/// Finishes a run that stopped half-way.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _global: &Global) -> Result<ExitCode, Failure> {
    Err(Failure::usage("`schema resume` is not built yet."))
}
