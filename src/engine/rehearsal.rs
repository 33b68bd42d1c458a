//! A drain and the way back, without anything in between: what a roll would cost in front of the nodes.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::book::Book;
use super::clients::ProcessList;
use super::signals::Signals;
use crate::balancer::{Error, Fleet, FleetSaved, Progress, Rules, View};
use crate::cluster::journal::NewRun;
use crate::cluster::{ClusterError, Connector};
use crate::config::Settings;
use crate::failure::{ExitCode, Failure};

/// The kind of such a run in the journal.
const KIND: &str = "balancer-check";
/// How long the empty node is held: long enough for a health check or a monitor to undo a drain.
const HOLD: Duration = Duration::from_secs(6);
/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(500);

/// What a rehearsal showed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rehearsal {
    /// The node that was drained.
    pub node: String,
    /// What each balancer said before.
    pub before: Vec<View>,
    /// From the order to drain until every balancer had it in force, in seconds.
    pub drain_seconds: f64,
    /// From there until no session was left, proven from both ends, in seconds.
    pub empty_seconds: f64,
    /// How long the empty node was held, in seconds.
    pub held_seconds: f64,
    /// From the order to admit until every balancer sent sessions again, in seconds.
    pub admit_seconds: f64,
    /// Idle connections that were closed because the policy says so.
    pub closed_idle: usize,
    /// Connections that were closed in the middle of something because the policy says so.
    pub closed_busy: usize,
    /// Drains that a balancer lost on the way and that were set again.
    pub repaired: Vec<String>,
    /// Connections and answers to clients that failed meanwhile, by the balancers' own count over all nodes; `None`
    /// where no balancer counts.
    pub client_errors: Option<u64>,
}

/// Drains a node, waits until it is empty, holds it a moment and puts it back.
///
/// # Errors
/// When it cannot begin, or when the drain fails; the node is put back on every way out, or the error says what is
/// left.
pub(crate) async fn rehearse(
    node: Option<&str>,
    gone: &[String],
    settings: &Settings,
    tell: &mut dyn FnMut(String),
) -> Result<Rehearsal, Failure> {
    let mut signals = Signals::listen()?;
    let connector = Connector::open(settings).await?;
    let mut fleet = Fleet::open(&settings.balancers, connector.nodes(), settings.policy.min_serving)?;
    if let Some(text) = fleet.consent() {
        return Err(Failure::refused(format!("There is nothing to rehearse. {text}")));
    }
    let node = match node {
        Some(name) => connector.node(name)?.name.clone(),
        None => {
            let names: Vec<String> = connector.nodes().iter().map(|node| node.name.clone()).collect();
            fleet.order(&names).await?.into_iter().next().ok_or_else(|| Failure::usage("The cluster has no nodes."))?
        }
    };
    let before = fleet.check().await?;
    put_back_what_another_left(&mut fleet, gone, &connector, settings, tell).await?;
    every_node_is_synced(&connector).await?;
    let title = format!("rehearsal of a drain of {node}");
    let mut book = Book::begin(&connector, settings, NewRun { kind: KIND, title, plan: Value::Null }).await?;
    book.avoid(Some(&node)).await;
    let outcome = match fleet.remember(&node).await {
        Ok(saved) => there_and_back(&fleet, &connector, settings, &saved, before, &mut book, &mut signals, tell).await,
        Err(error) => Err(error.into()),
    };
    let (state, summary) = match &outcome {
        Ok(_) => ("done", json!({"outcome": "done"})),
        // What is left is left open, so that nobody begins a run over it.
        Err(failure) if failure.code == ExitCode::Unknown => ("stopped", json!({"text": failure.message})),
        Err(failure) => ("undone", json!({"outcome": "undone", "text": failure.message})),
    };
    if let Err(error) = book.finish(state, &summary).await {
        tell(format!("The end of the rehearsal is not in the journal. {error}"));
    }
    outcome
}

#[expect(clippy::too_many_arguments, reason = "one walk with all that it meets")]
async fn there_and_back(
    fleet: &Fleet,
    connector: &Connector,
    settings: &Settings,
    saved: &FleetSaved,
    before: Vec<View>,
    book: &mut Book,
    signals: &mut Signals,
    tell: &mut dyn FnMut(String),
) -> Result<Rehearsal, Failure> {
    let errors_before = errors(&before);
    let entry = json!({ "saved": saved });
    book.write("drain", &entry).await.map_err(|error| Failure::unobservable(error.to_string()))?;
    let mut seen = Rehearsal {
        node: saved.node.clone(),
        before,
        drain_seconds: 0.0,
        empty_seconds: 0.0,
        held_seconds: 0.0,
        admit_seconds: 0.0,
        closed_idle: 0,
        closed_busy: 0,
        repaired: Vec::new(),
        client_errors: None,
    };
    let mut loss = book.loss();
    let thread = book.thread().await.filter(|(at, _)| *at == saved.node).map(|(_, thread)| thread);
    let drained = tokio::select! {
        drained = hold_empty(fleet, connector, settings, saved, thread.into_iter().collect(), &mut seen, tell) => drained,
        () = signals.next() => Err(Failure::new(ExitCode::Undone, "Interrupted.")),
        _ = loss.changed() => Err(Failure::new(ExitCode::Undone, "Another run has taken the lease.")),
    };
    let began = tokio::time::Instant::now();
    let back = async {
        fleet.admit(saved).await?;
        fleet.wait_until_served(saved).await
    };
    let back: Result<(), Error> = back.await;
    seen.admit_seconds = began.elapsed().as_secs_f64();
    match (drained, back) {
        (Ok(()), Ok(())) => {
            let now = fleet.check().await?;
            seen.client_errors = errors(&now).zip(errors_before).map(|(now, then)| now.saturating_sub(then));
            Ok(seen)
        }
        (Err(failure), Ok(())) => Err(failure.hint(format!("{} is back in service.", saved.node))),
        (drained, Err(error)) => {
            let mut failure =
                Failure::new(ExitCode::Unknown, format!("{} is not back in service. {error}", saved.node));
            failure.hints.extend(drained.err().map(|first| first.message));
            failure.hints.extend(error.left.into_iter().chain(error.hints));
            Err(failure.next("schema balancer check"))
        }
    }
}

/// Drains and empties the node, and sees for a while that it stays so.
async fn hold_empty(
    fleet: &Fleet,
    connector: &Connector,
    settings: &Settings,
    saved: &FleetSaved,
    ours: Vec<u64>,
    seen: &mut Rehearsal,
    tell: &mut dyn FnMut(String),
) -> Result<(), Failure> {
    let began = tokio::time::Instant::now();
    fleet.drain(saved).await?;
    seen.drain_seconds = began.elapsed().as_secs_f64();
    tell(format!("{} is drained in every balancer; waiting for its sessions to leave.", saved.node));
    let mut session = connector.observer(connector.node(&saved.node)?).await?;
    let mut clients = ProcessList::new(&mut session, ours, fleet.monitors().await?);
    let rules = Rules { timeout: settings.policy.drain_timeout, then: settings.policy.after_drain_timeout };
    let mut told = usize::MAX;
    let progress = |now: Progress| {
        if now.clients != told {
            told = now.clients;
            tell(format!("{:.1} s: {} client connection(s) on {}.", now.after.as_secs_f64(), now.clients, saved.node));
        }
    };
    let emptied = fleet.wait_until_empty(saved, &mut clients, rules, progress).await?;
    seen.empty_seconds = emptied.took.as_secs_f64();
    (seen.closed_idle, seen.closed_busy) = (emptied.closed_idle, emptied.closed_busy);
    seen.repaired = emptied.repaired;
    let held = tokio::time::Instant::now();
    while held.elapsed() < HOLD {
        tokio::time::sleep(LOOK).await;
        seen.repaired.extend(fleet.still_empty(saved).await?.repaired);
    }
    seen.held_seconds = held.elapsed().as_secs_f64();
    session.close().await;
    Ok(())
}

/// A rehearsal whose process died has left its node drained, and the journal knows what was there before.
async fn put_back_what_another_left(
    fleet: &mut Fleet,
    gone: &[String],
    connector: &Connector,
    settings: &Settings,
    tell: &mut dyn FnMut(String),
) -> Result<(), Failure> {
    let Some((mut book, found)) = Book::take_over(connector, settings, KIND).await? else { return Ok(()) };
    if let Some((_, _, body)) = found.last {
        let saved: FleetSaved =
            serde_json::from_value(body.get("saved").cloned().unwrap_or_default()).map_err(|error| {
                Failure::new(ExitCode::Unknown, format!("The journal of {} cannot be read: {error}.", found.run.title))
            })?;
        fleet.give_up(gone, &[&saved])?;
        fleet.is_that_of(&saved)?;
        fleet.admit(&saved).await?;
        tell(format!("{} was left drained by a rehearsal that was cut off; it is back as it was found.", saved.node));
    }
    book.finish("undone", &json!({"outcome": "undone"})).await.map_err(|error| Failure::unobservable(error.to_string()))
}

/// A node may only leave while all the others can do its work.
async fn every_node_is_synced(connector: &Connector) -> Result<(), Failure> {
    const STATE: &str = "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME IN \
        ('WSREP_CLUSTER_STATUS', 'WSREP_LOCAL_STATE_COMMENT', 'WSREP_READY') ORDER BY VARIABLE_NAME";
    let states = connector
        .on_every_node(async |node| {
            let mut session = connector.observer(node).await?;
            let rows = session.query(STATE).await?;
            session.close().await;
            rows.iter().map(|row| row.get::<String>(0)).collect::<Result<Vec<_>, ClusterError>>()
        })
        .await;
    for (node, state) in connector.nodes().iter().zip(states) {
        let state = state?;
        if state != ["Primary", "Synced", "ON"] {
            return Err(Failure::refused(format!(
                "Node {} is not in full service ({}), so no other is drained.",
                node.name,
                state.join(", ")
            ))
            .next("schema status"));
        }
    }
    Ok(())
}

/// Errors to clients that the balancers have counted so far; `None` when none of them counts.
fn errors(views: &[View]) -> Option<u64> {
    let counts: Vec<u64> =
        views.iter().flat_map(|view| view.nodes.iter().filter_map(crate::balancer::NodeView::errors)).collect();
    (!counts.is_empty()).then(|| counts.iter().sum())
}
