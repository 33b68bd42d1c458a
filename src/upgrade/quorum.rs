//! What the cluster's votes say of a node that is taken away: does the rest stay primary, and would it bear a crash?

use super::checks::{Check, Finding};
use super::facts::{ClusterFacts, NodeFacts};
use crate::plan::stays_primary;

/// The weights of the members.
struct Votes {
    /// Of all members together.
    all: u64,
    /// Of each node that answers.
    nodes: Vec<(String, u64)>,
}

impl Votes {
    /// Reads them; the error names what could not be read.
    fn read(cluster: &ClusterFacts) -> Result<Self, String> {
        let weight = |node: &NodeFacts| Some((node.name.clone(), node.provider_option("pc.weight")?.parse().ok()?));
        let unread = |node: &NodeFacts| format!("The weight of {} (pc.weight) could not be read.", node.name);
        let nodes = cluster.up().map(|node| weight(node).ok_or_else(|| unread(node)));
        let nodes: Vec<(String, u64)> = nodes.collect::<Result<_, _>>()?;
        let told = cluster.up().filter_map(|node| node.status("wsrep_cluster_weight")?.parse().ok()).min();
        // A provider that does not tell the sum may have arbitrators; that they weigh nothing is the worst case.
        let all = told.unwrap_or_else(|| nodes.iter().map(|(_, weight)| weight).sum());
        Ok(Self { all, nodes })
    }

    fn of(&self, name: &str) -> Option<u64> {
        self.nodes.iter().find(|(node, _)| node == name).map(|(_, weight)| *weight)
    }

    /// Whether the rest is primary once this node was stopped.
    fn spares(&self, name: &str) -> bool {
        self.of(name).is_none_or(|own| stays_primary(self.all, own, 0))
    }

    /// A member whose crash stops the cluster while `away` is stopped, with its weight.
    fn single_point(&self, away: Option<&str>) -> Option<(&str, u64)> {
        let all = self.all.saturating_sub(away.and_then(|away| self.of(away)).unwrap_or(0));
        let known: u64 = self.nodes.iter().map(|(_, weight)| weight).sum();
        let arbitrators = ("the arbitrator", self.all.saturating_sub(known));
        let nodes = self.nodes.iter().map(|(name, weight)| (name.as_str(), *weight));
        nodes
            .chain([arbitrators])
            .filter(|(name, weight)| Some(*name) != away && *weight > 0)
            .find(|(_, weight)| !stays_primary(all, 0, *weight))
    }
}

/// Whether the others stay primary when this node is stopped.
///
/// # Errors
/// Says why not, or which weight could not be read.
pub fn spares(cluster: &ClusterFacts, name: &str) -> Result<(), String> {
    let votes = Votes::read(cluster)?;
    if votes.spares(name) { Ok(()) } else { Err(carries_all(name)) }
}

fn carries_all(name: &str) -> String {
    format!(
        "{name} carries all the weight of the cluster (pc.weight): as soon as it stops, the others are no longer primary and \
         take no statement. Give another node a weight first: SET GLOBAL wsrep_provider_options='pc.weight=1'."
    )
}

/// The check of the plan: the nodes in `pending` are stopped one after the other.
pub(super) fn check(cluster: &ClusterFacts, pending: &[String], away: &[String]) -> Check {
    let code = "quorum";
    let (Some((size, _)), votes) = (cluster.members(), Votes::read(cluster)) else {
        return Check::new(code, Finding::Unknown, "The cluster's members could not be counted.");
    };
    let votes = match votes {
        Ok(votes) => votes,
        Err(why) => return Check::new(code, Finding::Unknown, why),
    };
    if let Some(name) = pending.iter().find(|name| !votes.spares(name)) {
        if away.is_empty() {
            return Check::new(code, Finding::Refuse, carries_all(name));
        }
        let back = away.join(", ");
        return Check::new(
            code,
            Finding::Warning,
            format!(
                "Without {back} {name} carries all the weight of the cluster. Its turn comes when {back} is back, and that is looked at again then."
            ),
        );
    }
    if size < 3 {
        return Check::new(
            code,
            Finding::Warning,
            "With one of two members away, losing the other stops the cluster. Add an arbitrator (garbd) first.",
        );
    }
    if let Some((name, weight)) = votes.single_point(None) {
        return Check::new(
            code,
            Finding::Warning,
            format!(
                "A crash of {name} (weight {weight} of {}) stops the cluster, whether or not another node is away: the rest is no majority. Spread the weights (pc.weight) more evenly.",
                votes.all
            ),
        );
    }
    // A clean stop takes the node's weight out of the count; a further loss then needs more than half of the rest.
    let left = size - 1;
    if left == 2 {
        return Check::new(
            code,
            Finding::Pass,
            "The cluster keeps its quorum with one node away. With two members left, losing one more to a crash stops it until the node is back.",
        );
    }
    if let Some((node, (name, weight))) = pending.iter().find_map(|node| Some((node, votes.single_point(Some(node))?)))
    {
        return Check::new(
            code,
            Finding::Warning,
            format!(
                "The cluster keeps its quorum with one node away, but while {node} is away a crash of {name} (weight {weight}) stops it."
            ),
        );
    }
    Check::pass(code, format!("The cluster keeps its quorum with one node away and one of the {left} others lost."))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A cluster of nodes with these weights, and arbitrators with one of their own.
    fn cluster(weights: &[u64], arbitrators: &[u64]) -> ClusterFacts {
        let all: u64 = weights.iter().chain(arbitrators).sum();
        let size = weights.len() + arbitrators.len();
        let addresses = [vec!["AUTO"; weights.len()], vec![""; arbitrators.len()]].concat().join(",");
        let node = |(at, weight): (usize, &u64)| {
            let variables = [("wsrep_provider_options", format!("gcache.size = 128M; pc.weight = {weight}; "))];
            let status = [
                ("wsrep_cluster_weight", all.to_string()),
                ("wsrep_cluster_size", size.to_string()),
                ("wsrep_incoming_addresses", addresses.clone()),
            ];
            let map = |pairs: Vec<(&str, String)>| -> BTreeMap<String, String> {
                pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            };
            NodeFacts::up(format!("n{}", at + 1), map(variables.into()), map(status.into()), None)
        };
        ClusterFacts { nodes: weights.iter().enumerate().map(node).collect() }
    }

    #[track_caller]
    fn found(weights: &[u64], arbitrators: &[u64], away: &[&str], expected: Finding, part: &str) {
        let cluster = cluster(weights, arbitrators);
        let names: Vec<String> = cluster.nodes.iter().map(|node| node.name.clone()).collect();
        let away: Vec<String> = away.iter().map(|name| (*name).to_owned()).collect();
        let check = check(&cluster, &names, &away);
        assert_eq!(check.finding, expected, "{check:?}");
        assert!(check.text.contains(part), "{check:?}");
    }

    #[test]
    fn weights_are_counted_and_not_heads() {
        found(&[1, 1, 1], &[], &[], Finding::Pass, "two members left");
        found(&[1, 1, 1, 1, 1], &[], &[], Finding::Pass, "4 others lost");
        found(&[1, 0, 0], &[], &[], Finding::Refuse, "n1 carries all");
        found(&[0, 1], &[], &[], Finding::Refuse, "n2 carries all");
        found(&[1, 0], &[1], &[], Finding::Warning, "A crash of n1 (weight 1 of 2)");
        found(&[2, 1, 1], &[], &[], Finding::Warning, "A crash of n1 (weight 2 of 4)");
        found(&[1, 1], &[], &[], Finding::Warning, "garbd");
        found(&[1, 1], &[2], &[], Finding::Warning, "A crash of the arbitrator");
        // Seven votes in all: each may crash, but not while a small one is away.
        found(&[3, 1, 1, 1, 1], &[], &[], Finding::Warning, "while n2 is away a crash of n1 (weight 3)");
        // The node that is away comes back before the next one goes.
        found(&[1, 0], &[], &["n3"], Finding::Warning, "when n3 is back");
    }

    #[test]
    fn a_node_that_carries_all_weight_is_not_spared() {
        let lopsided = cluster(&[1, 0, 0], &[]);
        assert!(spares(&lopsided, "n1").unwrap_err().contains("no longer primary"));
        assert_eq!(spares(&lopsided, "n2"), Ok(()));
        let mut unread = cluster(&[1, 1, 1], &[]);
        unread.nodes[1].variables.clear();
        assert!(spares(&unread, "n1").unwrap_err().contains("n2"));
        // Without the sum an arbitrator counts for nothing.
        let mut untold = cluster(&[1, 0], &[1]);
        untold.nodes.iter_mut().for_each(|node| drop(node.status.remove("wsrep_cluster_weight")));
        assert!(spares(&untold, "n1").is_err());
    }
}
