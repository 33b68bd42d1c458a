//! A node goes out of rotation, and comes back.

use crate::balancer::{Rules, Trouble};
use crate::run::{Answer, Event, Fault, FaultKind};

use super::clients::ProcessList;
use super::crew::{Crew, failed};
use super::drive::Stop;

impl Crew<'_> {
    /// Remembers what is in the balancers for a node, so that it is in the journal before it is changed.
    pub(super) async fn remember(&mut self, node: usize) -> Result<(), Fault> {
        let name = self.name(node);
        if self.rotation.contains_key(&name) {
            return Ok(());
        }
        let saved = self.fleet.remember(&name).await.map_err(|error| {
            let kind = match error.trouble {
                Trouble::Unreachable | Trouble::Forbidden => FaultKind::Unobservable,
                _ => FaultKind::Refused,
            };
            Fault::new(kind, error.to_string())
        })?;
        self.rotation.insert(name, saved);
        Ok(())
    }

    /// Takes a node out of every balancer and proves that no client is left on it. Asked to stop, it ends between the two:
    /// an order to a balancer is never dropped before its outcome is known.
    pub(super) async fn drain(&mut self, node: usize, stop: &Stop) -> Answer {
        let started = tokio::time::Instant::now();
        let name = self.name(node);
        let Some(saved) = self.rotation.get(&name).cloned() else {
            return Answer::Failed(failed("What the balancers say of the node was not remembered."));
        };
        // From now on the journal goes through nodes that stay.
        let mut ours = Vec::new();
        if let Some(book) = &mut self.book {
            book.avoid(Some(&name)).await;
            ours.extend(book.thread().await.filter(|(at, _)| *at == name).map(|(_, thread)| thread));
        }
        let monitors = match self.fleet.monitors().await {
            Ok(monitors) => monitors,
            Err(error) => return Answer::Failed(failed(error)),
        };
        self.tell(Event::DrainStarted { node: name.clone() });
        if stop.is_asked.get() {
            return Answer::Cancelled;
        }
        if let Err(error) = self.fleet.drain(&saved).await {
            return Answer::Failed(failed(error));
        }
        let policy = &self.plan.policy;
        let rules = Rules { timeout: policy.drain_timeout, then: policy.after_drain_timeout };
        if let Err(error) = self.eye(node).await {
            return Answer::Failed(failed(error));
        }
        let Some(mut session) = self.eyes[node].take() else {
            return Answer::Failed(failed("There is no session with the node."));
        };
        let (progress, mut reports) = tokio::sync::mpsc::unbounded_channel();
        let outcome = {
            let mut list = ProcessList::new(&mut session, ours, monitors);
            let fleet = &self.fleet;
            let work = fleet.wait_until_empty(&saved, &mut list, rules, move |seen| {
                let _ = progress.send(seen);
            });
            tokio::pin!(work);
            let mut told = None;
            loop {
                tokio::select! {
                    biased;
                    Some(seen) = reports.recv() => {
                        let now = (seen.sessions, seen.clients);
                        if told != Some(now) && seen.clients > 0 {
                            told = Some(now);
                            let event = Event::DrainProgress { node: name.clone(), sessions: seen.sessions, clients: seen.clients };
                            super::crew::stamp(&mut *self.sink, &self.run, self.started, event);
                        }
                    }
                    () = stop.asked() => break None,
                    outcome = &mut work => break Some(outcome),
                }
            }
        };
        self.eyes[node] = Some(session);
        let seconds = started.elapsed().as_secs_f64();
        self.seconds.drain += seconds;
        match outcome {
            None => Answer::Cancelled,
            Some(Ok(emptied)) => {
                for balancer in emptied.repaired {
                    self.hint(format!("{balancer} had lost the drain of {name}; it was set again."));
                }
                let closed = emptied.closed_idle + emptied.closed_busy;
                self.tell(Event::Drained { node: name, seconds, closed });
                Answer::Done
            }
            Some(Err(error)) => {
                for hint in &error.hints {
                    self.hint(hint.clone());
                }
                Answer::Failed(failed(error))
            }
        }
    }

    /// Gives a node back to every balancer and waits until it serves.
    pub(super) async fn admit(&mut self, node: usize) -> Answer {
        let started = tokio::time::Instant::now();
        let name = self.name(node);
        let Some(saved) = self.rotation.get(&name).cloned() else {
            // Nothing was changed, or nobody knows what to put back.
            return match self.fleet.serves(&name).await {
                Ok(true) => Answer::Done,
                Ok(false) => Answer::Failed(failed(format!(
                    "Node {name} is out of rotation, and the journal does not hold what was there before."
                ))),
                Err(error) => Answer::Failed(failed(error)),
            };
        };
        if let Err(error) = self.fleet.admit(&saved).await {
            return Answer::Failed(failed(error));
        }
        if let Err(error) = self.fleet.wait_until_served(&saved).await {
            return Answer::Failed(failed(error));
        }
        self.rotation.remove(&name);
        if let Some(book) = &mut self.book {
            book.avoid(None).await;
        }
        let seconds = started.elapsed().as_secs_f64();
        self.seconds.admit += seconds;
        self.tell(Event::Admitted { node: name, seconds });
        Answer::Done
    }
}
