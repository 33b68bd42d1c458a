//! GLOBAL wsrep_OSU_method is TOI everywhere: left at RSU, every DDL of every new session stays on one node.

use super::{ALWAYS, Check, Notes, Scene};

pub(super) const CHECK: Check =
    Check { name: "osu-method", holds: "GLOBAL wsrep_OSU_method is TOI on every node.", stages: ALWAYS, look };

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    for (name, facts) in scene.seen() {
        match facts.global("wsrep_osu_method") {
            Some(method) if method.eq_ignore_ascii_case("TOI") => {}
            Some(method) => notes.fail(
                name,
                format!("GLOBAL wsrep_OSU_method is {method} on node {name}: every DDL of a new session there changes that node alone."),
                format!("On node {name}: SET GLOBAL wsrep_OSU_method='TOI'; then `schema verify`, because DDL may have been lost already."),
            ),
            None => notes.unseen(name, format!("GLOBAL wsrep_OSU_method could not be read on node {name}."), "Check the privileges of the user."),
        }
    }
}
