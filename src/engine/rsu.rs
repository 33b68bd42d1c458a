//! RSU on one node: held at a gate, proven, let go, caught up.
//!
//! The gate is a transaction of ours that has read the table and wrote nothing. Its metadata lock lets the node's
//! appliers work, and holds the DDL up exactly where it waits for the lock: after RSU began or failed to begin, and
//! before it has changed anything. There the proof takes its time, and a statement that is not in RSU is ended with
//! nothing done, however quick it would have been.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::crew::{Crew, POLL, failed};
use super::look::provider;
use crate::cluster::{ClusterError, Node, Outcome, Session, quote_name};
use crate::plan::facts::TableName;
use crate::plan::{AfterDrainTimeout, PlannedStatement};
use crate::run::{Answer, Begun, Direction, Event, FaultKind};
use crate::sql::without_secrets;

/// How long the DDL waits for a lock in RSU, in seconds. While it waits, the provider is paused.
const LOCK_WAIT_SECONDS: u64 = 5;
/// How long a statement may take to get to the gate, or to show that it runs.
const BEGIN_WITHIN: Duration = Duration::from_secs(10);
/// How often the proof looks.
const PROOF_POLL: Duration = Duration::from_millis(2);
/// How often progress is told.
const PROGRESS: Duration = Duration::from_millis(500);
/// How long a node may stand still while it catches up.
const STANDSTILL: Duration = Duration::from_secs(120);
/// How long a node may take from `wsrep_desync=OFF` to Synced.
const SYNCED_WITHIN: Duration = Duration::from_secs(60);
/// ER_LOCK_WAIT_TIMEOUT.
const LOCK_WAIT_TIMEOUT: u16 = 1205;

/// A statement that was sent in RSU.
pub(super) struct Flight {
    pub(super) node: Node,
    pub(super) thread: u32,
    statement: usize,
    direction: Direction,
    sql: String,
    work: JoinHandle<(Session, Result<Outcome, ClusterError>)>,
    gate: Option<Session>,
}

/// What one look at a held statement shows.
enum Held {
    /// It waits for the gate's lock.
    AtTheGate,
    /// It does something else.
    Working,
    /// It is not there yet, or not any more.
    Absent,
}

impl Crew<'_> {
    /// Sets `wsrep_desync=ON`.
    pub(super) async fn desync(&mut self, node: usize) -> Answer {
        let started = Instant::now();
        let answer = self.set_desync(node, true).await;
        self.seconds.prove += started.elapsed().as_secs_f64();
        match answer {
            Ok(()) => Answer::Done,
            Err(error) if error.outcome_unknown() => Answer::Unsure(error.to_string()),
            Err(error) => Answer::Failed(failed(error)),
        }
    }

    async fn set_desync(&mut self, node: usize, on: bool) -> Result<(), ClusterError> {
        let eye = self.eye(node).await?;
        let word = if on { "ON" } else { "OFF" };
        eye.query_all(&format!("SET GLOBAL wsrep_desync = {word}")).await?;
        let now = provider(eye).await?;
        if now.desync != on || (on && now.desync_count == 0) {
            return Err(ClusterError::Unsupported(format!(
                "Node {} was told wsrep_desync={word}, and reading it back shows something else.",
                eye.node()
            )));
        }
        Ok(())
    }

    /// Sends the statement, and proves that RSU began while the gate holds it.
    pub(super) async fn begin(&mut self, node: usize, pass: usize, place: usize, direction: Direction) -> Answer {
        let started = Instant::now();
        // One whose kill was not heard: the survey has seen that nothing runs any more.
        self.flight = None;
        let begun = match self.came_back(node, direction).await {
            Some(text) => Ok(Begun::Blocked(text)),
            None => self.try_begin(node, pass, place, direction).await,
        };
        self.seconds.prove += started.elapsed().as_secs_f64();
        match begun {
            Ok(Begun::Proven) => {
                self.attempts = 0;
                Answer::Begun(Begun::Proven)
            }
            Ok(begun) => {
                if let Begun::NotRsu(text) | Begun::Blocked(text) = &begun {
                    let statement = self.statement(pass, place).map_or(0, |statement| statement.index);
                    let event = Event::Retry { node: self.name(node), statement, text: text.clone() };
                    self.tell(event);
                    self.attempts += 1;
                    // Commits that were in flight are over by then.
                    sleep(Duration::from_millis(100)).await;
                }
                Answer::Begun(begun)
            }
            // What was sent and could not be watched may be anywhere.
            Err(error) if error.outcome_unknown() || self.flight.is_some() => Answer::Unsure(error.to_string()),
            Err(error) => Answer::Failed(failed(error)),
        }
    }

    /// Why the drained node is no longer known to be empty: sessions that have come to it would hang in COMMIT. On the way
    /// back the statement is sent all the same: a node that stays as it is would keep them away from their data for longer.
    async fn came_back(&mut self, node: usize, direction: Direction) -> Option<String> {
        let saved = self.rotation.get(&self.name(node)).filter(|_| direction == Direction::Forward)?;
        match self.fleet.still_empty(saved).await {
            Ok(watch) => {
                watch.repaired.into_iter().for_each(|text| self.hint(text));
                None
            }
            Err(error) => {
                let hints: String = error.hints.iter().map(|hint| format!(" {hint}")).collect();
                Some(format!("{error}{hints}"))
            }
        }
    }

    async fn try_begin(
        &mut self,
        node: usize,
        pass: usize,
        place: usize,
        direction: Direction,
    ) -> Result<Begun, ClusterError> {
        let Some((index, sql, before_it)) = self.text(pass, place, direction) else {
            return Err(ClusterError::Unsupported("The text of this statement is not in the journal, because it may hold a secret; nothing was sent. End the run with `schema abort`, and apply the rest from its file.".to_owned()));
        };
        let table = self.statement(pass, place).and_then(PlannedStatement::table);
        let before = provider(self.eye(node).await?).await?;
        let mut session = self.dedicated(node, &before_it).await?;
        let gate = self.gate(node, table.as_ref()).await?;
        let gated = gate.is_some();
        let thread = session.thread_id();
        let at = self.nodes[node].clone();
        let text = sql.clone();
        let work = tokio::spawn(async move {
            let outcome = session.execute(&text, None).await;
            (session, outcome)
        });
        self.flight = Some(Flight { node: at, thread, statement: index, direction, sql, work, gate });
        let started = Instant::now();
        let mut absent = 0;
        loop {
            if self.flight.as_ref().is_some_and(|flight| flight.work.is_finished()) {
                return self.ended_early(node, index, gated).await;
            }
            let (held, now) = self.proof_look(node, thread).await?;
            let raised = now.desync_count > before.desync_count;
            match held {
                Held::AtTheGate | Held::Working if raised => {
                    // Frozen, if the provider is paused: nothing can commit on this node.
                    sleep(PROOF_POLL).await;
                    let (_, again) = self.proof_look(node, thread).await?;
                    if again.last_committed == now.last_committed && again.desync_count > before.desync_count {
                        let event = Event::RsuProven {
                            node: self.name(node),
                            statement: index,
                            desync_count: [before.desync_count, again.desync_count],
                            last_committed: again.last_committed,
                            attempt: self.attempts + 1,
                            gated,
                        };
                        self.tell(event);
                        return Ok(Begun::Proven);
                    }
                }
                // It has passed the place where RSU begins, and RSU is not there.
                Held::AtTheGate => {
                    let why = format!(
                        "RSU did not begin on node {}: the statement waits at the gate and wsrep_desync_count is still {}. \
                         It was ended before it changed anything.",
                        self.name(node),
                        now.desync_count
                    );
                    return self.end_flight(why).await;
                }
                Held::Absent => absent += 1,
                Held::Working => {}
            }
            if started.elapsed() > BEGIN_WITHIN || absent > 2000 {
                let why = format!(
                    "The statement on node {} did not get to work within {} s; it was ended.",
                    self.name(node),
                    BEGIN_WITHIN.as_secs()
                );
                return match self.end_flight(why).await? {
                    Begun::NotRsu(why) => Ok(Begun::Blocked(why)),
                    other => Ok(other),
                };
            }
            sleep(PROOF_POLL).await;
        }
    }

    /// The session that runs the DDL, and nothing else.
    async fn dedicated(&mut self, node: usize, before: &str) -> Result<Session, ClusterError> {
        let mut session = self.connector.session(&self.nodes[node]).await?;
        let log = self.binlog(&mut session).await?;
        session
            .query_all(&format!(
                "SET SESSION wsrep_OSU_method = 'RSU', lock_wait_timeout = {LOCK_WAIT_SECONDS}, innodb_lock_wait_timeout = \
                 {LOCK_WAIT_SECONDS}{log}{before}"
            ))
            .await?;
        let method: Option<String> = session.query("SELECT @@SESSION.wsrep_OSU_method").await?.scalar()?;
        if method.as_deref() != Some("RSU") {
            return Err(ClusterError::Unsupported(format!(
                "Node {} did not accept wsrep_OSU_method=RSU for the session; nothing was sent.",
                session.node()
            )));
        }
        Ok(session)
    }

    /// Whether the DDL goes into the node's binary log. It does where a replica reads the log of this node, which would
    /// otherwise miss it; it does not where nobody reads it, so that no GTID of the node's own comes about.
    async fn binlog(&mut self, session: &mut Session) -> Result<&'static str, ClusterError> {
        let sets = session
            .query_all(
                "SELECT @@GLOBAL.log_bin, @@GLOBAL.wsrep_mode LIKE '%DISALLOW_LOCAL_GTID%'; SELECT COUNT(*) FROM \
                 information_schema.PROCESSLIST WHERE COMMAND = 'Binlog Dump'",
            )
            .await;
        let sets = match sets {
            Ok(sets) => sets,
            // A server before 10.6 has no wsrep_mode.
            Err(error) if error.code() == Some(1193) => session
                .query_all(
                    "SELECT @@GLOBAL.log_bin, 0; SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE COMMAND = \
                         'Binlog Dump'",
                )
                .await?,
            Err(error) => return Err(error),
        };
        let row = sets.first().and_then(crate::cluster::Rows::first);
        let logs: bool = row.map(|row| row.get(0)).transpose()?.unwrap_or(false);
        let forbidden: bool = row.map(|row| row.get(1)).transpose()?.unwrap_or(false);
        let replicas: u64 = sets.get(1).map(crate::cluster::Rows::scalar).transpose()?.flatten().unwrap_or(0);
        let node = session.node().to_owned();
        if !logs {
            return Ok("");
        }
        if replicas > 0 && !forbidden {
            self.hint(format!(
                "{replicas} replica(s) read the binary log of {node}: the statement is logged there with a GTID of the node's \
                 own, and reaches them when it runs on {node}."
            ));
            return Ok("");
        }
        if replicas > 0 {
            self.hint(format!(
                "{replicas} replica(s) read the binary log of {node}, but wsrep_mode has DISALLOW_LOCAL_GTID: the statement is \
                 not logged, and must be run on them by hand."
            ));
        }
        Ok(", sql_log_bin = 0")
    }

    /// The transaction that holds the statement up. `None` where there is no table to hold.
    async fn gate(&mut self, node: usize, table: Option<&TableName>) -> Result<Option<Session>, ClusterError> {
        let Some(TableName { database, table }) = table else { return Ok(None) };
        let mut session = self.connector.session(&self.nodes[node]).await?;
        let held = session
            .query_all(&format!(
                "START TRANSACTION READ ONLY; SELECT 1 FROM {}.{} LIMIT 0",
                quote_name(database),
                quote_name(table)
            ))
            .await;
        match held {
            Ok(_) => Ok(Some(session)),
            // There is no such table, or nothing that can be read: nothing to hold.
            Err(ClusterError::Server { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn proof_look(&mut self, node: usize, thread: u32) -> Result<(Held, super::look::Provider), ClusterError> {
        let eye = self.eye(node).await?;
        let state: Option<Option<String>> = eye
            .query(&format!(
                "SELECT STATE FROM information_schema.PROCESSLIST WHERE ID = {thread} AND COMMAND IN ('Query', 'Execute')"
            ))
            .await?
            .scalar()?;
        // In this order: what is raised when the statement is seen at the gate was raised before.
        let now = provider(eye).await?;
        let held = match state.flatten() {
            None => Held::Absent,
            Some(state) if state.contains("metadata lock") => Held::AtTheGate,
            Some(_) => Held::Working,
        };
        Ok((held, now))
    }

    /// The statement ended before it was proven: an error, or nothing held it.
    async fn ended_early(&mut self, node: usize, index: usize, gated: bool) -> Result<Begun, ClusterError> {
        let Some(flight) = self.flight.take() else { return Ok(Begun::NotRsu("It is gone.".to_owned())) };
        let outcome = finish(flight).await;
        match outcome {
            Ok(_) if gated => Err(ClusterError::Unsupported(format!(
                "Statement {index} came to its end on node {} although the gate held its table.",
                self.name(node)
            ))),
            Ok(done) => {
                self.hint(format!(
                    "Statement {index} was over on {} before RSU could be seen: it changes no table that could hold it.",
                    self.name(node)
                ));
                let event = Event::DdlFinished {
                    node: self.name(node),
                    statement: index,
                    seconds: 0.0,
                    error: None,
                    affected_rows: done.affected_rows,
                };
                self.tell(event);
                Ok(Begun::Ended)
            }
            Err(error) if error.code() == Some(LOCK_WAIT_TIMEOUT) => {
                Ok(Begun::Blocked(format!("On node {}, something holds the table: {error}", self.name(node))))
            }
            Err(error) => Err(error),
        }
    }

    /// Ends a held statement. The gate is opened only when it is gone.
    async fn end_flight(&mut self, why: String) -> Result<Begun, ClusterError> {
        let Some(flight) = self.flight.take() else { return Ok(Begun::NotRsu(why)) };
        if let Err(error) = self.connector.kill_query(&flight.node, flight.thread).await {
            return Err(self.still_held(flight, &error));
        }
        match finish(flight).await {
            Err(ClusterError::Interrupted { node, why }) => Err(ClusterError::Interrupted { node, why }),
            Err(_) => Ok(Begun::NotRsu(why)),
            // The kill came too late.
            Ok(_) => Ok(Begun::Ended),
        }
    }

    /// A held statement could not be ended. Its gate stays shut: it gives up by itself when its wait for the lock is over,
    /// and a survey sees that.
    fn still_held(&mut self, flight: Flight, error: &ClusterError) -> ClusterError {
        let node = flight.node.name.clone();
        self.flight = Some(flight);
        ClusterError::Interrupted { node, why: format!("the statement that is held there could not be ended: {error}") }
    }

    /// Opens the gate and waits for the end. `cancelled` turns true when the statement was killed on purpose.
    pub(super) async fn release(&mut self, node: usize, cancelled: &std::cell::Cell<bool>) -> Answer {
        let name = self.name(node);
        let Some(mut flight) = self.flight.take() else {
            return Answer::Unsure("No statement of this process runs there.".to_owned());
        };
        let started = Instant::now();
        let statement = flight.statement;
        let sql = without_secrets(&flight.sql).into_owned();
        self.tell(Event::DdlStarted { node: name.clone(), statement, direction: flight.direction, sql });
        if let Some(mut gate) = flight.gate.take() {
            // When it cannot be told, closing the connection opens it as well.
            let _ = gate.query_all("ROLLBACK").await;
            gate.close().await;
        }
        let thread = flight.thread;
        let mut next = Instant::now() + PROGRESS;
        let outcome = loop {
            tokio::select! {
                biased;
                ended = &mut flight.work => break joined(ended).await,
                () = tokio::time::sleep_until(next) => {
                    next = Instant::now() + PROGRESS;
                    self.progress(node, thread, statement, started).await;
                }
            }
        };
        let seconds = started.elapsed().as_secs_f64();
        self.seconds.ddl += seconds;
        let sum = self.seconds.ddl_by_node.get(&name).and_then(serde_json::Value::as_f64).unwrap_or(0.0);
        self.seconds.ddl_by_node.insert(name.clone(), serde_json::json!(sum + seconds));
        let error = outcome.as_ref().err().map(ToString::to_string);
        let affected_rows = outcome.as_ref().map_or(0, |done| done.affected_rows);
        self.tell(Event::DdlFinished { node: name.clone(), statement, seconds, error, affected_rows });
        match outcome {
            Ok(_) => Answer::Done,
            Err(error) if error.outcome_unknown() => Answer::Unsure(error.to_string()),
            Err(_) if cancelled.get() => Answer::Cancelled,
            Err(error) if error.code() == Some(LOCK_WAIT_TIMEOUT) => {
                let who = self.who_holds(node).await;
                let text = format!("On node {name}, something holds the table: {error}{who}");
                self.tell(Event::Retry { node: name, statement, text: text.clone() });
                Answer::Begun(Begun::Blocked(text))
            }
            Err(error) => Answer::Failed(crate::run::Fault::new(
                FaultKind::Failed,
                format!("Statement {statement} failed on node {name}: {error}"),
            )),
        }
    }

    async fn progress(&mut self, node: usize, thread: u32, statement: usize, started: Instant) {
        let Ok(eye) = self.eye(node).await else { return };
        let Ok(rows) = eye
            .query(&format!(
                "SELECT STATE, STAGE, MAX_STAGE, PROGRESS FROM information_schema.PROCESSLIST WHERE ID = {thread}"
            ))
            .await
        else {
            return;
        };
        let Some(row) = rows.first() else { return };
        let event = Event::DdlProgress {
            node: self.name(node),
            statement,
            state: row.get::<Option<String>>(0).ok().flatten().unwrap_or_default(),
            stage: [row.get(1).unwrap_or(0), row.get(2).unwrap_or(0)],
            percent: row.get(3).unwrap_or(0.0),
            seconds: started.elapsed().as_secs_f64(),
        };
        self.tell(event);
    }

    /// Transactions that are open on a node, in words. With `close-all` their sessions are closed.
    async fn who_holds(&mut self, node: usize) -> String {
        let Ok(holders) = self.holders(node).await else { return String::new() };
        if holders.is_empty() {
            return String::new();
        }
        let close = self.plan.policy.after_drain_timeout == AfterDrainTimeout::CloseAll;
        let mut texts = Vec::new();
        for (thread, text) in holders {
            let closed = close && self.close_session(node, thread).await.is_ok();
            texts.push(if closed { format!("{text}, now closed") } else { text });
        }
        format!(" Open transactions there: {}.", texts.join("; "))
    }

    /// The threads of clients that are in a transaction on a node, each in words.
    async fn holders(&mut self, node: usize) -> Result<Vec<(u64, String)>, ClusterError> {
        let rows = self
            .eye(node)
            .await?
            .query(
                "SELECT trx_mysql_thread_id, p.USER, p.HOST, TIMESTAMPDIFF(SECOND, trx_started, NOW()) FROM \
                 information_schema.INNODB_TRX JOIN information_schema.PROCESSLIST p ON p.ID = trx_mysql_thread_id WHERE \
                 p.ID <> CONNECTION_ID() AND p.USER <> 'system user' ORDER BY trx_started",
            )
            .await?;
        rows.iter()
            .map(|row| {
                let (id, user, host): (u64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let seconds: i64 = row.get(3)?;
                Ok((id, format!("thread {id} of {user}@{host}, in a transaction for {seconds} s")))
            })
            .collect()
    }

    /// Ends whatever statement of ours is left on a node: the one in flight, or one that a dead process left running.
    pub(super) async fn kill(&mut self, node: usize, pass: usize) -> Answer {
        let killed = match self.flight.take() {
            Some(flight) => match self.connector.kill_query(&flight.node, flight.thread).await {
                Ok(()) => finish(flight).await.map(drop).or_else(|error| match error {
                    ClusterError::Server { .. } => Ok(()),
                    other => Err(other),
                }),
                Err(error) => Err(self.still_held(flight, &error)),
            },
            None => self.kill_orphan(node, pass).await,
        };
        match killed {
            Ok(()) => Answer::Done,
            Err(error) => Answer::Unsure(error.to_string()),
        }
    }

    /// A statement that a dead process left running has exactly the text that it sent.
    async fn kill_orphan(&mut self, node: usize, pass: usize) -> Result<(), ClusterError> {
        let texts: Vec<String> = self
            .statements(pass)
            .iter()
            .flat_map(|statement| {
                let back = statement.way_back.as_ref().and_then(|way| way.sql.clone());
                [Some(statement.execute.clone()), back]
            })
            .flatten()
            .collect();
        let eye = self.eye(node).await?;
        let rows = eye
            .query("SELECT ID, INFO FROM information_schema.PROCESSLIST WHERE COMMAND IN ('Query', 'Execute')")
            .await?;
        for row in rows.iter() {
            let (id, info): (u64, Option<String>) = (row.get(0)?, row.get(1)?);
            if info.is_some_and(|info| texts.iter().any(|text| shows(&info, text))) {
                match eye.query_all(&format!("KILL QUERY {id}")).await {
                    Ok(_) => {}
                    Err(error) if error.code() == Some(1094) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Waits for an empty receive queue, sets `wsrep_desync=OFF` and waits for Synced.
    pub(super) async fn catch_up(&mut self, node: usize) -> Answer {
        let started = Instant::now();
        match self.try_catch_up(node).await {
            Ok(queue) => {
                let seconds = started.elapsed().as_secs_f64();
                self.seconds.catch_up += seconds;
                let event = Event::CaughtUp { node: self.name(node), seconds, queue };
                self.tell(event);
                Answer::Done
            }
            Err(error) if matches!(error, ClusterError::Interrupted { .. } | ClusterError::Connect { .. }) => {
                Answer::Unsure(error.to_string())
            }
            Err(error) => Answer::Failed(failed(error)),
        }
    }

    async fn try_catch_up(&mut self, node: usize) -> Result<u64, ClusterError> {
        let mut longest = 0;
        let mut empty = 0;
        let mut moved = (0, Instant::now());
        let mut told = Instant::now();
        loop {
            let now = provider(self.eye(node).await?).await?;
            longest = longest.max(now.recv_queue);
            empty = if now.recv_queue == 0 { empty + 1 } else { 0 };
            if empty >= 2 {
                break;
            }
            if now.last_committed != moved.0 {
                moved = (now.last_committed, Instant::now());
            }
            if moved.1.elapsed() > STANDSTILL {
                return Err(ClusterError::Unsupported(format!(
                    "Node {} has applied nothing for {} s, and {} write sets wait there.",
                    self.name(node),
                    STANDSTILL.as_secs(),
                    now.recv_queue
                )));
            }
            if now.recv_queue > 0 && told.elapsed() > PROGRESS {
                told = Instant::now();
                let event = Event::CatchUpProgress { node: self.name(node), queue: now.recv_queue };
                self.tell(event);
            }
            sleep(POLL).await;
        }
        self.set_desync(node, false).await?;
        let since = Instant::now();
        loop {
            let now = provider(self.eye(node).await?).await?;
            if now.state == 4 && now.ready && now.desync_count == 0 {
                return Ok(longest);
            }
            if since.elapsed() > SYNCED_WITHIN {
                return Err(ClusterError::Unsupported(format!(
                    "Node {} has not become Synced within {} s after wsrep_desync=OFF (wsrep_desync_count is {}).",
                    self.name(node),
                    SYNCED_WITHIN.as_secs(),
                    now.desync_count
                )));
            }
            sleep(POLL).await;
        }
    }
}

/// Whether what PROCESSLIST shows is this statement. It shows the first 65,535 bytes (PROCESS_LIST_INFO_WIDTH in the server's
/// source), which may cut a character in two.
fn shows(info: &str, text: &str) -> bool {
    const SURELY_SHOWN: usize = 65_000;
    let (info, text) = (info.trim(), text.trim());
    let mut cut = text.len().min(SURELY_SHOWN);
    while !text.is_char_boundary(cut) {
        cut -= 1;
    }
    if cut < text.len() { info.starts_with(&text[..cut]) } else { info == text }
}

/// Waits for a statement that was told to end, then opens its gate.
async fn finish(flight: Flight) -> Result<Outcome, ClusterError> {
    let outcome = joined(flight.work.await).await;
    if let Some(mut gate) = flight.gate {
        let _ = gate.query_all("ROLLBACK").await;
        gate.close().await;
    }
    outcome
}

async fn joined(
    ended: Result<(Session, Result<Outcome, ClusterError>), tokio::task::JoinError>,
) -> Result<Outcome, ClusterError> {
    match ended {
        Ok((session, outcome)) => {
            if session.is_usable() {
                session.close().await;
            }
            outcome
        }
        Err(error) => Err(ClusterError::Interrupted { node: String::new(), why: error.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_known_by_what_the_process_list_shows_of_it() {
        assert!(shows(" alter table t force", "alter table t force\n"));
        assert!(!shows("alter table t force, add c int", "alter table t force"));
        let long = format!("alter table t comment '{}'", "é".repeat(40_000));
        let cut = String::from_utf8_lossy(&long.as_bytes()[..65_535]).into_owned();
        assert!(shows(&cut, &long));
        assert!(!shows(&cut.replace("table t", "table u"), &long));
        assert!(!shows("alter table t comment 'é'", &long));
    }
}
