//! `schema apply`.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use super::Global;
use super::input::read_file;
use super::planning::RequestArgs;
use super::run_view::{RunFormat, RunView};
use crate::cluster::Connector;
use crate::config::{ConnectionArgs, Settings};
use crate::engine::{self, Signals, planner};
use crate::failure::{ExitCode, Failure};
use crate::plan::{Method, Plan};
use crate::run::Ending;

/// Plans, checks, runs and verifies.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    request: RequestArgs,
    /// Run a plan that `schema plan --out` has saved. It is refused when it has gone stale.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["files", "execute", "method", "database", "check_timeout"])]
    plan: Option<PathBuf>,
    /// Print the plan, and stop before the first change.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// What to print while it runs.
    #[arg(long, value_enum, default_value_t)]
    format: RunFormat,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    super::block_on(apply(args, global))
}

async fn apply(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let mut view = RunView::new(args.format, global.quiet);
    let ended = prepare_and_run(&args, global, &mut view).await;
    match view.pass_on(ended)? {
        Some(ending) => Ok(view.finish(&ending)),
        None => view.finish_idle("This was a dry run: nothing was changed."),
    }
}

/// `None` when nothing was to be run.
async fn prepare_and_run(args: &Args, global: &Global, view: &mut RunView) -> Result<Option<Ending>, Failure> {
    let settings = Settings::load(global.config.as_deref(), &args.connection)?;
    // A file that cannot be read is told before anybody is asked for a password.
    let wanted = match &args.plan {
        Some(path) => {
            let plan = read_plan(path)?;
            refuse_what_is_refused(&plan)?;
            Wanted::Saved(Box::new(plan))
        }
        None => Wanted::Planned(args.request.request(true)?),
    };
    let connector = Connector::open(&settings).await?;
    let planned = match wanted {
        Wanted::Saved(plan) => planner::recheck(&connector, &settings, *plan, &args.request.accept).await?,
        Wanted::Planned(request) => planner::plan(&connector, &settings, &request).await?,
    };
    let mut plan = planned.plan;
    if args.format == RunFormat::Ndjson {
        engine::tell_checks(&planned.findings, view);
    } else if args.dry_run {
        super::output::print(&crate::report::plan::human(
            &plan.shown(),
            &planned.findings,
            super::screen::of_stdout(),
        ))?;
    }
    if let Some(failure) = planner::failure(&planned.findings) {
        return Err(failure);
    }
    refuse_what_is_refused(&plan)?;
    if args.dry_run {
        engine::balancers(&mut plan, &connector, &settings).await?;
        return Ok(None);
    }
    if !args.yes && args.format == RunFormat::Human && !view.suspended(|| confirmed(&plan))? {
        return Err(Failure::refused("You said no. Nothing was changed."));
    }
    let mut signals = Signals::listen()?;
    engine::apply(plan, &connector, &settings, view, &mut signals).await.map(Some)
}

/// Where the plan comes from.
enum Wanted {
    Saved(Box<Plan>),
    Planned(planner::Request),
}

fn read_plan(path: &std::path::Path) -> Result<Plan, Failure> {
    let bytes = read_file(path)?;
    serde_json::from_slice(&bytes).map_err(|error| {
        Failure::usage(format!("`{}` is no plan that this version can run: {error}.", path.display()))
            .next("schema plan --out FILE")
    })
}

pub(super) fn refuse_what_is_refused(plan: &Plan) -> Result<(), Failure> {
    let refused = plan.statements.iter().filter(|statement| statement.method == Method::Refuse);
    let mut lines = refused.map(|statement| {
        let reasons: Vec<&str> = statement.reasons.iter().map(|reason| reason.text.as_str()).collect();
        format!("Statement {} ({}:{}): {}", statement.index, statement.file, statement.line, reasons.join(" "))
    });
    let Some(first) = lines.next() else { return Ok(()) };
    let mut failure = Failure::refused("The plan holds a statement that is refused. Nothing was changed.").hint(first);
    for line in lines {
        failure = failure.hint(line);
    }
    Err(failure.next("schema plan"))
}

/// Asks the one question, on a terminal only.
fn confirmed(plan: &Plan) -> Result<bool, Failure> {
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Ok(true);
    }
    let mut err = anstream::stderr();
    let page = crate::report::plan::human(&plan.shown(), &[], super::screen::of_stderr());
    let asked = write!(err, "{page}\nRun this now? [y/N] ").and_then(|()| err.flush());
    let mut line = String::new();
    asked
        .and_then(|()| std::io::stdin().read_line(&mut line))
        .map_err(|error| Failure::usage(format!("The question could not be asked: {error}. Nothing was changed.")))?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
}
