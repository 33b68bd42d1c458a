//! What grows, as tables and charts.

use std::fmt::Write;
use std::path::Path;

use crate::chart::{self, Line};
use crate::growth::{Growth, Statements, Tables, save};
use crate::measure::{self, Measured, Way};

const BLUE: &str = "#2874a6";
const GREEN: &str = "#1e8449";
const GREY: &str = "#7f8c8d";
const RED: &str = "#c0392b";

/// Tables for the page, and one chart for each kind.
pub fn show(folder: &Path, grown: &Growth) {
    save(folder, grown);
    let mut page = String::new();
    for (name, what, steps) in [("nodes", "nodes", &grown.nodes), ("size", "MB", &grown.size)] {
        if !steps.is_empty() {
            page.push_str(&under_load(what, steps));
            measure::save(folder, &format!("growth-{name}.svg"), &rebuild(what, steps));
        }
    }
    page.push_str(&without_load(
        folder,
        ("statements", "A file of statements that change definitions only"),
        &grown.statements,
        &[
            ("plan s", None, |one: &Statements| one.plan_s),
            ("plan MB", None, |one| one.plan_mb),
            ("apply s", Some(("schema apply", GREEN)), |one| one.apply_s),
            ("apply MB", None, |one| one.apply_mb),
            ("`mariadb` client s", Some(("mariadb client", GREY)), |one| one.client_s),
        ],
        |one| one.count,
    ));
    page.push_str(&without_load(
        folder,
        ("tables", "Tables in the cluster"),
        &grown.tables,
        &[
            ("plan s", Some(("schema plan", BLUE)), |one: &Tables| one.plan_s),
            ("plan MB", None, |one| one.plan_mb),
            ("verify of all nodes s", Some(("schema verify, all nodes", GREEN)), |one| one.verify_s),
            ("verify MB", None, |one| one.verify_mb),
            ("SHOW CREATE TABLE, one node, s", Some(("SHOW CREATE TABLE, one node", GREY)), |one| one.show_create_s),
        ],
        |one| one.count,
    ));
    measure::save(folder, "growth.md", &page);
    println!("{page}Results are in {}.", folder.display());
}

/// The classes that were measured at each step, a line for each.
fn under_load(what: &str, steps: &[(u64, Vec<Measured>)]) -> String {
    let mut text = format!(
        "| {what} | class | method | wall s | servers' DDL s | longest write gap ms | idle gap ms | failed | plain TOI: wall s | \
         plain TOI: gap ms |\n|---|---|---|---|---|---|---|---|---|---|\n"
    );
    for (step, measured) in steps {
        for pair in measured.chunks_exact(2) {
            let (ours, toi) = (&pair[0], &pair[1]);
            let _ = writeln!(
                text,
                "| {step} | {} | {} | {:.2} | {:.2} | {:.1} | {:.1} | {} | {:.2} | {:.1} |",
                ours.title,
                ours.method,
                ours.wall,
                ours.ddl,
                ours.longest_gap_ms,
                ours.idle_gap_ms,
                ours.failed,
                toi.wall,
                toi.longest_gap_ms
            );
        }
    }
    text.push('\n');
    text
}

fn rebuild(what: &str, steps: &[(u64, Vec<Measured>)]) -> String {
    let line = |name: &str, colour, way: Way, value: fn(&Measured) -> f64| Line {
        name: name.to_owned(),
        colour,
        points: steps
            .iter()
            .filter_map(|(step, all)| {
                all.iter().find(|one| one.class == "force" && one.way == way).map(|one| (*step as f64, value(one)))
            })
            .collect(),
    };
    let title = format!("Rebuilding a table, by {what} (seconds, both axes logarithmic)");
    chart::lines(
        &title,
        what,
        &[
            line("schema apply: longest gap", GREEN, Way::Schema, |one| one.longest_gap_ms / 1e3),
            line("idle: longest gap", GREY, Way::Schema, |one| one.idle_gap_ms / 1e3),
            line("plain TOI: longest gap", RED, Way::PlainToi, |one| one.longest_gap_ms / 1e3),
            line("schema apply: wall time", BLUE, Way::Schema, |one| one.wall),
        ],
    )
}

/// One column: its head, the name and colour of its line where it has one, and the value.
type Column<T> = (&'static str, Option<(&'static str, &'static str)>, fn(&T) -> f64);

/// A table with a line for each step, and a chart of the columns that have a line.
fn without_load<T>(
    folder: &Path,
    (what, title): (&str, &str),
    steps: &[T],
    columns: &[Column<T>],
    count: fn(&T) -> u64,
) -> String {
    if steps.is_empty() {
        return String::new();
    }
    let mut text = format!("| {what} |");
    for (head, ..) in columns {
        let _ = write!(text, " {head} |");
    }
    let _ = writeln!(text, "\n|---|{}", "---|".repeat(columns.len()));
    for one in steps {
        let _ = write!(text, "| {} |", count(one));
        for (head, _, value) in columns {
            let digits = if head.ends_with("MB") { 0 } else { 3 };
            let _ = write!(text, " {:.digits$} |", value(one));
        }
        text.push('\n');
    }
    text.push('\n');
    let lines: Vec<Line> = columns
        .iter()
        .filter_map(|(_, line, value)| {
            line.map(|(name, colour)| Line {
                name: name.to_owned(),
                colour,
                points: steps.iter().map(|one| (count(one) as f64, value(one))).collect(),
            })
        })
        .collect();
    let title = format!("{title} (seconds, both axes logarithmic)");
    measure::save(folder, &format!("growth-{what}.svg"), &chart::lines(&title, what, &lines));
    text
}
