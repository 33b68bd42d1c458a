//! One MariaDB server of a sandbox: its files, and how it starts, stops and stalls.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder};
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use super::error::{Doing, Error, Result, log_tail};
use super::files;
use super::process::{self, Process, RunAs};
use super::server::Server;

/// How long a node may take to answer after its start, state transfer included.
const START_LIMIT: Duration = Duration::from_secs(90);
/// How long a node may take to shut down cleanly.
const STOP_LIMIT: Duration = Duration::from_secs(90);

/// With Galera's own values all writes of the cluster stall for 0.5 to 2 seconds each time that a node comes back: lost
/// group messages are sent again after a second, and the node looks only every half second whether it belongs to the
/// primary component. With these it is about 0.1 s (`docs/upgrade.md`).
const QUICK_JOIN: &str = "evs.keepalive_period=PT0.1S;evs.join_retrans_period=PT0.1S;pc.wait_prim=no";

/// A node of a sandbox. The value holds only what does not change; whether its server runs is looked at each time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Node {
    pub(super) name: String,
    pub(super) dir: PathBuf,
    pub(super) ports: NodePorts,
    pub(super) server_dir: Option<PathBuf>,
    pub(super) cluster: Membership,
}

/// The ports that one node listens on, all on 127.0.0.1.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct NodePorts {
    pub(super) sql: u16,
    /// Group communication.
    pub(super) group: u16,
    /// Incremental state transfer.
    pub(super) ist: u16,
    /// Full state transfer.
    pub(super) sst: u16,
    /// The HTTP health check, where a sandbox has one.
    pub(super) check: u16,
}

/// What a node knows of the cluster that it belongs to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Membership {
    pub(super) id: String,
    pub(super) name: String,
    /// The group communication ports of all nodes.
    pub(super) peers: Vec<u16>,
    pub(super) run_as: RunAs,
    pub(super) buffer_pool_mb: u32,
    /// Lines for `[mariadbd]` of every node, after the sandbox's own.
    pub(super) extra_my_cnf: String,
    /// The file with the password of the account [`files::ADMIN`].
    pub(super) password_file: PathBuf,
}

impl Node {
    /// The node's name, such as `n1`; also its name in HAProxy and `wsrep_node_name`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The TCP port of its SQL service on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.ports.sql
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.sql)
    }

    /// The port that HAProxy asks for this node's health where the sandbox checks by HTTP ([`super::ClusterCheck`]).
    pub fn check_port(&self) -> u16 {
        self.ports.check
    }

    /// The server's option file. Lines added to it hold from the next start.
    pub fn my_cnf(&self) -> PathBuf {
        self.dir.join("my.cnf")
    }

    /// The server's unix socket.
    pub fn socket(&self) -> PathBuf {
        self.dir.join("s")
    }

    /// The server's data folder.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// The server's folder for temporary files. Not the system's: a server that starts removes what looks like its
    /// own temporary files there, and so those of every other server.
    pub fn tmp_dir(&self) -> PathBuf {
        self.dir.join("tmp")
    }

    /// The server's error log.
    pub fn error_log(&self) -> PathBuf {
        self.dir.join("error.log")
    }

    /// A folder for `MYSQL_HOME`: command line clients started with it log in to this node as the administrator.
    pub fn client_home(&self) -> PathBuf {
        self.dir.join("client")
    }

    /// Where its server programs are unpacked; `None` for the system's own.
    pub fn server_dir(&self) -> Option<&Path> {
        self.server_dir.as_deref()
    }

    /// Gives the node other server programs, such as another minor version's, from its next start on.
    ///
    /// # Errors
    /// No server is found there, or the node's files cannot be written.
    pub fn set_server_dir(&mut self, server_dir: Option<PathBuf>) -> std::result::Result<(), Error> {
        Server::find(server_dir.as_deref())?;
        self.server_dir = server_dir;
        self.write_files()
    }

    /// The process id of its server while it runs.
    pub fn pid(&self) -> Option<i32> {
        self.process().map(Process::pid)
    }

    /// Whether its server's process lives (it may be stalled, or not Synced).
    pub fn is_running(&self) -> bool {
        self.process().is_some()
    }

    /// Starts the server and waits until it is Synced. It joins the other nodes, by incremental state transfer where
    /// that is possible and by rsync otherwise; with none of them alive it fails, see [`Node::bootstrap`].
    ///
    /// # Errors
    /// It runs already, cannot be started, ends early, or is not Synced within 90 seconds.
    pub async fn start(&self) -> std::result::Result<(), Error> {
        self.spawn(false)?;
        self.wait_synced(START_LIMIT).await
    }

    /// Starts the server as the first node of the cluster and waits until it is Synced. Never do that while another
    /// node lives: it would split the cluster. [`super::Sandbox::bootstrap`] looks first.
    pub(super) async fn bootstrap(&self) -> Result<()> {
        self.spawn(true)?;
        self.wait_synced(START_LIMIT).await
    }

    /// Shuts the server down cleanly, as a service manager would, and waits for its end.
    ///
    /// # Errors
    /// It does not end within 90 seconds.
    pub async fn stop(&self) -> std::result::Result<(), Error> {
        let Some(process) = self.process() else { return Ok(()) };
        process.signal(Signal::SIGTERM)?;
        // A stalled process only sees the request once it goes on.
        process.signal(Signal::SIGCONT)?;
        if process.gone_within(STOP_LIMIT).await {
            return Ok(());
        }
        Err(self.failure(format!("did not shut down within {} s.", STOP_LIMIT.as_secs())))
    }

    /// Kills the server at once (SIGKILL), as a power cut would.
    ///
    /// # Errors
    /// The signal cannot be sent, or the process does not go within ten seconds.
    pub async fn kill(&self) -> std::result::Result<(), Error> {
        let Some(process) = self.process() else { return Ok(()) };
        process.signal(Signal::SIGKILL)?;
        if process.gone_within(Duration::from_secs(10)).await {
            return Ok(());
        }
        Err(self.failure("is still there ten seconds after SIGKILL.".into()))
    }

    /// Stalls the server (SIGSTOP): it stays connected and answers nothing.
    ///
    /// # Errors
    /// The signal cannot be sent.
    pub fn pause(&self) -> std::result::Result<(), Error> {
        self.process().map_or(Ok(()), |process| process.signal(Signal::SIGSTOP))
    }

    /// Lets a stalled server go on (SIGCONT).
    ///
    /// # Errors
    /// The signal cannot be sent.
    pub fn unpause(&self) -> std::result::Result<(), Error> {
        self.process().map_or(Ok(()), |process| process.signal(Signal::SIGCONT))
    }

    /// Connects over TCP as the administrator.
    ///
    /// # Errors
    /// The server does not answer or refuses the login.
    pub async fn connect(&self) -> std::result::Result<Conn, Error> {
        Conn::new(self.opts()?).await.map_err(|source| self.sql_error(source))
    }

    /// Runs one statement as the administrator on a connection of its own and drops its result.
    ///
    /// # Errors
    /// The server cannot be reached or answers with an error.
    pub async fn execute(&self, sql: &str) -> std::result::Result<(), Error> {
        let mut conn = self.connect().await?;
        conn.query_drop(sql).await.map_err(|source| self.sql_error(source))?;
        let _ = conn.disconnect().await;
        Ok(())
    }

    /// As [`Node::execute`], with a default database.
    ///
    /// # Errors
    /// As there.
    pub async fn execute_in(&self, database: &str, sql: &str) -> std::result::Result<(), Error> {
        let opts = OptsBuilder::from_opts(self.opts()?).db_name(Some(database));
        let mut conn = Conn::new(opts).await.map_err(|source| self.sql_error(source))?;
        conn.query_drop(sql).await.map_err(|source| self.sql_error(source))?;
        let _ = conn.disconnect().await;
        Ok(())
    }

    /// The first column of the first row that a query gives, as text; `None` without a row or for NULL.
    ///
    /// # Errors
    /// The server cannot be reached or answers with an error.
    pub async fn value(&self, sql: &str) -> std::result::Result<Option<String>, Error> {
        let mut conn = self.connect().await?;
        let row: Option<mysql_async::Row> = conn.query_first(sql).await.map_err(|source| self.sql_error(source))?;
        let _ = conn.disconnect().await;
        Ok(row.and_then(|mut row| row.take::<Option<String>, _>(0)).flatten())
    }

    /// One of the server's status values, such as `wsrep_local_state_comment`.
    ///
    /// # Errors
    /// The server cannot be reached or answers with an error.
    pub async fn status(&self, name: &str) -> std::result::Result<Option<String>, Error> {
        let name = name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "");
        self.value(&format!(
            "select variable_value from information_schema.global_status where variable_name = '{name}'"
        ))
        .await
    }

    /// Waits until the node is Synced and ready.
    ///
    /// # Errors
    /// Its server has ended, or it is not Synced within `limit`.
    pub async fn wait_synced(&self, limit: Duration) -> std::result::Result<(), Error> {
        let deadline = Instant::now() + limit;
        loop {
            if !self.is_running() {
                return Err(self.failure("ended before it was Synced.".into()));
            }
            let state = tokio::time::timeout(Duration::from_secs(2), self.status("wsrep_local_state_comment")).await;
            if matches!(&state, Ok(Ok(Some(state))) if state == "Synced") {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(self.failure(format!("was not Synced within {} s.", limit.as_secs())));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// How to log in over TCP as the administrator.
    ///
    /// # Errors
    /// The password cannot be read.
    pub fn opts(&self) -> std::result::Result<Opts, Error> {
        let password = files::read(&self.cluster.password_file)?;
        Ok(login(files::ADMIN, password.trim(), self.ports.sql))
    }

    pub(super) fn process(&self) -> Option<Process> {
        Process::recorded(&self.process_file()).filter(|process| process.alive())
    }

    fn process_file(&self) -> PathBuf {
        self.dir.join("process.json")
    }

    pub(super) fn spawn(&self, new_cluster: bool) -> Result<()> {
        if let Some(pid) = self.pid() {
            return Err(Error::Occupied(format!("{} runs already, as process {pid}.", self.name)));
        }
        let (server, _) = Server::find(self.server_dir.as_deref())?;
        let mut command = process::command(&server.mariadbd, &server.path);
        command.arg(format!("--defaults-file={}", self.my_cnf().display()));
        if new_cluster {
            command.arg("--wsrep-new-cluster");
        }
        process::spawn(command, &self.cluster.id, &self.cluster.run_as, &self.error_log(), &self.process_file())?;
        Ok(())
    }

    pub(super) fn failure(&self, what: String) -> Error {
        Error::Process { who: self.name.clone(), what, said: log_tail(&self.error_log()) }
    }

    fn sql_error(&self, source: mysql_async::Error) -> Error {
        Error::Sql { node: self.name.clone(), source }
    }

    /// Writes `my.cnf` and the node's own record.
    pub(super) fn write_files(&self) -> Result<()> {
        let (server, _) = Server::find(self.server_dir.as_deref())?;
        files::write(&self.my_cnf(), &self.my_cnf_text(&server))?;
        let json = serde_json::to_string_pretty(self).map_err(std::io::Error::from);
        files::write(&self.dir.join("node.json"), &json.doing(|| "Cannot write the node's record".into())?)
    }

    pub(super) fn read(dir: &Path) -> Result<Self> {
        let file = dir.join("node.json");
        serde_json::from_str(&files::read(&file)?)
            .map_err(std::io::Error::from)
            .doing(|| format!("Cannot read {}", file.display()))
    }

    fn my_cnf_text(&self, server: &Server) -> String {
        let Self { name, ports, cluster, .. } = self;
        let peers: Vec<String> = cluster.peers.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let (peers, paths) = (peers.join(","), server.my_cnf_paths());
        let (data, socket, log) = (self.data_dir(), self.socket(), self.error_log());
        let (data, socket, log) = (data.display(), socket.display(), log.display());
        let tmp = self.tmp_dir();
        let tmp = tmp.display();
        let galera = server.galera.display();
        let NodePorts { sql, group, ist, sst, .. } = ports;
        let (cluster_name, pool, extra) = (&cluster.name, cluster.buffer_pool_mb, &cluster.extra_my_cnf);
        format!(
            "[mariadbd]
{paths}datadir = {data}
tmpdir = {tmp}
socket = {socket}
log_error = {log}
pid_file = {data}/pid
bind_address = 127.0.0.1
port = {sql}
skip_name_resolve
open_files_limit = 4096
table_open_cache = 400
max_connections = 300
default_storage_engine = InnoDB
binlog_format = ROW
innodb_autoinc_lock_mode = 2
innodb_buffer_pool_size = {pool}M
innodb_log_file_size = 128M
# A sandbox may lose its data: nothing here is worth waiting for the disk.
innodb_flush_log_at_trx_commit = 0
innodb_doublewrite = OFF

wsrep_on = ON
wsrep_provider = {galera}
wsrep_cluster_name = {cluster_name}
wsrep_cluster_address = gcomm://{peers}
wsrep_node_name = {name}
wsrep_node_address = 127.0.0.1:{group}
wsrep_node_incoming_address = 127.0.0.1:{sql}
wsrep_sst_method = rsync
wsrep_sst_receive_address = 127.0.0.1:{sst}
wsrep_slave_threads = 2
wsrep_provider_options = base_host=127.0.0.1;base_port={group};gmcast.listen_addr=tcp://127.0.0.1:{group};ist.recv_addr=127.0.0.1:{ist};gcache.size=128M;{QUICK_JOIN}
{extra}"
        )
    }
}

/// Options for a connection to 127.0.0.1. The packet limits are given, so that the driver does not have to ask.
pub(super) fn login(user: &str, password: &str, port: u16) -> Opts {
    OptsBuilder::default()
        .ip_or_hostname("127.0.0.1")
        .tcp_port(port)
        .user(Some(user))
        .pass(Some(password))
        .prefer_socket(false)
        .max_allowed_packet(Some(16 << 20))
        .wait_timeout(Some(28_800))
        .into()
}
