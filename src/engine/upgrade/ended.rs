//! Proof that a server has ended before its files are replaced.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::time::sleep;

use super::runner::{BEFORE, Runner};
use crate::host::quote;
use crate::upgrade::{End, NodeFacts, Process, end, read_log};

/// How often log and process are looked at.
const EVERY: Duration = Duration::from_millis(100);
/// How long what is seen must stay the same before it is believed: a log is written a moment after the fact.
const CERTAIN: Duration = Duration::from_secs(4);
/// How long the line that proves a clean end is waited for where the process cannot be seen and the log does not go back
/// to the last start.
const UNSEEN: Duration = Duration::from_secs(30);

impl Runner<'_> {
    /// The number of the server's process: its log names it at the start, and so does its pid file.
    pub(super) async fn process_id(&self, name: &str, facts: &NodeFacts) -> Option<u32> {
        let named = self.log(name).await.ok().and_then(|log| read_log(&log).process);
        if named.is_some() {
            return named;
        }
        let before = self.noted(name, BEFORE);
        let place = |key: &str| {
            facts.variable(key).or_else(|| before.and_then(|before| before.get(key)).and_then(Value::as_str))
        };
        let file = place("pid_file").filter(|file| !file.is_empty())?;
        let path = match place("datadir") {
            Some(data) if !file.starts_with('/') => format!("{}/{file}", data.trim_end_matches('/')),
            _ => file.to_owned(),
        };
        let read = self.hosts.look(name, format!("cat -- {}", quote(&path))).await;
        if read.succeeded() { read.stdout().trim().parse().ok() } else { None }
    }

    /// What log and process say of the server's end now. `process` is the number that it had when it was last seen.
    pub(super) async fn end_of(&self, name: &str, process: Option<u32>) -> End {
        let log = self.log(name).await.ok();
        let named = log.as_deref().and_then(|log| read_log(log).process).or(process);
        end(log.as_deref(), self.process(name, named).await)
    }

    /// Whether the host shows this process as a server.
    pub(super) async fn process(&self, name: &str, number: Option<u32>) -> Process {
        // In a container the server may be number 1; seen from the host that is somebody else.
        let Some(number) = number.filter(|number| *number > 1) else { return Process::Unseen };
        // Where the first process is hidden, others are.
        let look = format!(
            "[ -r /proc/1/stat ] || exit 1; if [ -e /proc/{number}/stat ]; then cat /proc/{number}/stat; else echo gone; fi"
        );
        let seen = self.hosts.look(name, look).await;
        if seen.succeeded() { Process::of_stat(&seen.stdout()) } else { Process::Unseen }
    }

    /// Waits until it is certain that the server has ended.
    pub(super) async fn wait_ended(&self, name: &str, process: Option<u32>, deadline: Instant) -> Result<(), String> {
        let mut last = None;
        let mut since = Instant::now();
        loop {
            let seen = self.end_of(name, process).await;
            if last.replace(seen) != Some(seen) {
                since = Instant::now();
            }
            let certain = since.elapsed() > CERTAIN;
            let late = Instant::now() > deadline;
            match seen {
                End::Clean => return Ok(()),
                End::NeverUp => {
                    self.hint(name, "Its server was not up: its last start was cut short, and its process is gone.");
                    return Ok(());
                }
                End::Gone if certain => {
                    self.hint(name, "Its process is gone; whether it stopped cleanly is not in view of its error log.");
                    return Ok(());
                }
                End::Crashed if certain => return Err(not_clean(name)),
                End::Pending if late => return Err(not_clean(name)),
                End::Lives if late => {
                    return Err(format!(
                        "The server of {name} still runs after its stop command; nothing was installed."
                    ));
                }
                End::Unknown if late || since.elapsed() > UNSEEN => {
                    return Err(format!(
                        "Nothing proves that the server of {name} has ended: its error log does not say so, and its process \
                         cannot be seen on its host. Nothing was installed. Give [upgrade] a `log` command that prints the \
                         log back to the last start, then resume."
                    ));
                }
                _ => sleep(EVERY).await,
            }
        }
    }
}

fn not_clean(name: &str) -> String {
    format!(
        "The error log of {name} does not say that its server was shut down to the end. Start it again with the old \
         binaries before anything is installed."
    )
}
