//! The results as a page. Pure functions.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::measure::{Measured, Way};

/// What a class came to, one way: medians over the rounds, and the worst of what must not happen.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    pub measured: &'a Measured,
    pub wall: Spread,
    pub gap: Spread,
    pub idle: Spread,
    pub p99: Spread,
    pub failed: usize,
    pub ddl: f64,
    /// Wall time by the sum of the servers' DDL and the configured waits, round by round.
    pub ratio: Spread,
}

/// Minimum, median, maximum.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub min: f64,
    pub median: f64,
    pub max: f64,
}

fn spread(values: impl Iterator<Item = f64>) -> Spread {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    Spread { min: values[0], median: values[values.len() / 2], max: values[values.len() - 1] }
}

/// The rows of one way, in order of the classes.
pub fn rows(all: &[Measured], way: Way) -> Vec<Row<'_>> {
    let mut groups: BTreeMap<&str, Vec<&Measured>> = BTreeMap::new();
    for one in all.iter().filter(|one| one.way == way) {
        groups.entry(&one.class).or_default().push(one);
    }
    groups
        .into_values()
        .map(|group| Row {
            // A round that failed is what the class came to.
            measured: group.iter().find(|one| one.method == "failed").unwrap_or(&group[0]),
            wall: spread(group.iter().map(|one| one.wall)),
            gap: spread(group.iter().map(|one| one.longest_gap_ms)),
            idle: spread(group.iter().map(|one| one.idle_gap_ms)),
            p99: spread(group.iter().map(|one| one.p99_ms)),
            failed: group.iter().map(|one| one.failed).sum(),
            ddl: spread(group.iter().map(|one| one.ddl)).median,
            ratio: spread(group.iter().map(|one| one.wall / (one.ddl + one.configured).max(f64::MIN_POSITIVE))),
        })
        .collect()
}

/// The longest gap of an idle stretch of this run, at the median. One stretch of a few seconds is a matter of luck; all
/// of them together tell what this machine does when nothing happens.
fn idle_of_run(all: &[Measured]) -> f64 {
    spread(all.iter().map(|one| one.idle_gap_ms)).median
}

/// A class without a stall: nothing failed, and the gap is at most one and a half times that of an idle cluster, in the
/// stretch behind it or in the whole run.
pub fn no_stall(row: &Row<'_>, idle: f64) -> bool {
    !matches!(row.measured.method.as_str(), "refused" | "failed")
        && row.failed == 0
        && row.gap.median <= 1.5 * row.idle.median.max(idle)
}

/// The lines that matter most.
pub fn summary(all: &[Measured]) -> String {
    let rows = rows(all, Way::Schema);
    let idle = idle_of_run(all);
    let held = rows.iter().filter(|row| no_stall(row, idle)).count();
    let mut text = format!(
        "No-stall coverage: {held} of {} classes ({:.0} %).",
        rows.len(),
        100.0 * held as f64 / rows.len().max(1) as f64
    );
    let done = || rows.iter().filter(|row| !matches!(row.measured.method.as_str(), "refused" | "failed"));
    let times_idle = |row: &Row<'_>| row.gap.median / row.idle.median.max(idle);
    if let Some(slowest) = done().max_by(|a, b| times_idle(a).total_cmp(&times_idle(b))) {
        let _ = write!(
            text,
            "\nLongest gap of all classes that were done: {:.1} ms, {:.1} times idle ({}).",
            slowest.gap.median,
            times_idle(slowest),
            slowest.measured.class
        );
    }
    let ratio = |row: &Row<'_>| row.ratio.median;
    if let Some(worst) = done().filter(|row| row.measured.method == "RSU").max_by(|a, b| ratio(a).total_cmp(&ratio(b)))
    {
        let _ = write!(
            text,
            "\nA roll's wall time is at most {:.2} times the servers' DDL, drains and settles ({}).",
            ratio(worst),
            worst.measured.class
        );
    }
    let pt = self::rows(all, Way::PtOsc);
    let both: Vec<_> = done()
        .filter_map(|row| {
            let other =
                pt.iter().find(|pt| pt.measured.class == row.measured.class && pt.measured.method != "failed")?;
            Some((row, other))
        })
        .collect();
    if !both.is_empty() {
        let faster = both.iter().filter(|(row, other)| row.wall.median < other.wall.median).count();
        let _ =
            write!(text, "\nFaster than pt-online-schema-change in {faster} of {} classes that both did.", both.len());
        for (row, other) in both.iter().filter(|(row, other)| row.wall.median >= other.wall.median) {
            let _ = write!(
                text,
                "\n  {} ({}): {:.1} s, pt-online-schema-change {:.1} s",
                row.measured.class, row.measured.method, row.wall.median, other.wall.median
            );
        }
    }
    let missed = rows.iter().filter(|row| !no_stall(row, idle)).count();
    if missed > 0 {
        text.push_str("\nClasses without that:");
    }
    for row in rows.iter().filter(|row| !no_stall(row, idle)) {
        let why = if row.measured.why.is_empty() {
            format!(
                "gap {:.1} ms, idle {:.1} ms, failed {} {}",
                row.gap.median, row.idle.median, row.failed, row.measured.errors
            )
        } else {
            row.measured.why.chars().take(300).collect()
        };
        let _ = write!(text, "\n  {} ({}): {why}", row.measured.class, row.measured.method);
    }
    text
}

/// The tables of `docs/benchmarks.md`.
pub fn page(all: &[Measured], size: u64, nodes: u8, clients: u32) -> String {
    let mut page = format!(
        "Table of {size} MB, {nodes} nodes, {clients} clients. Medians; the spread (least to most) of the gap in brackets.\n\n"
    );
    page.push_str("| class | method | wall s | servers' DDL s | wall / (DDL + drains + settles) | longest write gap ms | idle gap ms | p99 ms | failed |\n|---|---|---|---|---|---|---|---|---|\n");
    for row in rows(all, Way::Schema) {
        let ratio = if row.measured.method == "RSU" { format!("{:.2}", row.ratio.median) } else { "-".into() };
        let _ = writeln!(
            page,
            "| {} | {} | {:.2} | {:.2} | {ratio} | {:.1} ({:.1} to {:.1}) | {:.1} | {:.1} | {} |",
            row.measured.title,
            row.measured.method,
            row.wall.median,
            row.ddl,
            row.gap.median,
            row.gap.min,
            row.gap.max,
            row.idle.median,
            row.p99.median,
            row.failed
        );
    }
    page.push_str("\nThe same classes in plain TOI, and with pt-online-schema-change where it can do them.\n\n");
    page.push_str("| class | TOI wall s | TOI gap ms | TOI failed | pt-osc wall s | pt-osc gap ms | pt-osc failed |\n|---|---|---|---|---|---|---|\n");
    let pt = rows(all, Way::PtOsc);
    for row in rows(all, Way::PlainToi) {
        let other = pt.iter().find(|pt| pt.measured.class == row.measured.class && pt.measured.method != "failed");
        let cell = |pick: fn(&Row<'_>) -> String| other.map_or_else(|| "-".to_owned(), pick);
        let _ = writeln!(
            page,
            "| {} | {:.2} | {:.1} | {} | {} | {} | {} |",
            row.measured.title,
            row.wall.median,
            row.gap.median,
            row.failed,
            cell(|row| format!("{:.2}", row.wall.median)),
            cell(|row| format!("{:.1}", row.gap.median)),
            cell(|row| row.failed.to_string())
        );
    }
    let _ = write!(page, "\n{}\n", summary(all));
    page
}
