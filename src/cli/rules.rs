//! `schema rules`.

use super::Global;
use crate::failure::{ExitCode, Failure};

/// The lint rules; one rule's page.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _global: &Global) -> Result<ExitCode, Failure> {
    Err(Failure::usage("`schema rules` is not built yet."))
}
