//! What the machine asks for, and what it is told.

use serde::{Deserialize, Serialize};

/// Whether a statement or its inverse is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The statement of the plan.
    Forward,
    /// Its inverse, from the plan's way back.
    Back,
}

/// One thing that the engine does. Nodes are numbers into the plan's list of nodes, statements are numbers into the
/// pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Action {
    /// Looks at every node and every balancer. Changes nothing.
    Survey,
    /// Lets some time pass, in milliseconds, before looking again.
    Pause {
        /// How long.
        millis: u64,
        /// What is waited for, in a sentence.
        why: String,
    },
    /// Sets `slave_type_conversions` on every node.
    OpenWindow,
    /// Gives every node the value back that it had.
    CloseWindow,
    /// Looks whether the cluster can spare the node now: the checks of the stage before each node. Changes nothing.
    Vet {
        /// The node.
        node: usize,
    },
    /// Takes the node out of every balancer and proves that no session of a client is left on it.
    Drain {
        /// The node.
        node: usize,
    },
    /// Sets `wsrep_desync=ON` on the node.
    Desync {
        /// The node.
        node: usize,
    },
    /// Sends the statement in RSU while a gate holds it, and proves that RSU began.
    Begin {
        /// The node.
        node: usize,
        /// The statement's place in the pass.
        statement: usize,
        /// The statement or its inverse.
        direction: Direction,
    },
    /// Opens the gate and waits for the statement's end.
    Release {
        /// The node.
        node: usize,
        /// The statement's place in the pass.
        statement: usize,
        /// The statement or its inverse.
        direction: Direction,
    },
    /// Ends a statement that is held by the gate or runs on the node.
    Kill {
        /// The node.
        node: usize,
    },
    /// Reads the fingerprint of the pass's objects on the node. Changes nothing.
    Compare {
        /// The node.
        node: usize,
    },
    /// Waits for an empty receive queue, sets `wsrep_desync=OFF` and waits for Synced.
    CatchUp {
        /// The node.
        node: usize,
    },
    /// Gives the node back to every balancer and sees that it serves.
    Admit {
        /// The node.
        node: usize,
    },
    /// Lets the node serve for the time of the policy before the next one is taken out.
    Settle {
        /// The node that has just come back.
        node: usize,
    },
    /// Waits until nothing on any node could hold the statement up once it is sent.
    Clear {
        /// The statement's place in the pass.
        statement: usize,
    },
    /// Sends the statement to the whole cluster. An inverse that would do more than index work at most is refused
    /// ([`FaultKind::Refused`](super::FaultKind::Refused)), and has changed nothing then.
    Toi {
        /// The statement's place in the pass.
        statement: usize,
        /// The statement or its inverse.
        direction: Direction,
    },
    /// Has a tool fill a second table with the new definition, and sees that the copy is whole and in step.
    Copy {
        /// The statement's place in the pass.
        statement: usize,
    },
    /// Swaps the table and its copy on the whole cluster, in one statement.
    Swap {
        /// The statement's place in the pass.
        statement: usize,
    },
    /// Removes what a copy has left: the tool's sessions and triggers, the copy that was not swapped in, or the table that
    /// was swapped out.
    Tidy {
        /// The statement's place in the pass.
        statement: usize,
    },
}

impl Action {
    /// Whether it changes anything, so that the intent must be in the journal first.
    pub fn changes(&self) -> bool {
        !matches!(
            self,
            Self::Survey
                | Self::Pause { .. }
                | Self::Vet { .. }
                | Self::Compare { .. }
                | Self::Settle { .. }
                | Self::Clear { .. }
        )
    }

    /// Whether it can be broken off without leaving anything that the state does not tell.
    pub fn can_be_cancelled(&self) -> bool {
        matches!(
            self,
            Self::Survey
                | Self::Pause { .. }
                | Self::Vet { .. }
                | Self::Drain { .. }
                | Self::Release { .. }
                | Self::Settle { .. }
                | Self::Clear { .. }
                | Self::Copy { .. }
        )
    }

    /// Its name in the journal and in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Survey => "survey",
            Self::Pause { .. } => "pause",
            Self::OpenWindow => "open_window",
            Self::CloseWindow => "close_window",
            Self::Vet { .. } => "vet",
            Self::Drain { .. } => "drain",
            Self::Desync { .. } => "desync",
            Self::Begin { .. } => "begin",
            Self::Release { .. } => "release",
            Self::Kill { .. } => "kill",
            Self::Compare { .. } => "compare",
            Self::CatchUp { .. } => "catch_up",
            Self::Admit { .. } => "admit",
            Self::Settle { .. } => "settle",
            Self::Clear { .. } => "clear",
            Self::Toi { .. } => "toi",
            Self::Copy { .. } => "copy",
            Self::Swap { .. } => "swap",
            Self::Tidy { .. } => "tidy",
        }
    }
}

/// What a survey saw of one node. Unknown is an answer: what could not be read is `None`, and is never taken for good.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Why the node could not be asked; `None` when it answered.
    pub unreachable: Option<String>,
    /// The node belongs to the primary component, and accepts statements.
    pub primary: bool,
    /// As far as it knows, all expected members are in that component with it.
    pub complete: bool,
    /// `wsrep_local_state` is 4.
    pub synced: bool,
    /// `wsrep_desync` is ON.
    pub desync: bool,
    /// Every balancer that knows the node sends it new sessions. True where there is no balancer.
    pub serving: bool,
    /// What the balancers held for it before a drain is remembered, and was not put back: it may yet be drained by an order
    /// that was given and does not show.
    #[serde(default)]
    pub remembered: bool,
    /// What runs there on the pass's objects, in words: a statement of this run or of others, also one that has reached
    /// other nodes and not come to its end here.
    pub busy: Option<String>,
    /// The fingerprint of the pass's objects.
    pub schema: Option<String>,
    /// `@@GLOBAL.slave_type_conversions`.
    pub conversions: Option<String>,
    /// That value is the one of the pass's conversion window.
    pub windowed: bool,
    /// A value that would not survive a conversion window, in words.
    pub misfit: Option<String>,
    /// The copy of this pass has been swapped in, and the old table is still there.
    #[serde(default)]
    pub swapped: bool,
}

/// What became of [`Action::Begin`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Begun {
    /// RSU is in force and the statement waits at the gate.
    Proven,
    /// The statement came to its end before the gate could hold it; RSU was in force meanwhile.
    Ended,
    /// RSU is not in force. The statement was ended and changed nothing.
    NotRsu(String),
    /// Something on the node holds the statement up. It was ended and changed nothing.
    Blocked(String),
}

/// What became of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is in force, and was seen to be.
    Done,
    /// What a survey saw, one entry a node.
    Survey(Vec<Seen>),
    /// What a comparison read.
    Fingerprint(String),
    /// How a statement began.
    Begun(Begun),
    /// It is not in force, and nothing of it is left.
    Failed(super::Fault),
    /// Nobody knows whether it is in force.
    Unsure(String),
    /// It was broken off because the machine asked for it.
    Cancelled,
}

/// What the machine is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The beginning.
    Start,
    /// The answer to the command of that number. Late and repeated ones are ignored.
    Answer(u64, Answer),
    /// The user wants to stop: Ctrl-C or SIGTERM.
    Interrupt,
    /// Another run holds the lease now: nothing more may be done.
    LeaseLost(String),
}

/// An action to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its number; the answer carries it.
    pub id: u64,
    /// What to do.
    pub action: Action,
}

/// What the machine wants to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Put the state into the journal when the action changes something, then do the action, then answer.
    Do(Command),
    /// Break the running command of that number off; its answer is still awaited.
    Cancel(u64),
    /// The run is over.
    End(super::Ending),
}
