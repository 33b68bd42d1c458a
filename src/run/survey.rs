//! What a survey teaches: observations win over what was remembered.

use super::judge::{Problem, judge};
use super::{Fault, FaultKind, Goal, Place, Script, Seen, State};
use crate::plan::Method;

/// How long a run waits before it looks again at nodes that are not ready, in milliseconds.
pub(super) const PAUSE_MILLIS: u64 = 500;

/// Takes a survey in. Afterwards the run goes on, looks again after a pause, or has a fault and another goal.
pub(super) fn absorb(script: &Script, state: &mut State, seen: &[Seen]) {
    if seen.len() != state.nodes.len() {
        state.blame(Fault::new(FaultKind::Unobservable, "The survey does not cover every node of the plan."));
        state.stuck = true;
        return;
    }
    places(state, seen);
    if let Some(flight) = &state.flight
        && seen[flight.node].busy.is_some()
    {
        // The statement still runs, and nobody listens to it: it is waited for, or ended when the run is to stop.
        state.pause = state.goal != Goal::Stop;
        state.surveyed = !state.pause;
        return;
    }
    let problem = match judge(script, state, seen) {
        Err(problem) => Some(problem),
        Ok(()) => schemas(script, state, seen).err(),
    };
    let Some(problem) = problem else {
        state.surveyed = true;
        state.waited = 0;
        return;
    };
    let patience = u64::try_from(script.patience.as_millis()).unwrap_or(u64::MAX);
    if problem.passing && state.touched && state.waited < patience && state.goal != Goal::Stop {
        state.pause = true;
        return;
    }
    give_up(script, state, seen, problem);
}

/// The nodes are not what the run needs, and waiting has not helped.
fn give_up(script: &Script, state: &mut State, seen: &[Seen], problem: Problem) {
    let unknown = problem.fault.kind == FaultKind::Unknown;
    state.blame(problem.fault);
    let away = state.nodes.iter().position(|node| !node.at_home());
    let lost = away.is_some_and(|node| seen[node].unreachable.is_some() || seen[node].busy.is_some());
    if unknown || lost || state.goal == Goal::Stop {
        state.stuck = away.is_some();
    }
    if unknown && away.is_none() && script.chapters.get(state.pass).is_some_and(|chapter| chapter.window) {
        // Nobody knows whether rows can cross without the window.
        state.stuck = true;
    }
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

/// Which statements the nodes hold.
fn schemas(script: &Script, state: &mut State, seen: &[Seen]) -> Result<(), Problem> {
    let Some(chapter) = script.chapters.get(state.pass) else { return Ok(()) };
    let mut read = Vec::new();
    for (number, it) in seen.iter().enumerate() {
        match &it.schema {
            Some(schema) => read.push(schema.clone()),
            None if state.goal == Goal::Stop && it.unreachable.is_some() => return Ok(()),
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
    if chapter.method == Method::Toi && state.sent && state.chain[1].is_none() {
        after_toi(script, state, &read)?;
    }
    if chapter.method == Method::PtOsc {
        after_copy(state, seen, &read)?;
    }
    someone_else_changed(state, &read);
    for (number, schema) in read.iter().enumerate() {
        place_in_chain(script, state, number, schema)?;
    }
    if let Some(flight) = state.flight.take() {
        // No statement runs any more (a node that is busy does not get here), and the schemas have told the rest.
        state.nodes[flight.node].compared = false;
    }
    if state.toi_error.is_some() && state.goal == Goal::Forward {
        state.goal = retreat(script, state);
    }
    if state.goal == Goal::Back {
        back_over_what_left_no_trace(state);
        if retreat(script, state) == Goal::Stop {
            return Err(Problem {
                fault: Fault::new(
                    FaultKind::Failed,
                    "What was done cannot be undone: the plan has no inverse for it. `schema resume` finishes it.",
                ),
                passing: false,
            });
        }
    }
    Ok(())
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

/// After a TOI statement each node holds the schema of before or a new one, the same everywhere.
fn after_toi(script: &Script, state: &mut State, read: &[String]) -> Result<(), Problem> {
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
        None if state.toi_error.is_some() => {}
        None if !state.toi_unsure => {
            // It succeeded and left nothing to see, as OPTIMIZE, GRANT or IF NOT EXISTS do.
            state.chain[1] = Some(before);
            for node in &mut state.nodes {
                node.done = 1;
            }
        }
        None if line.must_show || line.repeatable => {
            // It never ran, or it may run once more without harm.
            state.sent = false;
            state.cleared = false;
        }
        None => {
            return Err(unknown(format!(
                "Nobody knows whether statement {} ran: the schema does not show it.",
                line.index
            )));
        }
    }
    Ok(())
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
    if state.flight.is_some() {
        return;
    }
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

/// Finds the number of statements that a node's schema holds.
fn place_in_chain(script: &Script, state: &mut State, number: usize, schema: &str) -> Result<(), Problem> {
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
    let flew = state.flight.as_ref().is_some_and(|flight| {
        flight.node == number && flight.direction == super::Direction::Forward && flight.statement == done
    });
    if flew && state.chain.get(done + 1).is_some_and(Option::is_none) {
        // The first node's statement came to its end while nobody watched: this is what it makes.
        state.chain[done + 1] = Some(schema.to_owned());
        state.nodes[number].done = done + 1;
        return Ok(());
    }
    Err(unknown(format!(
        "The schema on node {} is neither what it was before the change nor what the change makes of it.",
        script.nodes[number]
    )))
}

fn unknown(text: String) -> Problem {
    Problem { fault: Fault::new(FaultKind::Unknown, text), passing: false }
}

/// Where to go when a statement cannot be run: back when everything that was done has an inverse, else no further.
pub(super) fn retreat(script: &Script, state: &State) -> Goal {
    let Some(chapter) = script.chapters.get(state.pass) else { return Goal::Stop };
    let most = state.nodes.iter().map(|node| node.done).max().unwrap_or(0);
    let traceless = |place: usize| state.chain[place].is_some() && state.chain[place] == state.chain[place + 1];
    let back = |(place, line): (usize, &super::script::Line)| line.invertible || traceless(place);
    if chapter.lines.iter().take(most).enumerate().all(back) { Goal::Back } else { Goal::Stop }
}
