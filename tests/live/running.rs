//! What tests of runs share: plans made by hand, so that a test says exactly what is run and how, and a look at what is
//! left of a run.

use std::time::Duration;

use galera_schema::cluster::Connector;
use galera_schema::config::{ConnectionArgs, Settings};
use galera_schema::engine::{self, Signals};
use galera_schema::failure::Failure;
use galera_schema::plan::{AfterDrainTimeout, Method, Pass, Plan, PlannedStatement, Policy};
use galera_schema::run::{Ending, Event, EventSink, Stamped};
use galera_schema::sandbox::{Node, Sandbox};
use serde_json::json;

use crate::support::{Shared, shared, until};

/// A statement on a table: what is sent, and what undoes it.
pub struct Step<'a> {
    pub sql: &'a str,
    pub object: &'a str,
    pub operation: &'a str,
    pub inverse: Option<&'a str>,
}

/// The shared cluster without a run that another test may have left open.
pub async fn cluster() -> Shared {
    let sandbox = shared().await;
    sandbox.nodes()[0].execute("drop database if exists galera_schema").await.unwrap();
    sandbox
}

/// A policy that is quick and closes the connections of pools.
pub fn policy() -> Policy {
    Policy {
        drain_timeout: Duration::from_secs(8),
        after_drain_timeout: AfterDrainTimeout::CloseIdle,
        settle: Duration::from_millis(300),
        ..Policy::default()
    }
}

/// A plan that runs these statements in one pass.
pub fn plan(sandbox: &Sandbox, method: Method, steps: &[Step<'_>]) -> Plan {
    // As `plan --out` would write it, so that a field that is added does not concern the tests here.
    let statements: Vec<PlannedStatement> = steps
        .iter()
        .enumerate()
        .map(|(at, step)| {
            serde_json::from_value(json!({
                "index": at + 1,
                "file": "-e",
                "line": 1,
                "sql": step.sql,
                "kind": "alter_table",
                "object": step.object,
                "operations": [{ "op": step.operation }],
                "algorithm": null,
                "lock": null,
                "rsu": { "verdict": "safe", "old_to_new": "ok", "new_to_old": "ok", "conditions": [] },
                "method": method,
                "reasons": [],
                "execute": step.sql,
                "estimate": {},
                "way_back": step.inverse.map(|sql| json!({ "sql": sql, "text": "" })),
            }))
            .unwrap()
        })
        .collect();
    let passes = match method {
        Method::Rsu => vec![Pass { method, statements: (1..=steps.len()).collect() }],
        _ => (1..=steps.len()).map(|index| Pass { method, statements: vec![index] }).collect(),
    };
    Plan {
        v: 1,
        server_version: String::new(),
        statements,
        passes,
        nodes: sandbox.nodes().iter().map(|node| node.name().to_owned()).collect(),
        policy: policy(),
        wanted: galera_schema::plan::Override::Auto,
        accepted: Vec::new(),
        check_timeout: None,
        rates: None,
        basis: None,
    }
}

/// Keeps every event.
#[derive(Default)]
pub struct Events(pub Vec<Stamped>);

impl EventSink for Events {
    fn event(&mut self, event: &Stamped) {
        self.0.push(event.clone());
    }
}

impl Events {
    /// How many events the condition holds for.
    pub fn count(&self, holds: impl Fn(&Event) -> bool) -> usize {
        self.0.iter().filter(|stamped| holds(&stamped.event)).count()
    }
}

/// The settings that `schema` would read for the sandbox.
pub fn settings(sandbox: &Sandbox) -> Settings {
    Settings::load(Some(&sandbox.schema_toml()), &ConnectionArgs::default()).unwrap()
}

/// Runs a plan as `schema apply` does.
pub async fn apply(sandbox: &Sandbox, plan: Plan) -> (Result<Ending, Failure>, Events) {
    let settings = settings(sandbox);
    let connector = Connector::open(&settings).await.unwrap();
    let mut events = Events::default();
    let mut signals = Signals::listen().unwrap();
    let ending = engine::apply(plan, &connector, &settings, &mut events, &mut signals).await;
    (ending, events)
}

/// Every node Synced, in rotation, not desynced, and globals as a sandbox has them.
pub async fn assert_all_home(sandbox: &Sandbox) {
    for node in sandbox.nodes() {
        node.wait_synced(Duration::from_secs(20)).await.unwrap();
        let globals =
            "select concat(@@global.wsrep_desync, @@global.wsrep_osu_method, @@global.slave_type_conversions)";
        assert_eq!(node.value(globals).await.unwrap().as_deref(), Some("OFFTOI"), "{}", node.name());
    }
    for haproxy in sandbox.haproxies() {
        haproxy.wait_up(sandbox.nodes(), Duration::from_secs(10)).await.unwrap();
    }
}

/// How a node defines a table.
pub async fn definition(node: &Node, table: &str) -> String {
    let (database, name) = table.split_once('.').unwrap();
    let columns = format!(
        "select group_concat(column_name, ' ', column_type, ' ', is_nullable order by ordinal_position) from \
         information_schema.columns where table_schema = '{database}' and table_name = '{name}'"
    );
    let keys = format!(
        "select group_concat(index_name, ' ', column_name order by index_name, seq_in_index) from \
         information_schema.statistics where table_schema = '{database}' and table_name = '{name}'"
    );
    format!("{:?} {:?}", node.value(&columns).await.unwrap(), node.value(&keys).await.unwrap())
}

/// All nodes hold the same definition of a table; gives it.
pub async fn assert_equal(sandbox: &Sandbox, table: &str) -> String {
    let first = definition(&sandbox.nodes()[0], table).await;
    for node in &sandbox.nodes()[1..] {
        // A table that the test itself has just made may still be on its way.
        node.value("set statement wsrep_sync_wait = 1 for select 1").await.unwrap();
        assert_eq!(definition(node, table).await, first, "{}", node.name());
    }
    first
}

/// All nodes hold as many rows; waits for replication.
pub async fn assert_same_rows(sandbox: &Sandbox, table: &str) {
    until("the nodes hold the same rows", Duration::from_secs(20), async || {
        let mut sums = Vec::new();
        for node in sandbox.nodes() {
            sums.push(node.value(&format!("select count(*) from {table}")).await.unwrap());
        }
        sums.windows(2).all(|pair| pair[0] == pair[1])
    })
    .await;
}
