//! Every node is in the primary component and takes queries.

use super::{ALWAYS, Check, Notes, Scene};

pub(super) const CHECK: Check =
    Check { name: "primary", holds: "Every node is in the primary component.", stages: ALWAYS, look };

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    for (name, facts) in scene.seen() {
        if facts.cluster_status != "Primary" || !facts.connected || !facts.ready {
            notes.fail(
                name,
                format!(
                    "Node {name} is not in the primary component (wsrep_cluster_status {}, wsrep_connected {}, wsrep_ready {}).",
                    facts.cluster_status,
                    on_off(facts.connected),
                    on_off(facts.ready)
                ),
                "A cluster without quorum must be brought back first; see the log of that node.",
            );
        }
    }
}

const fn on_off(value: bool) -> &'static str {
    if value { "ON" } else { "OFF" }
}
