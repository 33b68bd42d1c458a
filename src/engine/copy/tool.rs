//! Percona Toolkit's pt-online-schema-change as a child process: no shell, no password in its arguments, and nobody but
//! this process to keep it alive.

use std::collections::VecDeque;
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use crate::host::each_line;
use crate::plan::COPY_TOOL;
use crate::plan::facts::{Seen, Unseen};

/// How long the tool may take to say its version. Perl reads 13,000 lines first.
const VERSION_WITHIN: Duration = Duration::from_secs(20);
/// Lines that are kept of what it said, for the message when it fails.
const KEPT: usize = 6;

/// The version of the tool on this machine, or why there is none.
pub(in crate::engine) async fn tool_version() -> Seen<String> {
    let unseen = |why: String| Unseen { why, grant: None };
    let output = Command::new(COPY_TOOL).arg("--version").stdin(Stdio::null()).kill_on_drop(true).output();
    let output = match tokio::time::timeout(VERSION_WITHIN, output).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(unseen("it is not in PATH".to_owned()));
        }
        Ok(Err(error)) => return Err(unseen(error.to_string())),
        Err(_) => return Err(unseen(format!("it did not say its version within {} s", VERSION_WITHIN.as_secs()))),
    };
    let said = String::from_utf8_lossy(&output.stdout);
    match said.split_whitespace().last() {
        Some(version) if output.status.success() => Ok(version.to_owned()),
        _ => Err(unseen(format!("asked for its version it ended with {}", output.status))),
    }
}

/// What the tool says while it works.
pub(super) enum Said {
    /// So much is copied, in percent.
    Copied(f64),
    /// It waits, and why.
    Pauses(String),
    /// Anything else.
    Line(String),
}

/// The tool at work. It ends when this is dropped, and by itself soon after this process has died: every second it
/// writes a line, and dies of a pipe that nobody reads.
pub(super) struct Tool {
    child: Child,
    lines: mpsc::Receiver<String>,
    login: std::fs::File,
    last: VecDeque<String>,
}

impl Tool {
    /// Starts it. `login` is an option file's text; it is in no file that has a name: the tool reads it from its own
    /// standard input, which is a file that was never linked into any folder.
    pub(super) fn start(arguments: &[String], dsn: &str, login: &SecretString) -> std::io::Result<Self> {
        let mut file = tempfile::tempfile()?;
        file.write_all(login.expose_secret().as_bytes())?;
        let mut child = Command::new(COPY_TOOL)
            .args(arguments)
            .arg(format!("F=/dev/stdin,{dsn}"))
            // With PTDEBUG the tool prints passwords, and MYSQL_PWD is one.
            .env_remove("PTDEBUG")
            .env_remove("MYSQL_PWD")
            .stdin(Stdio::from(file.try_clone()?))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C at the terminal is ours to act on.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let (sender, lines) = mpsc::channel(64);
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(each_line(stdout, sender.clone(), |line| line));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(each_line(stderr, sender, |line| line));
        }
        Ok(Self { child, lines, login: file, last: VecDeque::new() })
    }

    /// Empties what it logs in with. A connection that it loses from now on is lost, and the tool ends: it can never work
    /// on after somebody has ended its sessions.
    pub(super) fn forget_login(&self) -> std::io::Result<()> {
        self.login.set_len(0)
    }

    /// The next thing that it says; `None` when it says nothing more.
    pub(super) async fn next(&mut self) -> Option<Said> {
        let line = self.lines.recv().await?;
        tracing::debug!("{COPY_TOOL}: {line}");
        let said = said(&line);
        if let Said::Line(line) = &said
            && is_telling(line)
        {
            if self.last.len() == KEPT {
                self.last.pop_front();
            }
            self.last.push_back(line.clone());
        }
        Some(said)
    }

    /// Waits for its end. An error holds the last things that it said.
    pub(super) async fn end(mut self) -> Result<(), String> {
        let how = match self.child.wait().await {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        let last: Vec<&str> = self.last.iter().map(String::as_str).collect();
        Err(format!("{COPY_TOOL} ended with {how}. It said last: {}", last.join(" ")))
    }
}

fn said(line: &str) -> Said {
    // Copying `app`.`t`:  60% 00:07 remain
    let percent = line
        .strip_prefix("Copying ")
        .and_then(|rest| rest.rsplit_once("% "))
        .filter(|(_, rest)| rest.ends_with("remain"))
        .and_then(|(before, _)| before.rsplit(' ').next()?.parse().ok());
    match percent {
        Some(percent) => Said::Copied(percent),
        None if line.starts_with("Pausing because") => Said::Pauses(line.to_owned()),
        None => Said::Line(line.to_owned()),
    }
}

/// Whether a line says why it ended, and not what it always says about what it leaves.
fn is_telling(line: &str) -> bool {
    const USUAL: &[&str] = &["Not dropping", "DROP ", "Operation, tries", "  ", "No slaves", "Not checking"];
    !line.trim().is_empty() && !USUAL.iter().any(|usual| line.starts_with(usual))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_whatever_the_table_is_called() {
        for (line, expected) in [
            ("Copying `app`.`t`:   4% 00:23 remain", Some(4.0)),
            ("Copying `app`.`50% off`:  96% 00:00 remain", Some(96.0)),
            ("2026-11-21T06:11:05 Copying approximately 1045953 rows...", None),
            ("Copied rows OK.", None),
        ] {
            let percent = match said(line) {
                Said::Copied(percent) => Some(percent),
                _ => None,
            };
            assert_eq!(percent, expected, "{line}");
        }
        assert!(matches!(said("Pausing because PXC Flow Control is active"), Said::Pauses(_)));
    }
}
