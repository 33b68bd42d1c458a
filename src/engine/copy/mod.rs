//! A table that is changed by a copy: Percona Toolkit's tool fills a second table, this program looks whether it is whole,
//! swaps the two in one TOI statement, and clears away.
//!
//! The tool is never let near the table's own name, so a tool that lost its master can do no harm: all that it leaves
//! is a second table and triggers, and `tidy` removes those. When it is interrupted it leaves them by itself as well
//! (its source: "Not dropping triggers because the tool was interrupted").

mod tool;
mod traces;

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

pub(in crate::engine) use tool::tool_version;
pub(in crate::engine) use traces::leftovers;

use super::crew::{Crew, failed};
use crate::cluster::{ClusterError, Session, quote_name};
use crate::ddl::model::Settings;
use crate::plan::{COPY_TOOL, TableCopy, shell_word};
use crate::run::{Answer, Direction, Event, Fault, FaultKind};
use crate::sql::without_secrets;
use tool::{Said, Tool};
use traces::{Names, Traces, traces};

/// How often it is looked whether the tool has logged in.
const LOOK: Duration = Duration::from_millis(100);
/// The tool waits for a quieter moment when more threads run than this, or twice as many as at its start.
const BUSY_THREADS: u64 = 25;
/// How long the sessions of a tool may take to end once they were told to: a chunk is rolled back first.
const SESSIONS_END_WITHIN: Duration = Duration::from_secs(60);
/// How long one question to all rows may take before a swap. As long as it takes, in effect: hours of copying hang on it.
const COUNT_WITHIN: Duration = Duration::from_secs(24 * 3600);

impl Crew<'_> {
    fn copy_names(&self, pass: usize, place: usize) -> Option<(usize, TableCopy, Names)> {
        let statement = self.statement(pass, place)?;
        // A text that may hold a secret is not in the journal, and its copy cannot be made again.
        let copy = statement.copy.clone()?;
        let names = Names::of(&self.run, &copy);
        Some((statement.index, copy, names))
    }

    /// Has the tool fill the second table, and looks whether it is whole.
    pub(super) async fn copy(&mut self, pass: usize, place: usize) -> Answer {
        let Some((statement, copy, names)) = self.copy_names(pass, place) else { return Answer::Failed(no_plan()) };
        if copy.alter.is_empty() {
            return Answer::Failed(no_plan());
        }
        if let Err(why) = tool_version().await {
            return Answer::Failed(Fault::new(FaultKind::Refused, format!("{COPY_TOOL} cannot be run here: {why}.")));
        }
        // The node that is written most: there a row that both the tool and the application want is waited for. On any
        // other node the later one of the two would fail at certification.
        let node = self.nodes.len() - 1;
        let started = Instant::now();
        let copied = self.run_tool(node, statement, &copy, &names).await;
        let seconds = started.elapsed().as_secs_f64();
        self.seconds.ddl += seconds;
        let error = copied.as_ref().err().map(|fault| fault.text.clone());
        let name = self.name(node);
        self.tell(Event::DdlFinished { node: name, statement, seconds, error, affected_rows: 0 });
        match copied {
            Ok(()) => match self.whole(node, &copy, &names).await {
                Ok(()) => Answer::Done,
                Err(fault) => Answer::Failed(fault),
            },
            Err(fault) => Answer::Failed(fault),
        }
    }

    async fn run_tool(&mut self, node: usize, statement: usize, copy: &TableCopy, names: &Names) -> Result<(), Fault> {
        let (load, encrypted) = self.surroundings(node).await.map_err(failed)?;
        let login = self.connector.client_file(&self.nodes[node], encrypted, &names.register()).map_err(failed)?;
        let arguments = copy.arguments(&names.new, load);
        let dsn = format!("D={},t={}", copy.database, copy.table);
        let mut tool = Tool::start(&arguments, &dsn, &login)
            .map_err(|error| failed(format!("{COPY_TOOL} did not start: {error}")))?;
        drop(login);
        let name = self.name(node);
        let words: Vec<String> = arguments.iter().map(|word| shell_word(word)).collect();
        let sql = without_secrets(&format!("{COPY_TOOL} {} {dsn}", words.join(" "))).into_owned();
        self.tell(Event::DdlStarted { node: name.clone(), statement, direction: Direction::Forward, sql });
        let started = Instant::now();
        let mut registered = false;
        let mut look = Instant::now() + LOOK;
        loop {
            tokio::select! {
                biased;
                said = tool.next() => match said {
                    None => break,
                    Some(Said::Copied(percent)) => {
                        let (state, seconds) = ("copying rows".to_owned(), started.elapsed().as_secs_f64());
                        self.tell(Event::DdlProgress { node: name.clone(), statement, state, stage: [1, 1], percent, seconds });
                    }
                    Some(Said::Pauses(text)) => self.tell(Event::Waiting { text }),
                    Some(Said::Line(_)) => {}
                },
                () = sleep_until(look), if !registered => {
                    look = Instant::now() + LOOK;
                    let eye = self.eye(node).await.map_err(failed)?;
                    // Both sessions are there: it needs to log in no more.
                    if traces(eye, names).await.map_err(failed)?.sessions.len() >= 2 {
                        registered = true;
                        tool.forget_login().map_err(failed)?;
                    }
                }
            }
        }
        tool.end().await.map_err(failed)
    }

    /// How many threads may run on the node before the tool waits, and whether our session with it is encrypted.
    async fn surroundings(&mut self, node: usize) -> Result<(u64, bool), ClusterError> {
        let eye = self.eye(node).await?;
        let sets = eye
            .query_all(
                "SELECT CAST(VARIABLE_VALUE AS UNSIGNED) FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'THREADS_RUNNING'; \
                 SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'SSL_CIPHER'",
            )
            .await?;
        let running = sets.first().map(|rows| rows.scalar::<u64>()).transpose()?.flatten().unwrap_or(0);
        let cipher = sets.get(1).map(|rows| rows.scalar::<String>()).transpose()?.flatten().unwrap_or_default();
        Ok((BUSY_THREADS.max(running * 2), !cipher.is_empty()))
    }

    /// Looks whether the copy is whole: its triggers are there, its definition is the planned one, no row of the table is
    /// one that the copy would have left out or cut, and it holds as many rows, all in one snapshot.
    async fn whole(&mut self, node: usize, copy: &TableCopy, names: &Names) -> Result<(), Fault> {
        let eye = self.eye(node).await.map_err(failed)?;
        let there = traces(eye, names).await.map_err(failed)?;
        if !there.new || there.triggers.len() != 3 {
            return Err(failed(format!(
                "{COPY_TOOL} said that all is well, and {} or one of its three triggers is not there.",
                names.new
            )));
        }
        let mut session = self.connector.session(&self.nodes[node]).await.map_err(failed)?;
        // As the plan read and asked: definitions and questions depend on it.
        session.query_all("SET SESSION sql_mode = ''").await.map_err(failed)?;
        let settings = Settings::of(session.version().map_err(failed)?);
        let table = definition(&mut session, &names.full(&names.table)).await.map_err(failed)?;
        let made = definition(&mut session, &names.full(&names.new)).await.map_err(failed)?;
        if let Some(why) = copy.misfit(&table, &made, &settings) {
            return Err(failed(format!("The copy is not what the plan says: {why}.")));
        }
        for guard in &copy.guards {
            let rows = session.query_all_within(guard, COUNT_WITHIN).await.map_err(failed)?;
            if rows.first().is_some_and(|rows| !rows.is_empty()) {
                return Err(failed(format!(
                    "A row was written meanwhile that the copy cannot hold as it is. The question that found it: {guard}"
                )));
            }
        }
        let counts = session
            .query_all_within(
                &format!(
                    "START TRANSACTION WITH CONSISTENT SNAPSHOT; SELECT COUNT(*) FROM {}; SELECT COUNT(*) FROM {}; ROLLBACK",
                    names.full(&names.table),
                    names.full(&names.new)
                ),
                COUNT_WITHIN,
            )
            .await
            .map_err(failed)?;
        session.close().await;
        let count = |set: usize| counts.get(set).and_then(|rows| rows.scalar::<u64>().ok().flatten());
        match (count(0), count(1)) {
            (Some(table), Some(copy)) if table == copy => Ok(()),
            (table, copy) => Err(failed(format!(
                "The copy holds {} rows and the table {}: some would be lost.",
                shown(copy),
                shown(table)
            ))),
        }
    }

    /// Swaps the table and its copy everywhere. A swap that has happened already is done.
    pub(super) async fn swap(&mut self, pass: usize, place: usize) -> Answer {
        let Some((statement, _, names)) = self.copy_names(pass, place) else { return Answer::Failed(no_plan()) };
        let there = match self.eye(0).await {
            Ok(eye) => traces(eye, &names).await,
            Err(error) => Err(error),
        };
        match there {
            Err(error) => return Answer::Failed(failed(error)),
            Ok(there) if there.swapped() => return Answer::Done,
            Ok(there) if !there.new || there.old || there.triggers.len() != 3 => {
                return Answer::Failed(failed(format!("{} is not what it was when it was looked at.", names.new)));
            }
            Ok(_) => {}
        }
        // A table without statistics is read by the wrong key until the server has counted.
        self.send(statement, names.swap(), &format!("; ANALYZE TABLE {}", names.full(&names.new))).await.0
    }

    /// Whether the table was swapped on a node, for a survey.
    pub(super) async fn swapped(&mut self, pass: usize, node: usize) -> Result<bool, ClusterError> {
        let Some((_, _, names)) = self.copy_names(pass, 0) else { return Ok(false) };
        Ok(traces(self.eye(node).await?, &names).await?.swapped())
    }

    /// What of a copy is still there, in words; `None` when nothing is.
    pub(super) async fn copy_left(&mut self, pass: usize) -> Result<Option<String>, ClusterError> {
        let Some((_, _, names)) = self.copy_names(pass, 0) else { return Ok(None) };
        let left = self.all_traces(&names).await?;
        let node = left.iter().position(|it| !it.none());
        Ok(node.map(|node| format!("node {} still has sessions, triggers or tables of the copy", self.name(node))))
    }

    /// Removes what a copy has left, and sees that nothing is.
    pub(super) async fn tidy(&mut self, pass: usize, place: usize) -> Answer {
        let Some((_, _, names)) = self.copy_names(pass, place) else { return Answer::Failed(no_plan()) };
        match self.try_tidy(&names).await {
            Ok(Ok(())) => Answer::Done,
            Ok(Err(fault)) => Answer::Failed(fault),
            Err(error) => Answer::Failed(Fault::new(
                FaultKind::Failed,
                format!(
                    "What the copy has left could not be removed: {error} By hand, once no session of {COPY_TOOL} is there: drop \
                     the triggers on {} that write to {new}, then DROP TABLE IF EXISTS {new}, {old}.",
                    names.full(&names.table),
                    new = names.full(&names.new),
                    old = names.full(&names.old)
                ),
            )),
        }
    }

    async fn try_tidy(&mut self, names: &Names) -> Result<Result<(), Fault>, ClusterError> {
        let left = self.end_sessions(names).await?;
        if left.iter().any(|it| it.old) && left.iter().any(|it| it.new) {
            // Never drop either while it is not certain which of them is the table.
            return Ok(Err(Fault::new(
                FaultKind::Unknown,
                format!(
                    "Both {} and {} are there: look on every node which of them is the table.",
                    names.new, names.old
                ),
            )));
        }
        let mut drops: Vec<String> = Vec::new();
        for trigger in left.iter().flat_map(|it| &it.triggers) {
            let drop = format!("DROP TRIGGER IF EXISTS {}.{}", quote_name(&names.database), quote_name(trigger));
            if !drops.contains(&drop) {
                drops.push(drop);
            }
        }
        // The triggers go first: without the table that they write to, every write of the application would fail.
        if left.iter().any(|it| it.new) {
            drops.push(format!("DROP TABLE IF EXISTS {}", names.full(&names.new)));
        }
        if left.iter().any(|it| it.old) {
            drops.push(format!("DROP TABLE IF EXISTS {}", names.full(&names.old)));
        }
        if !drops.is_empty() {
            let mut session = self.toi_session("").await?;
            for drop in &drops {
                session.execute(drop, None).await?;
            }
            session.close().await;
            self.hint(format!("Cleared away: {}.", drops.join("; ")));
        }
        let deadline = Instant::now() + SESSIONS_END_WITHIN;
        while self.all_traces(names).await?.iter().any(|it| !it.none()) {
            if Instant::now() > deadline {
                return Err(ClusterError::Unsupported("it is still there on some node.".to_owned()));
            }
            sleep(LOOK).await;
        }
        Ok(Ok(()))
    }

    /// Ends the tool's sessions on every node, and waits until none is left. A tool whose process is dead may still have a
    /// chunk at work, and one whose process lives on another host ends with its sessions.
    async fn end_sessions(&mut self, names: &Names) -> Result<Vec<Traces>, ClusterError> {
        let deadline = Instant::now() + SESSIONS_END_WITHIN;
        loop {
            let left = self.all_traces(names).await?;
            if left.iter().all(|it| it.sessions.is_empty()) {
                return Ok(left);
            }
            if Instant::now() > deadline {
                return Err(ClusterError::Unsupported(format!("A session of {COPY_TOOL} does not end.")));
            }
            for (node, it) in left.iter().enumerate() {
                for thread in &it.sessions {
                    self.connector.kill_connection(&self.nodes[node], *thread).await?;
                }
            }
            sleep(LOOK).await;
        }
    }

    async fn all_traces(&mut self, names: &Names) -> Result<Vec<Traces>, ClusterError> {
        let mut all = Vec::new();
        for node in 0..self.nodes.len() {
            all.push(traces(self.eye(node).await?, names).await?);
        }
        Ok(all)
    }
}

async fn definition(session: &mut Session, table: &str) -> Result<String, ClusterError> {
    let rows = session.query(&format!("SHOW CREATE TABLE {table}")).await?;
    let shape = || ClusterError::Shape { node: session.node().to_owned(), what: "no definition".to_owned() };
    rows.first().ok_or_else(shape)?.get(1)
}

fn shown(count: Option<u64>) -> String {
    count.map_or_else(|| "an unknown number of".to_owned(), |count| count.to_string())
}

fn no_plan() -> Fault {
    failed(
        "What is to be copied is not in the journal, because the statement may hold a secret. Apply it from its file.",
    )
}
