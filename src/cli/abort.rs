//! `schema abort`.

use super::Global;
use crate::failure::{ExitCode, Failure};

/// Safely ends a run that stopped half-way.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _global: &Global) -> Result<ExitCode, Failure> {
    Err(Failure::usage("`schema abort` is not built yet."))
}
