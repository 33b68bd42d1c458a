//! Carries out the machine's effects, one after the other, and writes each into the journal.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::bundle::Bundle;
use super::event::UpgradeEvent;
use super::hosts::Hosts;
use super::{Console, Report, observe, takes_out};
use crate::balancer::Fleet;
use crate::cluster::{Connector, Node};
use crate::config::Settings;
use crate::engine::Signals;
use crate::engine::book::{Book, BookError};
use crate::failure::{ExitCode, Failure};
use crate::upgrade::{
    ClusterFacts, Effect, Ending, Entry, Event, Machine, NodeFacts, Observed, Runs, Step, StepResult, Target,
    UpgradePlan, compact, note,
};

/// The note that holds what the balancers said of a node before its drain.
pub(super) const BALANCERS: &str = "balancers";
/// The note that holds a node's settings before it was stopped.
pub(super) const BEFORE: &str = "before";
/// The note that holds the objects in which a node differed from the others already before.
pub(super) const DIFFERED: &str = "differed";

/// One run.
pub(super) struct Runner<'a> {
    pub(super) settings: &'a Settings,
    pub(super) connector: &'a Connector,
    pub(super) fleet: &'a Fleet,
    pub(super) hosts: &'a Hosts,
    pub(super) console: &'a dyn Console,
    pub(super) plan: UpgradePlan,
    pub(super) bundle: Bundle,
    /// The last look at all nodes, for rates.
    pub(super) last_look: Option<(Instant, ClusterFacts)>,
    /// How long the last node was away.
    pub(super) away: Option<Duration>,
    pub(super) stopped_at: Option<Instant>,
    /// The node whose drain this process has set, or seen to hold.
    pub(super) held: Option<String>,
    /// Whether anything was done to a node or to its place in the balancers.
    pub(super) touched: bool,
    /// Becomes 1 with the first signal and 2 with the second.
    pub(super) signals: watch::Receiver<u8>,
    book: Book,
    run: String,
    record: Vec<Entry>,
    avoided: Option<String>,
    begun: Instant,
    /// By node and step, in seconds.
    seconds: BTreeMap<String, BTreeMap<&'static str, f64>>,
    /// By node: how it came back.
    pub(super) joins: BTreeMap<String, String>,
    pub(super) watched: Option<String>,
}

/// Why the loop ended before the machine did.
enum Broken {
    /// The second signal.
    Aborted,
    Book(BookError),
}

impl<'a> Runner<'a> {
    pub(super) fn new(
        settings: &'a Settings,
        connector: &'a Connector,
        fleet: &'a Fleet,
        hosts: &'a Hosts,
        (book, plan, record): (Book, UpgradePlan, Vec<Entry>),
        console: &'a dyn Console,
    ) -> Result<Self, Failure> {
        let run = book.run().to_owned();
        Ok(Self {
            settings,
            connector,
            fleet,
            hosts,
            console,
            plan,
            bundle: Bundle::new(&settings.upgrade.bundles, &run),
            last_look: None,
            away: None,
            stopped_at: None,
            held: None,
            touched: false,
            signals: listen()?,
            book,
            run,
            record,
            avoided: None,
            begun: Instant::now(),
            seconds: BTreeMap::new(),
            joins: BTreeMap::new(),
            watched: None,
        })
    }

    /// Runs the machine to its end.
    pub(super) async fn drive(mut self, mut machine: Machine, watch: Duration) -> Result<Report, Failure> {
        self.tell(
            UpgradeEvent::run(
                "run_started",
                format!("Run {}: {} nodes go to {}.", self.run, self.plan.nodes.len(), self.plan.target),
            )
            .with("target", self.plan.target.text.clone())
            .with("nodes", self.plan.nodes.iter().map(|node| node.name.clone()).collect::<Vec<_>>()),
        );
        for check in &self.plan.checks {
            let finding = serde_json::to_value(check.finding).unwrap_or_default();
            let event =
                UpgradeEvent::run("check", format!("{}: {}", check.code, check.text)).with("code", check.code.clone());
            self.tell(event.with("finding", finding));
        }
        let mut effect = machine.begin();
        let ending = loop {
            let done = match effect {
                Effect::Finish(ending) => break Ok(ending),
                Effect::Record(entry) => self.write(entry).await.map(|()| Event::Recorded).map_err(Broken::Book),
                Effect::Ask { node } => self.ask(&node).await,
                Effect::Perform { node, step } => self.interruptible(&mut machine, Some((node, step)), watch).await,
                Effect::PutBack { node } => Ok(Event::Did(self.put_back(&node).await)),
                Effect::Watch => self.interruptible(&mut machine, None, watch).await,
            };
            match done {
                Ok(event) => effect = machine.on(event),
                Err(broken) => break Err(broken),
            }
        };
        match ending {
            Ok(ending) => self.finish(ending).await,
            Err(broken) => Err(self.broken(broken, &machine).await),
        }
    }

    /// Whether to go on with the node. A signal means no.
    async fn ask(&mut self, node: &str) -> Result<Event, Broken> {
        let mut signals = self.signals.clone();
        let mut loss = self.book.loss();
        tokio::select! {
            yes = self.console.ask(&format!("Go on with node {node}?")) => Ok(Event::Answered(yes)),
            Ok(_) = signals.wait_for(|heard| *heard > 0) => Ok(Event::Answered(false)),
            Ok(lost) = loss.wait_for(Option::is_some) => {
                Err(Broken::Book(BookError::Lost(lost.clone().unwrap_or_default())))
            }
        }
    }

    /// One step, or the watch, with an ear for signals and for the loss of the lease.
    async fn interruptible(
        &mut self,
        machine: &mut Machine,
        what: Option<(String, Step)>,
        watch: Duration,
    ) -> Result<Event, Broken> {
        let console = self.console;
        let run = self.run.clone();
        let mut signals = self.signals.clone();
        let mut loss = self.book.loss();
        let mut heard = *signals.borrow_and_update();
        let work = async {
            match &what {
                Some((node, step)) => self.perform(node, *step).await,
                None => self.watch(watch).await,
            }
        };
        tokio::pin!(work);
        let result = loop {
            tokio::select! {
                biased;
                result = &mut work => break result,
                Ok(()) = signals.changed() => {
                    let now = *signals.borrow_and_update();
                    if now >= 2 && heard >= 1 {
                        return Err(Broken::Aborted);
                    }
                    heard = now;
                    let step = what.as_ref().map_or(Step::Health, |(_, step)| *step);
                    let then = if step < Step::Stop { "the node goes back into service" } else { "this node is finished first" };
                    let text = format!("Asked to stop: {then}. A second Ctrl-C stops at once.");
                    console.tell(Some(&run), &UpgradeEvent::run("hint", text));
                }
                Ok(()) = loss.changed() => {
                    let text = loss.borrow_and_update().clone();
                    if let Some(text) = text {
                        return Err(Broken::Book(BookError::Lost(text)));
                    }
                }
            }
        };
        if heard > 0 {
            machine.request_stop("You asked to stop.");
        }
        Ok(Event::Did(result))
    }

    async fn perform(&mut self, node: &str, step: Step) -> StepResult {
        let begun = Instant::now();
        self.tell(UpgradeEvent::node("step_started", node, step.name()).with("step", step.name()));
        let avoid = takes_out(step).then(|| node.to_owned());
        if self.avoided != avoid {
            self.book.avoid(avoid.as_deref()).await;
            self.avoided = avoid;
        }
        // A run that goes on here does not know what has happened to the drain since; nor does one that has been at
        // work on a host for half an hour.
        self.touched |= step >= Step::Stop;
        let out = (Step::Stop..=Step::CatchUp).contains(&step);
        let look = self.held.as_deref() != Some(node) || matches!(step, Step::Start | Step::UpgradeTables);
        let held = if out && look { self.hold_drain(node, step > Step::Start).await } else { Ok(()) };
        let outcome = match step {
            _ if held.is_err() => held.map(|()| String::new()),
            Step::Check => self.check(node).await,
            Step::Capture => self.capture(node).await,
            Step::Prepare => self.prepare(node).await,
            Step::Drain => self.drain(node).await,
            Step::Stop => self.stop(node).await,
            Step::Install => self.install(node).await,
            Step::Configure => self.configure(node).await,
            Step::Start => self.start(node).await,
            Step::Join => self.join(node).await,
            Step::ReadLog => self.read_log(node).await,
            Step::UpgradeTables => self.upgrade_tables(node).await,
            Step::Verify => self.verify(node).await,
            Step::CatchUp => self.catch_up(node).await,
            Step::Admit => self.admit(node).await,
            Step::Settle => self.settle(node).await,
            Step::Health => self.health(node).await,
        };
        let took = begun.elapsed().as_secs_f64();
        *self.seconds.entry(node.to_owned()).or_default().entry(step.name()).or_default() += took;
        match outcome {
            Ok(note) => {
                StepResult::Done { note, seconds_milli: u64::try_from(begun.elapsed().as_millis()).unwrap_or(0) }
            }
            Err(reason) => {
                let facts = self.look_at(node).await;
                let serving = facts.ailments().is_empty();
                if step >= Step::Stop {
                    let log = self.log(node).await;
                    let _ = self.bundle.write(&facts, "failed", None, &log);
                }
                self.tell(UpgradeEvent::node("step_failed", node, reason.clone()).with("step", step.name()));
                StepResult::Failed { reason, serving }
            }
        }
    }

    /// A note about a node.
    pub(super) fn noted(&self, node: &str, key: &str) -> Option<&Value> {
        note(&self.record, node, key)
    }

    /// Writes a note into the journal.
    pub(super) async fn remember(&mut self, node: &str, key: &str, value: Value) -> Result<(), String> {
        let entry = Entry::Note { node: node.to_owned(), key: key.to_owned(), value };
        self.write(entry).await.map_err(|error| error.to_string())
    }

    async fn write(&mut self, entry: Entry) -> Result<(), BookError> {
        let label = match &entry {
            Entry::Intent { node, step } => format!("{} {node}", step.name()),
            Entry::Outcome { node, step, .. } => format!("{} {node} ended", step.name()),
            Entry::PutBackIntent { node } => format!("put_back {node}"),
            Entry::WatchIntent => "watch".to_owned(),
            Entry::Note { node, key, .. } => format!("note {node} {key}"),
        };
        self.record.push(entry);
        self.record = compact(&self.record);
        let body = json!({ "plan": self.plan, "record": self.record });
        self.book.write(&label, &body).await
    }

    pub(super) fn node(&self, name: &str) -> Result<&'a Node, String> {
        self.connector.node(name).map_err(|error| error.to_string())
    }

    pub(super) async fn look_at(&self, name: &str) -> NodeFacts {
        match self.node(name) {
            Ok(node) => observe::node(self.connector, node).await,
            Err(why) => NodeFacts::down(name, why),
        }
    }

    /// The end of the node's error log.
    pub(super) async fn log(&self, node: &str) -> Result<String, String> {
        let before = self.noted(node, BEFORE);
        let text = |name: &str| before.and_then(|before| before.get(name)).and_then(Value::as_str);
        let path = match (text("log_error"), text("datadir")) {
            (Some(log), Some(data)) if !log.is_empty() && !log.starts_with('/') => {
                Some(format!("{}/{log}", data.trim_end_matches('/')))
            }
            (log, _) => log.map(str::to_owned),
        };
        self.hosts.log(node, path.as_deref()).await
    }

    pub(super) fn tell(&self, event: UpgradeEvent) {
        self.console.tell(Some(&self.run), &event);
    }

    pub(super) fn hint(&self, node: &str, text: impl Into<String>) {
        self.tell(UpgradeEvent::node("hint", node, text));
    }

    /// Whether somebody asked to stop.
    pub(super) fn is_stopping(&self) -> bool {
        *self.signals.borrow() > 0
    }

    async fn finish(mut self, ending: Ending) -> Result<Report, Failure> {
        self.restore_timers().await;
        let (state, failure) = match &ending {
            Ending::Complete => ("done", None),
            Ending::StoppedInService { changed: false, reason } if !self.touched => (
                "refused",
                Some(
                    Failure::refused(format!("The upgrade stopped before it changed anything. {reason}"))
                        .next("schema upgrade plan"),
                ),
            ),
            Ending::StoppedInService { changed: false, reason } => {
                let message = format!("The upgrade stopped, and its node is back in service as it was. {reason}");
                ("undone", Some(Failure::new(ExitCode::Undone, message).next("schema upgrade plan")))
            }
            Ending::StoppedInService { changed: true, reason } => {
                let message =
                    format!("The upgrade stopped between two nodes; the nodes run different versions. {reason}");
                ("stopped", Some(resumable(message)))
            }
            Ending::StoppedWithout { node, step, reason } => {
                let message = format!(
                    "The upgrade stopped at `{}` of node {node}, which is out of service; the others are in service. {reason}",
                    step.name()
                );
                let look = format!("What was seen of it is in {}.", self.bundle.dir().display());
                ("stopped", Some(resumable(message).hint(look)))
            }
        };
        let out = match &ending {
            Ending::StoppedWithout { node, .. } => Some(node.clone()),
            _ => None,
        };
        let code = failure.as_ref().map_or(ExitCode::Done, |failure| failure.code);
        let wall = self.begun.elapsed().as_secs_f64();
        let summary = json!({
            "outcome": state,
            "exit_code": code.number(),
            "out": out,
            "wall_seconds": wall,
            "parts": self.parts(wall).json(),
            "seconds": self.seconds,
            "joins": self.joins,
            "reason": failure.as_ref().map(|failure| failure.message.clone()),
        });
        let closed = self.book.finish(state, &summary).await;
        let text = failure.as_ref().map_or("Every node is upgraded.", |failure| &failure.message);
        let mut event = UpgradeEvent::finished(state, code, text);
        event.fields.insert("seconds".into(), json!(self.seconds));
        event.fields.insert("wall_seconds".into(), json!(wall));
        event.fields.insert("parts".into(), self.parts(wall).json());
        self.tell(event);
        if let Err(error) = closed {
            tracing::warn!("The end of the run could not be written down: {error}");
        }
        match failure {
            Some(failure) => Err(failure),
            None => Ok(Report { text: self.report(wall) }),
        }
    }

    async fn broken(mut self, broken: Broken, machine: &Machine) -> Failure {
        let position = match machine.position() {
            Some((node, step)) => format!("It stood at `{}` of node {node}, which may be out of service.", step.name()),
            None => "Every node had had its turn.".to_owned(),
        };
        let failure = match broken {
            Broken::Aborted => {
                let out = machine.position().map(|(node, _)| node.to_owned());
                let summary = json!({ "outcome": "stopped", "exit_code": ExitCode::Resumable.number(), "out": out });
                let _ = self.book.finish("stopped", &summary).await;
                resumable(format!("Stopped at once, as you asked. {position}"))
                    .hint("A command on a host may still be running.")
            }
            Broken::Book(BookError::Lost(text)) => {
                Failure::new(ExitCode::Resumable, format!("{text} {position}")).next("schema upgrade status")
            }
            Broken::Book(error) => resumable(format!("{error} {position}")),
        };
        self.tell(UpgradeEvent::finished("stopped", failure.code, &failure.message));
        failure
    }

    fn parts(&self, wall: f64) -> Parts {
        let sum = |steps: &[Step]| -> f64 {
            let of = |node: &BTreeMap<&str, f64>| steps.iter().filter_map(|step| node.get(step.name())).sum::<f64>();
            self.seconds.values().map(of).sum()
        };
        let servers = sum(&[Step::Stop, Step::Start, Step::Join]);
        let (settle, drain) = (sum(&[Step::Settle]), sum(&[Step::Drain]));
        let site = sum(&[Step::Prepare, Step::Install, Step::Configure, Step::UpgradeTables]);
        Parts { wall, servers, settle, drain, site }
    }

    fn report(&self, wall: f64) -> String {
        use std::fmt::Write;
        let mut text = format!("Every node runs {}.\n\n", self.plan.target);
        let width = self.seconds.keys().map(String::len).max().unwrap_or(0).max(4);
        let _ = writeln!(
            text,
            "  {:width$}  {:>7}  {:>7}  {:>7}  {:>7}  {:>7}  came back by",
            "node", "drain", "stop", "install", "start", "join"
        );
        for (node, steps) in &self.seconds {
            let of = |name: &str| steps.get(name).copied().unwrap_or(0.0);
            let join = self.joins.get(node).map_or("-", String::as_str);
            let _ = writeln!(
                text,
                "  {node:width$}  {:>6.1}s  {:>6.1}s  {:>6.1}s  {:>6.1}s  {:>6.1}s  {join}",
                of("drain"),
                of("stop"),
                of("install"),
                of("start"),
                of("join"),
            );
        }
        let _ = writeln!(text, "\n{}", self.parts(wall).sentence());
        if let Some(watched) = &self.watched {
            let _ = writeln!(text, "{watched}");
        }
        let _ = writeln!(text, "What each node was like before and after is in {}.", self.bundle.dir().display());
        text
    }
}

/// Where the time of a run went, in seconds.
struct Parts {
    wall: f64,
    /// The servers' own stop, start and join.
    servers: f64,
    settle: f64,
    /// Waiting for clients to leave.
    drain: f64,
    /// The site's other commands.
    site: f64,
}

impl Parts {
    fn rest(&self) -> f64 {
        (self.wall - self.servers - self.settle - self.drain - self.site).max(0.0)
    }

    fn ratio(&self) -> Option<f64> {
        let least = self.servers + self.settle;
        (least > 0.0).then(|| self.wall / least)
    }

    fn json(&self) -> Value {
        json!({
            "servers": self.servers,
            "settle": self.settle,
            "drain": self.drain,
            "commands": self.site,
            "rest": self.rest(),
            "ratio": self.ratio(),
        })
    }

    fn sentence(&self) -> String {
        let ratio = self
            .ratio()
            .map_or(String::new(), |ratio| format!(" That is {ratio:.2} times the servers' own time and the settles."));
        format!(
            "{:.1} s in all: the servers' own stop, start and join {:.1} s, settles {:.1} s, clients leaving {:.1} s, \
             installation and other commands {:.1} s, the rest {:.1} s.{ratio}",
            self.wall,
            self.servers,
            self.settle,
            self.drain,
            self.site,
            self.rest(),
        )
    }
}

fn resumable(message: String) -> Failure {
    Failure::new(ExitCode::Resumable, message)
        .hint("`schema upgrade run --rollback` takes the upgraded nodes back instead, where that is possible.")
        .hint("Where neither can go on, bring the nodes back by hand; `schema abort --forget` then closes the run.")
        .next("schema upgrade resume")
}

/// What is seen of every node, for a run that goes on.
pub(super) async fn observed(connector: &Connector, target: &Target) -> BTreeMap<String, Observed> {
    let cluster = observe::cluster(connector).await;
    let see = |node: &NodeFacts| match node.runs(target) {
        _ if !node.is_up() => Observed::Down,
        Runs::Yes => Observed::OnTarget,
        Runs::Unknown => Observed::Unsure,
        Runs::No => Observed::OnOther,
    };
    cluster.nodes.iter().map(|node| (node.name.clone(), see(node))).collect()
}

/// Counts the signals that ask to stop.
fn listen() -> Result<watch::Receiver<u8>, Failure> {
    let mut signals = Signals::listen()?;
    let (count, receiver) = watch::channel(0_u8);
    tokio::spawn(async move {
        loop {
            signals.next().await;
            count.send_modify(|count| *count = count.saturating_add(1));
        }
    });
    Ok(receiver)
}
