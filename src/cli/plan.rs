//! `schema plan`.

use super::Global;
use crate::failure::{ExitCode, Failure};

/// Says, statement by statement, what the server will do, which method, what it will cost and why.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _global: &Global) -> Result<ExitCode, Failure> {
    Err(Failure::usage("`schema plan` is not built yet."))
}
