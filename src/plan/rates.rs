//! How fast this cluster's servers are: learned from its own runs, measured on purpose, or slow by default.

use serde::{Deserialize, Serialize};

use crate::ddl::Algorithm;

/// Where a rate comes from, most trustworthy first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateSource {
    /// Past runs on this cluster, from its journal.
    History,
    /// `schema plan --calibrate` on a node of this cluster.
    Calibrated,
    /// Nothing was measured: slow on purpose, so that nothing is promised.
    Default,
}

impl RateSource {
    /// By which factor the truth may lie above the estimate. One calibration holds a factor of 2 in both
    /// directions, so the upper end that decisions are made on is twice the estimate; a default may be off by more.
    pub const fn uncertainty(self) -> f64 {
        match self {
            Self::History | Self::Calibrated => 2.0,
            Self::Default => 3.0,
        }
    }

    /// In words, behind an estimate.
    pub const fn words(self) -> &'static str {
        match self {
            Self::History => "from this cluster's own runs",
            Self::Calibrated => "from a calibration of this cluster",
            Self::Default => "from cautious defaults; `schema plan --calibrate` measures",
        }
    }
}

/// How fast this cluster's servers work, in bytes of table data and indexes per second, on the slowest node.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// `ALGORITHM=COPY`: row by row.
    pub copy: f64,
    /// A rebuild inside InnoDB.
    pub inplace: f64,
    /// One index built; the bytes are those of the rows that are read.
    pub index: f64,
    /// Write sets that a node which fell behind applies, relative to the rate at which the others commit them: a
    /// node that applies four times as fast as the others write needs a third of the time away to catch up.
    pub catch_up: f64,
    /// By how much the slowest of what was measured was slower than the rest: a server that is at times three times as
    /// slow will be so again. At least 1.
    pub spread: f64,
    /// Where the figures come from.
    pub source: RateSource,
}

impl Default for Rates {
    /// About half of what two slow cores with three servers on them reached (galera-facts 1.1: a rebuild of 870 MB
    /// in 8.7 s on one node, 2,169 write sets of that time replayed in 0.4 s).
    fn default() -> Self {
        const MB: f64 = 1e6;
        Self {
            copy: 15.0 * MB,
            inplace: 45.0 * MB,
            index: 90.0 * MB,
            catch_up: 4.0,
            spread: 1.0,
            source: RateSource::Default,
        }
    }
}

/// One statement that was run and timed on one node.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// What the server did.
    pub algorithm: Algorithm,
    /// Bytes of data and indexes of the table.
    pub bytes: u64,
    /// Seconds that the server took.
    pub seconds: f64,
}

/// A statement that took less says more about the server's fixed costs than about its rate. Seconds.
const TELLING: f64 = 0.2;

impl Rates {
    /// The rates that `samples` show, newest last. An algorithm that no sample shows is taken to be as much faster or
    /// slower than the default as the others are. Without a telling sample: the default.
    pub fn learned(samples: &[Sample], source: RateSource) -> Self {
        let default = Self::default();
        let rate = |algorithm| {
            let mut rates: Vec<f64> = samples
                .iter()
                .filter(|sample| sample.algorithm == algorithm && sample.seconds >= TELLING && sample.bytes > 0)
                .rev()
                .take(9)
                .map(|sample| as_f64(sample.bytes) / sample.seconds)
                .collect();
            rates.sort_by(f64::total_cmp);
            // The slower half's best: one lucky run promises nothing.
            let median = rates.get(rates.len().saturating_sub(1) / 2).copied()?;
            Some((median, median / rates.first()?))
        };
        let seen = [
            (rate(Algorithm::Copy), default.copy),
            (rate(Algorithm::Inplace), default.inplace),
            (rate(Algorithm::Nocopy), default.index),
        ];
        let factors = seen.iter().filter_map(|(seen, default)| seen.map(|(rate, _)| rate / default));
        let Some(factor) = factors.reduce(f64::min) else { return default };
        let spread = seen.iter().filter_map(|(seen, _)| seen.map(|(_, spread)| spread)).fold(1.0, f64::max);
        let [copy, inplace, index] = seen.map(|(seen, default)| seen.map_or(default * factor, |(rate, _)| rate));
        Self { copy, inplace, index, spread, source, ..default }
    }

    /// By which factor the truth may lie above an estimate made with these rates.
    pub fn uncertainty(&self) -> f64 {
        self.source.uncertainty().max(self.spread)
    }
}

#[allow(clippy::cast_precision_loss, reason = "an estimate; 2^53 bytes are 9 PB")]
pub(super) fn as_f64(bytes: u64) -> f64 {
    bytes as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(algorithm: Algorithm, mb: u64, seconds: f64) -> Sample {
        Sample { algorithm, bytes: mb * 1_000_000, seconds }
    }

    #[test]
    fn the_median_of_what_was_seen_counts_and_scales_what_was_not() {
        let samples = [(100, 1.0), (90, 1.0), (900, 1.0)].map(|(mb, seconds)| sample(Algorithm::Inplace, mb, seconds));
        let rates = Rates::learned(&samples, RateSource::History);
        assert_eq!(rates.inplace, 100e6);
        assert!((rates.copy - 15e6 * 100.0 / 45.0).abs() < 1.0, "{rates:?}");
        assert_eq!(rates.source, RateSource::History);
        assert!((rates.uncertainty() - 2.0).abs() < 1e-9, "{rates:?}");
        let slow = [samples.as_slice(), &[sample(Algorithm::Inplace, 20, 1.0)]].concat();
        let rates = Rates::learned(&slow, RateSource::History);
        assert!((rates.uncertainty() - 90.0 / 20.0).abs() < 1e-9, "{rates:?}");
    }

    #[test]
    fn short_statements_tell_nothing() {
        assert_eq!(Rates::learned(&[sample(Algorithm::Copy, 1, 0.01)], RateSource::History), Rates::default());
    }
}
