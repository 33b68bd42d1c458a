//! Rows cross between old and new schema only as whole rows: smaller row images make the rules of compatibility void.

use super::{ALWAYS, Check, Notes, Scene};

pub(super) const CHECK: Check =
    Check { name: "row-image", holds: "Write sets carry whole rows.", stages: ALWAYS, look };

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    if !scene.rolls() {
        return;
    }
    for (name, facts) in scene.seen() {
        for (global, wanted) in [("binlog_row_image", "FULL"), ("binlog_format", "ROW")] {
            match facts.global(global) {
                Some(value) if value.eq_ignore_ascii_case(wanted) => {}
                Some(value) => notes.fail(
                    name,
                    format!(
                        "{global} is {value} on node {name}; what survives a mixed schema is only known for {wanted}."
                    ),
                    format!("SET GLOBAL {global}='{wanted}' on every node, and let the application reconnect."),
                ),
                None => notes.unseen(name, format!("{global} could not be read on node {name}."), ""),
            }
        }
    }
}
