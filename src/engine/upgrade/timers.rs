//! Shorter timers of the group communication while a run goes on, so that writes stall less when a node comes back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::event::UpgradeEvent;
use super::runner::{BEFORE, Runner};
use crate::cluster::{ClusterError, quote_text};
use crate::upgrade::{evicts, shortened, slow_timers, timers_as_option};

/// The note that holds a node's own timers.
pub(super) const TIMERS: &str = "timers";

impl Runner<'_> {
    /// Shortens the timers of all running nodes before one leaves or comes back. What they were is in the journal before
    /// anything is set. A node that cannot be told keeps its own: that costs time and nothing else.
    pub(super) async fn shorten_timers(&mut self) -> Result<(), String> {
        if !self.settings.upgrade.quick_timers {
            return Ok(());
        }
        let mut told = Vec::new();
        for node in self.connector.nodes() {
            let name = node.name.as_str();
            let facts = self.look_at(name).await;
            let now = facts.variable("wsrep_provider_options");
            // Of the node that is away the journal knows; what it is started with may not be its own.
            let before = self.noted(name, BEFORE).and_then(|before| before.get("wsrep_provider_options"));
            let Some(own) = now.or(before.and_then(Value::as_str)).map(str::to_owned) else { continue };
            if evicts(&own) {
                return Ok(());
            }
            if self.noted(name, TIMERS).is_none() {
                let slow = slow_timers(&own);
                if slow.is_empty() {
                    continue;
                }
                self.remember(name, TIMERS, json!(slow)).await?;
            }
            let slow = now.map(slow_timers).unwrap_or_default();
            if slow.is_empty() {
                continue;
            }
            match self.set_provider_options(name, &shortened(slow.keys())).await {
                Ok(()) => told.push(name),
                Err(error) => self.hint(name, format!("Its timers could not be shortened: {error}")),
            }
        }
        if !told.is_empty() {
            let text = format!("{}: group communication timers are shorter until the run ends.", told.join(", "));
            self.tell(UpgradeEvent::run("timers_shortened", text).with("nodes", told));
        }
        Ok(())
    }

    /// Gives every node its own timers back. One that cannot be told is named; its note stays, so that a later
    /// `resume` tries again.
    pub(super) async fn restore_timers(&mut self) {
        let mut told = Vec::new();
        for node in self.connector.nodes() {
            let name = node.name.as_str();
            let Some(own) = self.noted(name, TIMERS).and_then(own_timers) else { continue };
            let option = timers_as_option(&own);
            let facts = self.look_at(name).await;
            if !facts.is_up() {
                continue;
            }
            match self.set_provider_options(name, &option).await {
                Ok(()) => {
                    told.push(name);
                    if let Err(error) = self.remember(name, TIMERS, Value::Null).await {
                        self.hint(name, format!("That its timers are as before could not be written down: {error}"));
                    }
                }
                Err(error) => self.hint(
                    name,
                    format!(
                        "Its timers could not be put back ({error}): SET GLOBAL wsrep_provider_options='{option}'."
                    ),
                ),
            }
        }
        if !told.is_empty() {
            let text = format!("{}: group communication timers are as before.", told.join(", "));
            self.tell(UpgradeEvent::run("timers_restored", text).with("nodes", told));
        }
    }

    async fn set_provider_options(&self, name: &str, value: &str) -> Result<(), String> {
        let node = self.node(name)?;
        let set = async {
            let mut session = self.connector.observer(node).await?;
            let sql = format!("SET GLOBAL wsrep_provider_options = {}", quote_text(value));
            let done = session.query_all(&sql).await;
            session.close().await;
            done.map(drop)
        };
        set.await.map_err(|error: ClusterError| error.to_string())
    }
}

/// The timers that a note holds.
pub(super) fn own_timers(note: &Value) -> Option<BTreeMap<String, String>> {
    serde_json::from_value(note.clone()).ok()
}
