//! A roll takes one node aside; if another one dies meanwhile, the rest must still be a majority by weight.

use super::{ALWAYS, Check, Notes, Scene};
use crate::plan::stays_primary;

pub(super) const CHECK: Check =
    Check { name: "quorum", holds: "The cluster keeps quorum with one node aside.", stages: ALWAYS, look };

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    if !scene.rolls() {
        return;
    }
    for (name, facts) in scene.seen() {
        if scene.leaving.is_some_and(|leaving| leaving != name) {
            continue;
        }
        let (Some(all), Some(own)) = (facts.cluster_weight, facts.weight) else {
            notes.unseen(
                name,
                format!("The weights of the cluster could not be read on node {name}."),
                "The provider is too old to tell wsrep_cluster_weight and pc.weight.",
            );
            continue;
        };
        if !stays_primary(all, 0, own) {
            notes.fail(
                name,
                format!("Without node {name} (weight {own} of {all}) the others are no majority: if it died, the cluster would stop."),
                "Add a node or an arbitrator (garbd), or lower pc.weight of that node.",
            );
        }
    }
}
