//! What was observed, as plain values.

use std::collections::{BTreeMap, BTreeSet};

use super::ProviderVersion;
use super::window::{provider_option, size};
use crate::sql::ServerVersion;

/// Whether a node could be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It answered.
    Up,
    /// It did not, for this reason.
    Down(String),
}

/// What one node said of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeFacts {
    /// The name in the configuration.
    pub name: String,
    /// Whether it could be asked at all. Everything below is empty when not.
    pub standing: Standing,
    /// `SHOW GLOBAL VARIABLES`, names in lower case.
    pub variables: BTreeMap<String, String>,
    /// `SHOW GLOBAL STATUS`, names in lower case.
    pub status: BTreeMap<String, String>,
    /// The variables that a file or the command line sets, names in lower case; `None` when that cannot be read.
    pub configured: Option<BTreeSet<String>>,
    /// Bytes of write sets a second that pass through the node's cache.
    pub write_rate: Option<f64>,
    /// Transactions a second that began on this node.
    pub commit_rate: Option<f64>,
}

impl NodeFacts {
    /// A node that answered.
    pub fn up(
        name: impl Into<String>,
        variables: BTreeMap<String, String>,
        status: BTreeMap<String, String>,
        configured: Option<BTreeSet<String>>,
    ) -> Self {
        Self {
            name: name.into(),
            standing: Standing::Up,
            variables,
            status,
            configured,
            write_rate: None,
            commit_rate: None,
        }
    }

    /// A node that did not.
    pub fn down(name: impl Into<String>, why: impl Into<String>) -> Self {
        let standing = Standing::Down(why.into());
        Self { standing, ..Self::up(name, BTreeMap::new(), BTreeMap::new(), None) }
    }

    /// Whether it answered.
    pub fn is_up(&self) -> bool {
        self.standing == Standing::Up
    }

    /// A status value.
    pub fn status(&self, name: &str) -> Option<&str> {
        self.status.get(name).map(String::as_str)
    }

    /// A variable's value.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// A status value as a number.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.status(name)?.parse().ok()
    }

    /// The server's version.
    pub fn version(&self) -> Option<ServerVersion> {
        self.variable("version")?.parse().ok()
    }

    /// The provider's version.
    pub fn provider(&self) -> Option<ProviderVersion> {
        ProviderVersion::read(self.status("wsrep_provider_version")?)
    }

    /// The group protocol in use, where the server tells it.
    pub fn group_protocol(&self) -> Option<u16> {
        self.status("wsrep_protocol_gcs")?.parse().ok()
    }

    /// One of the provider's options.
    pub fn provider_option(&self, name: &str) -> Option<&str> {
        provider_option(self.variable("wsrep_provider_options")?, name)
    }

    /// `gcache.size` in bytes.
    pub fn cache_bytes(&self) -> Option<u64> {
        self.provider_option("gcache.size").and_then(size)
    }

    /// Why the node is not a healthy member right now; empty when it is.
    pub fn ailments(&self) -> Vec<String> {
        if let Standing::Down(why) = &self.standing {
            return vec![format!("{} does not answer: {why}", self.name)];
        }
        let wanted = [
            ("wsrep_cluster_status", "Primary"),
            ("wsrep_connected", "ON"),
            ("wsrep_ready", "ON"),
            ("wsrep_local_state_comment", "Synced"),
        ];
        let mut ailments: Vec<String> = wanted
            .iter()
            .filter(|(name, value)| self.status(name) != Some(value))
            .map(|(name, value)| {
                format!("{}: {name} is {}, not {value}", self.name, self.status(name).unwrap_or("not known"))
            })
            .collect();
        if self.variable("wsrep_desync").is_none_or(|value| !matches!(value, "OFF" | "0")) {
            ailments.push(format!("{}: wsrep_desync is not OFF (another operator, or a backup)", self.name));
        }
        ailments
    }

    /// Takes the rates from an earlier look at the same node, `seconds` ago.
    #[must_use]
    pub fn with_rates(mut self, earlier: &Self, seconds: f64) -> Self {
        let rate = |names: &[&str]| {
            let sum = |facts: &Self| names.iter().map(|name| facts.number(name)).sum::<Option<f64>>();
            let difference = sum(&self)? - sum(earlier)?;
            (seconds > 0.0 && difference >= 0.0).then(|| difference / seconds)
        };
        let write_rate = rate(&["wsrep_received_bytes", "wsrep_replicated_bytes"]);
        let commit_rate = rate(&["wsrep_replicated"]);
        self.write_rate = write_rate;
        self.commit_rate = commit_rate;
        self
    }
}

/// What all nodes said, in the order of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterFacts {
    /// The nodes.
    pub nodes: Vec<NodeFacts>,
}

impl ClusterFacts {
    /// The nodes that answered.
    pub fn up(&self) -> impl Iterator<Item = &NodeFacts> {
        self.nodes.iter().filter(|node| node.is_up())
    }

    /// One node.
    pub fn node(&self, name: &str) -> Option<&NodeFacts> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// Why the cluster is not healthy; empty when it is. A node named in `except` may be in any state.
    pub fn ailments(&self, except: Option<&str>) -> Vec<String> {
        let mut ailments: Vec<String> =
            self.nodes.iter().filter(|node| Some(node.name.as_str()) != except).flat_map(NodeFacts::ailments).collect();
        for (name, what) in [
            ("wsrep_cluster_state_uuid", "They are not in the same cluster"),
            ("wsrep_cluster_conf_id", "They do not see the same membership"),
        ] {
            let values: BTreeSet<&str> = self
                .up()
                .filter(|node| Some(node.name.as_str()) != except)
                .map(|node| node.status(name).unwrap_or("not known"))
                .collect();
            if values.len() > 1 {
                ailments.push(format!("{what}: {name} differs between the nodes"));
            }
        }
        ailments
    }

    /// The members of the group by its own count, and how many of them are arbitrators (garbd). An arbitrator has
    /// no address to connect to.
    pub fn members(&self) -> Option<(usize, usize)> {
        let node = self.up().next()?;
        let size = node.status("wsrep_cluster_size")?.parse().ok()?;
        let arbitrators = node
            .status("wsrep_incoming_addresses")
            .map_or(0, |list| list.split(',').filter(|address| address.trim().is_empty()).count());
        Some((size, arbitrators))
    }

    /// The node on which most transactions begin, when any begin at all.
    pub fn writer(&self) -> Option<&str> {
        self.up()
            .filter_map(|node| Some((node, node.commit_rate.filter(|rate| *rate > 0.0)?)))
            .max_by(|(_, a), (_, b)| a.total_cmp(b))
            .map(|(node, _)| node.name.as_str())
    }
}

/// What is known besides the nodes' own words.
#[derive(Clone, Debug, PartialEq)]
pub struct Surroundings {
    /// How long ago the last backup was made, in seconds: not configured, not readable, or known.
    pub backup_age: Option<Result<u64, String>>,
    /// The oldest that it may be, in seconds.
    pub backup_max_age: u64,
    /// A run that is open, in a few words; an upgrade that this one goes on with does not count.
    pub open_run: Result<Option<String>, String>,
    /// Whether any load balancer is configured.
    pub has_balancer: bool,
    /// What is wrong with the balancers or with a node's place in them, if anything.
    pub balancer_trouble: Vec<String>,
    /// By node: the load balancers that send it no sessions.
    pub out_of_service: BTreeMap<String, Vec<String>>,
    /// Nodes that a balancer cannot let go of now, and whose turn comes last.
    pub last: Vec<String>,
    /// By node: what is wrong with the way to its host, if anything.
    pub host_trouble: BTreeMap<String, String>,
    /// By node: the name of the host that commands for it run on.
    pub host_names: BTreeMap<String, String>,
    /// By node: what its packages offer.
    pub offered: BTreeMap<String, String>,
    /// By node: free space where the server keeps its data, in bytes.
    pub free_bytes: BTreeMap<String, u64>,
    /// By node: the provider that it ran before the last upgrade, when the journal knows.
    pub earlier_provider: BTreeMap<String, ProviderVersion>,
    /// The nodes that an open upgrade has taken out, in their order.
    pub half_done: Vec<String>,
    /// How long a node is expected to be away, in seconds.
    pub away_seconds: f64,
    /// Nodes that must stay in service.
    pub min_serving: usize,
    /// Whether the run shortens the group communication's timers.
    pub quick_timers: bool,
    /// Whether the start command hands the returning node its options.
    pub start_takes_join_options: bool,
}

impl Default for Surroundings {
    /// Nothing is known yet.
    fn default() -> Self {
        Self {
            backup_age: None,
            backup_max_age: 0,
            open_run: Err("nobody looked".to_owned()),
            has_balancer: false,
            balancer_trouble: Vec::new(),
            out_of_service: BTreeMap::new(),
            last: Vec::new(),
            host_trouble: BTreeMap::new(),
            host_names: BTreeMap::new(),
            offered: BTreeMap::new(),
            free_bytes: BTreeMap::new(),
            earlier_provider: BTreeMap::new(),
            half_done: Vec::new(),
            away_seconds: 0.0,
            min_serving: 0,
            quick_timers: false,
            start_takes_join_options: false,
        }
    }
}
