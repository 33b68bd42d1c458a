//! A rebuild or a copy writes the table once more, and the receive queue of a node in RSU spills to disk.

use super::{AHEAD, Check, Notes, Scene, Verdict};
use crate::ddl::Algorithm;
use crate::plan::Method;

pub(super) const CHECK: Check =
    Check { name: "disk", holds: "Every node has room for what the plan writes.", stages: AHEAD, look };

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    // The largest statement counts: its old copy is gone before the next one begins. Temporary files for sorting
    // indexes may take as much again.
    let largest = scene
        .plan
        .statements
        .iter()
        .filter(|statement| {
            let rebuilds = statement.algorithm.is_some_and(|algorithm| algorithm > Algorithm::Instant);
            rebuilds || statement.method == Method::PtOsc
        })
        .filter_map(|statement| statement.estimate.bytes)
        .max()
        .unwrap_or(0);
    if largest == 0 {
        return;
    }
    let needed = largest.saturating_mul(2);
    let mut hidden: Vec<&str> = Vec::new();
    for (name, facts) in scene.seen() {
        match &facts.disk_free {
            Ok(free) if *free >= needed => {}
            Ok(free) => notes.fail(
                name,
                format!("Node {name} has {} free, and the plan may need {}.", size(*free), size(needed)),
                "Make room, or change the table in smaller parts.",
            ),
            Err(_) => hidden.push(name),
        }
    }
    if !hidden.is_empty() {
        notes.add(
            Verdict::Warned,
            None,
            format!(
                "How much disk is free on {} could not be seen. The plan may need {}.",
                hidden.join(", "),
                size(needed)
            ),
            "Look at it yourself, or let the servers tell: INSTALL SONAME 'disks'.",
        );
    }
}

/// Bytes as a person reads them.
#[allow(clippy::cast_precision_loss, reason = "for reading only")]
fn size(bytes: u64) -> String {
    let bytes = bytes as f64;
    if bytes < 1e6 {
        format!("{:.0} kB", bytes / 1e3)
    } else if bytes < 1e9 {
        format!("{:.0} MB", bytes / 1e6)
    } else {
        format!("{:.1} GB", bytes / 1e9)
    }
}
