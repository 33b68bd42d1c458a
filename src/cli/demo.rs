//! `schema demo`.
mod picture;

use super::Global;
use crate::failure::{ExitCode, Failure};

/// The main job end to end on a sandbox under live load.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _global: &Global) -> Result<ExitCode, Failure> {
    Err(Failure::usage("`schema demo` is not built yet."))
}
