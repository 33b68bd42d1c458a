//! From the state to the one next action. The whole order of a run stands here.

use super::script::Chapter;
use super::{Action, Direction, Goal, Place, Script, State};
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
    let away = state.nodes.iter().position(|node| !node.at_home());
    let wanting =
        target(state.goal, chapter).and_then(|target| state.nodes.iter().position(|node| node.done != target));
    if let (Some(node), None, Some(_)) = (state.settling, away, wanting) {
        return Next::Do(Action::Settle { node });
    }
    if !state.surveyed {
        return Next::Do(if state.pause {
            Action::Pause { millis: super::survey::PAUSE_MILLIS }
        } else {
            Action::Survey
        });
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
    if chapter.method == Method::Toi && !state.sent {
        return match state.goal {
            Goal::Forward if !state.cleared => Next::Do(Action::Clear { statement: 0 }),
            Goal::Forward => Next::Do(Action::Toi { statement: 0 }),
            _ => Next::End,
        };
    }
    match wanting {
        // Rows must be able to cross from before the first node differs until after the last one does.
        Some(_) if chapter.window && !state.window_sure => Next::Do(Action::OpenWindow),
        // A swap is the same everywhere, or a person must look.
        Some(_) if chapter.method == Method::PtOsc => Next::End,
        Some(node) => Next::Do(Action::Drain { node }),
        None if state.window => Next::Do(Action::CloseWindow),
        None if state.goal == Goal::Forward => Next::Turn,
        None => Next::End,
    }
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
    if state.window && (settled(0) || settled(chapter.lines.len())) {
        return Next::Do(Action::CloseWindow);
    }
    Next::End
}
