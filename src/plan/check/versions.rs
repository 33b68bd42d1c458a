//! All nodes run the same server, provider and protocol: a mixed cluster is in the middle of an upgrade.

use super::{ALWAYS, Check, Notes, Scene};

pub(super) const CHECK: Check =
    Check { name: "versions", holds: "All nodes run the same versions.", stages: ALWAYS, look };

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    let Some((first, reference)) = scene.seen().next() else { return };
    for (name, facts) in scene.seen() {
        let pairs = [
            ("server", facts.version_text.clone(), reference.version_text.clone()),
            ("provider", facts.provider_version.clone(), reference.provider_version.clone()),
            ("wsrep protocol", facts.protocol_version.to_string(), reference.protocol_version.to_string()),
        ];
        for (what, here, there) in pairs {
            if here != there {
                notes.fail(
                    name,
                    format!("The {what} of node {name} is {here}, and that of node {first} is {there}."),
                    "Finish the upgrade first (`schema upgrade status`); no schema is changed while versions are mixed.",
                );
            }
        }
    }
}
