//! The configuration names every member: a node that nobody named would keep the old schema in a roll, and nobody
//! would compare it.

use super::{ALWAYS, Check, Notes, Scene};

pub(super) const CHECK: Check =
    Check { name: "membership", holds: "The configuration names every member of the cluster.", stages: ALWAYS, look };

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    let configured = scene.nodes.len() as u64;
    let Some((first, reference)) = scene.seen().next() else { return };
    for (name, facts) in scene.seen() {
        if facts.conf_id != reference.conf_id {
            notes.fail(
                name,
                format!(
                    "Node {name} sees membership {} of the cluster, and node {first} sees {}.",
                    facts.conf_id, reference.conf_id
                ),
                "The membership is changing right now; wait until it is stable and try again.",
            );
            continue;
        }
        // An arbitrator has no address for clients.
        let arbitrators = facts.members.iter().filter(|address| address.trim().is_empty()).count() as u64;
        let members = facts.cluster_size.saturating_sub(arbitrators);
        if members > configured {
            notes.fail(
                name,
                format!(
                    "The cluster has {members} nodes ({}), and the configuration names {configured}.",
                    facts.members.iter().filter(|address| !address.is_empty()).cloned().collect::<Vec<_>>().join(", ")
                ),
                "Name every node; one that is left out would keep its old schema.",
            );
            return;
        }
        if members < configured {
            notes.fail(
                name,
                format!("The configuration names {configured} nodes, and node {name} is in a cluster of {members}."),
                "Bring the missing node back, or take it out of the configuration.",
            );
            return;
        }
    }
}
