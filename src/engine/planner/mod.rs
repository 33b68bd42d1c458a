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
use crate::ddl::model::Catalog;
use crate::ddl::{Reason, ServerProfile};
use crate::failure::Failure;
use crate::plan::check::{Finding, Scene, Stage, Verdict};
use crate::plan::facts::{CopyFacts, NodeFacts, NodeObservation, TableFacts, TableName};
use crate::plan::{
    Draft, Method, Named, Override, Part, Plan, PlannedStatement, Rates, Rolling, Situation, Text, Unreadable, build,
    check, draft, named, redraft,
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
/// How long they are watched before a plan is refused for flow control, of which one pause of some milliseconds fills the
/// short sample.
const LONGER: Duration = Duration::from_millis(500);
/// How long they are watched before a roll is told which node writes most. Every roll waits for it.
const WRITES: Duration = Duration::from_millis(200);

/// Looks at all nodes, with rates over `sample` at least. Rates that speak against a change are taken again over a longer time.
pub(super) async fn observe(connector: &Connector, sample: Duration) -> Vec<NodeObservation> {
    let mut nodes = facts::observe_all(connector, sample).await;
    if check::is_strained(&nodes) {
        facts::watch_all(connector, &mut nodes, LONGER).await;
    }
    nodes
}

/// Plans on a live cluster. Reads only.
///
/// # Errors
/// A text that cannot be planned (exit 2), or a cluster of which too little can be seen (exit 4). What is merely
/// refused is in the plan and in the findings.
pub async fn plan(connector: &Connector, settings: &Settings, request: &Request) -> Result<Planned, Failure> {
    let database = request.database.as_deref();
    let ground = Ground::look(connector, settings).await?;
    let (_, server) = ground.reference()?;
    let profile = profile(server);
    let named = named(&request.texts, database, profile.settings.dialect).map_err(|error| unreadable(&error))?;
    let mut seen = tables::look(connector, &named, &profile, database).await.map_err(|error| unseen(&error))?;
    let drafts = draft(&request.texts, database, &mut seen.catalog, &profile).map_err(|error| unreadable(&error))?;
    if drafts.is_empty() {
        let names: Vec<&str> = request.texts.iter().map(|text| text.name.as_str()).collect();
        return Err(Failure::usage(format!("There is no statement in {}. Nothing was changed.", names.join(", "))));
    }
    let node = connector.node(&ground.order[0]).map_err(|error| unseen(&error))?;
    syntax::check(connector, node, &drafts).await?;
    let wish = Wish {
        wanted: request.wanted,
        accepted: &request.accepted,
        check_timeout: request.check_timeout,
        stage: if request.to_run { Stage::BeforeRun } else { Stage::Plan },
    };
    decided(connector, settings, ground, seen, named, drafts, &wish).await
}

/// Makes a saved plan once more, on everything that it rests on as it is today. Reads only. What comes back is the plan
/// of today, which does what the saved one does.
///
/// `accepted` are the codes that were accepted since, besides those in the plan.
///
/// # Errors
/// The plan was edited, or is stale: something that it rests on has changed, or it would do something else today (exit 3;
/// the hints say what), or too little can be seen (exit 4).
pub async fn recheck(
    connector: &Connector,
    settings: &Settings,
    saved: Plan,
    accepted: &[String],
) -> Result<Planned, Failure> {
    let Some(then) = saved.sealed().cloned() else {
        return Err(Failure::refused(
            "The saved plan does not say what it rests on, or was edited. Nothing was changed.",
        )
        .next("schema plan --out FILE"));
    };
    let ground = Ground::look(connector, settings).await?;
    let (_, server) = ground.reference()?;
    let profile = profile(server);
    let named = Named::by(redraft(&saved, &mut Catalog::new(profile.settings.clone()), &profile));
    let mut seen = tables::look(connector, &named, &profile, None).await.map_err(|error| unseen(&error))?;
    let drafts = redraft(&saved, &mut seen.catalog, &profile);
    let accepted: Vec<String> = saved.accepted.iter().chain(accepted).cloned().collect();
    let wish = Wish {
        wanted: saved.wanted,
        accepted: &accepted,
        check_timeout: saved.check_timeout.unwrap_or(CHECK_TIMEOUT),
        stage: Stage::BeforeRun,
    };
    let planned = decided(connector, settings, ground, seen, named, drafts, &wish).await?;
    let mut changes = planned.plan.basis.as_ref().map_or_else(Vec::new, |now| then.changes(now));
    if changes.is_empty() && !planned.plan.does_the_same(&saved) {
        // The method and the text of each statement are parts of the basis; what is left is how they run.
        changes.push("How the statements run together, or in which session, would be another today.".to_owned());
    }
    if changes.is_empty() {
        return Ok(planned);
    }
    let stale = Failure::refused(
        "The saved plan has gone stale: what it rests on has changed. Nothing was changed by this run.",
    );
    let differs = |now: &&PlannedStatement| {
        saved.statements.iter().any(|then| then.index == now.index && then.method != now.method)
    };
    let today = planned.plan.shown();
    let why = today.statements.iter().filter(differs).map(|statement| {
        let reasons: Vec<&str> = statement.reasons.iter().map(|reason| reason.text.as_str()).collect();
        format!("Statement {} today: {}", statement.index, reasons.join(" "))
    });
    Err(changes.into_iter().chain(why).fold(stale, Failure::hint).next("schema plan --out FILE"))
}

/// How long questions to the rows may take where nobody said so.
pub(super) const CHECK_TIMEOUT: Duration = Duration::from_secs(60);

/// The nodes as they are, and how fast they were.
struct Ground {
    nodes: Vec<NodeObservation>,
    /// The nodes' names in the order of a roll.
    order: Vec<String>,
    rates: Rates,
}

impl Ground {
    /// # Errors
    /// No node answers (exit 4).
    async fn look(connector: &Connector, settings: &Settings) -> Result<Self, Failure> {
        let (nodes, rates) = tokio::join!(observe(connector, SAMPLE), rates::learn(connector, settings));
        let order = writers_last(&nodes);
        let ground = Self { nodes, order, rates };
        ground.reference()?;
        Ok(ground)
    }

    /// A node that answers, whose settings stand for all: a check says where they differ.
    fn reference(&self) -> Result<(&str, &NodeFacts), Failure> {
        first_seen(&self.nodes).ok_or_else(|| nobody_answers(&self.nodes))
    }
}

/// What the user wishes of a plan.
struct Wish<'a> {
    wanted: Override,
    accepted: &'a [String],
    check_timeout: Duration,
    stage: Stage,
}

/// Asks the rows, decides on every draft, and looks whether the plan's checks hold.
async fn decided(
    connector: &Connector,
    settings: &Settings,
    ground: Ground,
    seen: tables::TablesSeen,
    named: Named,
    drafts: Vec<Draft>,
    wish: &Wish<'_>,
) -> Result<Planned, Failure> {
    let Ground { mut nodes, order, rates } = ground;
    let (_, server) = first_seen(&nodes).ok_or_else(|| nobody_answers(&nodes))?;
    // The node that writes least can spare it most.
    let spare = connector.node(&order[0]).map_err(|error| unseen(&error))?;
    let (obstacles, misfits) = asked(connector, spare, &drafts, wish).await;
    let rolling = Rolling::Nodes(nodes.iter().filter(|node| node.facts.is_ok()).count());
    let mut plan = build(
        drafts,
        &Situation {
            server_version: &server.version_text,
            policy: &settings.policy,
            rates,
            rolling,
            nodes: &order,
            wanted: wish.wanted,
            accepted: wish.accepted,
            sizes: &seen.sizes,
            memory: memory(&nodes),
            obstacles: &obstacles,
            misfits: &misfits,
        },
    );
    plan.check_timeout = Some(wish.check_timeout);
    let parts = rests_on(&plan, server, &seen.definitions);
    let rolls = plan.passes.iter().any(|pass| pass.method == Method::Rsu);
    if rolls && nodes.iter().any(is_written) && nodes.iter().all(sampled_shortly) {
        facts::watch_all(connector, &mut nodes, WRITES).await;
        plan.nodes = writers_last(&nodes);
    }
    plan.seal(parts);
    let tables: Vec<TableName> = named.tables.into_iter().collect();
    let mut findings = checked(wish.stage, connector, settings, &plan, &nodes, (&tables, seen.sizes)).await?;
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

/// Whether clients write on a node.
fn is_written(node: &NodeObservation) -> bool {
    node.facts.as_ref().is_ok_and(|facts| facts.rates.replicated > 0.0)
}

/// Whether a node's rates are those of the short sample.
fn sampled_shortly(node: &NodeObservation) -> bool {
    node.facts.as_ref().is_ok_and(|facts| facts.rates.seconds < WRITES.as_secs_f64())
}

/// The nodes in the order of a roll: the node that writes most goes last, so that rows flow from old to new schema for
/// as long as possible. Those that do not answer stand behind all others.
fn writers_last(nodes: &[NodeObservation]) -> Vec<String> {
    let writes = |node: &NodeObservation| node.facts.as_ref().ok().map(|facts| facts.rates.replicated);
    by_writes(nodes.iter().map(|node| (node.node.clone(), writes(node))).collect())
}

fn by_writes(mut nodes: Vec<(String, Option<f64>)>) -> Vec<String> {
    nodes.sort_by(|(_, one), (_, other)| one.unwrap_or(f64::INFINITY).total_cmp(&other.unwrap_or(f64::INFINITY)));
    nodes.into_iter().map(|(name, _)| name).collect()
}

/// What the rows have against each statement, and what they have against a roll of it.
async fn asked(
    connector: &Connector,
    node: &crate::config::Node,
    drafts: &[Draft],
    wish: &Wish<'_>,
) -> (BTreeMap<usize, Vec<Reason>>, BTreeMap<usize, Reason>) {
    let (mut obstacles, mut misfits) = (BTreeMap::new(), BTreeMap::new());
    for draft in drafts.iter().filter(|draft| draft.part == Part::Change && draft.problems.is_empty()) {
        let (found, misfit) = rows::ask(connector, node, draft, wish).await;
        if !found.is_empty() {
            obstacles.insert(draft.index, found);
        }
        misfits.extend(misfit.map(|misfit| (draft.index, misfit)));
    }
    (obstacles, misfits)
}

/// Settings whose change makes a plan stale: they decide what statements do.
const RESTS_ON: &[&str] = &[
    "alter_algorithm",
    "binlog_row_image",
    "default_storage_engine",
    "foreign_key_checks",
    "innodb_default_row_format",
    "innodb_instant_alter_column_allowed",
    "innodb_strict_mode",
    "old_mode",
    "slave_type_conversions",
    "sql_mode",
    "system_versioning_alter_history",
];

/// Everything by whose change a plan goes stale, by name. Sizes are not among them: a table grows, and only where that
/// changes a method it matters.
fn rests_on(plan: &Plan, server: &NodeFacts, definitions: &BTreeMap<TableName, String>) -> Vec<(String, String)> {
    let settings =
        RESTS_ON.iter().filter_map(|name| Some((format!("setting {name}"), server.global(name)?.to_owned())));
    let tables = definitions.iter().map(|(table, definition)| (format!("table {table}"), definition.clone()));
    let statements = plan.statements.iter().flat_map(|statement| {
        let index = statement.index;
        [
            (format!("method of statement {index}"), statement.method.name().to_owned()),
            (format!("statement {index}"), statement.execute.clone()),
        ]
    });
    let mut nodes = plan.nodes.clone();
    nodes.sort();
    let whole = [
        ("server version".to_owned(), plan.server_version.clone()),
        ("cluster".to_owned(), server.cluster_uuid.clone()),
        ("nodes".to_owned(), nodes.join(", ")),
    ];
    let policy = plan.policy.in_words().map(|(name, value)| (format!("policy {name}"), value));
    whole.into_iter().chain(policy).chain(settings).chain(tables).chain(statements).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_does_not_answer_is_the_last_to_be_asked() {
        let nodes = [("n1", None), ("n2", Some(9.0)), ("n3", Some(0.0))];
        assert_eq!(by_writes(nodes.map(|(name, writes)| (name.to_owned(), writes)).to_vec()), ["n3", "n2", "n1"]);
    }
}
