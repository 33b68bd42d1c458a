//! A node leaves the load balancers, stays out of them for as long as it must, and comes back.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::event::UpgradeEvent;
use super::perform::Said;
use super::runner::{BALANCERS, Runner};
use crate::balancer::{Error, FleetSaved, Rules, Trouble, Watch};
use crate::engine::clients::{ProcessList, Unlisted};
use crate::plan::AfterDrainTimeout;
use crate::upgrade::StepResult;

/// How long a balancer that is being reloaded or restarted may be out of sight.
const UNSEEN: Duration = Duration::from_secs(10);
/// How often it is asked meanwhile.
const EVERY: Duration = Duration::from_millis(250);

impl Runner<'_> {
    /// The node leaves the load balancers, and its sessions with it.
    pub(super) async fn drain(&mut self, name: &str) -> Said {
        if self.fleet.labels().next().is_none() {
            self.hint(name, "There is no load balancer; its clients will see the server stop.");
            return Ok(String::new());
        }
        let begun = Instant::now();
        let saved = match self.snapshot(name).await? {
            Some(saved) => {
                // It was drained by an earlier attempt. What was true of the others then need not be true now.
                self.fleet.spare(name).await.map_err(|error| error.to_string())?;
                saved
            }
            None => {
                let saved = self.fleet.remember(name).await.map_err(|error| error.to_string())?;
                self.remember(name, BALANCERS, json!(saved)).await?;
                saved
            }
        };
        self.tell(UpgradeEvent::node("drain_started", name, "It gets no new sessions."));
        self.touched = true;
        self.fleet.drain(&saved).await.map_err(|error| error.to_string())?;
        self.held = Some(name.to_owned());
        let policy = &self.settings.policy;
        let rules = Rules { timeout: policy.drain_timeout, then: policy.after_drain_timeout };
        let unlisted = self.fleet.consent().is_some();
        let emptied = if unlisted {
            self.hint(name, "Clients that do not come through a load balancer will see the server stop.");
            // Which of the node's clients came through a balancer its process list does not tell; the balancers count theirs.
            self.fleet.wait_until_empty(&saved, &mut Unlisted, rules, |_| {}).await
        } else {
            let monitors = self.fleet.monitors().await.map_err(|error| error.to_string())?;
            let session = self.connector.observer(self.node(name)?).await;
            let mut session = session.map_err(|error| error.to_string())?;
            let mut clients = ProcessList::new(&mut session, Vec::new(), monitors);
            let emptied = self.fleet.wait_until_empty(&saved, &mut clients, rules, |_| {}).await;
            session.close().await;
            emptied
        };
        let emptied = match emptied {
            Err(error) if unlisted && error.trouble == Trouble::Stayed && rules.then == AfterDrainTimeout::CloseAll => {
                self.hint(name, format!("{error} They will see the server stop: after_drain_timeout is close-all."));
                return Ok(String::new());
            }
            emptied => emptied,
        };
        let emptied = emptied.map_err(|error| {
            let hints: String = error.hints.iter().map(|hint| format!(" {hint}")).collect();
            format!("{error}{hints}")
        })?;
        let closed = emptied.closed_idle + emptied.closed_busy;
        let event = UpgradeEvent::node(
            "drained",
            name,
            format!("No session is left on it after {:.1} s.", begun.elapsed().as_secs_f64()),
        );
        self.tell(event.with("seconds", begun.elapsed().as_secs_f64()).with("closed", closed));
        Ok(String::new())
    }

    /// Sees that the drain still holds, and sets it again where a balancer has lost it: a reload or a restart forgets
    /// it, and clients would meet a server that nobody has verified. `answers` says whether the node's server does.
    pub(super) async fn hold_drain(&mut self, name: &str, answers: bool) -> Result<(), String> {
        let begun = Instant::now();
        while let Some(saved) = self.saved(name) {
            let watch = match self.fleet.extend(&saved).await {
                Ok(extended) => {
                    self.keep_snapshot(name, &saved, &extended).await?;
                    self.look_again(&extended).await
                }
                Err(error) => Err(error),
            };
            match watch {
                Ok(watch) => {
                    self.tell_repaired(name, watch);
                    break;
                }
                Err(error) if error.trouble == Trouble::Unreachable && begun.elapsed() < UNSEEN => sleep(EVERY).await,
                // To some a server that does not answer is down, and down is all that they say of it. It is looked at
                // again as soon as it is back.
                Err(error) if error.trouble == Trouble::NotObeyed && !answers => {
                    self.hint(name, format!("Whether it is still drained is not to be seen while it is down: {error}"));
                    break;
                }
                Err(error) => {
                    return Err(format!("{name} must get no clients now, and that could not be seen to: {error}"));
                }
            }
        }
        self.held = Some(name.to_owned());
        Ok(())
    }

    /// A drain that was set again lets through what only a closed door keeps away.
    async fn look_again(&self, saved: &FleetSaved) -> Result<Watch, Error> {
        let watch = self.fleet.watch(saved).await?;
        if !watch.repaired.is_empty() && watch.sessions.unwrap_or(0) == 0 {
            self.fleet.shut(saved).await?;
        }
        Ok(watch)
    }

    fn tell_repaired(&self, name: &str, watch: Watch) {
        let came = watch.sessions.filter(|sessions| *sessions > 0);
        for text in &watch.repaired {
            self.hint(name, text.clone());
        }
        if let Some(came) = came {
            self.hint(name, format!("{came} session(s) have come to it meanwhile, drained as it was."));
        }
    }

    /// The node is back in the load balancers.
    pub(super) async fn admit(&mut self, name: &str) -> Said {
        match self.snapshot(name).await? {
            Some(saved) => {
                self.give_back(&saved).await.map_err(|error| error.to_string())?;
                self.forget(name).await;
            }
            None => {
                let out = self.missing_in(name).await?;
                if !out.is_empty() {
                    return Err(format!(
                        "{name} gets no sessions from {}, and the journal does not hold what was there before. Put it back by hand, then resume.",
                        out.join(" and ")
                    ));
                }
            }
        }
        self.tell(UpgradeEvent::node("admitted", name, "It is back in service."));
        Ok(String::new())
    }

    /// A node whose server runs as before goes back into service.
    pub(super) async fn put_back(&mut self, node: &str) -> StepResult {
        // What can be put back is put back, even where one of the balancers is out of sight.
        let saved = self.snapshot(node).await.unwrap_or_else(|_| self.saved(node));
        let done = match &saved {
            Some(saved) => {
                self.touched = true;
                self.give_back(saved).await
            }
            None => Ok(()),
        };
        if let Err(error) = done {
            let left = error.left.iter().map(|left| format!(" {left}")).collect::<String>();
            let reason = format!("{node} could not be put back: {error}.{left}");
            return StepResult::Failed { reason, serving: false };
        }
        if saved.is_some() {
            self.forget(node).await;
        }
        self.tell(UpgradeEvent::node("put_back", node, format!("{node} is back in service, as it was.")));
        StepResult::Done { note: String::new(), seconds_milli: 0 }
    }

    /// Otherwise a later attempt would take what was before this drain for what was before its own.
    async fn forget(&mut self, node: &str) {
        if let Err(why) = self.remember(node, BALANCERS, Value::Null).await {
            self.hint(node, format!("That it is back could not be written down: {why}"));
        }
    }

    async fn give_back(&self, saved: &FleetSaved) -> Result<(), Error> {
        self.fleet.admit(saved).await?;
        self.fleet.wait_until_served(saved).await
    }

    /// What the balancers said of the node before it was drained, with what has come into the configuration since.
    async fn snapshot(&mut self, name: &str) -> Result<Option<FleetSaved>, String> {
        let Some(saved) = self.saved(name) else { return Ok(None) };
        let extended = self.fleet.extend(&saved).await.map_err(|error| error.to_string())?;
        self.keep_snapshot(name, &saved, &extended).await?;
        Ok(Some(extended))
    }

    async fn keep_snapshot(&mut self, name: &str, saved: &FleetSaved, now: &FleetSaved) -> Result<(), String> {
        if saved == now { Ok(()) } else { self.remember(name, BALANCERS, json!(now)).await }
    }

    fn saved(&self, node: &str) -> Option<FleetSaved> {
        serde_json::from_value(self.noted(node, BALANCERS)?.clone()).ok()
    }
}
