//! Processes of a sandbox: started as an unprivileged user, recorded with their start time, and never mixed up
//! with anybody else's.
//!
//! A process id alone names nothing: it may have been given to a stranger since. A pid together with the start time
//! that the kernel reports for it does. What a server forks (state transfer scripts, HAProxy's workers) carries the
//! sandbox's id in its environment, which a stranger's process cannot by accident.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use super::error::{Doing, Result};

/// The environment variable that marks each process of a sandbox with the sandbox's id.
pub(super) const MARK: &str = "SCHEMA_SANDBOX_ID";

/// One process, told apart from any later process with the same pid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Process {
    pid: i32,
    /// Clock ticks between the machine's start and the process's: field 22 of `/proc/PID/stat`.
    start: u64,
}

impl Process {
    /// The process id, for people to look at.
    pub(super) fn pid(self) -> i32 {
        self.pid
    }

    /// Reads what [`spawn`] recorded; `None` when nothing was recorded, or it cannot be read any more.
    pub(super) fn recorded(file: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(file).ok()?).ok()
    }

    fn of_pid(pid: i32) -> Option<Self> {
        Some(Self { pid, start: stat(pid)?.1 })
    }

    /// Whether this very process runs (a zombie does not).
    pub(super) fn alive(self) -> bool {
        // Children of ours stay zombies until they are waited for; those of others answer ECHILD, which is as well.
        let _ = waitpid(Pid::from_raw(self.pid), Some(WaitPidFlag::WNOHANG));
        stat(self.pid).is_some_and(|(state, start)| start == self.start && state != 'Z' && state != 'X')
    }

    /// Sends a signal, if the process is still this one. A process that is gone needs no signal.
    pub(super) fn signal(self, signal: Signal) -> Result<()> {
        if !self.alive() {
            return Ok(());
        }
        match kill(Pid::from_raw(self.pid), signal) {
            Err(nix::errno::Errno::ESRCH) => Ok(()),
            other => other.doing(|| format!("Cannot send {signal} to process {}", self.pid)),
        }
    }

    /// Waits until the process is gone; whether it went in time.
    pub(super) async fn gone_within(self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while self.alive() {
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        true
    }
}

/// The state letter and start time of a process.
fn stat(pid: i32) -> Option<(char, u64)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, and may hold spaces and parentheses itself.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.chars().next()?;
    let start = fields.nth(18)?.parse().ok()?;
    Some((state, start))
}

/// Whether processes may still be started. Held while one is, so that none slips in after the door was closed.
static DOOR_CLOSED: Mutex<bool> = Mutex::new(false);

/// From now on this process starts no server any more: it is about to end.
pub(super) fn close_the_door() {
    *DOOR_CLOSED.lock().unwrap_or_else(PoisonError::into_inner) = true;
}

/// Starts a child that carries the sandbox's mark, unless this process is about to end.
pub(super) fn spawn_child(mut command: Command, id: &str, user: &RunAs) -> Result<Child> {
    let program = PathBuf::from(command.get_program());
    user.apply(&mut command);
    // A process group of its own: Ctrl-C at the terminal must reach this program only, which then decides.
    command.env(MARK, id).process_group(0);
    let closed = DOOR_CLOSED.lock().unwrap_or_else(PoisonError::into_inner);
    if *closed {
        return Err(super::Error::Usage("This program is ending and starts nothing more.".into()));
    }
    command.spawn().doing(|| format!("Cannot start {}", program.display()))
}

/// Starts a program in the background, detached from this process and its terminal, and records it in `record`.
///
/// # Errors
/// The program cannot be started, or cannot be recorded (it is ended again then).
pub(super) fn spawn(mut command: Command, id: &str, user: &RunAs, log: &Path, record: &Path) -> Result<Process> {
    let output =
        File::options().create(true).append(true).open(log).doing(|| format!("Cannot open {}", log.display()))?;
    user.own(log)?;
    let errors = output.try_clone().doing(|| format!("Cannot open {}", log.display()))?;
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    // The handle is dropped on purpose: servers outlive `sandbox up`. `alive` reaps those that were ours.
    let pid = spawn_child(command, id, user)?.id().cast_signed();
    let process = Process::of_pid(pid).unwrap_or(Process { pid, start: 0 });
    let written = serde_json::to_vec(&process)
        .map_err(std::io::Error::from)
        .and_then(|json| std::fs::write(record, json))
        .doing(|| format!("Cannot write {}", record.display()));
    if let Err(error) = written {
        let _ = process.signal(Signal::SIGKILL);
        return Err(error);
    }
    Ok(process)
}

/// Every process on this machine that carries the sandbox's id in its environment.
pub(super) fn marked(id: &str) -> Vec<Process> {
    let mark = format!("{MARK}={id}");
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| {
            std::fs::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|env| env.split(|byte| *byte == 0).any(|var| var == mark.as_bytes()))
        })
        .filter_map(Process::of_pid)
        .collect()
}

/// Ends `known` and all that carry the sandbox's id, at once and for good. Returns the pids that would not go.
pub(super) fn end_all(id: &str, known: &[Process]) -> Vec<i32> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        // Looked for anew each time: a script that is being ended may just have started another.
        let mut seen = HashSet::new();
        let left: Vec<Process> = marked(id)
            .into_iter()
            .chain(known.iter().copied())
            .filter(|process| process.alive() && seen.insert(process.pid))
            .collect();
        if left.is_empty() || Instant::now() > deadline {
            return left.iter().map(|process| process.pid).collect();
        }
        for process in &left {
            let _ = process.signal(Signal::SIGKILL);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The user that a sandbox's processes run as.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RunAs {
    /// Set when this process is root and gives its privileges up for the servers.
    drop_to: Option<(u32, u32)>,
}

impl RunAs {
    /// `mysql` or `nobody` when this process is root, itself otherwise. MariaDB refuses to run as root, and its
    /// rsync state transfer fails there.
    pub(super) fn choose() -> Result<Self> {
        if !nix::unistd::geteuid().is_root() {
            return Ok(Self { drop_to: None });
        }
        for name in ["mysql", "nobody"] {
            let user = nix::unistd::User::from_name(name).doing(|| format!("Cannot look up the user {name}"))?;
            if let Some(user) = user {
                return Ok(Self { drop_to: Some((user.uid.as_raw(), user.gid.as_raw())) });
            }
        }
        Err(super::Error::Usage("This machine has neither a user `mysql` nor `nobody` to run the servers as.".into()))
    }

    /// Makes a command run as this user.
    pub(super) fn apply(&self, command: &mut Command) {
        if let Some((uid, gid)) = self.drop_to {
            command.uid(uid).gid(gid);
        }
    }

    /// Gives a file or folder to this user.
    pub(super) fn own(&self, path: &Path) -> Result<()> {
        match self.drop_to {
            Some((uid, gid)) => std::os::unix::fs::chown(path, Some(uid), Some(gid))
                .doing(|| format!("Cannot give {} to the servers' user", path.display())),
            None => Ok(()),
        }
    }
}

/// A command with a small environment of its own: nothing of the caller's locale, option files or secrets leaks in.
pub(super) fn command(program: impl AsRef<OsStr>, path: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", path).env("LC_ALL", "C").env("HOME", "/nonexistent").current_dir("/");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_itself_until_it_ends() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let process = Process::of_pid(child.id().cast_signed()).unwrap();
        assert!(process.alive());
        assert!(!Process { start: process.start + 1, ..process }.alive(), "another start time is another process");
        child.kill().unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        while process.alive() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(!process.alive(), "a zombie does not count as running");
        let _ = child.wait();
    }

    #[test]
    fn ends_what_is_marked_and_nothing_else() {
        let id = format!("test-{}", std::process::id());
        let mut ours = Command::new("sh").args(["-c", "sleep 60 & wait"]).env(MARK, &id).spawn().unwrap();
        let mut strangers = Command::new("sleep").arg("60").spawn().unwrap();
        let stranger = Process::of_pid(strangers.id().cast_signed()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        while marked(&id).len() < 2 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(marked(&id).len(), 2, "the shell and what it started");
        assert_eq!(end_all(&id, &[]), Vec::<i32>::new());
        assert!(marked(&id).is_empty());
        assert!(stranger.alive());
        strangers.kill().unwrap();
        let _ = (ours.wait(), strangers.wait());
    }
}
