//! A node goes out of rotation, and comes back.

use crate::balancer::{Client, Clients, Error, Pending, Rules, Trouble};
use crate::cluster::Session;
use crate::run::{Answer, Event, Fault, FaultKind};

use super::crew::{Crew, failed};

/// The clients of a node, by its process list, seen through a session of ours.
struct ProcessList<'a> {
    session: &'a mut Session,
    /// Threads of this program.
    ours: Vec<u64>,
    /// Users of the balancers' own health checks.
    monitors: Vec<String>,
}

/// System threads, replication, and the commands that no client runs.
const CLIENTS: &str = "SELECT ID, USER, HOST, COMMAND, QUERY_ID FROM information_schema.PROCESSLIST WHERE USER NOT IN ('system \
    user', 'event_scheduler') AND COMMAND NOT IN ('Daemon', 'Binlog Dump', 'Connect') AND ID <> CONNECTION_ID()";

impl ProcessList<'_> {
    fn trouble(&self, error: &impl std::fmt::Display) -> Error {
        Error::new(Trouble::Unreachable, format!("node {}", self.session.node()), error.to_string())
    }

    async fn read(&mut self) -> Result<Vec<Client>, crate::cluster::ClusterError> {
        let rows = self.session.query(CLIENTS).await?;
        let mut clients = Vec::new();
        for row in rows.iter() {
            let id = row.get("ID")?;
            if !self.ours.contains(&id) && !self.monitors.contains(&row.get::<String>("USER")?) {
                clients.push(Client {
                    id,
                    user: row.get("USER")?,
                    host: row.get("HOST")?,
                    command: row.get("COMMAND")?,
                    query_id: row.get("QUERY_ID")?,
                });
            }
        }
        Ok(clients)
    }

    async fn kill(&mut self, ids: &[u64]) -> Result<usize, Error> {
        let mut killed = 0;
        for id in ids {
            match self.session.query_all(&format!("KILL CONNECTION {id}")).await {
                Ok(_) => killed += 1,
                // It has left by itself.
                Err(error) if error.code() == Some(1094) => {}
                Err(error) => return Err(self.trouble(&error)),
            }
        }
        Ok(killed)
    }
}

impl Clients for ProcessList<'_> {
    fn list(&mut self) -> Pending<'_, Vec<Client>> {
        Box::pin(async move {
            let clients = self.read().await;
            clients.map_err(|error| self.trouble(&error))
        })
    }

    fn close_idle<'a>(&'a mut self, idle: &'a [Client]) -> Pending<'a, usize> {
        Box::pin(async move {
            let now = self.read().await.map_err(|error| self.trouble(&error))?;
            let busy = self
                .session
                .query("SELECT trx_mysql_thread_id FROM information_schema.INNODB_TRX")
                .await
                .and_then(|rows| rows.iter().map(|row| row.get::<u64>(0)).collect::<Result<Vec<_>, _>>())
                .map_err(|error| self.trouble(&error))?;
            let still: Vec<u64> =
                idle.iter().filter(|client| now.contains(client) && !busy.contains(&client.id)).map(|c| c.id).collect();
            self.kill(&still).await
        })
    }

    fn close_all<'a>(&'a mut self, clients: &'a [Client]) -> Pending<'a, usize> {
        let ids: Vec<u64> = clients.iter().map(|client| client.id).collect();
        Box::pin(async move { self.kill(&ids).await })
    }
}

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

    /// Takes a node out of every balancer and proves that no client is left on it.
    pub(super) async fn drain(&mut self, node: usize) -> Answer {
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
            let mut list = ProcessList { session: &mut session, ours, monitors };
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
                    outcome = &mut work => break outcome,
                }
            }
        };
        self.eyes[node] = Some(session);
        let seconds = started.elapsed().as_secs_f64();
        self.seconds.drain += seconds;
        match outcome {
            Ok(emptied) => {
                for balancer in emptied.repaired {
                    self.hint(format!("{balancer} had lost the drain of {name}; it was set again."));
                }
                let closed = emptied.closed_idle + emptied.closed_busy;
                self.tell(Event::Drained { node: name, seconds, closed });
                Answer::Done
            }
            Err(error) => {
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
