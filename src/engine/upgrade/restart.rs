//! The steps between a server's stop and its return to the cluster.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::event::UpgradeEvent;
use super::hosts::Command;
use super::observe;
use super::perform::Said;
use super::runner::Runner;
use crate::host::{Finished, Output};
use crate::upgrade::{End, Join, LogReading, NodeFacts, Severity, read_log, was_shut_down};

/// How often a server that starts or stops is looked at.
const EVERY: Duration = Duration::from_millis(100);
/// How often the error log is read meanwhile: that is a command on a host.
const LOG_EVERY: Duration = Duration::from_secs(2);
/// How long the log of a server that has ended for good may take to be complete.
const GONE_FOR_GOOD: Duration = Duration::from_secs(4);
/// How long the other nodes may take to see that a node has left.
const OTHERS_SEE: Duration = Duration::from_secs(30);

impl Runner<'_> {
    /// What can be done while the node still serves.
    pub(super) async fn prepare(&mut self, name: &str) -> Said {
        if !self.hosts.has(Command::Prepare) {
            return Ok(String::new());
        }
        let finished = self.command(name, Command::Prepare).await;
        if !finished.succeeded() {
            return Err(format!("The prepare command failed on {name}: {}. It serves as before.", finished.why()));
        }
        let seconds = finished.took.as_secs_f64();
        self.tell(
            UpgradeEvent::node("prepared", name, format!("{} is at hand after {seconds:.1} s.", self.plan.target.text))
                .with("seconds", seconds),
        );
        Ok(String::new())
    }

    /// The server stops cleanly. Where none answers, one that is starting or waits for a state transfer is stopped too.
    pub(super) async fn stop(&mut self, name: &str) -> Said {
        let facts = self.look_at(name).await;
        if facts.is_up() && !matches!(facts.variable("innodb_fast_shutdown"), Some("0" | "1")) {
            return Err(format!(
                "innodb_fast_shutdown of {name} is {}; a new server wants files that were closed with 0 or 1.",
                facts.variable("innodb_fast_shutdown").unwrap_or("not known")
            ));
        }
        let process = self.process_id(name, &facts).await;
        self.shorten_timers().await?;
        let limit = self.settings.upgrade.command_timeout;
        let begun = Instant::now();
        if facts.is_up() {
            self.stopped_at = Some(begun);
        }
        let finished = self.command(name, Command::Stop).await;
        if !finished.succeeded() {
            let why = format!("The stop command failed on {name}: {}.", finished.why());
            // Half-way through an installation there may be no service left to stop.
            if facts.is_up() || !matches!(self.end_of(name, process).await, End::Clean | End::NeverUp) {
                return Err(why);
            }
            self.hint(name, format!("{why} Its server has ended already."));
        }
        // A command that only asks for the stop comes back early.
        while self.look_at(name).await.is_up() {
            if begun.elapsed() > limit {
                return Err(format!("{name} still answers after its stop command."));
            }
            sleep(EVERY).await;
        }
        self.wait_ended(name, process, begun + limit).await?;
        self.wait_left(name).await?;
        let seconds = begun.elapsed().as_secs_f64();
        self.tell(
            UpgradeEvent::node("server_stopped", name, format!("Its server has stopped after {seconds:.1} s."))
                .with("seconds", seconds),
        );
        Ok(String::new())
    }

    /// The others must have seen it leave, or its return meets a cluster that still counts it.
    async fn wait_left(&self, name: &str) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let cluster = observe::cluster(self.connector).await;
            let ailments = cluster.ailments(Some(name));
            let up = cluster.up().filter(|node| node.name != name).count();
            let (size, arbitrators) = cluster.members().unwrap_or((0, 0));
            if ailments.is_empty() && size.saturating_sub(arbitrators) == up {
                return Ok(());
            }
            if begun.elapsed() > OTHERS_SEE {
                return Err(format!(
                    "The rest of the cluster is not healthy without {name}: {} members of {up} nodes. {}",
                    size,
                    ailments.join("; ")
                ));
            }
            sleep(EVERY).await;
        }
    }

    /// The binaries are replaced.
    pub(super) async fn install(&mut self, name: &str) -> Said {
        // Replacing the files of a running server is how crashes are made.
        let facts = self.look_at(name).await;
        if facts.is_up() || self.end_of(name, None).await == End::Lives {
            return Err(format!("A server of {name} runs although it was stopped; somebody has started it."));
        }
        let finished = self.command(name, Command::Install).await;
        if !finished.succeeded() {
            return Err(format!("The install command failed on {name}: {}. Its server is stopped.", finished.why()));
        }
        let seconds = finished.took.as_secs_f64();
        self.tell(
            UpgradeEvent::node(
                "installed",
                name,
                format!("{} is installed after {seconds:.1} s.", self.plan.target.text),
            )
            .with("seconds", seconds),
        );
        Ok(String::new())
    }

    /// The configuration is adapted and checked.
    pub(super) async fn configure(&mut self, name: &str) -> Said {
        for (command, what) in [(Command::Configure, "configure"), (Command::CheckConfig, "check_config")] {
            if !self.hosts.has(command) {
                continue;
            }
            let finished = self.command(name, command).await;
            if !finished.succeeded() {
                return Err(format!(
                    "The {what} command failed on {name}: {}. Its server is stopped and was not started with this \
                     configuration; mend it, then resume.",
                    finished.why()
                ));
            }
        }
        self.tell(UpgradeEvent::node("configured", name, "Its configuration is ready."));
        Ok(String::new())
    }

    /// The server starts. A service manager may only come back once the node has joined, so progress is shown here too.
    pub(super) async fn start(&mut self, name: &str) -> Said {
        // Again, for a run that goes on here.
        self.shorten_timers().await?;
        let begun = Instant::now();
        let finished = {
            let work = self.command(name, Command::Start);
            tokio::pin!(work);
            loop {
                tokio::select! {
                    finished = &mut work => break finished,
                    () = sleep(LOG_EVERY) => self.tell_progress(name, begun).await,
                }
            }
        };
        if !finished.succeeded() {
            let log = self.bad_lines(name).await;
            return Err(format!("The start command failed on {name}: {}.{log}", finished.why()));
        }
        let seconds = begun.elapsed().as_secs_f64();
        self.tell(
            UpgradeEvent::node("server_started", name, format!("Its server was started after {seconds:.1} s."))
                .with("seconds", seconds),
        );
        Ok(String::new())
    }

    /// The node has what it had missed and belongs to the cluster again.
    pub(super) async fn join(&mut self, name: &str) -> Said {
        let begun = Instant::now();
        let mut read_at = Instant::now();
        let mut last_log: Option<(Instant, String)> = None;
        loop {
            let facts = self.look_at(name).await;
            if has_joined(&facts) {
                break;
            }
            if begun.elapsed() > self.settings.upgrade.join_timeout {
                let log = self.bad_lines(name).await;
                return Err(format!("{name} did not come back in time: {}.{log}", facts.ailments().join("; ")));
            }
            if read_at.elapsed() > LOG_EVERY {
                read_at = Instant::now();
                if let Ok(log) = self.log(name).await {
                    let unchanged_for = match &last_log {
                        Some((since, text)) if *text == log => since.elapsed(),
                        _ => {
                            last_log = Some((Instant::now(), log.clone()));
                            Duration::ZERO
                        }
                    };
                    let reading = read_log(&log);
                    let ended = was_shut_down(&log) || stop_lines(&reading).next().is_some();
                    if !facts.is_up() && ended && unchanged_for > GONE_FOR_GOOD {
                        return Err(format!("The server of {name} has ended.{}", told(&reading)));
                    }
                    self.tell_reading(name, &reading, begun);
                }
            }
            sleep(EVERY).await;
        }
        let reading = self.log(name).await.map(|log| read_log(&log));
        let (how, write_sets) = match reading.as_ref().ok().and_then(|reading| reading.join) {
            Some(Join::NothingMissed) => ("incremental", Some(0)),
            Some(Join::Incremental { write_sets }) => ("incremental", write_sets),
            Some(Join::Full) => ("full", None),
            None => ("unknown", None),
        };
        self.away = self.stopped_at.take().map(|stopped| stopped.elapsed()).or(self.away);
        let seconds = begun.elapsed().as_secs_f64();
        let text = match (how, write_sets) {
            ("incremental", Some(0)) => "It had missed nothing.".to_owned(),
            ("incremental", Some(number)) => {
                format!("It came back by incremental transfer of {number} write sets in {seconds:.1} s.")
            }
            ("incremental", None) => format!("It came back by incremental transfer in {seconds:.1} s."),
            ("full", _) => format!("It came back by FULL transfer in {seconds:.1} s."),
            _ => format!("It came back in {seconds:.1} s; its log does not say how."),
        };
        self.joins.insert(name.to_owned(), how.to_owned());
        let event = UpgradeEvent::node("joined", name, text).with("transfer", how).with("seconds", seconds);
        self.tell(event.with("write_sets", write_sets));
        Ok(how.to_owned())
    }

    /// The system tables are brought to the version.
    pub(super) async fn upgrade_tables(&mut self, name: &str) -> Said {
        if !self.hosts.has(Command::UpgradeTables) {
            self.hint(name, "There is no upgrade_tables command; the system tables stay as they are.");
            return Ok(String::new());
        }
        let finished = self.command(name, Command::UpgradeTables).await;
        if !finished.succeeded() {
            return Err(format!("The upgrade_tables command failed on {name}: {}.", finished.why()));
        }
        self.tell(UpgradeEvent::node("tables_upgraded", name, "Its system tables are of this version."));
        Ok(String::new())
    }

    /// Runs one of the site's commands and passes on what it prints.
    async fn command(&self, name: &str, command: Command) -> Finished {
        self.hosts
            .run(name, command, |Output { error, line }| {
                self.tell(UpgradeEvent::node("output", name, line.clone()).with("stderr", *error));
            })
            .await
    }

    async fn tell_progress(&self, name: &str, begun: Instant) {
        if let Ok(log) = self.log(name).await {
            self.tell_reading(name, &read_log(&log), begun);
        }
    }

    fn tell_reading(&self, name: &str, reading: &LogReading, begun: Instant) {
        let state = reading.state.as_deref().unwrap_or("starting");
        let percent =
            reading.percent.map_or(String::new(), |percent| format!(", {percent:.0} % of the missing write sets"));
        let text = format!("{state}{percent}, {:.0} s.", begun.elapsed().as_secs_f64());
        let event = UpgradeEvent::node("join_progress", name, text).with("state", state);
        self.tell(event.with("percent", reading.percent));
    }

    async fn bad_lines(&self, name: &str) -> String {
        match self.log(name).await {
            Ok(log) => told(&read_log(&log)),
            Err(_) => String::new(),
        }
    }
}

fn has_joined(facts: &NodeFacts) -> bool {
    facts.is_up()
        && facts.status("wsrep_ready") == Some("ON")
        && facts.status("wsrep_cluster_status") == Some("Primary")
        && matches!(facts.status("wsrep_local_state"), Some("3" | "4"))
}

fn stop_lines(reading: &LogReading) -> impl Iterator<Item = &crate::upgrade::BadLine> {
    reading.bad.iter().filter(|bad| bad.severity == Severity::Stop)
}

/// The first bad lines, as a sentence to be appended.
fn told(reading: &LogReading) -> String {
    let mut worst: Vec<&crate::upgrade::BadLine> = stop_lines(reading).collect();
    if worst.is_empty() {
        worst = reading.bad.iter().collect();
    }
    let lines: Vec<String> = worst.iter().take(3).map(|bad| format!("{} ({})", bad.meaning, bad.line)).collect();
    if lines.is_empty() { String::new() } else { format!(" Its error log says: {}.", lines.join("; ")) }
}
