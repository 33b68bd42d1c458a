//! `schema sandbox`.

use super::Global;
use crate::failure::{ExitCode, Failure};

/// A throwaway three-node cluster behind HAProxy on this machine.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _global: &Global) -> Result<ExitCode, Failure> {
    Err(Failure::usage("`schema sandbox` is not built yet."))
}
