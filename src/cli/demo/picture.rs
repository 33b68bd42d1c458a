//! The picture above the figures: what each node did over time, and under it the clients' writes. A pure function.

use std::time::Duration;

use crate::report::Style;

/// What a node is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Taken out of the balancer; its last sessions end.
    Draining,
    /// The DDL runs on it.
    Ddl,
    /// It applies what the others wrote meanwhile.
    CatchingUp,
}

impl Phase {
    /// What the node is doing.
    pub(super) fn doing(self) -> &'static str {
        match self {
            Self::Draining => "draining",
            Self::Ddl => "running the DDL",
            Self::CatchingUp => "catching up",
        }
    }
}

/// A stretch of time in which a node is out of the ordinary. Times count from the scene's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) phase: Phase,
    pub(super) from: Duration,
    pub(super) to: Duration,
}

/// One drawing: a stretch of time in which one thing was done.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) title: String,
    /// Each node's name and what it went through; it was in service otherwise.
    pub(super) nodes: Vec<(String, Vec<Span>)>,
    pub(super) writes_per_100ms: Vec<u32>,
}

/// How things are drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen {
    pub(super) style: Style,
    /// Whether the reader's terminal shows more than ASCII.
    pub(super) unicode: bool,
}

const BIN: Duration = Duration::from_millis(100);
/// The width of the names at the left.
const MARGIN: usize = 8;
/// Rows of the bar chart.
const ROWS: usize = 2;
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII_BARS: [char; 9] = [' ', '.', '.', ':', ':', '+', '+', '#', '#'];

/// Draws scenes one below the other, all on the same scale of time and of writes.
pub(super) fn draw(scenes: &[Scene], pen: Pen) -> String {
    let columns = usize::from(pen.style.width).saturating_sub(MARGIN + 1).clamp(20, 150);
    let longest = scenes.iter().map(|scene| scene.writes_per_100ms.len()).max().unwrap_or(0).max(1);
    let bins_per_column = longest.div_ceil(columns);
    // The tallest bar is a good 100 ms, not the best: one burst after a stall would make all the others small.
    let mut all: Vec<u32> = scenes.iter().flat_map(|scene| scene.writes_per_100ms.iter().copied()).collect();
    all.sort_unstable();
    let tall = all.get(all.len() * 9 / 10).copied().unwrap_or(0).max(1);

    let mut text = legend(pen, bins_per_column);
    for scene in scenes {
        text.push('\n');
        text.push_str(&pen.style.bold(&scene.title));
        text.push('\n');
        draw_scene(scene, pen, bins_per_column, tall, &mut text);
    }
    text
}

fn legend(pen: Pen, bins_per_column: usize) -> String {
    let sign = |phase| pen.paint(phase, &pen.sign(phase).to_string().repeat(2));
    let seconds = bins_per_column as f64 / 10.0;
    format!(
        "{} in service   {} draining   {} DDL   {} catching up\n\
         writes: acknowledged in 100 ms, all clients together; of a column's {seconds:.1} s the poorest 100 ms. {} none at all\n",
        sign(None),
        sign(Some(Phase::Draining)),
        sign(Some(Phase::Ddl)),
        sign(Some(Phase::CatchingUp)),
        pen.style.bad(&pen.nothing().to_string()),
    )
}

fn draw_scene(scene: &Scene, pen: Pen, bins_per_column: usize, tall: u32, text: &mut String) {
    let columns = scene.writes_per_100ms.len().div_ceil(bins_per_column);
    let column = BIN * u32::try_from(bins_per_column).unwrap_or(u32::MAX);
    let edge = |index: usize| column * u32::try_from(index).unwrap_or(u32::MAX);
    for (name, spans) in &scene.nodes {
        let phases: Vec<Option<Phase>> =
            (0..columns).map(|index| phase_in(spans, edge(index), edge(index + 1))).collect();
        text.push_str(&format!("{name:<MARGIN$.MARGIN$}"));
        for run in phases.chunk_by(|a, b| a == b) {
            text.push_str(&pen.paint(run[0], &pen.sign(run[0]).to_string().repeat(run.len())));
        }
        text.push('\n');
    }
    let poorest: Vec<u32> =
        scene.writes_per_100ms.chunks(bins_per_column).map(|bins| bins.iter().copied().min().unwrap_or(0)).collect();
    for row in (0..ROWS).rev() {
        let label = if row == ROWS - 1 { "writes" } else { "" };
        text.push_str(&format!("{label:<MARGIN$}"));
        for run in poorest.chunk_by(|a, b| (*a == 0) == (*b == 0)) {
            if run[0] > 0 {
                text.extend(run.iter().map(|count| pen.bar(*count, tall, row)));
            } else if row == 0 {
                text.push_str(&pen.style.bad(&pen.nothing().to_string().repeat(run.len())));
            } else {
                text.push_str(&" ".repeat(run.len()));
            }
        }
        // Blanks at the end of a line are noise in a file.
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text.push_str(&axis(columns, column));
}

/// What a column shows: in service only if the node was so all through it, or else what it was at for longest.
fn phase_in(spans: &[Span], from: Duration, to: Duration) -> Option<Phase> {
    let overlap = |span: &Span| span.to.min(to).saturating_sub(span.from.max(from));
    spans
        .iter()
        .map(|span| (overlap(span), span.phase))
        .filter(|(time, _)| !time.is_zero())
        .max_by_key(|(time, _)| *time)
        .map(|(_, phase)| phase)
}

/// The seconds under a drawing.
fn axis(columns: usize, column: Duration) -> String {
    let each = [1_u64, 2, 5, 10, 20, 30, 60, 120, 300, 600]
        .into_iter()
        .find(|step| Duration::from_secs(*step).as_secs_f64() / column.as_secs_f64() >= 8.0)
        .unwrap_or(1_200);
    let mut line = String::new();
    for second in (0..).step_by(usize::try_from(each).unwrap_or(1)) {
        let at = (second as f64 / column.as_secs_f64()).round() as usize;
        if at >= columns {
            break;
        }
        line.push_str(&" ".repeat(at.saturating_sub(line.len())));
        line.push_str(&format!("{second} s"));
    }
    format!("{:<MARGIN$}{line}\n", "")
}

impl Pen {
    fn sign(self, phase: Option<Phase>) -> char {
        match (phase, self.unicode) {
            (None, true) => '─',
            (Some(Phase::Draining), true) => '░',
            (Some(Phase::Ddl), true) => '█',
            (Some(Phase::CatchingUp), true) => '▒',
            (None, false) => '-',
            (Some(Phase::Draining), false) => 'd',
            (Some(Phase::Ddl), false) => 'D',
            (Some(Phase::CatchingUp), false) => 'c',
        }
    }

    fn paint(self, phase: Option<Phase>, text: &str) -> String {
        match phase {
            None => self.style.good(text),
            Some(Phase::Draining | Phase::CatchingUp) => self.style.warn(text),
            Some(Phase::Ddl) => self.style.bold(text),
        }
    }

    fn nothing(self) -> char {
        if self.unicode { '×' } else { 'x' }
    }

    /// The part of a bar that falls into one row; row 0 is the lowest. A bar that is not empty shows.
    fn bar(self, count: u32, tall: u32, row: usize) -> char {
        let bars = if self.unicode { BARS } else { ASCII_BARS };
        let steps = (count as usize * 8 * ROWS / tall as usize).clamp(1, 8 * ROWS);
        bars[steps.saturating_sub(8 * row).min(8)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(phase: Phase, from: u64, to: u64) -> Span {
        Span { phase, from: Duration::from_millis(from), to: Duration::from_millis(to) }
    }

    #[test]
    fn a_roll_and_a_stall() {
        let mut stalled = vec![16; 10];
        stalled.extend([0; 20]);
        stalled.extend([40, 16, 16, 16, 16, 16, 16, 16, 16, 16]);
        let scenes = [
            Scene {
                title: "rolled".into(),
                nodes: vec![
                    (
                        "n1".into(),
                        vec![
                            span(Phase::Draining, 500, 1_400),
                            span(Phase::Ddl, 1_400, 3_000),
                            span(Phase::CatchingUp, 3_000, 3_050),
                        ],
                    ),
                    ("n2".into(), vec![]),
                ],
                writes_per_100ms: vec![16; 40],
            },
            Scene {
                title: "at once".into(),
                nodes: vec![("n1".into(), vec![span(Phase::Ddl, 1_000, 3_000)]), ("n2".into(), vec![])],
                writes_per_100ms: stalled,
            },
        ];
        let drawn = draw(&scenes, Pen { style: Style::plain(60), unicode: true });
        insta::assert_snapshot!(drawn, @r"
        ── in service   ░░ draining   ██ DDL   ▒▒ catching up
        writes: acknowledged in 100 ms, all clients together; of a column's 0.1 s the poorest 100 ms. × none at all

        rolled
        n1      ─────░░░░░░░░░████████████████▒─────────
        n2      ────────────────────────────────────────
        writes  ████████████████████████████████████████
                ████████████████████████████████████████
                0 s       1 s       2 s       3 s

        at once
        n1      ──────────████████████████████──────────
        n2      ────────────────────────────────────────
        writes  ██████████                    ██████████
                ██████████××××××××××××××××××××██████████
                0 s       1 s       2 s       3 s
        ");
        let plain = draw(&scenes, Pen { style: Style::plain(30), unicode: false });
        assert!(plain.is_ascii(), "{plain}");
        assert!(plain.lines().skip(3).all(|line| line.len() <= 30), "{plain}");
    }

    #[test]
    fn a_short_phase_is_not_lost_in_a_wide_column() {
        let spans = [span(Phase::CatchingUp, 1_010, 1_030)];
        let at = |from, to| phase_in(&spans, Duration::from_millis(from), Duration::from_millis(to));
        assert_eq!(at(1_000, 2_000), Some(Phase::CatchingUp));
        assert_eq!(at(0, 1_000), None);
        assert_eq!(at(2_000, 3_000), None);
    }
}
