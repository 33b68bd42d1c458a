//! What the site allows: `[policy]` of `schema.toml`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What to do with sessions that are still on a node when the drain's time is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterDrainTimeout {
    /// Put the node back and stop.
    #[default]
    Stop,
    /// Close the sessions that idle outside a transaction.
    CloseIdle,
    /// Close them all.
    CloseAll,
}

/// The limits that a plan keeps to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// The longest cluster-wide write stall that TOI may cost.
    pub max_stall: Duration,
    /// How long a node's sessions may take to leave.
    pub drain_timeout: Duration,
    /// What happens with those that did not.
    pub after_drain_timeout: AfterDrainTimeout,
    /// How long a node stays back in service before the next one is taken out.
    pub settle: Duration,
    /// Nodes that must stay in service at any time.
    pub min_serving: usize,
}

impl Policy {
    /// Its limits by name, in words that change when they do.
    pub fn in_words(&self) -> impl Iterator<Item = (&'static str, String)> + use<> {
        let after = match self.after_drain_timeout {
            AfterDrainTimeout::Stop => "stop",
            AfterDrainTimeout::CloseIdle => "close-idle",
            AfterDrainTimeout::CloseAll => "close-all",
        };
        [
            ("max_stall", format!("{:?}", self.max_stall)),
            ("drain_timeout", format!("{:?}", self.drain_timeout)),
            ("after_drain_timeout", after.to_owned()),
            ("settle", format!("{:?}", self.settle)),
            ("min_serving", self.min_serving.to_string()),
        ]
        .into_iter()
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_stall: Duration::from_secs(1),
            drain_timeout: Duration::from_secs(60),
            after_drain_timeout: AfterDrainTimeout::Stop,
            settle: Duration::from_secs(5),
            min_serving: 2,
        }
    }
}
