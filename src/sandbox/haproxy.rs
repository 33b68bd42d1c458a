//! A real HAProxy in front of the nodes: its configuration, and how it starts, reloads and stops.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::error::{Doing, Error, Result, log_tail};
use super::files;
use super::node::{Membership, Node};
use super::process::{self, Process};
use super::server::Server;

/// How HAProxy sees whether a node is fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Check {
    /// It can log in (`option mysql-check`). A node that is desynced passes.
    #[default]
    Login,
    /// An HTTP agent says 200 for Synced and 503 for anything else, as the widespread `clustercheck` does. The
    /// sandbox's user runs it: [`super::ClusterCheck`].
    Http,
    /// Its port accepts connections.
    Tcp,
}

/// What one HAProxy of a sandbox looks like.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HaproxyOptions {
    /// The backends, each with all nodes and a frontend of its own.
    pub backends: Vec<String>,
    /// How it checks the nodes.
    pub check: Check,
    /// End the sessions of a node that fails its check (`on-marked-down shutdown-sessions`).
    pub shutdown_sessions_when_down: bool,
    /// Keep the servers' states over a reload (`server-state-file`, filled by [`Haproxy::reload`]).
    pub server_state_file: bool,
    /// Lines for the `global` section, such as `stats timeout 1s`.
    pub extra_global: String,
    /// Lines for every `backend` section.
    pub extra_backend: String,
}

impl Default for HaproxyOptions {
    fn default() -> Self {
        Self {
            backends: vec!["galera".into()],
            check: Check::Login,
            shutdown_sessions_when_down: false,
            server_state_file: false,
            extra_global: String::new(),
            extra_backend: String::new(),
        }
    }
}

/// One HAProxy of a sandbox, in master-worker mode.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Haproxy {
    pub(super) name: String,
    pub(super) dir: PathBuf,
    pub(super) options: HaproxyOptions,
    /// One frontend port for each backend.
    pub(super) ports: Vec<u16>,
    pub(super) stats_port: u16,
    pub(super) cluster: Membership,
}

impl Haproxy {
    /// Its name: `haproxy`, and `haproxy2`, `haproxy3` for further ones.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port on 127.0.0.1 where applications reach the first backend.
    pub fn port(&self) -> u16 {
        self.ports.first().copied().unwrap_or_default()
    }

    /// The port on 127.0.0.1 where applications reach a backend.
    pub fn port_of(&self, backend: &str) -> Option<u16> {
        self.options.backends.iter().zip(&self.ports).find(|(name, _)| *name == backend).map(|(_, port)| *port)
    }

    /// The names of its backends.
    pub fn backends(&self) -> &[String] {
        &self.options.backends
    }

    /// The runtime socket with level `admin`.
    pub fn socket(&self) -> PathBuf {
        self.dir.join("admin.sock")
    }

    /// A runtime socket with level `operator`, which may not change servers.
    pub fn operator_socket(&self) -> PathBuf {
        self.dir.join("operator.sock")
    }

    /// The master process's command line socket.
    pub fn master_socket(&self) -> PathBuf {
        self.dir.join("master.sock")
    }

    /// The runtime socket with level `admin` over TCP: a port on 127.0.0.1.
    pub fn stats_port(&self) -> u16 {
        self.stats_port
    }

    /// What HAProxy printed.
    pub fn log(&self) -> PathBuf {
        self.dir.join("haproxy.log")
    }

    /// Its configuration file. What is changed in it holds from the next [`Haproxy::reload`] or start.
    pub fn config(&self) -> PathBuf {
        self.dir.join("haproxy.cfg")
    }

    /// The process id of its master while it runs.
    pub fn pid(&self) -> Option<i32> {
        self.process().map(Process::pid)
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.process().is_some()
    }

    /// Starts it and waits until its runtime socket answers.
    ///
    /// # Errors
    /// It runs already, or its configuration is refused, or it does not answer within ten seconds.
    pub async fn start(&self) -> std::result::Result<(), Error> {
        if let Some(pid) = self.pid() {
            return Err(Error::Occupied(format!("{} runs already, as process {pid}.", self.name)));
        }
        let (server, haproxy) = Server::find(None).or_else(|_| Server::find(self.any_server_dir().as_deref()))?;
        let mut command = process::command(haproxy, &server.path);
        command.args(["-W", "-S"]).arg(format!("{},mode,600", self.master_socket().display()));
        command.arg("-f").arg(self.config());
        process::spawn(command, &self.cluster.id, &self.cluster.run_as, &self.log(), &self.process_file())?;
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            if self.ask("show info").await.is_ok() {
                return Ok(());
            }
            if !self.is_running() || Instant::now() > deadline {
                return Err(self.failure("did not start."));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Reads its configuration anew: a new worker takes over, the old one ends once its sessions have.
    ///
    /// # Errors
    /// It does not run, or no new worker answers within twenty seconds.
    pub async fn reload(&self) -> std::result::Result<(), Error> {
        let process = self.process().ok_or_else(|| self.failure("does not run."))?;
        if self.options.server_state_file {
            let states = self.ask("show servers state").await?;
            files::write(&self.state_file(), &states)?;
        }
        let before = self.worker().await?;
        // A master that is just starting its programs anew can miss a signal, so it is told again.
        for _ in 0..4 {
            process.signal(Signal::SIGUSR2)?;
            let again = Instant::now() + Duration::from_secs(5);
            while Instant::now() < again {
                if self.worker().await.is_ok_and(|pid| pid != before) {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Err(self.failure("did not reload."))
    }

    /// Ends it at once; its clients are cut off.
    ///
    /// # Errors
    /// It does not end within ten seconds.
    pub async fn stop(&self) -> std::result::Result<(), Error> {
        let Some(process) = self.process() else { return Ok(()) };
        process.signal(Signal::SIGTERM)?;
        process.signal(Signal::SIGCONT)?;
        if process.gone_within(Duration::from_secs(10)).await { Ok(()) } else { Err(self.failure("did not end.")) }
    }

    /// Sends one line to the runtime socket and gives the whole answer.
    ///
    /// # Errors
    /// The socket cannot be reached.
    pub async fn ask(&self, line: &str) -> std::result::Result<String, Error> {
        let doing = || format!("Cannot ask {} on {}", self.name, self.socket().display());
        let mut stream = UnixStream::connect(self.socket()).await.doing(doing)?;
        stream.write_all(format!("{line}\n").as_bytes()).await.doing(doing)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.doing(doing)?;
        Ok(answer)
    }

    /// Waits until each of `nodes` is UP in each backend.
    ///
    /// # Errors
    /// Some node is not UP within `limit`.
    pub async fn wait_up(&self, nodes: &[Node], limit: Duration) -> std::result::Result<(), Error> {
        let deadline = Instant::now() + limit;
        loop {
            let stat = self.ask("show stat").await.unwrap_or_default();
            let missing = self.options.backends.iter().any(|backend| {
                nodes.iter().any(|node| {
                    !stat.lines().any(|line| {
                        let fields: Vec<&str> = line.split(',').collect();
                        fields.first() == Some(&backend.as_str())
                            && fields.get(1) == Some(&node.name())
                            && fields.get(17).is_some_and(|status| status.starts_with("UP"))
                    })
                })
            });
            if !missing {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(self.failure("does not see all nodes UP."));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn worker(&self) -> Result<String> {
        let info = self.ask("show info").await?;
        Ok(info.lines().find(|line| line.starts_with("Pid:")).unwrap_or_default().to_owned())
    }

    pub(super) fn process(&self) -> Option<Process> {
        Process::recorded(&self.process_file()).filter(|process| process.alive())
    }

    fn process_file(&self) -> PathBuf {
        self.dir.join("process.json")
    }

    fn state_file(&self) -> PathBuf {
        self.dir.join("servers.state")
    }

    /// HAProxy itself is always the system's; only looking for it needs some server to be found as well.
    fn any_server_dir(&self) -> Option<PathBuf> {
        let nodes = self.dir.parent()?.join("n1");
        Node::read(&nodes).ok()?.server_dir
    }

    fn failure(&self, what: &str) -> Error {
        Error::Process { who: self.name.clone(), what: what.into(), said: log_tail(&self.log()) }
    }

    pub(super) fn read(dir: &Path) -> Result<Self> {
        let file = dir.join("haproxy.json");
        serde_json::from_str(&files::read(&file)?)
            .map_err(std::io::Error::from)
            .doing(|| format!("Cannot read {}", file.display()))
    }

    pub(super) fn write_files(&self, nodes: &[Node]) -> Result<()> {
        files::write(&self.config(), &self.config_text(nodes))?;
        let json = serde_json::to_string_pretty(self).map_err(std::io::Error::from);
        files::write(&self.dir.join("haproxy.json"), &json.doing(|| "Cannot write HAProxy's record".into())?)
    }

    fn config_text(&self, nodes: &[Node]) -> String {
        let (socket, operator) = (self.socket(), self.operator_socket());
        let mut text = format!(
            "global
    maxconn 2000
    stats socket {} mode 600 level admin expose-fd listeners
    stats socket {} mode 600 level operator
    stats socket ipv4@127.0.0.1:{} level admin
",
            socket.display(),
            operator.display(),
            self.stats_port
        );
        if self.options.server_state_file {
            let _ = writeln!(text, "    server-state-file {}", self.state_file().display());
        }
        indented(&mut text, &self.options.extra_global);
        text += "
defaults
    mode tcp
    timeout connect 3s
    timeout client 1h
    timeout server 1h
    retries 3
    option redispatch
";
        if self.options.server_state_file {
            text += "    load-server-state-from-file global\n";
        }
        for (backend, port) in self.options.backends.iter().zip(&self.ports) {
            let _ = write!(
                text,
                "
frontend {backend}_in
    bind 127.0.0.1:{port}
    default_backend {backend}

backend {backend}
    balance leastconn
"
            );
            let check = match self.options.check {
                Check::Login => format!("    option mysql-check user {}\n", files::CHECK),
                Check::Http => "    option httpchk GET /\n    http-check expect status 200\n".into(),
                Check::Tcp => String::new(),
            };
            text += &check;
            indented(&mut text, &self.options.extra_backend);
            let down = if self.options.shutdown_sessions_when_down { " on-marked-down shutdown-sessions" } else { "" };
            // A node's return waits for the first check of it.
            let _ = writeln!(text, "    default-server inter 200ms fall 2 rise 1{down}");
            for node in nodes {
                let at = match self.options.check {
                    Check::Http => format!(" port {}", node.check_port()),
                    _ => String::new(),
                };
                let _ = writeln!(text, "    server {} {} check{at}", node.name(), node.address());
            }
        }
        text
    }
}

fn indented(text: &mut String, lines: &str) {
    for line in lines.lines() {
        let _ = writeln!(text, "    {line}");
    }
}
