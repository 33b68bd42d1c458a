//! Follows a run's events and remembers when each node was out of the ordinary.

use std::collections::BTreeMap;
use std::time::Duration;

use super::picture::{Phase, Span};
use crate::plan::{Method, Plan};
use crate::run::{Event, EventSink, Stamped};
use crate::sandbox::workload::Window;

/// A node's way through one drain, or the cluster's through one statement in TOI.
#[derive(Clone, Debug, Default)]
struct Cycle {
    node: String,
    /// The 1-based index of a statement that ran in it.
    statement: usize,
    from: Duration,
    to: Duration,
    spans: Vec<Span>,
    /// Times of parts in seconds.
    drain: f64,
    ddl: f64,
}

/// What one pass of the plan came to. Times count from the workload's start.
#[derive(Clone, Debug)]
pub(super) struct Lap {
    pub(super) method: Method,
    pub(super) statements: Vec<usize>,
    /// From the first action to the last.
    pub(super) window: Window,
    /// What each node went through.
    pub(super) nodes: Vec<(String, Vec<Span>)>,
    /// The nodes' own DDL time, summed, in seconds.
    pub(super) ddl: f64,
    /// Drains and settles within the window, summed, in seconds.
    pub(super) drains_and_settles: f64,
}

impl Lap {
    /// What was going on in a stretch of time, for people.
    pub(super) fn during(&self, time: Window) -> String {
        let doings: Vec<String> = self
            .nodes
            .iter()
            .flat_map(|(name, spans)| spans.iter().map(move |span| (name, span)))
            .filter(|(_, span)| span.from < time.to && time.from < span.to)
            .map(|(name, span)| format!("{name} was {}", span.phase.doing()))
            .collect();
        if doings.is_empty() { "all nodes were in service".into() } else { doings.join(", ") }
    }
}

/// Takes a run's events with the workload's clock.
pub(super) struct Track<'a, S> {
    now: Box<dyn Fn() -> Duration + 'a>,
    /// Tells the reader of each event.
    view: S,
    /// Nodes that are out of the ordinary at the moment.
    open: BTreeMap<String, (Cycle, Phase, Duration)>,
    done: Vec<Cycle>,
    toi: Option<(usize, Duration)>,
    settles: Vec<(Duration, f64)>,
}

impl<'a, S> Track<'a, S> {
    /// `now` is the workload's clock; `view` tells the reader of each event.
    pub(super) fn new(now: impl Fn() -> Duration + 'a, view: S) -> Self {
        Self { now: Box::new(now), view, open: BTreeMap::new(), done: Vec::new(), toi: None, settles: Vec::new() }
    }

    /// The view, once the run is over.
    pub(super) fn into_view(self) -> S {
        self.view
    }

    /// The run's passes in order, those that did not run left out.
    pub(super) fn laps(&self, plan: &Plan) -> Vec<Lap> {
        plan.passes.iter().filter_map(|pass| self.lap(pass.method, &pass.statements, &plan.nodes)).collect()
    }

    fn lap(&self, method: Method, statements: &[usize], nodes: &[String]) -> Option<Lap> {
        let cycles: Vec<&Cycle> = self.done.iter().filter(|cycle| statements.contains(&cycle.statement)).collect();
        let window = Window {
            from: cycles.iter().map(|cycle| cycle.from).min()?,
            to: cycles.iter().map(|cycle| cycle.to).max()?,
        };
        let of_node = |name: &String| {
            let mine = cycles.iter().filter(|cycle| cycle.node == *name);
            (name.clone(), mine.flat_map(|cycle| cycle.spans.iter().copied()).collect())
        };
        let settles = self.settles.iter().filter(|(at, _)| window.holds(*at)).map(|(_, seconds)| seconds).sum::<f64>();
        Some(Lap {
            method,
            statements: statements.to_vec(),
            window,
            nodes: nodes.iter().map(of_node).collect(),
            ddl: cycles.iter().map(|cycle| cycle.ddl).sum(),
            drains_and_settles: cycles.iter().map(|cycle| cycle.drain).sum::<f64>() + settles,
        })
    }

    /// The node goes from one phase to the next.
    fn enter(&mut self, node: &str, phase: Phase) {
        let now = (self.now)();
        if let Some((cycle, current, since)) = self.open.get_mut(node) {
            cycle.spans.push(Span { phase: *current, from: *since, to: now });
            (*current, *since) = (phase, now);
        } else {
            let cycle = Cycle { node: node.into(), from: now, ..Cycle::default() };
            self.open.insert(node.into(), (cycle, phase, now));
        }
    }

    fn change(&mut self, node: &str, change: impl FnOnce(&mut Cycle)) {
        if let Some((cycle, ..)) = self.open.get_mut(node) {
            change(cycle);
        }
    }
}

impl<S: EventSink> EventSink for Track<'_, S> {
    fn event(&mut self, stamped: &Stamped) {
        match &stamped.event {
            Event::DrainStarted { node } => self.enter(node, Phase::Draining),
            Event::Drained { node, seconds, .. } => self.change(node, |cycle| cycle.drain += seconds),
            Event::DdlStarted { node, statement, .. } => {
                self.enter(node, Phase::Ddl);
                self.change(node, |cycle| cycle.statement = *statement);
            }
            Event::DdlFinished { node, seconds, .. } => {
                self.enter(node, Phase::CatchingUp);
                self.change(node, |cycle| cycle.ddl += seconds);
            }
            Event::Admitted { node, .. } => {
                if let Some((mut cycle, phase, since)) = self.open.remove(node) {
                    cycle.to = (self.now)();
                    cycle.spans.push(Span { phase, from: since, to: cycle.to });
                    self.done.push(cycle);
                }
            }
            Event::Settling { seconds, .. } => self.settles.push(((self.now)(), *seconds)),
            Event::ToiSent { statement, .. } => self.toi = Some((*statement, (self.now)())),
            Event::ToiFinished { seconds, .. } => {
                if let Some((statement, from)) = self.toi.take() {
                    let cycle = Cycle { statement, from, to: (self.now)(), ddl: *seconds, ..Cycle::default() };
                    self.done.push(cycle);
                }
            }
            _ => {}
        }
        self.view.event(stamped);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_node_goes_through_its_phases() {
        struct Nobody;
        impl EventSink for Nobody {
            fn event(&mut self, _: &Stamped) {}
        }
        let clock = Cell::new(0);
        let mut track = Track::new(|| Duration::from_secs(clock.get()), Nobody);
        let mut tell = |at: u64, event: Event| {
            clock.set(at);
            track.event(&Stamped { v: 1, ts: String::new(), run: String::new(), at: 0.0, event });
        };
        let node = || "n1".to_owned();
        tell(1, Event::DrainStarted { node: node() });
        tell(3, Event::Drained { node: node(), seconds: 2.0, closed: 0 });
        let started = Event::DdlStarted {
            node: node(),
            statement: 4,
            direction: crate::run::Direction::Forward,
            sql: String::new(),
        };
        tell(4, started);
        tell(9, Event::DdlFinished { node: node(), statement: 4, seconds: 5.0, error: None, affected_rows: 0 });
        tell(10, Event::Admitted { node: node(), seconds: 0.1 });
        tell(10, Event::Settling { node: node(), seconds: 3.0 });
        let lap = track.lap(Method::Rsu, &[4], &[node(), "n2".into()]).unwrap();
        assert_eq!(lap.window, Window { from: Duration::from_secs(1), to: Duration::from_secs(10) });
        let phases: Vec<(Phase, u64, u64)> =
            lap.nodes[0].1.iter().map(|span| (span.phase, span.from.as_secs(), span.to.as_secs())).collect();
        assert_eq!(phases, [(Phase::Draining, 1, 4), (Phase::Ddl, 4, 9), (Phase::CatchingUp, 9, 10)]);
        assert!(lap.nodes[1].1.is_empty());
        assert!((lap.ddl - 5.0).abs() < 1e-9);
        // The settle after the last node lies outside of the pass.
        assert!((lap.drains_and_settles - 2.0).abs() < 1e-9);
        assert!(track.lap(Method::Toi, &[5], &[]).is_none());
    }
}
