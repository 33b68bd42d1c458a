//! `schema abort`.

use super::Global;
use super::resume::end;
use super::run_view::RunFormat;
use crate::config::ConnectionArgs;
use crate::engine::Way;
use crate::failure::{ExitCode, Failure};

/// Ends a run that stopped half-way: undoes what can be undone, and puts every node back in rotation.
///
/// Where a statement has no inverse, nothing is undone and the message says what a person has to decide.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to print while it runs.
    #[arg(long, value_enum, default_value_t)]
    format: RunFormat,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    super::block_on(end(Way::Back, args.format, &args.connection, global))
}
