//! The order in which the dangerous things happen: (state, event) to (state, effect), without any I/O.
//!
//! The machine asks for one effect at a time. Before each step it asks that the intent be recorded, after it the
//! outcome, so that a program killed at any instant leaves behind how far it had come. [`Machine::resume`] takes
//! that record and what is observed on the nodes now; where the two disagree, the nodes are right.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Up to a later version, or back to an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// To a later version.
    Forward,
    /// To an earlier version.
    Back,
}

/// What is done to one node, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The whole cluster is healthy and can spare the node.
    Check,
    /// The node's state goes into the bundle.
    Capture,
    /// What can be done while the node still serves, such as fetching the packages.
    Prepare,
    /// The node leaves the load balancers, and its sessions with it.
    Drain,
    /// The server stops cleanly.
    Stop,
    /// The binaries are replaced.
    Install,
    /// The configuration is adapted and checked.
    Configure,
    /// The server starts.
    Start,
    /// The node has what it had missed and belongs to the cluster again.
    Join,
    /// The error log since the start holds nothing bad.
    ReadLog,
    /// The system tables are brought to the version.
    UpgradeTables,
    /// Versions, protocols, settings and schema are what they should be.
    Verify,
    /// The node is Synced and its queue is empty.
    CatchUp,
    /// The node is back in the load balancers.
    Admit,
    /// The node serves for a while.
    Settle,
    /// The whole cluster is still healthy.
    Health,
}

impl Step {
    /// All steps, in order.
    pub const ALL: [Self; 16] = [
        Self::Check,
        Self::Capture,
        Self::Prepare,
        Self::Drain,
        Self::Stop,
        Self::Install,
        Self::Configure,
        Self::Start,
        Self::Join,
        Self::ReadLog,
        Self::UpgradeTables,
        Self::Verify,
        Self::CatchUp,
        Self::Admit,
        Self::Settle,
        Self::Health,
    ];

    /// The name in the journal and in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Capture => "capture",
            Self::Prepare => "prepare",
            Self::Drain => "drain",
            Self::Stop => "stop",
            Self::Install => "install",
            Self::Configure => "configure",
            Self::Start => "start",
            Self::Join => "join",
            Self::ReadLog => "read_log",
            Self::UpgradeTables => "upgrade_tables",
            Self::Verify => "verify",
            Self::CatchUp => "catch_up",
            Self::Admit => "admit",
            Self::Settle => "settle",
            Self::Health => "health",
        }
    }

    fn next(self) -> Option<Self> {
        Self::ALL.get(self as usize + 1).copied()
    }
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "result")]
pub enum StepResult {
    /// Done, and seen to be done.
    Done {
        /// What was seen, for the report.
        note: String,
        /// How long it took.
        seconds_milli: u64,
    },
    /// It did not succeed.
    Failed {
        /// What happened, in full sentences.
        reason: String,
        /// Whether the server, seen after the failure, still serves as it did before.
        serving: bool,
    },
}

/// What is seen of a node before a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Observed {
    /// The server answers and runs the version that the run goes to.
    OnTarget,
    /// It answers with the target's numbers, and does not show which package of it it runs.
    Unsure,
    /// The server answers and runs another version.
    OnOther,
    /// The server does not answer.
    Down,
}

/// One line of the run's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "entry")]
pub enum Entry {
    /// A step is about to begin.
    Intent {
        /// On this node.
        node: String,
        /// This step.
        step: Step,
    },
    /// A step has ended.
    Outcome {
        /// On this node.
        node: String,
        /// This step.
        step: Step,
        /// Like this.
        result: StepResult,
    },
    /// A node whose server still runs as before is about to be put back into service.
    PutBackIntent {
        /// This node.
        node: String,
    },
    /// The watch over the whole cluster is about to begin.
    WatchIntent,
    /// Something about a node that a later process must know, such as what its load balancers said before the drain.
    Note {
        /// The node.
        node: String,
        /// What it is.
        key: String,
        /// The thing itself; null takes an earlier note back.
        value: serde_json::Value,
    },
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The entry is durable in the journal.
    Recorded,
    /// The step that was asked for has ended.
    Did(StepResult),
    /// The person said yes or no.
    Answered(bool),
}

/// What is to be done next. There is always exactly one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Write this to the journal, durably.
    Record(Entry),
    /// Carry out this step on this node.
    Perform {
        /// The node.
        node: String,
        /// The step.
        step: Step,
    },
    /// Put this node, which serves as before, back into the load balancers.
    PutBack {
        /// The node.
        node: String,
    },
    /// Ask whether to go on with this node.
    Ask {
        /// The node.
        node: String,
    },
    /// Watch the whole cluster for the configured time.
    Watch,
    /// The run is over.
    Finish(Ending),
}

/// How a run ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every node runs the target, in service.
    Complete,
    /// Stopped between two nodes: the run holds none out of service.
    StoppedInService {
        /// Whether any node was upgraded by then.
        changed: bool,
        /// Why.
        reason: String,
    },
    /// Stopped; one node is out of service, the others are in service.
    StoppedWithout {
        /// The node that is out.
        node: String,
        /// The step that it stands before.
        step: Step,
        /// Why.
        reason: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The person is asked.
    Asking,
    /// The intent is being recorded.
    Intending,
    /// The step is being carried out.
    Doing,
    /// The outcome is being recorded.
    Closing,
    /// The way back into service is recorded.
    PutBackIntending,
    /// The node goes back into service.
    PuttingBack,
    /// The watch is recorded.
    WatchIntending,
    /// The watch goes on.
    Watching,
    Finished,
}

/// A node on which something is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The node.
    pub node: String,
    /// Where it begins: `Check` when it is still to be upgraded, `Join` when it runs the target already, `Stop` when
    /// an earlier run left it without a server that answers.
    pub begin: Step,
    /// Whether an earlier attempt may have left it out of service.
    pub open: bool,
}

/// The run.
#[derive(Clone, Debug)]
pub struct Machine {
    nodes: Vec<Turn>,
    confirm_each: bool,
    at: usize,
    step: Step,
    phase: Phase,
    /// Whether a node ran the target, or may have, before this run began.
    mixed: bool,
    upgraded: usize,
    stop: Option<String>,
    failure: Option<String>,
    result: Option<StepResult>,
}

impl Machine {
    /// A run over `nodes` in this order.
    pub fn new(nodes: Vec<Turn>, confirm_each: bool) -> Self {
        let step = nodes.first().map_or(Step::Check, |turn| turn.begin);
        Self {
            mixed: nodes.iter().any(|turn| turn.begin != Step::Check),
            nodes,
            confirm_each,
            at: 0,
            step,
            phase: Phase::Asking,
            upgraded: 0,
            stop: None,
            failure: None,
            result: None,
        }
    }

    /// The run that goes on where the recorded one ended. `order` are the nodes of its plan; a node without an
    /// observation counts as down. One that was made and never begun takes its `planned` turns: its nodes may begin
    /// half-way.
    pub fn resume(
        planned: Vec<Turn>,
        order: &[String],
        record: &[Entry],
        seen: &BTreeMap<String, Observed>,
        confirm_each: bool,
    ) -> Self {
        // Notes are handed on by the run that a rollback takes back.
        if record.iter().all(|entry| matches!(entry, Entry::Note { .. })) {
            return Self::new(planned, confirm_each);
        }
        let mut nodes: Vec<Turn> = Vec::new();
        let mut upgraded = 0;
        for node in order {
            let observed = seen.get(node).copied().unwrap_or(Observed::Down);
            match resume_at(last_of(record, node), observed) {
                Some(begin) => {
                    nodes.push(Turn { node: node.clone(), begin, open: last_of(record, node).is_open() });
                }
                None => upgraded += 1,
            }
        }
        // A node that is out of service is brought back before another one is touched.
        nodes.sort_by_key(|turn| (!turn.open, turn.begin < Step::Stop));
        let mut machine = Self::new(nodes, confirm_each);
        machine.upgraded = upgraded;
        machine
    }

    /// Asks the run to end at the next point where every node is in service. Returns what it will still do.
    pub fn request_stop(&mut self, reason: &str) -> &'static str {
        self.stop = Some(reason.to_owned());
        if self.step < Step::Stop { "put the node back into service" } else { "finish the node that is out of service" }
    }

    /// The node and the step at which the run stands.
    pub fn position(&self) -> Option<(&str, Step)> {
        self.nodes.get(self.at).map(|turn| (turn.node.as_str(), self.step))
    }

    /// How the run begins.
    pub fn begin(&mut self) -> Effect {
        self.next_node()
    }

    /// What is to be done after `event`.
    pub fn on(&mut self, event: Event) -> Effect {
        match (self.phase, event) {
            (Phase::Asking, Event::Answered(true)) => self.intend(),
            (Phase::Asking, Event::Answered(false)) => {
                self.finish_before_node("You chose not to go on with this node.".to_owned())
            }
            (Phase::Intending, Event::Recorded) => {
                self.phase = Phase::Doing;
                Effect::Perform { node: self.node(), step: self.step }
            }
            (Phase::Doing, Event::Did(result)) => {
                self.phase = Phase::Closing;
                self.result = Some(result.clone());
                Effect::Record(Entry::Outcome { node: self.node(), step: self.step, result })
            }
            (Phase::Closing, Event::Recorded) => self.after_step(),
            (Phase::PutBackIntending, Event::Recorded) => {
                self.phase = Phase::PuttingBack;
                Effect::PutBack { node: self.node() }
            }
            (Phase::PuttingBack, Event::Did(result)) => {
                let why = self.failure.take().unwrap_or_default();
                match result {
                    StepResult::Done { .. } => self.finish_in_service(why),
                    StepResult::Failed { reason, .. } => self.finish_without(format!("{why} {reason}")),
                }
            }
            (Phase::WatchIntending, Event::Recorded) => {
                self.phase = Phase::Watching;
                Effect::Watch
            }
            (Phase::Watching, Event::Did(result)) => match result {
                StepResult::Done { .. } => self.finish(Ending::Complete),
                StepResult::Failed { reason, .. } => self.finish_in_service(reason),
            },
            // An event that does not belong here is a fault of the program around the machine. Nothing dangerous
            // follows from it: the run ends where it is.
            (_, event) => self.finish_without(format!("The run met an event that it did not expect: {event:?}.")),
        }
    }

    fn node(&self) -> String {
        self.nodes.get(self.at).map(|turn| turn.node.clone()).unwrap_or_default()
    }

    fn next_node(&mut self) -> Effect {
        let Some(Turn { node, begin, .. }) = self.nodes.get(self.at).cloned() else {
            self.phase = Phase::WatchIntending;
            return Effect::Record(Entry::WatchIntent);
        };
        self.step = begin;
        if let Some(reason) = self.stop.take() {
            return self.finish_before_node(reason);
        }
        if self.confirm_each {
            self.phase = Phase::Asking;
            return Effect::Ask { node };
        }
        self.intend()
    }

    fn intend(&mut self) -> Effect {
        self.phase = Phase::Intending;
        Effect::Record(Entry::Intent { node: self.node(), step: self.step })
    }

    fn after_step(&mut self) -> Effect {
        match self.result.take() {
            Some(StepResult::Failed { reason, serving }) => self.after_failure(reason, serving),
            _ => {
                // Until the server is stopped the way back costs nothing; afterwards the way forward is shorter.
                if self.step < Step::Stop
                    && let Some(reason) = self.stop.take()
                {
                    return self.after_failure(reason, true);
                }
                match self.step.next() {
                    Some(step) => {
                        self.step = step;
                        self.intend()
                    }
                    None => {
                        self.upgraded += 1;
                        self.at += 1;
                        self.next_node()
                    }
                }
            }
        }
    }

    fn after_failure(&mut self, reason: String, serving: bool) -> Effect {
        match self.step {
            // Nothing had been done to the node.
            Step::Check | Step::Capture | Step::Prepare if !self.may_be_out() => self.finish_in_service(reason),
            Step::Check | Step::Capture | Step::Prepare | Step::Drain | Step::Stop if serving => {
                self.phase = Phase::PutBackIntending;
                self.failure = Some(reason);
                Effect::Record(Entry::PutBackIntent { node: self.node() })
            }
            // The node is in rotation.
            Step::Settle | Step::Health if serving => {
                self.upgraded += 1;
                self.finish_in_service(reason)
            }
            _ => self.finish_without(reason),
        }
    }

    fn may_be_out(&self) -> bool {
        self.nodes.get(self.at).is_some_and(|turn| turn.open)
    }

    /// The node whose turn it is stays as it is, which is out of service when an earlier attempt left it so.
    fn finish_before_node(&mut self, reason: String) -> Effect {
        if self.may_be_out() { self.finish_without(reason) } else { self.finish_in_service(reason) }
    }

    fn finish_in_service(&mut self, reason: String) -> Effect {
        let changed = self.mixed || self.upgraded > 0;
        self.finish(Ending::StoppedInService { changed, reason })
    }

    fn finish_without(&mut self, reason: String) -> Effect {
        self.finish(Ending::StoppedWithout { node: self.node(), step: self.step, reason })
    }

    fn finish(&mut self, ending: Ending) -> Effect {
        self.phase = Phase::Finished;
        Effect::Finish(ending)
    }
}

/// The last note of this kind about a node.
pub fn note<'a>(record: &'a [Entry], name: &str, wanted: &str) -> Option<&'a serde_json::Value> {
    let found = record.iter().rev().find_map(|entry| match entry {
        Entry::Note { node, key, value } if node == name && key == wanted => Some(value),
        _ => None,
    });
    found.filter(|value| !value.is_null())
}

/// The same record with nothing in it that is not needed to resume: what was last begun and last done on each node,
/// and the last note of each kind.
pub fn compact(record: &[Entry]) -> Vec<Entry> {
    let superseded = |at: usize, entry: &Entry| {
        record[at + 1..].iter().any(|later| match (entry, later) {
            (Entry::Note { node: a, key: k, .. }, Entry::Note { node: b, key: l, .. }) => a == b && k == l,
            (
                Entry::Intent { node: a, .. } | Entry::Outcome { node: a, .. } | Entry::PutBackIntent { node: a },
                Entry::Intent { node: b, .. }
                | Entry::Outcome { node: b, result: StepResult::Done { .. }, .. }
                | Entry::PutBackIntent { node: b },
            ) => a == b,
            (Entry::WatchIntent, Entry::WatchIntent) => true,
            _ => false,
        })
    };
    let kept = record.iter().enumerate().filter(|(at, entry)| !superseded(*at, entry));
    kept.map(|(_, entry)| entry.clone()).collect()
}

/// The nodes that the record leaves out of service, or may.
pub fn left_open(record: &[Entry], nodes: &[String]) -> Vec<String> {
    nodes.iter().filter(|node| last_of(record, node).is_open()).cloned().collect()
}

/// The last thing that is recorded about a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Nothing,
    /// The step was begun; nothing says that it ended well.
    Begun(Step),
    /// The step is done.
    Done(Step),
    /// The node was to be put back into service as it was.
    PuttingBack,
}

impl Last {
    /// Whether the node may be out of service.
    fn is_open(self) -> bool {
        match self {
            Self::Nothing | Self::Done(Step::Health) => false,
            Self::Begun(_) | Self::Done(_) | Self::PuttingBack => true,
        }
    }
}

fn last_of(record: &[Entry], name: &str) -> Last {
    let mut last = Last::Nothing;
    for entry in record {
        match entry {
            Entry::Intent { node, step } if node == name => last = Last::Begun(*step),
            Entry::Outcome { node, step, result: StepResult::Done { .. } } if node == name => last = Last::Done(*step),
            Entry::PutBackIntent { node } if node == name => last = Last::PuttingBack,
            _ => {}
        }
    }
    last
}

/// Where a node goes on; `None` when nothing is left to do.
///
/// Every step may be carried out twice, so a step that may have begun is begun again. What is seen on the node
/// decides first: a server on the target needs no installation any more, and one that runs another version has
/// everything before it, whatever the record says.
fn resume_at(last: Last, seen: Observed) -> Option<Step> {
    let reached = match last {
        Last::Nothing | Last::PuttingBack => Step::Check,
        Last::Begun(step) => step,
        Last::Done(step) => match step.next() {
            Some(next) => next,
            None if matches!(seen, Observed::OnTarget | Observed::Unsure) => return None,
            None => Step::Check,
        },
    };
    Some(match seen {
        Observed::OnTarget => reached.max(Step::Join),
        // Only the record tells whether what it runs was installed by this run.
        Observed::Unsure if reached > Step::Install => reached.max(Step::Join),
        Observed::Unsure | Observed::OnOther => Step::Check,
        // Without a word from the server only the record is left. A node that was not taken out by the run has
        // failed by itself: the check will say so.
        Observed::Down if reached < Step::Stop => Step::Check,
        // Silence is no proof of an end: a server that is starting, or gets a state transfer, does not answer either.
        // Its files are replaced only by the process that has just seen it end.
        Observed::Down if reached == Step::Install => Step::Stop,
        Observed::Down => reached.min(Step::Start),
    })
}

#[cfg(test)]
mod tests;
