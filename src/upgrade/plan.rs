//! The plan of an upgrade: which nodes, in which order, from where to where, and what the checks say.

use serde::{Deserialize, Serialize};

use super::checks::{self, Check, Finding, Subject};
use super::facts::{ClusterFacts, NodeFacts, Surroundings};
use super::window::TransferForecast;
use super::{Direction, Runs, Step, Target, Turn, packages};

/// What will be done, and whether it may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpgradePlan {
    /// The version of this format.
    pub v: u32,
    /// Up or back.
    pub direction: Direction,
    /// The version that every node will run.
    pub target: Target,
    /// The nodes in the order in which they are taken: those that are half-way first, then those that any balancer can let
    /// go of, the writer last.
    pub nodes: Vec<NodePlan>,
    /// What was checked.
    pub checks: Vec<Check>,
    /// Whether there will be a way back, in a sentence.
    pub way_back: String,
    /// The conditions that were accepted.
    #[serde(default)]
    pub accepted: Vec<String>,
    /// For how long the cluster is watched after the last node, in seconds.
    #[serde(default)]
    pub watch_seconds: u64,
}

/// What will be done to one node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodePlan {
    /// The node.
    pub name: String,
    /// The server's version now; `None` when it does not answer.
    pub version: Option<String>,
    /// The provider's version now.
    pub provider: Option<String>,
    /// The first step that the node needs; `None` when it runs the target and nothing is left to do.
    pub begin: Option<Step>,
    /// Whether an earlier run may have left it out of service.
    #[serde(default)]
    pub half_done: bool,
    /// Whether most transactions begin on this node.
    pub writer: bool,
    /// The load balancers that sent it no sessions before, and will not afterwards.
    #[serde(default)]
    pub out_of_service: Vec<String>,
    /// How it is expected to come back.
    pub transfer: TransferForecast,
    /// For how long the other nodes keep write sets at the present rate, in seconds.
    pub window_seconds: Option<f64>,
}

impl UpgradePlan {
    /// The nodes on which something is left to do.
    pub fn turns(&self) -> Vec<Turn> {
        let turn = |node: &NodePlan| Some(Turn { node: node.name.clone(), begin: node.begin?, open: node.half_done });
        self.nodes.iter().filter_map(turn).collect()
    }

    /// Whether every node runs the target already.
    pub fn is_done(&self) -> bool {
        self.nodes.iter().all(|node| node.begin.is_none())
    }

    /// Whether a load balancer sent the node no sessions when the plan was made, so that it will not afterwards either.
    pub fn found_out_of(&self, balancer: &str, node: &str) -> bool {
        let planned = self.nodes.iter().find(|planned| planned.name == node);
        planned.is_some_and(|planned| planned.out_of_service.iter().any(|label| label == balancer))
    }

    /// The worst finding that was not accepted.
    pub fn verdict(&self) -> Finding {
        let accepted = |check: &Check| check.acceptable && self.accepted.contains(&check.code);
        let open = || self.checks.iter().filter(|check| !accepted(check));
        // A refusal says more than a gap: it holds whatever the gap hides.
        if open().any(|check| check.finding == Finding::Refuse) {
            return Finding::Refuse;
        }
        open().map(|check| check.finding).max().unwrap_or(Finding::Pass)
    }

    /// The checks that stand in the way.
    pub fn obstacles(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| {
            check.finding >= Finding::Refuse && !(check.acceptable && self.accepted.contains(&check.code))
        })
    }
}

/// Makes the plan.
pub fn make(
    cluster: &ClusterFacts,
    around: &Surroundings,
    target: &Target,
    direction: Direction,
    accepted: &[String],
) -> UpgradePlan {
    let half_done = |name: &str| around.half_done.iter().position(|node| node == name);
    let writer = cluster.writer().map(str::to_owned);
    let mixed = cluster.up().any(|node| node.runs(target) == Runs::No);
    // Somebody has said that a revision which no server shows is to be installed.
    let again = accepted.iter().any(|code| code == packages::REVISION);
    let mut nodes: Vec<NodePlan> = cluster
        .nodes
        .iter()
        .map(|node| {
            let runs = match node.runs(target) {
                Runs::Unknown if !again => Runs::Yes,
                runs => runs,
            };
            let begin = begin(node, runs, half_done(&node.name).is_some(), mixed);
            let (transfer, window_seconds) = checks::forecast(cluster, &node.name, around.away_seconds);
            NodePlan {
                name: node.name.clone(),
                version: node.variable("version").map(str::to_owned),
                provider: node.status("wsrep_provider_version").map(str::to_owned),
                begin,
                half_done: half_done(&node.name).is_some(),
                writer: writer.as_deref() == Some(node.name.as_str()),
                // What a run that was broken off has taken out is put back in the end.
                out_of_service: match half_done(&node.name) {
                    Some(_) => Vec::new(),
                    None => around.out_of_service.get(&node.name).cloned().unwrap_or_default(),
                },
                transfer,
                window_seconds,
            }
        })
        .collect();
    // Nodes that run the target are verified before another one is taken.
    nodes.sort_by_key(|node| {
        let last = around.last.contains(&node.name);
        (half_done(&node.name).is_none(), node.begin.is_some_and(|step| step < Step::Stop), last, node.writer)
    });
    let pending: Vec<String> = nodes
        .iter()
        .filter(|node| node.begin.is_some_and(|step| step < Step::Join))
        .map(|node| node.name.clone())
        .collect();
    let checks = checks::all(&Subject { cluster, around, target, direction, pending: &pending });
    UpgradePlan {
        v: 1,
        direction,
        target: target.clone(),
        way_back: way_back(cluster, target, direction),
        nodes,
        checks,
        accepted: accepted.to_vec(),
        watch_seconds: 0,
    }
}

pub(super) fn begin(node: &NodeFacts, runs: Runs, half_done: bool, mixed: bool) -> Option<Step> {
    match node.version() {
        // A node that somebody upgraded by hand gets what may be missing: tables, verification, a look at its log.
        Some(_) if runs == Runs::Yes => (half_done || mixed).then_some(Step::Join),
        // It may have been stopped by the run that left it, or be starting, or wait for a state transfer: it is
        // stopped for certain before whatever is installed is replaced.
        None if half_done => Some(Step::Stop),
        _ => Some(Step::Check),
    }
}

fn way_back(cluster: &ClusterFacts, target: &Target, direction: Direction) -> String {
    if direction == Direction::Back {
        return "This is the way back. The upgrade can be repeated afterwards.".to_owned();
    }
    let series = cluster.up().filter_map(NodeFacts::version).all(|version| version.series() == target.version.series());
    if !series {
        return "There is no way back over a series but a restore from a backup.".to_owned();
    }
    let protocol = cluster.up().filter_map(NodeFacts::group_protocol).max();
    let now = protocol.map_or("a later group protocol".to_owned(), |now| format!("a group protocol above {now}"));
    format!(
        "Open with `schema upgrade run --rollback`, as long as the provider's package stays as it is. If the upgrade also brings a provider with {now}, the way back closes when the last node is upgraded."
    )
}

#[cfg(test)]
mod tests;
