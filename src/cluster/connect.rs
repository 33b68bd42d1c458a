//! From settings to a session with a node.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use mysql_async::{ClientIdentity, Conn, DriverError, Error, IoError, Opts, OptsBuilder, SslOpts};
use secrecy::{ExposeSecret, SecretString};

use super::privileges::quoted_account;
use super::session::{server_error, within};
use super::{ClusterError, ConnectReason, Session, discover};
use crate::config::{Address, Node, Settings, Timeouts, Tls, TlsMode};

/// The largest packet that is accepted: what the protocol allows. The server's own limit is the one that counts.
const MAX_PACKET: usize = 1 << 30;
/// How often the system asks whether the other end still lives.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// Every session: names and texts are UTF-8, looking at a node never waits for the others, every statement is a transaction
/// of its own and gives all its rows, and the server ends neither a statement for its length nor a session that waits.
/// Whatever the server's globals say: the limits that a site sets there are meant for its application.
const PREPARE: &str = "SELECT VERSION(), @@version_comment, CURRENT_USER(); SET NAMES utf8mb4; SET SESSION wsrep_sync_wait = 0, \
    autocommit = 1, sql_select_limit = 18446744073709551615, max_statement_time = 0, wait_timeout = 28800, \
    idle_transaction_timeout = 0, idle_readonly_transaction_timeout = 0, idle_write_transaction_timeout = 0";

/// The nodes of the cluster, and how to log in.
#[derive(Clone, Debug)]
pub struct Connector {
    nodes: Vec<Node>,
    credentials: Credentials,
    timeouts: Timeouts,
}

/// User, password and encryption.
#[derive(Clone)]
pub(super) struct Credentials {
    user: String,
    password: Option<SecretString>,
    pub(super) tls: Tls,
}

impl Credentials {
    pub(super) fn user(&self) -> &str {
        &self.user
    }

    pub(super) fn password(&self) -> Option<&SecretString> {
        self.password.as_ref()
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({:?})", self.user, self.tls.mode)
    }
}

impl Connector {
    /// Fetches the password, and asks the node to start from for the others when the settings name no nodes. With
    /// nodes in the settings nothing is sent to anybody.
    ///
    /// # Errors
    /// When no node is named at all, the password cannot be had, or discovery fails.
    pub async fn open(settings: &Settings) -> Result<Self, ClusterError> {
        let password = settings
            .login
            .password
            .fetch(&settings.login.user)
            .map_err(|error| ClusterError::Usage(error.to_string()))?;
        let credentials = Credentials { user: settings.login.user.clone(), password, tls: settings.tls.clone() };
        let mut connector = Self { nodes: settings.nodes.clone(), credentials, timeouts: settings.timeouts };
        if connector.nodes.is_empty() {
            let Some(seed) = &settings.discover_from else {
                return Err(ClusterError::Usage(
                    "No node is named: write `nodes` under [cluster] in schema.toml, or give --nodes or --node."
                        .to_owned(),
                ));
            };
            connector.nodes = discover::nodes(&connector, seed).await?;
        }
        Ok(connector)
    }

    /// The nodes, in the order of the configuration.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(super) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The node of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn node(&self, name: &str) -> Result<&Node, ClusterError> {
        self.nodes.iter().find(|node| node.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.nodes.iter().map(|node| node.name.as_str()).collect();
            ClusterError::Usage(format!("There is no node `{name}`; the nodes are {}.", names.join(", ")))
        })
    }

    /// A new session with a node. The server's own `sql_mode` is in force, because it decides what DDL does and how a user's
    /// text is read; who puts texts of ours into SQL there sets another.
    ///
    /// # Errors
    /// When no session comes about, or the server is no MariaDB with Galera.
    pub async fn session(&self, node: &Node) -> Result<Session, ClusterError> {
        self.connect(node).await
    }

    /// A session for looking only: `sql_mode` is empty so that what a server prints depends on nothing but the schema,
    /// waiting for locks is short, and the server itself ends a query when its time is over.
    ///
    /// # Errors
    /// As [`Connector::session`].
    pub async fn observer(&self, node: &Node) -> Result<Session, ClusterError> {
        let mut session = self.connect(node).await?;
        let seconds = self.timeouts.query.as_secs_f64();
        let locks = self.timeouts.query.as_secs().clamp(1, 10);
        session
            .query_all(&format!(
                "SET SESSION sql_mode = '', sql_quote_show_create = 1, lock_wait_timeout = {locks}, \
                 max_statement_time = {seconds}"
            ))
            .await?;
        Ok(session)
    }

    /// Does something with every node at the same time; the answers come in the nodes' order.
    pub async fn on_every_node<T>(&self, work: impl AsyncFn(&Node) -> T) -> Vec<T> {
        join_all(self.nodes.iter().map(|node| work(node))).await
    }

    /// Stops the statement that a session with the node is running, through a second session.
    ///
    /// # Errors
    /// When there is no second session, or the server refuses. That the thread is gone already is none.
    pub async fn kill_query(&self, node: &Node, thread_id: u32) -> Result<(), ClusterError> {
        self.kill(node, &format!("KILL QUERY {thread_id}")).await
    }

    /// Ends a session with the node, through a second one.
    ///
    /// # Errors
    /// As [`Connector::kill_query`].
    pub async fn kill_connection(&self, node: &Node, thread_id: u32) -> Result<(), ClusterError> {
        self.kill(node, &format!("KILL CONNECTION {thread_id}")).await
    }

    async fn kill(&self, node: &Node, sql: &str) -> Result<(), ClusterError> {
        /// ER_NO_SUCH_THREAD.
        const NO_SUCH_THREAD: u16 = 1094;
        let mut session = self.connect(node).await?;
        let killed = session.execute(sql, Some(self.timeouts.query)).await;
        session.close().await;
        match killed {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some(NO_SUCH_THREAD) => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn connect(&self, node: &Node) -> Result<Session, ClusterError> {
        let connected = within(Some(self.timeouts.connect), self.log_in(node)).await;
        let conn = match connected {
            Some(Ok(conn)) => conn,
            Some(Err(error)) => return Err(connect_error(node, error)),
            None => {
                return Err(ClusterError::Connect {
                    node: node.name.clone(),
                    address: node.address.to_string(),
                    reason: ConnectReason::TimedOut,
                    message: format!("no answer within {} seconds", self.timeouts.connect.as_secs_f64()),
                });
            }
        };
        let mut session = Session::new(Arc::from(node.name.as_str()), conn, String::new(), self.timeouts.query);
        // One round trip; an unknown wsrep_sync_wait shows a server without Galera.
        let prepared = session.query_all_within(PREPARE, self.timeouts.connect).await;
        let sets = match prepared {
            Ok(sets) => sets,
            Err(error) if error.code() == Some(1193) => {
                let said = session.query("SELECT VERSION(), @@version_comment").await?;
                return Err(refuse(node, &said)?);
            }
            Err(error) => return Err(error),
        };
        let said = sets.into_iter().next().unwrap_or_default();
        let version: String = said.scalar()?.unwrap_or_default();
        if !is_mariadb(&version) {
            return Err(refuse(node, &said)?);
        }
        let account: String = said.first().map(|row| row.get(2)).transpose()?.unwrap_or_default();
        session.introduce(version, quoted_account(&account));
        Ok(session)
    }

    async fn log_in(&self, node: &Node) -> Result<Conn, Error> {
        let mode = self.credentials.tls.mode;
        // Nobody listens in on a unix socket, and MariaDB's clients do not encrypt there either.
        if mode == TlsMode::Disabled || matches!(node.address, Address::Unix(_)) {
            return Conn::new(self.options(node, None)).await;
        }
        let secured = Conn::new(self.options(node, Some(self.encryption()))).await;
        match secured {
            // As with MariaDB's own clients: preferred means that no encryption is better than no connection.
            Err(error) if mode == TlsMode::Preferred && is_tls(&error) => Conn::new(self.options(node, None)).await,
            other => other,
        }
    }

    fn encryption(&self) -> SslOpts {
        let tls = &self.credentials.tls;
        let verify = matches!(tls.mode, TlsMode::VerifyCa | TlsMode::VerifyIdentity);
        let roots = tls.ca.iter().filter(|_| verify).map(|path| path.clone().into()).collect();
        let identity =
            tls.identity.as_ref().map(|(cert, key)| ClientIdentity::new(cert.clone().into(), key.clone().into()));
        // To accept a certificate for another host, mysql_async 0.37 looks for this word in the error's text. The rustls of
        // today words that error differently, but quotes the name that was asked for. The authority's signature is
        // verified before any name is looked at, so nothing else is let through (tests/live/connections.rs).
        let any_host = (tls.mode == TlsMode::VerifyCa).then_some("NotValidForName.invalid");
        SslOpts::default()
            .with_root_certs(roots)
            .with_danger_tls_hostname_override(any_host)
            .with_disable_built_in_roots(verify && tls.ca.is_some())
            .with_client_identity(identity)
            .with_danger_accept_invalid_certs(!verify)
            .with_danger_skip_domain_validation(tls.mode != TlsMode::VerifyIdentity)
    }

    fn options(&self, node: &Node, encryption: Option<SslOpts>) -> Opts {
        let builder = OptsBuilder::default()
            .user(Some(self.credentials.user.clone()))
            .pass(self.credentials.password.as_ref().map(|password| password.expose_secret().to_owned()))
            .prefer_socket(false)
            .max_allowed_packet(Some(MAX_PACKET))
            // Only used to tell when an idle pooled connection is stale, and there is no pool.
            .wait_timeout(Some(0))
            .stmt_cache_size(0)
            .tcp_keepalive(Some(KEEPALIVE))
            .connect_attribute("program_name", "schema")
            .ssl_opts(encryption);
        match &node.address {
            Address::Tcp { host, port } => builder.ip_or_hostname(host.clone()).tcp_port(*port),
            Address::Unix(path) => builder.socket(Some(path.display().to_string())),
        }
        .into()
    }
}

/// Whether `VERSION()` is a MariaDB server's. A site may have replaced the text by its own `version` option, but the
/// number of a MariaDB is never below 10.
fn is_mariadb(version: &str) -> bool {
    version.parse::<crate::sql::ServerVersion>().is_ok()
}

/// The sentence for a server that is something else.
fn refuse(node: &Node, said: &super::Rows) -> Result<ClusterError, ClusterError> {
    let row = said.first();
    let version: String = row.map(|row| row.get(0)).transpose()?.unwrap_or_default();
    let comment: String = row.map(|row| row.get(1)).transpose()?.unwrap_or_default();
    let what = if comment.contains("Percona XtraDB Cluster") {
        format!("Percona XtraDB Cluster {version}, whose DDL behaves differently")
    } else if !is_mariadb(&version) {
        format!("MySQL or one of its relatives ({version}, {comment})")
    } else {
        format!("a MariaDB without Galera ({version})")
    };
    Ok(ClusterError::Unsupported(format!(
        "Node {} ({}) is {what}; this program works with MariaDB Galera Cluster only.",
        node.name, node.address
    )))
}

fn connect_error(node: &Node, error: Error) -> ClusterError {
    let (reason, message) = match error {
        Error::Server(error) => {
            let reason = match error.code {
                1044 | 1045 | 1130 | 1251 | 1275 | 1524 | 1698 | 1820 | 1862 | 4151 => ConnectReason::Denied,
                1040 | 1129 | 1203 | 1226 => ConnectReason::TooMany,
                1047 | 1053 => ConnectReason::NotReady,
                _ => ConnectReason::Other,
            };
            match server_error(&node.name, "", error) {
                ClusterError::Server { code, message, .. } => (reason, format!("{message} (error {code})")),
                other => (reason, other.to_string()),
            }
        }
        Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            (ConnectReason::Tls, "the server offers no encryption, and `tls` demands it".to_owned())
        }
        error => (network_reason(&error), bare_message(&error)),
    };
    ClusterError::Connect { node: node.name.clone(), address: node.address.to_string(), reason, message }
}

/// Whether it was the encryption that did not come about.
fn is_tls(error: &Error) -> bool {
    matches!(error, Error::Driver(DriverError::NoClientSslFlagFromServer))
        || network_reason(error) == ConnectReason::Tls
}

fn network_reason(error: &Error) -> ConnectReason {
    let Error::Io(io) = error else { return ConnectReason::Other };
    match io {
        IoError::Tls(_) => ConnectReason::Tls,
        IoError::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NotFound => ConnectReason::Refused,
            io::ErrorKind::TimedOut => ConnectReason::TimedOut,
            // rustls reports a certificate that does not hold through an io::Error.
            io::ErrorKind::InvalidData => ConnectReason::Tls,
            _ if error.to_string().contains("failed to lookup address") => ConnectReason::NoSuchHost,
            _ => ConnectReason::Other,
        },
    }
}

/// The innermost error's own words: the library's wrappings say nothing that matters.
pub(super) fn bare_message(error: &Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string().trim_end_matches('.').to_owned()
}
