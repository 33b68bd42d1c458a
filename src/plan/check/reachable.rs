//! Every configured node answers: a node that cannot be seen cannot be shown to agree with the others.

use super::{ALWAYS, Check, Notes, Scene};

pub(super) const CHECK: Check = Check { name: "reachable", holds: "Every node answers.", stages: ALWAYS, look };

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    for node in scene.nodes {
        if let Err(unseen) = &node.facts {
            let advice =
                format!("Bring node {} at {} back, or correct it in the configuration.", node.node, node.address);
            notes.unseen(
                &node.node,
                format!("Node {} at {} could not be asked: {unseen}.", node.node, node.address),
                advice,
            );
        }
    }
}
