//! Drafts, facts and a policy become a plan.

use std::collections::BTreeMap;

use super::facts::{TableFacts, TableName};
use super::{
    Decision, Draft, Estimate, Method, Override, Part, Plan, PlannedStatement, Policy, Question, ROLL_UNSAFE, Rates,
    Rolling, Work, decide, passes, roll_seconds,
};
use crate::ddl::{Algorithm, Moves, Reason};

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
    /// By statement: what the rows, or the server's parser, have against it.
    pub obstacles: &'a BTreeMap<usize, Vec<Reason>>,
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
        accepted: situation.accepted.to_vec(),
        rates: Some(situation.rates),
        basis: None,
    }
}

fn planned(draft: Draft, situation: &Situation<'_>) -> PlannedStatement {
    let size = size(&draft, situation);
    let decision = verdict(&draft, size, situation);
    let estimate = price(&draft, size, decision.method, situation);
    let mut reasons = if draft.part == Part::Change { draft.judgement.reasons } else { Vec::new() };
    let roll_is_the_matter = decision.reasons.iter().any(|reason| reason.code == ROLL_UNSAFE);
    reasons.extend(decision.reasons);
    if roll_is_the_matter {
        reasons.extend(draft.unsafe_because);
    }
    let refused = decision.method == Method::Refuse && draft.part == Part::Change;
    let mut alternatives = decision.alternatives;
    if refused {
        alternatives.splice(0..0, draft.alternatives);
    }
    PlannedStatement {
        index: draft.index,
        file: draft.file,
        line: draft.line,
        execute: if draft.part == Part::Change { draft.judgement.execute } else { draft.sql.clone() },
        sql: draft.sql,
        session: draft.session,
        database: draft.database,
        kind: draft.kind.name().to_owned(),
        object: draft.object,
        tables: draft.tables,
        operations: draft.operations,
        algorithm: draft.judgement.algorithm,
        lock: draft.judgement.lock,
        rsu: draft.compatibility,
        method: decision.method,
        reasons,
        conditions: decision.conditions,
        alternatives,
        estimate,
        way_back: draft.way_back,
        conversion_window: draft.window.filter(|_| decision.method == Method::Rsu),
    }
}

/// Rows and bytes of the tables that the statement works on.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    rows: Option<u64>,
    bytes: Option<u64>,
}

fn size(draft: &Draft, situation: &Situation<'_>) -> Size {
    if draft.fresh {
        return Size { rows: Some(0), bytes: Some(0) };
    }
    let facts: Option<Vec<&TableFacts>> = draft.tables.iter().map(|table| situation.sizes.get(table)).collect();
    match facts {
        Some(facts) if !facts.is_empty() => Size {
            rows: facts.iter().map(|facts| facts.rows).sum(),
            bytes: facts.iter().map(|facts| facts.bytes()).sum(),
        },
        _ => Size::default(),
    }
}

/// What one node does for the statement.
fn work(draft: &Draft, size: Size) -> Work {
    let algorithm = match draft.judgement.moves {
        Moves::Nothing => None,
        Moves::Keys => Some(Algorithm::Nocopy),
        // At worst all rows are in the partitions concerned, and partitions are copied row by row.
        Moves::Partitions => Some(Algorithm::Copy),
        Moves::Rows => Some(draft.judgement.algorithm.unwrap_or(Algorithm::Copy).max(Algorithm::Inplace)),
    };
    let passes = if draft.judgement.moves == Moves::Keys { draft.keys_built } else { 1 };
    Work { algorithm, bytes: size.bytes, passes }
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
        rsu: &draft.compatibility,
        toi: Estimate { stall_seconds: work(draft, size).seconds(&situation.rates), ..Estimate::default() },
        uncertainty: situation.rates.uncertainty(),
        policy: situation.policy,
        rolling: situation.rolling,
        wanted: situation.wanted,
        accepted: situation.accepted,
    })
}

fn price(draft: &Draft, size: Size, method: Method, situation: &Situation<'_>) -> Estimate {
    if draft.part != Part::Change {
        return Estimate { rows: None, bytes: None, stall_seconds: Some(0.0), total_seconds: Some(0.0) };
    }
    let seconds = work(draft, size).seconds(&situation.rates);
    let nodes = match situation.rolling {
        Rolling::Nodes(nodes) => nodes,
        Rolling::Offline => 3,
    };
    let (stall, total) = match method {
        // A node aside stalls nobody.
        Method::Rsu => (Some(0.0), seconds.map(|ddl| roll_seconds(ddl, nodes, &situation.rates, situation.policy))),
        Method::Toi | Method::Refuse => (seconds, seconds),
    };
    Estimate { rows: size.rows, bytes: size.bytes, stall_seconds: stall, total_seconds: total }
}
