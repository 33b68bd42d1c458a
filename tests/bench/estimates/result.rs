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

/// The table, the share within a factor of two, and the lowest ratio.
pub fn summary(all: &[Measured]) -> String {
    let mut text = String::new();
    for one in all {
        let _ = writeln!(text, "{}{}", one.line(), if fits(one) { "" } else { "  <--" });
    }
    let plain = |one: &&Measured| (0.5..=2.0).contains(&(one.predicted / one.measured));
    let _ =
        writeln!(text, "without the floor, {} of {} within a factor of 2", all.iter().filter(plain).count(), all.len());
    let good = all.iter().filter(|one| fits(one)).count();
    let lowest = all.iter().map(Measured::ratio).fold(f64::INFINITY, f64::min);
    let highest = all.iter().map(Measured::ratio).fold(0.0, f64::max);
    let _ = write!(
        text,
        "{good} of {} within a factor of 2 ({:.0} %); predicted by measured {lowest:.2} to {highest:.2}; \
         what is below {FLOOR} s counts as {FLOOR} s",
        all.len(),
        100.0 * good as f64 / all.len().max(1) as f64
    );
    text
}

fn fits(one: &Measured) -> bool {
    (0.5..=2.0).contains(&one.ratio())
}
