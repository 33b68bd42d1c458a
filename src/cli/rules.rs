//! `schema rules`.

use std::fmt::Write as _;

use super::{Global, output};
use crate::failure::{ExitCode, Failure};
use crate::lint::{RULES, Rule, find};

/// The lint rules; with an ID, one rule's page.
#[derive(Debug, clap::Args)]
#[command(arg = output::human_only())]
pub(super) struct Args {
    /// A rule's name.
    #[arg(value_name = "ID")]
    id: Option<String>,
}

pub(super) fn run(args: Args, _global: &Global) -> Result<ExitCode, Failure> {
    let text = match &args.id {
        None => list(),
        Some(id) => match find(id) {
            Some(rule) => page(rule),
            None => {
                return Err(Failure::usage(format!("No rule is called `{id}`.")).next("schema rules"));
            }
        },
    };
    output::print(&text)?;
    Ok(ExitCode::Done)
}

fn page(rule: &Rule) -> String {
    let (id, group, severity) = (rule.id, rule.group.word(), rule.severity);
    format!("{id} (group {group}, {severity} by default)\n\n{}", rule.page)
}

fn list() -> String {
    let width = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    let mut out = String::new();
    let mut group = None;
    for rule in RULES {
        if group != Some(rule.group) {
            let gap = if group.is_some() { "\n" } else { "" };
            // Writing to a string does not fail.
            let _ = writeln!(out, "{gap}{}", rule.group.word());
            group = Some(rule.group);
        }
        let severity = rule.severity.word();
        let _ = writeln!(out, "  {:width$}  {severity:7}  {}", rule.id, rule.title());
    }
    out
}
