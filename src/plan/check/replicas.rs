//! Replicas that read a node's binary log get a rolled statement when their node has its turn, or not at all.

use super::{AHEAD, Check, Notes, Scene};

pub(super) const CHECK: Check = Check {
    name: "replicas",
    holds: "No replica reads the binary log of a node that changes by itself.",
    stages: AHEAD,
    look,
};

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    if !scene.rolls() {
        return;
    }
    for (name, facts) in scene.seen() {
        match &facts.replicas {
            Ok(replicas) => {
                for replica in replicas {
                    notes.warn(
                        name,
                        format!(
                            "A replica ({}@{}) reads the binary log of node {name}: it gets the statement with that node's turn, under a GTID of that node alone.",
                            replica.user, replica.host
                        ),
                        "Do not switch the replica to another node before the roll is over.",
                    );
                }
            }
            Err(unseen) => notes.warn(
                name,
                format!("Whether replicas read the binary log of node {name} could not be seen: {unseen}."),
                unseen.grant.clone().unwrap_or_default(),
            ),
        }
    }
}
