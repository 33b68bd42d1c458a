//! Nobody holds a lock for which TOI waits without limit: FLUSH TABLES WITH READ LOCK, LOCK TABLES, a backup. One such
//! holder on one node can stop the writes of the whole cluster (galera-facts 0.6).
//!
//! Only the plugin `metadata_lock_info` names every holder. Without it most of them show by other signs; what would not
//! show is said.

use super::{ALWAYS, Check, Notes, Scene, Verdict};
use crate::plan::facts::{Activity, NodeFacts};

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
        if facts.lock_holders.is_err() {
            signs(scene, name, facts, notes);
        }
    }
    half_seen(asked(), notes);
}

/// Where holders are not told, those who wait for them are.
fn signs(scene: &Scene<'_>, name: &str, facts: &NodeFacts, notes: &mut Notes<'_>) {
    let names_one = |one: &&Activity| one.statement.as_ref().is_some_and(|statement| scene.is_named_in(statement));
    for one in facts.activity.iter().flatten().filter(names_one) {
        let Some(state) = &one.waits_for else { continue };
        notes.fail(
            name,
            format!(
                "On node {name} a statement of {}@{} (thread {}) on a table concerned waits for a lock that somebody holds ({state}).",
                one.user, one.host, one.thread_id
            ),
            "Wait until it is over, or find the holder: INSTALL SONAME 'metadata_lock_info' names him.",
        );
    }
    for table in facts.in_use.iter().filter(|table| scene.concerns(table)) {
        notes.warn(
            name,
            format!("{table} was in use at every look on node {name}; that nobody holds it by LOCK TABLES could not be seen."),
            "Before a statement is sent to all nodes it is looked at again.",
        );
    }
}

/// What could not be seen is said, although nothing speaks against the run.
fn half_seen<'a>(asked: impl Iterator<Item = (&'a str, &'a NodeFacts)>, notes: &mut Notes<'_>) {
    let half = |(name, facts): (&'a str, &'a NodeFacts)| {
        facts.blockers.as_ref().ok()?;
        Some((name, facts.lock_holders.as_ref().err()?))
    };
    let (nodes, why): (Vec<&str>, Vec<_>) = asked.filter_map(half).unzip();
    let Some(why) = why.first() else { return };
    notes.add(
        Verdict::Warned,
        None,
        format!(
            "Not every holder of a lock shows on {}: {}. Looked at were global locks and backups, whoever waits for a lock, \
             and tables in use by sessions that rest; BACKUP LOCK, or LOCK TABLES READ beside many readers, would not show.",
            nodes.join(", "),
            why.why
        ),
        why.grant.clone().unwrap_or_else(|| {
            "INSTALL SONAME 'metadata_lock_info' on each node would show them all; a run does not need it.".to_owned()
        }),
    );
}
