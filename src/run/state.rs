//! What is known, and what is wanted.

use serde::{Deserialize, Serialize};

use super::Script;
use crate::failure::ExitCode;

/// Where a node stands as far as clients are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In rotation.
    Serving,
    /// Perhaps out of rotation: this run was about to take it out, or to give it back.
    Leaving,
    /// Out of rotation, and no client's session is left on it.
    Out,
}

/// One node, as this run knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Where it stands.
    pub place: Place,
    /// This run has set `wsrep_desync=ON` on it, or was about to.
    pub desynced: bool,
    /// How many statements of the pass its schema holds.
    pub done: usize,
    /// Its schema was read after the last statement on it, and is what it should be.
    pub compared: bool,
    /// The value of `slave_type_conversions` before this run changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversions: Option<String>,
}

impl Node {
    /// In rotation and not desynced: nothing of this run is left on it.
    pub fn at_home(&self) -> bool {
        self.place == Place::Serving && !self.desynced
    }
}

/// What the run is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Every node holds every statement.
    Forward,
    /// No node holds a statement of this pass.
    Back,
    /// Every node is in rotation, whatever it holds.
    Stop,
}

/// The sort of trouble, which decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// A precondition does not hold.
    Refused,
    /// Something could not be seen.
    Unobservable,
    /// A step was tried and failed.
    Failed,
    /// The user asked to stop.
    Interrupted,
    /// A schema is neither what it was nor what it should be, or a step's outcome cannot be found out.
    Unknown,
    /// Another run holds the lease.
    LeaseLost,
}

impl FaultKind {
    /// The exit code of a run that ends with this before it has changed anything.
    pub fn untouched(self) -> ExitCode {
        match self {
            Self::Refused | Self::LeaseLost => ExitCode::Refused,
            Self::Unobservable => ExitCode::Unobservable,
            Self::Failed | Self::Interrupted => ExitCode::Undone,
            Self::Unknown => ExitCode::Unknown,
        }
    }
}

/// The first thing that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Its sort.
    pub kind: FaultKind,
    /// What happened and why, in full sentences.
    pub text: String,
}

impl Fault {
    /// A fault of that kind.
    pub fn new(kind: FaultKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}

/// A statement that was sent in RSU and has not come to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flight {
    /// The node.
    pub node: usize,
    /// The statement's place in the pass.
    pub statement: usize,
    /// The statement or its inverse.
    pub direction: super::Direction,
}

/// Everything that a run knows and wants. It goes into the journal before each action that changes something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The pass, 0-based.
    pub pass: usize,
    /// What the run is after.
    pub goal: Goal,
    /// The nodes, in the order of the plan.
    pub nodes: Vec<Node>,
    /// The fingerprint of the pass's objects after 0, 1, 2... statements, as far as known.
    pub chain: Vec<Option<String>>,
    /// A statement was sent in RSU.
    pub flight: Option<Flight>,
    /// The TOI statement of this pass was sent, or was about to be.
    pub sent: bool,
    /// What was sent last was its inverse.
    #[serde(default)]
    pub undoing: bool,
    /// The server says that its inverse would do more to the table than TOI is for.
    #[serde(default)]
    pub dear: bool,
    /// The server's error in answer to what was sent last, until a survey has seen what it left.
    pub toi_error: Option<String>,
    /// The server's answer to it was not heard.
    #[serde(default)]
    pub toi_unsure: bool,
    /// The conversion window is open on some node, or was about to be.
    pub window: bool,
    /// A copy of the table was begun: the tool's triggers and tables may be there.
    #[serde(default)]
    pub copy: bool,
    /// Something was changed on the cluster since the run began.
    pub touched: bool,
    /// The first thing that went wrong.
    pub fault: Option<Fault>,

    // What follows is only worth something to the process that found it out; another one looks again.
    /// The nodes were looked at, and nothing has happened since that could have changed the answer.
    #[serde(skip)]
    pub surveyed: bool,
    /// Every node was asked at that look, and stands as the goal `forward` wants it.
    #[serde(skip)]
    pub sound: bool,
    /// The conversion window is open on every node.
    #[serde(skip)]
    pub window_sure: bool,
    /// It could not be opened again.
    #[serde(skip)]
    pub window_failed: bool,
    /// The objects hold nothing that could hold a TOI statement up.
    #[serde(skip)]
    pub cleared: bool,
    /// The server has answered that what was sent to all nodes is done, and no survey has looked since.
    #[serde(skip)]
    pub toi_done: bool,
    /// The copy is whole, and its triggers keep it in step.
    #[serde(skip)]
    pub copied: bool,
    /// The node that the cluster was seen to be able to spare, since the last one left.
    #[serde(skip)]
    pub vetted: Option<usize>,
    /// The node that has come back and has not settled.
    #[serde(skip)]
    pub settling: Option<usize>,
    /// How often the statement was begun on this node without success.
    #[serde(skip)]
    pub attempts: u32,
    /// For how many milliseconds the run has waited for nodes to come back.
    #[serde(skip)]
    pub waited: u64,
    /// A pause is due before the next survey, and this is what for.
    #[serde(skip)]
    pub pause: Option<String>,
    /// Something that had to be put right could not be: the run ends where it stands.
    #[serde(skip)]
    pub stuck: bool,
    /// How often an outcome was not known.
    #[serde(skip)]
    pub unsure: u32,
}

impl State {
    /// The beginning of a run.
    pub fn fresh(script: &Script) -> Self {
        let node = Node { place: Place::Serving, desynced: false, done: 0, compared: true, conversions: None };
        let mut state = Self {
            pass: 0,
            goal: Goal::Forward,
            nodes: vec![node; script.nodes.len()],
            chain: Vec::new(),
            flight: None,
            sent: false,
            undoing: false,
            dear: false,
            toi_error: None,
            toi_unsure: false,
            window: false,
            copy: false,
            touched: false,
            fault: None,
            surveyed: false,
            sound: false,
            window_sure: false,
            window_failed: false,
            cleared: false,
            toi_done: false,
            copied: false,
            vetted: None,
            settling: None,
            attempts: 0,
            waited: 0,
            pause: None,
            stuck: false,
            unsure: 0,
        };
        state.enter(script);
        state
    }

    /// What another process makes of a state that it found in the journal: the same knowledge, to be checked, and a
    /// goal of its own.
    #[must_use]
    pub fn taken_over(mut self, goal: Goal) -> Self {
        self.goal = goal;
        self.fault = None;
        for node in &mut self.nodes {
            node.compared = false;
            if node.place == Place::Out {
                // Sessions may have come back while nobody looked.
                node.place = Place::Leaving;
            }
        }
        self
    }

    /// Clears what belongs to one pass.
    pub(super) fn enter(&mut self, script: &Script) {
        let statements = script.chapters.get(self.pass).map_or(0, |chapter| chapter.lines.len());
        self.chain = vec![None; statements + 1];
        self.sent = false;
        self.undoing = false;
        self.dear = false;
        self.toi_error = None;
        self.toi_unsure = false;
        self.surveyed = false;
        self.cleared = false;
        self.toi_done = false;
        self.copied = false;
        self.attempts = 0;
        for node in &mut self.nodes {
            node.done = 0;
            node.compared = true;
        }
    }

    /// Remembers the first thing that went wrong. Something that a person must look at is never left out for it.
    pub(super) fn blame(&mut self, fault: Fault) {
        match &mut self.fault {
            None => self.fault = Some(fault),
            Some(first) if fault.kind == FaultKind::Unknown && first.kind != FaultKind::Unknown => {
                first.kind = FaultKind::Unknown;
                first.text = format!("{} {}", first.text, fault.text);
            }
            Some(_) => {}
        }
    }

    /// The one node that this run has out of rotation, or desynced.
    pub(super) fn away(&self) -> Option<usize> {
        self.nodes.iter().position(|node| !node.at_home())
    }

    /// Not all nodes hold the same statements of the pass.
    pub(super) fn mixed(&self) -> bool {
        self.nodes.windows(2).any(|pair| pair[0].done != pair[1].done)
    }

    /// Whether any node holds anything of this run, or may hold it.
    pub fn progress(&self) -> bool {
        // What was sent to all nodes, and not looked for since.
        let unseen = self.sent && self.chain.get(1).is_some_and(Option::is_none);
        self.pass > 0 || unseen || self.nodes.iter().any(|node| node.done > 0)
    }
}
