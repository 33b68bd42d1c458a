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
    // In a roll only the node that changes waits for its own lock holders.
    let waits = |name: &str| scene.leaving.is_none_or(|leaving| leaving == name);
    let asked = || scene.seen().filter(|(name, _)| waits(name));
    let hidden = asked().filter_map(|(name, facts)| Some((name, facts.blockers.as_ref().err()?)));
    notes.hidden("Whether a backup or a global lock is in force", hidden);
    for (name, facts) in asked() {
        for blocker in facts.blockers.iter().flatten() {
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
