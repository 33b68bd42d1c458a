//! All nodes are members of one and the same cluster, and no node is configured twice.

use super::{ALWAYS, Check, Notes, Scene};

pub(super) const CHECK: Check =
    Check { name: "identity", holds: "All nodes are members of one cluster.", stages: ALWAYS, look };

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    let Some((first, reference)) = scene.seen().next() else { return };
    for (name, facts) in scene.seen() {
        if facts.cluster_uuid != reference.cluster_uuid {
            notes.fail(
                name,
                format!(
                    "Node {name} is in cluster {}, and node {first} in {}.",
                    facts.cluster_uuid, reference.cluster_uuid
                ),
                "Name only the nodes of one cluster in the configuration.",
            );
        } else if facts.local_uuid != facts.cluster_uuid {
            notes.fail(
                name,
                format!(
                    "The history of node {name} ({}) is not that of its cluster ({}).",
                    facts.local_uuid, facts.cluster_uuid
                ),
                "Wait until its state transfer is over.",
            );
        }
        let twin =
            scene.seen().find(|(other, other_facts)| *other < name && other_facts.member_uuid == facts.member_uuid);
        if let Some((twin, _)) = twin {
            notes.fail(
                name,
                format!("The addresses of {twin} and {name} lead to the same node."),
                "Name each node once, by the address that leads to it.",
            );
        }
    }
}
