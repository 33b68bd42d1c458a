//! The figures under the picture, and what they say. Pure functions.

use std::time::Duration;

use comfy_table::{CellAlignment, ColumnConstraint};

use crate::plan::Method;
use crate::report::{Style, table};
use crate::sandbox::workload::Figures;

/// How a line's work was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// There was none.
    Idle,
    /// `schema apply` chose it.
    Applied(Method),
    /// A bare statement.
    Plain,
}

impl How {
    fn word(self) -> &'static str {
        match self {
            Self::Idle => "-",
            Self::Applied(Method::Toi) => "TOI",
            Self::Applied(Method::Rsu) => "RSU",
            Self::Applied(Method::PtOsc) => "PT-OSC",
            Self::Applied(Method::Refuse) => "refused",
            Self::Plain => "plain TOI",
        }
    }
}

/// One line of the table.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) what: String,
    pub(super) how: How,
    pub(super) why: String,
    pub(super) wall: Duration,
    pub(super) figures: Figures,
    /// What was going on in the longest gap.
    pub(super) during: String,
}

/// What the demo came to.
#[derive(Clone, Debug)]
pub(super) struct Summary {
    /// No schema change.
    pub(super) idle: Line,
    /// The statements of the file, as they were applied.
    pub(super) applied: Vec<Line>,
    /// The rebuild once more, the plain way.
    pub(super) plain: Line,
    /// For each roll: its wall time, and the nodes' DDL time with the drains and settles that were configured.
    pub(super) rolls: Vec<(Duration, Duration)>,
    /// Acknowledged writes of the clients' ledger, all of them looked for on every node.
    pub(super) acknowledged: usize,
    /// Rows that some node lacks or has too much of.
    pub(super) lost: usize,
    /// What is not as it should be at the end; empty when everything is.
    pub(super) left: Vec<String>,
}

/// How much longer the longest gap may be during a roll than when nothing runs.
const GAP_LIMIT: f64 = 3.0;
/// How much longer a roll may take than its parts.
const WALL_LIMIT: f64 = 1.15;

/// The table and the sentences below it.
pub(super) fn print(summary: &Summary, style: Style) -> String {
    let mut page = table(style, ["statement", "method", "wall time", "longest write gap", "p99 write", "failed"]);
    for column in 2..=5 {
        if let Some(column) = page.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    // The texts of statements give way to the figures.
    for column in 1..=5 {
        if let Some(column) = page.column_mut(column).filter(|_| style.width >= 90) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    let idle = summary.idle.figures.longest_write_gap;
    for line in std::iter::once(&summary.idle).chain(&summary.applied).chain([&summary.plain]) {
        let gap = line.figures.longest_write_gap;
        page.add_row([
            format!("{}\n{}", line.what, line.why),
            line.how.word().into(),
            format!("{:.1} s", line.wall.as_secs_f64()),
            milliseconds(gap),
            if line.figures.writes == 0 { "-".into() } else { milliseconds(line.figures.p99) },
            format!("{} of {}", line.figures.failures(), grouped(line.figures.statements)),
        ]);
    }
    let mut text = format!("{page}\n");
    for line in std::iter::once(&summary.idle).chain(&summary.applied).chain([&summary.plain]) {
        for (error, count) in &line.figures.failed {
            text += &format!("  {}: {count} x {error}\n", line.what);
        }
    }

    let rolls = || summary.applied.iter().filter(|line| line.how == How::Applied(Method::Rsu));
    let failures: usize = rolls().map(|line| line.figures.failures()).sum();
    let statements: usize = rolls().map(|line| line.figures.statements).sum();
    let all: usize = summary.applied.iter().map(|line| line.figures.failures()).sum();
    let worst = rolls().max_by_key(|line| line.figures.longest_write_gap);
    let during = worst.map_or("", |line| &line.during);
    let worst = worst.map(|line| line.figures.longest_write_gap).unwrap_or_default();
    let times = worst.as_secs_f64() / idle.as_secs_f64().max(1e-6);
    let mut say = |good: bool, sentence: String| {
        let mark = if good { style.good("ok") } else { style.bad("!!") };
        text += &format!("{mark}  {sentence}\n");
    };
    say(
        failures == 0,
        format!("{failures} of the clients' {} statements failed during the rolls.", grouped(statements)),
    );
    if all > failures {
        // Any TOI statement does this to transactions that are at work on its table (galera-facts 1.8).
        let ended = all - failures;
        say(
            true,
            format!("TOI ended {ended} that were at work on the table at that moment; applications try them again."),
        );
    }
    say(
        times <= GAP_LIMIT,
        format!(
            "During the rolls the longest time without a write of any client was {}, while {during}: {times:.1} times \
             that of the idle cluster (at most {GAP_LIMIT}). In plain TOI it was {}.",
            milliseconds(worst),
            milliseconds(summary.plain.figures.longest_write_gap)
        ),
    );
    for (wall, parts) in &summary.rolls {
        let ratio = wall.as_secs_f64() / parts.as_secs_f64().max(1e-6);
        say(
            ratio <= WALL_LIMIT,
            format!(
                "A roll took {:.1} s: {ratio:.2} times its nodes' DDL, drains and settles, {:.1} s (at most {WALL_LIMIT}).",
                wall.as_secs_f64(),
                parts.as_secs_f64()
            ),
        );
    }
    say(
        summary.lost == 0,
        format!(
            "{} acknowledged transactions were looked for on every node; {} are missing or too many.",
            grouped(summary.acknowledged),
            summary.lost
        ),
    );
    if summary.left.is_empty() {
        say(true, "All nodes are Synced, in rotation and not desynced, and hold the same schema.".into());
    }
    for left in &summary.left {
        say(false, left.clone());
    }
    text
}

fn milliseconds(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1e3;
    if milliseconds < 100.0 {
        format!("{milliseconds:.1} ms")
    } else {
        format!("{} ms", grouped(milliseconds as usize))
    }
}

/// A number with its thousands set apart.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(12_345_678), "12,345,678");
        assert_eq!(milliseconds(Duration::from_micros(10_640)), "10.6 ms");
        assert_eq!(milliseconds(Duration::from_millis(12_550)), "12,550 ms");
    }

    fn line(what: &str, gap: u64, failures: usize) -> Line {
        let mut figures = Figures {
            statements: 1_000,
            longest_write_gap: Duration::from_millis(gap),
            p99: Duration::from_millis(5),
            ..Figures::default()
        };
        if failures > 0 {
            figures.failed.insert("connection lost".into(), failures);
        }
        let (how, why) = (How::Applied(Method::Rsu), "rebuild".into());
        Line { what: what.into(), how, why, wall: Duration::from_secs(10), figures, during: String::new() }
    }

    #[test]
    fn says_what_was_missed() {
        let mut summary = Summary {
            idle: line("nothing", 10, 0),
            applied: vec![line("ALTER TABLE orders FORCE", 30, 0)],
            plain: line("the same in TOI", 5_000, 0),
            rolls: vec![(Duration::from_secs(20), Duration::from_secs(19))],
            acknowledged: 4_000,
            lost: 0,
            left: Vec::new(),
        };
        let good = print(&summary, Style::plain(100));
        assert!(!good.contains("!!"), "{good}");
        summary.applied = vec![line("ALTER TABLE orders FORCE", 31, 2)];
        summary.rolls = vec![(Duration::from_secs(23), Duration::from_secs(19))];
        summary.lost = 1;
        summary.left.push("n1 is desynced.".into());
        let bad = print(&summary, Style::plain(100));
        assert_eq!(bad.matches("!!").count(), 5, "{bad}");
        assert!(bad.contains("2 x connection lost"), "{bad}");
    }
}
