//! `schema resume`.

use super::Global;
use super::run_view::{RunFormat, RunView};
use crate::cluster::Connector;
use crate::config::{ConnectionArgs, Settings};
use crate::engine::{self, Signals, Way};
use crate::failure::{ExitCode, Failure};
use crate::run::Ending;

/// The answer where there is nothing to end.
pub(super) const NOTHING_OPEN: &str = "No run is open: there is nothing to do.";

/// Finishes a run that stopped half-way.
///
/// Looks at every node first: what is observed there wins over what the journal remembers. May be started from any
/// host.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    gone: Gone,
    /// What to print while it runs.
    #[arg(long, value_enum, default_value_t)]
    format: RunFormat,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// The way out where a load balancer went away for good while a node was drained in it.
#[derive(Debug, clap::Args)]
pub(super) struct Gone {
    /// This load balancer exists no more: nothing is put back there. Take its [[balancer]] out of the configuration
    /// first; repeat it for several.
    #[arg(long = "gone-balancer", value_name = "NAME")]
    pub(super) balancers: Vec<String>,
}

pub(super) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    super::block_on(end(Way::Forward, &args.gone, args.format, &args.connection, global))
}

/// Ends the open run, one way or the other.
pub(super) async fn end(
    way: Way,
    gone: &Gone,
    format: RunFormat,
    connection: &ConnectionArgs,
    global: &Global,
) -> Result<ExitCode, Failure> {
    let mut view = RunView::new(format, global.quiet);
    let ended = take_over(way, gone, connection, global, &mut view).await;
    match view.pass_on(ended)? {
        Some(ending) => Ok(view.finish(&ending)),
        None => view.finish_idle(NOTHING_OPEN),
    }
}

/// `None` when no run is open.
async fn take_over(
    way: Way,
    gone: &Gone,
    connection: &ConnectionArgs,
    global: &Global,
    view: &mut RunView,
) -> Result<Option<Ending>, Failure> {
    let settings = Settings::load(global.config.as_deref(), connection)?;
    let connector = Connector::open(&settings).await?;
    let mut signals = Signals::listen()?;
    engine::take_over(way, &gone.balancers, &connector, &settings, view, &mut signals).await
}
