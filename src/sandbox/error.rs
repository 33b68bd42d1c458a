//! What can go wrong with a sandbox.

use std::path::{Path, PathBuf};

/// Why a sandbox operation did not reach its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was asked for makes no sense, such as zero nodes or an impossible name.
    #[error("{0}")]
    Usage(String),
    /// Programs that a sandbox is made of are not installed.
    #[error("This machine lacks {}.", .what.join(", "))]
    Missing {
        /// The programs that were looked for and not found.
        what: Vec<String>,
        /// The Debian packages that hold them.
        packages: Vec<&'static str>,
    },
    /// There is a sandbox (or something else) where a new one should go.
    #[error("{0}")]
    Occupied(String),
    /// There is no sandbox at this place.
    #[error("There is no sandbox in {}.", .0.display())]
    Absent(PathBuf),
    /// A server or HAProxy did not do what it should have done in time.
    #[error("{who} {what}{said}")]
    Process {
        /// The node or balancer, such as `n2` or `haproxy`.
        who: String,
        /// What it failed to do, ending with a full stop.
        what: String,
        /// The last lines of its log, which say why. Read at once: a sandbox that does not come up goes, logs and all.
        said: String,
    },
    /// A node's SQL port gave an error.
    #[error("{node}: {source}")]
    Sql {
        /// The node's name.
        node: String,
        /// What the server or the connection said.
        source: mysql_async::Error,
    },
    /// The operating system refused something.
    #[error("{doing}: {source}")]
    Io {
        /// What was tried, as the start of a sentence.
        doing: String,
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// A result of this room.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Says what was being done when the operating system refused it.
pub(crate) trait Doing<T> {
    /// `doing` is the start of a sentence, such as `Cannot write /tmp/x`.
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Doing<T> for std::io::Result<T> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| Error::Io { doing: doing(), source })
    }
}

impl<T> Doing<T> for std::result::Result<T, nix::errno::Errno> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|errno| Error::Io { doing: doing(), source: errno.into() })
    }
}

/// For [`Error::Process`]: the last lines of a log that tell of an error, or its last lines at all.
pub(super) fn log_tail(log: &Path) -> String {
    let Ok(text) = std::fs::read(log) else { return String::new() };
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let errors: Vec<&str> = lines.iter().copied().filter(|l| l.contains("[ERROR]") || l.contains("[ALERT]")).collect();
    let chosen = if errors.is_empty() { &lines } else { &errors };
    let tail = chosen.iter().rev().take(4).rev().map(|line| format!("\n    {line}")).collect::<String>();
    if tail.is_empty() { String::new() } else { format!("\n  {} ends with:{tail}", log.display()) }
}
