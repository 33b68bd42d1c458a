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

/// Looks at every node. The node that this run has away is held to less than the others; with the goal `stop`, when
/// it is to be brought home whatever becomes of the others, it alone is looked at.
pub(super) fn judge(script: &Script, state: &State, goal: Goal, seen: &[Seen]) -> Result<(), Problem> {
    let away = state.away();
    for (number, it) in seen.iter().enumerate() {
        let name = &script.nodes[number];
        let ours = away == Some(number);
        if goal == Goal::Stop && !ours {
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
                format!("Node {name} is not in the primary component, or does not accept statements."),
            ));
        }
        if ours {
            at_work(name, it)?;
            if goal == Goal::Stop {
                continue;
            }
        } else {
            stranger(name, it)?;
        }
        if !it.complete {
            return Err(problem(
                FaultKind::Refused,
                true,
                format!("Node {name} is not in the primary component with all the others."),
            ));
        }
        if let Some(what) = &it.misfit {
            return Err(problem(FaultKind::Failed, false, what.clone()));
        }
    }
    Ok(())
}

/// Whether one node less leaves enough in service, where the next step takes one out.
pub(super) fn room(script: &Script, state: &State, seen: &[Seen]) -> Result<(), Problem> {
    if state.goal == Goal::Stop || state.away().is_some() || !will_drain(script, state) {
        return Ok(());
    }
    let left = seen.iter().filter(|it| it.serving && it.synced && it.unreachable.is_none()).count().saturating_sub(1);
    let needed = script.min_serving.max(1);
    if left >= needed {
        return Ok(());
    }
    Err(problem(
        FaultKind::Refused,
        true,
        format!(
            "With one node out of rotation {left} would stay in service, and the policy asks for {needed} (min_serving)."
        ),
    ))
}

/// Whether a node that is out of rotation is in a state from which it can be brought home.
pub(super) fn can_come_home(it: &Seen) -> bool {
    it.unreachable.is_none() && it.busy.is_none() && it.primary && (it.synced || it.desync)
}

/// The node that this run has away: it stays desynced until it has caught up, and is Synced before anything else.
fn at_work(name: &str, it: &Seen) -> Result<(), Problem> {
    if it.synced || it.desync {
        return Ok(());
    }
    Err(problem(FaultKind::Refused, true, format!("Node {name} has not become Synced yet.")))
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
    let wanting = super::decide::target(state.goal, chapter)
        .is_some_and(|target| state.nodes.iter().any(|node| node.done != target));
    match chapter.method {
        Method::Rsu => wanting,
        Method::Toi => wanting && super::decide::by_toi(state, chapter).is_none(),
        Method::PtOsc | Method::Refuse => false,
    }
}
