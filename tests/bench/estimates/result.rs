//! What was predicted, what was measured, and how far apart they are. Pure functions.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

/// One kind of statement on one table; the median of the rounds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measured {
    pub step: String,
    pub size_kb: u64,
    pub width: String,
    pub algorithm: String,
    /// Rows and bytes as the plan saw them.
    pub rows: u64,
    pub bytes: u64,
    /// Seconds of stall, as the plan said.
    pub predicted: f64,
    /// Seconds from sending the statement until the last node had it behind it.
    pub measured: f64,
}

/// Stalls below this many seconds are counted as if they took so long, predicted and measured: on a busy machine a
/// statement of a few milliseconds takes at random two or five times as long, and nobody decides on that.
pub const FLOOR: f64 = 0.1;

impl Measured {
    /// Predicted by measured.
    pub fn ratio(&self) -> f64 {
        self.predicted.max(FLOOR) / self.measured.max(FLOOR)
    }

    /// One line for people.
    pub fn line(&self) -> String {
        format!(
            "{:>9} KB {:<7} {:<22} {:<8} {:>9} rows {:>7.1} MB  predicted {:>8.3} s  measured {:>8.3} s  {:>5.2}",
            self.size_kb,
            self.width,
            self.step,
            self.algorithm,
            self.rows,
            self.bytes as f64 / 1e6,
            self.predicted,
            self.measured,
            self.ratio()
        )
    }
}

/// The round with the median time.
pub fn median(mut rounds: Vec<Measured>) -> Measured {
    rounds.sort_by(|one, other| one.measured.total_cmp(&other.measured));
    rounds.swap_remove(rounds.len() / 2)
}

/// Every line; a table for `docs/plan.md`, a row for each size; and how many hold with and without the floor.
pub fn summary(all: &[Measured]) -> String {
    let mut text = String::new();
    for one in all {
        let _ = writeln!(text, "{}{}", one.line(), if fits(one) { "" } else { "  <--" });
    }
    let _ =
        writeln!(text, "\n| table | statements | hold | predicted by measured | longest stall, predicted | measured |");
    let _ = writeln!(text, "|---|---|---|---|---|---|");
    for of_size in all.chunk_by(|one, other| one.size_kb == other.size_kb) {
        let (lowest, highest) = range(of_size);
        let good = of_size.iter().filter(|one| fits(one)).count();
        let Some(longest) = of_size.iter().max_by(|one, other| one.measured.total_cmp(&other.measured)) else {
            continue;
        };
        let _ = writeln!(
            text,
            "| {} | {} | {good} | {lowest:.2} to {highest:.2} | {:.2} s | {:.2} s ({}) |",
            size(of_size[0].size_kb),
            of_size.len(),
            longest.predicted,
            longest.measured,
            longest.step
        );
    }
    let plain = |one: &&Measured| (0.5..=2.0).contains(&(one.predicted / one.measured));
    let share =
        |good: usize| format!("{good} of {} ({:.0} %)", all.len(), 100.0 * good as f64 / all.len().max(1) as f64);
    let (lowest, highest) = range(all);
    let _ = write!(
        text,
        "\nWithin a factor of 2: {}; predicted by measured {lowest:.2} to {highest:.2}. What is below {FLOOR} s counts as {FLOOR} s; \
         without this floor {}.",
        share(all.iter().filter(|one| fits(one)).count()),
        share(all.iter().filter(plain).count()),
    );
    text
}

fn range(all: &[Measured]) -> (f64, f64) {
    let ratios = || all.iter().map(Measured::ratio);
    (ratios().fold(f64::INFINITY, f64::min), ratios().fold(0.0, f64::max))
}

fn size(kb: u64) -> String {
    match kb {
        0..1_000 => format!("{kb} KB"),
        1_000..1_000_000 => format!("{} MB", kb / 1_000),
        _ => format!("{:.1} GB", kb as f64 / 1e6),
    }
}

fn fits(one: &Measured) -> bool {
    (0.5..=2.0).contains(&one.ratio())
}
