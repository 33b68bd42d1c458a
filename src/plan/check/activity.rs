//! Transactions on the tables concerned: TOI ends them with an error, RSU waits for them.

use super::{AHEAD, Check, Notes, Scene};

pub(super) const CHECK: Check =
    Check { name: "activity", holds: "No long transaction is at work on the tables concerned.", stages: AHEAD, look };

/// From this age on a transaction is worth a word. Seconds.
const LONG: u64 = 10;

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    let hidden = scene.seen().filter_map(|(name, facts)| Some((name, facts.activity.as_ref().err()?)));
    notes.hidden("Who is at work", hidden);
    for (name, facts) in scene.seen() {
        for one in facts.activity.iter().flatten() {
            let age = one.transaction_seconds.unwrap_or(one.seconds);
            let at_work = one.transaction_seconds.is_some() || one.command != "Sleep";
            let concerned = match (&one.tables, &one.statement) {
                (Some(tables), _) => tables.iter().any(|table| scene.concerns(table)),
                // Without the metadata locks the statement's text is all there is; a name in it is a reason to warn.
                (None, Some(statement)) => scene.tables.iter().any(|table| statement.contains(&table.table)),
                (None, None) => false,
            };
            if age >= LONG && at_work && concerned {
                let fate = if scene.isolates() { "TOI would end it with error 1213" } else { "a roll waits for it" };
                notes.warn(
                    name,
                    format!(
                        "{}@{} (thread {}) has been at work on a table concerned for {age} s on node {name}; {fate}.",
                        one.user, one.host, one.thread_id
                    ),
                    "Let it finish first, if it matters.",
                );
            }
        }
    }
}
