//! What a person sees of a run.

use std::fmt::Write;

use crate::report::Style;
use crate::run::{Direction, Ending, Event, Outcome, Seconds, Stamped};

/// A line for the log, or one that is replaced by the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Something that happened.
    Log(String),
    /// Something that goes on. `fraction` is in thousandths, where the server says how far it is.
    Progress {
        /// In words.
        text: String,
        /// 0 to 1000.
        fraction: Option<u64>,
    },
}

/// A line, or nothing to see.
pub type Shown = Option<Line>;

/// An event in words.
pub fn show(event: &Stamped, style: Style) -> Shown {
    let at = style.dim(&format!("{:7.2} s", event.at));
    let log = |text: String| Some(Line::Log(format!("{at}  {text}")));
    let progress = |text: String, fraction| Some(Line::Progress { text, fraction });
    match &event.event {
        Event::RunStarted { command, title, nodes, .. } => {
            log(format!("{} {}: {title}; nodes {}", style.bold(command), event.run, nodes.join(", ")))
        }
        Event::Check { check, node, ok, text } => {
            let mark = if *ok { style.good("ok") } else { style.warn("!!") };
            let node = node.as_ref().map_or(String::new(), |node| format!("{node}: "));
            log(format!("{mark} {check}: {node}{text}"))
        }
        Event::WindowOpened { setting } => log(format!("slave_type_conversions={setting} on every node")),
        Event::WindowClosed {} => log("slave_type_conversions as before on every node".to_owned()),
        Event::DrainStarted { node } => log(format!("{}  out of rotation", style.bold(node))),
        Event::DrainProgress { node, sessions, clients } => {
            let counted = sessions.map_or(String::new(), |count| format!(", {count} by the balancers' count"));
            progress(format!("{node}  {clients} client connection(s) left{counted}"), None)
        }
        Event::Drained { node, seconds, closed } => {
            let closed = if *closed > 0 { format!(", {closed} closed") } else { String::new() };
            log(format!("{node}  empty after {seconds:.1} s{closed}"))
        }
        Event::RsuProven { node, desync_count, last_committed, gated, .. } => {
            let gate = if *gated { ", statement held at the gate" } else { "" };
            log(format!(
                "{node}  RSU proven: wsrep_desync_count {} -> {}, wsrep_last_committed stands at {last_committed}{gate}",
                desync_count[0], desync_count[1]
            ))
        }
        Event::Retry { text, .. } => log(style.warn(&format!("{text} Trying again."))),
        Event::DdlStarted { node, statement, direction, sql } => {
            let back = if *direction == Direction::Back { "undoing " } else { "" };
            log(format!("{node}  {back}statement {statement}: {}", one_line(sql)))
        }
        Event::DdlProgress { node, state, stage, percent, seconds, .. } => {
            let known = stage[1] > 0;
            let stages =
                if known { format!(", stage {} of {}, {percent:.0}%", stage[0], stage[1]) } else { String::new() };
            progress(format!("{node}  {seconds:.0} s: {state}{stages}"), known.then_some((percent * 10.0) as u64))
        }
        Event::DdlFinished { node, seconds, error: None, affected_rows, .. } => {
            let rows = if *affected_rows > 0 { format!(", {affected_rows} rows copied") } else { String::new() };
            log(format!("{node}  done in {seconds:.2} s{rows}"))
        }
        Event::DdlFinished { error: Some(error), .. } | Event::ToiFinished { error: Some(error), .. } => {
            log(style.bad(error))
        }
        Event::CatchUpProgress { node, queue } => progress(format!("{node}  {queue} write sets to apply"), None),
        Event::CaughtUp { node, seconds, queue } => {
            log(format!("{node}  caught up in {seconds:.2} s ({queue} write sets had waited), Synced"))
        }
        Event::Admitted { node, .. } => log(format!("{node}  {}", style.good("back in rotation"))),
        Event::Settling { node, seconds } => progress(format!("{node}  settling for {seconds:.0} s"), None),
        Event::ToiSent { node, statement, sql } => {
            log(format!("all   statement {statement}, sent to {node}: {}", one_line(sql)))
        }
        Event::ToiProgress { node, state, queue, .. } => {
            progress(format!("{node}  {state}, {queue} write sets wait"), None)
        }
        Event::ToiFinished { seconds, .. } => log(format!("all   answered in {seconds:.3} s")),
        Event::Verified { nodes, .. } => log(format!("{}  {}", nodes.join(" "), style.good("equal, as planned"))),
        Event::Waiting { text } => log(style.warn(&format!("Waiting. {text}"))),
        Event::Hint { text } => log(text.clone()),
        Event::RunFinished { .. } => None,
    }
}

fn one_line(sql: &str) -> String {
    let mut text = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() > 100 {
        text = text.chars().take(97).collect();
        text.push_str("...");
    }
    text
}

/// The last word of a run, for stdout.
pub fn answer(ending: &Ending, seconds: Option<&Seconds>, style: Style) -> String {
    let mut page = String::new();
    let headline = match ending.outcome {
        Outcome::Done => style.good("Done: every node holds the new schema, is in rotation and Synced."),
        Outcome::RolledBack if !ending.left.is_empty() => {
            style.good("Ended: what was under way is undone; every node is in rotation and Synced.")
        }
        Outcome::RolledBack => style.good("Rolled back: every node is as it was before, in rotation and Synced."),
        Outcome::Refused => style.bad("Refused. Nothing was changed."),
        Outcome::Unobservable => style.bad("Not enough could be seen to begin. Nothing was changed."),
        Outcome::Undone => style.bad("Failed, and undone: every node is in service and the schema is as before."),
        Outcome::Resumable => style.warn("Stopped half-way, in a safe place."),
        Outcome::Unknown => style.bad("A person must look."),
    };
    let _ = writeln!(page, "{headline}");
    if !ending.text.is_empty() {
        let _ = writeln!(page, "  {}", ending.text);
    }
    for left in &ending.left {
        let _ = writeln!(page, "  Left: {left}");
    }
    if let Some(seconds) = seconds
        && ending.outcome == Outcome::Done
    {
        let parts = [
            ("drains", seconds.drain),
            ("DDL", seconds.ddl),
            ("TOI", seconds.toi),
            ("catching up", seconds.catch_up),
            ("settling", seconds.settle),
        ];
        let parts: Vec<String> =
            parts.iter().filter(|(_, time)| *time >= 0.01).map(|(name, time)| format!("{name} {time:.2} s")).collect();
        let _ = writeln!(page, "  {:.2} s in all: {}", seconds.total, parts.join(", "));
    }
    match ending.outcome {
        Outcome::Resumable => {
            page.push_str("  Next: schema resume   (finishes it; `schema abort` ends it as safely as it can)\n")
        }
        Outcome::Unknown => {
            page.push_str("  Next: schema verify   (shows what differs; then `schema resume` or `schema abort`)\n")
        }
        _ => {}
    }
    page
}
