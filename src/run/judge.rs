//! Whether what a survey saw allows the run to go on.

use super::{Fault, FaultKind, Goal, Script, Seen, State};
use crate::plan::Method;

/// Why a run may not go on, and whether waiting may help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// What it is.
    pub(super) fault: Fault,
    /// A node may come back by itself.
    pub(super) passing: bool,
}

fn problem(kind: FaultKind, passing: bool, text: String) -> Problem {
    Problem { fault: Fault::new(kind, text), passing }
}

/// Looks at every node. The node that this run has away is held to less than the others.
pub(super) fn judge(script: &Script, state: &State, seen: &[Seen]) -> Result<(), Problem> {
    let away = state.nodes.iter().position(|node| !node.at_home());
    for (number, it) in seen.iter().enumerate() {
        let name = &script.nodes[number];
        let ours = away == Some(number);
        // A run that only wants to bring its own node home does not depend on the others.
        if state.goal == Goal::Stop && !ours {
            continue;
        }
        if let Some(why) = &it.unreachable {
            return Err(problem(FaultKind::Unobservable, true, format!("Node {name} cannot be asked: {why}")));
        }
        if let Some(what) = &it.busy {
            return Err(problem(FaultKind::Refused, true, format!("On node {name}, {what}")));
        }
        if !it.primary {
            return Err(problem(
                FaultKind::Refused,
                true,
                format!(
                    "Node {name} is not in the primary component with all the others, or does not accept statements."
                ),
            ));
        }
        if !ours {
            stranger(name, it)?;
        }
        if let Some(what) = &it.misfit {
            return Err(problem(FaultKind::Failed, false, what.clone()));
        }
    }
    if state.goal != Goal::Stop && away.is_none() && will_drain(script, state) {
        let left =
            seen.iter().filter(|it| it.serving && it.synced && it.unreachable.is_none()).count().saturating_sub(1);
        let needed = script.min_serving.max(1);
        if left < needed {
            return Err(problem(
                FaultKind::Refused,
                true,
                format!(
                    "With one node out of rotation {left} would stay in service, and the policy asks for {needed} \
                     (min_serving)."
                ),
            ));
        }
    }
    Ok(())
}

/// A node that this run has not touched must be in full service.
fn stranger(name: &str, it: &Seen) -> Result<(), Problem> {
    if it.desync {
        return Err(problem(
            FaultKind::Refused,
            false,
            format!("Node {name} has wsrep_desync=ON, and not from this run: a backup or another operator is at work."),
        ));
    }
    if !it.synced {
        return Err(problem(FaultKind::Refused, true, format!("Node {name} is not Synced.")));
    }
    if !it.serving {
        return Err(problem(
            FaultKind::Refused,
            true,
            format!("Node {name} is out of rotation in a balancer, and not by this run."),
        ));
    }
    Ok(())
}

/// Whether the pass takes nodes out of rotation.
fn will_drain(script: &Script, state: &State) -> bool {
    let Some(chapter) = script.chapters.get(state.pass) else { return false };
    let rolls = match chapter.method {
        Method::Rsu => true,
        Method::Toi => state.sent,
        Method::PtOsc | Method::Refuse => false,
    };
    rolls
        && super::decide::target(state.goal, chapter)
            .is_some_and(|target| state.nodes.iter().any(|node| node.done != target))
}
