//! Everything that the actions of a run work with: sessions, balancers, the plan, and who listens.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::book::Book;
use super::rows::Asked;
use super::rsu::Flight;
use crate::balancer::{Fleet, FleetSaved};
use crate::cluster::{ClusterError, Connector, Node, Session, quote_name};
use crate::plan::{Pass, Plan, PlannedStatement};
use crate::run::{Direction, EVENT_VERSION, Event, EventSink, Fault, FaultKind, Seconds, Stamped};

/// What a run works with.
pub(super) struct Crew<'a> {
    pub(super) connector: Connector,
    pub(super) fleet: Fleet,
    pub(super) plan: Plan,
    pub(super) nodes: Vec<Node>,
    /// One session for looking at each node, made when it is needed.
    pub(super) eyes: Vec<Option<Session>>,
    /// The book; `None` until something is about to be changed.
    pub(super) book: Option<Book>,
    /// What was found in the balancers before each node was drained.
    pub(super) rotation: BTreeMap<String, FleetSaved>,
    /// The statement that runs in RSU.
    pub(super) flight: Option<Flight>,
    pub(super) attempts: u32,
    /// How long the last statement in RSU took.
    pub(super) last_ddl: Duration,
    /// What the rows are being asked, for the survey that comes next.
    pub(super) rows: Asked,
    /// What the run was last said to wait for, and when.
    pub(super) waiting: Option<(String, Instant)>,
    pub(super) seconds: Seconds,
    /// How long each statement took on each node, for the estimates of later plans.
    pub(super) measured: Vec<Value>,
    pub(super) started: Instant,
    pub(super) run: String,
    pub(super) sink: &'a mut dyn EventSink,
}

impl<'a> Crew<'a> {
    pub(super) fn new(
        connector: Connector,
        fleet: Fleet,
        plan: Plan,
        sink: &'a mut dyn EventSink,
    ) -> Result<Self, ClusterError> {
        let nodes = plan.nodes.iter().map(|name| connector.node(name).cloned()).collect::<Result<Vec<_>, _>>()?;
        let eyes = nodes.iter().map(|_| None).collect();
        Ok(Self {
            connector,
            fleet,
            plan,
            nodes,
            eyes,
            book: None,
            rotation: BTreeMap::new(),
            flight: None,
            attempts: 0,
            last_ddl: Duration::ZERO,
            rows: Asked::new(),
            waiting: None,
            seconds: Seconds::default(),
            measured: Vec::new(),
            started: Instant::now(),
            run: String::new(),
            sink,
        })
    }

    /// The run has an id from now on.
    pub(super) fn adopt(&mut self, book: Book) {
        book.run().clone_into(&mut self.run);
        self.book = Some(book);
    }

    /// Tells an event.
    pub(super) fn tell(&mut self, event: Event) {
        match &event {
            Event::DdlFinished { node, statement, seconds, error: None, .. } => {
                self.last_ddl = Duration::from_secs_f64(*seconds);
                self.measured.push(json!({ "statement": statement, "node": node, "seconds": seconds }));
            }
            Event::ToiFinished { statement, seconds, error: None } => {
                self.measured.push(json!({ "statement": statement, "seconds": seconds }));
            }
            _ => {}
        }
        stamp(self.sink, &self.run, self.started, event);
    }

    pub(super) fn hint(&mut self, text: impl Into<String>) {
        self.tell(Event::Hint { text: text.into() });
    }

    /// Tells what the run waits for: when it is something new, and now and then.
    pub(super) fn tell_waiting(&mut self, why: &str) {
        let known = self.waiting.as_ref().is_some_and(|(text, at)| text == why && at.elapsed() < WAITING_AGAIN);
        if !known {
            self.waiting = Some((why.to_owned(), Instant::now()));
            self.tell(Event::Waiting { text: why.to_owned() });
        }
    }

    /// Seconds since the crew came together.
    pub(super) fn elapsed(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// The name of a node, for events.
    pub(super) fn name(&self, node: usize) -> String {
        self.nodes[node].name.clone()
    }

    /// A session for looking at a node.
    pub(super) async fn eye(&mut self, node: usize) -> Result<&mut Session, ClusterError> {
        if !self.eyes[node].as_ref().is_some_and(Session::is_usable) {
            self.eyes[node] = None;
            let session = self.connector.observer(&self.nodes[node]).await?;
            return Ok(self.eyes[node].insert(session));
        }
        self.eyes[node].as_mut().ok_or_else(|| ClusterError::Unusable { node: String::new() })
    }

    /// The pass of that number.
    pub(super) fn pass(&self, pass: usize) -> Option<&Pass> {
        self.plan.passes.get(pass)
    }

    /// A statement by its place in a pass.
    pub(super) fn statement(&self, pass: usize, place: usize) -> Option<&PlannedStatement> {
        let index = self.pass(pass)?.statements.get(place)?;
        self.plan.statements.iter().find(|statement| statement.index == *index)
    }

    /// The statements of a pass.
    pub(super) fn statements(&self, pass: usize) -> Vec<&PlannedStatement> {
        let count = self.pass(pass).map_or(0, |pass| pass.statements.len());
        (0..count).filter_map(|place| self.statement(pass, place)).collect()
    }

    /// A statement's index, what is sent for it, and what goes before it in the same session: `; USE db; SET ...`.
    pub(super) fn text(&self, pass: usize, place: usize, direction: Direction) -> Option<(usize, String, String)> {
        let statement = self.statement(pass, place)?;
        let sql = match direction {
            Direction::Forward => statement.execute.clone(),
            Direction::Back => statement.way_back.as_ref()?.sql.clone()?,
        };
        if sql.is_empty() {
            return None;
        }
        let mut before = String::new();
        if let Some(database) = &statement.database {
            before.push_str(&format!("; USE {}", quote_name(database)));
        }
        for set in &statement.session {
            before.push_str(&format!("; {}", set.trim().trim_end_matches(';')));
        }
        Some((statement.index, sql, before))
    }

    /// What the journal needs beside the machine's state.
    pub(super) fn baggage(&self) -> Value {
        let rotation: Map<String, Value> = self
            .rotation
            .iter()
            .map(|(node, saved)| (node.clone(), serde_json::to_value(saved).unwrap_or(Value::Null)))
            .collect();
        Value::Object(rotation)
    }

    /// Ends all sessions politely.
    pub(super) async fn go_home(&mut self) {
        for eye in &mut self.eyes {
            if let Some(session) = eye.take() {
                session.close().await;
            }
        }
    }
}

/// Tells an event with the time that it is now.
pub(super) fn stamp(sink: &mut dyn EventSink, run: &str, started: Instant, event: Event) {
    let now = jiff::Timestamp::now();
    let at = started.elapsed().as_secs_f64();
    sink.event(&Stamped { v: EVENT_VERSION, ts: format!("{now:.3}"), run: run.to_owned(), at, event });
}

/// A fault from a failure of the cluster.
pub(super) fn failed(error: impl std::fmt::Display) -> Fault {
    Fault::new(FaultKind::Failed, error.to_string())
}

/// How long a look at a node may take while something is waited for.
pub(super) const POLL: Duration = Duration::from_millis(10);
/// How often it is said once more that something is still waited for.
const WAITING_AGAIN: Duration = Duration::from_secs(10);
