//! A server's error log, read from its last start on: what is wrong, and how the node joined.

use serde::{Deserialize, Serialize};

/// How bad a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth showing.
    Warning,
    /// The node must not go back into service before a person has looked.
    Stop,
}

/// A line that should not be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadLine {
    /// How bad it is.
    pub severity: Severity,
    /// The name of the kind of trouble.
    pub name: String,
    /// What it means.
    pub meaning: String,
    /// The line, cut at 400 characters.
    pub line: String,
}

/// How a node got the write sets that it had missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Join {
    /// It had missed nothing.
    NothingMissed,
    /// The missing write sets were replayed.
    Incremental {
        /// How many, when the log says it.
        write_sets: Option<u64>,
    },
    /// All data was copied from a donor.
    Full,
}

/// What an error log says about the last start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogReading {
    /// Whether a start was found at all.
    pub started: bool,
    /// The process that it named.
    pub process: Option<u32>,
    /// Whether the server came as far as to let clients in.
    pub ready: bool,
    /// The version that the starting server named.
    pub version: Option<String>,
    /// How the node joined; `None` while that is not known.
    pub join: Option<Join>,
    /// The last progress of a state transfer that was seen, in per cent.
    pub percent: Option<f64>,
    /// The last state that the node shifted to, such as `SYNCED`.
    pub state: Option<String>,
    /// Lines that should not be there, in order.
    pub bad: Vec<BadLine>,
}

/// Lines with a name. The first that matches wins.
#[rustfmt::skip]
const BAD: &[(&str, Severity, &str, &str)] = &[
    ("max supported by this node", Severity::Stop, "group-protocol", "the group speaks a protocol that this provider does not know: an older provider cannot come back"),
    ("Upgrade after a crash", Severity::Stop, "redo-after-crash", "the old server was not shut down cleanly; start it again with the old binaries, and stop it with innodb_fast_shutdown 0 or 1"),
    ("unknown variable '", Severity::Stop, "unknown-option", "the configuration holds an option that this version does not know"),
    ("unknown option '", Severity::Stop, "unknown-option", "the configuration holds an option that this version does not know"),
    ("Inconsistent by consensus", Severity::Stop, "inconsistent", "the cluster voted that this node's data differ"),
    ("Inconsistency detected", Severity::Stop, "inconsistent", "this node's data differ from the cluster's"),
    ("Leaving cluster", Severity::Stop, "left-cluster", "the node left the cluster because its data differ"),
    ("Failed to prepare for incremental state transfer", Severity::Warning, "no-incremental", "an incremental transfer was not possible; the node asks for a full one"),
    ("Application state transfer failed", Severity::Stop, "transfer-failed", "the state transfer failed"),
    ("SST failed", Severity::Stop, "transfer-failed", "the full state transfer failed"),
    ("Will never receive state", Severity::Stop, "transfer-failed", "no donor can give this node its data"),
    ("No space left on device", Severity::Stop, "disk-full", "a disk of this node is full"),
    ("is full (no space left", Severity::Stop, "disk-full", "a disk of this node is full"),
    ("Disk is full writing", Severity::Stop, "disk-full", "a disk of this node is full"),
    ("Failed to end RSU", Severity::Stop, "rsu-not-ended", "the server must be restarted"),
    ("RSU begin failed", Severity::Stop, "rsu-not-begun", "a statement ran outside of RSU on this node only"),
    ("RSU failed due to pending transactions", Severity::Stop, "rsu-not-begun", "a statement ran outside of RSU on this node only"),
    ("Ignoring error '", Severity::Stop, "ddl-ignored", "a schema change failed on this node and was ignored: its schema may differ"),
    ("apply failed", Severity::Stop, "apply-failed", "a write set could not be applied on this node"),
    ("BF lock wait long", Severity::Warning, "lock-wait", "an applier waits long for a lock"),
    ("is marked as crashed", Severity::Stop, "table-crashed", "a table is damaged"),
    ("Database page corruption", Severity::Stop, "corruption", "InnoDB found damaged pages"),
    ("got signal", Severity::Stop, "crash", "the server crashed"),
    ("Incorrect definition of table mysql.", Severity::Warning, "system-tables", "the system tables are of another version; mariadb-upgrade mends that"),
    ("Column count of mysql.", Severity::Warning, "system-tables", "the system tables are of another version; mariadb-upgrade mends that"),
];

/// Errors and warnings that come with every ordinary start.
const ORDINARY: &[&str] = &[
    "Could not increase number of max_open_files",
    "Changed limits",
    "Failed to load slave replication state from table mysql.gtid_slave_pos",
    "Could not open state file for reading",
    "access file(",
];

/// What a server says once it lets clients in.
const READY: &str = "ready for connections";

/// Reads a log from its last start on. The text may begin in the middle of a line.
pub fn read(text: &str) -> LogReading {
    let mut reading = LogReading::default();
    let mut local_state: Option<&str> = None;
    let mut missed = None;
    let mut received = None;
    let mut incremental: Option<Option<u64>> = None;
    for line in from_last_start(text) {
        if is_start(line) {
            reading.started = true;
            reading.version = after(line, "Starting MariaDB ").and_then(first_word).map(str::to_owned);
            reading.process = after(line, "as process ").and_then(first_word).and_then(|number| number.parse().ok());
        } else if line.contains(READY) {
            reading.ready = true;
        } else if let Some(rest) = after(line, "Local state: ") {
            local_state = Some(rest.trim());
        } else if line.contains("state transfer needed: ") {
            missed = Some(line.contains("needed: yes"));
        } else if let Some(rest) = after(line, "SST received: ") {
            received = first_word(rest);
        } else if let Some(rest) = after(line, "Receiving IST: ") {
            incremental = Some(first_word(rest).and_then(|number| number.parse().ok()));
        } else if let Some(rest) = after(line, "Receiving IST... ").or_else(|| after(line, "Receiving IST...")) {
            reading.percent = rest.split('%').next().and_then(|number| number.trim().parse().ok());
        } else if let Some(rest) = after(line, "WSREP: Shifting ") {
            let state = rest.split("->").nth(1).and_then(|rest| rest.split_whitespace().next());
            reading.state = state.map(str::to_owned);
        }
        if let Some(bad) = judge(line) {
            reading.bad.push(bad);
        }
    }
    // An incremental transfer goes through the state transfer script as well, which then hands back the position
    // that the node itself had reached. A full one brings another position.
    reading.join = match (received, local_state) {
        (Some(received), Some(local)) if position(received) != position(local) => Some(Join::Full),
        _ => match incremental {
            Some(write_sets) => Some(Join::Incremental { write_sets }),
            None if missed == Some(false) => Some(Join::NothingMissed),
            None => None,
        },
    };
    reading
}

/// Whether the server that started last has also been shut down to the end.
///
/// A server that is told to start silently logs nothing before it lets clients in, so that counts as a start too.
pub fn was_shut_down(text: &str) -> bool {
    let lines = || text.lines().rev();
    // InnoDB says "Shutdown completed; log sequence number ..." while the server still has things to do.
    let end = lines().position(|line| line.trim_end().ends_with("Shutdown complete"));
    let start = lines().position(|line| is_start(line) || line.contains(READY));
    end.is_some_and(|end| start.is_none_or(|start| end < start))
}

/// The uuid and number of `uuid:number`, without a trailing domain.
fn position(text: &str) -> &str {
    text.split([',', ' ']).next().unwrap_or(text)
}

fn after<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    line.find(mark).map(|at| &line[at + mark.len()..])
}

fn first_word(text: &str) -> Option<&str> {
    text.split_whitespace().next()
}

/// Whether a server says here that it starts. It has two wordings, and a service manager that announces the unit has a
/// third: "Starting MariaDB 10.11.19 database server..." is none of the server's.
fn is_start(line: &str) -> bool {
    line.contains("] Starting MariaDB ") || line.contains("starting as process ")
}

fn from_last_start(text: &str) -> impl Iterator<Item = &str> {
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.iter().rposition(|line| is_start(line)).unwrap_or(0);
    lines.into_iter().skip(first)
}

fn judge(line: &str) -> Option<BadLine> {
    if ORDINARY.iter().any(|ordinary| line.contains(ordinary)) {
        return None;
    }
    let bad = |severity, name: &str, meaning: &str| BadLine {
        severity,
        name: name.to_owned(),
        meaning: meaning.to_owned(),
        line: line.trim().chars().take(400).collect(),
    };
    if let Some((_, severity, name, meaning)) = BAD.iter().find(|(mark, ..)| line.contains(mark)) {
        return Some(bad(*severity, name, meaning));
    }
    line.contains("[ERROR]").then(|| bad(Severity::Warning, "error", "an error without a name of its own"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = include_str!("../../fixtures/upgrade/logs/full.log");
    const INCREMENTAL: &str = include_str!("../../fixtures/upgrade/logs/incremental.log");

    #[test]
    fn tells_an_incremental_transfer_from_a_full_one() {
        let full = read(FULL);
        assert_eq!((full.join, full.state.as_deref(), &full.bad[..]), (Some(Join::Full), Some("CLOSED"), &[][..]));
        let incremental = read(INCREMENTAL);
        assert_eq!(incremental.join, Some(Join::Incremental { write_sets: Some(52) }));
        assert_eq!(incremental.version.as_deref(), Some("10.11.19-MariaDB-0+deb12u1"));
        assert_eq!((incremental.percent, incremental.state.as_deref()), (Some(100.0), Some("SYNCED")));
        assert_eq!((incremental.process, incremental.ready), (Some(26741), true));
        assert_eq!(incremental.bad, []);
    }

    #[test]
    fn reads_only_the_last_start() {
        let both = format!("[ERROR] WSREP: Inconsistency detected: x\n{FULL}{INCREMENTAL}");
        assert_eq!(read(&both), read(INCREMENTAL));
    }

    #[test]
    fn only_a_server_says_that_it_starts() {
        let unit = format!("{INCREMENTAL}Starting MariaDB 10.11.19 database server...\n");
        assert_eq!(read(&unit), read(INCREMENTAL));
        let announced =
            read("Starting mariadb.service - MariaDB 10.11.19 database server...\nStarting MariaDB 10.11.19\n");
        assert_eq!(announced, LogReading::default());
        let older =
            "2026-11-21  0:49:19 0 [Note] /usr/sbin/mariadbd (server 10.5.29-MariaDB) starting as process 77 ...";
        assert_eq!((read(older).started, read(older).process), (true, Some(77)));
    }

    #[test]
    fn a_clean_end_is_seen_only_after_the_last_start() {
        assert!(was_shut_down(FULL));
        assert!(!was_shut_down(&format!("{FULL}{INCREMENTAL}")));
        let without_the_last_word: String =
            FULL.lines().filter(|line| !line.ends_with("Shutdown complete")).map(|line| format!("{line}\n")).collect();
        assert!(!was_shut_down(&without_the_last_word));
        // Started silently, and up: the end in view is that of the run before.
        assert!(!was_shut_down(&format!("{FULL}0 [Note] /usr/sbin/mariadbd: ready for connections.\n")));
    }

    #[test]
    fn half_a_start_is_no_verdict() {
        let cut: String = INCREMENTAL.lines().take(90).map(|line| format!("{line}\n")).collect();
        assert_eq!(read(&cut).join, None);
        assert_eq!(read(""), LogReading::default());
    }

    #[test]
    fn names_bad_lines() {
        for (line, name) in [
            ("0 [ERROR] /usr/sbin/mariadbd: unknown variable 'no-such-option=1'", "unknown-option"),
            (
                "0 [ERROR] WSREP: Group requested gcs_proto_ver: 4, max supported by this node: 3. Upgrade",
                "group-protocol",
            ),
            (
                "[ERROR] InnoDB: Upgrade after a crash is not supported. The redo log was created with MariaDB 10.6.19",
                "redo-after-crash",
            ),
            ("[Warning] WSREP: Ignoring error 'x' on query. Default database", "ddl-ignored"),
            ("[ERROR] something else", "error"),
        ] {
            assert_eq!(judge(line).map(|bad| bad.name).as_deref(), Some(name), "{line}");
        }
        assert_eq!(judge("0 [Note] WSREP: Shifting JOINED -> SYNCED (TO: 56)"), None);
    }
}
