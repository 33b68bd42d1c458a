//! The server programs: where they are, and how the first data folder is made.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::error::{Doing, Error, Result, log_tail};
use super::node::Node;
use super::process;

/// The Debian and Ubuntu packages that a sandbox needs.
pub const DEBIAN_PACKAGES: [&str; 4] = ["mariadb-server", "galera-4", "rsync", "haproxy"];

/// Where programs of the system are, for programs that call others (the state transfer scripts do).
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The files of one MariaDB server with its Galera provider.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) mariadbd: PathBuf,
    pub(super) basedir: PathBuf,
    pub(super) share: PathBuf,
    pub(super) plugins: Option<PathBuf>,
    pub(super) galera: PathBuf,
    /// `PATH` for the server's processes: its own scripts before the system's.
    pub(super) path: String,
}

/// The packages of [`DEBIAN_PACKAGES`] whose programs are not there, for servers in `prefix` (the system's when
/// `None`).
pub fn missing_packages(prefix: Option<&Path>) -> Vec<&'static str> {
    match look(prefix) {
        Err(Error::Missing { packages, .. }) => packages,
        _ => Vec::new(),
    }
}

/// Looks for everything that a sandbox runs.
fn look(prefix: Option<&Path>) -> Result<(Server, PathBuf)> {
    let (mut what, mut packages) = (Vec::new(), Vec::new());
    let mut note = |name: &str, package| {
        what.push(format!("`{name}`"));
        if !packages.contains(&package) {
            packages.push(package);
        }
    };
    let root = prefix.unwrap_or(Path::new("/"));
    let in_root = |names: &[&str]| names.iter().map(|name| root.join(name)).find(|path| path.exists());
    let mariadbd =
        in_root(&["usr/sbin/mariadbd", "usr/bin/mariadbd", "usr/libexec/mariadbd", "sbin/mariadbd", "bin/mariadbd"]);
    let share = in_root(&["usr/share/mysql", "usr/share/mariadb", "share/mysql", "share"])
        .filter(|share| system_tables(share).is_some());
    let galera = in_root(&[
        "usr/lib/galera/libgalera_smm.so",
        "usr/lib/libgalera_smm.so",
        "usr/lib64/galera-4/libgalera_smm.so",
        "usr/lib64/galera/libgalera_smm.so",
        "lib/galera/libgalera_smm.so",
        "lib/libgalera_smm.so",
    ]);
    let plugins =
        in_root(&["usr/lib/mysql/plugin", "usr/lib64/mariadb/plugin", "usr/lib64/mysql/plugin", "lib/plugin"]);
    let transfer = in_root(&["usr/bin/wsrep_sst_rsync", "bin/wsrep_sst_rsync"]).or_else(|| system("wsrep_sst_rsync"));
    if mariadbd.is_none() {
        note("mariadbd", "mariadb-server");
    }
    if share.is_none() {
        note("mysql_system_tables.sql", "mariadb-server");
    }
    if transfer.is_none() {
        note("wsrep_sst_rsync", "mariadb-server");
    }
    if galera.is_none() {
        note("libgalera_smm.so", "galera-4");
    }
    if system("rsync").is_none() {
        note("rsync", "rsync");
    }
    let haproxy = system("haproxy");
    if haproxy.is_none() {
        note("haproxy", "haproxy");
    }
    let (Some(mariadbd), Some(share), Some(galera), Some(haproxy)) = (mariadbd, share, galera, haproxy) else {
        return Err(Error::Missing { what, packages });
    };
    if !what.is_empty() {
        return Err(Error::Missing { what, packages });
    }
    let own = [root.join("usr/sbin"), root.join("usr/bin"), root.join("bin")].map(|dir| dir.display().to_string());
    let path = if prefix.is_some() { format!("{}:{SYSTEM_PATH}", own.join(":")) } else { SYSTEM_PATH.into() };
    let basedir = mariadbd.parent().and_then(Path::parent).unwrap_or(root).into();
    Ok((Server { mariadbd, basedir, share, plugins, galera, path }, haproxy))
}

fn system(name: &str) -> Option<PathBuf> {
    SYSTEM_PATH.split(':').map(|dir| Path::new(dir).join(name)).find(|path| path.is_file())
}

/// The scripts that make the system tables, in order. MariaDB 11 renamed them.
fn system_tables(share: &Path) -> Option<Vec<PathBuf>> {
    let set = |brand: &str| -> Option<Vec<PathBuf>> {
        ["system_tables.sql", "performance_tables.sql", "system_tables_data.sql"]
            .iter()
            .map(|name| share.join(format!("{brand}_{name}")))
            .map(|path| path.is_file().then_some(path))
            .collect()
    };
    let mut scripts = set("mysql").or_else(|| set("mariadb"))?;
    // Geometry functions and the sys schema: real servers have them, so a schema comparison should see them.
    let more = ["maria_add_gis_sp_bootstrap.sql", "mysql_sys_schema.sql", "mariadb_sys_schema.sql"];
    scripts.extend(more.iter().map(|name| share.join(name)).filter(|path| path.is_file()));
    Some(scripts)
}

impl Server {
    /// Finds the server and HAProxy. `prefix` is a folder where Debian packages were unpacked, such as another minor
    /// version's; `None` is the system's own.
    pub(super) fn find(prefix: Option<&Path>) -> Result<(Self, PathBuf)> {
        if let Some(prefix) = prefix.filter(|prefix| !prefix.is_dir()) {
            return Err(Error::Usage(format!("The server folder {} does not exist.", prefix.display())));
        }
        look(prefix)
    }

    /// The lines of a `[mariadbd]` section that lead the server to its own files.
    pub(super) fn my_cnf_paths(&self) -> String {
        let mut lines = format!(
            "basedir = {}\nlc_messages_dir = {}\ncharacter_sets_dir = {}\n",
            self.basedir.display(),
            self.share.display(),
            self.share.join("charsets").display()
        );
        if let Some(plugins) = &self.plugins {
            lines += &format!("plugin_dir = {}\n", plugins.display());
        }
        lines
    }

    /// Fills a node's empty data folder with the system tables and runs `sql` there (one statement a line), as
    /// mariadb-install-db does, but without looking at the machine's name or option files.
    pub(super) fn initialise(&self, node: &Node, sql: &str) -> Result<()> {
        let log = node.dir.join("initialise.log");
        let mut script = b"create database if not exists mysql;\nuse mysql;\nset @auth_root_socket=NULL;\n".to_vec();
        for file in system_tables(&self.share).unwrap_or_default() {
            script.extend(std::fs::read(&file).doing(|| format!("Cannot read {}", file.display()))?);
            script.push(b'\n');
        }
        script.extend(b"use mysql;\nflush privileges;\n");
        script.extend(sql.as_bytes());

        let output = std::fs::File::create(&log).doing(|| format!("Cannot write {}", log.display()))?;
        let errors = output.try_clone().doing(|| format!("Cannot write {}", log.display()))?;
        let mut command = process::command(&self.mariadbd, &self.path);
        let option = |name: &str, path: &Path| format!("--{name}={}", path.display());
        command
            .arg("--no-defaults")
            .arg("--bootstrap")
            .arg(option("basedir", &self.basedir))
            .arg(option("datadir", &node.data_dir()))
            .arg(option("tmpdir", &node.tmp_dir()))
            .arg(option("lc-messages-dir", &self.share))
            .arg(option("character-sets-dir", &self.share.join("charsets")))
            .args([
                "--log-warnings=0",
                "--enforce-storage-engine=",
                "--max-allowed-packet=8M",
                "--net-buffer-length=16K",
            ])
            .args(["--innodb-log-file-size=64M", "--innodb-buffer-pool-size=32M"])
            .args(["--innodb-doublewrite=0", "--innodb-flush-log-at-trx-commit=0", "--skip-networking"])
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors);
        let mut child = process::spawn_child(command, &node.cluster.id, &node.cluster.run_as)?;
        // A server that ends early closes the pipe; what it says in its log is then the better message.
        let fed = child.stdin.take().is_some_and(|mut stdin| stdin.write_all(&script).is_ok());
        let status = child.wait().doing(|| format!("Cannot wait for {}", self.mariadbd.display()))?;
        if fed && status.success() {
            return self.note_version(node);
        }
        Err(Error::Process {
            who: "mariadbd --bootstrap".into(),
            what: format!("ended with {status}."),
            said: log_tail(&log),
        })
    }

    /// Writes down which version made the data, as mariadb-install-db does. Without it mariadb-upgrade takes the data
    /// for much older and works for many seconds.
    fn note_version(&self, node: &Node) -> Result<()> {
        let mut command = process::command(&self.mariadbd, &self.path);
        let output = command.args(["--no-defaults", "--version"]).output();
        let output = output.doing(|| format!("Cannot start {}", self.mariadbd.display()))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = text.split("Ver ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
        let file = node.data_dir().join("mysql_upgrade_info");
        super::files::write(&file, version)?;
        node.cluster.run_as.own(&file)
    }
}
