//! From the state to the one next action. The whole order of a run stands here.

use super::script::Chapter;
use super::{Action, Direction, FaultKind, Goal, Place, Script, State};
use crate::plan::Method;

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// An action.
    Do(Action),
    /// The pass is complete on every node; the next one begins.
    Turn,
    /// Nothing is left to do, or nothing can be done.
    End,
}

/// How many statements of the pass the goal wants on every node; `None` when it wants nothing.
pub(super) fn target(goal: Goal, chapter: &Chapter) -> Option<usize> {
    match goal {
        Goal::Forward => Some(chapter.lines.len()),
        Goal::Back => Some(0),
        Goal::Stop => None,
    }
}

/// The next action.
pub(super) fn next(script: &Script, state: &State) -> Next {
    let Some(chapter) = script.chapters.get(state.pass) else { return Next::End };
    if state.stuck || (state.goal == Goal::Stop && !state.touched) {
        return Next::End;
    }
    let away = state.away();
    let wanting =
        target(state.goal, chapter).and_then(|target| state.nodes.iter().position(|node| node.done != target));
    if let (Some(node), None, Some(_)) = (state.settling, away, wanting) {
        return Next::Do(Action::Settle { node });
    }
    if !state.surveyed {
        return Next::Do(match &state.pause {
            Some(why) => Action::Pause { millis: super::survey::PAUSE_MILLIS, why: why.clone() },
            None => Action::Survey,
        });
    }
    if window_is_due(state, chapter, wanting.is_some()) {
        return Next::Do(Action::OpenWindow);
    }
    if let Some(node) = away {
        return Next::Do(with_node_away(state, chapter, node));
    }
    // What a copy has left goes first, whatever is wanted; only a copy that is whole is worth keeping.
    if state.copy && !(state.copied && state.goal == Goal::Forward) {
        return Next::Do(Action::Tidy { statement: 0 });
    }
    if state.goal == Goal::Stop {
        return stop(state, chapter);
    }
    if chapter.method == Method::PtOsc && !state.sent {
        return match state.goal {
            Goal::Forward if !state.cleared => Next::Do(Action::Clear { statement: 0 }),
            Goal::Forward if !state.copied => Next::Do(Action::Copy { statement: 0 }),
            Goal::Forward => Next::Do(Action::Swap { statement: 0 }),
            _ => Next::End,
        };
    }
    if let Some(direction) = by_toi(state, chapter) {
        return Next::Do(if state.cleared {
            Action::Toi { statement: 0, direction }
        } else {
            Action::Clear { statement: 0 }
        });
    }
    match wanting {
        // A swap is the same everywhere, or a person must look.
        Some(_) if chapter.method == Method::PtOsc => Next::End,
        Some(node) if state.vetted != Some(node) => Next::Do(Action::Vet { node }),
        Some(node) => Next::Do(Action::Drain { node }),
        None if state.window => Next::Do(Action::CloseWindow),
        None if state.goal == Goal::Forward => Next::Turn,
        None => Next::End,
    }
}

/// Which way a TOI statement is to be sent: where no node holds it, or, to undo it, where all do. Nodes that differ are
/// mended one by one.
pub(super) fn by_toi(state: &State, chapter: &Chapter) -> Option<Direction> {
    let all = |count: usize| state.nodes.iter().all(|node| node.done == count);
    match state.goal {
        _ if chapter.method != Method::Toi => None,
        Goal::Forward if all(0) => Some(Direction::Forward),
        Goal::Back if all(1) && !state.dear => Some(Direction::Back),
        _ => None,
    }
}

/// Rows must be able to cross from before the first node differs until after the last one does. A node that has lost
/// the window, by a restart, gets it back before anything else happens.
fn window_is_due(state: &State, chapter: &Chapter, wanting: bool) -> bool {
    let differ = state.mixed() || state.flight.is_some();
    let given_up = state.goal == Goal::Stop && (state.window_failed || !state.window);
    chapter.window && !state.window_sure && !given_up && (differ || wanting)
}

/// A node that is out of rotation, or desynced, comes before everything else.
fn with_node_away(state: &State, chapter: &Chapter, node: usize) -> Action {
    let it = &state.nodes[node];
    if let Some(flight) = &state.flight {
        return if state.goal == Goal::Stop {
            Action::Kill { node: flight.node }
        } else {
            Action::Release { node: flight.node, statement: flight.statement, direction: flight.direction }
        };
    }
    // What was run last is looked at before anything else is done to the node.
    if !it.compared {
        return Action::Compare { node };
    }
    match target(state.goal, chapter) {
        Some(target) if it.done != target => {
            if it.place != Place::Out {
                return Action::Drain { node };
            }
            if !it.desynced {
                return Action::Desync { node };
            }
            if it.done < target {
                Action::Begin { node, statement: it.done, direction: Direction::Forward }
            } else {
                Action::Begin { node, statement: it.done - 1, direction: Direction::Back }
            }
        }
        _ if it.desynced => Action::CatchUp { node },
        _ => Action::Admit { node },
    }
}

/// Every node is at home. The window may be closed only when all nodes hold the same schema.
fn stop(state: &State, chapter: &Chapter) -> Next {
    let settled = |count: usize| state.nodes.iter().all(|node| node.done == count);
    // Where a schema is not understood, nobody knows whether rows can cross without it.
    let understood = state.fault.as_ref().is_none_or(|fault| fault.kind != FaultKind::Unknown);
    if state.window && understood && (settled(0) || settled(chapter.lines.len())) {
        return Next::Do(Action::CloseWindow);
    }
    Next::End
}
