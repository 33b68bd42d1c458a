//! What the clients record: plain data.

use std::time::Duration;

/// What kind of statement was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A login through HAProxy.
    Connect,
    /// A SELECT.
    Read,
    /// A statement within a transaction: its rows count once the transaction commits.
    Step,
    /// A statement whose success makes rows durable: an autocommitted change, or COMMIT.
    Write,
}

/// One statement of one client. Times count from the workload's start.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Which client.
    pub client: u32,
    /// What was sent.
    pub kind: Kind,
    /// When it was sent.
    pub start: Duration,
    /// How long the answer took.
    pub latency: Duration,
    /// What went wrong, in the server's or the driver's words.
    pub error: Option<String>,
}

impl Sample {
    /// When the answer was there.
    pub fn end(&self) -> Duration {
        self.start + self.latency
    }

    /// A write that the server acknowledged.
    pub fn is_acknowledged_write(&self) -> bool {
        self.kind == Kind::Write && self.error.is_none()
    }
}

/// A stretch of time, counted from the workload's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Its first moment.
    pub from: Duration,
    /// The first moment after it.
    pub to: Duration,
}

impl Window {
    /// How long it is.
    pub fn length(self) -> Duration {
        self.to.saturating_sub(self.from)
    }

    /// Whether a moment lies in it.
    pub fn holds(self, moment: Duration) -> bool {
        self.from <= moment && moment < self.to
    }
}

/// Every statement of every client, in the order in which the answers came.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    pub(super) samples: Vec<Sample>,
}

impl Recording {
    /// The statements in the order in which their answers came.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// The stretch of time from the start to the last answer.
    pub fn whole(&self) -> Window {
        let last = self.samples.iter().map(Sample::end).max().unwrap_or_default();
        Window { from: Duration::ZERO, to: last + Duration::from_nanos(1) }
    }
}
