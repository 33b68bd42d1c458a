//! Brings the edges together: carries out what the run machine asks for, and owns time-outs and signals.
//!
//! [`apply`] runs a plan, [`take_over`] one that stopped half-way. Both interpret the effects of one
//! [`Machine`](crate::run::Machine) and tell [`Event`](crate::run::Event)s. [`book::Book`] is the lease and the journal
//! for whoever changes the cluster in another way.

pub mod book;
pub mod calibrate;
pub(crate) mod clients;
mod copy;
mod crew;
mod drive;
mod fingerprint;
mod in_use;
mod look;
pub mod planner;
pub(crate) mod rehearsal;
mod rotation;
mod rows;
mod rsu;
mod signals;
mod toi;
pub mod upgrade;
mod vet;
mod window;

pub use signals::Signals;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::balancer::{Fleet, FleetSaved};
use crate::cluster::Connector;
use crate::cluster::journal::{NewRun, RunRow};
use crate::config::Settings;
use crate::failure::{ExitCode, Failure};
use crate::plan::check::{Finding, Verdict};
use crate::plan::{Method, Plan};
use crate::run::{Answer, Ending, Event, EventSink, Goal, Machine, Outcome, Script, Seconds, Seen, State};
use book::{Book, Found};
use crew::Crew;

/// Which way a run that stopped is to be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `schema resume`.
    Forward,
    /// `schema abort`.
    Back,
}

/// Opens the balancers, and sees that they can be used where the plan takes nodes out of rotation. The plan's order of
/// nodes becomes the one in which they are best drained. Changes nothing.
///
/// # Errors
/// The balancer that cannot be used, or a consent that is missing.
pub async fn balancers(plan: &mut Plan, connector: &Connector, settings: &Settings) -> Result<Fleet, Failure> {
    let fleet = Fleet::open(&settings.balancers, connector.nodes(), plan.policy.min_serving)?;
    if usable(plan, &fleet, "`--accept no-balancer` says that you take care of it.").await? {
        plan.nodes = fleet.order(&plan.nodes).await?;
    }
    Ok(fleet)
}

/// Sees that the balancers can be used where the plan takes nodes out of rotation. Whether it does. `way_out` is told where
/// a consent is missing.
async fn usable(plan: &Plan, fleet: &Fleet, way_out: &str) -> Result<bool, Failure> {
    let rolls = plan.passes.iter().any(|pass| pass.method == Method::Rsu);
    if rolls {
        if let Some(text) = fleet.consent()
            && !plan.accepted.iter().any(|code| code == NO_BALANCER)
        {
            return Err(Failure::refused(format!("{text} Nothing was changed.")).hint(way_out));
        }
        fleet.check().await?;
    }
    Ok(rolls)
}

/// The code by which a user accepts that no balancer can be told to drain.
const NO_BALANCER: &str = "no-balancer";

/// Runs a plan from its beginning to its end.
///
/// # Errors
/// When it cannot begin; nothing was changed then. How a run that began has ended is in the [`Ending`].
pub async fn apply(
    mut plan: Plan,
    connector: &Connector,
    settings: &Settings,
    sink: &mut dyn EventSink,
    signals: &mut Signals,
) -> Result<Ending, Failure> {
    let fleet = balancers(&mut plan, connector, settings).await?;
    let script = Script::of(&plan);
    let title = title(&plan);
    let new =
        NewRun { kind: "apply", title: title.clone(), plan: serde_json::to_value(plan.kept()).unwrap_or(Value::Null) };
    let mut crew = Crew::new(connector.clone(), fleet, plan, sink)?;
    crew.adopt(Book::begin(connector, settings, new).await?);
    let machine = Machine::new(script.clone(), State::fresh(&script));
    Ok(go(crew, machine, "apply", title, signals).await)
}

/// Ends the run that stopped half-way, one way or the other. `gone` are the balancers that exist no more. `None` when
/// there is no run.
///
/// # Errors
/// When it cannot begin; nothing was changed then.
pub async fn take_over(
    way: Way,
    gone: &[String],
    connector: &Connector,
    settings: &Settings,
    sink: &mut dyn EventSink,
    signals: &mut Signals,
) -> Result<Option<Ending>, Failure> {
    let Some((book, found)) = Book::take_over(connector, settings, "apply").await? else { return Ok(None) };
    let (left, fleet) = match pick_up(&found, gone, connector, settings, true).await {
        Ok(picked_up) => picked_up,
        Err(failure) => {
            put_down(book, &found.run).await;
            return Err(failure);
        }
    };
    let Left { plan, state, rotation } = left;
    let script = Script::of(&plan);
    let title = title(&plan);
    let mut crew = Crew::new(connector.clone(), fleet, plan, sink)?;
    crew.rotation = rotation;
    crew.adopt(book);
    let goal = match way {
        Way::Forward => Goal::Forward,
        Way::Back => Goal::Back,
    };
    let state = state.unwrap_or_else(|| State::fresh(&script)).taken_over(goal);
    let command = if way == Way::Forward { "resume" } else { "abort" };
    Ok(Some(go(crew, Machine::new(script, state), command, title, signals).await))
}

/// What another process left.
struct Left {
    plan: Plan,
    state: Option<State>,
    /// What the balancers held for the nodes that are out of rotation.
    rotation: BTreeMap<String, FleetSaved>,
}

/// Reads what another process left, and sees that its nodes can be given back with the nodes and the balancers of this
/// configuration; where the run goes on, also that it can drain more of them. Changes nothing.
async fn pick_up(
    found: &Found,
    gone: &[String],
    connector: &Connector,
    settings: &Settings,
    goes_on: bool,
) -> Result<(Left, Fleet), Failure> {
    let left = read_back(found)?;
    for node in &left.plan.nodes {
        connector.node(node)?;
    }
    let mut fleet = Fleet::open(&settings.balancers, connector.nodes(), left.plan.policy.min_serving)?;
    fleet.give_up(gone, &left.rotation.values().collect::<Vec<_>>())?;
    for saved in left.rotation.values() {
        fleet.is_that_of(saved)?;
    }
    if goes_on {
        usable(
            &left.plan,
            &fleet,
            "The run began with balancers: use the configuration of the host on which it did (--config).",
        )
        .await?;
    }
    Ok((left, fleet))
}

/// Gives the lease of a run back that was not gone on with; the run stays open.
async fn put_down(mut book: Book, run: &RunRow) {
    let state = if run.state == Outcome::Unknown.word() { Outcome::Unknown.word() } else { "stopped" };
    // If that fails the lease times out by itself, and the run is open as well.
    let _ = book.finish(state, &run.summary).await;
}

fn read_back(found: &Found) -> Result<Left, Failure> {
    const OTHER_VERSION: &str = "Was it written by another version of this program? Use that version to end the run.";
    let broken = |what: &str, error: serde_json::Error| {
        let text = format!("The {what} of run {} in the journal cannot be read: {error}.", found.run.id);
        Failure::new(ExitCode::Unknown, text).hint(OTHER_VERSION)
    };
    let plan: Plan = serde_json::from_value(found.run.plan.clone()).map_err(|error| broken("plan", error))?;
    let Some((_, _, body)) = &found.last else { return Ok(Left { plan, state: None, rotation: BTreeMap::new() }) };
    let state = body.get("state").cloned().unwrap_or(Value::Null);
    let state: State = serde_json::from_value(state).map_err(|error| broken("state", error))?;
    let mut rotation = BTreeMap::new();
    for (node, saved) in body.get("rotation").and_then(Value::as_object).into_iter().flatten() {
        let saved = serde_json::from_value(saved.clone()).map_err(|error| {
            Failure::refused(format!(
                "What the balancers held for node {node} before run {} drained it cannot be read from the journal: {error}. \
                 Nothing was changed, and the node may be out of rotation.",
                found.run.id
            ))
            .hint(OTHER_VERSION)
        })?;
        rotation.insert(node.clone(), saved);
    }
    Ok(Left { plan, state: Some(state), rotation })
}

/// Tells what the checks before a run have found, as `check` events.
pub fn tell_checks(findings: &[Finding], sink: &mut dyn EventSink) {
    for finding in findings {
        let ok = finding.verdict <= Verdict::Warned;
        let event =
            Event::Check { check: finding.check.clone(), node: finding.node.clone(), ok, text: finding.saw.clone() };
        crew::stamp(sink, "", tokio::time::Instant::now(), event);
    }
}

/// Tells that a run has ended before it began, for those who read events only.
pub fn tell_refusal(failure: &Failure, sink: &mut dyn EventSink) {
    let outcome = match failure.code {
        ExitCode::Unobservable => Outcome::Unobservable,
        ExitCode::Undone => Outcome::Undone,
        ExitCode::Resumable => Outcome::Resumable,
        ExitCode::Unknown => Outcome::Unknown,
        _ => Outcome::Refused,
    };
    let event = Event::RunFinished {
        outcome,
        exit_code: failure.code.number(),
        text: failure.message.clone(),
        left: Vec::new(),
        seconds: Seconds::default(),
    };
    crew::stamp(sink, "", tokio::time::Instant::now(), event);
}

/// Tells that there was nothing to run, for those who read events only.
pub fn tell_end(outcome: Outcome, text: &str, sink: &mut dyn EventSink) {
    let event = Event::RunFinished {
        outcome,
        exit_code: outcome.code().number(),
        text: text.to_owned(),
        left: Vec::new(),
        seconds: Seconds::default(),
    };
    crew::stamp(sink, "", tokio::time::Instant::now(), event);
}

/// Closes a run that was ended by hand, of an upgrade as well: every node must be in rotation and Synced, and hold the
/// same schema where that was to change. Changes nothing but the journal. `None` when no run is open.
///
/// # Errors
/// When a node is not what it should be (exit 3), or cannot be seen (exit 4).
pub async fn forget(gone: &[String], connector: &Connector, settings: &Settings) -> Result<Option<String>, Failure> {
    let Some((mut book, found)) = Book::take_over(connector, settings, "apply").await? else {
        return upgrade::forget(connector, settings).await;
    };
    let (left, fleet) = match pick_up(&found, gone, connector, settings, false).await {
        Ok(picked_up) => picked_up,
        Err(failure) => {
            put_down(book, &found.run).await;
            return Err(failure);
        }
    };
    let plan = left.plan;
    let state = left.state.unwrap_or_else(|| State::fresh(&Script::of(&plan)));
    let names = plan.nodes.clone();
    let mut nobody = Nobody;
    let mut crew = Crew::new(connector.clone(), fleet, plan, &mut nobody)?;
    found.run.id.clone_into(&mut crew.run);
    let copy = if state.copy {
        crew.copy_left(state.pass).await.unwrap_or_else(|error| Some(error.to_string()))
    } else {
        None
    };
    let seen = match crew.survey(&State { window: false, ..state }).await {
        Answer::Survey(seen) => seen,
        _ => Vec::new(),
    };
    crew.go_home().await;
    let wrong = names.iter().zip(&seen).find_map(|(name, it)| match it {
        Seen { unreachable: Some(why), .. } => Some(format!("node {name} cannot be asked: {why}")),
        Seen { busy: Some(what), .. } => Some(format!("on node {name}, {what}")),
        it if it.desync || !it.synced || !it.primary || !it.complete => Some(format!("node {name} is not Synced")),
        it if !it.serving => Some(format!("node {name} is out of rotation")),
        it if it.schema != seen[0].schema => Some(format!("node {name} holds another schema than node {}", names[0])),
        _ => None,
    });
    if let Some(wrong) = copy.or(wrong) {
        put_down(book, &found.run).await;
        return Err(Failure::refused(format!("The run cannot be closed: {wrong}.")).next("schema resume"));
    }
    let summary = json!({ "outcome": "forgotten", "text": "Closed by hand with `schema abort --forget`." });
    book.finish("forgotten", &summary)
        .await
        .map_err(|error| Failure::new(ExitCode::Resumable, format!("The run could not be closed. {error}")))?;
    Ok(Some(found.run.id))
}

/// Listens to nothing.
struct Nobody;

impl EventSink for Nobody {
    fn event(&mut self, _: &crate::run::Stamped) {}
}

async fn go(
    mut crew: Crew<'_>,
    mut machine: Machine,
    command: &'static str,
    title: String,
    signals: &mut Signals,
) -> Ending {
    let started = Event::RunStarted {
        command,
        title,
        statements: crew.plan.statements.len(),
        passes: crew.plan.passes.len(),
        nodes: crew.plan.nodes.clone(),
    };
    crew.tell(started);
    let mut ending = drive::drive(&mut crew, &mut machine, signals).await;
    crew.seconds.total = crew.elapsed();
    let state = match ending.outcome {
        Outcome::Resumable => "stopped",
        other => other.word(),
    };
    let summary = json!({
        "outcome": ending.outcome,
        "text": ending.text,
        "left": ending.left,
        "seconds": crew.seconds,
        "measured": crew.measured,
    });
    let body = drive::body(machine.state(), &crew.baggage());
    if let Some(mut book) = crew.book.take() {
        let written = match book.write("end", &body).await {
            Ok(()) => book.finish(state, &summary).await,
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            // The lease times out by itself; the run stays open, and `resume` finds that nothing is left to do.
            ending.left.push(format!("The end of the run is not in the journal. {error}"));
        }
    }
    let finished = Event::RunFinished {
        outcome: ending.outcome,
        exit_code: ending.outcome.code().number(),
        text: ending.text.clone(),
        left: ending.left.clone(),
        seconds: crew.seconds.clone(),
    };
    crew.tell(finished);
    crew.go_home().await;
    ending
}

/// One line for the list of runs: no values, only what each statement is and on what.
fn title(plan: &Plan) -> String {
    let sent = || plan.statements.iter().filter(|statement| statement.touches_cluster());
    let words: Vec<String> = sent()
        .take(3)
        .map(|statement| match &statement.object {
            Some(object) => format!("{} {object}", statement.kind),
            None => statement.kind.clone(),
        })
        .collect();
    let more = sent().count().saturating_sub(3);
    if more > 0 { format!("{} and {more} more", words.join(", ")) } else { words.join(", ") }
}
