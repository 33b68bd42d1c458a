//! `schema balancer`.

use super::Global;
use crate::failure::{ExitCode, Failure};

/// Rehearses a drain and return of a node, without any DDL.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _global: &Global) -> Result<ExitCode, Failure> {
    Err(Failure::usage("`schema balancer` is not built yet."))
}
