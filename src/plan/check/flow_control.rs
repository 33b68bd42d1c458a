//! The cluster is not struggling already: queues are short and flow control is quiet.

use super::{ALWAYS, Check, Notes, Scene};

pub(super) const CHECK: Check =
    Check { name: "flow-control", holds: "Queues are short and flow control is quiet.", stages: ALWAYS, look };

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    for (name, facts) in scene.seen() {
        if facts.rates.flow_control_paused > MAX_PAUSED {
            notes.fail(
                name,
                format!(
                    "Flow control paused the cluster for {:.0} % of the time that was looked at.",
                    facts.rates.flow_control_paused * 100.0
                ),
                "Find the node that sends the pauses (`schema status`) and wait until it keeps up.",
            );
        }
        let room = facts.recv_queue_room();
        if facts.recv_queue > 0 && room.is_some_and(|room| room < facts.recv_queue) {
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
