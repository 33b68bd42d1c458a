//! A rolling upgrade, carried out: what `crate::upgrade`'s machine asks for, done on real nodes and hosts.

mod bundle;
mod ended;
mod event;
mod forget;
mod hosts;
mod observe;
mod perform;
mod restart;
mod rotation;
mod runner;
mod schema;
mod survey;
mod timers;
mod watch;

use std::pin::Pin;
use std::time::Duration;

use serde_json::{Value, json};

pub use event::UpgradeEvent;
pub use forget::forget;

use crate::balancer::{Error, Fleet, FleetSaved};
use crate::cluster::Connector;
use crate::cluster::journal::{NewRun, RunRow};
use crate::config::Settings;
use crate::engine::book::Book;
use crate::engine::put_down;
use crate::failure::{ExitCode, Failure};
use crate::upgrade::{Direction, Entry, Finding, Machine, Step, Target, UpgradePlan, left_open, note};
use hosts::Hosts;
use runner::{BALANCERS, Runner};
use survey::Survey;

/// What a person may ask for.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// `--to`.
    pub to: Option<String>,
    /// `--rollback`.
    pub rollback: bool,
    /// `--accept`.
    pub accept: Vec<String>,
    /// `--confirm-each`.
    pub confirm_each: bool,
    /// `--watch`; a run that goes on without it watches as long as it was first told to.
    pub watch: Option<Duration>,
    /// `--gone-balancer`.
    pub gone: Vec<String>,
}

/// What a person will have answered.
pub type Answer = Pin<Box<dyn Future<Output = bool>>>;

/// How an upgrade talks to the person in front of it.
pub trait Console {
    /// Takes in an event. `run` is the run's id, once there is one.
    fn tell(&self, run: Option<&str>, event: &UpgradeEvent);

    /// Asks a question; `true` means yes. Must not block: the run holds its lease meanwhile.
    fn ask(&self, question: &str) -> Answer;
}

/// What every command of `schema upgrade` works with.
pub struct Upgrader<'a> {
    settings: &'a Settings,
    connector: Connector,
    fleet: Fleet,
    hosts: Hosts,
}

/// How a run ended when it did not end with a failure.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The report for people.
    pub text: String,
}

impl<'a> Upgrader<'a> {
    /// Reads the commands and finds the nodes. Nothing is changed.
    ///
    /// # Errors
    /// When the configuration cannot be used (exit 2), or nodes cannot be found (exit 4).
    pub async fn open(settings: &'a Settings) -> Result<Self, Failure> {
        let connector = Connector::open(settings).await?;
        let hosts = Hosts::new(settings, connector.nodes())?;
        let fleet = Fleet::open(&settings.balancers, connector.nodes(), settings.policy.min_serving)?;
        Ok(Self { settings, connector, fleet, hosts })
    }

    /// Makes the plan. Reads only.
    ///
    /// # Errors
    /// When the target is not known (exit 2), or nobody can be asked (exit 4).
    pub async fn plan(&mut self, wishes: &Wishes) -> Result<UpgradePlan, Failure> {
        let survey = self.survey().await;
        self.plan_from(&survey, wishes)
    }

    async fn survey(&mut self) -> Survey {
        survey::gather(self.settings, &self.connector, &self.fleet, &self.hosts).await
    }

    fn plan_from(&mut self, survey: &Survey, wishes: &Wishes) -> Result<UpgradePlan, Failure> {
        if survey.cluster.up().next().is_none() {
            let why: Vec<String> = survey.cluster.nodes.iter().flat_map(crate::upgrade::NodeFacts::ailments).collect();
            return Err(Failure::unobservable(format!("No node of the cluster answers. {}.", why.join("; "))));
        }
        let target = target(survey, wishes)?;
        let direction = if wishes.rollback { Direction::Back } else { Direction::Forward };
        let mut around = survey.around.clone();
        if let Some(run) = survey.last_upgrade.as_ref().filter(|run| run.is_open()) {
            around.half_done = left_open(&survey.record, &run_nodes(run));
            // A rollback goes on with the run that it takes back.
            if wishes.rollback {
                around.open_run = Ok(None);
            }
        }
        Ok(crate::upgrade::make(&survey.cluster, &around, &target, direction, &wishes.accept))
    }

    /// Upgrades, or takes back. `agree` sees the plan before anything is changed.
    ///
    /// # Errors
    /// A refusal (exit 3 or 4), or how the run stopped (5, 6 or 7).
    pub async fn run(
        &mut self,
        wishes: &Wishes,
        console: &dyn Console,
        agree: impl FnOnce(&UpgradePlan) -> bool,
    ) -> Result<Report, Failure> {
        let survey = self.survey().await;
        let mut plan = self.plan_from(&survey, wishes)?;
        plan.watch_seconds = wishes.watch.map_or(0, |watch| watch.as_secs());
        refuse(&plan)?;
        if plan.is_done() {
            return Ok(Report { text: format!("Every node runs {} already; nothing was done.\n", plan.target) });
        }
        if !agree(&plan) {
            return Err(Failure::refused("You did not agree to the plan. Nothing was changed."));
        }
        let open = survey.last_upgrade.as_ref().is_some_and(RunRow::is_open);
        let (book, record) = if wishes.rollback && open {
            let taken = Book::take_over(&self.connector, self.settings, "upgrade").await?;
            let (book, found) = taken.ok_or_else(|| {
                Failure::refused("The open upgrade was finished by somebody else meanwhile. Nothing was changed.")
                    .next("schema upgrade status")
            })?;
            // What its balancers said before is still needed; where its nodes stood is in the new plan.
            let (_, record) = read_body(found.last.map(|(.., body)| body));
            if let Err(error) = self.balancers_of(&record, &wishes.gone) {
                put_down(book, &found.run).await;
                return Err(error.into());
            }
            (book, record.into_iter().filter(|entry| matches!(entry, Entry::Note { .. })).collect())
        } else {
            self.balancers_of(&[], &wishes.gone)?;
            let verb = if wishes.rollback { "roll back" } else { "upgrade" };
            let new = NewRun {
                kind: "upgrade",
                title: format!("{verb} {} nodes to {}", plan.turns().len(), plan.target),
                plan: json!(plan),
            };
            (Book::begin(&self.connector, self.settings, new).await?, Vec::new())
        };
        let machine = Machine::new(plan.turns(), wishes.confirm_each);
        self.drive(book, plan, record, machine, wishes, console).await
    }

    /// Goes on with the upgrade that stopped.
    ///
    /// # Errors
    /// As [`Upgrader::run`]; also when there is none (exit 3).
    pub async fn resume(&mut self, wishes: &Wishes, console: &dyn Console) -> Result<Report, Failure> {
        let taken = Book::take_over(&self.connector, self.settings, "upgrade").await?;
        let Some((book, found)) = taken else {
            return Err(
                Failure::refused("There is no upgrade to go on with. Nothing was changed.").next("schema upgrade plan")
            );
        };
        let (recorded, record) = read_body(found.last.map(|(.., body)| body));
        if let Err(error) = self.balancers_of(&record, &wishes.gone) {
            put_down(book, &found.run).await;
            return Err(error.into());
        }
        let plan = recorded.or_else(|| serde_json::from_value(found.run.plan).ok());
        let Some(plan) = plan else {
            return Err(Failure::new(
                ExitCode::Unknown,
                format!(
                    "The journal's entry of run {} cannot be read; it may come from another version of this program.",
                    found.run.id
                ),
            ));
        };
        let order: Vec<String> = plan.nodes.iter().map(|node| node.name.clone()).collect();
        let seen = runner::observed(&self.connector, &plan.target).await;
        let machine = Machine::resume(plan.turns(), &order, &record, &seen, wishes.confirm_each);
        self.drive(book, plan, record, machine, wishes, console).await
    }

    /// Sees that this configuration has every balancer that a node of the run is out of, but those that exist no more.
    /// One that came since is drained as well, and needs no word here.
    fn balancers_of(&mut self, record: &[Entry], gone: &[String]) -> Result<(), Error> {
        let nodes = self.connector.nodes().iter();
        let saved = nodes.filter_map(|node| serde_json::from_value(note(record, &node.name, BALANCERS)?.clone()).ok());
        let saved: Vec<FleetSaved> = saved.collect();
        self.fleet.give_up(gone, &saved.iter().collect::<Vec<_>>())?;
        saved.iter().try_for_each(|saved| self.fleet.has_all_of(saved))
    }

    async fn drive(
        &mut self,
        book: Book,
        plan: UpgradePlan,
        record: Vec<Entry>,
        machine: Machine,
        wishes: &Wishes,
        console: &dyn Console,
    ) -> Result<Report, Failure> {
        self.hosts.set_version(&plan.target.text);
        let cluster = observe::cluster(&self.connector).await;
        if cluster.up().any(|node| node.variable("wsrep_provider_options").is_some_and(crate::upgrade::evicts)) {
            self.hosts.without_join_options();
        }
        let run = (book, plan, record);
        let runner = Runner::new(self.settings, &self.connector, &self.fleet, &self.hosts, run, console)?;
        let watch = wishes.watch.unwrap_or(Duration::from_secs(runner.plan.watch_seconds));
        runner.drive(machine, watch).await
    }
}

/// What the journal says of the newest upgrade, for `schema upgrade status`.
///
/// # Errors
/// When the journal cannot be read (exit 4).
pub async fn status(settings: &Settings) -> Result<Option<Value>, Failure> {
    let connector = Connector::open(settings).await?;
    let mut journal = crate::cluster::journal::Journal::new(connector.clone(), &settings.journal.database);
    if !journal.exists().await? {
        return Ok(None);
    }
    let Some(run) = journal.history(50).await?.into_iter().find(|run| run.kind == "upgrade") else { return Ok(None) };
    let last = journal.last_entry(&run.id).await?;
    journal.close().await;
    let step = last.as_ref().map(|(_, step, _)| step.clone());
    let (plan, record) = read_body(last.map(|(.., body)| body));
    let plan = plan.or_else(|| serde_json::from_value(run.plan.clone()).ok());
    let facts = observe::cluster(&connector).await;
    let nodes: Vec<Value> = facts
        .nodes
        .iter()
        .map(|node| {
            let at = record.iter().rev().find_map(|entry| match entry {
                Entry::Intent { node: name, step } | Entry::Outcome { node: name, step, .. } if *name == node.name => {
                    Some(step.name())
                }
                _ => None,
            });
            json!({
                "node": node.name,
                "version": node.variable("version"),
                "state": node.status("wsrep_local_state_comment"),
                "step": at,
            })
        })
        .collect();
    Ok(Some(json!({
        "v": 1,
        "run": run.id,
        "state": run.state,
        "title": run.title,
        "target": plan.map(|plan| plan.target.text),
        "last": step,
        "started": run.started,
        "ended": run.ended,
        "open": run.is_open(),
        "nodes": nodes,
    })))
}

/// The plan and the record in a journal entry's body.
fn read_body(body: Option<Value>) -> (Option<UpgradePlan>, Vec<Entry>) {
    let body = body.unwrap_or_default();
    let plan = body.get("plan").and_then(|plan| serde_json::from_value(plan.clone()).ok());
    let record = body.get("record").and_then(|record| serde_json::from_value(record.clone()).ok());
    (plan, record.unwrap_or_default())
}

/// The nodes of a run, in its order.
fn run_nodes(run: &RunRow) -> Vec<String> {
    let plan: Option<UpgradePlan> = serde_json::from_value(run.plan.clone()).ok();
    plan.into_iter().flat_map(|plan| plan.nodes).map(|node| node.name).collect()
}

fn target(survey: &Survey, wishes: &Wishes) -> Result<Target, Failure> {
    if let Some(text) = &wishes.to {
        let asked = Target::parse(text).map_err(|why| Failure::usage(format!("--to: {why}.")))?;
        // The package's own spelling is what a package manager wants to hear.
        let offered = survey.around.offered.values().filter_map(|text| Target::parse(text).ok());
        let same = offered
            .into_iter()
            .find(|offered| offered.version == asked.version && asked.text == asked.version.to_string());
        // Who names three numbers is content with any package of them.
        return Ok(same.map_or(asked, |offered| Target { revision: None, ..offered }));
    }
    if wishes.rollback {
        let plan: Option<UpgradePlan> =
            survey.last_upgrade.as_ref().and_then(|run| serde_json::from_value(run.plan.clone()).ok());
        let before = plan.filter(|plan| plan.direction == Direction::Forward).and_then(|plan| {
            let versions = plan.nodes.iter().filter_map(|node| node.version.as_deref()?.parse().ok());
            versions.filter(|version: &crate::sql::ServerVersion| *version != plan.target.version).min()
        });
        let Some(before) = before else {
            return Err(Failure::usage("The journal does not say which version there was before. Name it with --to."));
        };
        return Ok(Target::numbers(before));
    }
    let mut offered: Vec<&String> = survey.around.offered.values().collect();
    offered.sort_unstable();
    offered.dedup();
    match offered[..] {
        [one] => Target::parse(one).map_err(|why| Failure::usage(format!("The `offered` command: {why}."))),
        [] => Err(Failure::usage("Which version? Name it with --to, or give [upgrade] an `offered` command.")),
        _ => Err(Failure::usage("The nodes' packages offer different versions. Name one with --to.")),
    }
}

/// The failure that a plan with obstacles ends with.
///
/// # Errors
/// Always, when there is an obstacle.
pub fn refuse(plan: &UpgradePlan) -> Result<(), Failure> {
    let code = match plan.verdict() {
        Finding::Pass | Finding::Warning => return Ok(()),
        Finding::Refuse => ExitCode::Refused,
        Finding::Unknown => ExitCode::Unobservable,
    };
    let mut failure = Failure::new(code, "The upgrade was not begun, and nothing was changed:");
    for check in plan.obstacles() {
        let accept = if check.acceptable { format!(" (--accept {})", check.code) } else { String::new() };
        failure = failure.hint(format!("{}: {}{accept}", check.code, check.text));
    }
    Err(failure.next("schema upgrade plan"))
}

/// Whether a step takes the node's server away from its clients.
fn takes_out(step: Step) -> bool {
    (Step::Drain..=Step::CatchUp).contains(&step)
}
