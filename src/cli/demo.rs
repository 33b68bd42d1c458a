//! `schema demo`.

mod packages;
mod picture;
mod summary;
mod track;

use std::io::Write as _;
use std::time::{Duration, Instant};

use super::run_view::{RunFormat, RunView};
use super::sandbox::describe;
use super::{Global, screen};
use crate::cluster::Connector;
use crate::config::{ConnectionArgs, Settings};
use crate::engine;
use crate::engine::planner::{self, Request};
use crate::failure::{ExitCode, Failure};
use crate::plan::{Method, Override, Plan, Text};
use crate::report::Style;
use crate::sandbox::workload::{Figures, Profile, Recording, Window, Workload, fill, prepare};
use crate::sandbox::{Error, Options, Place, Sandbox, Scoped, UpEvent};
use picture::{Pen, Phase, Scene, Span};
use summary::{How, Line, Summary};
use track::{Lap, Track};

/// What is applied. Its first statement is the rebuild that is run once more in plain TOI.
const FILE: &str = include_str!("../../fixtures/demo.sql");
/// That rebuild, the plain way.
const REBUILD: &str = "ALTER TABLE orders FORCE";
const DATABASE: &str = "app";
/// How long the idle cluster is measured: about as long as a roll, for a longest gap grows with the time.
const IDLE: Duration = Duration::from_secs(10);
/// What a picture shows before and after.
const AROUND: Duration = Duration::from_millis(1_500);

/// The main job end to end on a sandbox under live load.
///
/// Starts three MariaDB nodes and HAProxy on this machine, fills a table, lets clients work on it, applies
/// `fixtures/demo.sql` as `schema apply` does, runs the same rebuild once more in plain TOI, and shows what each did
/// to the clients. Takes everything down at the end, and on Ctrl-C.
#[derive(Debug, clap::Args)]
#[command(arg = super::output::human_only())]
#[command(after_help = "Examples:
  schema demo --install-packages
  schema demo --rows 4000000 --keep")]
pub(super) struct Args {
    /// Install the Debian packages that are missing (as root or with sudo); no service is left running or enabled.
    #[arg(long)]
    install_packages: bool,
    /// Rows of the table. Below some hundred thousand, a rebuild is too short to be worth a roll.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    rows: u64,
    /// Leave the sandbox up, and say how to reach it.
    #[arg(long)]
    keep: bool,
}

pub(super) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    packages::ensure(args.install_packages)?;
    super::block_on(async {
        let mut signals = engine::Signals::listen()?;
        // Whatever the demo is at: dropping it ends the clients and takes the sandbox down.
        tokio::select! {
            done = demo(&args, global) => done,
            () = signals.next() => Err(Failure::new(ExitCode::Undone, "Interrupted. The sandbox was taken down.")),
        }
    })
}

/// Tells on stderr how far the demo is.
struct Teller {
    started: Instant,
    quiet: bool,
}

impl Teller {
    fn say(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(anstream::stderr(), "{:6.1} s  {text}", self.started.elapsed().as_secs_f64());
        }
    }
}

async fn demo(args: &Args, global: &Global) -> Result<ExitCode, Failure> {
    let tell = Teller { started: Instant::now(), quiet: global.quiet };
    let options = Options { buffer_pool_mb: 256, ..Options::default() };
    // A name of its own, so that several demos can run at once.
    let name = format!("demo-{}", std::process::id());
    let place = Place::choose(Some(&name), None)?;
    tell.say("starting three MariaDB nodes and HAProxy on this machine");
    let sandbox = Scoped::up_at(&place, &options, |event| {
        if matches!(event, UpEvent::Joining) {
            tell.say("the first node is up, the others join");
        }
    })
    .await?;
    let measured = measure(&sandbox, args.rows, &tell).await?;
    let mut page = measured.page(screen::of_stdout());
    if args.keep {
        page += &format!("\n{}Take it down: schema sandbox down --name {name}\n", describe(&sandbox.keep()).await);
    } else {
        drop(sandbox);
        tell.say("the sandbox is down, nothing is left of it");
    }
    super::output::print(&page)?;
    Ok(ExitCode::Done)
}

/// Everything that was seen.
struct Measured {
    clients: u32,
    recording: Recording,
    nodes: Vec<String>,
    idle: Window,
    plan: Plan,
    laps: Vec<Lap>,
    plain: Window,
    acknowledged: usize,
    lost: usize,
    left: Vec<String>,
}

/// Lets the clients work, and changes the schema under them in both ways.
async fn measure(sandbox: &Sandbox, rows: u64, tell: &Teller) -> Result<Measured, Failure> {
    let profile = Profile { database: DATABASE.into(), rows, renew: RENEW, ..Profile::default() };
    let clients = profile.clients;
    tell.say(&format!("filling {DATABASE}.orders with {rows} rows"));
    let first = &sandbox.nodes()[0];
    prepare(sandbox, DATABASE, clients).await?;
    fill(sandbox, DATABASE, rows, |_| ()).await?;
    for node in sandbox.nodes() {
        // Statistics decide what the plan expects a rebuild to cost; they are each node's own.
        node.execute(&format!("analyze local table `{DATABASE}`.orders")).await?;
    }

    tell.say(&format!("{clients} clients work through HAProxy; the cluster is left alone for a while"));
    let workload = Workload::start(sandbox.app_opts()?, profile)
        .map_err(|error| Failure::unobservable(format!("The clients cannot be started: {error}.")))?;
    // The first second is the pool's filling up.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let ((), idle) = stretch(&workload, tokio::time::sleep(IDLE)).await;
    tell.say("applying fixtures/demo.sql");
    let (plan, laps) = apply(sandbox, &workload, tell.quiet).await?;
    tokio::time::sleep(AROUND).await;
    tell.say(&format!("the same rebuild in plain TOI: {REBUILD}"));
    let (outcome, plain) = stretch(&workload, first.execute_in(DATABASE, REBUILD)).await;
    outcome?;
    tokio::time::sleep(AROUND).await;

    tell.say("the clients stop; looking for their rows on every node");
    let (recording, ledger) = workload.stop();
    let mut lost = 0;
    for node in sandbox.nodes() {
        let losses = ledger.check(node, DATABASE).await?;
        lost += losses.lost.len() + losses.ghosts.len();
    }
    let nodes = sandbox.nodes().iter().map(|node| node.name().into()).collect();
    let (acknowledged, left) = (ledger.acknowledged(), left_over(sandbox).await?);
    Ok(Measured { clients, recording, nodes, idle, plan, laps, plain, acknowledged, lost, left })
}

impl Measured {
    /// The picture, the table and what they say.
    fn page(&self, style: Style) -> String {
        let pen = Pen { style, unicode: screen::shows_unicode() };
        format!("{}\n{}", picture::draw(&self.scenes(), pen), summary::print(&self.summary(), style))
    }

    /// The first roll, and the same statement in plain TOI.
    fn scenes(&self) -> Vec<Scene> {
        let roll = self.laps.iter().find(|lap| lap.method == Method::Rsu);
        let everywhere = [Span { phase: Phase::Ddl, from: self.plain.from, to: self.plain.to }];
        let plain: Vec<_> = self.nodes.iter().map(|node| (node.clone(), everywhere.to_vec())).collect();
        roll.map(|lap| self.scene("node by node (RSU)", lap.window, &lap.nodes))
            .into_iter()
            .chain([self.scene("plain TOI", self.plain, &plain)])
            .collect()
    }

    fn scene(&self, how: &str, window: Window, nodes: &[(String, Vec<Span>)]) -> Scene {
        let padded = Window { from: window.from.saturating_sub(AROUND), to: window.to + AROUND };
        let since = |span: &Span| Span {
            from: span.from.saturating_sub(padded.from),
            to: span.to.saturating_sub(padded.from),
            ..*span
        };
        Scene {
            title: format!("{REBUILD}: {how}"),
            nodes: nodes.iter().map(|(name, spans)| (name.clone(), spans.iter().map(since).collect())).collect(),
            writes_per_100ms: Figures::of(&self.recording, padded).writes_per_100ms,
        }
    }

    fn summary(&self) -> Summary {
        let idle = format!("{} clients through HAProxy, no schema change", self.clients);
        Summary {
            idle: self.line("Idle cluster", How::Idle, &idle, self.idle),
            applied: self.laps.iter().map(|lap| self.line_of(lap)).collect(),
            plain: self.line(&format!("{REBUILD} once more"), How::Plain, "What a bare ALTER TABLE does.", self.plain),
            rolls: self
                .laps
                .iter()
                .filter(|lap| lap.method == Method::Rsu)
                .map(|lap| (lap.window.length(), Duration::from_secs_f64(lap.ddl + lap.drains_and_settles)))
                .collect(),
            acknowledged: self.acknowledged,
            lost: self.lost,
            left: self.left.clone(),
        }
    }

    fn line(&self, what: &str, how: How, why: &str, window: Window) -> Line {
        let figures = Figures::of(&self.recording, window);
        Line { what: what.into(), how, why: why.into(), wall: window.length(), figures, during: String::new() }
    }

    fn line_of(&self, lap: &Lap) -> Line {
        let statements = self.plan.statements.iter().filter(|statement| lap.statements.contains(&statement.index));
        let (texts, reasons): (Vec<String>, Vec<String>) = statements
            .map(|statement| {
                let text = statement.sql.split_whitespace().collect::<Vec<_>>().join(" ");
                (text, statement.reasons.first().map(|reason| reason.text.clone()).unwrap_or_default())
            })
            .unzip();
        let line = self.line(&texts.join("; "), How::Applied(lap.method), &reasons.join("; "), lap.window);
        Line { during: lap.during(line.figures.gap), ..line }
    }
}

/// Connections are renewed every one to two seconds, so a drain takes about two.
const RENEW: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(2));

/// Does something, and says when by the workload's clock.
async fn stretch<T>(workload: &Workload, work: impl Future<Output = T>) -> (T, Window) {
    let from = workload.now();
    let done = work.await;
    (done, Window { from, to: workload.now() })
}

/// Plans and applies the file with the same code as `schema apply`.
async fn apply(sandbox: &Sandbox, workload: &Workload, quiet: bool) -> Result<(Plan, Vec<Lap>), Failure> {
    let settings = Settings::load(Some(&sandbox.schema_toml()), &ConnectionArgs::default())?;
    let connector = Connector::open(&settings).await?;
    let request = Request {
        texts: vec![Text { name: "fixtures/demo.sql".into(), bytes: FILE.as_bytes().to_vec() }],
        database: Some(DATABASE.into()),
        wanted: Override::Auto,
        accepted: Vec::new(),
        check_timeout: Duration::from_secs(60),
        to_run: true,
    };
    let planned = planner::plan(&connector, &settings, &request).await?;
    if let Some(failure) = planner::failure(&planned.findings) {
        return Err(failure);
    }
    let plan = planned.plan;
    super::apply::refuse_what_is_refused(&plan)?;
    let mut signals = engine::Signals::listen()?;
    let mut track = Track::new(|| workload.now(), RunView::new(RunFormat::Human, quiet));
    let ending = engine::apply(plan.clone(), &connector, &settings, &mut track, &mut signals).await?;
    let laps = track.laps(&plan);
    track.into_view().clear();
    if ending.outcome.code() != ExitCode::Done {
        return Err(Failure::new(
            ending.outcome.code(),
            format!("The file was not applied to its end. {}", ending.text),
        ));
    }
    Ok((plan, laps))
}

/// What is not as it should be after the run.
async fn left_over(sandbox: &Sandbox) -> Result<Vec<String>, Error> {
    let mut left = Vec::new();
    let mut schemas = Vec::new();
    for node in sandbox.nodes() {
        let state = node.status("wsrep_local_state_comment").await?.unwrap_or_default();
        if state != "Synced" {
            left.push(format!("{} is {state}, not Synced.", node.name()));
        }
        if node.value("select @@global.wsrep_desync").await?.as_deref() != Some("0") {
            left.push(format!("{} is desynced.", node.name()));
        }
        schemas.push(node.value(SCHEMA).await?);
    }
    if schemas.windows(2).any(|pair| pair[0] != pair[1]) {
        left.push("The nodes' columns and indexes differ.".into());
    }
    for haproxy in sandbox.haproxies() {
        if haproxy.wait_up(sandbox.nodes(), Duration::from_secs(5)).await.is_err() {
            left.push(format!("{} does not have all nodes in rotation.", haproxy.name()));
        }
    }
    Ok(left)
}

/// All columns and indexes of the application's tables in one value.
const SCHEMA: &str = "select sha2(group_concat(line order by line separator '\\n'), 256) from (
    select concat_ws(' ', table_name, column_name, ordinal_position, column_type, column_default, is_nullable) as line
    from information_schema.columns where table_schema = 'app'
    union all
    select concat_ws(' ', table_name, index_name, seq_in_index, column_name, non_unique)
    from information_schema.statistics where table_schema = 'app') as parts";
