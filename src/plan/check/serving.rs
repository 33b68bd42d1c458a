//! Every node takes clients' writes: a node that refuses them, or that writes without replicating, is in somebody's
//! hands.

use super::{ALWAYS, Check, Notes, Scene};

pub(super) const CHECK: Check =
    Check { name: "serving", holds: "Every node takes and replicates writes.", stages: ALWAYS, look };

/// Globals, what they must be, and what it means when they are not.
const RULES: &[(&str, &[&str], &str)] = &[
    ("wsrep_on", &["ON", "1"], "what is written there stays there"),
    ("wsrep_reject_queries", &["NONE"], "it refuses clients"),
    ("read_only", &["OFF", "0", "NO"], "it refuses writes"),
    ("innodb_read_only", &["OFF", "0"], "it refuses writes"),
];

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    for (name, facts) in scene.seen() {
        for (global, wanted, means) in RULES {
            // A variable that this server does not have cannot stand in the way.
            let Some(value) = facts.global(global) else { continue };
            if !wanted.iter().any(|wanted| value.eq_ignore_ascii_case(wanted)) {
                notes.fail(
                    name,
                    format!("{global} is {value} on node {name}: {means}."),
                    format!("Set it back to {} once whatever needed it is over.", wanted[0]),
                );
            }
        }
    }
}
