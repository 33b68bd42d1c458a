//! `schema balancer`.

use clap::{Subcommand, ValueEnum};

use super::resume::Gone;
use super::{Global, block_on, output};
use crate::balancer::View;
use crate::config::{ConnectionArgs, Settings};
use crate::engine::rehearsal::{Rehearsal, rehearse};
use crate::failure::{ExitCode, Failure};

/// Rehearses a drain and return of a node, without any DDL.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(Check),
}

/// Drains one node in every balancer, proves that it is empty, and puts it back.
///
/// No DDL is run. What is found wrong here would stop a real run half-way: names that a balancer does not know, an
/// access level that is too low, sessions that never leave, a drain that something undoes. `[policy]` applies, so
/// connections are closed where `after_drain_timeout` says so.
#[derive(Debug, clap::Args)]
struct Check {
    /// The node. [default: the one that is best drained first]
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    #[command(flatten)]
    gone: Gone,
    /// How to print what was seen.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Human,
    Json,
}

pub(super) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let Command::Check(check) = args.command;
    let settings = Settings::load(global.config.as_deref(), &ConnectionArgs::default())?;
    let quiet = global.quiet;
    let mut tell = |line: String| {
        if !quiet {
            // Nobody is left to tell when stderr is gone.
            let _ = std::io::Write::write_fmt(&mut anstream::stderr(), format_args!("{line}\n"));
        }
    };
    let seen = block_on(rehearse(check.node.as_deref(), &check.gone.balancers, &settings, &mut tell))?;
    match check.format {
        Format::Human => output::print(&page(&seen))?,
        Format::Json => {
            let mut value = serde_json::json!({ "v": 1 });
            if let (Some(into), Ok(serde_json::Value::Object(of))) =
                (value.as_object_mut(), serde_json::to_value(&seen))
            {
                into.extend(of);
            }
            output::print_json(&value)?;
        }
    }
    Ok(ExitCode::Done)
}

fn page(seen: &Rehearsal) -> String {
    let mut lines: Vec<String> = seen.before.iter().flat_map(view).collect();
    lines.push(format!(
        "{} was out of service for {:.1} s: drained in {:.2} s, empty after {:.1} s, held for {:.1} s; back in {:.1} s.",
        seen.node,
        seen.drain_seconds + seen.empty_seconds + seen.held_seconds + seen.admit_seconds,
        seen.drain_seconds,
        seen.empty_seconds,
        seen.held_seconds,
        seen.admit_seconds
    ));
    if seen.closed_idle + seen.closed_busy > 0 {
        lines.push(format!(
            "By the policy {} idle and {} busy connection(s) were closed.",
            seen.closed_idle, seen.closed_busy
        ));
    }
    lines.extend(seen.repaired.iter().cloned());
    lines.push(match seen.client_errors {
        Some(0) => "The balancers counted no error to a client.".into(),
        Some(n) => format!("The balancers counted {n} error(s) to clients."),
        None => "The balancers do not count errors to clients.".into(),
    });
    lines.join("\n")
}

fn view(view: &View) -> Vec<String> {
    let mut lines = vec![format!("{} before:", view.balancer)];
    for node in &view.nodes {
        let places: Vec<String> = node.places.iter().map(|place| format!("{} {}", place.name, place.status)).collect();
        let sessions = node.sessions.map_or_else(|| "unknown".into(), |n| n.to_string());
        lines.push(format!(
            "  {}  {}  sessions {}  ({})",
            node.node,
            node.standing.word(),
            sessions,
            places.join(", ")
        ));
    }
    lines.extend(view.notes.iter().map(|note| format!("  {note}")));
    lines
}
