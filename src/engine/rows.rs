//! The rows, asked while a conversion window is open: whether a value has come that only one of the two schemas can hold.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::crew::Crew;
use super::look::{Look, one_of_each};
use super::planner::CHECK_TIMEOUT;
use crate::cluster::{ClusterError, Connector, Node};
use crate::run::{Answer, Event, Goal, State};

/// So many times what a question may take in a plan it may take here: the nodes are at work meanwhile, and a run that
/// stops half-way is the dearer thing.
const MORE_TIME: u32 = 10;

/// After so long somebody wants to know what is waited for.
const NOTICEABLE: Duration = Duration::from_secs(1);

/// The nodes whose rows are being asked. Each answers with the first value that does not fit, or is not known to, in words.
pub(super) type Asked = JoinSet<(usize, Result<Option<String>, ClusterError>)>;

async fn misfit(
    connector: &Connector,
    node: &Node,
    guards: &[String],
    limit: Duration,
) -> Result<Option<String>, ClusterError> {
    let mut session = connector.observer(node).await?;
    for guard in guards {
        match session.ask(guard, limit).await {
            Ok(rows) if rows.is_empty() => {}
            Ok(_) => {
                return Ok(Some(format!(
                    "A row holds a value that only one of the old and the new type can: on nodes with the other type it would \
                     be cut. The guard that found it: {guard}"
                )));
            }
            Err(error) if error.is_too_late() => {
                return Ok(Some(format!(
                    "Whether a row holds a value that only one of the old and the new type can is not known: node {} had not \
                     answered after {} s. Resume the run when the node has less to do. The guard that was asked: {guard}",
                    node.name,
                    limit.as_secs_f64()
                )));
            }
            // A statement before it in the pass makes the column, and has not come here yet: it holds no value.
            Err(error) if error.names_nothing() => {}
            Err(error) => return Err(error),
        }
    }
    session.close().await;
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
        if state.window {
            sleep(time.saturating_sub(self.last_ddl)).await;
            // One node for each number of statements that nodes hold: all of them are home.
            let nodes: BTreeMap<usize, usize> =
                state.nodes.iter().enumerate().map(|(number, node)| (node.done, number)).collect();
            self.ask_rows(state.pass, nodes.into_values());
        }
        sleep_until(end).await;
        self.seconds.settle += time.as_secs_f64();
        Answer::Done
    }

    /// The last statement is about to be let go on the last node. RSU is proven, so the node applies nothing more before it:
    /// what another node holds now is all that can have been cut, and what comes later meets the new type everywhere.
    pub(super) fn ask_before_the_last(&mut self, state: &State, node: usize, statement: usize) {
        let all = self.pass(state.pass).map_or(0, |pass| pass.statements.len());
        let others: Vec<usize> = (0..state.nodes.len()).filter(|number| *number != node).collect();
        let is_last = statement + 1 == all && others.iter().all(|other| state.nodes[*other].done == all);
        if state.window && state.goal == Goal::Forward && is_last {
            self.ask_rows(state.pass, others.into_iter().take(1));
        }
    }

    /// Puts the questions of the pass to the rows of these nodes. Nodes of one schema hold the same rows, so one of them is
    /// enough: a question may read the whole table.
    fn ask_rows(&mut self, pass: usize, nodes: impl IntoIterator<Item = usize>) {
        let guards = self.guards(pass);
        // It reads what the statement has just read and written, however large that is.
        let limit = (self.plan.check_timeout.unwrap_or(CHECK_TIMEOUT) * MORE_TIME).max(self.last_ddl * 2);
        self.rows = Asked::new();
        for node in nodes.into_iter().filter(|_| !guards.is_empty()) {
            let (connector, at, guards) = (self.connector.clone(), self.nodes[node].clone(), guards.clone());
            self.rows.spawn(async move { (node, misfit(&connector, &at, &guards, limit).await) });
        }
    }

    fn guards(&self, pass: usize) -> Vec<String> {
        let statements = self.statements(pass);
        let windows = statements.iter().filter_map(|statement| statement.conversion_window.as_ref());
        windows.flat_map(|window| window.guards.clone()).collect()
    }

    /// Lets the rows speak in a survey: those that were asked already, or they are asked now. A run that stops does not wait
    /// for them, and does not know then what they would have said.
    pub(super) async fn hear_rows(&mut self, state: &State, looks: &mut [Result<Look, ClusterError>]) {
        if self.guards(state.pass).is_empty() {
            return;
        }
        if state.goal == Goal::Stop {
            for look in looks.iter_mut().flatten() {
                look.misfit = Some("The rows were not asked, because the run was to stop.".to_owned());
            }
            return;
        }
        if self.rows.is_empty() {
            self.ask_rows(state.pass, one_of_each(looks));
        }
        let answers = std::mem::take(&mut self.rows).join_all();
        tokio::pin!(answers);
        let answers = tokio::select! {
            biased;
            answers = &mut answers => answers,
            () = sleep(NOTICEABLE) => {
                self.tell(Event::Waiting {
                    text: "The rows are asked for values that only one of the two schemas can hold.".to_owned(),
                });
                answers.await
            }
        };
        for (node, found) in answers {
            match (found, &mut looks[node]) {
                (Ok(found), Ok(look)) => look.misfit = found,
                (Err(error), look) => *look = Err(error),
                (Ok(_), Err(_)) => {}
            }
        }
    }
}
