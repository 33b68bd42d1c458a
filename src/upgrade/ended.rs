//! Whether a server has ended, and how: from its error log and from what its host shows of its process.
//!
//! A port that is closed proves nothing. A server that is starting, or waits for a state transfer, has none open either,
//! and one that is shutting down closes it long before its files.

use super::log::{LogReading, read, was_shut_down};

/// What a host shows of a server's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Process {
    /// It is there.
    Lives,
    /// It is not there any more.
    Gone,
    /// The host does not show processes, or nobody knows which one it was.
    Unseen,
}

impl Process {
    /// Reads what `/proc/PID/stat` holds: `123 (mariadbd) S ...`. Nothing is a process that is gone.
    pub fn of_stat(stat: &str) -> Self {
        let Some((name, rest)) = stat.rsplit_once(')').and_then(|(head, rest)| Some((head.split_once('(')?.1, rest)))
        else {
            return Self::Gone;
        };
        // A number that another program has now is no longer the server's; a zombie has ended.
        let server = name.starts_with("mariadbd") || name.starts_with("mysqld");
        let state = rest.trim_start().chars().next();
        if server && !matches!(state, Some('Z' | 'X')) { Self::Lives } else { Self::Gone }
    }
}

/// How a server has ended, as far as it can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// It was shut down to the end.
    Clean,
    /// Its last start never came as far as to open its doors, and its process is gone.
    NeverUp,
    /// Its process is gone; how it ended is not in view.
    Gone,
    /// Its process is gone, and its log does not say that it was shut down to the end.
    Crashed,
    /// Its log does not say so yet, and its process cannot be seen.
    Pending,
    /// Its process lives.
    Lives,
    /// Neither its log nor its host says anything.
    Unknown,
}

/// What the log (`None` when it cannot be read) and the process say together.
pub fn end(log: Option<&str>, process: Process) -> End {
    if process == Process::Lives {
        return End::Lives;
    }
    if log.is_some_and(was_shut_down) {
        return End::Clean;
    }
    let started = log.map(read).filter(|reading| reading.started);
    match (started, process) {
        (Some(LogReading { ready: false, .. }), Process::Gone) => End::NeverUp,
        (Some(_), Process::Gone) => End::Crashed,
        (Some(LogReading { ready: true, .. }), _) => End::Pending,
        (None, Process::Gone) => End::Gone,
        (Some(_) | None, _) => End::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = include_str!("../../fixtures/upgrade/logs/full.log");
    const INCREMENTAL: &str = include_str!("../../fixtures/upgrade/logs/incremental.log");

    #[test]
    fn a_process_is_told_from_a_corpse_and_from_a_stranger() {
        for (stat, expected) in [
            ("26255 (mariadbd) S 1 26255 26255 0", Process::Lives),
            ("26255 (mysqld) D 1", Process::Lives),
            ("26255 (mariadbd) Z 1", Process::Gone),
            ("26255 (a) (b) S 1", Process::Gone),
            ("26255 (bash) S 1", Process::Gone),
            ("", Process::Gone),
        ] {
            assert_eq!(Process::of_stat(stat), expected, "{stat}");
        }
    }

    #[test]
    fn an_end_is_believed_only_when_it_is_seen() {
        let joining: String = INCREMENTAL.lines().take(90).map(|line| format!("{line}\n")).collect();
        let after = format!("{FULL}{joining}");
        let cut: String = FULL.lines().skip(100).take(100).map(|line| format!("{line}\n")).collect();
        let tail: String = FULL.lines().skip(200).map(|line| format!("{line}\n")).collect();
        for (what, log, gone, unseen) in [
            ("shut down", Some(FULL), End::Clean, End::Clean),
            ("shut down, its start out of view", Some(&*tail), End::Clean, End::Clean),
            ("up", Some(INCREMENTAL), End::Crashed, End::Pending),
            ("in a transfer", Some(&*joining), End::NeverUp, End::Unknown),
            ("in a transfer, after an earlier shutdown", Some(&*after), End::NeverUp, End::Unknown),
            ("no start in view", Some(&*cut), End::Gone, End::Unknown),
            ("unreadable", None, End::Gone, End::Unknown),
        ] {
            assert_eq!(end(log, Process::Gone), gone, "{what}");
            assert_eq!(end(log, Process::Unseen), unseen, "{what}");
            assert_eq!(end(log, Process::Lives), End::Lives, "{what}");
        }
    }
}
