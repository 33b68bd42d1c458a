//! What the nodes say, as the upgrade's core wants to read it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::cluster::{ClusterError, Connector, Node, Rows, Session};
use crate::upgrade::{ClusterFacts, NodeFacts};

/// Asks every node at once.
pub(super) async fn cluster(connector: &Connector) -> ClusterFacts {
    ClusterFacts { nodes: connector.on_every_node(async |at: &Node| node(connector, at).await).await }
}

/// Asks every node twice, `apart` from each other, so that rates are known.
pub(super) async fn cluster_with_rates(connector: &Connector, apart: Duration) -> ClusterFacts {
    let earlier = cluster(connector).await;
    let begun = tokio::time::Instant::now();
    tokio::time::sleep(apart).await;
    let now = cluster(connector).await;
    let seconds = begun.elapsed().as_secs_f64();
    let nodes = now.nodes.into_iter().zip(&earlier.nodes);
    let with_rates = |(now, earlier): (NodeFacts, &NodeFacts)| {
        if now.is_up() && earlier.is_up() { now.with_rates(earlier, seconds) } else { now }
    };
    ClusterFacts { nodes: nodes.map(with_rates).collect() }
}

/// Asks one node.
pub(super) async fn node(connector: &Connector, node: &Node) -> NodeFacts {
    match ask(connector, node).await {
        Ok(facts) => facts,
        Err(error) => NodeFacts::down(&node.name, error.to_string()),
    }
}

async fn ask(connector: &Connector, node: &Node) -> Result<NodeFacts, ClusterError> {
    let mut session = connector.observer(node).await?;
    let facts = ask_session(&mut session, &node.name).await;
    session.close().await;
    facts
}

async fn ask_session(session: &mut Session, name: &str) -> Result<NodeFacts, ClusterError> {
    let variables = pairs(&session.query("SHOW GLOBAL VARIABLES").await?)?;
    let status = pairs(&session.query("SHOW GLOBAL STATUS").await?)?;
    let configured = session
        .query(
            "SELECT VARIABLE_NAME FROM information_schema.SYSTEM_VARIABLES WHERE GLOBAL_VALUE_ORIGIN IN ('CONFIG', \
             'COMMAND-LINE')",
        )
        .await
        .and_then(|rows| {
            rows.iter().map(|row| Ok(row.get::<String>(0)?.to_lowercase())).collect::<Result<BTreeSet<_>, _>>()
        });
    Ok(NodeFacts::up(name, variables, status, configured.ok()))
}

fn pairs(rows: &Rows) -> Result<BTreeMap<String, String>, ClusterError> {
    rows.iter().map(|row| Ok((row.get::<String>(0)?.to_lowercase(), row.get::<String>(1)?))).collect()
}
