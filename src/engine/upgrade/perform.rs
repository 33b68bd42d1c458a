//! The steps that look at a node, take it out of service and bring it back. Those in between are in `restart`.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use super::event::UpgradeEvent;
use super::runner::{BEFORE, DIFFERED, Runner};
use super::{observe, schema};
use crate::upgrade::{
    ClusterFacts, Direction, NodeFacts, Process, Runs, Severity, TransferForecast, differences, forecast,
    needs_what_fails, read_log, spares, worth_keeping,
};

/// How long a state that passes by itself (a donor, a node that catches up) is waited for.
const PASSING: Duration = Duration::from_secs(30);
/// How long a node that does not answer is waited for: the network may hiccup, but a server that ended does not pass.
const SILENT: Duration = Duration::from_secs(10);
/// How often a state is looked at.
const EVERY: Duration = Duration::from_millis(100);
/// How much longer than the last node a node may be away.
const AWAY_MARGIN: f64 = 1.5;

/// What a step has to say for itself.
pub(super) type Said = Result<String, String>;

impl Runner<'_> {
    /// The whole cluster is healthy and can spare the node.
    pub(super) async fn check(&mut self, node: &str) -> Said {
        let facts = self.wait_healthy().await?;
        let facts = match self.last_look.take() {
            Some((when, earlier)) => with_rates(facts, &earlier, when.elapsed()),
            None => facts,
        };
        let away = self
            .away
            .map_or(self.settings.upgrade.expected_away.as_secs_f64(), |away| away.as_secs_f64() * AWAY_MARGIN);
        let planned = self.plan.nodes.iter().find(|planned| planned.name == node);
        let (expected, window) = match forecast(&facts, node, away) {
            (TransferForecast::Unknown, _) => {
                planned.map_or((TransferForecast::Unknown, None), |planned| (planned.transfer, planned.window_seconds))
            }
            known => known,
        };
        let text = match expected {
            TransferForecast::Incremental => "It should come back by incremental transfer.".to_owned(),
            TransferForecast::Full => format!(
                "FULL TRANSFER expected: the others keep about {:.0} s of writes, the node may be away for {away:.0} s.",
                window.unwrap_or_default()
            ),
            TransferForecast::Unknown => "How it will come back is not known; expect a full transfer.".to_owned(),
        };
        let event = UpgradeEvent::node("transfer_forecast", node, text)
            .with("forecast", serde_json::to_value(expected).unwrap_or_default())
            .with("window_seconds", window)
            .with("away_seconds", away);
        self.tell(event);
        let from = facts.node(node).and_then(NodeFacts::version);
        let refused = spares(&facts, node);
        self.last_look = Some((Instant::now(), facts));
        refused?;
        // A server cannot start on the files that a donor of the other redo format sends it.
        let target = self.plan.target.version;
        if needs_what_fails(expected, from, target) {
            return Err(format!(
                "{node} would need a full transfer to come back, or that cannot be foretold, and between its version and \
                 {target} a full transfer does not work. Raise gcache.size on the other nodes, or go on when less is written."
            ));
        }
        Ok(String::new())
    }

    /// The node's state goes into the bundle and, as far as a later process needs it, into the journal.
    pub(super) async fn capture(&mut self, name: &str) -> Said {
        let facts = self.look_at(name).await;
        if !facts.is_up() {
            return Err(facts.ailments().join("; "));
        }
        let all = schema::read(self.connector).await?;
        let differed = schema::differing(&all);
        let mine = schema::of(all, name);
        if !differed.is_empty() {
            self.hint(name, format!("The nodes differ already before this node's turn, in {}.", list(&differed)));
        }
        self.remember(name, BEFORE, json!(worth_keeping(&facts))).await?;
        self.remember(name, DIFFERED, json!(differed)).await?;
        let log = self.log(name).await;
        if let Err(why) = &log {
            let process = self.process_id(name, &facts).await;
            if self.process(name, process).await != Process::Lives {
                return Err(format!(
                    "The error log of {name} cannot be read ({why}), and its process cannot be seen on its host: nobody could tell \
                     whether its server has ended before its files are replaced. Give [upgrade] a `log` command."
                ));
            }
            self.hint(name, format!("Its error log cannot be read ({why}); how it comes back will not be known."));
        }
        let file = self.bundle.write(&facts, "before", Some(&mine), &log)?;
        self.tell(UpgradeEvent::node("state_captured", name, format!("Its state is in {}.", file.display())));
        Ok(String::new())
    }

    /// The error log since the start holds nothing bad.
    pub(super) async fn read_log(&mut self, name: &str) -> Said {
        let log = match self.log(name).await {
            Ok(log) => log,
            Err(why) => {
                self.hint(name, format!("Its error log could not be read: {why}."));
                return Ok(String::new());
            }
        };
        let reading = read_log(&log);
        for bad in &reading.bad {
            let event = UpgradeEvent::node("bad_line", name, format!("{}: {} [{}]", bad.name, bad.meaning, bad.line));
            self.tell(event.with("severity", serde_json::to_value(bad.severity).unwrap_or_default()));
        }
        let worst: Vec<String> = reading
            .bad
            .iter()
            .filter(|bad| bad.severity == Severity::Stop)
            .map(|bad| format!("{} ({})", bad.meaning, bad.line))
            .collect();
        if !worst.is_empty() {
            return Err(format!("The error log of {name} says: {}.", worst.join("; ")));
        }
        self.tell(UpgradeEvent::node("log_read", name, "Its error log holds nothing bad since the start."));
        Ok(String::new())
    }

    /// Versions, protocols, settings and schema are what they should be.
    pub(super) async fn verify(&mut self, name: &str) -> Said {
        let facts = self.look_at(name).await;
        if !facts.is_up() {
            return Err(facts.ailments().join("; "));
        }
        let target = &self.plan.target;
        if facts.runs(target) == Runs::No {
            let runs = facts.variable("version").unwrap_or("an unknown version");
            return Err(format!("{name} runs {runs}, not {target}: the install command did not bring the target."));
        }
        let target = target.to_string();
        self.verify_provider(name, &facts).await?;
        self.verify_settings(name, &facts)?;
        let mine = self.verify_schema(name).await?;
        let log = self.log(name).await;
        // The node is well; that the record of it has no room here is no reason to keep it out of service.
        if let Err(why) = self.bundle.write(&facts, "after", Some(&mine), &log) {
            self.hint(name, why);
        }
        let provider = facts.status("wsrep_provider_version").unwrap_or("unknown");
        let event = UpgradeEvent::node(
            "verified",
            name,
            format!("It runs {target} with provider {provider}; settings and schema are as before."),
        );
        self.tell(event.with("version", facts.variable("version")).with("provider", provider));
        Ok(String::new())
    }

    async fn verify_provider(&self, name: &str, facts: &NodeFacts) -> Result<(), String> {
        let planned = self.plan.nodes.iter().find(|node| node.name == name).and_then(|node| node.provider.as_deref());
        let before = planned.and_then(crate::upgrade::ProviderVersion::read);
        let Some(now) = facts.provider() else {
            return Err(format!("{name} has no Galera provider loaded."));
        };
        if self.plan.direction == Direction::Forward && before.is_some_and(|before| now < before) {
            return Err(format!(
                "{name} now has provider {now}, older than the {} that it had.",
                before.map_or(String::new(), |v| v.to_string())
            ));
        }
        let cluster = observe::cluster(self.connector).await;
        for protocol in
            ["wsrep_protocol_version", "wsrep_protocol_gcs", "wsrep_protocol_replicator", "wsrep_protocol_application"]
        {
            let mut spoken: Vec<&str> = cluster.up().filter_map(|node| node.status(protocol)).collect();
            spoken.sort_unstable();
            spoken.dedup();
            if spoken.len() > 1 {
                return Err(format!(
                    "The nodes do not speak the same protocol: {protocol} is {}.",
                    spoken.join(" and ")
                ));
            }
        }
        Ok(())
    }

    fn verify_settings(&self, name: &str, facts: &NodeFacts) -> Result<(), String> {
        let before = self.noted(name, BEFORE).and_then(|before| serde_json::from_value(before.clone()).ok());
        let Some(variables) = before else {
            self.hint(name, "Its settings before the upgrade are not known, so they were not compared.");
            return Ok(());
        };
        let before = NodeFacts::up(name, variables, std::collections::BTreeMap::new(), None);
        let mut changed = Vec::new();
        for found in differences(&before, facts) {
            match (&found.before, &found.after) {
                (Some(a), Some(b)) => changed.push(format!("{} was `{a}` and is `{b}`", found.name)),
                (Some(a), None) => {
                    self.hint(name, format!("{} (it was `{a}`) does not exist in this version.", found.name))
                }
                _ => {}
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        Err(format!(
            "Settings of {name} are not as before: {}. Mend its configuration, then resume.",
            changed.join("; ")
        ))
    }

    /// Compares all nodes. A schema change that is just arriving is waited for.
    async fn verify_schema(&self, name: &str) -> Result<schema::Fingerprints, String> {
        let differed: Vec<String> =
            self.noted(name, DIFFERED).and_then(|value| serde_json::from_value(value.clone()).ok()).unwrap_or_default();
        let mut last = Vec::new();
        for _ in 0..10 {
            let all = schema::read(self.connector).await?;
            last = schema::differing(&all);
            last.retain(|object| !differed.contains(object));
            if last.is_empty() {
                return Ok(schema::of(all, name));
            }
            sleep(3 * EVERY).await;
        }
        Err(format!(
            "The nodes no longer have the same schema since the upgrade of {name}: {}. `schema verify --users` shows how.",
            list(&last)
        ))
    }

    /// The node is Synced and its queue is empty, three looks in a row.
    pub(super) async fn catch_up(&mut self, name: &str) -> Said {
        let begun = Instant::now();
        let mut good = 0;
        let mut told = Instant::now();
        while good < 3 {
            let facts = self.look_at(name).await;
            let queue = facts.number("wsrep_local_recv_queue");
            let there = facts.ailments().is_empty() && queue == Some(0.0);
            good = if there { good + 1 } else { 0 };
            if begun.elapsed() > self.settings.upgrade.join_timeout {
                let queue = queue.map_or("unknown".to_owned(), |queue| queue.to_string());
                return Err(format!(
                    "{name} did not catch up in time: its queue is {queue}. {}",
                    facts.ailments().join("; ")
                ));
            }
            if good == 0 && told.elapsed() > Duration::from_secs(2) {
                told = Instant::now();
                let event = UpgradeEvent::node(
                    "catch_up_progress",
                    name,
                    format!("Its queue holds {} write sets.", queue.unwrap_or_default()),
                );
                self.tell(event.with("queue", queue));
            }
            if good < 3 {
                sleep(EVERY / 2).await;
            }
        }
        self.tell(UpgradeEvent::node("caught_up", name, "It is Synced and its queue is empty."));
        Ok(String::new())
    }

    /// The balancers that send the node no sessions although they did when the plan was made.
    pub(super) async fn missing_in(&self, name: &str) -> Result<Vec<String>, String> {
        let mut out = self.fleet.out_of(name).await.map_err(|error| error.to_string())?;
        out.retain(|balancer| !self.plan.found_out_of(balancer, name));
        Ok(out)
    }

    /// The node serves for a while.
    pub(super) async fn settle(&mut self, name: &str) -> Said {
        let until = Instant::now() + self.settings.upgrade.settle;
        let mut looked = Instant::now();
        while Instant::now() < until && !self.is_stopping() {
            sleep((until - Instant::now()).min(EVERY)).await;
            if looked.elapsed() > Duration::from_secs(2) {
                looked = Instant::now();
                let ailments = self.look_at(name).await.ailments();
                if !ailments.is_empty() {
                    return Err(format!("{name} did not stay healthy once it served: {}.", ailments.join("; ")));
                }
            }
        }
        self.tell(UpgradeEvent::node("settled", name, "It served without trouble."));
        Ok(String::new())
    }

    /// The whole cluster is still healthy.
    pub(super) async fn health(&mut self, name: &str) -> Said {
        let facts = self.wait_healthy().await?;
        let out = self.missing_in(name).await?;
        if !out.is_empty() {
            return Err(format!("{} sends no sessions to {name}.", out.join(" and ")));
        }
        self.last_look = Some((Instant::now(), facts));
        self.tell(UpgradeEvent::node("healthy", name, "The whole cluster is healthy."));
        Ok(String::new())
    }

    /// Waits a little for states that pass.
    pub(super) async fn wait_healthy(&self) -> Result<ClusterFacts, String> {
        let begun = Instant::now();
        loop {
            let facts = observe::cluster(self.connector).await;
            let ailments = facts.ailments(None);
            if ailments.is_empty() {
                return Ok(facts);
            }
            let limit = if facts.up().count() < facts.nodes.len() { SILENT } else { PASSING };
            if begun.elapsed() > limit || self.is_stopping() {
                return Err(format!("The cluster is not healthy: {}.", ailments.join("; ")));
            }
            sleep(EVERY).await;
        }
    }
}

fn with_rates(now: ClusterFacts, earlier: &ClusterFacts, apart: Duration) -> ClusterFacts {
    let rated = |node: NodeFacts| match earlier.node(&node.name) {
        Some(before) if node.is_up() && before.is_up() => node.with_rates(before, apart.as_secs_f64()),
        _ => node,
    };
    ClusterFacts { nodes: now.nodes.into_iter().map(rated).collect() }
}

/// A few of many names.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN { format!("{shown} and {} more", names.len() - SHOWN) } else { shown }
}
