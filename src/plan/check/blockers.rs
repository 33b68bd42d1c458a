//! Nobody holds a lock for which TOI waits without limit: FLUSH TABLES WITH READ LOCK, LOCK TABLES, a backup. One such
//! holder on one node can stop the writes of the whole cluster (galera-facts 0.6).

use super::{ALWAYS, Check, Notes, Scene};

pub(super) const CHECK: Check = Check {
    name: "blockers",
    holds: "Nobody holds a global lock or a lock on the tables concerned.",
    stages: ALWAYS,
    look,
};

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    for (name, facts) in scene.seen() {
        // In a roll only the node that changes waits for its own lock holders.
        if scene.leaving.is_some_and(|leaving| leaving != name) {
            continue;
        }
        let blockers = match &facts.blockers {
            Ok(blockers) => blockers,
            Err(unseen) => {
                notes.unseen(
                    name,
                    format!(
                        "Whether a backup or a global lock is in force on node {name} could not be seen: {unseen}."
                    ),
                    unseen.grant.clone().unwrap_or_default(),
                );
                continue;
            }
        };
        for blocker in blockers {
            if blocker.table.as_ref().is_some_and(|table| !scene.concerns(table)) {
                continue;
            }
            let thread = blocker.thread_id.map_or_else(String::new, |thread| format!(", thread {thread}"));
            notes.fail(
                name,
                format!(
                    "On node {name} {} holds {}{thread}; the statement would wait for it.",
                    blocker.who, blocker.what
                ),
                "Wait until it is over, or end that session.",
            );
        }
    }
}
