//! A plan on a page that a person can decide on.

use std::fmt::Write;

use super::checks::Finding;
use super::plan::{NodePlan, UpgradePlan};
use super::window::TransferForecast;
use super::{Direction, Runs, Step};

/// The plan as text.
pub fn human(plan: &UpgradePlan) -> String {
    let mut text = String::new();
    let verb = if plan.direction == Direction::Back { "Rollback" } else { "Upgrade" };
    let _ = writeln!(text, "{verb} to {}", plan.target.text);
    let width = plan.nodes.iter().map(|node| node.name.len()).max().unwrap_or(0);
    for (index, node) in plan.nodes.iter().enumerate() {
        let _ = writeln!(text, "  {}. {:width$}  {}", index + 1, node.name, line(plan, node));
    }
    let _ = writeln!(text, "\nChecks");
    for check in &plan.checks {
        let accepted = check.acceptable && plan.accepted.contains(&check.code);
        let mark = match check.finding {
            Finding::Pass => "ok      ",
            Finding::Warning => "warning ",
            Finding::Refuse | Finding::Unknown if accepted => "accepted",
            Finding::Refuse => "REFUSED ",
            Finding::Unknown => "UNKNOWN ",
        };
        let _ = writeln!(text, "  {mark} {}: {}", check.code, check.text);
    }
    let _ = writeln!(text, "\nWay back: {}", plan.way_back);
    let acceptable: Vec<&str> =
        plan.obstacles().filter(|check| check.acceptable).map(|check| check.code.as_str()).collect();
    if !acceptable.is_empty() {
        let _ = writeln!(
            text,
            "Can be overruled: {}",
            acceptable.iter().map(|code| format!("--accept {code}")).collect::<Vec<_>>().join(" ")
        );
    }
    let verdict = match plan.verdict() {
        Finding::Pass | Finding::Warning if plan.is_done() => "Nothing to do: every node runs the target.",
        Finding::Pass | Finding::Warning => "This can be run.",
        Finding::Refuse => "Refused.",
        Finding::Unknown => "Not enough could be observed to decide.",
    };
    let _ = writeln!(text, "{verdict}");
    text
}

fn line(plan: &UpgradePlan, node: &NodePlan) -> String {
    let version = node.version.as_deref().unwrap_or("does not answer");
    let action = match node.begin {
        None if plan.target.runs_on(version) == Runs::Unknown => {
            "has the target's numbers; which package it is cannot be told"
        }
        None => "runs the target already",
        Some(Step::Join) => "runs the target; tables and settings are verified",
        Some(Step::Check) => match node.transfer {
            TransferForecast::Incremental => "upgrade; expected back by incremental transfer",
            TransferForecast::Full => "upgrade; expected back by FULL transfer",
            TransferForecast::Unknown => "upgrade; how it will come back is not known",
        },
        Some(_) => "was left half-way; installed again",
    };
    let writer = if node.writer { " (current writer, so it comes last)" } else { "" };
    format!("{version}: {action}{writer}")
}
