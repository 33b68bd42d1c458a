use std::collections::BTreeMap;

use super::*;
use crate::plan::facts::{Blocker, NodeState, Rates, TableFacts, Unseen};
use crate::plan::{Grant, Method, Override, Policy};
use crate::sql::ServerVersion;

fn healthy(name: &str) -> NodeObservation {
    let globals = [
        ("wsrep_osu_method", "TOI"),
        ("wsrep_on", "ON"),
        ("wsrep_reject_queries", "NONE"),
        ("read_only", "OFF"),
        ("binlog_row_image", "FULL"),
        ("binlog_format", "ROW"),
        ("innodb_instant_alter_column_allowed", "add_drop_reorder"),
    ];
    let globals = globals.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let facts = NodeFacts {
        version: ServerVersion::new(10, 11, 19),
        version_text: "10.11.19-MariaDB".to_owned(),
        provider_version: "26.4.23".to_owned(),
        provider_vendor: "Codership Oy".to_owned(),
        protocol_version: 11,
        node_name: name.to_owned(),
        member_uuid: format!("member-{name}"),
        server_id: 1,
        cluster_uuid: "c".to_owned(),
        local_uuid: "c".to_owned(),
        cluster_status: "Primary".to_owned(),
        conf_id: 3,
        cluster_size: 3,
        cluster_weight: Some(3),
        weight: Some(1),
        members: vec!["a".to_owned(), "b".to_owned(), "c".to_owned()],
        state: NodeState::Synced,
        state_comment: "Synced".to_owned(),
        connected: true,
        ready: true,
        desync: false,
        desync_count: 0,
        last_committed: 100,
        cached_downto: Some(1),
        gcache_bytes: Some(128 << 20),
        recv_queue: 0,
        send_queue: 0,
        recv_queue_limit: Some(16),
        rates: Rates::default(),
        globals,
        provider_options: BTreeMap::new(),
        replicas: Ok(Vec::new()),
        blockers: Ok(Vec::new()),
        activity: Ok(Vec::new()),
        client_sessions: Ok(0),
        disk_free: Ok(1 << 40),
        account: "'schema'@'%'".to_owned(),
        privileges: Ok(["PROCESS".to_owned(), "SUPER".to_owned()].into()),
        grants: vec![Grant::read("GRANT ALTER ON `app`.* TO `schema`@`%`").unwrap()],
    };
    NodeObservation { node: name.to_owned(), address: format!("{name}:3306"), facts: Ok(facts) }
}

fn rolling_plan() -> Plan {
    let statement = serde_json::json!({
        "index": 1, "file": "-e", "line": 1, "sql": "ALTER TABLE app.t FORCE", "kind": "alter_table",
        "object": "app.t", "tables": [{"database": "app", "table": "t"}], "operations": [], "algorithm": "INPLACE", "lock": "NONE",
        "rsu": {"verdict": "safe", "old_to_new": "ok", "new_to_old": "ok", "conditions": []},
        "method": "RSU", "reasons": [], "execute": "ALTER TABLE app.t FORCE",
        "estimate": {"rows": 1, "bytes": 1_000_000, "stall_seconds": 1.0, "total_seconds": 1.0},
    });
    Plan {
        v: 1,
        server_version: "10.11.19".to_owned(),
        statements: vec![serde_json::from_value(statement).unwrap()],
        passes: Vec::new(),
        nodes: Vec::new(),
        policy: Policy::default(),
        wanted: Override::Auto,
        accepted: Vec::new(),
        check_timeout: None,
        rates: None,
        basis: None,
    }
}

/// Breaks one thing on node n2 of a healthy cluster, and expects that one check says so.
fn check(expected: Option<(&str, Verdict)>, break_it: impl FnOnce(&mut NodeObservation)) {
    let mut nodes = [healthy("n1"), healthy("n2"), healthy("n3")];
    break_it(&mut nodes[1]);
    let plan = rolling_plan();
    let tables = [TableName::new("app", "t")];
    let scene = Scene { nodes: &nodes, plan: &plan, balancers: 1, tables: &tables, leaving: None, copying: None };
    let findings = run(Stage::Plan, &scene);
    let bad: Vec<&Finding> = findings.iter().filter(|finding| finding.verdict > Verdict::Passed).collect();
    match expected {
        None => assert!(bad.is_empty(), "{bad:#?}"),
        Some((name, verdict)) => {
            assert!(bad.iter().all(|finding| finding.check == name), "{bad:#?}");
            assert_eq!(worst(&findings), verdict, "{bad:#?}");
            assert!(bad.iter().all(|finding| !finding.saw.is_empty()), "{bad:#?}");
        }
    }
}

fn with(change: impl FnOnce(&mut NodeFacts)) -> impl FnOnce(&mut NodeObservation) {
    |node| change(node.facts.as_mut().unwrap())
}

#[test]
fn a_healthy_cluster_passes_every_check() {
    check(None, |_| {});
}

#[test]
fn each_fault_is_named_by_the_check_that_looks_for_it() {
    use Verdict::{Failed, Unseen as Blind, Warned};
    check(Some(("reachable", Blind)), |node| {
        node.facts = Err(Unseen { why: "connection refused".to_owned(), grant: None });
    });
    check(Some(("identity", Failed)), with(|facts| facts.local_uuid = "other".to_owned()));
    check(Some(("identity", Failed)), with(|facts| facts.member_uuid = "member-n1".to_owned()));
    check(Some(("primary", Failed)), with(|facts| facts.cluster_status = "non-Primary".to_owned()));
    check(Some(("membership", Failed)), with(|facts| facts.conf_id = 4));
    check(Some(("versions", Failed)), with(|facts| facts.provider_version = "26.4.25".to_owned()));
    check(Some(("synced", Failed)), with(|facts| facts.state = NodeState::Joined));
    check(Some(("desync", Failed)), with(|facts| facts.desync_count = 1));
    check(Some(("flow-control", Failed)), with(|facts| facts.rates.flow_control_paused = 0.5));
    check(Some(("quorum", Failed)), with(|facts| facts.weight = Some(2)));
    check(Some(("privileges", Warned)), with(|facts| facts.privileges = Ok(["PROCESS".to_owned()].into())));
    check(Some(("privileges", Warned)), with(|facts| facts.grants.clear()));
    check(Some(("disk", Failed)), with(|facts| facts.disk_free = Ok(1000)));
    check(
        Some(("disk", Warned)),
        with(|facts| facts.disk_free = Err(Unseen { why: "no plugin".to_owned(), grant: None })),
    );
    check(
        Some(("blockers", Failed)),
        with(|facts| {
            let blocker = Blocker {
                thread_id: Some(7),
                who: "backup@localhost".to_owned(),
                what: "BACKUP".to_owned(),
                table: None,
            };
            facts.blockers = Ok(vec![blocker]);
        }),
    );
}

#[test]
fn each_global_that_matters_is_looked_at() {
    for (check_name, global, value) in [
        ("osu-method", "wsrep_osu_method", "RSU"),
        ("serving", "read_only", "ON"),
        ("serving", "wsrep_reject_queries", "ALL"),
        ("settings", "innodb_instant_alter_column_allowed", "never"),
    ] {
        check(
            Some((check_name, Verdict::Failed)),
            with(|facts| {
                facts.globals.insert(global.to_owned(), value.to_owned());
            }),
        );
    }
}

#[test]
fn a_member_that_nobody_named_is_found() {
    let mut nodes = [healthy("n1"), healthy("n2")];
    for node in &mut nodes {
        node.facts.as_mut().unwrap().cluster_size = 3;
    }
    let plan = rolling_plan();
    let scene = Scene { nodes: &nodes, plan: &plan, balancers: 1, tables: &[], leaving: None, copying: None };
    let findings = run(Stage::Plan, &scene);
    assert!(findings.iter().any(|finding| finding.check == "membership" && finding.verdict == Verdict::Failed));
}

#[test]
fn a_roll_without_a_balancer_needs_a_word_of_consent() {
    let nodes = [healthy("n1"), healthy("n2"), healthy("n3")];
    let mut plan = rolling_plan();
    let verdict = |plan: &Plan| {
        let scene = Scene { nodes: &nodes, plan, balancers: 0, tables: &[], leaving: None, copying: None };
        worst(&run(Stage::BeforeRun, &scene))
    };
    assert_eq!(verdict(&plan), Verdict::Failed);
    plan.accepted.push("no-balancer".to_owned());
    assert_eq!(verdict(&plan), Verdict::Passed);
    plan.accepted.clear();
    plan.statements[0].method = Method::Toi;
    assert_eq!(verdict(&plan), Verdict::Passed);
}

#[test]
fn to_run_a_plan_takes_more_than_to_look() {
    let mut nodes = [healthy("n1"), healthy("n2"), healthy("n3")];
    nodes[2].facts.as_mut().unwrap().grants.clear();
    let plan = rolling_plan();
    let scene = Scene { nodes: &nodes, plan: &plan, balancers: 1, tables: &[], leaving: None, copying: None };
    assert_eq!(worst(&run(Stage::Plan, &scene)), Verdict::Warned);
    let findings = run(Stage::BeforeRun, &scene);
    let missing = findings.iter().find(|finding| finding.verdict == Verdict::Unseen).unwrap();
    assert!(missing.saw.contains("n3") && missing.advice.starts_with("GRANT ALTER ON `app`.`t` TO"), "{missing:?}");
}

/// A plan that copies `app.t`.
fn copying_plan() -> Plan {
    let mut plan = rolling_plan();
    plan.statements[0].method = Method::PtOsc;
    plan.statements[0].copy = Some(crate::plan::TableCopy {
        database: "app".to_owned(),
        table: "t".to_owned(),
        alter: "ADD COLUMN c INT".to_owned(),
        adds_unique: false,
        guards: Vec::new(),
        renames_constraints: false,
    });
    plan
}

#[test]
fn a_copy_needs_its_tool_and_a_table_on_which_nothing_hangs() {
    let nodes = [healthy("n1"), healthy("n2"), healthy("n3")];
    let plan = copying_plan();
    let name = TableName::new("app", "t");
    let plain =
        TableFacts { kind: "BASE TABLE".to_owned(), engine: Some("InnoDB".to_owned()), ..TableFacts::default() };
    let facts = |table: TableFacts| CopyFacts {
        tool: Ok("3.2.1".to_owned()),
        tables: [(name.clone(), table)].into(),
        leftovers: BTreeMap::new(),
    };
    let found = |copying: Option<&CopyFacts>| {
        let scene = Scene { nodes: &nodes, plan: &plan, balancers: 1, tables: &[], leaving: None, copying };
        let findings = run(Stage::Plan, &scene);
        let worst = findings.iter().filter(|finding| finding.check.starts_with("copy-")).max_by_key(|it| it.verdict);
        worst.map(|finding| (finding.verdict, format!("{} {}", finding.saw, finding.advice))).unwrap()
    };
    assert_eq!(found(Some(&facts(plain.clone()))).0, Verdict::Passed);
    assert_eq!(found(None).0, Verdict::Unseen);
    let gone = CopyFacts { tables: BTreeMap::new(), ..facts(plain.clone()) };
    assert_eq!(found(Some(&gone)).0, Verdict::Unseen);
    let missing = Unseen { why: "it is not in PATH".to_owned(), grant: None };
    let toolless = CopyFacts { tool: Err(missing), ..facts(plain.clone()) };
    assert_eq!(found(Some(&toolless)).0, Verdict::Failed);
    let other = CopyFacts { tool: Ok("3.7.0".to_owned()), ..facts(plain.clone()) };
    assert_eq!(found(Some(&other)).0, Verdict::Warned);
    let left = CopyFacts { leftovers: [(name.clone(), vec!["_t_old".to_owned()])].into(), ..facts(plain.clone()) };
    let (verdict, text) = found(Some(&left));
    assert!(verdict == Verdict::Warned && text.contains("DROP TABLE `app`.`_t_old`;"), "{text}");
    for (table, word) in [
        (TableFacts { triggers: vec!["mine".to_owned()], ..plain.clone() }, "mine"),
        (
            TableFacts { triggers: vec!["pt_osc_app_t_upd".to_owned()], ..plain.clone() },
            "DROP TRIGGER `app`.`pt_osc_app_t_upd`;",
        ),
        (TableFacts { referred_by: vec![TableName::new("app", "child")], ..plain.clone() }, "app.child"),
        (TableFacts { engine: Some("Aria".to_owned()), ..plain.clone() }, "Aria"),
    ] {
        let (verdict, text) = found(Some(&facts(table)));
        assert!(verdict == Verdict::Failed && text.contains(word), "{word}: {text}");
    }
}
