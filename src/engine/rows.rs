//! The rows, asked while a conversion window is open: whether a value has come that only one of the two schemas can hold.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep, sleep_until};

use super::crew::{Crew, stamp};
use super::look::{Look, one_of_each};
use super::planner::CHECK_TIMEOUT;
use crate::cluster::{ClusterError, Session};
use crate::run::{Answer, Event, Goal, State};

/// So many times what a question may take in a plan it may take here: the nodes are at work meanwhile, and a run that
/// stops half-way is the dearer thing.
const MORE_TIME: u32 = 10;

/// After so long somebody wants to know what is waited for.
const NOTICEABLE: Duration = Duration::from_secs(1);

/// ER_STATEMENT_TIMEOUT.
const TOO_LONG: u16 = 1969;

/// What the rows of each node that was asked have said: the first value that does not fit, or is not known to, in words.
pub(super) type Answers = Vec<(usize, Result<Option<String>, ClusterError>)>;

/// The first guard that finds a row, or that has not come to its end, in words.
async fn misfit(session: &mut Session, guards: &[String], limit: Duration) -> Result<Option<String>, ClusterError> {
    let seconds = limit.as_secs_f64();
    for guard in guards {
        let asked = format!("SET STATEMENT max_statement_time = {seconds:.3} FOR {guard}");
        match session.query_all_within(&asked, limit + Duration::from_secs(5)).await {
            Ok(sets) if sets.iter().all(|rows| rows.is_empty()) => {}
            Ok(_) => {
                return Ok(Some(format!(
                    "A row holds a value that only one of the old and the new type can: on nodes with the other type it would \
                     be cut. The guard that found it: {guard}"
                )));
            }
            Err(error) if error.code() == Some(TOO_LONG) => {
                return Ok(Some(format!(
                    "Whether a row holds a value that only one of the old and the new type can is not known: node {} had not \
                     answered after {seconds} s. Resume the run when the node has less to do. The guard that was asked: {guard}",
                    session.node()
                )));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

impl Crew<'_> {
    /// Waits while a node that is back serves. In a window the rows are asked at the end of that time instead of behind it:
    /// the statement has read and written the table, so a question that only reads it takes no longer.
    pub(super) async fn settle(&mut self, node: usize, state: &State) -> Answer {
        let time = self.plan.policy.settle;
        if state.goal == Goal::Stop || time.is_zero() {
            return Answer::Done;
        }
        self.tell(Event::Settling { node: self.name(node), seconds: time.as_secs_f64() });
        let end = Instant::now() + time;
        self.seconds.settle += time.as_secs_f64();
        if state.window {
            sleep(time.saturating_sub(self.last_ddl)).await;
            let left = end.saturating_duration_since(Instant::now());
            let started = Instant::now();
            self.rows = self.ask_one_of_each(state, left).await;
            self.seconds.survey += started.elapsed().saturating_sub(left).as_secs_f64();
        }
        sleep_until(end).await;
        Answer::Done
    }

    /// Asks one node for each number of statements that nodes hold; `None` when one of them cannot be asked. All nodes are
    /// home.
    async fn ask_one_of_each(&mut self, state: &State, quietly: Duration) -> Option<Answers> {
        let nodes: BTreeMap<usize, usize> =
            state.nodes.iter().enumerate().map(|(number, node)| (node.done, number)).collect();
        let nodes: Vec<usize> = nodes.into_values().collect();
        for node in &nodes {
            self.eye(*node).await.ok()?;
        }
        Some(self.ask(state.pass, &nodes, quietly).await)
    }

    /// Lets the rows speak in a survey: those that were asked while a node settled, or they are asked now.
    pub(super) async fn hear_rows(&mut self, pass: usize, looks: &mut [Result<Look, ClusterError>]) {
        let answers = match self.rows.take() {
            Some(answers) => answers,
            None => self.ask(pass, &one_of_each(looks), Duration::ZERO).await,
        };
        for (node, found) in answers {
            match (found, &mut looks[node]) {
                (Ok(found), Ok(look)) => look.misfit = found,
                (Err(error), look) => *look = Err(error),
                (Ok(_), Err(_)) => {}
            }
        }
    }

    /// Asks the rows on these nodes for values that do not fit. Nodes of one schema hold the same rows, so one of them is
    /// enough: a question may read the whole table. It is told when it takes noticeably longer than `quietly`.
    async fn ask(&mut self, pass: usize, nodes: &[usize], quietly: Duration) -> Answers {
        let statements = self.statements(pass);
        let windows = statements.iter().filter_map(|statement| statement.conversion_window.as_ref());
        let guards: Vec<String> = windows.flat_map(|window| window.guards.clone()).collect();
        if guards.is_empty() {
            return Vec::new();
        }
        let limit = self.plan.check_timeout.unwrap_or(CHECK_TIMEOUT) * MORE_TIME;
        let eyes = self.eyes.iter_mut().enumerate().filter(|(node, _)| nodes.contains(node));
        let work = eyes.filter_map(|(node, eye)| Some((node, eye.as_mut()?)));
        let answers = join_all(work.map(async |(node, eye)| (node, misfit(eye, &guards, limit).await)));
        tokio::pin!(answers);
        tokio::select! {
            biased;
            answers = &mut answers => answers,
            () = sleep(quietly + NOTICEABLE) => {
                let text = "The rows are asked for values that only one of the two schemas can hold.".to_owned();
                stamp(self.sink, &self.run, self.started, Event::Waiting { text });
                answers.await
            }
        }
    }
}
