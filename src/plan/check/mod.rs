//! What must hold before a plan may run: named checks, one file each.
//!
//! A check looks at values only. It says what it saw and what to do; a check that could not see what it needs has not
//! passed. `docs/plan.md` lists them.

mod activity;
mod balancer;
mod blockers;
mod copy_table;
mod copy_tool;
mod desync;
mod disk;
mod flow_control;
mod identity;
mod membership;
mod naming;
mod osu_method;
mod primary;
mod privileges;
mod quorum;
mod reachable;
mod replicas;
mod row_image;
mod serving;
mod settings;
mod synced;
mod versions;

pub use flow_control::is_strained;
pub use naming::names;
use serde::{Deserialize, Serialize};

use super::facts::{CopyFacts, NodeFacts, NodeObservation, TableName, Unseen};
use super::{Method, Plan, TableCopy};

/// When a check runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// While planning on a live cluster, by whoever wants to know.
    Plan,
    /// While planning what is about to run, before the first change.
    BeforeRun,
    /// While it runs, before each node is taken out of service.
    BeforeNode,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds.
    Passed,
    /// It holds, but a person should know.
    Warned,
    /// It does not hold (exit 3).
    Failed,
    /// It could not be seen, and so it has not passed (exit 4).
    Unseen,
}

/// What a check says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The check's name.
    pub check: String,
    /// How it ended.
    pub verdict: Verdict,
    /// The node concerned, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// What was seen, in a sentence.
    pub saw: String,
    /// What to do about it; empty when nothing is to be done.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub advice: String,
}

/// What the checks look at.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// What every configured node said.
    pub nodes: &'a [NodeObservation],
    /// The plan that is about to run.
    pub plan: &'a Plan,
    /// How many load balancers are configured.
    pub balancers: usize,
    /// The tables that the plan concerns.
    pub tables: &'a [TableName],
    /// The node that is about to leave, at [`Stage::BeforeNode`].
    pub leaving: Option<&'a str>,
    /// What is known for a plan that copies tables; `None` where nobody looked.
    pub copying: Option<&'a CopyFacts>,
}

impl<'a> Scene<'a> {
    /// The nodes that answered, by name.
    fn seen(&self) -> impl Iterator<Item = (&'a str, &'a NodeFacts)> {
        self.nodes.iter().filter_map(|node| node.facts.as_ref().ok().map(|facts| (node.node.as_str(), facts)))
    }

    /// Whether any node is to leave.
    fn rolls(&self) -> bool {
        self.leaving.is_some() || self.plan.statements.iter().any(|statement| statement.method == Method::Rsu)
    }

    /// Whether any statement runs in TOI, be it a part of another method.
    fn isolates(&self) -> bool {
        self.plan
            .statements
            .iter()
            .any(|statement| matches!(statement.method, Method::Toi | Method::PtOsc) && statement.touches_cluster())
    }

    /// What the plan has the copying tool do.
    fn copies(&self) -> impl Iterator<Item = &'a TableCopy> {
        self.plan.statements.iter().filter(|it| it.method == Method::PtOsc).filter_map(|it| it.copy.as_ref())
    }

    /// Whether a statement names a table that the plan concerns, as far as its words tell.
    fn is_named_in(&self, statement: &str) -> bool {
        self.tables.iter().any(|table| names(statement, &table.table))
    }

    fn concerns(&self, table: &str) -> bool {
        self.tables.iter().any(|concerned| concerned.to_string().eq_ignore_ascii_case(table))
    }
}

/// Collects what one check says.
#[derive(Debug)]
struct Notes<'a> {
    check: &'static str,
    stage: Stage,
    findings: &'a mut Vec<Finding>,
    quiet: bool,
}

impl Notes<'_> {
    fn add(&mut self, verdict: Verdict, node: Option<&str>, saw: impl Into<String>, advice: impl Into<String>) {
        self.quiet = false;
        self.findings.push(Finding {
            check: self.check.to_owned(),
            verdict,
            node: node.map(ToOwned::to_owned),
            saw: saw.into(),
            advice: advice.into(),
        });
    }

    fn fail(&mut self, node: &str, saw: impl Into<String>, advice: impl Into<String>) {
        self.add(Verdict::Failed, Some(node), saw, advice);
    }

    fn warn(&mut self, node: &str, saw: impl Into<String>, advice: impl Into<String>) {
        self.add(Verdict::Warned, Some(node), saw, advice);
    }

    /// What several nodes do not show for one reason is told once.
    fn hidden<'a>(&mut self, what: &str, nodes: impl Iterator<Item = (&'a str, &'a Unseen)>) {
        let mut reasons: Vec<(&Unseen, Vec<&str>)> = Vec::new();
        for (node, why) in nodes {
            match reasons.iter_mut().find(|(reason, _)| *reason == why) {
                Some((_, nodes)) => nodes.push(node),
                None => reasons.push((why, vec![node])),
            }
        }
        for (unseen, nodes) in reasons {
            let only = if let [node] = nodes[..] { Some(node) } else { None };
            let saw = format!("{what} on {} could not be seen: {}.", nodes.join(", "), unseen.why);
            self.add(Verdict::Unseen, only, saw, unseen.grant.clone().unwrap_or_default());
        }
    }

    fn unseen(&mut self, node: &str, saw: impl Into<String>, advice: impl Into<String>) {
        self.add(Verdict::Unseen, Some(node), saw, advice);
    }
}

/// One check.
struct Check {
    name: &'static str,
    /// What it says when it holds.
    holds: &'static str,
    stages: &'static [Stage],
    look: fn(&Scene<'_>, &mut Notes<'_>),
}

const ALWAYS: &[Stage] = &[Stage::Plan, Stage::BeforeRun, Stage::BeforeNode];
const AHEAD: &[Stage] = &[Stage::Plan, Stage::BeforeRun];

/// In the order in which they are told; what makes the others moot comes first.
const CHECKS: &[Check] = &[
    reachable::CHECK,
    identity::CHECK,
    primary::CHECK,
    membership::CHECK,
    versions::CHECK,
    synced::CHECK,
    desync::CHECK,
    osu_method::CHECK,
    settings::CHECK,
    serving::CHECK,
    flow_control::CHECK,
    quorum::CHECK,
    balancer::CHECK,
    row_image::CHECK,
    blockers::CHECK,
    activity::CHECK,
    disk::CHECK,
    replicas::CHECK,
    privileges::CHECK,
    copy_tool::CHECK,
    copy_table::CHECK,
];

/// Runs the checks of a stage. Every check that holds leaves one finding as well.
pub fn run(stage: Stage, scene: &Scene<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for check in CHECKS.iter().filter(|check| check.stages.contains(&stage)) {
        let mut notes = Notes { check: check.name, stage, findings: &mut findings, quiet: true };
        (check.look)(scene, &mut notes);
        if notes.quiet {
            notes.add(Verdict::Passed, None, check.holds, "");
        }
    }
    findings
}

/// Whether what a check found may come right by itself, so that a run that is under way waits for it.
pub fn may_pass(finding: &Finding) -> bool {
    const PASSING: &[&str] = &[
        reachable::CHECK.name,
        primary::CHECK.name,
        membership::CHECK.name,
        synced::CHECK.name,
        flow_control::CHECK.name,
        blockers::CHECK.name,
    ];
    PASSING.contains(&finding.check.as_str())
}

/// The worst verdict among the findings.
pub fn worst(findings: &[Finding]) -> Verdict {
    findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Passed)
}

#[cfg(test)]
mod tests;
