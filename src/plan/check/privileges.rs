//! The account may do what a roll needs, before a node leaves service for it: switching `wsrep_desync` takes SUPER.

use super::{AHEAD, Check, Notes, Scene};

pub(super) const CHECK: Check =
    Check { name: "privileges", holds: "The account may do what the plan needs.", stages: AHEAD, look };

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    if !scene.rolls() {
        return;
    }
    for (name, facts) in scene.seen() {
        match (facts.may("SUPER"), &facts.privileges) {
            (Some(true), _) => {}
            (_, Err(unseen)) => {
                notes.unseen(name, format!("The account's grants on node {name} could not be read: {unseen}."), "");
            }
            _ => notes.unseen(
                name,
                format!("{} may not switch wsrep_desync on node {name}: SUPER is missing.", facts.account),
                format!("GRANT SUPER ON *.* TO {}; docs/privileges.md lists what each command needs.", facts.account),
            ),
        }
    }
}
