//! Drains in front of real HAProxys, in every mode that undoes a drain or hides a session.

mod haproxy;
mod load;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use galera_schema::balancer::{Error, Fleet, FleetSaved};
use galera_schema::config::{Address, BalancerKind, BalancerSettings, HaProxy, Node, ServerNames};
use galera_schema::sandbox::{Haproxy, HaproxyOptions, Options, Sandbox, Scoped};
use libtest_mimic::Trial;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::support::until;

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    haproxy::tests().into_iter().chain(load::tests()).collect()
}

/// A cluster behind two HAProxys, each with the backends `galera` and `reports`. The second one keeps its state over
/// a reload.
async fn behind_two() -> Scoped {
    let backends = || vec!["galera".to_owned(), "reports".to_owned()];
    let haproxies = vec![
        HaproxyOptions { backends: backends(), ..HaproxyOptions::default() },
        HaproxyOptions { backends: backends(), server_state_file: true, ..HaproxyOptions::default() },
    ];
    Scoped::up("balancer", &Options { haproxies, ..Options::default() }).await.unwrap()
}

fn nodes(sandbox: &Sandbox) -> Vec<Node> {
    let node = |node: &galera_schema::sandbox::Node| Node {
        name: node.name().to_owned(),
        address: node.address().parse().unwrap(),
    };
    sandbox.nodes().iter().map(node).collect()
}

/// Settings of one HAProxy that is reached at `addresses`.
fn settings(addresses: Vec<Address>, backends: &[&str]) -> BalancerSettings {
    BalancerSettings {
        name: "haproxy".into(),
        servers: ServerNames(BTreeMap::new()),
        timeout: Duration::from_secs(5),
        kind: BalancerKind::HaProxy(HaProxy {
            addresses,
            backends: backends.iter().map(|backend| (*backend).to_owned()).collect(),
            master_cli: false,
        }),
    }
}

fn unix(path: impl AsRef<Path>) -> Address {
    Address::Unix(path.as_ref().to_owned())
}

fn fleet(sandbox: &Sandbox, settings: BalancerSettings) -> Fleet {
    Fleet::open(&[settings], &nodes(sandbox), 2).unwrap()
}

/// Remembers and drains.
async fn drain(fleet: &Fleet, node: &str) -> Result<FleetSaved, Error> {
    let saved = fleet.remember(node).await?;
    // What goes into the journal comes out of it.
    let text = serde_json::to_string(&saved).unwrap();
    let saved: FleetSaved = serde_json::from_str(&text).unwrap();
    fleet.drain(&saved).await?;
    Ok(saved)
}

/// What must be the same before and after: of every server its administrative state, both weights and its agent.
async fn states(haproxy: &Haproxy) -> Vec<String> {
    let text = haproxy.ask("show servers state").await.unwrap();
    let mut lines = text.lines().skip(1);
    let header: Vec<&str> = lines.next().unwrap().trim_start_matches("# ").split(' ').collect();
    let wanted = ["be_name", "srv_name", "srv_admin_state", "srv_uweight", "srv_iweight", "srv_agent_state"];
    let at = wanted.map(|name| header.iter().position(|column| *column == name).unwrap());
    lines
        .filter(|line| !line.is_empty())
        .map(|line| {
            let cells: Vec<&str> = line.split(' ').collect();
            // The lowest bit of the agent's state says that a check is under way at this moment.
            at.map(|at| {
                if header[at] == "srv_agent_state" {
                    (cells[at].parse::<u32>().unwrap() & !1).to_string()
                } else {
                    cells[at].to_owned()
                }
            })
            .join(" ")
        })
        .collect()
}

/// Reloads once the master has come to rest: a signal that meets it while it still carries out the last one is lost.
async fn reload(haproxy: &Haproxy) {
    until("HAProxy's master answers", Duration::from_secs(10), async || {
        let ask = async {
            let mut master = UnixStream::connect(haproxy.master_socket()).await?;
            master.write_all(b"show proc\n").await?;
            master.shutdown().await?;
            let mut answer = String::new();
            master.read_to_string(&mut answer).await?;
            Ok::<_, std::io::Error>(answer.contains("# workers"))
        };
        matches!(tokio::time::timeout(Duration::from_millis(500), ask).await, Ok(Ok(true)))
    })
    .await;
    haproxy.reload().await.unwrap();
}
