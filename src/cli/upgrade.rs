//! `schema upgrade`.

use super::Global;
use crate::failure::{ExitCode, Failure};

/// Minor-version rolling upgrade of the server binaries, node by node.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _global: &Global) -> Result<ExitCode, Failure> {
    Err(Failure::usage("`schema upgrade` is not built yet."))
}
