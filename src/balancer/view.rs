//! What a balancer says about the nodes behind it, in words that all kinds of balancers share.

use serde::{Deserialize, Serialize};

/// Everything that one balancer says at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct View {
    /// The balancer, by its label in messages.
    pub balancer: String,
    /// Its kind, as in the configuration.
    pub kind: &'static str,
    /// One entry for each node of the configuration that stands behind it.
    pub nodes: Vec<NodeView>,
    /// Users of the balancer's own health checks: their connections to a node are not clients.
    pub monitors: Vec<String>,
    /// Nodes that it could not drain now, and whose turn therefore comes last.
    pub last: Vec<String>,
    /// What a person should know about the balancer as a whole, one sentence each.
    pub notes: Vec<String>,
}

impl View {
    /// What it says about `node`, if the node stands behind this balancer.
    pub fn node(&self, node: &str) -> Option<&NodeView> {
        self.nodes.iter().find(|view| view.node == node)
    }

    /// Whether `node` takes new sessions here, now or as soon as its better places are gone.
    pub fn serves(&self, node: &str) -> bool {
        self.node(node).is_some_and(|seen| seen.standing.is_usable())
    }

    /// The nodes other than `node` that take new sessions now, or would as soon as `node` does not (backups).
    pub fn others_usable<'a>(&'a self, node: &'a str) -> impl Iterator<Item = &'a str> {
        self.nodes.iter().filter(move |view| view.node != node && view.standing.is_usable()).map(|view| &*view.node)
    }
}

/// What one balancer says about one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeView {
    /// The node's name in the configuration.
    pub node: String,
    /// The best of the standings of its places: a node that serves in one backend serves.
    pub standing: Standing,
    /// Sessions on the node through this balancer now; `None` when the balancer cannot count them.
    pub sessions: Option<u64>,
    /// Where the node stands: one entry for a backend, host group or the like.
    pub places: Vec<Place>,
}

impl NodeView {
    /// Sums up what is known of each place.
    pub fn of(node: impl Into<String>, places: Vec<Place>) -> Self {
        let standing = places.iter().map(|place| place.standing).min().unwrap_or(Standing::Unknown);
        let sessions = if places.is_empty() { None } else { places.iter().map(|place| place.sessions).sum() };
        Self { node: node.into(), standing, sessions, places }
    }

    /// Client errors that the balancer has counted on this node since it started, where it counts them.
    pub fn errors(&self) -> Option<u64> {
        self.places.iter().map(|place| place.errors).sum()
    }
}

/// One place of a node in a balancer: a server in a backend, a row in a host group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Its name, as the balancer's own tools call it: `galera/n1`.
    pub name: String,
    /// What that means for new sessions.
    pub standing: Standing,
    /// The balancer's own word for it: `UP`, `DRAIN`, `OFFLINE_SOFT`, `Master, Running`.
    pub status: String,
    /// The weight, where the balancer has weights.
    pub weight: Option<u64>,
    /// Sessions now, where the balancer counts them.
    pub sessions: Option<u64>,
    /// Connections and answers that failed since the balancer started, where it counts them.
    pub errors: Option<u64>,
}

/// What a balancer does with new sessions for a place. The order is from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// New sessions go there.
    Serving,
    /// Healthy, and new sessions go there only when the others cannot take them.
    Backup,
    /// No new sessions; those that are there may stay.
    Draining,
    /// Taken out by an administrator.
    Maintenance,
    /// A health check says that it is down.
    Down,
    /// The balancer does not say.
    Unknown,
}

impl Standing {
    /// Whether new sessions go there now, or would when no better place is left.
    pub fn is_usable(self) -> bool {
        matches!(self, Self::Serving | Self::Backup)
    }

    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Backup => "backup",
            Self::Draining => "draining",
            Self::Maintenance => "maintenance",
            Self::Down => "down",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(standing: Standing, sessions: Option<u64>) -> Place {
        Place { name: "b/s".into(), standing, status: String::new(), weight: None, sessions, errors: None }
    }

    #[test]
    fn a_node_that_serves_somewhere_serves() {
        let view = NodeView::of("n1", vec![place(Standing::Down, Some(1)), place(Standing::Serving, Some(2))]);
        assert_eq!((view.standing, view.sessions), (Standing::Serving, Some(3)));
    }

    #[test]
    fn sessions_that_one_place_cannot_count_are_unknown_for_the_node() {
        assert_eq!(
            NodeView::of("n1", vec![place(Standing::Down, None), place(Standing::Down, Some(2))]).sessions,
            None
        );
        let nowhere = NodeView::of("n1", vec![]);
        assert_eq!((nowhere.standing, nowhere.sessions), (Standing::Unknown, None));
    }
}
