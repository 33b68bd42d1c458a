//! Drafts, facts and a policy become a plan.

use std::collections::BTreeMap;

use super::facts::{TableFacts, TableName};
use super::{
    Amount, COPY_STALL_SECONDS, ConversionWindow, Decision, Draft, Estimate, Job, Method, Override, Part, Plan,
    PlannedStatement, Policy, Question, ROLL_UNSAFE, Rates, Rolling, Split, SplitStatement, copy_seconds, decide,
    passes, roll_seconds, seconds,
};
use crate::ddl::{Moves, Reason};

/// Everything besides the statements that a plan rests on.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// The version that the plan is for, in the server's own words.
    pub server_version: &'a str,
    /// The site's limits.
    pub policy: &'a Policy,
    /// How fast the servers are.
    pub rates: Rates,
    /// Where a roll could happen.
    pub rolling: Rolling,
    /// The nodes in the order of a roll.
    pub nodes: &'a [String],
    /// What the user asked for.
    pub wanted: Override,
    /// The codes that the user accepted.
    pub accepted: &'a [String],
    /// The tables concerned, as they are on the node where they are largest.
    pub sizes: &'a BTreeMap<TableName, TableFacts>,
    /// The smallest buffer pool of all nodes, in bytes, where it is known.
    pub memory: Option<f64>,
    /// By statement: what the rows, or the server's parser, have against it.
    pub obstacles: &'a BTreeMap<usize, Vec<Reason>>,
    /// By statement: what the rows have against a roll of it, and against a roll only.
    pub misfits: &'a BTreeMap<usize, Reason>,
}

/// Decides on every draft.
pub fn build(drafts: Vec<Draft>, situation: &Situation<'_>) -> Plan {
    let statements: Vec<PlannedStatement> = drafts.into_iter().map(|draft| planned(draft, situation)).collect();
    let refused = statements.iter().any(|statement| statement.method == Method::Refuse);
    Plan {
        v: 1,
        server_version: situation.server_version.to_owned(),
        passes: if refused { Vec::new() } else { passes(&statements) },
        statements,
        nodes: situation.nodes.to_vec(),
        policy: situation.policy.clone(),
        wanted: situation.wanted,
        accepted: situation.accepted.to_vec(),
        check_timeout: None,
        rates: Some(situation.rates),
        basis: None,
    }
}

fn planned(draft: Draft, situation: &Situation<'_>) -> PlannedStatement {
    let size = size(&draft, situation);
    let decision = verdict(&draft, size, situation);
    let estimate = price(&draft, size, decision.method, situation);
    let split = split(&draft, size, situation);
    let mut reasons = if draft.part == Part::Change { draft.judgement.reasons } else { Vec::new() };
    let roll_is_the_matter = decision.reasons.iter().any(|reason| reason.code == ROLL_UNSAFE);
    reasons.extend(decision.reasons);
    if roll_is_the_matter {
        reasons.extend(draft.unsafe_because);
    }
    let copy = draft.copy.and_then(Result::ok).filter(|_| decision.method == Method::PtOsc);
    // What does not fit the table or its rows must be mended, whatever way is taken.
    let fits = draft.problems.is_empty() && !situation.obstacles.contains_key(&draft.index);
    let mut alternatives = decision.alternatives;
    if decision.method == Method::Refuse && draft.part == Part::Change && fits {
        alternatives.splice(0..0, draft.alternatives);
    }
    alternatives.extend(split.as_ref().filter(|_| fits).map(proposal));
    PlannedStatement {
        index: draft.index,
        file: draft.file,
        line: draft.line,
        execute: match &copy {
            Some(copy) => copy.command(),
            None if draft.part == Part::Change => draft.judgement.execute,
            None => draft.sql.clone(),
        },
        sql: draft.sql,
        session: draft.session,
        database: draft.database,
        kind: draft.kind.name().to_owned(),
        object: draft.object,
        tables: draft.tables,
        operations: draft.operations,
        needs: draft.needs,
        algorithm: draft.judgement.algorithm,
        lock: draft.judgement.lock,
        rsu: draft.compatibility,
        method: decision.method,
        reasons,
        conditions: decision.conditions,
        alternatives,
        estimate,
        split,
        way_back: draft.way_back,
        conversion_window: draft.window.filter(|_| decision.method == Method::Rsu).map(ConversionWindow::from),
        copy,
    }
}

/// Rows and bytes of the tables that the statement works on.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    rows: Option<u64>,
    bytes: Option<u64>,
    amount: Option<Amount>,
    /// How many tables they are.
    tables: usize,
}

fn size(draft: &Draft, situation: &Situation<'_>) -> Size {
    let facts: Option<Vec<&TableFacts>> = if draft.drops.is_empty() {
        let tables = draft.weighs.as_ref();
        tables.and_then(|tables| tables.iter().map(|table| situation.sizes.get(table)).collect())
    } else {
        let dropped = |table: &TableName| draft.drops.contains(&table.database);
        let there = situation.sizes.iter().filter(|(table, _)| dropped(table)).map(|(_, facts)| facts);
        (situation.rolling != Rolling::Offline).then(|| there.collect())
    };
    let Some(facts) = facts else { return Size::default() };
    Size {
        rows: facts.iter().map(|facts| facts.rows).sum(),
        bytes: facts.iter().map(|facts| facts.bytes()).sum(),
        amount: facts.iter().map(|facts| Amount::of(facts)).try_fold(Amount::default(), |all, one| Some(all.and(one?))),
        tables: facts.len(),
    }
}

/// Seconds that one node works on it; `None` when that depends on a size that is not known.
fn node_seconds(job: &Job, size: Size, situation: &Situation<'_>) -> Option<f64> {
    // Without a cluster no size is known, and nothing would be left to plan: what is removed counts as small there.
    if job.gone > 0.0 && size.amount.is_none() && situation.rolling != Rolling::Offline {
        return None;
    }
    job_on(job, size).seconds(size.amount, situation.memory, &situation.rates)
}

/// The job on so many tables: only the removal of each costs time of its own.
fn job_on(job: &Job, size: Size) -> Job {
    let removed = if job.gone > 0.0 { u32::try_from(size.tables).unwrap_or(u32::MAX) } else { 0 };
    Job { tables: removed, ..*job }
}

/// By how much the parts must be cheaper together before they are worth anybody's attention.
const CLEARLY: f64 = 0.8;

/// The statement in parts, priced; `None` where that gains nothing on a table of this size.
fn split(draft: &Draft, size: Size, situation: &Situation<'_>) -> Option<Split> {
    if draft.split.is_empty() || !draft.problems.is_empty() {
        return None;
    }
    let statements: Vec<SplitStatement> = draft
        .split
        .iter()
        .map(|(part, job)| SplitStatement {
            sql: part.sql.clone(),
            algorithm: part.judgement.algorithm,
            lock: part.judgement.lock,
            stall_seconds: node_seconds(job, size, situation),
        })
        .collect();
    let stall_seconds = statements.iter().map(|part| part.stall_seconds).sum::<Option<f64>>();
    let whole_stall_seconds = node_seconds(&draft.job, size, situation);
    // Of an unknown size the algorithms tell enough.
    let gains = stall_seconds.zip(whole_stall_seconds).is_none_or(|(parts, whole)| parts < CLEARLY * whole);
    gains.then_some(Split { statements, stall_seconds, whole_stall_seconds })
}

fn proposal(split: &Split) -> Reason {
    let price = match (split.stall_seconds, split.whole_stall_seconds) {
        (Some(parts), Some(whole)) => {
            format!("in TOI writes wait about {} in all, instead of {}", seconds(parts), seconds(whole))
        }
        _ => "how long they take is not known, because the size of the table is not".to_owned(),
    };
    let each: Vec<String> = split
        .statements
        .iter()
        .map(|part| {
            let algorithm = part.algorithm.map_or("-", |algorithm| algorithm.keyword());
            format!("{}; -- {algorithm}", part.sql.trim_end())
        })
        .collect();
    Reason {
        code: "split".to_owned(),
        text: format!(
            "Run it as {} statements, which end in the same table and are cheaper one by one; {price}: {}",
            split.statements.len(),
            each.join(" ")
        ),
    }
}

fn verdict(draft: &Draft, size: Size, situation: &Situation<'_>) -> Decision {
    let refuse = |reasons: Vec<Reason>| Decision {
        method: Method::Refuse,
        reasons,
        conditions: Vec::new(),
        alternatives: Vec::new(),
    };
    let note = |code: &str, text: &str| Decision {
        method: Method::Toi,
        reasons: vec![Reason { code: code.to_owned(), text: text.to_owned() }],
        conditions: Vec::new(),
        alternatives: Vec::new(),
    };
    match &draft.part {
        Part::Foreign(reason) => return refuse(vec![reason.clone()]),
        Part::Session => {
            return note(
                "session-only",
                "It shapes the session in which the statements behind it run; nothing is sent to the cluster by itself.",
            );
        }
        Part::Nothing => {
            return note(
                "nothing-to-do",
                "The statements behind it are planned with it in mind; DDL commits by itself.",
            );
        }
        Part::Change => {}
    }
    if !draft.problems.is_empty() {
        // The judgement says so already.
        return refuse(Vec::new());
    }
    if let Some(obstacles) = situation.obstacles.get(&draft.index) {
        return refuse(obstacles.clone());
    }
    decide(&Question {
        metadata_only: draft.judgement.moves == Moves::Nothing,
        stays_here: draft.stays_here.as_ref(),
        shortest: Job::default().overhead(&situation.rates.costs),
        rsu: &draft.compatibility,
        misfits: situation.misfits.get(&draft.index),
        // A table that the plan itself makes is empty: there is nothing to copy.
        copy: draft.copy.as_ref().filter(|_| !draft.fresh),
        toi: Estimate { stall_seconds: node_seconds(&draft.job, size, situation), ..Estimate::default() },
        uncertainty: situation.rates.uncertainty(),
        policy: situation.policy,
        rolling: situation.rolling,
        wanted: situation.wanted,
        accepted: situation.accepted,
    })
}

fn price(draft: &Draft, size: Size, method: Method, situation: &Situation<'_>) -> Estimate {
    if draft.part != Part::Change {
        return Estimate { stall_seconds: Some(0.0), total_seconds: Some(0.0), ..Estimate::default() };
    }
    let seconds = node_seconds(&draft.job, size, situation);
    let nodes = match situation.rolling {
        Rolling::Nodes(nodes) => nodes,
        Rolling::Offline => 3,
    };
    let (stall, total) = match method {
        // A node aside stalls nobody.
        Method::Rsu => (Some(0.0), seconds.map(|ddl| roll_seconds(ddl, nodes, &situation.rates, situation.policy))),
        Method::PtOsc => {
            (Some(COPY_STALL_SECONDS), copy_seconds(&draft.job, size.amount, situation.memory, &situation.rates))
        }
        Method::Toi | Method::Refuse => (seconds, seconds),
    };
    Estimate {
        rows: size.rows,
        bytes: size.bytes,
        stall_seconds: stall,
        total_seconds: total,
        node_seconds: seconds,
        fixed_seconds: seconds.map(|_| job_on(&draft.job, size).overhead(&situation.rates.costs)),
    }
}
