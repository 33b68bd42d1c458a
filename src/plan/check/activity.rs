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
            let at_work_on = match (&one.tables, &one.statement) {
                (Some(tables), _) => tables.iter().any(|table| scene.concerns(table)).then_some("a table concerned"),
                // Without the metadata locks the statement's text is all there is; a name in it is a reason to warn.
                (None, Some(statement)) if scene.is_named_in(statement) => Some("a table concerned"),
                // What a transaction has touched before its last statement shows nowhere.
                (None, _) => one.transaction_seconds.map(|_| "tables that could not be seen"),
            };
            if let Some(what) = at_work_on.filter(|_| age >= LONG && at_work) {
                let fate = match (scene.isolates(), one.tables.is_some()) {
                    (true, true) => "TOI would end it with error 1213",
                    (true, false) => "TOI would end it with error 1213 if it holds one",
                    (false, _) => "a roll waits for it",
                };
                notes.warn(
                    name,
                    format!(
                        "{}@{} (thread {}) has been at work on {what} for {age} s on node {name}; {fate}.",
                        one.user, one.host, one.thread_id
                    ),
                    "Let it finish first, if it matters.",
                );
            }
        }
    }
}
