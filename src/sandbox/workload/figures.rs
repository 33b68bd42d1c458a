//! What a recording comes to in a stretch of time. Pure arithmetic.

use std::collections::BTreeMap;
use std::time::Duration;

use super::record::{Kind, Recording, Sample, Window};

/// The width of the bins that writes are counted in.
const BIN: Duration = Duration::from_millis(100);

/// The figures of one stretch of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Statements whose answer came in that time, logins included.
    pub statements: usize,
    /// Acknowledged writes among them.
    pub writes: usize,
    /// Failed statements, by what went wrong.
    pub failed: BTreeMap<String, usize>,
    /// The longest time in which no write of any client finished.
    pub longest_write_gap: Duration,
    /// That time itself.
    pub gap: Window,
    /// The latency that half of the writes stay below.
    pub p50: Duration,
    /// The latency that 99 of 100 writes stay below.
    pub p99: Duration,
    /// The slowest write.
    pub slowest: Duration,
    /// Acknowledged writes in each 100 ms, from the window's start; a last bin that is cut short is left out.
    pub writes_per_100ms: Vec<u32>,
}

impl Figures {
    /// Counts what finished within the window, and what failed in it. A gap reaches from the window's start or one
    /// write's end to the next one's end or the window's end, so a stall at either edge counts as well.
    pub fn of(recording: &Recording, window: Window) -> Self {
        let inside: Vec<&Sample> = recording.samples.iter().filter(|sample| window.holds(sample.end())).collect();
        let mut figures = Self { statements: inside.len(), ..Self::default() };
        for error in inside.iter().filter_map(|sample| sample.error.as_ref()) {
            *figures.failed.entry(error.clone()).or_default() += 1;
        }

        let writes: Vec<&Sample> = inside.into_iter().filter(|sample| sample.is_acknowledged_write()).collect();
        figures.writes = writes.len();
        let mut ends: Vec<Duration> = writes.iter().map(|sample| sample.end()).collect();
        ends.sort_unstable();
        let edges =
            std::iter::once(window.from).chain(ends.iter().copied()).zip(ends.iter().copied().chain([window.to]));
        let gaps = edges.map(|(from, to)| Window { from, to });
        figures.gap = gaps.max_by_key(|gap| gap.length()).unwrap_or_default();
        figures.longest_write_gap = figures.gap.length();

        let mut latencies: Vec<Duration> = writes.iter().map(|sample| sample.latency).collect();
        latencies.sort_unstable();
        figures.p50 = percentile(&latencies, 50);
        figures.p99 = percentile(&latencies, 99);
        figures.slowest = latencies.last().copied().unwrap_or_default();

        let bins = usize::try_from(window.length().as_millis() / BIN.as_millis()).unwrap_or(usize::MAX);
        figures.writes_per_100ms = vec![0; bins];
        for end in ends {
            let bin = usize::try_from((end - window.from).as_millis() / BIN.as_millis()).unwrap_or(usize::MAX);
            if let Some(count) = figures.writes_per_100ms.get_mut(bin) {
                *count += 1;
            }
        }
        figures
    }

    /// How many statements failed.
    pub fn failures(&self) -> usize {
        self.failed.values().sum()
    }
}

/// The value that `percent` of a sorted list stay at or below.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

impl Kind {
    /// A word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Connect => "login",
            Self::Read => "read",
            Self::Step => "statement in a transaction",
            Self::Write => "write",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn write(start: u64, latency: u64) -> Sample {
        Sample { client: 0, kind: Kind::Write, start: ms(start), latency: ms(latency), error: None }
    }

    #[test]
    fn the_gap_counts_from_edge_to_edge() {
        let check = |ends: &[u64], expected: u64| {
            let samples = ends.iter().map(|end| write(end - 1, 1)).collect();
            let figures = Figures::of(&Recording { samples }, Window { from: ms(100), to: ms(1_100) });
            assert_eq!(figures.longest_write_gap, ms(expected), "{ends:?}");
        };
        check(&[], 1_000);
        check(&[600], 500);
        check(&[110, 120, 1_090], 970);
        check(&[700, 800, 900], 600);
        // What ends before the window or after it is not of it.
        check(&[50, 600, 1_100], 500);
        // The order in which answers were recorded does not matter.
        check(&[900, 300, 600], 300);
    }

    #[test]
    fn failures_and_reads_are_no_writes() {
        let mut lost = write(100, 50);
        lost.error = Some("connection lost".into());
        let mut read = write(100, 50);
        read.kind = Kind::Read;
        let recording = Recording { samples: vec![lost, read, write(200, 10), write(210, 30)] };
        let figures = Figures::of(&recording, Window { from: ms(0), to: ms(350) });
        assert_eq!((figures.statements, figures.writes, figures.failures()), (4, 2, 1));
        assert_eq!(figures.writes_per_100ms, [0, 0, 2], "the half bin at the end is left out");
        assert_eq!((figures.p50, figures.p99, figures.slowest), (ms(10), ms(30), ms(30)));
    }
}
