//! A roll needs a load balancer to drain: clients that stay on a node in RSU hang in COMMIT for the whole DDL
//! (galera-facts 1.1).

use super::{AHEAD, Check, Notes, Scene, Verdict};

pub(super) const CHECK: Check =
    Check { name: "balancer", holds: "A load balancer is configured, or none is needed.", stages: AHEAD, look };

/// Accepting this code allows a roll without any load balancer.
pub(super) const NO_BALANCER: &str = "no-balancer";

fn look(scene: &Scene<'_>, notes: &mut Notes<'_>) {
    if scene.rolls() && scene.balancers == 0 && !scene.plan.accepted.iter().any(|code| code == NO_BALANCER) {
        notes.add(
            Verdict::Failed,
            None,
            "The plan rolls, and no load balancer is configured: nothing would lead clients away from a node that changes.",
            format!(
                "Add a [[balancer]] to schema.toml. If clients are led away by other means, say so with --accept {NO_BALANCER}; \
                 the node must then be empty of clients by itself."
            ),
        );
    }
}
