//! One command on one host, from its start to its end.

use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::sync::mpsc;

use super::lines::each_line;
use super::shell::Shell;
use super::template::{Template, Values};

/// Lines that are kept of what a command printed.
const KEPT_LINES: usize = 5000;
/// How long output is still read after the command has ended: what it left running in the background may hold the
/// pipe open for ever.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// How long a command that was told to end may take before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// A line that a command printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Whether it came on standard error.
    pub error: bool,
    /// The line, without its end.
    pub line: String,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With status 0.
    Succeeded,
    /// With another status.
    Failed(i32),
    /// It was not done in time. Something may still be running on the host.
    TimedOut(Duration),
    /// It could not be started, or the way to the host failed (ssh's own status 255): it is not known what ran.
    NotReached(String),
}

/// A command that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// How.
    pub outcome: Outcome,
    /// The last lines that it printed.
    pub output: Vec<Output>,
    /// How long it took.
    pub took: Duration,
}

impl Finished {
    /// Whether it ended with status 0.
    pub fn succeeded(&self) -> bool {
        self.outcome == Outcome::Succeeded
    }

    /// What it printed on standard output.
    pub fn stdout(&self) -> String {
        let lines: Vec<&str> = self.output.iter().filter(|line| !line.error).map(|line| line.line.as_str()).collect();
        lines.join("\n")
    }

    /// Why it did not succeed, with the last thing that it said.
    pub fn why(&self) -> String {
        let how = match &self.outcome {
            Outcome::Succeeded => "it succeeded".to_owned(),
            Outcome::Failed(status) => format!("it ended with status {status}"),
            Outcome::TimedOut(limit) => {
                format!(
                    "it was not done after {} s and was ended; look at the host whether something still runs",
                    limit.as_secs()
                )
            }
            Outcome::NotReached(why) => format!("the host was not reached: {why}"),
        };
        let last = self.output.iter().rev().find(|line| !line.line.trim().is_empty());
        last.map_or(how.clone(), |last| format!("{how} and said last: {}", last.line.trim()))
    }
}

impl Shell {
    /// Runs a command on a host. Its standard input is empty. Each line that it prints goes to `see` at once.
    ///
    /// The command is a process group of its own, so that Ctrl-C at the terminal does not reach it: a package
    /// manager that is interrupted half-way is worse than one that is waited for.
    pub async fn run(
        &self,
        command: &Template,
        values: Values<'_>,
        limit: Duration,
        mut see: impl FnMut(&Output),
    ) -> Finished {
        let started = Instant::now();
        let mut output = Vec::new();
        let mut keep = |line: Output| {
            see(&line);
            if output.len() == KEPT_LINES {
                output.remove(0);
            }
            output.push(line);
        };
        let outcome = self.run_inner(command, values, limit, &mut keep).await;
        Finished { outcome, output, took: started.elapsed() }
    }

    async fn run_inner(
        &self,
        command: &Template,
        values: Values<'_>,
        limit: Duration,
        see: &mut dyn FnMut(Output),
    ) -> Outcome {
        let arguments = self.arguments(values);
        let Some((program, rest)) = arguments.split_first() else {
            return Outcome::NotReached("the shell of [upgrade] is empty".to_owned());
        };
        let spawned = tokio::process::Command::new(program)
            .args(rest)
            .arg(command.for_shell(values))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => return Outcome::NotReached(format!("{program} did not start: {error}")),
        };
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        let (lines, mut seen) = mpsc::channel(64);
        if let Some(stream) = child.stdout.take() {
            tokio::spawn(each_line(stream, lines.clone(), |line| Output { error: false, line }));
        }
        if let Some(stream) = child.stderr.take() {
            tokio::spawn(each_line(stream, lines.clone(), |line| Output { error: true, line }));
        }
        drop(lines);
        let deadline = tokio::time::Instant::now() + limit;
        let mut open = true;
        let status = loop {
            tokio::select! {
                line = seen.recv(), if open => match line {
                    Some(line) => see(line),
                    None => open = false,
                },
                status = child.wait() => break Some(status),
                () = tokio::time::sleep_until(deadline) => break None,
            }
        };
        if status.is_none() {
            end(&mut child, group).await;
        }
        let last_words = tokio::time::Instant::now() + LAST_WORDS;
        while let Ok(Some(line)) = tokio::time::timeout_at(last_words, seen.recv()).await {
            see(line);
        }
        match status {
            None => Outcome::TimedOut(limit),
            Some(Err(error)) => Outcome::NotReached(format!("{program} could not be waited for: {error}")),
            Some(Ok(status)) => match status.code() {
                Some(0) => Outcome::Succeeded,
                Some(255) if is_ssh(program) => {
                    Outcome::NotReached("ssh ended with status 255, which is its own or the command's".to_owned())
                }
                Some(code) => Outcome::Failed(code),
                None => Outcome::NotReached(format!("{program} was ended by a signal")),
            },
        }
    }
}

fn is_ssh(program: &str) -> bool {
    program.rsplit('/').next() == Some("ssh")
}

/// Ends a command and everything that it started in its own group.
async fn end(child: &mut tokio::process::Child, group: Option<Pid>) {
    let Some(group) = group else { return };
    let _ = killpg(group, Signal::SIGTERM);
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        let _ = killpg(group, Signal::SIGKILL);
        let _ = child.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(command: &str, limit: Duration) -> Finished {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let values = Values { node: "n1", host: "here", version: "1.2.3", join_options: "" };
        let shell = Shell::parse("sh -c").unwrap();
        runtime.block_on(shell.run(&Template::parse(command).unwrap(), values, limit, |_| {}))
    }

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn passes_output_and_status_on() {
        let finished = run("echo {node} {version}; echo trouble >&2; exit 3", LONG);
        assert_eq!(finished.outcome, Outcome::Failed(3));
        assert_eq!(finished.stdout(), "n1 1.2.3");
        assert!(finished.output.contains(&Output { error: true, line: "trouble".into() }));
        assert_eq!(run("exit 255", LONG).outcome, Outcome::Failed(255));
    }

    #[test]
    fn a_server_left_in_the_background_does_not_hold_the_command() {
        let finished = run("sleep 30 & echo started $!", LONG);
        assert_eq!(finished.outcome, Outcome::Succeeded);
        assert!(finished.took < Duration::from_secs(10), "{:?}", finished.took);
        let pid: i32 = finished.stdout().rsplit(' ').next().unwrap().parse().unwrap();
        nix::sys::signal::kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
    }

    #[test]
    fn a_command_that_takes_too_long_is_ended_with_its_children() {
        let finished = run("sleep 30 & echo $!; wait", Duration::from_millis(300));
        assert_eq!(finished.outcome, Outcome::TimedOut(Duration::from_millis(300)));
        let pid: i32 = finished.stdout().trim().parse().unwrap();
        // The child was in the group; nothing of it is left once its adopted corpse is reaped.
        let gone = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.is_empty() || stat.contains(") Z ")
        });
        assert!(gone);
    }

    #[test]
    fn a_shell_that_does_not_exist_is_a_host_that_was_not_reached() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let values = Values { node: "n1", host: "here", version: "", join_options: "" };
        let shell = Shell::parse("/no/such/shell {host}").unwrap();
        let finished = runtime.block_on(shell.run(&Template::parse("true").unwrap(), values, LONG, |_| {}));
        assert!(matches!(finished.outcome, Outcome::NotReached(_)), "{finished:?}");
    }
}
