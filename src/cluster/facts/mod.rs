//! Looks at the nodes: everything about a node in a handful of round trips, however many tables it has.

mod at_work;
mod filename;
mod node;
mod tables;

use std::time::Duration;

pub use at_work::{Signs, Waiting};
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

/// Takes the rates and the receive queues anew, over `sample`; `nodes` are those of [`observe_all`]. A node that does not
/// answer any more is unseen from then on.
pub async fn watch_all(connector: &Connector, nodes: &mut [NodeObservation], sample: Duration) {
    let watched = connector
        .on_every_node(async |node| {
            let mut session = connector.observer(node).await?;
            let watched = node::watch(&mut session, sample).await;
            session.close().await;
            watched
        })
        .await;
    for (node, watched) in nodes.iter_mut().zip(watched) {
        match (watched, &mut node.facts) {
            (Ok((rates, queue)), Ok(facts)) => (facts.rates, facts.recv_queue) = (rates, queue),
            (Err(error), facts @ Ok(_)) => *facts = Err(unseen(&error)),
            (_, Err(_)) => {}
        }
    }
}

/// Looks at one node, over an observer's session.
///
/// # Errors
/// When the node cannot be asked at all. What a privilege hides is part of the facts, as unseen.
pub async fn observe(session: &mut Session, sample: Duration) -> Result<NodeFacts, ClusterError> {
    node::observe(session, sample).await
}

/// By what locks show where the server does not tell their holders, at one moment.
///
/// # Errors
/// When the node cannot be asked.
pub async fn signs_of_locks(session: &mut Session) -> Result<Signs, ClusterError> {
    at_work::signs(session).await
}

/// Why a fact is not there, with the GRANT that would show it when a privilege is what is missing.
fn unseen(error: &ClusterError) -> Unseen {
    let why = match error.server_message() {
        Some(message) => message.to_owned(),
        None => error.to_string(),
    };
    Unseen { why: why.trim_end_matches('.').to_owned(), grant: error.grant().map(ToOwned::to_owned) }
}
