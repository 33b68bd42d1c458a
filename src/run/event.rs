//! What a run tells while it goes on. `report` renders these; `apply --format ndjson` prints them one a line.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Direction, Outcome};

/// The version of the events' form.
pub const EVENT_VERSION: u32 = 1;

/// One thing that happened. Times in seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// The run holds the lease and begins, or goes on.
    RunStarted {
        /// `apply`, `resume` or `abort`.
        command: &'static str,
        /// One line for people.
        title: String,
        /// How many statements.
        statements: usize,
        /// How many passes.
        passes: usize,
        /// The nodes, in the order of a roll.
        nodes: Vec<String>,
    },
    /// Something was checked.
    Check {
        /// What.
        check: String,
        /// The node, where it is about one.
        #[serde(skip_serializing_if = "Option::is_none")]
        node: Option<String>,
        /// It holds.
        ok: bool,
        /// In words.
        text: String,
    },
    /// The conversion window is open on every node.
    WindowOpened {
        /// The value of `slave_type_conversions`.
        setting: String,
    },
    /// Every node has its own value back.
    WindowClosed {},
    /// A node is being taken out of every balancer.
    DrainStarted {
        /// The node.
        node: String,
    },
    /// Sessions are leaving.
    DrainProgress {
        /// The node.
        node: String,
        /// Sessions by the balancers' count.
        #[serde(skip_serializing_if = "Option::is_none")]
        sessions: Option<u64>,
        /// Clients in the node's process list.
        clients: usize,
    },
    /// No client is left on the node.
    Drained {
        /// The node.
        node: String,
        /// How long it took.
        seconds: f64,
        /// Connections that were closed because the policy says so.
        closed: usize,
    },
    /// RSU is in force on the node.
    RsuProven {
        /// The node.
        node: String,
        /// The statement's index in the plan.
        statement: usize,
        /// `wsrep_desync_count` before and with RSU.
        desync_count: [u64; 2],
        /// The node's `wsrep_last_committed`, which does not move.
        last_committed: u64,
        /// How often it took.
        attempt: u32,
        /// The statement was held at the gate meanwhile, so it had not begun to work.
        gated: bool,
    },
    /// RSU did not begin, or something holds the statement up; it was ended and is tried again.
    Retry {
        /// The node.
        node: String,
        /// The statement's index in the plan.
        statement: usize,
        /// Why.
        text: String,
    },
    /// The statement works.
    DdlStarted {
        /// The node.
        node: String,
        /// The statement's index in the plan.
        statement: usize,
        /// The statement or its inverse.
        direction: Direction,
        /// What was sent.
        sql: String,
    },
    /// How far it is.
    DdlProgress {
        /// The node.
        node: String,
        /// The statement's index in the plan.
        statement: usize,
        /// The server's word for what it does.
        state: String,
        /// The stage, and how many there are; 0 where the server does not say.
        stage: [u64; 2],
        /// Percent of the stage.
        percent: f64,
        /// Since it started.
        seconds: f64,
    },
    /// The statement came to its end.
    DdlFinished {
        /// The node.
        node: String,
        /// The statement's index in the plan.
        statement: usize,
        /// How long it took.
        seconds: f64,
        /// The server's error.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// Rows that were copied; above 0 it was a copy.
        affected_rows: u64,
    },
    /// Write sets wait to be applied.
    CatchUpProgress {
        /// The node.
        node: String,
        /// How many.
        queue: u64,
    },
    /// The node is Synced again.
    CaughtUp {
        /// The node.
        node: String,
        /// How long it took.
        seconds: f64,
        /// The longest queue that was seen.
        queue: u64,
    },
    /// The node is back in every balancer and serves.
    Admitted {
        /// The node.
        node: String,
        /// How long it took.
        seconds: f64,
    },
    /// The node serves for a while before the next one goes.
    Settling {
        /// The node.
        node: String,
        /// For how long.
        seconds: f64,
    },
    /// A statement is on its way to all nodes. It cannot be stopped any more.
    ToiSent {
        /// The node that it was sent to.
        node: String,
        /// The statement's index in the plan.
        statement: usize,
        /// What was sent.
        sql: String,
    },
    /// How far a node is.
    ToiProgress {
        /// The node.
        node: String,
        /// The statement's index in the plan.
        statement: usize,
        /// The server's word for what it does.
        state: String,
        /// Write sets that wait behind the statement.
        queue: u64,
    },
    /// The node that it was sent to has answered.
    ToiFinished {
        /// The statement's index in the plan.
        statement: usize,
        /// How long it took.
        seconds: f64,
        /// The server's error.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// Schemas were compared and are what they should be.
    Verified {
        /// The nodes that were compared.
        nodes: Vec<String>,
        /// How many statements of the pass they hold.
        statements: usize,
    },
    /// Something does not hold yet, and is waited for.
    Waiting {
        /// What.
        text: String,
    },
    /// Something that a person should know.
    Hint {
        /// In words.
        text: String,
    },
    /// The run is over.
    RunFinished {
        /// How it ended.
        outcome: Outcome,
        /// The exit code of the program.
        exit_code: u8,
        /// What went wrong; empty when nothing did.
        text: String,
        /// What is not as it was found.
        left: Vec<String>,
        /// Seconds for each part.
        seconds: Seconds,
    },
}

/// Where the time went, summed over all nodes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Seconds {
    /// From the first step to the last.
    pub total: f64,
    /// Looking at the nodes.
    pub survey: f64,
    /// Taking nodes out of rotation and proving them empty.
    pub drain: f64,
    /// Desyncing, and proving that RSU began.
    pub prove: f64,
    /// DDL in RSU.
    pub ddl: f64,
    /// Statements in TOI.
    pub toi: f64,
    /// Catching up.
    pub catch_up: f64,
    /// Giving nodes back.
    pub admit: f64,
    /// Letting them settle.
    pub settle: f64,
    /// Writing the journal.
    pub journal: f64,
    /// Each node's DDL on its own.
    pub ddl_by_node: Map<String, Value>,
}

/// An event with the time and the run that it belongs to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stamped {
    /// [`EVENT_VERSION`].
    pub v: u32,
    /// RFC 3339 in UTC, with milliseconds.
    pub ts: String,
    /// The run; empty before it has an id.
    pub run: String,
    /// Seconds since the run began.
    pub at: f64,
    /// The event.
    #[serde(flatten)]
    pub event: Event,
}

/// Takes a run's events.
pub trait EventSink {
    /// One event, in order.
    fn event(&mut self, event: &Stamped);
}
