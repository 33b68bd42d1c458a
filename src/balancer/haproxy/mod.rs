//! HAProxy, by its runtime API.
//!
//! A node is drained with `set server ... state drain` in every backend in which it stands. Three things undo that
//! behind one's back, and each is dealt with here: an agent check that answers `ready` (the agent is switched off for
//! as long as the drain lasts), a reload (the new process starts from its configuration: the drain is set again, and
//! the sessions that stay with the old process are counted through the master's socket where that is what the
//! configuration names), and a person (who is not overruled on the way back).
//!
//! A drain lets persistent sessions through (`management.txt`, `set server`): those of a stick table, whose entries
//! for the node are therefore cleared (`sticky`), and those of `use-server` rules and cookies, against which the empty
//! node goes into maintenance (`shut`).

mod shut;
mod socket;
mod sticky;
mod tables;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use socket::Socket;
use tables::{Server, admin};

use super::{Balancer, Error, NodeView, Pending, Place, SavedState, Standing, Trouble, View, Watch};
use crate::config::Address;

/// One HAProxy.
#[derive(Clone, Debug)]
pub(super) struct HaProxy {
    label: String,
    socket: Socket,
    backends: Vec<String>,
    /// Node name to server name.
    servers: BTreeMap<String, String>,
}

/// What was found of one node before its drain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    servers: Vec<FoundServer>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FoundServer {
    backend: String,
    server: String,
    /// Bits of `srv_admin_state`.
    admin: u32,
    /// The agent check was enabled.
    agent: bool,
    /// It took new sessions, at least as a backup.
    usable: bool,
    /// Its weight; 0 as well in what an earlier version of this program remembered.
    #[serde(default)]
    weight: u64,
}

impl FoundServer {
    fn now(server: &Server) -> Self {
        Self {
            backend: server.backend.clone(),
            server: server.name.clone(),
            admin: server.admin,
            agent: server.agent,
            usable: standing(server).is_usable(),
            weight: server.weight,
        }
    }

    /// The state that keeps new sessions away: what was found in maintenance stays in maintenance.
    fn drained(&self) -> &'static str {
        if self.admin & admin::FORCED_MAINTENANCE != 0 { "maint" } else { "drain" }
    }
}

/// The process of a HAProxy that a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Process {
    /// The one behind the socket.
    Direct,
    /// The current worker of a master.
    Worker,
    /// A worker that a reload has replaced, by its process id.
    Old(u32),
}

impl Process {
    fn prefix(self) -> String {
        match self {
            Self::Direct => String::new(),
            Self::Worker => "@1 ".into(),
            Self::Old(pid) => format!("@!{pid} "),
        }
    }
}

impl HaProxy {
    /// A HAProxy at `address`, with the nodes in `backends` under the names of `servers` (node to server).
    pub(super) fn new(
        label: String,
        address: Address,
        backends: Vec<String>,
        servers: BTreeMap<String, String>,
        timeout: Duration,
    ) -> Self {
        Self { socket: Socket::new(address, label.clone(), timeout), label, backends, servers }
    }

    /// The process that has the configuration, and those that a reload left behind.
    async fn processes(&self) -> Result<(Process, Vec<u32>), Error> {
        // Only a master knows the command.
        Ok(match tables::old_workers(&self.socket.ask("show proc").await?) {
            Some(old) => (Process::Worker, old),
            None => (Process::Direct, Vec::new()),
        })
    }

    async fn read(&self, process: Process) -> Result<Vec<Server>, Error> {
        let prefix = process.prefix();
        let state = self.socket.ask(&format!("{prefix}show servers state")).await?;
        let stat = self.socket.ask(&format!("{prefix}show stat")).await?;
        tables::servers(&state, &stat).ok_or_else(|| {
            let said = [&state, &stat].map(|text| text.lines().next().unwrap_or("nothing").to_owned());
            self.error(
                Trouble::Unreachable,
                format!("HAProxy's tables of servers could not be read; it said `{}` and `{}`.", said[0], said[1]),
            )
        })
    }

    /// The servers of the process that has the configuration.
    async fn current(&self) -> Result<(Process, Vec<u32>, Vec<Server>), Error> {
        let (process, old) = self.processes().await?;
        let servers = self.read(process).await?;
        Ok((process, old, servers))
    }

    /// The places of `node`, in the order of the configured backends.
    fn places<'a>(&self, node: &str, servers: &'a [Server]) -> Result<Vec<&'a Server>, Error> {
        let name = self.servers.get(node).map_or(node, String::as_str);
        let mut places = Vec::new();
        for backend in &self.backends {
            if !servers.iter().any(|server| server.backend == *backend) {
                let mut known: Vec<&str> = servers.iter().map(|server| &*server.backend).collect();
                known.dedup();
                return Err(self.error(
                    Trouble::Settings,
                    format!("HAProxy has no backend `{backend}` with servers. It has: {}.", known.join(", ")),
                ));
            }
            places.extend(servers.iter().filter(|server| server.backend == *backend && server.name == name));
        }
        if places.is_empty() {
            let known: Vec<&str> =
                servers.iter().filter(|s| self.backends.contains(&s.backend)).map(|server| &*server.name).collect();
            return Err(self
                .error(
                    Trouble::Settings,
                    format!(
                        "HAProxy has no server `{name}` (node {node}) in {}. It has: {}.",
                        self.backends.join(", "),
                        known.join(", ")
                    ),
                )
                .hint("Name it in `servers` of the balancer: servers = { node = \"server\" }."));
        }
        if let Some(stray) = servers.iter().find(|server| {
            places.iter().any(|place| place.address == server.address)
                && !places.iter().any(|place| place.backend == server.backend && place.name == server.name)
                && !server.address.starts_with("-:")
        }) {
            return Err(self
                .error(
                    Trouble::Settings,
                    format!(
                        "Node {node} also stands in HAProxy as {}/{} ({}), which the configuration does not name; a drain would leave sessions there.",
                        stray.backend, stray.name, stray.address
                    ),
                )
                .hint("Add the backend to `backend` of this balancer, or a [[balancer]] entry where the server's name differs."));
        }
        Ok(places)
    }

    fn view(&self, servers: &[Server], old: &[u32]) -> Result<View, Error> {
        let nodes = self
            .servers
            .keys()
            .map(|node| Ok(NodeView::of(node, self.places(node, servers)?.into_iter().map(place).collect())))
            .collect::<Result<_, Error>>()?;
        let notes = match old.len() {
            0 => Vec::new(),
            n => vec![format!("{n} old worker(s) of an earlier reload still run and may hold sessions.")],
        };
        Ok(View { balancer: self.label.clone(), kind: "haproxy", nodes, monitors: Vec::new(), last: Vec::new(), notes })
    }

    /// Sends a command that changes something. Blank is success; every other answer is an error.
    async fn set(&self, process: Process, command: &str) -> Result<(), Error> {
        tracing::info!(balancer = self.label, command, "HAProxy command");
        let answer = self.socket.ask(&format!("{}{command}", process.prefix())).await?;
        let answer = answer.trim();
        let trouble = match answer {
            "" => return Ok(()),
            _ if answer.starts_with("Permission denied") => return Err(self.forbidden("lower than admin")),
            _ if answer.starts_with("No such") => Trouble::Settings,
            _ => Trouble::NotObeyed,
        };
        Err(self.error(trouble, format!("HAProxy refused `{command}`: {answer}")))
    }

    fn forbidden(&self, level: &str) -> Error {
        self.error(
            Trouble::Forbidden,
            format!("The HAProxy socket has the access level `{level}`; draining needs `admin`."),
        )
        .hint("In haproxy.cfg: stats socket PATH mode 660 level admin. Then reload HAProxy.")
    }

    fn error(&self, trouble: Trouble, message: String) -> Error {
        Error::new(trouble, &self.label, message)
    }

    async fn check_level(&self, process: Process) -> Result<(), Error> {
        let level = self.socket.ask(&format!("{}show cli level", process.prefix())).await?;
        if level.trim() == "admin" { Ok(()) } else { Err(self.forbidden(level.lines().next().unwrap_or("unknown"))) }
    }

    async fn find(&self, node: &str) -> Result<Found, Error> {
        let (_, _, servers) = self.current().await?;
        let places = self.places(node, &servers)?;
        for place in &places {
            let others = servers
                .iter()
                .filter(|other| other.backend == place.backend && other.name != place.name)
                .any(|other| standing(other).is_usable());
            if standing(place).is_usable() && !others {
                return Err(self.error(
                    Trouble::Refused,
                    format!(
                        "{}/{} is the last server of backend {} that takes sessions; it is not drained.",
                        place.backend, place.name, place.backend
                    ),
                ));
            }
        }
        Ok(Found { servers: places.into_iter().map(FoundServer::now).collect() })
    }

    /// With a place that was drained and not remembered nobody would put it back.
    async fn extended(&self, node: &str, found: &Found) -> Result<Found, Error> {
        let (_, _, servers) = self.current().await?;
        let places = self.places(node, &servers)?;
        let new = places.into_iter().filter(|server| found.of(server).is_none()).map(FoundServer::now);
        Ok(Found { servers: found.servers.iter().cloned().chain(new).collect() })
    }

    async fn set_drain(&self, node: &str, found: &Found) -> Result<(), Error> {
        let (process, _, servers) = self.current().await?;
        for server in self.places(node, &servers)? {
            let name = format!("{}/{}", server.backend, server.name);
            // First the agent: one that answers `ready` ends a drain and a maintenance alike.
            if server.agent {
                self.set(process, &format!("disable agent {name}")).await?;
            }
            let state = found.of(server).map_or("drain", FoundServer::drained);
            if !keeps_away(server) {
                self.set(process, &format!("set server {name} state {state}")).await?;
            }
        }
        self.unstick(process, node, &servers).await?;
        let (_, _, servers) = self.current().await?;
        for server in self.places(node, &servers)? {
            if !keeps_away(server) || server.agent {
                return Err(self.error(
                    Trouble::NotObeyed,
                    format!(
                        "HAProxy took the drain of {}/{} without a word, but shows it as {} (admin state {}, agent {}).",
                        server.backend,
                        server.name,
                        server.status,
                        server.admin,
                        if server.agent { "on" } else { "off" }
                    ),
                ));
            }
        }
        Ok(())
    }

    /// A server that closes its end leaves a session that lasts until its client notices, or `timeout client` ends it.
    async fn end_sessions_of(&self, node: &str) -> Result<(), Error> {
        let (process, old, servers) = self.current().await?;
        for server in self.places(node, &servers)? {
            let command = format!("shutdown sessions server {}/{}", server.backend, server.name);
            self.set(process, &command).await?;
            for pid in &old {
                // It may end in between, or not know the server.
                if let Err(error) = self.set(Process::Old(*pid), &command).await {
                    tracing::warn!("{error}");
                }
            }
        }
        Ok(())
    }

    async fn look(&self, node: &str) -> Result<Watch, Error> {
        let (process, old, servers) = self.current().await?;
        let places = self.places(node, &servers)?;
        let stuck = self.stuck(process, node, &servers).await?;
        let mut watch = Watch {
            holds: places.iter().all(|server| keeps_away(server) && !server.agent) && stuck.is_empty(),
            sessions: Some(places.iter().map(|server| server.sessions).sum()),
            begun: Some(places.iter().map(|server| server.begun).sum()),
            ..Watch::default()
        };
        watch.notes.extend(stuck.iter().map(ToString::to_string));
        for pid in old {
            // An old worker may end between the list and the question: then it holds no session any more.
            let sessions = match self.read(Process::Old(pid)).await {
                Ok(servers) => Some(places_of_old(&places, &servers)),
                Err(_) if !self.processes().await?.1.contains(&pid) => Some(0),
                Err(_) => None,
            };
            match sessions {
                Some(0) => {}
                Some(n) => watch.notes.push(format!("Worker {pid}, replaced by a reload, holds {n} session(s).")),
                None => watch.notes.push(format!("Worker {pid}, replaced by a reload, does not answer.")),
            }
            watch.sessions = watch.sessions.zip(sessions).map(|(sum, n)| sum + n);
        }
        Ok(watch)
    }
}

impl Found {
    fn of(&self, server: &Server) -> Option<&FoundServer> {
        self.servers.iter().find(|found| found.backend == server.backend && found.server == server.name)
    }
}

impl FoundServer {
    fn among<'a>(&self, servers: &'a [Server]) -> Option<&'a Server> {
        servers.iter().find(|server| server.backend == self.backend && server.name == self.server)
    }
}

/// The sessions that an old worker holds on the servers of `places`, which may have been removed from the
/// configuration since and are still known to it.
fn places_of_old(places: &[&Server], old: &[Server]) -> u64 {
    old.iter()
        .filter(|server| places.iter().any(|place| place.backend == server.backend && place.name == server.name))
        .map(|server| server.sessions)
        .sum()
}

fn keeps_away(server: &Server) -> bool {
    server.admin & (admin::DRAIN | admin::MAINTENANCE) != 0
}

fn standing(server: &Server) -> Standing {
    match server {
        _ if server.admin & admin::MAINTENANCE != 0 => Standing::Maintenance,
        _ if server.admin & admin::DRAIN != 0 => Standing::Draining,
        // 0 is stopped, 3 is stopping (404 of a check with disable-on-404).
        _ if server.operational == 0 => Standing::Down,
        _ if server.operational == 3 || server.weight == 0 => Standing::Draining,
        _ if server.backup => Standing::Backup,
        _ => Standing::Serving,
    }
}

fn place(server: &Server) -> Place {
    Place {
        name: format!("{}/{}", server.backend, server.name),
        standing: standing(server),
        status: server.status.clone(),
        weight: Some(server.weight),
        sessions: Some(server.sessions),
        errors: Some(server.errors),
    }
}

impl Balancer for HaProxy {
    fn label(&self) -> &str {
        &self.label
    }

    fn check(&self) -> Pending<'_, View> {
        Box::pin(async move {
            let (process, old, servers) = self.current().await?;
            self.check_level(process).await?;
            self.view(&servers, &old)
        })
    }

    fn observe(&self) -> Pending<'_, View> {
        Box::pin(async move {
            let (_, old, servers) = self.current().await?;
            self.view(&servers, &old)
        })
    }

    fn remember<'a>(&'a self, node: &'a str) -> Pending<'a, SavedState> {
        Box::pin(async move { Ok(SavedState::Haproxy(self.find(node).await?)) })
    }

    fn extend<'a>(&'a self, node: &'a str, saved: &'a SavedState) -> Pending<'a, SavedState> {
        Box::pin(async move { Ok(SavedState::Haproxy(self.extended(node, self.found(saved)?).await?)) })
    }

    fn drain<'a>(&'a self, node: &'a str, saved: &'a SavedState) -> Pending<'a, ()> {
        Box::pin(async move { self.set_drain(node, self.found(saved)?).await })
    }

    fn end_sessions<'a>(&'a self, node: &'a str) -> Pending<'a, ()> {
        Box::pin(self.end_sessions_of(node))
    }

    fn watch<'a>(&'a self, node: &'a str, _saved: &'a SavedState) -> Pending<'a, Watch> {
        Box::pin(self.look(node))
    }

    fn shut<'a>(&'a self, _node: &'a str, saved: &'a SavedState) -> Pending<'a, bool> {
        Box::pin(async move { self.set_shut(self.found(saved)?).await })
    }

    fn admit<'a>(&'a self, _node: &'a str, saved: &'a SavedState) -> Pending<'a, ()> {
        Box::pin(async move { self.put_back(self.found(saved)?).await })
    }

    fn missing<'a>(&'a self, _node: &'a str, saved: &'a SavedState) -> Pending<'a, Option<String>> {
        Box::pin(async move { self.missing_of(self.found(saved)?).await })
    }
}

impl HaProxy {
    fn found<'a>(&self, saved: &'a SavedState) -> Result<&'a Found, Error> {
        match saved {
            SavedState::Haproxy(found) => Ok(found),
            _ => Err(super::other_kind(&self.label)),
        }
    }
}
