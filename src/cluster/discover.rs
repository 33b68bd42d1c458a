//! The nodes of a cluster of which one is known.

use std::collections::BTreeMap;

use super::{ClusterError, Connector, Session};
use crate::config::{Address, Node};

/// Asks `seed` for the members of its cluster.
///
/// `mysql.wsrep_cluster_members` (10.4 and later) has names and addresses; the status variable
/// `wsrep_incoming_addresses` has addresses only. Either may say `AUTO` for a node whose
/// `wsrep_node_incoming_address` was never set; such a node cannot be found this way.
pub(super) async fn nodes(connector: &Connector, seed: &Address) -> Result<Vec<Node>, ClusterError> {
    let first = Node { name: seed.to_string(), address: seed.clone() };
    let mut session = connector.connect(&first).await?;
    let members = members(&mut session).await;
    session.close().await;
    let members = members?;
    let mut nodes: Vec<Node> = Vec::new();
    for (name, address) in members {
        let address = match address.trim() {
            "" | "AUTO" => None,
            text => Address::parse(text, port_of(seed)).ok(),
        };
        let Some(address) = address else {
            return Err(ClusterError::Usage(format!(
                "Node {name} of the cluster does not tell its address (it says AUTO); set wsrep_node_incoming_address there, \
                 or list the nodes with --nodes."
            )));
        };
        nodes.push(Node { name, address });
    }
    if nodes.is_empty() {
        return Err(ClusterError::Unsupported(format!(
            "{seed} is not a member of a cluster just now: it names no other node."
        )));
    }
    nodes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(nodes)
}

fn port_of(seed: &Address) -> u16 {
    match seed {
        Address::Tcp { port, .. } => *port,
        Address::Unix(_) => 3306,
    }
}

/// Name and address of every member, as the node knows them.
async fn members(session: &mut Session) -> Result<Vec<(String, String)>, ClusterError> {
    let status = session
        .query("SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_incoming_addresses', 'wsrep_cluster_size')")
        .await?;
    let status: BTreeMap<String, String> =
        status.iter().map(|row| Ok((row.get::<String>(0)?.to_lowercase(), row.get(1)?))).collect::<Result<_, _>>()?;
    let incoming: Vec<String> = status
        .get("wsrep_incoming_addresses")
        .map(|list| list.split(',').map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect())
        .unwrap_or_default();
    let table = "SELECT node_name, node_incoming_address FROM mysql.wsrep_cluster_members";
    let named = match session.query(table).await {
        Ok(rows) => rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<Vec<_>, _>>()?,
        // No privilege for the table, or a server without it: addresses alone will do.
        Err(ClusterError::Server { .. }) => Vec::new(),
        Err(error) => return Err(error),
    };
    // The table is written at each membership change; the status is the present. Trust the table only when they agree.
    let agree = named.len() == incoming.len();
    let distinct: std::collections::BTreeSet<&str> =
        named.iter().map(|(name, _): &(String, String)| name.as_str()).collect();
    if agree && distinct.len() == named.len() {
        return Ok(named);
    }
    Ok(incoming.into_iter().map(|address| (address.clone(), address)).collect())
}
