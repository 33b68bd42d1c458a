//! Every node is Synced; the one that is about to leave as well.

use super::{ALWAYS, Check, Notes, Scene};

pub(super) const CHECK: Check = Check { name: "synced", holds: "Every node is Synced.", stages: ALWAYS, look };

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    use crate::plan::facts::NodeState;
    for (name, facts) in scene.seen() {
        if facts.state != NodeState::Synced {
            notes.fail(
                name,
                format!("Node {name} is {}, not Synced.", facts.state_comment),
                "Wait until it is Synced; `schema status` shows it.",
            );
        }
    }
}
