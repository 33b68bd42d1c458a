//! How fast this cluster's servers are: learned from its own runs, measured on purpose, or slow by default.

use serde::{Deserialize, Serialize};

use super::job::Labour;
use crate::ddl::Algorithm;

/// Where a rate comes from, most trustworthy first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateSource {
    /// Past runs on this cluster, from its journal.
    History,
    /// `schema plan --calibrate` on the nodes of this cluster.
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

/// What something costs that is done with every row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Seconds for a row, however long.
    pub row: f64,
    /// Seconds for a byte of it.
    pub byte: f64,
}

impl Cost {
    /// Seconds for rows with so many bytes in all.
    pub fn of(self, rows: f64, bytes: f64) -> f64 {
        self.row * rows + self.byte * bytes
    }

    /// The cost that two measurements on tables of different shape agree on, never negative. Of each the rows, the
    /// bytes and the seconds.
    fn fit(one: (f64, f64, f64), other: (f64, f64, f64)) -> Self {
        let determinant = one.0 * other.1 - other.0 * one.1;
        let row = (one.2 * other.1 - other.2 * one.1) / determinant;
        let byte = (one.0 * other.2 - other.0 * one.2) / determinant;
        if row.is_finite() && byte.is_finite() && row >= 0.0 && byte >= 0.0 {
            return Self { row, byte };
        }
        // Noise: all of it is put on what the more expensive of the two says.
        if row < byte {
            Self { row: 0.0, byte: (one.2 / one.1).max(other.2 / other.1) }
        } else {
            Self { row: (one.2 / one.0).max(other.2 / other.0), byte: 0.0 }
        }
    }
}

/// What a server needs for each kind of work, while the table is in memory.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Costs {
    /// Seconds of a statement that changes definitions only.
    pub brief: f64,
    /// Seconds of a statement that makes files or keys, however small the table.
    pub fixed: f64,
    /// `ALGORITHM=COPY`: rows put into a new table, without its secondary keys.
    pub copy: Cost,
    /// Seconds for a row that is put into one secondary key by a copy.
    pub copy_key: f64,
    /// A rebuild inside InnoDB, without secondary keys.
    pub rebuild: Cost,
    /// Entries that are sorted into a new key, and their bytes.
    pub key: Cost,
    /// Seconds for a byte of the rows that are read to build keys.
    pub scan: f64,
    /// Seconds for a byte of text that goes into a FULLTEXT key.
    pub fulltext: f64,
}

impl Default for Costs {
    /// Two to three times what three servers on four busy cores needed (docs/plan.md).
    fn default() -> Self {
        Self {
            brief: 0.014,
            fixed: 0.06,
            copy: Cost { row: 7e-6, byte: 30e-9 },
            copy_key: 3e-6,
            rebuild: Cost { row: 2.5e-6, byte: 12e-9 },
            key: Cost { row: 2.5e-6, byte: 15e-9 },
            scan: 4e-9,
            fulltext: 0.6e-6,
        }
    }
}

/// One measured statement of a calibration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Rows of the table.
    pub rows: u64,
    /// Bytes of the rows, without secondary keys.
    pub bytes: u64,
    /// Seconds that the slowest node took.
    pub seconds: f64,
}

/// What a calibration times, on a table with short rows and on one with long rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// A column that is added to the definition only.
    pub brief: Timing,
    /// A rebuild of a table with hardly a row.
    pub empty: Timing,
    /// A copy: short rows, long rows; no secondary key.
    pub copy: [Timing; 2],
    /// A rebuild of the same.
    pub rebuild: [Timing; 2],
    /// A key on an integer.
    pub key: [Timing; 2],
    /// A key on a text of [`Timings::TEXT`] bytes, short rows.
    pub text_key: Timing,
    /// A copy with both keys, short rows.
    pub keyed_copy: Timing,
    /// The first FULLTEXT key on such a text, long rows; the table is rebuilt for it.
    pub fulltext: Timing,
}

impl Timings {
    /// Bytes of the text in the keyed columns.
    pub const TEXT: u32 = 40;

    /// Of each timing the median of the rounds.
    pub fn median(rounds: &[Self]) -> Self {
        let median = |pick: &dyn Fn(&Self) -> Timing| {
            let mut all: Vec<Timing> = rounds.iter().map(pick).collect();
            all.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
            all.get(all.len() / 2).copied().unwrap_or_default()
        };
        let pair = |pick: fn(&Self) -> &[Timing; 2]| [0, 1].map(|at| median(&|round| pick(round)[at]));
        Self {
            brief: median(&|round| round.brief),
            empty: median(&|round| round.empty),
            copy: pair(|round| &round.copy),
            rebuild: pair(|round| &round.rebuild),
            key: pair(|round| &round.key),
            text_key: median(&|round| round.text_key),
            keyed_copy: median(&|round| round.keyed_copy),
            fulltext: median(&|round| round.fulltext),
        }
    }

    /// The costs that they show, each at least a tenth of what is usual: less is noise, not speed.
    pub fn costs(&self) -> Costs {
        let shape = |timing: &Timing| (as_f64(timing.rows), as_f64(timing.bytes), timing.seconds);
        let fit = |pair: &[Timing; 2]| Cost::fit(shape(&pair[0]), shape(&pair[1]));
        let key = fit(&self.key);
        let least = Costs::default();
        let at_least = |measured: f64, usual: f64| measured.max(usual / 10.0);
        let rows = as_f64(self.key[0].rows).max(1.0);
        let text = as_f64(self.fulltext.rows).max(1.0) * f64::from(Self::TEXT);
        Costs {
            brief: at_least(self.brief.seconds, least.brief),
            fixed: at_least(self.empty.seconds, least.fixed),
            copy: fit(&self.copy),
            copy_key: at_least((self.keyed_copy.seconds - self.copy[0].seconds) / (2.0 * rows), least.copy_key),
            rebuild: fit(&self.rebuild),
            key: Cost {
                row: at_least(key.row, least.key.row),
                byte: at_least(
                    (self.text_key.seconds - self.key[0].seconds) / (rows * f64::from(Self::TEXT)),
                    least.key.byte,
                ),
            },
            scan: at_least(key.byte, least.scan),
            fulltext: at_least((self.fulltext.seconds - self.rebuild[1].seconds) / text, least.fulltext),
        }
    }
}

/// How fast this cluster's servers work: the slowest node counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// What each kind of work costs.
    pub costs: Costs,
    /// By how much past runs took longer than `costs` says: building keys, rebuilding, copying. Where none told, what is
    /// usual behind a calibration, and 1 for the defaults.
    pub factors: [f64; 3],
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
    fn default() -> Self {
        Self { costs: Costs::default(), factors: [1.0; 3], catch_up: 4.0, spread: 1.0, source: RateSource::Default }
    }
}

/// One statement that was run and timed on one node.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// What the server did.
    pub algorithm: Algorithm,
    /// Seconds that the bare costs had foretold for the rows.
    pub foretold: f64,
    /// Seconds that the server took for them.
    pub seconds: f64,
}

/// Rows that took less say more about the server's fixed costs than about its rate. Seconds.
const TELLING: f64 = 0.2;

/// By how much tables with more columns than the scratch tables, on nodes that also do other things, took longer than a
/// calibration showed: building keys, rebuilding, copying (docs/plan.md). Measured was 1.0 to 1.6; too long is the better error.
const REAL_TABLES: [f64; 3] = [1.2, 1.2, 1.35];

impl Rates {
    /// The rates that a calibration showed.
    pub fn calibrated(costs: Costs) -> Self {
        Self { costs, factors: REAL_TABLES, source: RateSource::Calibrated, ..Self::default() }
    }

    /// These rates, corrected by what runs took that were foretold with the same costs; newest last. An algorithm that
    /// no run tells of is taken to be as much slower or faster as the slowest of the others.
    #[must_use]
    pub fn corrected(self, samples: &[Sample]) -> Self {
        let seen = |algorithm| {
            let mut factors: Vec<f64> = samples
                .iter()
                .filter(|sample| sample.algorithm == algorithm && sample.seconds >= TELLING && sample.foretold > 0.0)
                .rev()
                .take(9)
                .map(|sample| sample.seconds / sample.foretold)
                .collect();
            factors.sort_by(f64::total_cmp);
            // The slower half's best: one lucky run promises nothing.
            let median = factors.get(factors.len() / 2).copied()?;
            Some((median, factors.last()? / median))
        };
        let seen = [Algorithm::Nocopy, Algorithm::Inplace, Algorithm::Copy].map(seen);
        let Some(slowest) = seen.iter().flatten().map(|(factor, _)| *factor).reduce(f64::max) else { return self };
        let spread = seen.iter().flatten().map(|(_, spread)| *spread).fold(1.0, f64::max);
        let factors = seen.map(|seen| seen.map_or(slowest, |(factor, _)| factor));
        Self { factors, spread, source: RateSource::History, ..self }
    }

    /// What past runs say about a kind of work.
    pub const fn factor(&self, labour: Labour) -> f64 {
        match labour {
            Labour::Nothing => 1.0,
            Labour::Keys => self.factors[0],
            Labour::Rebuild => self.factors[1],
            Labour::Copy => self.factors[2],
        }
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

    fn sample(algorithm: Algorithm, foretold: f64, seconds: f64) -> Sample {
        Sample { algorithm, foretold, seconds }
    }

    #[test]
    fn the_median_of_past_runs_corrects_and_the_slowest_says_how_far_it_may_be_off() {
        let samples = [0.8, 1.0, 3.0].map(|seconds| sample(Algorithm::Inplace, 0.5, seconds));
        let rates = Rates::default().corrected(&samples);
        assert_eq!(rates.source, RateSource::History);
        assert_eq!(rates.factors, [2.0; 3]);
        assert!((rates.uncertainty() - 3.0).abs() < 1e-9, "{rates:?}");
        let more = [&samples[..], &[sample(Algorithm::Copy, 1.0, 0.5)]].concat();
        assert_eq!(Rates::default().corrected(&more).factors, [2.0, 2.0, 0.5]);
    }

    #[test]
    fn short_statements_tell_nothing() {
        let rates = Rates::default();
        assert_eq!(rates.corrected(&[sample(Algorithm::Copy, 0.1, 0.01)]), rates);
    }

    #[test]
    fn a_calibration_is_taken_apart_into_what_it_was_made_of() {
        let costs = Costs {
            brief: 0.005,
            fixed: 0.01,
            copy: Cost { row: 3e-6, byte: 10e-9 },
            copy_key: 1e-6,
            rebuild: Cost { row: 1e-6, byte: 5e-9 },
            key: Cost { row: 1e-6, byte: 8e-9 },
            scan: 1e-9,
            fulltext: 0.25e-6,
        };
        let shapes = [(200_000, 20_000_000), (40_000, 20_000_000)];
        let timed = |seconds: fn(&Costs, f64, f64) -> f64| {
            shapes.map(|(rows, bytes)| Timing { rows, bytes, seconds: seconds(&costs, as_f64(rows), as_f64(bytes)) })
        };
        let copy = timed(|costs, rows, bytes| costs.copy.of(rows, bytes));
        let rebuild = timed(|costs, rows, bytes| costs.rebuild.of(rows, bytes));
        let key = timed(|costs, rows, bytes| costs.key.row * rows + costs.scan * bytes);
        let more = |timing: Timing, seconds: f64| Timing { seconds: timing.seconds + seconds, ..timing };
        let timings = Timings {
            brief: Timing { rows: 1, bytes: 16384, seconds: 0.005 },
            empty: Timing { rows: 1, bytes: 16384, seconds: 0.01 },
            copy,
            rebuild,
            key,
            text_key: more(key[0], 200_000.0 * 40.0 * costs.key.byte),
            keyed_copy: more(copy[0], 2.0 * 200_000.0 * costs.copy_key),
            fulltext: more(rebuild[1], 40_000.0 * 40.0 * costs.fulltext),
        };
        let found = timings.costs();
        for (found, expected) in [
            (found.brief, costs.brief),
            (found.fixed, costs.fixed),
            (found.copy.row, costs.copy.row),
            (found.copy.byte, costs.copy.byte),
            (found.copy_key, costs.copy_key),
            (found.rebuild.row, costs.rebuild.row),
            (found.rebuild.byte, costs.rebuild.byte),
            (found.key.row, costs.key.row),
            (found.key.byte, costs.key.byte),
            (found.scan, costs.scan),
            (found.fulltext, costs.fulltext),
        ] {
            assert!((found / expected - 1.0).abs() < 1e-6, "{found} is not {expected}");
        }
    }

    #[test]
    fn noise_never_makes_work_free() {
        let fitted = Cost::fit((100.0, 1000.0, 1.0), (100.0, 5000.0, 0.5));
        assert!(fitted.row >= 0.0 && fitted.byte >= 0.0 && fitted.of(100.0, 1000.0) >= 0.5, "{fitted:?}");
    }
}
