//! A whole sandbox: brought up, opened again, taken down.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mysql_async::Opts;
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use super::error::{Doing, Error, Result};
use super::haproxy::{Haproxy, HaproxyOptions};
use super::node::{Membership, Node, NodePorts, login};
use super::place::Place;
use super::process::{self, Process, RunAs};
use super::server::Server;
use super::{files, ports};

/// The longest path that a unix socket may have, less the longest name that a sandbox puts below its folder.
const LONGEST_DIR: usize = 107 - "/haproxy10/operator.sock.12345.tmp".len();

/// What a sandbox should look like.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many nodes, 1 to 9.
    pub nodes: u8,
    /// Where the server programs are unpacked; `None` for the system's own.
    pub server_dir: Option<PathBuf>,
    /// InnoDB's buffer pool of each node in MiB.
    pub buffer_pool_mb: u32,
    /// Lines for the `[mariadbd]` section of every node.
    pub extra_my_cnf: String,
    /// One entry for each HAProxy.
    pub haproxies: Vec<HaproxyOptions>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            nodes: 3,
            server_dir: None,
            buffer_pool_mb: 128,
            extra_my_cnf: String::new(),
            haproxies: vec![HaproxyOptions::default()],
        }
    }
}

/// What happens while a sandbox comes up, for those who like to watch.
#[derive(Clone, Debug)]
pub enum UpEvent {
    /// The first data folder is being made.
    MakingData,
    /// The first node starts the cluster.
    Bootstrapping,
    /// The other nodes join.
    Joining,
    /// HAProxy starts and checks the nodes.
    StartingHaproxy,
}

/// A sandbox on this machine.
#[derive(Clone, Debug)]
pub struct Sandbox {
    record: Record,
    dir: PathBuf,
    nodes: Vec<Node>,
    haproxies: Vec<Haproxy>,
}

/// What `sandbox.json` holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    name: String,
    id: String,
    nodes: Vec<String>,
    haproxies: Vec<String>,
    /// Whether the folder was made for the sandbox, and goes with it.
    made_dir: bool,
}

/// Takes a half-built sandbox down again when `up` fails or its future is dropped.
struct HalfBuilt<'a> {
    dir: &'a Path,
    id: &'a str,
    made_dir: bool,
    done: bool,
}

impl Drop for HalfBuilt<'_> {
    fn drop(&mut self) {
        if !self.done {
            let _ = remove(self.dir, self.id, self.made_dir, &[]);
        }
    }
}

impl Sandbox {
    /// Brings a sandbox up: all nodes Synced, each HAProxy seeing all of them UP. When this fails, or its future is
    /// dropped before it is ready, nothing is left behind.
    ///
    /// # Errors
    /// Programs are missing, the folder is in use, or a server does not start; its log's last lines are in the error.
    pub async fn up(
        place: &Place,
        options: &Options,
        mut watch: impl FnMut(UpEvent),
    ) -> std::result::Result<Self, Error> {
        if !(1..=9).contains(&options.nodes) {
            return Err(Error::Usage("A sandbox has one to nine nodes.".into()));
        }
        let (server, _) = Server::find(options.server_dir.as_deref())?;
        let run_as = RunAs::choose()?;
        let made_dir = claim(&place.dir)?;
        let id = files::random_hex(8)?;
        let mut half = HalfBuilt { dir: &place.dir, id: &id, made_dir, done: false };

        let (nodes, haproxies) = lay_out(place, options, &id, &run_as)?;
        let record = Record {
            name: place.name.clone(),
            id: id.clone(),
            nodes: nodes.iter().map(|node| node.name.clone()).collect(),
            haproxies: haproxies.iter().map(|haproxy| haproxy.name.clone()).collect(),
            made_dir,
        };
        let sandbox = Self { record, dir: place.dir.clone(), nodes, haproxies };
        sandbox.write_files()?;

        watch(UpEvent::MakingData);
        sandbox.make_data(&server, &run_as).await?;
        watch(UpEvent::Bootstrapping);
        sandbox.nodes[0].bootstrap().await?;
        watch(UpEvent::Joining);
        for node in &sandbox.nodes[1..] {
            node.spawn(false)?;
        }
        for node in &sandbox.nodes[1..] {
            node.wait_synced(Duration::from_secs(90)).await?;
        }
        watch(UpEvent::StartingHaproxy);
        for haproxy in &sandbox.haproxies {
            haproxy.start().await?;
        }
        for haproxy in &sandbox.haproxies {
            // Checks by HTTP only pass once somebody runs the agent.
            if haproxy.options.check != super::Check::Http {
                haproxy.wait_up(&sandbox.nodes, Duration::from_secs(10)).await?;
            }
        }
        half.done = true;
        Ok(sandbox)
    }

    /// Opens a sandbox that was brought up before, by whatever process.
    ///
    /// # Errors
    /// There is none, or its files cannot be read.
    pub fn open(dir: &Path) -> std::result::Result<Self, Error> {
        let file = dir.join("sandbox.json");
        if !file.exists() {
            return Err(Error::Absent(dir.into()));
        }
        let record: Record = serde_json::from_str(&files::read(&file)?)
            .map_err(std::io::Error::from)
            .doing(|| format!("Cannot read {}", file.display()))?;
        let nodes = record.nodes.iter().map(|name| Node::read(&dir.join(name))).collect::<Result<_>>()?;
        let haproxies = record.haproxies.iter().map(|name| Haproxy::read(&dir.join(name))).collect::<Result<_>>()?;
        Ok(Self { record, dir: dir.into(), nodes, haproxies })
    }

    /// Ends every process of the sandbox at once and removes everything about it. Works as well on one that is
    /// half-built or half-gone.
    ///
    /// # Errors
    /// There is no sandbox in `dir`, or a process or file of it cannot be removed.
    pub fn down(dir: &Path) -> std::result::Result<(), Error> {
        // Read bit by bit: whatever is left of it must be enough.
        let record =
            files::read(&dir.join("sandbox.json")).ok().and_then(|text| serde_json::from_str::<Record>(&text).ok());
        let reserved = ports::all().into_iter().find(|(_, reservation)| reservation.dir == dir);
        let Some(id) = record.as_ref().map(|record| record.id.clone()).or(reserved.map(|(id, _)| id)) else {
            return Err(Error::Absent(dir.into()));
        };
        let processes: Vec<Process> = std::fs::read_dir(dir)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| Process::recorded(&entry.path().join("process.json")))
            .collect();
        remove(dir, &id, record.is_none_or(|record| record.made_dir), &processes)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.record.name
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its nodes in order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node of that name.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// The node of that name, to be changed ([`Node::set_server_dir`]).
    pub fn node_mut(&mut self, name: &str) -> Option<&mut Node> {
        self.nodes.iter_mut().find(|node| node.name == name)
    }

    /// Its HAProxies; a sandbox may have none.
    pub fn haproxies(&self) -> &[Haproxy] {
        &self.haproxies
    }

    /// Its first HAProxy.
    pub fn haproxy(&self) -> Option<&Haproxy> {
        self.haproxies.first()
    }

    /// The configuration that the other commands take.
    pub fn schema_toml(&self) -> PathBuf {
        self.dir.join("schema.toml")
    }

    /// The option file of the application's account, leading through HAProxy.
    pub fn app_cnf(&self) -> PathBuf {
        self.dir.join("app.cnf")
    }

    /// The file with the password of the account `schema`, which may do everything.
    pub fn password_file(&self) -> PathBuf {
        self.dir.join("password")
    }

    /// How an application logs in: through the first HAProxy as `app`, or to the first node when there is none.
    ///
    /// # Errors
    /// The password cannot be read.
    pub fn app_opts(&self) -> std::result::Result<Opts, Error> {
        let password = files::read(&self.dir.join("app_password"))?;
        Ok(login(files::APP, password.trim(), self.app_port()))
    }

    /// Starts the first node of a cluster that has stopped altogether, and waits until it is Synced.
    ///
    /// # Errors
    /// A node lives (a second cluster would form), or the node does not come up.
    pub async fn bootstrap(&self, name: &str) -> std::result::Result<(), Error> {
        if let Some(living) = self.nodes.iter().find(|node| node.is_running()) {
            return Err(Error::Occupied(format!(
                "{} runs: starting {name} as the first node would split the cluster.",
                living.name()
            )));
        }
        let node = self.node(name).ok_or_else(|| Error::Usage(format!("The sandbox has no node {name}.")))?;
        // The mark forbids to start a cluster from a node that did not stop last; a sandbox's data may be lost.
        let grastate = node.data_dir().join("grastate.dat");
        let text = files::read(&grastate)?.replace("safe_to_bootstrap: 0", "safe_to_bootstrap: 1");
        files::write(&grastate, &text)?;
        node.bootstrap().await
    }

    fn app_port(&self) -> u16 {
        self.haproxy().map_or_else(|| self.nodes[0].port(), Haproxy::port)
    }

    fn write_files(&self) -> Result<()> {
        let run_as = &self.nodes[0].cluster.run_as;
        let password = files::random_hex(16)?;
        let app_password = files::random_hex(16)?;
        files::write_secret(&self.password_file(), &format!("{password}\n"))?;
        files::write_secret(&self.dir.join("app_password"), &format!("{app_password}\n"))?;
        files::write_secret(&self.app_cnf(), &files::client_cnf(files::APP, &app_password, self.app_port()))?;
        for node in &self.nodes {
            // The client's folder stays with the user who started the sandbox; the rest is the servers'.
            for dir in [&node.dir, &node.client_home(), &node.data_dir(), &node.tmp_dir()] {
                files::make_dir(dir)?;
            }
            for dir in [&node.dir, &node.data_dir(), &node.tmp_dir()] {
                run_as.own(dir)?;
            }
            node.write_files()?;
            let client = files::client_cnf(files::ADMIN, &password, node.port());
            files::write_secret(&node.client_home().join("my.cnf"), &client)?;
        }
        for haproxy in &self.haproxies {
            files::make_dir(&haproxy.dir)?;
            run_as.own(&haproxy.dir)?;
            haproxy.write_files(&self.nodes)?;
        }
        files::write(&self.schema_toml(), &self.schema_toml_text())?;
        let json = serde_json::to_string_pretty(&self.record).map_err(std::io::Error::from);
        files::write(&self.dir.join("sandbox.json"), &json.doing(|| "Cannot write the sandbox's record".into())?)
    }

    /// Makes the data of all nodes: node 1 is initialised, becomes a cluster of one for a moment so that its data
    /// carry the cluster's id and a position, and is copied. The others then join by incremental state transfer.
    async fn make_data(&self, server: &Server, run_as: &RunAs) -> Result<()> {
        let first = &self.nodes[0];
        let password = files::read(&self.password_file())?;
        let app_password = files::read(&self.dir.join("app_password"))?;
        let accounts = files::accounts(password.trim(), app_password.trim());
        server.initialise(first, &accounts)?;
        if self.nodes.len() == 1 {
            return Ok(());
        }
        first.bootstrap().await?;
        first.stop().await?;
        let cache = first.data_dir().join("galera.cache");
        std::fs::remove_file(&cache).doing(|| format!("Cannot remove {}", cache.display()))?;
        for node in &self.nodes[1..] {
            copy_folder(&first.data_dir(), &node.data_dir(), run_as)?;
        }
        Ok(())
    }

    fn schema_toml_text(&self) -> String {
        let nodes: Vec<String> = self
            .nodes
            .iter()
            .map(|node| format!("    {{ name = \"{}\", address = \"{}\" }},\n", node.name, node.address()))
            .collect();
        let mut text = format!(
            "# Written by `schema sandbox up`; gone after `schema sandbox down`.
[cluster]
nodes = [
{}]
user = \"{}\"
password_file = {}
tls = \"disabled\"
",
            nodes.concat(),
            files::ADMIN,
            quoted(&self.password_file()),
        );
        for haproxy in &self.haproxies {
            let backends: Vec<String> = haproxy.backends().iter().map(|name| format!("\"{name}\"")).collect();
            let backend = if backends.len() == 1 { backends.concat() } else { format!("[{}]", backends.join(", ")) };
            text += &format!(
                "\n[[balancer]]\nkind = \"haproxy\"\naddress = {}\nbackend = {backend}\n",
                quoted(Path::new(&format!("unix:{}", haproxy.socket().display())))
            );
        }
        let serving = (self.nodes.len() - 1).clamp(1, 2);
        text += &format!(
            "
[policy]
drain_timeout = \"30s\"
settle = \"2s\"      # a sandbox's clients are back within a second or two
min_serving = {serving}
"
        );
        text
    }
}

/// A TOML string.
fn quoted(path: &Path) -> String {
    toml::Value::String(path.display().to_string()).to_string()
}

/// Makes the sandbox's folder, or takes an empty one. Returns whether it was made.
fn claim(dir: &Path) -> Result<bool> {
    if dir.as_os_str().len() > LONGEST_DIR {
        return Err(Error::Usage(format!(
            "The path {} is too long for the unix sockets in it: at most {LONGEST_DIR} bytes. Choose another --dir.",
            dir.display()
        )));
    }
    if dir.join("sandbox.json").exists() {
        return Err(Error::Occupied(format!("There is a sandbox in {} already.", dir.display())));
    }
    if dir.exists() && std::fs::read_dir(dir).doing(|| format!("Cannot read {}", dir.display()))?.next().is_some() {
        return Err(Error::Occupied(format!("{} is not empty and no sandbox.", dir.display())));
    }
    if let Some(parent) = dir.parent() {
        files::make_dir(parent)?;
    }
    // `create_dir` fails for the slower one of two that start at the same moment.
    let made = match std::fs::create_dir(dir) {
        Ok(()) => true,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && !dir.join("sandbox.json").exists() => false,
        Err(source) => return Err(Error::Io { doing: format!("Cannot make the folder {}", dir.display()), source }),
    };
    // The servers' user must be able to walk through, whatever the umask says.
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o755))
        .doing(|| format!("Cannot set the mode of {}", dir.display()))?;
    Ok(made)
}

/// Decides on ports and folders.
fn lay_out(place: &Place, options: &Options, id: &str, run_as: &RunAs) -> Result<(Vec<Node>, Vec<Haproxy>)> {
    const PER_NODE: usize = 5;
    let node_ports = usize::from(options.nodes) * PER_NODE;
    let haproxy_ports: usize = options.haproxies.iter().map(|haproxy| haproxy.backends.len() + 1).sum();
    let all = ports::reserve(id, &place.dir, node_ports + haproxy_ports)?;
    let (for_nodes, mut for_haproxies) = all.split_at(node_ports);
    let for_nodes: Vec<NodePorts> = for_nodes
        .chunks_exact(PER_NODE)
        .map(|p| NodePorts { sql: p[0], group: p[1], ist: p[2], sst: p[3], check: p[4] })
        .collect();
    let cluster = Membership {
        id: id.into(),
        name: place.name.clone(),
        peers: for_nodes.iter().map(|ports| ports.group).collect(),
        run_as: run_as.clone(),
        buffer_pool_mb: options.buffer_pool_mb,
        extra_my_cnf: options.extra_my_cnf.clone(),
        password_file: place.dir.join("password"),
    };
    let nodes = for_nodes
        .into_iter()
        .enumerate()
        .map(|(index, ports)| {
            let name = format!("n{}", index + 1);
            let dir = place.dir.join(&name);
            Node { name, dir, ports, server_dir: options.server_dir.clone(), cluster: cluster.clone() }
        })
        .collect();
    let mut haproxies = Vec::new();
    for (index, haproxy) in options.haproxies.iter().enumerate() {
        let (mine, rest) = for_haproxies.split_at(haproxy.backends.len() + 1);
        for_haproxies = rest;
        let name = if index == 0 { "haproxy".to_owned() } else { format!("haproxy{}", index + 1) };
        haproxies.push(Haproxy {
            dir: place.dir.join(&name),
            name,
            options: haproxy.clone(),
            ports: mine[1..].to_vec(),
            stats_port: mine[0],
            cluster: cluster.clone(),
        });
    }
    Ok((nodes, haproxies))
}

/// Copies a folder of a stopped server.
fn copy_folder(from: &Path, to: &Path, run_as: &RunAs) -> Result<()> {
    files::make_dir(to)?;
    run_as.own(to)?;
    for entry in std::fs::read_dir(from).doing(|| format!("Cannot read {}", from.display()))? {
        let entry = entry.doing(|| format!("Cannot read {}", from.display()))?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target, run_as)?;
        } else {
            std::fs::copy(entry.path(), &target).doing(|| format!("Cannot write {}", target.display()))?;
            run_as.own(&target)?;
        }
    }
    Ok(())
}

/// Ends the processes, then removes the files, then gives the ports back: in this order each step can be repeated.
fn remove(dir: &Path, id: &str, made_dir: bool, known: &[Process]) -> Result<()> {
    for process in known {
        let _ = process.signal(Signal::SIGKILL);
    }
    let left = process::end_all(id, known);
    if !left.is_empty() {
        return Err(Error::Usage(format!(
            "The processes {left:?} of the sandbox did not end; they may belong to another user."
        )));
    }
    let doing = || format!("Cannot remove {}", dir.display());
    let gone = |result: std::io::Result<()>| match result {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    };
    if made_dir {
        gone(std::fs::remove_dir_all(dir)).doing(doing)?;
    } else {
        for entry in std::fs::read_dir(dir).doing(doing)?.flatten() {
            let path = entry.path();
            gone(if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) })
                .doing(doing)?;
        }
    }
    // The folder that holds all sandboxes of this user goes with the last one.
    if dir.parent() == Some(&super::default_base()) {
        let _ = std::fs::remove_dir(super::default_base());
    }
    ports::release(id);
    Ok(())
}
