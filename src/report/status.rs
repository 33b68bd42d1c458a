//! `schema status` for people and for programs, and what in it does not fit together.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Style, table};
use crate::plan::facts::{NodeFacts, NodeObservation, NodeState, Seen};

/// Everything that was seen at one moment.
#[derive(Clone, Debug)]
pub struct Status {
    /// Every configured node.
    pub nodes: Vec<NodeObservation>,
    /// Every configured balancer, in order.
    pub balancers: Vec<BalancerStatus>,
    /// The run that is open, as the journal has it; the reason when the journal could not be read.
    pub run: Seen<Option<OpenRun>>,
}

/// What one balancer says.
#[derive(Clone, Debug, Serialize)]
pub struct BalancerStatus {
    /// Its label.
    pub name: String,
    /// Why it could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What it says about each node that stands behind it.
    pub nodes: BTreeMap<String, Standing>,
    /// What a person should know about it.
    pub notes: Vec<String>,
}

/// What a balancer says about a node.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    /// `serving`, `backup`, `draining`, `maintenance`, `down`, `unknown`.
    pub standing: String,
    /// Whether new sessions go there.
    pub usable: bool,
    /// Sessions now, where it counts them.
    pub sessions: Option<u64>,
    /// Its own words, place by place.
    pub places: Vec<String>,
}

/// A run that has not ended.
#[derive(Clone, Debug, Serialize)]
pub struct OpenRun {
    /// Its id.
    pub run: String,
    /// `apply`, `upgrade`, `lock`.
    pub kind: String,
    /// `running`, `stopped`, `unknown`.
    pub state: String,
    /// What it does, in a line.
    pub title: String,
    /// Who runs it.
    pub holder: String,
    /// When it began, UTC.
    pub started: String,
    /// Whether its process holds the lease and may be alive.
    pub lease_held: bool,
    /// The last step that it wrote down.
    pub last_step: Option<String>,
}

impl Status {
    /// Whether everything configured was seen.
    pub fn is_complete(&self) -> bool {
        self.nodes.iter().all(|node| node.facts.is_ok())
            && self.balancers.iter().all(|balancer| balancer.error.is_none())
            && self.run.is_ok()
    }

    fn seen(&self) -> impl Iterator<Item = (&str, &NodeFacts)> {
        self.nodes.iter().filter_map(|node| Some((node.node.as_str(), node.facts.as_ref().ok()?)))
    }

    /// What does not fit together, one sentence each, worst first.
    pub fn contradictions(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.among_nodes(&mut found);
        for balancer in &self.balancers {
            self.beside_balancer(balancer, &mut found);
        }
        if let Ok(Some(run)) = &self.run
            && !run.lease_held
        {
            found.push(format!(
                "Run {} is open ({}), and no process holds the lease: `schema resume` finishes it, `schema abort` ends it.",
                run.run, run.state
            ));
        }
        if matches!(self.run, Ok(None)) {
            for (name, facts) in self.seen() {
                if facts.desync_count > 0 {
                    found.push(format!(
                        "Node {name} is desynced ({} hold it so) and no run is open: a backup, a state transfer, or a leftover.",
                        facts.desync_count
                    ));
                }
            }
        }
        found
    }

    fn among_nodes(&self, found: &mut Vec<String>) {
        let mut differ = |what: &str, value: &dyn Fn(&NodeFacts) -> String, advice: &str| {
            let mut values: BTreeMap<String, Vec<&str>> = BTreeMap::new();
            for (name, facts) in self.seen() {
                values.entry(value(facts)).or_default().push(name);
            }
            if values.len() > 1 {
                let told: Vec<String> =
                    values.iter().map(|(value, nodes)| format!("{value} on {}", nodes.join(", "))).collect();
                found.push(format!("{what} differs: {}. {advice}", told.join("; ")));
            }
        };
        differ(
            "The cluster",
            &|facts| facts.cluster_uuid.clone(),
            "The nodes are not of one cluster, or one is out of it.",
        );
        differ(
            "The membership",
            &|facts| format!("{} members", facts.cluster_size),
            "The cluster is split or re-forming.",
        );
        differ("The server's version", &|facts| facts.version_text.clone(), "A rolling upgrade is under way.");
        differ("The provider's version", &|facts| facts.provider_version.clone(), "A rolling upgrade is under way.");
        for name in ["wsrep_osu_method", "slave_type_conversions", "sql_mode", "innodb_instant_alter_column_allowed"] {
            differ(
                name,
                &|facts| facts.global(name).unwrap_or("not there").to_owned(),
                "Set it to the same on all nodes.",
            );
        }
        let mut members: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, facts) in self.seen() {
            if !facts.member_uuid.is_empty() {
                members.entry(&facts.member_uuid).or_default().push(name);
            }
            if facts.cluster_status != "Primary" {
                found.push(format!("Node {name} is not in the primary component ({}).", facts.cluster_status));
            }
            if facts.global("wsrep_osu_method").is_some_and(|method| !method.eq_ignore_ascii_case("TOI")) {
                found.push(format!("GLOBAL wsrep_OSU_method is not TOI on node {name}: DDL stays on that node alone."));
            }
        }
        for names in members.values().filter(|names| names.len() > 1) {
            found.push(format!("{} are one and the same node.", names.join(" and ")));
        }
        let configured = self.nodes.len() as u64;
        if let Some((name, facts)) = self.seen().find(|(_, facts)| facts.cluster_size > configured) {
            found.push(format!(
                "The cluster has {} members (node {name} says), and the configuration names {configured} nodes: {}.",
                facts.cluster_size,
                facts.members.join(", ")
            ));
        }
    }

    fn beside_balancer(&self, balancer: &BalancerStatus, found: &mut Vec<String>) {
        if balancer.error.is_some() {
            return;
        }
        for node in &self.nodes {
            let Some(standing) = balancer.nodes.get(&node.node) else {
                found.push(format!("Node {} does not stand behind balancer {}.", node.node, balancer.name));
                continue;
            };
            let healthy = node.facts.as_ref().is_ok_and(|facts| facts.ready && facts.state == NodeState::Synced);
            let state = node.facts.as_ref().map_or("unreachable from here", |facts| facts.state_comment.as_str());
            if standing.usable && !healthy {
                found.push(format!(
                    "Balancer {} sends sessions to node {}, which is {state}.",
                    balancer.name, node.node
                ));
            }
            if !standing.usable && healthy {
                found.push(format!(
                    "Node {} is {state}, and balancer {} does not send it sessions ({}).",
                    node.node, balancer.name, standing.standing
                ));
            }
        }
    }
}

/// The answer for people.
pub fn human(status: &Status, style: Style) -> String {
    let mut out = String::new();
    if let Some((_, facts)) = status.seen().next() {
        let seen = status.seen().count();
        let _ = writeln!(
            out,
            "Cluster {}: {}, {} members, {seen} of {} nodes seen. MariaDB {}, Galera {}.",
            facts.cluster_uuid,
            facts.cluster_status,
            facts.cluster_size,
            status.nodes.len(),
            facts.version,
            facts.provider_version
        );
    } else {
        let _ = writeln!(out, "{}", style.bad("No node could be seen."));
    }
    let fixed = ["node", "address", "state", "writes/s", "queue", "paused", "clients"];
    let mut page = table(style, fixed.into_iter().chain(status.balancers.iter().map(|one| one.name.as_str())));
    for node in &status.nodes {
        let mut row = vec![node.node.clone(), node.address.clone()];
        match &node.facts {
            Ok(facts) => row.extend([
                state(facts, style),
                format!("{:.0}", facts.rates.replicated),
                facts.recv_queue.to_string(),
                format!("{:.0} %", facts.rates.flow_control_paused * 100.0),
                facts.client_sessions.as_ref().map_or_else(|_| "?".to_owned(), u64::to_string),
            ]),
            Err(_) => row.extend([style.bad("not seen"), "?".into(), "?".into(), "?".into(), "?".into()]),
        }
        for balancer in &status.balancers {
            row.push(match (&balancer.error, balancer.nodes.get(&node.node)) {
                (Some(_), _) => "?".to_owned(),
                (None, None) => "not there".to_owned(),
                (None, Some(standing)) => match standing.sessions {
                    Some(sessions) => format!("{}, {sessions} sessions", standing.standing),
                    None => standing.standing.clone(),
                },
            });
        }
        page.add_row(row);
    }
    let _ = writeln!(out, "{page}");
    for node in &status.nodes {
        if let Err(why) = &node.facts {
            let _ = writeln!(out, "{} {why}", style.bad("not seen:"));
        }
    }
    for balancer in &status.balancers {
        if let Some(error) = &balancer.error {
            let _ = writeln!(out, "{} balancer {}: {error}", style.bad("not seen:"), balancer.name);
        }
        for note in &balancer.notes {
            let _ = writeln!(out, "{} {note}", style.dim("note:"));
        }
    }
    match &status.run {
        Ok(None) => {
            let _ = writeln!(out, "No run is open.");
        }
        Ok(Some(run)) => {
            let _ = writeln!(
                out,
                "Run {} ({}, {}): {}. Begun {} UTC by {}{}.",
                run.run,
                run.kind,
                run.state,
                run.title,
                run.started,
                run.holder,
                run.last_step.as_ref().map_or_else(String::new, |step| format!("; last step: {step}"))
            );
        }
        Err(why) => {
            let _ = writeln!(out, "{} the journal: {why}", style.bad("not seen:"));
        }
    }
    for contradiction in status.contradictions() {
        let _ = writeln!(out, "{} {contradiction}", style.warn("!"));
    }
    out
}

fn state(facts: &NodeFacts, style: Style) -> String {
    let mut text = facts.state_comment.clone();
    if facts.cluster_status != "Primary" {
        text = format!("{} ({text})", facts.cluster_status);
    } else if facts.desync_count > 0 && facts.state == NodeState::Synced {
        text.push_str(", desync");
    }
    if facts.ready && facts.state == NodeState::Synced { style.good(&text) } else { style.warn(&text) }
}

/// The answer for programs.
pub fn json(status: &Status) -> Value {
    let cluster = status.seen().next().map(|(_, facts)| {
        json!({
            "uuid": facts.cluster_uuid,
            "status": facts.cluster_status,
            "size": facts.cluster_size,
            "weight": facts.cluster_weight,
            "server_version": facts.version_text,
            "provider_version": facts.provider_version,
        })
    });
    let nodes: Vec<Value> = status
        .nodes
        .iter()
        .map(|node| match &node.facts {
            Ok(facts) => json!({"node": node.node, "address": node.address, "seen": true, "facts": facts}),
            Err(why) => json!({"node": node.node, "address": node.address, "seen": false, "why": why.why}),
        })
        .collect();
    json!({
        "v": 1,
        "complete": status.is_complete(),
        "cluster": cluster,
        "nodes": nodes,
        "balancers": status.balancers,
        "run": status.run.as_ref().ok().cloned().flatten(),
        "journal_error": status.run.as_ref().err().map(|why| &why.why),
        "contradictions": status.contradictions(),
    })
}
