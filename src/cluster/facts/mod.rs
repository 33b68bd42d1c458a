//! Looks at the nodes: everything about a node in a handful of round trips, however many tables it has.

mod at_work;
mod filename;
mod node;
mod tables;

use std::time::Duration;

pub use tables::{Tables, TablesSeen, tables};

use super::{ClusterError, Connector, Session};
use crate::plan::facts::{NodeFacts, NodeObservation, Unseen};

/// Looks at all nodes at the same time, in the nodes' order. Rates are taken over `sample`.
pub async fn observe_all(connector: &Connector, sample: Duration) -> Vec<NodeObservation> {
    connector
        .on_every_node(async |node| NodeObservation {
            node: node.name.clone(),
            address: node.address.to_string(),
            facts: async {
                let mut session = connector.observer(node).await?;
                let facts = observe(&mut session, sample).await;
                session.close().await;
                facts
            }
            .await
            .map_err(|error| unseen(&error)),
        })
        .await
}

/// Looks at one node, over an observer's session.
///
/// # Errors
/// When the node cannot be asked at all. What a privilege hides is part of the facts, as unseen.
pub async fn observe(session: &mut Session, sample: Duration) -> Result<NodeFacts, ClusterError> {
    node::observe(session, sample).await
}

/// Why a fact is not there, with the GRANT that would show it when a privilege is what is missing.
fn unseen(error: &ClusterError) -> Unseen {
    let why = match error.server_message() {
        Some(message) => message.to_owned(),
        None => error.to_string(),
    };
    Unseen { why: why.trim_end_matches('.').to_owned(), grant: error.grant().map(ToOwned::to_owned) }
}
