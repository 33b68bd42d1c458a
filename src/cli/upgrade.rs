//! `schema upgrade`.

use std::cell::Cell;
use std::io::{BufRead, IsTerminal, Write};

use clap::{Subcommand, ValueEnum};

use super::Global;
use super::output::{print, print_json, print_last_word};
use super::resume::Gone;
use crate::config::{ConnectionArgs, Settings};
use crate::engine::upgrade::{Answer, Console, Report, UpgradeEvent, Upgrader, Wishes, status};
use crate::failure::{ExitCode, Failure};
use crate::upgrade::{Finding, UpgradePlan, human};

/// Minor-version rolling upgrade of the server binaries, node by node.
///
/// Each node in turn leaves the load balancers, stops cleanly, gets the new binaries by the commands of `[upgrade]`
/// in schema.toml, comes back, is verified and serves again before the next one is touched.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  schema upgrade plan --to 10.11.19
  schema upgrade run --to 10.11.19 --watch 10m
  schema upgrade resume
  schema upgrade run --rollback")]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Plan(Plan),
    Run(Run),
    Resume(Resume),
    Status(Status),
}

/// Where the upgrade goes.
#[derive(Debug, clap::Args)]
struct Destination {
    /// The version to go to, such as 10.11.19 or the package's 1:10.11.19-0+deb12u1. [default: what the packages offer]
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    /// Take upgraded nodes back to the version that they had before.
    #[arg(long)]
    rollback: bool,
    /// Take responsibility for a check that refuses; repeat it for several.
    #[arg(long, value_name = "CODE")]
    accept: Vec<String>,
}

/// How a run behaves.
#[derive(Debug, clap::Args)]
struct Manner {
    /// Ask before each node.
    #[arg(long)]
    confirm_each: bool,
    /// Watch the cluster for this long after the last node, such as 10m.
    #[arg(long, value_name = "TIME")]
    watch: Option<String>,
    #[command(flatten)]
    gone: Gone,
    /// human: progress on stderr and a report on stdout; ndjson: one event a line on stdout.
    #[arg(long, value_enum, default_value_t = Events::Human)]
    format: Events,
}

/// Says what an upgrade would do, and whether it may be done. Reads only.
#[derive(Debug, clap::Args)]
struct Plan {
    #[command(flatten)]
    destination: Destination,
    /// human or json.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Upgrades the nodes one after the other, or takes them back.
#[derive(Debug, clap::Args)]
struct Run {
    #[command(flatten)]
    destination: Destination,
    #[command(flatten)]
    manner: Manner,
    /// Do not ask whether to begin.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Goes on with an upgrade that stopped half-way.
#[derive(Debug, clap::Args)]
struct Resume {
    #[command(flatten)]
    manner: Manner,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Says how far the newest upgrade is.
#[derive(Debug, clap::Args)]
struct Status {
    /// human or json.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Events {
    Human,
    Ndjson,
}

pub(super) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    super::block_on(async {
        match args.action {
            Action::Plan(plan) => make_plan(plan, global).await,
            Action::Run(run) => start(run, global).await,
            Action::Resume(resume) => go_on(resume, global).await,
            Action::Status(status) => show_status(status, global).await,
        }
    })
}

async fn make_plan(args: Plan, global: &Global) -> Result<ExitCode, Failure> {
    let settings = Settings::load(global.config.as_deref(), &args.connection)?;
    let mut upgrader = Upgrader::open(&settings).await?;
    let plan = upgrader.plan(&wishes(args.destination)).await?;
    match args.format {
        Format::Human => print(&human(&plan))?,
        Format::Json => print_json(&as_json(&plan))?,
    }
    Ok(match plan.verdict() {
        Finding::Pass | Finding::Warning => ExitCode::Done,
        Finding::Refuse => ExitCode::No,
        Finding::Unknown => ExitCode::Unobservable,
    })
}

fn as_json(plan: &UpgradePlan) -> serde_json::Value {
    let mut value = serde_json::to_value(plan).unwrap_or_default();
    if let Some(map) = value.as_object_mut() {
        map.insert("verdict".into(), serde_json::to_value(plan.verdict()).unwrap_or_default());
        map.insert("done".into(), plan.is_done().into());
    }
    value
}

async fn start(args: Run, global: &Global) -> Result<ExitCode, Failure> {
    let screen = Screen::new(args.manner.format, global.quiet);
    let ended = begin(args, global, &screen).await;
    screen.end(ended)
}

async fn begin(args: Run, global: &Global, screen: &Screen) -> Result<Report, Failure> {
    let settings = Settings::load(global.config.as_deref(), &args.connection)?;
    let mut wishes = wishes(args.destination);
    manner(&mut wishes, &args.manner)?;
    let mut upgrader = Upgrader::open(&settings).await?;
    let asks = !args.yes && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let agree = |plan: &UpgradePlan| {
        if !asks {
            return true;
        }
        let _ = write!(anstream::stderr(), "{}", human(plan));
        put("Begin?");
        is_yes()
    };
    upgrader.run(&wishes, screen, agree).await
}

async fn go_on(args: Resume, global: &Global) -> Result<ExitCode, Failure> {
    let screen = Screen::new(args.manner.format, global.quiet);
    let ended = take_up(args, global, &screen).await;
    screen.end(ended)
}

async fn take_up(args: Resume, global: &Global, screen: &Screen) -> Result<Report, Failure> {
    let settings = Settings::load(global.config.as_deref(), &args.connection)?;
    let mut wishes = Wishes::default();
    manner(&mut wishes, &args.manner)?;
    Upgrader::open(&settings).await?.resume(&wishes, screen).await
}

async fn show_status(args: Status, global: &Global) -> Result<ExitCode, Failure> {
    let settings = Settings::load(global.config.as_deref(), &args.connection)?;
    let status = status(&settings).await?;
    match (args.format, status) {
        (Format::Json, status) => print_json(&status.unwrap_or_default())?,
        (Format::Human, None) => print("The journal knows of no upgrade.\n")?,
        (Format::Human, Some(status)) => print(&status_text(&status))?,
    }
    Ok(ExitCode::Done)
}

fn status_text(status: &serde_json::Value) -> String {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    let mut out = format!("Run {} ({}): {}\n", text(&status["run"]), text(&status["state"]), text(&status["title"]));
    for node in status["nodes"].as_array().into_iter().flatten() {
        out += &format!(
            "  {}  {}  {}  last step: {}\n",
            text(&node["node"]),
            text(&node["version"]),
            text(&node["state"]),
            text(&node["step"])
        );
    }
    if status["open"] == true {
        out += "It stopped half-way. `schema upgrade resume` goes on with it.\n";
    }
    out
}

fn wishes(destination: Destination) -> Wishes {
    Wishes { to: destination.to, rollback: destination.rollback, accept: destination.accept, ..Wishes::default() }
}

fn manner(wishes: &mut Wishes, manner: &Manner) -> Result<(), Failure> {
    wishes.confirm_each = manner.confirm_each;
    wishes.gone.clone_from(&manner.gone.balancers);
    wishes.watch = match &manner.watch {
        Some(text) => {
            let time = crate::config::parse_duration(text);
            Some(time.map_err(|why| Failure::usage(format!("--watch: {why}.")))?)
        }
        None => None,
    };
    if manner.confirm_each && !std::io::stdin().is_terminal() {
        return Err(Failure::usage("--confirm-each asks before each node, and there is no terminal to ask on."));
    }
    Ok(())
}

/// The terminal, or the program that reads the events.
struct Screen {
    format: Events,
    quiet: bool,
    /// Whether the last event was told.
    ended: Cell<bool>,
}

impl Screen {
    fn new(format: Events, quiet: bool) -> Self {
        Self { format, quiet, ended: Cell::new(false) }
    }

    /// Says how the command ended. Who reads events is told once, wherever it ended.
    fn end(&self, ended: Result<Report, Failure>) -> Result<ExitCode, Failure> {
        if self.format == Events::Ndjson && !self.ended.get() {
            self.tell(None, &UpgradeEvent::ended(ended.as_ref().map(|report| &*report.text)));
        }
        let report = ended?;
        if self.format == Events::Human {
            print_last_word(&report.text);
        }
        Ok(ExitCode::Done)
    }
}

impl Console for Screen {
    fn tell(&self, run: Option<&str>, event: &UpgradeEvent) {
        self.ended.set(self.ended.get() || event.is_last());
        match self.format {
            Events::Ndjson => {
                let line = event.json(run, &jiff::Timestamp::now().to_string());
                let mut out = anstream::stdout();
                let _ = writeln!(out, "{line}");
                let _ = out.flush();
            }
            Events::Human if self.quiet => {}
            Events::Human => {
                let node = event.node.as_deref().map_or(String::new(), |node| format!("{node}: "));
                let line = match event.kind {
                    // How it ended is told by the report, or by the failure.
                    "step_started" | "check" | "run_finished" => return,
                    "output" => format!("    {node}{}", event.text),
                    _ => format!("{node}{}", event.text),
                };
                let _ = writeln!(anstream::stderr(), "{line}");
            }
        }
    }

    fn ask(&self, question: &str) -> Answer {
        put(question);
        // A thread of its own, which nobody waits for when the run ends before the answer.
        let (answer, answered) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || answer.send(is_yes()));
        Box::pin(async { answered.await.unwrap_or(false) })
    }
}

fn put(question: &str) {
    let _ = write!(anstream::stderr(), "{question} [y/N] ");
    let _ = anstream::stderr().flush();
}

fn is_yes() -> bool {
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}
