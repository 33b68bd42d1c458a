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

/// One load balancer in front of the cluster.
#[derive(Clone, Debug)]
pub enum BalancerSettings {
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
    /// The runtime sockets: several processes may share a configuration.
    pub addresses: Vec<Address>,
    /// Every backend in which the nodes stand.
    pub backends: Vec<String>,
    /// The nodes' names there.
    pub servers: ServerNames,
    /// The addresses are master CLI sockets, so commands are sent to the worker behind them.
    pub master_cli: bool,
    /// How long one command may take.
    pub timeout: Duration,
}

/// ProxySQL.
#[derive(Clone, Debug)]
pub struct ProxySql {
    /// The admin ports: a ProxySQL cluster has several.
    pub addresses: Vec<Address>,
    /// The admin user.
    pub user: String,
    /// The admin user's password.
    pub password: PasswordSource,
    /// Only these host groups; all in which a node stands when empty.
    pub hostgroups: Vec<u32>,
    /// Node name to `HOST:PORT` in `mysql_servers`.
    pub servers: ServerNames,
    /// How long one command may take.
    pub timeout: Duration,
}

/// MaxScale.
#[derive(Clone, Debug)]
pub struct MaxScale {
    /// The REST API's addresses, such as `https://maxscale:8989`.
    pub urls: Vec<String>,
    /// The user for basic authentication.
    pub user: String,
    /// That user's password.
    pub password: PasswordSource,
    /// A bearer token instead of user and password.
    pub token: Option<PasswordSource>,
    /// The certificate authority (PEM) of the REST API.
    pub ca: Option<PathBuf>,
    /// The nodes' names there.
    pub servers: ServerNames,
    /// How long one request may take.
    pub timeout: Duration,
}

/// A site's own script. `{node}`, `{server}` and `{address}` stand for the node.
#[derive(Clone, Debug)]
pub struct Command {
    /// Keeps new clients away from the node.
    pub drain: String,
    /// Lets clients back.
    pub admit: String,
    /// Prints the node's state as JSON.
    pub status: String,
    /// The nodes' names there.
    pub servers: ServerNames,
    /// How long one command may take.
    pub timeout: Duration,
}
