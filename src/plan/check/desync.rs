//! Nobody else holds a node desynced: another operator, a backup, a dead run.

use super::{ALWAYS, Check, Notes, Scene};

pub(super) const CHECK: Check = Check { name: "desync", holds: "No node is desynced.", stages: ALWAYS, look };

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    for (name, facts) in scene.seen() {
        if facts.desync || facts.desync_count > 0 {
            notes.fail(
                name,
                format!(
                    "Node {name} is held desynced (wsrep_desync {}, wsrep_desync_count {}).",
                    if facts.desync { "ON" } else { "OFF" },
                    facts.desync_count
                ),
                "Find out who did that: another operator, a backup, or a run that died (`schema status`). \
                 If nobody needs it: SET GLOBAL wsrep_desync=OFF on that node.",
            );
        }
    }
}
