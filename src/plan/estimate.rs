//! What a statement will cost, in seconds: bytes, algorithm and rates, nothing else.
//!
//! The stall of a TOI statement is the time of the slowest node, because a node holds its commit monitor for the
//! whole statement (galera-facts 0.4). A roll stalls nobody; its price is time.

use std::time::Duration;

use super::Policy;
use super::rates::{Rates, as_f64};
use crate::ddl::Algorithm;

/// What one metadata-only statement costs, whatever the table: the DDL log, the data dictionary and one round of
/// group communication took 20 to 30 ms on a loaded cluster (galera-facts 1.8).
const METADATA_SECONDS: f64 = 0.02;

/// The work that one statement means for one server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    /// What the server does; `None` where the notion does not apply and the work is that of a metadata change.
    pub algorithm: Option<Algorithm>,
    /// Bytes of data and indexes that it does it to. `None`: not known.
    pub bytes: Option<u64>,
    /// How many indexes are built or rows passes are made, at least one.
    pub passes: usize,
}

impl Work {
    /// Seconds on one node, `None` when the size is not known.
    pub fn seconds(self, rates: &Rates) -> Option<f64> {
        let rate = match self.algorithm {
            None | Some(Algorithm::Instant) => return Some(METADATA_SECONDS),
            Some(Algorithm::Nocopy) => rates.index,
            Some(Algorithm::Inplace) => rates.inplace,
            Some(Algorithm::Copy) => rates.copy,
        };
        Some(METADATA_SECONDS + as_f64(self.bytes?) * self.passes.max(1) as f64 / rate)
    }
}

/// Seconds of a roll: for every node the DDL, the catch-up behind it, and the settling before the next node.
pub fn roll_seconds(ddl_seconds: f64, nodes: usize, rates: &Rates, policy: &Policy) -> f64 {
    // A drain ends when the application's pools renew; a second is what ProxySQL and HAProxy needed with pools that
    // do. The policy's time-out bounds it.
    let drain = policy.drain_timeout.min(Duration::from_secs(1)).as_secs_f64();
    let catch_up = ddl_seconds / (rates.catch_up - 1.0).max(0.5);
    let nodes = nodes.max(1) as f64;
    // Nobody waits for the last node to settle.
    nodes * (drain + ddl_seconds + catch_up) + (nodes - 1.0) * policy.settle.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(algorithm: Algorithm, bytes: Option<u64>) -> Option<f64> {
        Work { algorithm: Some(algorithm), bytes, passes: 1 }.seconds(&Rates::default())
    }

    #[test]
    fn a_dearer_algorithm_never_costs_less() {
        for bytes in [0, 1_000, 1_000_000_000] {
            let costs = [Algorithm::Instant, Algorithm::Nocopy, Algorithm::Inplace, Algorithm::Copy]
                .map(|algorithm| seconds(algorithm, Some(bytes)).unwrap());
            assert!(costs.is_sorted(), "{bytes} bytes: {costs:?}");
        }
    }

    #[test]
    fn an_unknown_size_has_no_price_unless_no_byte_is_touched() {
        assert_eq!(seconds(Algorithm::Inplace, None), None);
        assert_eq!(seconds(Algorithm::Instant, None), Some(METADATA_SECONDS));
    }

    #[test]
    fn a_roll_settles_between_nodes_and_not_after_the_last() {
        let policy = Policy { settle: Duration::from_secs(10), drain_timeout: Duration::ZERO, ..Policy::default() };
        let rates = Rates { catch_up: f64::INFINITY, ..Rates::default() };
        assert!((roll_seconds(1.0, 3, &rates, &policy) - 23.0).abs() < 1e-9);
    }
}
