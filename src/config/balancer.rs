//! `[[balancer]]`: one typed struct for each kind.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::{Address, PasswordSource};

/// Node name to the balancer's name for it; a node that is not in it has the same name in both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerNames(pub BTreeMap<String, String>);

impl ServerNames {
    /// The balancer's name for a node.
    pub fn of<'a>(&'a self, node: &'a str) -> &'a str {
        self.0.get(node).map_or(node, String::as_str)
    }
}

/// One `[[balancer]]` in front of the cluster.
#[derive(Clone, Debug)]
pub struct BalancerSettings {
    /// What messages call it: its `name`, or its kind and where it listens.
    pub name: String,
    /// The nodes' names there.
    pub servers: ServerNames,
    /// How long one command or request may take.
    pub timeout: Duration,
    /// How it is talked to.
    pub kind: BalancerKind,
}

/// How a load balancer is talked to.
#[derive(Clone, Debug)]
pub enum BalancerKind {
    /// HAProxy, by its runtime API.
    HaProxy(HaProxy),
    /// ProxySQL, by its admin port.
    ProxySql(ProxySql),
    /// MaxScale, by its REST API.
    MaxScale(MaxScale),
    /// A site's own script.
    Command(Command),
    /// Nothing: clients are kept away by other means.
    None,
}

/// HAProxy.
#[derive(Clone, Debug)]
pub struct HaProxy {
    /// The runtime sockets, at least one: several processes may share a configuration.
    pub addresses: Vec<Address>,
    /// Every backend in which the nodes stand, at least one.
    pub backends: Vec<String>,
    /// The addresses are master CLI sockets, so commands are sent to the worker behind them.
    pub master_cli: bool,
}

/// ProxySQL.
#[derive(Clone, Debug)]
pub struct ProxySql {
    /// The admin ports, at least one: a ProxySQL cluster has several.
    pub addresses: Vec<Address>,
    /// The admin user.
    pub user: String,
    /// The admin user's password.
    pub password: PasswordSource,
    /// Only these host groups; all in which a node stands when empty.
    pub hostgroups: Vec<u32>,
}

/// MaxScale.
#[derive(Clone, Debug)]
pub struct MaxScale {
    /// The REST API's addresses, at least one, such as `https://maxscale:8989`, without a slash at the end.
    pub urls: Vec<String>,
    /// The user for basic authentication.
    pub user: String,
    /// That user's password.
    pub password: PasswordSource,
    /// A bearer token instead of user and password.
    pub token: Option<PasswordSource>,
    /// The certificate authority (PEM) of the REST API.
    pub ca: Option<PathBuf>,
}

/// A site's own script.
#[derive(Clone, Debug)]
pub struct Command {
    /// Program and arguments; a text in the file means `sh -c TEXT`.
    pub command: Vec<String>,
}
