//! `schema abort`.

use super::Global;
use super::resume::{Gone, NOTHING_OPEN, end};
use super::run_view::{RunFormat, RunView};
use crate::cluster::Connector;
use crate::config::{ConnectionArgs, Settings};
use crate::engine::{self, Way};
use crate::failure::{ExitCode, Failure};

/// Ends a run that stopped half-way: undoes what can be undone, and puts every node back in rotation.
///
/// Where a statement has no inverse, nothing is undone and the message says what a person has to decide.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only close the run in the journal, after a person has ended it by hand, also that of an upgrade. Every node must be
    /// in rotation and Synced, and after a schema change hold the same schema.
    #[arg(long)]
    forget: bool,
    #[command(flatten)]
    gone: Gone,
    /// What to print while it runs.
    #[arg(long, value_enum, default_value_t)]
    format: RunFormat,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    if args.forget {
        return super::block_on(forget(&args, global));
    }
    super::block_on(end(Way::Back, &args.gone, args.format, &args.connection, global))
}

async fn forget(args: &Args, global: &Global) -> Result<ExitCode, Failure> {
    let mut view = RunView::new(args.format, global.quiet);
    let work = async {
        let settings = Settings::load(global.config.as_deref(), &args.connection)?;
        let connector = Connector::open(&settings).await?;
        engine::forget(&args.gone.balancers, &connector, &settings).await
    };
    match view.pass_on(work.await)? {
        Some(run) => view.finish_idle(&format!("Run {run} is closed. No node was touched.")),
        None => view.finish_idle(NOTHING_OPEN),
    }
}
