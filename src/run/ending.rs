//! How a run ended, for people and for the exit code.

use serde::{Deserialize, Serialize};

use super::{FaultKind, Goal, Place, Script, State};
use crate::failure::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every node holds every statement.
    Done,
    /// Every node is as it was before the pass, because the user asked for it. The passes before it stay.
    RolledBack,
    /// A precondition did not hold, and nothing was touched.
    Refused,
    /// Something could not be seen, and nothing was touched.
    Unobservable,
    /// It failed, and everything is as before.
    Undone,
    /// It stopped half-way in a safe place.
    Resumable,
    /// A person must look.
    Unknown,
}

impl Outcome {
    /// The exit code of the program.
    pub fn code(self) -> ExitCode {
        match self {
            Self::Done | Self::RolledBack => ExitCode::Done,
            Self::Refused => ExitCode::Refused,
            Self::Unobservable => ExitCode::Unobservable,
            Self::Undone => ExitCode::Undone,
            Self::Resumable => ExitCode::Resumable,
            Self::Unknown => ExitCode::Unknown,
        }
    }

    /// Whether nothing of the run is left to be done: the run is history.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Resumable | Self::Unknown)
    }

    /// The word in events and in the journal.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::RolledBack => "rolled_back",
            Self::Refused => "refused",
            Self::Unobservable => "unobservable",
            Self::Undone => "undone",
            Self::Resumable => "resumable",
            Self::Unknown => "unknown",
        }
    }
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// How it ended.
    pub outcome: Outcome,
    /// What went wrong; empty when nothing did.
    pub text: String,
    /// What is not as it was found, one sentence each. Empty when everything is.
    pub left: Vec<String>,
}

/// Reads the ending off the state.
pub(super) fn ending(script: &Script, state: &State) -> Ending {
    let left = left_behind(script, state);
    let text = state.fault.as_ref().map(|fault| fault.text.clone()).unwrap_or_default();
    Ending { outcome: outcome(script, state), text, left }
}

fn outcome(script: &Script, state: &State) -> Outcome {
    let home = state.nodes.iter().all(super::Node::at_home) && !state.window && !state.copy && state.flight.is_none();
    let complete = match script.chapters.get(state.pass) {
        None => true,
        // The last look must have covered every node, and found nothing that a run would stop for.
        Some(chapter) => {
            state.sound
                && state.pass + 1 == script.chapters.len()
                && state.nodes.iter().all(|node| node.done == chapter.lines.len())
        }
    };
    // Who asked to stop when everything was done already has lost nothing; who asked to undo it, and could not, has.
    let undisturbed = state.fault.as_ref().is_none_or(|fault| fault.kind == FaultKind::Interrupted);
    if home && complete && undisturbed {
        return Outcome::Done;
    }
    let Some(fault) = &state.fault else {
        return if home && state.goal == Goal::Back { Outcome::RolledBack } else { Outcome::Resumable };
    };
    if fault.kind == FaultKind::Unknown {
        return Outcome::Unknown;
    }
    if !home || state.progress() {
        return Outcome::Resumable;
    }
    match fault.kind.untouched() {
        _ if state.touched => Outcome::Undone,
        ExitCode::Refused => Outcome::Refused,
        ExitCode::Unobservable => Outcome::Unobservable,
        ExitCode::Unknown => Outcome::Unknown,
        _ => Outcome::Undone,
    }
}

/// One sentence for each thing that this run has changed and not put right.
fn left_behind(script: &Script, state: &State) -> Vec<String> {
    let mut left = Vec::new();
    for (node, name) in state.nodes.iter().zip(&script.nodes) {
        if node.place != Place::Serving {
            left.push(format!("Node {name} is out of rotation."));
        }
        if node.desynced {
            left.push(format!("Node {name} has wsrep_desync=ON."));
        }
    }
    if let Some(flight) = &state.flight {
        left.push(format!("A statement may still be running on node {}.", script.nodes[flight.node]));
    }
    if state.window {
        left.push(
            "slave_type_conversions is set on every node, and must stay so until all hold the same schema.".to_owned(),
        );
    }
    if state.copy {
        left.push(
            "A copy of the table was begun: its triggers and tables may still be there. `schema resume` and `schema abort` \
             remove them."
                .to_owned(),
        );
    }
    let Some(chapter) = script.chapters.get(state.pass) else { return left };
    if state.pass > 0 && state.goal == Goal::Back && state.fault.is_none() {
        let stay: Vec<String> = script.chapters[..state.pass]
            .iter()
            .flat_map(|chapter| &chapter.lines)
            .map(|line| line.index.to_string())
            .collect();
        left.push(format!(
            "Statement(s) {} of the plan had been completed on every node before, and stay: only what was under way was \
             undone.",
            stay.join(", ")
        ));
    }
    if state.mixed() {
        let holds: Vec<String> =
            state.nodes.iter().zip(&script.nodes).map(|(node, name)| format!("{name} {}", node.done)).collect();
        left.push(format!(
            "Of the {} statement(s) of this pass the nodes hold: {}.",
            chapter.lines.len(),
            holds.join(", ")
        ));
    }
    left
}
