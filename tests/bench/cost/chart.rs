//! Pictures: the longest write gap of every class, and lines for what grows. Pure functions.

use std::fmt::Write;

use crate::measure::{Measured, Way};
use crate::page::rows;

const LEFT: f64 = 330.0;
const WIDTH: f64 = 620.0;
const LINE: f64 = 20.0;
const TOP: f64 = 60.0;
/// The axis is logarithmic, from this many milliseconds on.
const LEAST: f64 = 5.0;

/// An SVG: one line a class, a mark for each way, on a logarithmic axis.
pub fn gaps(all: &[Measured]) -> String {
    let schema = rows(all, Way::Schema);
    let others = [(Way::PlainToi, "#c0392b", rows(all, Way::PlainToi)), (Way::PtOsc, "#d68910", rows(all, Way::PtOsc))];
    let most = all.iter().map(|one| one.longest_gap_ms).fold(1000.0, f64::max);
    let x = |ms: f64| LEFT + (ms.max(LEAST) / LEAST).ln() / (most / LEAST).ln() * WIDTH;
    let height = TOP + LINE * schema.len() as f64 + 30.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{:.0}\" height=\"{height:.0}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"10\" y=\"20\" font-size=\"15\">Longest time without a write of any client (milliseconds, logarithmic)</text>\n",
        LEFT + WIDTH + 40.0
    );
    for (at, (name, colour)) in [
        ("idle cluster", "#7f8c8d"),
        ("schema apply", "#1e8449"),
        ("plain TOI", "#c0392b"),
        ("pt-online-schema-change", "#d68910"),
    ]
    .into_iter()
    .enumerate()
    {
        let left = 10.0 + 170.0 * at as f64;
        let _ = writeln!(
            svg,
            "<circle cx=\"{}\" cy=\"38\" r=\"5\" fill=\"{colour}\"/><text x=\"{}\" y=\"42\">{name}</text>",
            left + 5.0,
            left + 15.0
        );
    }
    let mut tick = LEAST * 2.0;
    while tick <= most {
        let at = x(tick);
        let _ = writeln!(
            svg,
            "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{:.1}\" stroke=\"#ddd\"/><text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#555\">{tick:.0}</text>",
            height - 25.0,
            height - 10.0
        );
        tick *= 10.0;
    }
    for (at, row) in schema.iter().enumerate() {
        let y = TOP + LINE * at as f64 + 12.0;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{} ({})</text>",
            LEFT - 10.0,
            y + 4.0,
            escape(&row.measured.title),
            row.measured.method
        );
        let mut mark = |ms: f64, colour: &str, radius: f64| {
            let _ = writeln!(svg, "<circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{colour}\"/>", x(ms));
        };
        for (_, colour, rows) in &others {
            if let Some(other) = rows
                .iter()
                .find(|other| other.measured.class == row.measured.class && other.measured.method != "failed")
            {
                mark(other.gap.median, colour, 4.0);
            }
        }
        mark(row.idle.median, "#7f8c8d", 4.0);
        if row.measured.method != "refused" {
            mark(row.gap.median, "#1e8449", 5.0);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// One line of a chart.
#[derive(Clone, Debug)]
pub struct Line {
    pub name: String,
    pub colour: &'static str,
    /// What grows, and what it cost.
    pub points: Vec<(f64, f64)>,
}

/// An SVG of lines on two logarithmic axes.
pub fn lines(title: &str, below: &str, lines: &[Line]) -> String {
    let (left, top, width, height) = (70.0, 40.0, 480.0, 280.0);
    let points = || lines.iter().flat_map(|line| &line.points).filter(|(x, y)| *x > 0.0 && *y > 0.0);
    let range = |pick: fn(&(f64, f64)) -> f64| {
        let (least, most) =
            points().map(pick).fold((f64::MAX, f64::MIN), |(least, most), value| (least.min(value), most.max(value)));
        (least, most.max(least * 1.01))
    };
    let ((x0, x1), y) = (range(|point| point.0), range(|point| point.1));
    // Whole powers of ten, so that the axis can be read.
    let (y0, y1) = (10_f64.powf(y.0.log10().floor()), 10_f64.powf(y.1.log10().ceil()));
    let across = |x: f64| left + (x / x0).ln() / (x1 / x0).ln() * width;
    let up = |y: f64| top + height - (y / y0).ln() / (y1 / y0).ln() * height;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{:.0}\" height=\"{:.0}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<text x=\"10\" y=\"20\" font-size=\"15\">{}</text>\n",
        left + width + 220.0,
        top + height + 50.0,
        escape(title)
    );
    let mut tick = y0;
    while tick <= y1 * 1.01 {
        let at = up(tick);
        let _ = writeln!(
            svg,
            "<line x1=\"{left}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#ddd\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#555\">{tick}</text>",
            left + width,
            left - 8.0,
            at + 4.0
        );
        tick *= 10.0;
    }
    let mut marks: Vec<f64> = points().map(|point| point.0).collect();
    marks.sort_by(f64::total_cmp);
    marks.dedup();
    for mark in marks {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#555\">{mark}</text>",
            across(mark),
            top + height + 18.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
        left + width / 2.0,
        top + height + 38.0,
        escape(below)
    );
    for (at, line) in lines.iter().enumerate() {
        let path: Vec<String> = line
            .points
            .iter()
            .filter(|(x, y)| *x > 0.0 && *y > 0.0)
            .map(|(x, y)| format!("{:.1},{:.1}", across(*x), up(*y)))
            .collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>",
            path.join(" "),
            line.colour
        );
        for place in &path {
            let (x, y) = place.split_once(',').unwrap_or_default();
            let _ = writeln!(svg, "<circle cx=\"{x}\" cy=\"{y}\" r=\"3\" fill=\"{}\"/>", line.colour);
        }
        let legend = top + 10.0 + 20.0 * at as f64;
        let _ = writeln!(
            svg,
            "<circle cx=\"{}\" cy=\"{legend}\" r=\"5\" fill=\"{}\"/><text x=\"{}\" y=\"{}\">{}</text>",
            left + width + 20.0,
            line.colour,
            left + width + 30.0,
            legend + 4.0,
            escape(&line.name)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
