//! Settings become balancers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::command::Command;
use super::haproxy::HaProxy;
use super::maxscale::MaxScale;
use super::proxysql::ProxySql;
use super::secret::Secret;
use super::{Balancer, Error, Fleet, Trouble};
use crate::config::{Address, BalancerKind, BalancerSettings, Node};

impl Fleet {
    /// The balancers of the configuration, one for each address. Connects to nothing and asks for no password yet.
    ///
    /// # Errors
    /// When the settings cannot be meant: a name for a node that does not exist, or an address that is none.
    pub fn open(settings: &[BalancerSettings], nodes: &[Node], min_serving: usize) -> Result<Self, Error> {
        let mut balancers: Vec<Box<dyn Balancer>> = Vec::new();
        let mut unguarded = settings.is_empty();
        for one in settings {
            if let Some(unknown) = one.servers.0.keys().find(|name| !nodes.iter().any(|node| node.name == **name)) {
                return Err(Error::new(
                    Trouble::Settings,
                    &one.name,
                    format!("`servers` names a node `{unknown}`, and the cluster has none of that name."),
                ));
            }
            unguarded |= matches!(one.kind, BalancerKind::None);
            balancers.extend(open(one, nodes)?);
        }
        for (at, balancer) in balancers.iter().enumerate() {
            if balancers[..at].iter().any(|other| other.label() == balancer.label()) {
                return Err(Error::new(
                    Trouble::Settings,
                    balancer.label(),
                    "Two balancers of the configuration have this name; give each a `name` of its own.",
                ));
            }
        }
        Ok(Self::new(balancers, unguarded, min_serving))
    }
}

fn open(one: &BalancerSettings, nodes: &[Node]) -> Result<Vec<Box<dyn Balancer>>, Error> {
    let names: BTreeMap<String, String> =
        nodes.iter().map(|node| (node.name.clone(), one.servers.of(&node.name).to_owned())).collect();
    let timeout = one.timeout;
    // What was remembered in the journal is found again by the label, so it must not depend on the order.
    let label = |address: &str, many: bool| if many { format!("{} at {address}", one.name) } else { one.name.clone() };
    Ok(match &one.kind {
        BalancerKind::None => Vec::new(),
        BalancerKind::HaProxy(haproxy) => haproxy
            .addresses
            .iter()
            .map(|address| {
                let label = label(&address.to_string(), haproxy.addresses.len() > 1);
                boxed(HaProxy::new(label, address.clone(), haproxy.backends.clone(), names.clone(), timeout))
            })
            .collect(),
        BalancerKind::ProxySql(proxysql) => {
            let secret = Arc::new(Secret::new(proxysql.password.clone()));
            let servers = nodes
                .iter()
                .map(|node| Ok((node.name.clone(), proxysql_server(one, node)?)))
                .collect::<Result<BTreeMap<_, _>, Error>>()?;
            let mut instances = Vec::new();
            for address in &proxysql.addresses {
                let Address::Tcp { host, port } = address else {
                    return Err(Error::new(Trouble::Settings, &one.name, "ProxySQL's admin port is HOST:PORT."));
                };
                instances.push(boxed(ProxySql::new(
                    label(&address.to_string(), proxysql.addresses.len() > 1),
                    (host.clone(), *port),
                    proxysql.user.clone(),
                    Arc::clone(&secret),
                    proxysql.hostgroups.iter().copied(),
                    servers.clone(),
                    timeout,
                )));
            }
            instances
        }
        BalancerKind::MaxScale(maxscale) => {
            let secret = Arc::new(Secret::new(maxscale.token.clone().unwrap_or_else(|| maxscale.password.clone())));
            let user = maxscale.token.is_none().then(|| maxscale.user.clone());
            maxscale
                .urls
                .iter()
                .map(|url| {
                    let label = label(url, maxscale.urls.len() > 1);
                    let ca = maxscale.ca.clone();
                    boxed(MaxScale::new(
                        label,
                        url.clone(),
                        user.clone(),
                        Arc::clone(&secret),
                        ca,
                        names.clone(),
                        timeout,
                    ))
                })
                .collect()
        }
        BalancerKind::Command(command) => {
            let nodes = nodes.iter().map(|node| (node.name.clone(), node.address.to_string())).collect();
            vec![boxed(Command::new(one.name.clone(), command.command.clone(), names, nodes, timeout))]
        }
    })
}

fn boxed(balancer: impl Balancer + 'static) -> Box<dyn Balancer> {
    Box::new(balancer)
}

/// Host and port of a node as ProxySQL knows them: as configured, else the node's own address.
fn proxysql_server(one: &BalancerSettings, node: &Node) -> Result<(String, u16), Error> {
    let fail = |why: String| Error::new(Trouble::Settings, &one.name, why);
    let address = match one.servers.0.get(&node.name) {
        Some(text) => text.parse::<Address>().map_err(|error| fail(format!("`servers`: {error}.")))?,
        None => node.address.clone(),
    };
    match address {
        Address::Tcp { host, port } => Ok((host, port)),
        // ProxySQL keeps a unix socket as a host name with port 0.
        Address::Unix(path) => Ok((path.display().to_string(), 0)),
    }
}
