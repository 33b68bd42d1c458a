//! What the nodes' schemas tell of a statement that was sent to all of them at once.

use super::judge::Problem;
use super::survey::unknown;
use super::{Script, State};

/// The first time after the statement: each node holds the schema of before or a new one, the same everywhere.
pub(super) fn place_toi(script: &Script, state: &mut State, read: &[String]) -> Result<(), Problem> {
    if !state.sent || state.chain[1].is_some() {
        return Ok(());
    }
    let line = &script.chapters[state.pass].lines[0];
    let before = state.chain[0].clone().unwrap_or_default();
    let mut changed = read.iter().filter(|schema| **schema != before);
    match changed.next() {
        Some(first) => {
            if changed.any(|other| other != first) {
                return Err(unknown("After the statement the nodes hold more than two different schemas.".to_owned()));
            }
            state.chain[1] = Some(first.clone());
        }
        // It failed, and left nothing.
        None if state.toi_error.is_some() => never_ran(state),
        None if !state.toi_unsure => {
            // It succeeded and left nothing to see, as OPTIMIZE, GRANT or IF NOT EXISTS do.
            state.chain[1] = Some(before);
            for node in &mut state.nodes {
                node.done = 1;
            }
        }
        // It never ran, or it may run once more without harm.
        None if line.must_show || line.repeatable => never_ran(state),
        None => return Err(unheard(script, state)),
    }
    Ok(())
}

/// What was sent last has been answered, by the server or by the schemas, once the nodes have been placed.
pub(super) fn answered(script: &Script, state: &mut State) -> Result<(), Problem> {
    let error = state.toi_error.take();
    let answered = std::mem::take(&mut state.toi_done);
    if !state.sent || state.chain[1].is_none() || state.chain[0] == state.chain[1] {
        return Ok(());
    }
    let wanted = usize::from(!state.undoing);
    if state.nodes.iter().any(|node| node.done == wanted) {
        state.toi_unsure = false;
    } else if error.is_some() || state.toi_unsure {
        never_ran(state);
    } else if answered {
        return Err(unknown(format!(
            "The server has answered that statement {} ({}) is {}, and no node shows it.",
            script.chapters[state.pass].lines[0].index,
            script.chapters[state.pass].lines[0].name,
            if state.undoing { "undone" } else { "done" },
        )));
    }
    Ok(())
}

/// As if it had not been sent.
fn never_ran(state: &mut State) {
    // Behind an inverse there is always the statement itself.
    state.sent = state.undoing;
    state.undoing = false;
    state.toi_unsure = false;
    state.cleared = false;
}

fn unheard(script: &Script, state: &State) -> Problem {
    let line = &script.chapters[state.pass].lines[0];
    unknown(format!(
        "Nobody knows whether statement {} ({}) ran: the answer was not heard, the definition does not show it, and to send it \
         twice might lose rows or undo it. Look at what it should have done there. Then close this run with \
         `schema abort --forget`, and apply what is missing.",
        line.index, line.name
    ))
}
