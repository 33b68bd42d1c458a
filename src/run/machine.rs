//! (state, input) to (state, effects).

use super::decide::{Next, next};
use super::ending::ending;
use super::state::Flight;
use super::survey::{absorb, back_over_what_left_no_trace, retreat};
use super::{Action, Answer, Begun, Command, Direction, Effect, Fault, FaultKind, Goal, Input, Place, Script, State};

/// How often a statement is begun on a node before the run gives up.
const ATTEMPTS: u32 = 5;

/// What the pause behind a kill is for.
const KILLED: &str = "The statement was told to end.";

/// A run.
#[derive(Clone, Debug)]
pub struct Machine {
    script: Script,
    state: State,
    /// The command whose answer is awaited.
    pending: Option<Command>,
    count: u64,
    over: bool,
    /// Nothing had been changed before the pending command.
    untouched: bool,
}

impl Machine {
    /// A run that begins, or one that is taken over from the journal.
    pub fn new(script: Script, state: State) -> Self {
        Self { script, state, pending: None, count: 0, over: false, untouched: true }
    }

    /// What is known and wanted now. With the effects of [`Machine::step`] at hand this is what the journal must
    /// hold before they are carried out.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The plan as the machine sees it.
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// Takes an input in.
    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        if self.over {
            return Vec::new();
        }
        match input {
            Input::Start if self.pending.is_none() => self.advance(),
            Input::Start => Vec::new(),
            Input::Answer(id, answer) => match self.pending.take() {
                Some(command) if command.id == id => {
                    self.learn(&command.action, answer);
                    self.advance()
                }
                // Late, or repeated: the machine has gone on and knows better.
                other => {
                    self.pending = other;
                    Vec::new()
                }
            },
            Input::Interrupt => self.interrupt(),
            Input::LeaseLost(text) => {
                self.state.blame(Fault::new(FaultKind::LeaseLost, text));
                self.state.stuck = true;
                self.end()
            }
        }
    }

    fn interrupt(&mut self) -> Vec<Effect> {
        let again = self.state.fault.as_ref().is_some_and(|fault| fault.kind == FaultKind::Interrupted);
        let stopping = self.state.goal == Goal::Stop;
        self.state.blame(Fault::new(FaultKind::Interrupted, "Stopped because you asked for it."));
        self.state.goal = Goal::Stop;
        match &self.pending {
            Some(Command { id, action: Action::Pause { .. } }) => {
                // A run that stops still waits for the node that it has out of rotation; who asks once more does not.
                self.state.waited = if stopping { u64::MAX } else { 0 };
                vec![Effect::Cancel(*id)]
            }
            Some(command) if command.action.can_be_cancelled() && !again => vec![Effect::Cancel(command.id)],
            Some(_) => Vec::new(),
            None => self.advance(),
        }
    }

    fn end(&mut self) -> Vec<Effect> {
        self.over = true;
        vec![Effect::End(ending(&self.script, &self.state))]
    }

    /// Goes to the next action. The state is set to the worst that the action can leave behind, so that what is in
    /// the journal is never better than what is on the nodes.
    fn advance(&mut self) -> Vec<Effect> {
        if self.state.goal == Goal::Back {
            back_over_what_left_no_trace(&mut self.state);
        }
        loop {
            match next(&self.script, &self.state) {
                Next::End => return self.end(),
                Next::Turn => {
                    self.state.pass += 1;
                    self.state.enter(&self.script);
                }
                Next::Do(action) => {
                    self.intend(&action);
                    self.count += 1;
                    let command = Command { id: self.count, action };
                    self.pending = Some(command.clone());
                    return vec![Effect::Do(command)];
                }
            }
        }
    }

    fn intend(&mut self, action: &Action) {
        let state = &mut self.state;
        self.untouched = !state.touched;
        state.touched |= action.changes();
        state.sound &= !action.changes();
        match action {
            Action::Drain { node } => {
                state.nodes[*node].place = Place::Leaving;
                state.vetted = None;
            }
            Action::Admit { node } => state.nodes[*node].place = Place::Leaving,
            Action::Desync { node } => state.nodes[*node].desynced = true,
            Action::Begin { node, statement, direction } => {
                state.flight = Some(Flight { node: *node, statement: *statement, direction: *direction });
            }
            Action::OpenWindow => state.window = true,
            Action::CloseWindow => state.window_sure = false,
            Action::Toi { direction, .. } => {
                state.sent = true;
                state.undoing = *direction == Direction::Back;
                state.toi_unsure = true;
                state.cleared = false;
            }
            Action::Copy { .. } => state.copy = true,
            Action::Swap { .. } => {
                state.sent = true;
                state.toi_unsure = true;
            }
            _ => {}
        }
    }

    fn learn(&mut self, action: &Action, answer: Answer) {
        let state = &mut self.state;
        match (action, answer) {
            (_, Answer::Unsure(_)) if matches!(action, Action::Admit { .. } | Action::CloseWindow) => {
                self.stick(format!("It is not known whether the step `{}` took effect.", action.name()));
            }
            // Whatever it was: look.
            (_, Answer::Unsure(_)) => {
                state.unsure += 1;
                if matches!(action, Action::Kill { .. }) {
                    state.pause = Some(KILLED.to_owned());
                }
                if state.unsure > 20 {
                    self.stick(format!("The outcome of the step `{}` could not be found out.", action.name()));
                } else {
                    state.surveyed = false;
                }
            }
            (Action::Survey, Answer::Survey(seen)) => absorb(&self.script, state, &seen),
            (Action::Pause { millis, .. }, _) => {
                state.pause = None;
                state.waited = state.waited.saturating_add(*millis);
            }
            (Action::Compare { node }, Answer::Fingerprint(schema)) => self.compared(*node, schema),
            (
                Action::Begin { node, statement, direction } | Action::Release { node, statement, direction },
                Answer::Begun(begun),
            ) => {
                self.begun(*node, *statement, *direction, begun);
            }
            (Action::Release { node, statement, direction }, Answer::Done) => self.ran(*node, *statement, *direction),
            (Action::Begin { node, .. } | Action::Release { node, .. }, Answer::Failed(fault)) => {
                state.flight = None;
                state.nodes[*node].compared = false;
                let already_back = state.goal == Goal::Back;
                state.blame(fault);
                if state.goal != Goal::Stop {
                    state.goal = if already_back { Goal::Stop } else { retreat(&self.script, state) };
                }
            }
            // The end may have come before the kill: the survey finds out, and forgets the flight.
            (Action::Release { .. }, Answer::Cancelled) => state.surveyed = false,
            (Action::Kill { .. }, Answer::Done | Answer::Cancelled) => {
                state.surveyed = false;
                state.pause = Some(KILLED.to_owned());
            }
            (action, Answer::Done) => done(state, action),
            // What it has left is looked at, and removed.
            (Action::Copy { .. }, Answer::Cancelled) => state.surveyed = false,
            (
                Action::Drain { .. }
                | Action::Survey
                | Action::Settle { .. }
                | Action::Clear { .. }
                | Action::Vet { .. },
                Answer::Cancelled,
            ) => {
                state.settling = None;
            }
            (action, Answer::Failed(fault)) => self.failed(action, fault),
            (action, _) => {
                let text = format!("The step `{}` got an answer that makes no sense to it.", action.name());
                state.blame(Fault::new(FaultKind::Unknown, text));
                state.stuck = true;
            }
        }
    }

    fn begun(&mut self, node: usize, statement: usize, direction: Direction, begun: Begun) {
        let state = &mut self.state;
        match begun {
            Begun::Proven => {}
            Begun::Ended => self.ran(node, statement, direction),
            Begun::NotRsu(why) | Begun::Blocked(why) => {
                state.flight = None;
                state.attempts += 1;
                if state.attempts >= ATTEMPTS && state.goal != Goal::Stop {
                    state.blame(Fault::new(FaultKind::Failed, why));
                    state.goal = if state.goal == Goal::Back { Goal::Stop } else { retreat(&self.script, state) };
                }
            }
        }
    }

    /// A statement came to a good end on a node.
    fn ran(&mut self, node: usize, statement: usize, direction: Direction) {
        let state = &mut self.state;
        state.flight = None;
        state.attempts = 0;
        state.nodes[node].compared = false;
        state.nodes[node].done = match direction {
            Direction::Forward => statement + 1,
            Direction::Back => statement,
        };
    }

    /// The schema of a node must be the one that the statements so far make of it.
    fn compared(&mut self, node: usize, schema: String) {
        let state = &mut self.state;
        let done = state.nodes[node].done;
        let name = &self.script.nodes[node];
        let expected = &state.chain[done];
        let wrong = match expected {
            Some(expected) if *expected != schema => {
                Some(format!("The schema on node {name} is not what the statements so far make of it."))
            }
            Some(_) => None,
            // The first node that gets here: it must have changed if the statement changes anything.
            None if done > 0
                && self.script.chapters[state.pass].lines[done - 1].must_show
                && state.chain[done - 1].as_ref() == Some(&schema) =>
            {
                Some(format!("The statement succeeded on node {name}, and the schema there is still what it was."))
            }
            None => None,
        };
        if let Some(text) = wrong {
            state.blame(Fault::new(FaultKind::Unknown, text));
            state.stuck = true;
            return;
        }
        state.chain[done] = Some(schema);
        state.nodes[node].compared = true;
    }

    fn failed(&mut self, action: &Action, fault: Fault) {
        let state = &mut self.state;
        if self.untouched && matches!(fault.kind, FaultKind::Refused | FaultKind::Unobservable) {
            // The very first action was refused before it did anything.
            state.touched = false;
            if let Action::Drain { node } = action {
                state.nodes[*node].place = Place::Serving;
            }
            if let Action::Copy { .. } = action {
                state.copy = false;
            }
        }
        match action {
            // The node may be on its way out or not: it is brought home either way.
            Action::Drain { .. } | Action::Clear { .. } | Action::Vet { .. } => {
                state.blame(fault);
                state.goal = Goal::Stop;
            }
            Action::OpenWindow => {
                state.window_failed = true;
                state.blame(fault);
                state.goal = Goal::Stop;
            }
            Action::Desync { node } => {
                state.blame(fault);
                state.goal = Goal::Stop;
                state.nodes[*node].desynced = false;
            }
            Action::Copy { .. } | Action::Swap { .. } => {
                state.sent = false;
                state.toi_unsure = false;
                state.blame(fault);
                state.goal = Goal::Stop;
                state.surveyed = false;
            }
            Action::Toi { direction: Direction::Back, .. } if fault.kind == FaultKind::Refused => {
                // It has changed nothing. Perhaps the nodes can go back one by one.
                state.dear = true;
                state.undoing = false;
                state.toi_unsure = false;
                state.surveyed = false;
                if state.goal == Goal::Back && retreat(&self.script, state) == Goal::Stop {
                    state.blame(fault);
                    state.goal = Goal::Stop;
                }
            }
            Action::Toi { .. } => {
                state.toi_error = Some(fault.text.clone());
                state.toi_unsure = false;
                state.blame(fault);
                state.surveyed = false;
                // Some nodes may hold it all the same: the survey finds out, and whether the way back is open.
                state.goal = if state.goal == Goal::Forward { Goal::Back } else { Goal::Stop };
            }
            Action::Kill { .. } | Action::Compare { .. } | Action::Survey => {
                state.surveyed = false;
                state.blame(fault);
                state.stuck = true;
            }
            _ => {
                state.blame(fault);
                state.stuck = true;
            }
        }
    }

    fn stick(&mut self, text: String) {
        self.state.blame(Fault::new(FaultKind::Failed, text));
        self.state.stuck = true;
    }
}

/// An action is in force.
fn done(state: &mut State, action: &Action) {
    match action {
        Action::Vet { node } => state.vetted = Some(*node),
        Action::Drain { node } => state.nodes[*node].place = Place::Out,
        Action::CatchUp { node } => state.nodes[*node].desynced = false,
        Action::Admit { node } => {
            state.nodes[*node].place = Place::Serving;
            state.settling = Some(*node);
            state.attempts = 0;
            state.surveyed = false;
        }
        Action::Settle { .. } => {
            state.settling = None;
            state.surveyed = false;
        }
        Action::CloseWindow => {
            state.window = false;
            for node in &mut state.nodes {
                node.conversions = None;
            }
        }
        Action::OpenWindow => state.window_sure = true,
        Action::Clear { .. } => state.cleared = true,
        Action::Toi { .. } | Action::Swap { .. } => {
            state.toi_done = true;
            state.toi_unsure = false;
            state.surveyed = false;
            // The copy is the table now.
            state.copied = false;
        }
        Action::Copy { .. } => {
            state.copied = true;
            // It took its time: the nodes are looked at, and what could hold the swap up, as before the first step.
            state.cleared = false;
            state.surveyed = false;
        }
        Action::Tidy { .. } => {
            state.copy = false;
            state.copied = false;
            state.surveyed = false;
        }
        _ => {}
    }
}
