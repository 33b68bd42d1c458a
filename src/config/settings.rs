//! What is meant, once files, environment and command line have been read.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::{Address, BalancerSettings, Login};
use crate::plan::Policy;

/// Everything that a command may need to know about its surroundings.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The `schema.toml` that was read.
    pub file: Option<PathBuf>,
    /// The nodes of the cluster by configuration; empty when they are to be discovered.
    pub nodes: Vec<Node>,
    /// The node that is asked for the others, when `nodes` is empty.
    pub discover_from: Option<Address>,
    /// Who logs in.
    pub login: Login,
    /// How connections are encrypted.
    pub tls: Tls,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// `[policy]`.
    pub policy: Policy,
    /// Every `[[balancer]]`, in order.
    pub balancers: Vec<BalancerSettings>,
    /// `[upgrade]`.
    pub upgrade: Upgrade,
    /// `[journal]`.
    pub journal: Journal,
}

/// A node of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    /// The name that the site uses for it.
    pub name: String,
    /// Where it listens.
    pub address: Address,
}

/// Whether and how connections are encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// How strict to be.
    pub mode: TlsMode,
    /// The certificate authority (PEM); without it the public ones that the program brings.
    pub ca: Option<PathBuf>,
    /// The client's certificate and its key (PEM).
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// How strict to be about encryption, in the words of MariaDB's and MySQL's clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsMode {
    /// Never.
    Disabled,
    /// Where the server offers it. Nothing is verified.
    #[default]
    Preferred,
    /// Always. Nothing is verified.
    Required,
    /// Always, and the certificate authority vouches for the server's certificate.
    VerifyCa,
    /// As `VerifyCa`, and the certificate is for the host that was connected to.
    VerifyIdentity,
}

impl TlsMode {
    /// The words for the modes, weakest first.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("disabled", Self::Disabled),
        ("preferred", Self::Preferred),
        ("required", Self::Required),
        ("verify-ca", Self::VerifyCa),
        ("verify-identity", Self::VerifyIdentity),
    ];
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From the first packet to a logged-in session.
    pub connect: Duration,
    /// For a query that only looks at something.
    pub query: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), query: Duration::from_secs(60) }
    }
}

/// `[upgrade]`: how a node's server binaries are replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// How a command reaches a node; `{host}` stands for its host.
    pub shell: String,
    /// Node name to host, where they differ from the node's address.
    pub hosts: BTreeMap<String, String>,
    /// What can be done while the node still serves, such as fetching the packages; may be empty.
    pub prepare: String,
    /// Stops the server.
    pub stop: String,
    /// Installs `{version}`.
    pub install: String,
    /// Runs after the installation; may be empty.
    pub configure: String,
    /// Fails when the new binaries would not accept the configuration; may be empty.
    pub check_config: String,
    /// Prints the version that the packages offer; may be empty.
    pub offered: String,
    /// Prints the end of the server's error log; when empty, the server's own `log_error` or the journal is read.
    pub log: String,
    /// Run on this machine: prints when the last backup was made (seconds since 1970, or a date and time); may be empty.
    pub backup: String,
    /// A file of this machine that is written with each backup.
    pub backup_file: Option<PathBuf>,
    /// The oldest that the last backup may be.
    pub backup_max_age: Duration,
    /// How long a node is expected to be away, until the first one has shown it.
    pub expected_away: Duration,
    /// How long a node may take to come back, a full state transfer included.
    pub join_timeout: Duration,
    /// The folder in which the nodes' states are kept.
    pub bundles: PathBuf,
    /// Starts the server. `{join_options}` are the provider options with which it comes back quickly.
    pub start: String,
    /// Whether a run shortens the group communication's timers until it ends.
    pub quick_timers: bool,
    /// Runs once the server is up.
    pub upgrade_tables: String,
    /// How long a node stays back in service before the next one.
    pub settle: Duration,
    /// How long one command may take.
    pub command_timeout: Duration,
}

impl Default for Upgrade {
    fn default() -> Self {
        Self {
            shell: "ssh {host}".into(),
            hosts: BTreeMap::new(),
            prepare: String::new(),
            stop: "systemctl stop mariadb".into(),
            install: "apt-get install -y --allow-downgrades mariadb-server={version}".into(),
            configure: String::new(),
            check_config: String::new(),
            offered: String::new(),
            log: String::new(),
            backup: String::new(),
            backup_file: None,
            backup_max_age: Duration::from_secs(24 * 3600),
            expected_away: Duration::from_secs(120),
            join_timeout: Duration::from_secs(3600),
            bundles: PathBuf::from("."),
            start: "systemctl start mariadb".into(),
            quick_timers: true,
            upgrade_tables: "mariadb-upgrade --skip-write-binlog".into(),
            settle: Duration::from_secs(60),
            command_timeout: Duration::from_secs(1800),
        }
    }
}

/// `[journal]`: where runs are recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// The database in the cluster.
    pub database: String,
}

impl Default for Journal {
    fn default() -> Self {
        Self { database: "galera_schema".into() }
    }
}
