//! `schema verify`.

use super::Global;
use crate::failure::{ExitCode, Failure};

/// Do all nodes hold the same schema? Shows each difference and the DDL that mends it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _global: &Global) -> Result<ExitCode, Failure> {
    Err(Failure::usage("`schema verify` is not built yet."))
}
