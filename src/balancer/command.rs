//! A site's own script. `docs/balancers.md` describes what it is told and what it answers.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use tokio::process;

use super::{Balancer, Error, NodeView, Pending, Place, SavedState, Standing, Trouble, View, Watch};

/// A script that knows how to keep clients away from a node.
pub(super) struct Command {
    label: String,
    command: Vec<String>,
    /// Node name to the script's own name for it.
    servers: BTreeMap<String, String>,
    /// Node name to address.
    addresses: BTreeMap<String, String>,
    timeout: Duration,
}

/// What was found before a drain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    state: Standing,
}

/// What the script prints for `state`.
#[derive(Debug, Deserialize)]
struct Said {
    state: Standing,
    #[serde(default)]
    sessions: Option<u64>,
    #[serde(default)]
    notes: Vec<String>,
}

impl Command {
    /// A script, run as `command ACTION NODE`.
    pub(super) fn new(
        label: String,
        command: Vec<String>,
        servers: BTreeMap<String, String>,
        addresses: BTreeMap<String, String>,
        timeout: Duration,
    ) -> Self {
        Self { label, command, servers, addresses, timeout }
    }

    fn error(&self, trouble: Trouble, message: impl Into<String>) -> Error {
        Error::new(trouble, &self.label, message)
    }

    /// Runs the script and gives what it printed.
    async fn run(&self, action: &str, node: &str) -> Result<String, Error> {
        let [program, arguments @ ..] = self.command.as_slice() else {
            return Err(self.error(Trouble::Settings, "The command is empty."));
        };
        let name = |map: &BTreeMap<String, String>| map.get(node).cloned().unwrap_or_else(|| node.to_owned());
        tracing::info!(balancer = self.label, action, node, "balancer command");
        let child = process::Command::new(program)
            .args(arguments)
            .args([action, node])
            .env("SCHEMA_ACTION", action)
            .env("SCHEMA_NODE", node)
            .env("SCHEMA_SERVER", name(&self.servers))
            .env("SCHEMA_ADDRESS", name(&self.addresses))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: a script's children end with it when it is stopped.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                self.error(Trouble::Unreachable, format!("The command `{program}` did not start: {error}."))
            })?;
        let mut group = Group(child.id().and_then(|id| i32::try_from(id).ok()));
        let Ok(output) = tokio::time::timeout(self.timeout, child.wait_with_output()).await else {
            drop(group);
            let seconds = self.timeout.as_secs_f64();
            return Err(self
                .error(
                    Trouble::Unreachable,
                    format!("`{program} {action} {node}` did not end within {seconds} s and was stopped."),
                )
                .hint("Raise `timeout` of this balancer, or look at what the command waits for."));
        };
        group.0 = None;
        let output =
            output.map_err(|error| self.error(Trouble::Unreachable, format!("`{program}` was lost: {error}.")))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("nothing");
        Err(self.error(
            Trouble::Unreachable,
            format!("`{program} {action} {node}` failed ({}); it said: {last}", output.status),
        ))
    }

    async fn state(&self, node: &str) -> Result<Said, Error> {
        let text = self.run("state", node).await?;
        serde_json::from_str(text.trim()).map_err(|error| {
            self.error(Trouble::Unreachable, format!("`state {node}` did not print the JSON that is expected ({error})."))
                .hint(r#"Expected: {"state": "serving", "sessions": 3}; state is serving, backup, draining, maintenance, down or unknown."#)
        })
    }

    async fn view(&self) -> Result<View, Error> {
        let (mut nodes, mut notes) = (Vec::new(), Vec::new());
        for (node, name) in &self.servers {
            let said = self.state(node).await?;
            notes.extend(said.notes);
            let place = Place {
                name: name.clone(),
                standing: said.state,
                status: said.state.word().to_owned(),
                weight: None,
                sessions: said.sessions,
                errors: None,
            };
            nodes.push(NodeView::of(node, vec![place]));
        }
        Ok(View { balancer: self.label.clone(), kind: "command", nodes, monitors: Vec::new(), last: Vec::new(), notes })
    }

    /// Gives the order and reads it back.
    async fn set(&self, node: &str, action: &str, wanted: impl Fn(Standing) -> bool) -> Result<(), Error> {
        self.run(action, node).await?;
        let now = self.state(node).await?.state;
        if wanted(now) {
            return Ok(());
        }
        Err(self.error(
            Trouble::NotObeyed,
            format!("The command took `{action} {node}` without an error, but `state {node}` says {}.", now.word()),
        ))
    }

    fn found<'a>(&self, saved: &'a SavedState) -> Result<&'a Found, Error> {
        match saved {
            SavedState::Command(found) => Ok(found),
            _ => Err(super::other_kind(&self.label)),
        }
    }
}

/// The processes of a command that has not ended. Dropped, it stops all of them: what goes on behind our back could still
/// drain a node after it was given back.
struct Group(Option<i32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have ended in this moment; then there is nobody to stop.
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
    }
}

/// No new sessions. A server that is down has none either, but it may come up: that is no drain.
fn keeps_away(state: Standing) -> bool {
    matches!(state, Standing::Draining | Standing::Maintenance)
}

impl Balancer for Command {
    fn label(&self) -> &str {
        &self.label
    }

    fn check(&self) -> Pending<'_, View> {
        Box::pin(self.view())
    }

    fn observe(&self) -> Pending<'_, View> {
        Box::pin(self.view())
    }

    fn remember<'a>(&'a self, node: &'a str) -> Pending<'a, SavedState> {
        Box::pin(async move { Ok(SavedState::Command(Found { state: self.state(node).await?.state })) })
    }

    fn drain<'a>(&'a self, node: &'a str, saved: &'a SavedState) -> Pending<'a, ()> {
        Box::pin(async move {
            self.found(saved)?;
            if keeps_away(self.state(node).await?.state) {
                return Ok(());
            }
            self.set(node, "drain", keeps_away).await
        })
    }

    fn watch<'a>(&'a self, node: &'a str, _saved: &'a SavedState) -> Pending<'a, Watch> {
        Box::pin(async move {
            let said = self.state(node).await?;
            Ok(Watch { holds: keeps_away(said.state), sessions: said.sessions, notes: said.notes, ..Watch::default() })
        })
    }

    fn admit<'a>(&'a self, node: &'a str, saved: &'a SavedState) -> Pending<'a, ()> {
        Box::pin(async move {
            if keeps_away(self.found(saved)?.state) {
                return Ok(()); // It was out of service before, and stays so.
            }
            // Whatever `state` says now: a drain that was cut off may have been ordered and not be in force yet.
            self.set(node, "admit", |state| !keeps_away(state)).await.map_err(|error| {
                error.left(format!("{node} in {}: run the command's `admit {node}` by hand", self.label))
            })
        })
    }

    fn missing<'a>(&'a self, node: &'a str, saved: &'a SavedState) -> Pending<'a, Option<String>> {
        Box::pin(async move {
            let was = self.found(saved)?.state;
            let is = self.state(node).await?.state;
            Ok((was.is_usable() && !is.is_usable()).then(|| format!("{node} is {}", is.word())))
        })
    }
}
