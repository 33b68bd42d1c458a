//! The loop between the machine and the world: effects become work, answers and signals become inputs.

use std::cell::Cell;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::book::BookError;
use super::crew::Crew;
use super::signals::Signals;
use crate::run::{Action, Answer, Command, Effect, Ending, Event, Fault, FaultKind, Input, Machine, State};

/// Runs a machine to its end.
pub(super) async fn drive(crew: &mut Crew<'_>, machine: &mut Machine, signals: &mut Signals) -> Ending {
    let mut effects = machine.step(Input::Start);
    loop {
        let command = match effects.pop() {
            Some(Effect::End(ending)) => return ending,
            Some(Effect::Do(command)) => command,
            // Nothing runs that could be cancelled; and without an effect there is nothing to wait for.
            Some(Effect::Cancel(_)) | None => {
                return Ending {
                    outcome: crate::run::Outcome::Unknown,
                    text: "The run stopped without saying why.".to_owned(),
                    left: Vec::new(),
                };
            }
        };
        effects = carry_out(crew, machine, signals, command).await;
    }
}

/// Journals, acts, and listens meanwhile for signals and for the loss of the lease.
async fn carry_out(crew: &mut Crew<'_>, machine: &mut Machine, signals: &mut Signals, command: Command) -> Vec<Effect> {
    let Command { id, action } = command;
    if action.changes() {
        match journal(crew, machine.state(), &action).await {
            Ok(()) => {}
            Err(Input::Answer(_, answer)) => return machine.step(Input::Answer(id, answer)),
            Err(other) => return machine.step(other),
        }
    }
    let state = machine.state().clone();
    let loss = crew.book.as_ref().map(super::book::Book::loss);
    let killer = crew.flight.as_ref().map(|flight| (crew.connector.clone(), flight.node.clone(), flight.thread));
    let stop = Stop::default();
    let mut abandoned = false;
    let answer = {
        let work = act(crew, &state, &action, &stop);
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                answer = &mut work => break answer,
                text = lost(loss.clone()) => return machine.step(Input::LeaseLost(text)),
                () = signals.next() => {
                    let asked = machine.step(Input::Interrupt);
                    if let [Effect::End(_)] = asked[..] {
                        return asked;
                    }
                    if asked.is_empty() {
                        continue;
                    }
                    match (&action, &killer) {
                        (Action::Release { .. }, Some((connector, node, thread))) => {
                            stop.ask();
                            if let Err(error) = connector.kill_query(node, *thread).await {
                                tracing::warn!("The statement could not be ended: {error}");
                            }
                        }
                        (Action::Drain { .. }, _) => {
                            abandoned = true;
                            stop.ask();
                        }
                        _ => {
                            abandoned = true;
                            break Answer::Cancelled;
                        }
                    }
                }
            }
        }
    };
    if abandoned {
        crew.hint("Stopping. What was begun is brought to a safe place first.");
    }
    let pass = machine.state().pass;
    let effects = machine.step(Input::Answer(id, answer));
    verified(crew, machine.state(), &action, pass);
    if let Action::Toi { .. } = action {
        // What the server said of a statement that no schema shows is known from here only.
        let body = body(machine.state(), &crew.baggage());
        if let Some(book) = &mut crew.book {
            match book.write("toi_answered", &body).await {
                Err(BookError::Lost(text)) => return machine.step(Input::LeaseLost(text)),
                Err(error @ BookError::Unwritable(_)) => crew.hint(error.to_string()),
                Ok(()) => {}
            }
        }
    }
    effects
}

/// What tells an action that the user asked to stop, where dropping it would leave something behind: a balancer that was told
/// half of what it should, or a statement that runs on.
#[derive(Default)]
pub(super) struct Stop {
    /// Whether it was asked for.
    pub(super) is_asked: Cell<bool>,
    told: Notify,
}

impl Stop {
    fn ask(&self) {
        self.is_asked.set(true);
        self.told.notify_one();
    }

    /// Ends once it is asked for.
    pub(super) async fn asked(&self) {
        self.told.notified().await;
    }
}

/// Tells that schemas were compared and found to be as planned. `before` is the pass of before the last answer.
fn verified(crew: &mut Crew<'_>, state: &State, action: &Action, before: usize) {
    if state.pass > before {
        // The survey behind a pass saw every node hold every statement of it.
        let nodes = crew.nodes.iter().map(|node| node.name.clone()).collect();
        let statements = crew.pass(before).map_or(0, |pass| pass.statements.len());
        crew.tell(Event::Verified { nodes, statements });
    } else if let Action::Compare { node } = action
        && state.nodes[*node].compared
    {
        let event = Event::Verified { nodes: vec![crew.name(*node)], statements: state.nodes[*node].done };
        crew.tell(event);
    }
}

/// Writes the intent. The input that is to be given instead of an answer when that fails.
async fn journal(crew: &mut Crew<'_>, state: &State, action: &Action) -> Result<(), Input> {
    if let Action::Drain { node } = action
        && let Err(fault) = crew.remember(*node).await
    {
        return Err(Input::Answer(0, Answer::Failed(fault)));
    }
    let started = Instant::now();
    let body = body(state, &crew.baggage());
    let Some(book) = &mut crew.book else { return Ok(()) };
    let written = book.write(action.name(), &body).await;
    crew.seconds.journal += started.elapsed().as_secs_f64();
    match written {
        Ok(()) => Ok(()),
        Err(BookError::Lost(text)) => Err(Input::LeaseLost(text)),
        // Without the intent in the journal the action must not happen. What is under way is still brought home:
        // a node that is out of rotation is a worse state than one whose return was not written down.
        Err(error @ BookError::Unwritable(_)) => match action {
            Action::Release { .. }
            | Action::Kill { .. }
            | Action::CatchUp { .. }
            | Action::Admit { .. }
            | Action::Tidy { .. } => {
                crew.hint(error.to_string());
                Ok(())
            }
            _ => Err(Input::Answer(0, Answer::Failed(Fault::new(FaultKind::Failed, error.to_string())))),
        },
    }
}

/// What another process needs to go on.
pub(super) fn body(state: &State, rotation: &Value) -> Value {
    json!({ "state": state, "rotation": rotation })
}

async fn lost(loss: Option<tokio::sync::watch::Receiver<Option<String>>>) -> String {
    let Some(mut loss) = loss else { return std::future::pending().await };
    loop {
        if let Some(text) = loss.borrow_and_update().clone() {
            return text;
        }
        if loss.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

async fn act(crew: &mut Crew<'_>, state: &State, action: &Action, stop: &Stop) -> Answer {
    match action {
        Action::Survey => crew.survey(state).await,
        Action::Pause { millis, why } => {
            crew.tell_waiting(why);
            sleep(Duration::from_millis(*millis)).await;
            Answer::Done
        }
        Action::OpenWindow => crew.open_window(state).await,
        Action::CloseWindow => crew.close_window(state).await,
        Action::Vet { node } => crew.vet(*node).await,
        Action::Drain { node } => crew.drain(*node, stop).await,
        Action::Desync { node } => crew.desync(*node).await,
        Action::Begin { node, statement, direction } => crew.begin(*node, state.pass, *statement, *direction).await,
        Action::Release { node, statement, .. } => {
            crew.ask_before_the_last(state, *node, *statement);
            crew.release(*node, &stop.is_asked).await
        }
        Action::Kill { node } => crew.kill(*node, state.pass).await,
        Action::Compare { node } => crew.compare(*node, state.pass).await,
        Action::CatchUp { node } => crew.catch_up(*node).await,
        Action::Admit { node } => crew.admit(*node).await,
        Action::Settle { node } => crew.settle(*node, state).await,
        Action::Clear { .. } => crew.clear(state.pass).await,
        Action::Toi { statement, direction } => crew.toi(state.pass, *statement, *direction).await,
        Action::Copy { statement } => crew.copy(state.pass, *statement).await,
        Action::Swap { statement } => crew.swap(state.pass, *statement).await,
        Action::Tidy { statement } => crew.tidy(state.pass, *statement).await,
    }
}
