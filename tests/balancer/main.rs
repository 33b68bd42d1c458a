//! The drivers of balancers that no package of this system carries, against stand-ins that speak their protocols with
//! the traps in them, and of a site's own scripts, against the examples in `fixtures/balancer/`.
//!
//! What was seen on the real programs, and what only here, stands in `docs/balancers.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub)]

mod command;
mod maxscale;
mod proxysql;
mod proxysql_server;
mod wire;

use std::collections::BTreeMap;
use std::time::Duration;

use galera_schema::balancer::{Error, Fleet, FleetSaved};
use galera_schema::config::{BalancerKind, BalancerSettings, Node, ServerNames};

/// Three nodes, as they stand in the measured facts.
pub fn nodes() -> Vec<Node> {
    (1..=3u16)
        .map(|n| Node { name: format!("n{n}"), address: format!("127.0.0.1:{}", 46060 + n).parse().unwrap() })
        .collect()
}

/// One `[[balancer]]` named `b`.
pub fn settings(kind: BalancerKind) -> BalancerSettings {
    BalancerSettings { name: "b".into(), servers: ServerNames(BTreeMap::new()), timeout: Duration::from_secs(5), kind }
}

/// A fleet of that balancer alone, in front of three nodes of which two must serve.
pub fn fleet(kind: BalancerKind) -> Fleet {
    Fleet::open(&[settings(kind)], &nodes(), 2).unwrap()
}

/// Remembers and drains; what goes into the journal comes out of it.
pub async fn drain(fleet: &Fleet, node: &str) -> Result<FleetSaved, Error> {
    let saved = fleet.remember(node).await?;
    let saved: FleetSaved = serde_json::from_str(&serde_json::to_string(&saved).unwrap()).unwrap();
    fleet.drain(&saved).await?;
    Ok(saved)
}
