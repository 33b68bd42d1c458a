//! Who may change the cluster: one row in the cluster itself, taken by a replicated transaction.
//!
//! Two rivals on two nodes both update the row; certification lets one commit and answers the other with error 1213.
//! Each taking raises the `token`, and every write of a holder names its token, so that a holder that was frozen and
//! wakes up again writes nothing. Whether a holder lives is seen by its `beat`, which only ever has to *move* while
//! somebody watches: no two clocks are compared.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ClusterError, Session};

/// How often a holder moves its beat.
pub const BEAT: Duration = Duration::from_secs(2);
/// A holder whose beat has not moved for this long, by the watch of whoever looks, is dead.
pub const DEAD_AFTER: Duration = Duration::from_secs(10);

/// The process that holds the lease.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The user of the operating system.
    pub user: String,
    /// The host.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// The boot and the process name space in which the number means something, and when the process started.
    pub place: String,
    /// Drawn for one taking, so that nobody, not even another taking of the same process, is taken for this one.
    #[serde(default)]
    pub taking: String,
}

impl Holder {
    /// This process, for one taking.
    pub fn this() -> Self {
        let pid = std::process::id();
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
        let user = nix::unistd::User::from_uid(nix::unistd::getuid())
            .ok()
            .flatten()
            .map_or_else(|| "?".to_owned(), |user| user.name);
        // The hasher's keys come from the system's source of randomness, and differ from one to the next.
        let taking = format!("{:016x}", RandomState::new().build_hasher().finish());
        Self { user, host, pid, place: place_of(pid).unwrap_or_default(), taking }
    }

    /// Whether it is certain that the process is no more: it belongs to this boot and this name space, and is gone.
    pub fn is_gone(&self) -> bool {
        let Some(here) = surroundings() else { return false };
        let Some(started) = self.place.strip_prefix(&here).and_then(|rest| rest.strip_prefix(' ')) else {
            return false;
        };
        start_of(self.pid).is_none_or(|now| now != started)
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{} (process {})", self.user, self.host, self.pid)
    }
}

fn place_of(pid: u32) -> Option<String> {
    Some(format!("{} {}", surroundings()?, start_of(pid)?))
}

fn surroundings() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), space.display()))
}

/// When a process started, in ticks since the boot; `None` when there is no such process or it is a zombie.
fn start_of(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command's name stands in parentheses and may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if state == "Z" {
        return None;
    }
    fields.nth(18).map(str::to_owned)
}

/// The lease as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRow {
    /// Raised by every taking.
    pub token: u64,
    /// Moved by the holder.
    pub beat: u64,
    /// The run that holds it; `None` when it is free.
    pub run: Option<String>,
    /// The process that holds it.
    pub holder: Option<Holder>,
}

impl LeaseRow {
    /// Reads it.
    ///
    /// # Errors
    /// When the session fails, or the row is not there.
    pub async fn read(session: &mut Session, database: &str) -> Result<Self, ClusterError> {
        let sql = format!("SELECT token, beat, run, holder FROM {database}.lease WHERE name = 'cluster'");
        let rows = session.query(&sql).await?;
        let Some(row) = rows.first() else {
            return Err(ClusterError::Unsupported(format!(
                "The table {database}.lease has lost its row; INSERT INTO {database}.lease (name, token, beat) VALUES \
                 ('cluster', 0, 0) brings it back."
            )));
        };
        let holder: Option<String> = row.get("holder")?;
        Ok(Self {
            token: row.get("token")?,
            beat: row.get("beat")?,
            run: row.get("run")?,
            holder: holder.and_then(|text| serde_json::from_str(&text).ok()),
        })
    }

    /// Whether the process is known to be gone without waiting for its beat.
    pub fn is_gone(&self) -> bool {
        self.holder.as_ref().is_some_and(Holder::is_gone)
    }

    /// Who holds it, in words.
    pub fn who(&self) -> String {
        self.holder.as_ref().map_or_else(|| "an unknown process".to_owned(), ToString::to_string)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_taking_has_a_holder_of_its_own() {
        let (one, two) = (Holder::this(), Holder::this());
        assert_ne!(one, two);
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Holder>(&text).unwrap(), one);
        // As an older version of this program wrote it.
        let old = r#"{"user": "u", "host": "h", "pid": 1, "place": "p"}"#;
        assert_eq!(serde_json::from_str::<Holder>(old).unwrap().taking, "");
    }

    #[test]
    fn a_live_process_is_not_gone_and_a_dead_one_is() {
        let this = Holder::this();
        assert!(!this.is_gone());
        assert!(!Holder { host: "elsewhere".into(), place: "another boot 17".into(), ..this.clone() }.is_gone());
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let dead =
            Holder { pid: child.id(), place: place_of(child.id()).unwrap_or_else(|| this.place.clone()), ..this };
        child.wait().unwrap();
        assert!(dead.is_gone());
    }
}
