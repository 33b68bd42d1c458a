//! `schema lint`.

use super::Global;
use crate::failure::{ExitCode, Failure};

/// Pre-flight lint of migration files and folders, for code review.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _global: &Global) -> Result<ExitCode, Failure> {
    Err(Failure::usage("`schema lint` is not built yet."))
}
