//! Do the nodes agree? Nodes of a live cluster apply the same statement a moment apart, so a difference counts only when
//! it is still there once every node has caught up.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{ClusterError, Connector, snapshot_all};
use crate::verify::{Comparison, Object, ObjectKind, SchemaSnapshot, Scope, compare};

/// How long a node may take to catch up before what it shows counts. Longer than any pause that flow control should
/// make, shorter than a person's patience; a node in RSU or behind a long TOI statement differs until it is done.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the nodes hold, and whether it is the same.
#[derive(Debug)]
pub struct Agreement {
    /// The schema of each node that could be read, in the nodes' order.
    pub snapshots: Vec<(String, SchemaSnapshot)>,
    /// The nodes that could not be read, and why.
    pub missing: Vec<(String, ClusterError)>,
    /// What differs, and still does after the nodes have caught up.
    pub comparison: Comparison,
}

/// Reads all nodes and compares them. Where they differ, waits until each has applied what is on its way, and reads the
/// databases concerned again: what differs both times differs.
pub async fn agreement(connector: &Connector, scope: &Scope) -> Agreement {
    let (snapshots, missing) = read(connector, scope).await;
    let mut comparison = compare(&snapshots);
    if !comparison.differences.is_empty() {
        settle(connector).await;
        let (again, _) = read(connector, &narrowed(scope, &comparison)).await;
        let second = compare(&again);
        let first: BTreeSet<Object> = comparison.differences.iter().map(|one| one.object.clone()).collect();
        comparison.differences = second.differences;
        comparison.differences.retain(|difference| first.contains(&difference.object));
    }
    Agreement { snapshots, missing, comparison }
}

async fn read(connector: &Connector, scope: &Scope) -> (Vec<(String, SchemaSnapshot)>, Vec<(String, ClusterError)>) {
    let (mut snapshots, mut missing) = (Vec::new(), Vec::new());
    for (node, snapshot) in snapshot_all(connector, scope).await {
        match snapshot {
            Ok(snapshot) => snapshots.push((node, snapshot)),
            Err(error) => missing.push((node, error)),
        }
    }
    (snapshots, missing)
}

/// The databases in which something differs.
fn narrowed(scope: &Scope, comparison: &Comparison) -> Scope {
    let objects = comparison.differences.iter().map(|difference| &difference.object);
    let databases: BTreeSet<&str> = objects.clone().map(|object| object.database.as_str()).collect();
    let accounts = objects.clone().any(|object| object.kind == ObjectKind::User);
    if !scope.tables.is_empty() || accounts {
        return scope.clone();
    }
    Scope { databases: databases.into_iter().map(ToOwned::to_owned).collect(), users: false, ..scope.clone() }
}

/// Waits until every node has applied what the cluster had committed at this moment. A node that cannot be asked, or does
/// not catch up in time, is left as it is.
async fn settle(connector: &Connector) {
    connector
        .on_every_node(async |node| {
            let Ok(mut session) = connector.observer(node).await else { return };
            let caught_up = "SET SESSION wsrep_sync_wait = 1; SELECT 1";
            if let Err(error) = session.query_all_within(caught_up, PATIENCE).await {
                tracing::debug!(node = %node.name, %error, "has not caught up");
            }
            session.close().await;
        })
        .await;
}
