//! `schema apply`.

use super::Global;
use crate::failure::{ExitCode, Failure};

/// Plans, checks, runs and verifies.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _global: &Global) -> Result<ExitCode, Failure> {
    Err(Failure::usage("`schema apply` is not built yet."))
}
