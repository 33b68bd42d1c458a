//! The door of an empty node, and the way back.
//!
//! A drain is no closed door: a `use-server` rule, a cookie or a stick table's entry sends sessions to any server that
//! is not stopped (`process_server_rules` and `sticking_rule_find_target` in HAProxy's `stream.c`). Maintenance stops
//! the server for all of them but those of `option persist` and `force-persist`. It may cut sessions, too
//! (`on-marked-down shutdown-sessions`), so it comes once none is left.
//!
//! Maintenance does not tell who set it, and somebody else's must not be ended. So ours has a mark: the weight 0,
//! which means nothing while the server is out, is set before it and taken back after it, and outlives us.

use std::time::Duration;

use super::tables::{Server, admin};
use super::{Found, FoundServer, HaProxy, Process, standing};
use crate::balancer::{Error, Trouble};

/// How long the first verdict of a health check may take. HAProxy's own `inter` is 2 s.
const CHECKED_WITHIN: Duration = Duration::from_secs(3);
/// How often it is looked for.
const CHECKED_EVERY: Duration = Duration::from_millis(50);

const FORCED: u32 = admin::FORCED_MAINTENANCE | admin::FORCED_DRAIN;

impl FoundServer {
    /// Whether it has our mark: the weight 0, which it had not.
    fn is_marked(&self, is: &Server) -> bool {
        self.weight != 0 && is.weight == 0
    }

    fn is_shut(&self, is: &Server) -> bool {
        is.admin & admin::FORCED_MAINTENANCE != 0 && self.is_marked(is)
    }

    fn name(&self) -> String {
        format!("{}/{}", self.backend, self.server)
    }
}

impl HaProxy {
    /// Puts what is drained and empty into maintenance. Tells whether anything was changed. What somebody has put
    /// there already stays as it is, and so does a server without a weight, which cannot be marked.
    pub(super) async fn set_shut(&self, found: &Found) -> Result<bool, Error> {
        let (process, _, servers) = self.current().await?;
        let mut changed = false;
        for was in found.servers.iter().filter(|was| was.weight != 0) {
            let Some(is) = was.among(&servers).filter(|is| is.admin & admin::FORCED_MAINTENANCE == 0) else { continue };
            let name = was.name();
            if !was.is_marked(is) {
                self.set(process, &format!("set server {name} weight 0")).await?;
            }
            self.set(process, &format!("set server {name} state maint")).await?;
            changed = true;
        }
        if changed {
            let now = self.read(process).await?;
            let open = |was: &&FoundServer| {
                was.weight != 0 && was.among(&now).is_none_or(|is| is.admin & admin::MAINTENANCE == 0)
            };
            if let Some(was) = found.servers.iter().find(open) {
                return Err(self.error(
                    Trouble::NotObeyed,
                    format!("HAProxy took `state maint` of {} without a word, and does not show it.", was.name()),
                ));
            }
        }
        Ok(changed)
    }

    pub(super) async fn put_back(&self, found: &Found) -> Result<(), Error> {
        let (process, ..) = self.current().await?;
        // What fails here is tried again below, where it is told.
        if let Ok(true) = self.reopen(process, found).await {
            self.wait_checked(process, found).await?;
        }
        let servers = self.read(process).await?;
        let mut trouble: Option<Error> = None;
        for was in &found.servers {
            if let Err(error) = self.put_back_one(process, was, &servers).await {
                let left = error.message.clone();
                trouble = Some(match trouble {
                    None => error.left(left),
                    Some(first) => first.left(left),
                });
            }
        }
        trouble.map_or(Ok(()), Err)
    }

    /// From our maintenance back to the drain, which keeps the load balancing away for now. Tells whether there was any.
    async fn reopen(&self, process: Process, found: &Found) -> Result<bool, Error> {
        let servers = self.read(process).await?;
        let mut any = false;
        for was in &found.servers {
            let Some(is) = was.among(&servers) else { continue };
            any |= was.is_shut(is);
            self.reopen_one(process, was, is).await?;
        }
        Ok(any)
    }

    /// The weight comes second: with it a server that leaves maintenance ends the sessions of backups
    /// (`on-marked-up shutdown-backup-sessions`).
    async fn reopen_one(&self, process: Process, was: &FoundServer, is: &Server) -> Result<(), Error> {
        let name = was.name();
        if was.is_shut(is) {
            self.set(process, &format!("set server {name} state drain")).await?;
        }
        if was.is_marked(is) {
            // A static algorithm takes the weight of the configuration by this name only.
            let weight = if was.weight == is.initial_weight { "100%".into() } else { was.weight.to_string() };
            self.set(process, &format!("set server {name} weight {weight}")).await?;
        }
        Ok(())
    }

    /// A server that leaves maintenance is UP until its health check has looked (`_srv_update_status_adm` in HAProxy's
    /// `server.c`), so the first verdict is waited for behind the drain. With `fall 1` it does not show; then the time runs out.
    async fn wait_checked(&self, process: Process, found: &Found) -> Result<(), Error> {
        let began = self.read(process).await?;
        let started = tokio::time::Instant::now();
        while started.elapsed() < CHECKED_WITHIN {
            let now = self.read(process).await?;
            let waits = |was: &FoundServer| match (was.among(&began), was.among(&now)) {
                (Some(began), Some(now)) => now.health.is_some_and(|health| health > 0) && now.health == began.health,
                _ => false,
            };
            if !found.servers.iter().any(waits) {
                break;
            }
            tokio::time::sleep(CHECKED_EVERY).await;
        }
        Ok(())
    }

    async fn put_back_one(&self, process: Process, was: &FoundServer, servers: &[Server]) -> Result<(), Error> {
        let name = was.name();
        let is = was.among(servers).ok_or_else(|| {
            self.error(
                Trouble::Settings,
                format!("{name} is no longer in HAProxy (was it reloaded with another configuration?)."),
            )
        })?;
        let shut = was.is_shut(is);
        self.reopen_one(process, was, is).await?;
        let now = if shut { admin::FORCED_DRAIN } else { is.admin & FORCED };
        let state = match was.admin & FORCED {
            same if same == now => None,
            0 if now & admin::FORCED_MAINTENANCE != 0 => {
                return Err(self.error(
                    Trouble::Refused,
                    format!(
                        "Somebody has put {name} into maintenance since it was drained, so it is left there. To end that: set server {name} state ready."
                    ),
                ));
            }
            0 => Some("ready"),
            bits if bits & admin::FORCED_MAINTENANCE != 0 => Some("maint"),
            _ => Some("drain"),
        };
        if let Some(state) = state {
            self.set(process, &format!("set server {name} state {state}")).await?;
        }
        let now = self.read(process).await?;
        match was.among(&now) {
            Some(server) if server.admin & FORCED == was.admin & FORCED && !was.is_marked(server) => {}
            other => {
                let shows = other.map_or("nothing".into(), |s| {
                    format!("{} (admin state {}, weight {})", s.status, s.admin, s.weight)
                });
                return Err(self.error(
                    Trouble::NotObeyed,
                    format!(
                        "{name} should be back at admin state {} and weight {}, and HAProxy shows {shows}.",
                        was.admin, was.weight
                    ),
                ));
            }
        }
        // The agent comes last: what it says from now on is its own business again.
        if was.agent && !is.agent {
            self.set(process, &format!("enable agent {name}")).await?;
            let now = self.read(process).await?;
            if !was.among(&now).is_some_and(|server| server.agent) {
                return Err(self.error(
                    Trouble::NotObeyed,
                    format!("The agent check of {name} should run again, and HAProxy shows it as disabled."),
                ));
            }
        }
        Ok(())
    }

    pub(super) async fn missing_of(&self, found: &Found) -> Result<Option<String>, Error> {
        let (_, _, servers) = self.current().await?;
        Ok(found.servers.iter().filter(|was| was.usable).find_map(|was| {
            let name = was.name();
            match was.among(&servers) {
                None => Some(format!("{name} is not in HAProxy any more")),
                Some(server) if standing(server).is_usable() => None,
                Some(server) => Some(format!("{name} is {}", server.status)),
            }
        }))
    }
}
