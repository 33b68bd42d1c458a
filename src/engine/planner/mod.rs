//! A plan on a live cluster: facts from every node, the tables as they are, what the server's own parser and the rows
//! say, and then the same judgement and decision as without a cluster.

mod rates;
mod rows;
mod syntax;
mod tables;

use std::collections::BTreeMap;
use std::time::Duration;

use super::copy;
use crate::cluster::{ClusterError, Connector, facts};
use crate::config::Settings;
use crate::ddl::{Reason, ServerProfile};
use crate::failure::Failure;
use crate::plan::check::{Finding, Scene, Stage, Verdict};
use crate::plan::facts::{CopyFacts, NodeFacts, NodeObservation, TableFacts, TableName};
use crate::plan::{
    Basis, Draft, Override, Part, Plan, Rolling, Situation, Text, Unreadable, build, check, draft, tables_named,
};

/// What is to be planned.
#[derive(Clone, Debug)]
pub struct Request {
    /// The statements.
    pub texts: Vec<Text>,
    /// The default database for unqualified names.
    pub database: Option<String>,
    /// `--method`.
    pub wanted: Override,
    /// The codes that the user accepted.
    pub accepted: Vec<String>,
    /// How long the questions to the rows of one statement may take.
    pub check_timeout: Duration,
    /// Whether the plan is about to run, by the account that asks.
    pub to_run: bool,
}

/// A plan and what was seen while it was made.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// What the checks of the plan's stage say.
    pub findings: Vec<Finding>,
    /// What every node said.
    pub nodes: Vec<NodeObservation>,
    /// The tables that the plan concerns.
    pub tables: Vec<TableName>,
}

/// How long rates are watched. Short, because every plan waits for it; long enough to see a cluster that stands still.
const SAMPLE: Duration = Duration::from_millis(40);

/// Plans on a live cluster. Reads only.
///
/// # Errors
/// A text that cannot be planned (exit 2), or a cluster of which too little can be seen (exit 4). What is merely
/// refused is in the plan and in the findings.
pub async fn plan(connector: &Connector, settings: &Settings, request: &Request) -> Result<Planned, Failure> {
    let database = request.database.as_deref();
    let (nodes, rates) = tokio::join!(facts::observe_all(connector, SAMPLE), rates::learn(connector, settings));
    let Some((reference, server)) = first_seen(&nodes) else {
        return Err(nobody_answers(&nodes));
    };
    let profile = profile(server);
    let named = tables_named(&request.texts, database, profile.settings.dialect).map_err(|error| unreadable(&error))?;
    let tables: Vec<TableName> = named.into_iter().collect();
    let seen = tables::look(connector, &tables, &profile, database).await.map_err(|error| unseen(&error))?;
    let mut catalog = seen.catalog;
    let drafts = draft(&request.texts, database, &mut catalog, &profile).map_err(|error| unreadable(&error))?;
    if drafts.is_empty() {
        let names: Vec<&str> = request.texts.iter().map(|text| text.name.as_str()).collect();
        return Err(Failure::usage(format!("There is no statement in {}. Nothing was changed.", names.join(", "))));
    }
    let node = connector.node(reference).map_err(|error| unseen(&error))?;
    syntax::check(connector, node, &drafts).await?;
    let order = writers_last(&nodes);
    let spare = order.first().map_or(reference, String::as_str);
    let spare = connector.node(spare).map_err(|error| unseen(&error))?;
    let obstacles = obstacles(connector, spare, &drafts, request).await;
    let rolling = Rolling::Nodes(nodes.iter().filter(|node| node.facts.is_ok()).count());
    let mut plan = build(
        drafts,
        &Situation {
            server_version: &server.version_text,
            policy: &settings.policy,
            rates,
            rolling,
            nodes: &order,
            wanted: request.wanted,
            accepted: &request.accepted,
            sizes: &seen.sizes,
            memory: memory(&nodes),
            obstacles: &obstacles,
        },
    );
    plan.basis = Some(basis(&plan, server, &seen.definitions));
    let stage = if request.to_run { Stage::BeforeRun } else { Stage::Plan };
    let mut findings = checked(stage, connector, settings, &plan, &nodes, (&tables, seen.sizes)).await?;
    findings.extend(seen.findings);
    Ok(Planned { plan, findings, nodes, tables })
}

/// Looks again at everything that a saved plan rests on. Reads only.
///
/// # Errors
/// The plan is stale (exit 3; the hints say what changed), or too little can be seen (exit 4).
pub async fn recheck(connector: &Connector, settings: &Settings, plan: Plan) -> Result<Planned, Failure> {
    let Some(then) = plan.basis.clone().filter(Basis::is_genuine) else {
        return Err(Failure::refused(
            "The saved plan does not say what it rests on, or was edited. Nothing was changed.",
        )
        .next("schema plan --out FILE"));
    };
    let nodes = facts::observe_all(connector, SAMPLE).await;
    let Some((_, server)) = first_seen(&nodes) else {
        return Err(nobody_answers(&nodes));
    };
    let mut tables: Vec<TableName> = plan.statements.iter().flat_map(|statement| statement.tables.clone()).collect();
    tables.sort();
    tables.dedup();
    let seen = tables::look(connector, &tables, &profile(server), None).await.map_err(|error| unseen(&error))?;
    let mut here: Plan = plan.clone();
    server.version_text.clone_into(&mut here.server_version);
    here.nodes = connector.nodes().iter().map(|node| node.name.clone()).collect();
    let changes = then.changes(&basis(&here, server, &seen.definitions));
    if !changes.is_empty() {
        let stale = Failure::refused(
            "The saved plan has gone stale: what it rests on has changed. Nothing was changed by this run.",
        );
        return Err(changes.into_iter().fold(stale, Failure::hint).next("schema plan --out FILE"));
    }
    let mut findings = checked(Stage::BeforeRun, connector, settings, &plan, &nodes, (&tables, seen.sizes)).await?;
    findings.extend(seen.findings);
    Ok(Planned { plan, findings, nodes, tables })
}

/// What the checks of a stage say.
async fn checked(
    stage: Stage,
    connector: &Connector,
    settings: &Settings,
    plan: &Plan,
    nodes: &[NodeObservation],
    (tables, sizes): (&[TableName], BTreeMap<TableName, TableFacts>),
) -> Result<Vec<Finding>, Failure> {
    let copying = match plan.statements.iter().any(|statement| statement.copy.is_some()) {
        true => Some(copying(connector, nodes, plan, sizes).await.map_err(|error| unseen(&error))?),
        false => None,
    };
    let balancers = settings.balancers.len();
    let scene = Scene { nodes, plan, balancers, tables, leaving: None, copying: copying.as_ref() };
    Ok(check::run(stage, &scene))
}

/// What a plan that copies tables needs to know besides.
async fn copying(
    connector: &Connector,
    nodes: &[NodeObservation],
    plan: &Plan,
    tables: BTreeMap<TableName, TableFacts>,
) -> Result<CopyFacts, ClusterError> {
    let mut leftovers = BTreeMap::new();
    if let Some((node, _)) = first_seen(nodes) {
        let mut session = connector.observer(connector.node(node)?).await?;
        for copy in plan.statements.iter().filter_map(|statement| statement.copy.as_ref()) {
            let left = copy::leftovers(&mut session, copy).await?;
            leftovers.insert(TableName::new(&copy.database, &copy.table), left);
        }
        session.close().await;
    }
    Ok(CopyFacts { tool: copy::tool_version().await, tables, leftovers })
}

/// The failure that findings mean for a command that wants to change something; `None` when all of them passed.
pub fn failure(findings: &[Finding]) -> Option<Failure> {
    let worst = check::worst(findings);
    let bad: Vec<&Finding> = findings.iter().filter(|finding| finding.verdict >= Verdict::Failed).collect();
    let (first, rest) = bad.split_first()?;
    // What could not be seen comes first: what else was found may follow from it.
    let message = match worst {
        Verdict::Unseen => format!("Not enough could be seen to go on: {} Nothing was changed.", first.saw),
        _ => format!("The cluster is not ready for a schema change: {} Nothing was changed.", first.saw),
    };
    let mut failure = match worst {
        Verdict::Unseen => Failure::unobservable(message),
        _ => Failure::refused(message),
    };
    if !first.advice.is_empty() {
        failure = failure.hint(first.advice.clone());
    }
    for finding in rest {
        failure = failure.hint(format!("Also [{}]: {} {}", finding.check, finding.saw, finding.advice));
    }
    Some(failure.next("schema status"))
}

/// The smallest buffer pool of all nodes, in bytes.
fn memory(nodes: &[NodeObservation]) -> Option<f64> {
    let pools =
        nodes.iter().filter_map(|node| node.facts.as_ref().ok()?.global("innodb_buffer_pool_size")?.parse().ok());
    pools.reduce(f64::min)
}

fn first_seen(nodes: &[NodeObservation]) -> Option<(&str, &NodeFacts)> {
    nodes.iter().find_map(|node| Some((node.node.as_str(), node.facts.as_ref().ok()?)))
}

fn nobody_answers(nodes: &[NodeObservation]) -> Failure {
    let failure = Failure::unobservable("No node of the cluster could be asked. Nothing was changed.");
    nodes.iter().fold(failure, |failure, node| match &node.facts {
        Err(why) => failure.hint(format!("{} at {}: {why}.", node.node, node.address)),
        Ok(_) => failure,
    })
}

fn unseen(error: &ClusterError) -> Failure {
    Failure::unobservable(format!("{error} Nothing was changed."))
}

fn unreadable(error: &Unreadable) -> Failure {
    Failure::usage(format!("{error} Nothing was changed."))
}

/// The settings of a node that decide what statements do there.
fn profile(server: &NodeFacts) -> ServerProfile {
    let mut profile = ServerProfile::of(server.version);
    for (name, value) in &server.globals {
        profile.set(name, value);
    }
    profile.settings.charset = server.global("character_set_server").map(ToOwned::to_owned);
    profile.settings.collation = server.global("collation_server").map(ToOwned::to_owned);
    profile.settings.lower_case_table_names = server.global("lower_case_table_names").is_some_and(|value| value != "0");
    if let Some(sql_mode) = server.global("sql_mode") {
        profile.settings.dialect = profile.settings.dialect.with_sql_mode(sql_mode);
    }
    profile
}

/// The nodes in the order of a roll: the node that writes most goes last, so that rows flow from old to new schema for
/// as long as possible.
fn writers_last(nodes: &[NodeObservation]) -> Vec<String> {
    let writes = |node: &NodeObservation| node.facts.as_ref().map_or(0.0, |facts| facts.rates.replicated);
    let mut order: Vec<&NodeObservation> = nodes.iter().collect();
    order.sort_by(|one, other| writes(one).total_cmp(&writes(other)));
    order.into_iter().map(|node| node.node.clone()).collect()
}

/// What the rows have against each statement.
async fn obstacles(
    connector: &Connector,
    node: &crate::config::Node,
    drafts: &[Draft],
    request: &Request,
) -> BTreeMap<usize, Vec<Reason>> {
    let mut obstacles = BTreeMap::new();
    for draft in drafts.iter().filter(|draft| draft.part == Part::Change && !draft.fresh && draft.problems.is_empty()) {
        let found = rows::ask(connector, node, draft, request).await;
        if !found.is_empty() {
            obstacles.insert(draft.index, found);
        }
    }
    obstacles
}

/// Settings whose change makes a plan stale: they decide what statements do.
const RESTS_ON: &[&str] = &[
    "alter_algorithm",
    "binlog_row_image",
    "foreign_key_checks",
    "innodb_default_row_format",
    "innodb_instant_alter_column_allowed",
    "innodb_strict_mode",
    "old_mode",
    "slave_type_conversions",
    "sql_mode",
];

fn basis(plan: &Plan, server: &NodeFacts, definitions: &BTreeMap<TableName, String>) -> Basis {
    let settings =
        RESTS_ON.iter().filter_map(|name| Some((format!("setting {name}"), server.global(name)?.to_owned())));
    let tables = definitions.iter().map(|(table, definition)| (format!("table {table}"), definition.clone()));
    let statements = plan.statements.iter().map(|statement| {
        // The method is part of it: a plan that chose another one must be looked at again.
        (format!("statement {}", statement.index), format!("{:?} {}", statement.method, statement.execute))
    });
    let version = [
        ("server version".to_owned(), plan.server_version.clone()),
        ("cluster".to_owned(), server.cluster_uuid.clone()),
        ("nodes".to_owned(), {
            let mut nodes = plan.nodes.clone();
            nodes.sort();
            nodes.join(", ")
        }),
    ];
    Basis::of(version.into_iter().chain(settings).chain(tables).chain(statements))
}
