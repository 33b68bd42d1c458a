//! Replicas that read a node's binary log get a rolled statement when their node has its turn, or not at all.

use super::{AHEAD, Check, Notes, Scene};

pub(super) const CHECK: Check = Check {
    name: "replicas",
    holds: "No replica reads the binary log of a node that changes by itself.",
    stages: AHEAD,
    look,
};

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    if scene.copies().next().is_some() {
        copied(scene, notes);
    }
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

/// A copy writes every row once more, and the tool waits for the cluster only.
fn copied(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    for (name, facts) in scene.seen() {
        for replica in facts.replicas.iter().flatten() {
            notes.warn(
                name,
                format!(
                    "A replica ({}@{}) reads the binary log of node {name}: a copy is written to it as well, and it may fall behind.",
                    replica.user, replica.host
                ),
                "Watch its lag; the copying tool is not told to wait for it.",
            );
        }
    }
}
