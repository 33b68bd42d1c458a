//! What a survey teaches: observations win over what was remembered.

use super::judge::{Problem, can_come_home, judge, room};
use super::script::Line;
use super::state::Flight;
use super::toi::{answered, place_toi};
use super::{Direction, Fault, FaultKind, Goal, Place, Script, Seen, State};
use crate::plan::Method;

/// How long a run waits before it looks again at nodes that are not ready, in milliseconds.
pub(super) const PAUSE_MILLIS: u64 = 500;

/// Takes a survey in. Afterwards the run goes on, looks again after a pause, or has a fault and another goal.
pub(super) fn absorb(script: &Script, state: &mut State, seen: &[Seen]) {
    state.sound = false;
    if seen.len() != state.nodes.len() {
        state.blame(Fault::new(FaultKind::Unobservable, "The survey does not cover every node of the plan."));
        state.stuck = true;
        return;
    }
    places(state, seen);
    windows(state, seen);
    let patience = u64::try_from(script.patience.as_millis()).unwrap_or(u64::MAX);
    if let Some(flight) = &state.flight
        && let Some(what) = &seen[flight.node].busy
    {
        let text = format!("On node {}, {what}", script.nodes[flight.node]);
        orphan(state, text, patience);
        return;
    }
    let problem = judge(script, state, state.goal, seen)
        .and_then(|()| schemas(script, state, seen))
        .and_then(|()| room(script, state, seen));
    let Err(problem) = problem else {
        state.surveyed = true;
        state.waited = 0;
        state.sound = judge(script, state, Goal::Forward, seen).is_ok();
        return;
    };
    // A node that this run has out of rotation is waited for even when the run is to stop: it alone can be brought home.
    let worth = state.goal != Goal::Stop || state.away().is_some();
    if problem.passing && state.touched && state.waited < patience && worth {
        state.pause = Some(problem.fault.text);
        return;
    }
    give_up(state, seen, problem);
}

/// A statement that nobody listens to still runs: it is waited for as long as it takes, as one that is listened to would
/// be. When the run is to stop it is ended, and that has its limit.
fn orphan(state: &mut State, text: String, patience: u64) {
    if state.goal != Goal::Stop {
        state.waited = 0;
        state.pause = Some(format!("{text} It was sent by this run, and is waited for."));
    } else if state.waited < patience {
        state.surveyed = true;
    } else {
        state.blame(Fault::new(FaultKind::Failed, format!("{text} It was told to end, and has not.")));
        state.stuck = true;
    }
}

/// The nodes are not what the run needs, and waiting has not helped.
fn give_up(state: &mut State, seen: &[Seen], problem: Problem) {
    let away = state.away();
    if let Some(node) = away {
        if problem.fault.kind == FaultKind::Unknown {
            // Another node may be meant. This one comes home if its own schema is what it should be, and only then.
            state.nodes[node].compared = false;
        }
        state.stuck = !can_come_home(&seen[node]);
    }
    state.blame(problem.fault);
    state.goal = Goal::Stop;
    state.surveyed = true;
}

/// Where the nodes stand.
fn places(state: &mut State, seen: &[Seen]) {
    for (node, it) in state.nodes.iter_mut().zip(seen) {
        if it.unreachable.is_some() {
            continue;
        }
        if node.desynced && !it.desync {
            node.desynced = false;
        }
        if node.place != Place::Serving && it.serving {
            // Never left, or somebody has put it back: if it is still wanted out, it is drained anew. What was remembered of it is
            // put back in any case.
            node.place = if it.remembered { Place::Leaving } else { Place::Serving };
        }
    }
}

/// A node that was restarted has the value of its configuration again.
fn windows(state: &mut State, seen: &[Seen]) {
    if state.window && seen.iter().any(|it| it.unreachable.is_none() && !it.windowed) {
        state.window_sure = false;
    }
}

/// Which statements the nodes hold.
fn schemas(script: &Script, state: &mut State, seen: &[Seen]) -> Result<(), Problem> {
    let Some(chapter) = script.chapters.get(state.pass) else { return Ok(()) };
    // No statement runs any more (a node that is busy does not get here), and the schemas tell the rest.
    let flown = state.flight.take_if(|flight| seen[flight.node].unreachable.is_none());
    if let Some(flight) = &flown {
        state.nodes[flight.node].compared = false;
    }
    let mut read = Vec::new();
    for (number, it) in seen.iter().enumerate() {
        match &it.schema {
            Some(schema) => read.push(schema.clone()),
            None if state.goal == Goal::Stop && it.unreachable.is_some() => {
                return own_schema(script, state, seen, flown.as_ref());
            }
            None => {
                return Err(Problem {
                    fault: Fault::new(
                        FaultKind::Unobservable,
                        format!("The schema of node {} could not be read.", script.nodes[number]),
                    ),
                    passing: true,
                });
            }
        }
    }
    if chapter.window && !state.window {
        for (node, it) in state.nodes.iter_mut().zip(seen) {
            node.conversions.clone_from(&it.conversions);
        }
    }
    if state.chain[0].is_none() && state.nodes.iter().all(|node| node.done == 0) {
        if let Some(other) = read.iter().position(|schema| *schema != read[0]) {
            return Err(Problem {
                fault: Fault::new(
                    FaultKind::Refused,
                    format!(
                        "Nodes {} and {} differ before the change: `schema verify` shows where, and what mends it.",
                        script.nodes[0], script.nodes[other]
                    ),
                ),
                passing: false,
            });
        }
        state.chain[0] = Some(read[0].clone());
    }
    if chapter.method == Method::Toi {
        place_toi(script, state, &read)?;
    }
    if chapter.method == Method::PtOsc {
        after_copy(state, seen, &read)?;
    }
    if flown.is_none() {
        someone_else_changed(state, &read);
    }
    // The node whose statement has just ended comes first: what it holds is new to the others.
    let first = flown.as_ref().map(|flight| flight.node);
    for number in first.into_iter().chain((0..read.len()).filter(|number| Some(*number) != first)) {
        place_in_chain(script, state, number, &read[number], flown.as_ref())?;
    }
    if chapter.method == Method::Toi {
        answered(script, state)?;
    }
    if state.goal == Goal::Back {
        back_over_what_left_no_trace(state);
        if retreat(script, state) == Goal::Stop {
            return Err(Problem { fault: Fault::new(FaultKind::Failed, no_way_back(script, state)), passing: false });
        }
    }
    Ok(())
}

/// The run stops and not every node can be asked: only the node that it has out of rotation matters.
fn own_schema(script: &Script, state: &mut State, seen: &[Seen], flown: Option<&Flight>) -> Result<(), Problem> {
    let Some(node) = state.away() else { return Ok(()) };
    match &seen[node].schema {
        Some(schema) => place_in_chain(script, state, node, schema, flown),
        None => Ok(()),
    }
}

fn no_way_back(script: &Script, state: &State) -> String {
    let lines = script.chapters.get(state.pass).map_or(&[][..], |chapter| &chapter.lines);
    if lines.iter().all(|line| line.invertible) {
        "What was done cannot be undone node by node: rows would be lost while some nodes hold it and others do not. \
         `schema resume` finishes it."
            .to_owned()
    } else {
        "What was done cannot be undone: the plan has no inverse for it. `schema resume` finishes it.".to_owned()
    }
}

/// A statement that left the schema as it was, such as a rebuild, needs no inverse.
pub(super) fn back_over_what_left_no_trace(state: &mut State) {
    for node in &mut state.nodes {
        while node.done > 0 && state.chain[node.done].is_some() && state.chain[node.done] == state.chain[node.done - 1]
        {
            node.done -= 1;
        }
    }
}

/// A swap is one statement: the old table shows on every node that it has happened, whatever was answered.
fn after_copy(state: &mut State, seen: &[Seen], read: &[String]) -> Result<(), Problem> {
    let swapped = seen.iter().filter(|it| it.swapped).count();
    if swapped == seen.len() {
        if read.iter().any(|schema| *schema != read[0]) {
            return Err(unknown("After the swap the nodes hold different definitions of the table.".to_owned()));
        }
        state.chain[1] = Some(read[0].clone());
        state.sent = true;
        state.toi_unsure = false;
        // The copy is the table now.
        state.copied = false;
        for node in &mut state.nodes {
            node.done = 1;
        }
        return Ok(());
    }
    if swapped > 0 {
        let fault = Fault::new(FaultKind::Unknown, "The swap of the tables shows on some nodes, and not on others.");
        return Err(Problem { fault, passing: true });
    }
    if state.nodes.iter().all(|node| node.done == 1) {
        return Ok(());
    }
    if state.sent && !state.toi_unsure {
        return Err(unknown("The swap of the tables was answered, and no node shows it.".to_owned()));
    }
    if state.sent {
        state.sent = false;
        state.toi_unsure = false;
        state.cleared = false;
    }
    if state.copied && read.iter().any(|schema| state.chain[0].as_ref() != Some(schema)) {
        let text = "Somebody has changed the table while it was copied; the copy would undo that, and is thrown away.";
        return Err(Problem { fault: Fault::new(FaultKind::Failed, text), passing: false });
    }
    Ok(())
}

/// Somebody else's DDL has reached every node while they hold different statements of this pass: the nodes that hold as
/// many statements still agree, and more than one of them has changed. The fingerprints of before are of no more use;
/// those of now take their place. A single node that has changed is no such case.
fn someone_else_changed(state: &mut State, read: &[String]) {
    let mut chain = state.chain.clone();
    let mut changed = vec![0; chain.len()];
    let mut seen: Vec<Option<&String>> = vec![None; chain.len()];
    for (node, schema) in state.nodes.iter().zip(read) {
        if seen[node.done].is_some_and(|other| other != schema) {
            return;
        }
        seen[node.done] = Some(schema);
        if state.chain[node.done].as_ref() != Some(schema) {
            if state.chain.iter().flatten().any(|known| known == schema) {
                // A state transfer, or a statement whose end went unheard.
                return;
            }
            changed[node.done] += 1;
            chain[node.done] = Some(schema.clone());
        }
    }
    if changed.iter().any(|count| *count > 1) {
        // What no node holds now is not known any more.
        for (known, seen) in chain.iter_mut().zip(&seen) {
            if seen.is_none() {
                *known = None;
            }
        }
        state.chain = chain;
    }
}

/// Finds the number of statements that a node's schema holds. `flown` is the statement that has just come to its end.
fn place_in_chain(
    script: &Script,
    state: &mut State,
    number: usize,
    schema: &str,
    flown: Option<&Flight>,
) -> Result<(), Problem> {
    let done = state.nodes[number].done;
    let fits = |count: &usize| state.chain[*count].as_deref() == Some(schema);
    if fits(&done) {
        return Ok(());
    }
    if let Some(found) = (0..state.chain.len()).find(fits) {
        // A state transfer has moved the node, or the statement's end went unheard.
        state.nodes[number].done = found;
        return Ok(());
    }
    let flew = flown.is_some_and(|flight| {
        flight.node == number && flight.direction == Direction::Forward && flight.statement == done
    });
    if flew && state.chain.get(done + 1).is_some_and(Option::is_none) {
        // The first node's statement came to its end while nobody watched: this is what it makes.
        state.chain[done + 1] = Some(schema.to_owned());
        state.nodes[number].done = done + 1;
        return Ok(());
    }
    if state.chain[done].is_none() && !state.nodes[number].compared {
        // It came to its end, and nobody could look: this is what it has made.
        state.chain[done] = Some(schema.to_owned());
        return Ok(());
    }
    Err(unknown(format!(
        "The schema on node {} is neither what it was before the change nor what the change makes of it.",
        script.nodes[number]
    )))
}

pub(super) fn unknown(text: String) -> Problem {
    Problem { fault: Fault::new(FaultKind::Unknown, text), passing: false }
}

/// Where to go when a statement cannot be run: back when everything that was done has an inverse that may be run where it
/// must be, else no further.
pub(super) fn retreat(script: &Script, state: &State) -> Goal {
    let Some(chapter) = script.chapters.get(state.pass) else { return Goal::Stop };
    let most = state.nodes.iter().map(|node| node.done).max().unwrap_or(0);
    let traceless = |place: usize| state.chain[place].is_some() && state.chain[place] == state.chain[place + 1];
    // A statement that came to all nodes at once goes back the same way. Node by node only where rows survive that, or
    // where the nodes differ already because one of them has ignored the inverse.
    let at_once = chapter.method == Method::Toi && !state.dear && !state.mixed();
    let by_node = |line: &Line| chapter.method != Method::Toi || line.rollable || state.undoing;
    let back = |(place, line): (usize, &Line)| (line.invertible && (at_once || by_node(line))) || traceless(place);
    if chapter.lines.iter().take(most).enumerate().all(back) { Goal::Back } else { Goal::Stop }
}
