//! A throwaway server of one version: a unix socket, small buffers, nothing synced to disk.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};

/// A running server. It is killed and its folder removed when this is dropped.
pub(crate) struct Server {
    child: Child,
    folder: tempfile::TempDir,
    /// What `SELECT VERSION()` prints.
    pub(crate) version: String,
}

impl Server {
    /// Starts the server whose programs lie under `prefix`, or the system's with `None`. `Err` says why there is none.
    pub(crate) async fn start(prefix: Option<&Path>) -> Result<Self, String> {
        let root = prefix.map_or_else(|| PathBuf::from("/"), Path::to_owned);
        let mariadbd = root.join("usr/sbin/mariadbd");
        if !mariadbd.exists() {
            return Err(format!("{} does not exist", mariadbd.display()));
        }
        // Memory, where there is a file system in memory: the servers' data is worth nothing.
        let parent = if Path::new("/dev/shm").is_dir() { PathBuf::from("/dev/shm") } else { std::env::temp_dir() };
        let folder = tempfile::Builder::new().prefix("schema-oracle-").tempdir_in(parent).map_err(|e| e.to_string())?;
        let data = folder.path().join("data");
        let basedir = format!("--basedir={}", root.join("usr").display());
        let datadir = format!("--datadir={}", data.display());
        let as_root = nix::unistd::Uid::effective().is_root();
        let install = Command::new(root.join("usr/bin/mariadb-install-db"))
            .args(["--no-defaults", &basedir, &datadir, "--auth-root-authentication-method=normal", "--force"])
            .args(["--skip-test-db", "--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve"])
            .stdin(Stdio::null())
            .output()
            .map_err(|e| format!("mariadb-install-db: {e}"))?;
        if !data.join("mysql").is_dir() {
            return Err(format!("mariadb-install-db: {}", String::from_utf8_lossy(&install.stderr)));
        }
        if as_root {
            let status = Command::new("chown").args(["-R", "mysql"]).arg(folder.path()).status();
            if !status.is_ok_and(|status| status.success()) {
                return Err("cannot give the data to the user mysql".into());
            }
        }
        // Keys for ENCRYPTED=YES. What they guard is worth nothing.
        let keys = folder.path().join("keys");
        std::fs::write(&keys, format!("1;{}\n2;{}\n", "ab".repeat(32), "cd".repeat(32))).map_err(|e| e.to_string())?;
        let log = std::fs::File::create(folder.path().join("server.log")).map_err(|e| e.to_string())?;
        let socket = folder.path().join("s");
        let mut command = Command::new(&mariadbd);
        command
            .args(["--no-defaults", &basedir, &datadir, "--skip-networking", "--skip-log-bin", "--skip-grant-tables"])
            .arg(format!("--socket={}", socket.display()))
            .arg(format!("--pid-file={}", folder.path().join("pid").display()))
            .arg(format!("--plugin-dir={}", root.join("usr/lib/mysql/plugin").display()))
            .args(["--plugin-load-add=file_key_management", "--plugin-load-add=ha_archive"])
            .arg("--plugin-load-add=ha_blackhole")
            .arg(format!("--file-key-management-filename={}", keys.display()))
            .arg(format!("--lc-messages-dir={}", root.join("usr/share/mysql").display()))
            .args([
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-flush-method=nosync",
                "--innodb-buffer-pool-size=128M",
            ])
            .args(["--innodb-log-file-size=64M", "--innodb-stats-auto-recalc=0", "--performance-schema=OFF"])
            .args(["--max-statement-time=20", "--lock-wait-timeout=5", "--innodb-lock-wait-timeout=2"])
            .args(["--key-buffer-size=1M", "--aria-pagecache-buffer-size=8M", "--event-scheduler=OFF"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        if as_root {
            command.arg("--user=mysql");
        }
        let mut child = command.spawn().map_err(|e| format!("{}: {e}", mariadbd.display()))?;
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            if let Ok(mut conn) = connect(&socket).await {
                let version = conn.query_first("SELECT VERSION()").await.ok().flatten().unwrap_or_default();
                return Ok(Self { child, folder, version });
            }
            let dead = child.try_wait().ok().flatten().is_some();
            if dead || Instant::now() > end {
                let _ = child.kill();
                let log = std::fs::read_to_string(folder.path().join("server.log")).unwrap_or_default();
                return Err(format!("the server does not come up: {log}"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A new session.
    pub(crate) async fn connect(&self) -> mysql_async::Result<Conn> {
        connect(&self.folder.path().join("s")).await
    }
}

async fn connect(socket: &Path) -> mysql_async::Result<Conn> {
    let options = OptsBuilder::default()
        .socket(Some(socket.display().to_string()))
        .user(Some("root"))
        .max_allowed_packet(Some(16 << 20))
        .wait_timeout(Some(28_800));
    Conn::new(options).await
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
