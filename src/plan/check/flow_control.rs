//! The cluster is not struggling already: queues are short and flow control is quiet.

use super::{ALWAYS, Check, Notes, Scene};
use crate::plan::facts::{NodeFacts, NodeObservation};

pub(super) const CHECK: Check =
    Check { name: "flow-control", holds: "Queues are short and flow control is quiet.", stages: ALWAYS, look };

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    for (name, facts) in scene.seen() {
        if is_paused(facts) {
            notes.fail(
                name,
                format!(
                    "Flow control paused the cluster for {:.0} % of the {:.2} s that were looked at on node {name}.",
                    facts.rates.flow_control_paused * 100.0,
                    facts.rates.seconds
                ),
                "Find the node that sends the pauses (`schema status`) and wait until it keeps up.",
            );
        }
        if is_behind(facts) {
            notes.fail(
                name,
                format!(
                    "{} write sets wait in the receive queue of node {name}, more than half of what it takes.",
                    facts.recv_queue
                ),
                "Wait until it has caught up.",
            );
        }
    }
}

/// The share of time in flow control above which a change makes things worse (galera-facts 6: abort above 0.2).
const MAX_PAUSED: f64 = 0.2;

fn is_paused(facts: &NodeFacts) -> bool {
    facts.rates.flow_control_paused > MAX_PAUSED
}

fn is_behind(facts: &NodeFacts) -> bool {
    facts.recv_queue > 0 && facts.recv_queue_room().is_some_and(|room| room < facts.recv_queue)
}

/// Whether the check would fail on these facts. In a short sample one pause of some milliseconds is enough for that, so
/// they are to be taken again over a longer one before anybody is refused.
pub fn is_strained(nodes: &[NodeObservation]) -> bool {
    nodes.iter().filter_map(|node| node.facts.as_ref().ok()).any(|facts| is_paused(facts) || is_behind(facts))
}
