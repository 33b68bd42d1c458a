//! Empties a drained node and proves it: looks at both ends and does what the proof says.

use std::time::Duration;

use super::fleet::PAST_THE_DRAIN;
use super::proof::{Client, EVERY, Next, Proof, Rules, by_user_and_host};
use super::{Error, Fleet, FleetSaved, Pending, Trouble, Watch};

/// How long a balancer may be out of sight while a node is being emptied.
const UNSEEN: Duration = Duration::from_secs(10);

/// The clients of one node, by its own process list. The caller knows the node; this room does not.
pub trait Clients: Send {
    /// Every connection of a client: all but the node's own threads, replication, monitors and this program.
    fn list(&mut self) -> Pending<'_, Vec<Client>>;

    /// Whether the list can be made; without it the proof rests on what the balancers count.
    fn listed(&self) -> bool {
        true
    }

    /// Closes those that still sleep, are in no transaction and have run nothing since they were listed. Tells how
    /// many. One whose state cannot be seen is not closed.
    fn close_idle<'a>(&'a mut self, idle: &'a [Client]) -> Pending<'a, usize>;

    /// Closes these connections, whatever they do. Tells how many.
    fn close_all<'a>(&'a mut self, clients: &'a [Client]) -> Pending<'a, usize>;
}

/// How a node became empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Emptied {
    /// Time from the drain to the end of the proof.
    pub took: Duration,
    /// Idle connections that were closed.
    pub closed_idle: usize,
    /// Connections that were closed whatever they did.
    pub closed_busy: usize,
    /// Drains that a balancer had lost on the way and that were set again.
    pub repaired: Vec<String>,
}

/// What is told while a node is being emptied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Time since the drain.
    pub after: Duration,
    /// Sessions by the balancers' count, where they can count.
    pub sessions: Option<u64>,
    /// Clients in the node's process list.
    pub clients: usize,
}

impl Fleet {
    /// Waits until a drained node is empty, seen from both ends, and closes connections where `rules` say so. A drain
    /// that was lost on the way is set again.
    ///
    /// Dropping the future leaves the node drained.
    ///
    /// # Errors
    /// [`Trouble::Stayed`] when connections stay, with their users and hosts; otherwise the end that could not be seen.
    pub async fn wait_until_empty(
        &self,
        saved: &FleetSaved,
        clients: &mut dyn Clients,
        rules: Rules,
        mut progress: impl FnMut(Progress),
    ) -> Result<Emptied, Error> {
        let started = tokio::time::Instant::now();
        let mut proof = Proof::new(rules);
        let mut emptied = Emptied::default();
        let mut unseen = None;
        let mut shut = false;
        loop {
            let watch = match self.watch(saved).await {
                Ok(watch) => {
                    unseen = None;
                    watch
                }
                // A balancer that is being reloaded or restarted is not seen for a moment; nothing is proven then.
                Err(error) if error.trouble == Trouble::Unreachable => {
                    if unseen.get_or_insert_with(tokio::time::Instant::now).elapsed() > UNSEEN {
                        return Err(error);
                    }
                    Watch::default()
                }
                Err(error) => return Err(error),
            };
            let there = clients.list().await?;
            let now = started.elapsed();
            emptied.repaired.extend(watch.repaired.iter().cloned());
            shut &= watch.holds;
            progress(Progress { after: now, sessions: watch.sessions, clients: there.len() });
            match proof.look(now, &watch, &there) {
                Next::Empty => {
                    // Nobody is there who could be cut; from here on nobody comes whom a drain lets through.
                    if !std::mem::replace(&mut shut, true) && self.shut(saved).await? {
                        proof.confirm();
                        continue;
                    }
                    emptied.took = now;
                    return Ok(emptied);
                }
                Next::Look(pause) => tokio::time::sleep(pause).await,
                Next::CloseIdle(idle) => emptied.closed_idle += clients.close_idle(&idle).await?,
                Next::CloseAll(all) => emptied.closed_busy += clients.close_all(&all).await?,
                // Without the process list nobody knows whether they have a connection.
                Next::EndLeftovers if clients.listed() => self.end_sessions(saved).await?,
                Next::EndLeftovers => tokio::time::sleep(EVERY).await,
                Next::Stayed => {
                    return Err(stayed(&saved.node, now, &watch, clients.listed().then_some(&there), proof.came()));
                }
            }
        }
    }
}

/// `there` is `None` where the process list was left out.
fn stayed(node: &str, now: Duration, watch: &Watch, there: Option<&Vec<Client>>, came: u64) -> Error {
    let seconds = now.as_secs();
    let counted =
        format!("After {seconds} s the balancers still count {} session(s) on {node}", watch.sessions.unwrap_or(0));
    let message = match there {
        None => format!("{counted}."),
        Some(there) if there.is_empty() => format!("{counted}, although its process list shows no client."),
        Some(there) => format!(
            "After {seconds} s there are still {} client connection(s) on {node}: {}.",
            there.len(),
            by_user_and_host(there)
        ),
    };
    let mut error = Error::new(Trouble::Stayed, format!("node {node}"), message).hint(match there {
        None => "Let the application return its connections, or raise [policy] drain_timeout.",
        Some(_) => {
            "Let the application return its connections, raise [policy] drain_timeout, or set after_drain_timeout to \
             close-idle (closes those that idle outside a transaction) or close-all."
        }
    });
    if watch.sessions == Some(0) && there.is_some_and(|there| !there.is_empty()) {
        error = error.hint("The balancers count no session of theirs, so these connections come past them.");
    }
    if came > 0 {
        error = error.hint(format!("{came} new session(s) came to it although it was drained. {PAST_THE_DRAIN}"));
    }
    error.hints.extend(watch.notes.iter().cloned());
    error
}
