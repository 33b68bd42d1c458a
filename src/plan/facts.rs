//! What was observed on the nodes: plain data that checks, plans and reports are made from.
//!
//! `cluster::facts` fills it. Everything that could not be read says so: [`Seen`] holds the value or the reason, and
//! an `Option` is `None` where a server of that version has no such thing. Nothing here is ever a default.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Grant, Level, grants};
use crate::sql::ServerVersion;

/// A fact, or why it could not be seen.
pub type Seen<T> = Result<T, Unseen>;

/// Why something could not be seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unseen {
    /// What stood in the way, in words.
    pub why: String,
    /// The GRANT that would let it be seen, where a privilege is what is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
}

impl fmt::Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)?;
        match &self.grant {
            Some(grant) => write!(f, " ({grant} would show it)"),
            None => Ok(()),
        }
    }
}

/// One node of the configuration, and what it said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeObservation {
    /// The node's name in the configuration.
    pub node: String,
    /// Where it was asked.
    pub address: String,
    /// The facts, or why there are none.
    pub facts: Seen<NodeFacts>,
}

/// The state of a node in its cluster: `wsrep_local_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// 1: asks for, or receives, a state transfer.
    Joining,
    /// 2: gives a state transfer, or stands aside on purpose (desync, RSU).
    Donor,
    /// 3: catches up.
    Joined,
    /// 4: up to date and taking part in flow control.
    Synced,
    /// Any other number: not a member, or in error.
    Other,
}

impl NodeState {
    /// From the number that the provider uses.
    pub fn from_number(number: u64) -> Self {
        match number {
            1 => Self::Joining,
            2 => Self::Donor,
            3 => Self::Joined,
            4 => Self::Synced,
            _ => Self::Other,
        }
    }
}

/// Everything about one node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeFacts {
    /// The server's version.
    #[serde(with = "version_text")]
    pub version: ServerVersion,
    /// What `VERSION()` says.
    pub version_text: String,
    /// The provider's version, such as `26.4.23`, and who made it.
    pub provider_version: String,
    /// `wsrep_provider_vendor`.
    pub provider_vendor: String,
    /// `wsrep_protocol_version`.
    pub protocol_version: i64,
    /// `wsrep_node_name`, the node's own name for itself.
    pub node_name: String,
    /// `wsrep_gcomm_uuid`: two addresses with the same one lead to the same node.
    pub member_uuid: String,
    /// `server_id`.
    pub server_id: u64,
    /// `wsrep_cluster_state_uuid`: two nodes with the same one are of the same cluster.
    pub cluster_uuid: String,
    /// `wsrep_local_state_uuid`.
    pub local_uuid: String,
    /// `wsrep_cluster_status`: `Primary` is the healthy one.
    pub cluster_status: String,
    /// `wsrep_cluster_conf_id`: changes with each change of membership.
    pub conf_id: u64,
    /// `wsrep_cluster_size`: members, arbitrators among them.
    pub cluster_size: u64,
    /// `wsrep_cluster_weight`: the sum of all members' weights. `None` on a provider without it.
    pub cluster_weight: Option<u64>,
    /// `pc.weight`: this node's own.
    pub weight: Option<u64>,
    /// `wsrep_incoming_addresses`: every member as the cluster knows it; an arbitrator's is empty.
    pub members: Vec<String>,
    /// `wsrep_local_state`.
    pub state: NodeState,
    /// `wsrep_local_state_comment`: the same for people.
    pub state_comment: String,
    /// `wsrep_connected`.
    pub connected: bool,
    /// `wsrep_ready`.
    pub ready: bool,
    /// The variable `wsrep_desync`: somebody switched it on.
    pub desync: bool,
    /// `wsrep_desync_count`: how many hold the node desynced: operators, backups, state transfers, RSU.
    pub desync_count: u64,
    /// `wsrep_last_committed`: the number of the last write set.
    pub last_committed: u64,
    /// `wsrep_local_cached_downto`: the oldest write set that can still be given to a node that comes back.
    pub cached_downto: Option<u64>,
    /// `gcache.size`, in bytes.
    pub gcache_bytes: Option<u64>,
    /// `wsrep_local_recv_queue`: write sets that wait to be applied.
    pub recv_queue: u64,
    /// `wsrep_local_send_queue`.
    pub send_queue: u64,
    /// Write sets that the receive queue holds before this node pauses the cluster: `gcs.fc_limit`, scaled by the
    /// number of members unless `gcs.fc_single_primary`.
    pub recv_queue_limit: Option<u64>,
    /// What happened between two looks.
    pub rates: Rates,
    /// Globals that change an algorithm, a result or the safety of a change, by lower-case name. A name that is
    /// missing is unknown to this server.
    pub globals: BTreeMap<String, String>,
    /// `wsrep_provider_options`, key by key.
    pub provider_options: BTreeMap<String, String>,
    /// Replicas that read this node's binary log.
    pub replicas: Seen<Vec<Replica>>,
    /// Running backups and holders of locks, for whom TOI waits without limit: those that show.
    pub blockers: Seen<Vec<Blocker>>,
    /// Whether [`NodeFacts::blockers`] names every holder of a lock; else why the server does not tell them (the
    /// `metadata_lock_info` plugin is not loaded).
    pub lock_holders: Seen<()>,
    /// Tables that were in use at every one of several looks, on a node with clients at work, `db.table`: where holders of
    /// locks do not show, LOCK TABLES on these cannot be told from use. A table that was not in use at one of them was not
    /// locked by LOCK TABLES then.
    pub in_use: Vec<String>,
    /// Transactions and statements of clients that are at work, oldest first.
    pub activity: Seen<Vec<Activity>>,
    /// Sessions of clients, without replication, system threads and our own.
    pub client_sessions: Seen<u64>,
    /// Free space under the data directory, in bytes.
    pub disk_free: Seen<u64>,
    /// The account that asked, as GRANT has it: `'user'@'host'`.
    pub account: String,
    /// That account's privileges on `*.*`, in upper case, with those of its active roles; `ALL PRIVILEGES` stands for
    /// every one of them.
    pub privileges: Seen<BTreeSet<String>>,
    /// What it may do on single databases and tables.
    pub grants: Vec<Grant>,
}

impl NodeFacts {
    /// One of [`NodeFacts::globals`].
    pub fn global(&self, name: &str) -> Option<&str> {
        self.globals.get(name).map(String::as_str)
    }

    /// Whether the account has this privilege on `*.*`; `None` when its grants could not be read.
    pub fn may(&self, privilege: &str) -> Option<bool> {
        Some(grants::holds(self.privileges.as_ref().ok()?, privilege))
    }

    /// Whether the account has this privilege there, by whatever grant; `false` when its grants could not be read.
    pub fn may_on(&self, privilege: &str, on: &Level) -> bool {
        self.may(privilege) == Some(true) || self.grants.iter().any(|grant| grant.allows(privilege, on))
    }

    /// Write sets that the receive queue can still take before this node pauses the cluster.
    pub fn recv_queue_room(&self) -> Option<u64> {
        self.recv_queue_limit.map(|limit| limit.saturating_sub(self.recv_queue))
    }

    /// Write sets that this node can still give to one that comes back.
    pub fn gcache_window(&self) -> Option<u64> {
        self.cached_downto.map(|oldest| self.last_committed.saturating_sub(oldest))
    }
}

/// What happened on a node between two looks. Per second, over `seconds`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// The time between the two looks.
    pub seconds: f64,
    /// The share of that time, 0 to 1, for which the cluster was paused by flow control.
    pub flow_control_paused: f64,
    /// Pauses that this very node asked for.
    pub flow_control_sent: f64,
    /// Write sets that came from clients of this node: a node that writes.
    pub replicated: f64,
    /// Bytes of them.
    pub replicated_bytes: f64,
    /// Write sets that came from other nodes.
    pub received: f64,
    /// Bytes of them.
    pub received_bytes: f64,
}

/// A server that reads this node's binary log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replica {
    /// Its thread on this node.
    pub thread_id: u64,
    /// The user that it logged in as.
    pub user: String,
    /// Where it comes from.
    pub host: String,
}

/// Somebody for whom a TOI statement would wait without limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocker {
    /// The thread that holds it, where that is known.
    pub thread_id: Option<u64>,
    /// The thread's user and host.
    pub who: String,
    /// What is held: a lock's type or a backup stage, in the server's words.
    pub what: String,
    /// The table concerned, `db.table`; `None` when it is the whole server.
    pub table: Option<String>,
}

/// A client's transaction or statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// The thread.
    pub thread_id: u64,
    /// The user.
    pub user: String,
    /// The host and port.
    pub host: String,
    /// The default database.
    pub database: Option<String>,
    /// `Query`, `Sleep`, ...
    pub command: String,
    /// Seconds in this command.
    pub seconds: u64,
    /// Seconds since the transaction began; `None` outside of one, or where that could not be seen.
    pub transaction_seconds: Option<u64>,
    /// The statement, cut after 200 characters.
    pub statement: Option<String>,
    /// What it waits for, in the server's words, where that is somebody's lock.
    pub waits_for: Option<String>,
    /// The tables on which it holds a metadata lock, `db.table`; `None` where the server does not tell (the
    /// `metadata_lock_info` plugin is not loaded).
    pub tables: Option<Vec<String>>,
}

/// The name of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TableName {
    /// The database.
    pub database: String,
    /// The table.
    pub table: String,
}

impl TableName {
    /// `database`.`table`, from the two names.
    pub fn new(database: impl Into<String>, table: impl Into<String>) -> Self {
        Self { database: database.into(), table: table.into() }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.database, self.table)
    }
}

/// One table on one node. Sizes in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFacts {
    /// `BASE TABLE`, `SEQUENCE`, `SYSTEM VERSIONED`.
    pub kind: String,
    /// The storage engine; `None` for a table that cannot be opened.
    pub engine: Option<String>,
    /// `Dynamic`, `Compressed`, ...
    pub row_format: Option<String>,
    /// Rows, from the statistics.
    pub rows: Option<u64>,
    /// Data, from the statistics.
    pub data_bytes: Option<u64>,
    /// Indexes other than the clustered one, from the statistics.
    pub index_bytes: Option<u64>,
    /// The size of the tablespace files; `None` outside InnoDB, in the system tablespace, or without the PROCESS
    /// privilege.
    pub file_bytes: Option<u64>,
    /// The table's default collation.
    pub collation: Option<String>,
    /// `CREATE_OPTIONS`, in the server's words.
    pub create_options: String,
    /// How many partitions; 0 when not partitioned.
    pub partitions: u64,
    /// The tables that this table's foreign keys refer to.
    pub refers_to: Vec<TableName>,
    /// The tables whose foreign keys refer to this table.
    pub referred_by: Vec<TableName>,
    /// The names of its triggers.
    pub triggers: Vec<String>,
    /// Whether it has a primary key.
    pub primary_key: bool,
    /// Whether rows in a physical format that an instant ADD, DROP or reorder left behind may exist; `None` when that
    /// cannot be seen.
    pub instant_history: Option<bool>,
    /// Whether InnoDB's dictionary holds a column FTS_DOC_ID, which a FULLTEXT key brings and leaves behind when it is
    /// dropped; `None` when the dictionary could not be read.
    pub doc_id: Option<bool>,
}

impl TableFacts {
    /// What the table occupies: the files' size where it is known and larger than what the statistics say.
    pub fn bytes(&self) -> Option<u64> {
        let statistics = self.data_bytes.map(|data| data + self.index_bytes.unwrap_or(0));
        statistics.max(self.file_bytes)
    }
}

/// What a plan that copies tables needs to know besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyFacts {
    /// The version of the copying tool on this machine.
    pub tool: Seen<String>,
    /// The tables as they are.
    pub tables: BTreeMap<TableName, TableFacts>,
    /// Tables that look as if an earlier copy had left them behind, by the table that they would be copies of.
    pub leftovers: BTreeMap<TableName, Vec<String>>,
}

mod version_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::sql::ServerVersion;

    pub(super) fn serialize<S: Serializer>(version: &ServerVersion, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(version)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ServerVersion, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
