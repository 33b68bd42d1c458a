//! A run's book: the lease, held by a heartbeat, and the journal, written through a node in service.
//!
//! [`Book::begin`] takes the lease for a new run, [`Book::take_over`] for one that stopped or whose holder died.
//! Every write goes through one task that owns the journal's session, so beats and entries never collide. A
//! [`Book`] that is dropped without [`Book::finish`] leaves its run as a dead process would: open, to be resumed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::cluster::journal::{Journal, NewRun, RunRow, Taken, WriteError};
use crate::cluster::lease::{BEAT, DEAD_AFTER, Holder, LeaseRow};
use crate::cluster::{ClusterError, Connector};
use crate::config::Settings;
use crate::failure::{ExitCode, Failure};

/// How often a rival's beat is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// The book of a run that holds the lease.
#[derive(Debug)]
pub struct Book {
    run: String,
    token: u64,
    seq: u64,
    orders: mpsc::Sender<Order>,
    lost: watch::Receiver<Option<String>>,
}

enum Order {
    Write { seq: u64, step: String, body: Value, done: oneshot::Sender<Result<(), WriteError>> },
    Finish { state: String, summary: Value, done: oneshot::Sender<Result<(), WriteError>> },
    Avoid { node: Option<String>, done: oneshot::Sender<()> },
    Thread { done: oneshot::Sender<Option<(String, u64)>> },
}

/// Why an entry was not written.
#[derive(Debug)]
pub enum BookError {
    /// Another run holds the lease; nothing more may be done.
    Lost(String),
    /// No node takes the journal.
    Unwritable(String),
}

impl std::fmt::Display for BookError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lost(text) => f.write_str(text),
            Self::Unwritable(text) => write!(f, "The journal could not be written: {text}"),
        }
    }
}

/// What `resume` and `abort` find.
#[derive(Debug)]
pub struct Found {
    /// The run.
    pub run: RunRow,
    /// The number, the step and the body of its last entry.
    pub last: Option<(u64, String, Value)>,
}

impl Book {
    /// Takes the lease for a new run. A run that is open must be resumed or aborted first.
    ///
    /// # Errors
    /// When another run holds the lease or is open (exit 3), or when the journal cannot be used (exit 4).
    pub async fn begin(connector: &Connector, settings: &Settings, new: NewRun) -> Result<Self, Failure> {
        let mut journal = Journal::new(connector.clone(), &settings.journal.database);
        journal.create().await.map_err(|error| unusable(&error, settings))?;
        let run = new_id();
        loop {
            let seen = lease_or_wait(&mut journal).await?;
            if new.kind != "lock"
                && let Some(open) = journal.open_run(None).await?
            {
                return Err(open_run(&open));
            }
            match journal.take(&run, Some(&new), &seen).await? {
                Taken::Ours(token) => return Ok(Self::start(journal, run, token, 0)),
                Taken::Held(lease) => return Err(held(&lease)),
                // Another run came and went, and may have left something open.
                Taken::Moved => {}
            }
        }
    }

    /// Takes the lease for the open run of that kind, when there is one.
    ///
    /// # Errors
    /// As [`Book::begin`].
    pub async fn take_over(
        connector: &Connector,
        settings: &Settings,
        kind: &str,
    ) -> Result<Option<(Self, Found)>, Failure> {
        let mut journal = Journal::new(connector.clone(), &settings.journal.database);
        if !journal.exists().await? {
            return Ok(None);
        }
        loop {
            if journal.open_run(Some(kind)).await?.is_none() {
                return Ok(None);
            }
            let seen = lease_or_wait(&mut journal).await?;
            // Whoever held the lease until now may have ended it.
            let Some(run) = journal.open_run(Some(kind)).await? else { return Ok(None) };
            match journal.take(&run.id, None, &seen).await? {
                Taken::Ours(token) => {
                    // Read only now: until the lease was ours somebody may have written.
                    let last = journal.last_entry(&run.id).await?;
                    let seq = last.as_ref().map_or(0, |(seq, ..)| *seq);
                    return Ok(Some((Self::start(journal, run.id.clone(), token, seq), Found { run, last })));
                }
                Taken::Held(lease) => return Err(held(&lease)),
                Taken::Moved => {}
            }
        }
    }

    fn start(journal: Journal, run: String, token: u64, seq: u64) -> Self {
        let (orders, inbox) = mpsc::channel(8);
        let (tell, lost) = watch::channel(None);
        tokio::spawn(keep(journal, run.clone(), token, inbox, tell));
        Self { run, token, seq, orders, lost }
    }

    /// The run's id.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The fencing token.
    pub fn token(&self) -> u64 {
        self.token
    }

    /// Writes the next entry: the step that is about to be done, and what another process needs to go on from there.
    ///
    /// # Errors
    /// See [`BookError`].
    pub async fn write(&mut self, step: &str, body: &Value) -> Result<(), BookError> {
        self.seq += 1;
        let (seq, step, body) = (self.seq, step.to_owned(), body.clone());
        self.ask(|done| Order::Write { seq, step, body, done }).await
    }

    /// Writes go through any node but this one from now on.
    pub async fn avoid(&mut self, node: Option<&str>) {
        let (done, answer) = oneshot::channel();
        if self.orders.send(Order::Avoid { node: node.map(str::to_owned), done }).await.is_ok() {
            let _ = answer.await;
        }
    }

    /// The node and the thread of the journal's session, which is no client's.
    pub async fn thread(&mut self) -> Option<(String, u64)> {
        let (done, answer) = oneshot::channel();
        self.orders.send(Order::Thread { done }).await.ok()?;
        answer.await.ok().flatten()
    }

    /// Ends the run and gives the lease back. `state` is `stopped` or `unknown` for a run that is to be resumed, else
    /// the word of its outcome.
    ///
    /// # Errors
    /// See [`BookError`].
    pub async fn finish(&mut self, state: &str, summary: &Value) -> Result<(), BookError> {
        let (state, summary) = (state.to_owned(), summary.clone());
        self.ask(|done| Order::Finish { state, summary, done }).await
    }

    /// Waits until the lease is lost, and tells to whom. Never ends while it is held.
    pub async fn lost(&mut self) -> String {
        loop {
            if let Some(text) = self.lost.borrow_and_update().clone() {
                return text;
            }
            if self.lost.changed().await.is_err() {
                // The keeper is gone because the run is finished.
                std::future::pending::<()>().await;
            }
        }
    }

    /// What tells that the lease is lost, for those who do not have the book.
    pub fn loss(&self) -> watch::Receiver<Option<String>> {
        self.lost.clone()
    }

    async fn ask(
        &mut self,
        order: impl FnOnce(oneshot::Sender<Result<(), WriteError>>) -> Order,
    ) -> Result<(), BookError> {
        if let Some(text) = self.lost.borrow().clone() {
            return Err(BookError::Lost(text));
        }
        let (done, answer) = oneshot::channel();
        let gone = || BookError::Unwritable("the keeper of the journal has ended".to_owned());
        self.orders.send(order(done)).await.map_err(|_| gone())?;
        match answer.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(WriteError::Lost(lease))) => Err(BookError::Lost(lost_to(&lease))),
            Ok(Err(WriteError::Cluster(error))) => Err(BookError::Unwritable(error.to_string())),
            Err(_) => Err(gone()),
        }
    }
}

/// The task that owns the journal's session.
async fn keep(
    mut journal: Journal,
    run: String,
    token: u64,
    mut inbox: mpsc::Receiver<Order>,
    tell: watch::Sender<Option<String>>,
) {
    let mut beats = interval_at(Instant::now() + BEAT, BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let outcome = tokio::select! {
            biased;
            order = inbox.recv() => match order {
                None => break,
                Some(Order::Avoid { node, done }) => {
                    journal.avoid(node).await;
                    let _ = done.send(());
                    continue;
                }
                Some(Order::Thread { done }) => {
                    let _ = done.send(journal.thread());
                    continue;
                }
                Some(Order::Write { seq, step, body, done }) => {
                    beats.reset();
                    (journal.write(token, &run, seq, &step, &body).await, Some(done))
                }
                Some(Order::Finish { state, summary, done }) => {
                    let outcome = journal.finish(token, &run, &state, &summary).await;
                    let _ = done.send(outcome);
                    journal.close().await;
                    return;
                }
            },
            _ = beats.tick() => (journal.beat(token).await, None),
        };
        if let (Err(WriteError::Lost(lease)), _) = &outcome {
            let _ = tell.send(Some(lost_to(lease)));
        }
        match outcome {
            (outcome, Some(done)) => {
                let _ = done.send(outcome);
            }
            (Err(WriteError::Cluster(error)), None) => tracing::warn!("The lease's heartbeat failed: {error}"),
            _ => {}
        }
    }
}

fn lost_to(lease: &LeaseRow) -> String {
    match &lease.run {
        Some(run) => format!("The lease was taken over by {} for run {run}; this run does nothing more.", lease.who()),
        None => "The lease was taken over, and given back since; this run does nothing more.".to_owned(),
    }
}

/// Waits until it is certain that the lease is free, held by somebody alive, or held by somebody dead. Gives it when it
/// may be taken.
async fn lease_or_wait(journal: &mut Journal) -> Result<LeaseRow, Failure> {
    let first = journal.lease().await?;
    if first.run.is_none() || first.is_gone() {
        return Ok(first);
    }
    let since = Instant::now();
    tracing::info!("The lease is held by {}; watching whether it lives.", first.who());
    while since.elapsed() < DEAD_AFTER {
        tokio::time::sleep(LOOK).await;
        let now = journal.lease().await?;
        if now.run.is_none() {
            return Ok(now);
        }
        if now != first {
            return Err(held(&now));
        }
    }
    Ok(first)
}

fn held(lease: &LeaseRow) -> Failure {
    Failure::refused(format!(
        "Another run holds the cluster's lease: {}, run {}. Nothing was changed.",
        lease.who(),
        lease.run.as_deref().unwrap_or("?")
    ))
    .hint("Only one change of the cluster runs at a time.")
    .next("schema status")
}

/// A refusal because a run is open.
fn open_run(open: &RunRow) -> Failure {
    let command = match open.kind.as_str() {
        "upgrade" => "schema upgrade resume",
        "balancer-check" => "schema balancer check",
        _ => "schema resume",
    };
    Failure::refused(format!(
        "Run {} ({}) stopped half-way and is still open: {}. Nothing was changed.",
        open.id, open.kind, open.title
    ))
    .hint(match command {
        "schema upgrade resume" => {
            "`schema upgrade run --rollback` takes it back; `schema abort --forget` closes it once every node is in its place."
        }
        "schema balancer check" => "The next rehearsal puts the node of this one back into service first.",
        _ => "`schema resume` finishes it, `schema abort` ends it safely.",
    })
    .next(command)
}

fn unusable(error: &ClusterError, settings: &Settings) -> Failure {
    let database = &settings.journal.database;
    let failure =
        Failure::new(ExitCode::Unobservable, format!("The journal in database {database} cannot be used: {error}"));
    if error.is_denied() {
        failure.hint(format!(
            "The user needs CREATE, SELECT, INSERT, UPDATE on {database}.*; `[journal] database` names another database."
        ))
    } else {
        failure
    }
}

/// An id that sorts by time and that two processes do not share: UTC to the second, then six digits drawn from
/// the process, the host, the time to the nanosecond and a counter.
fn new_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = jiff::Timestamp::now();
    let drawn = format!("{:?} {} {}", Holder::this(), now.as_nanosecond(), COUNT.fetch_add(1, Ordering::Relaxed));
    let digits: String = Sha256::digest(drawn).iter().take(3).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{digits}", now.strftime("%Y%m%d-%H%M%S"))
}
