use std::collections::BTreeMap;

use super::*;
use crate::plan::facts::{Activity, Blocker, NodeState, Rates, Replica, TableFacts, Unseen};
use crate::plan::{AfterDrainTimeout, ConversionWindow, Grant, Level, Method, Need, Override, Policy, Right, When};
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
        lock_holders: Ok(()),
        in_use: Vec::new(),
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
        "object": "app.t", "tables": [{"database": "app", "table": "t"}], "operations": [],
        "needs": [{"any": [{"privilege": "ALTER", "on": {"table": {"database": "app", "table": "t"}}}]}], "algorithm": "INPLACE", "lock": "NONE",
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

/// What those checks of a stage say that are not content, with node n2 broken as wanted; `name: saw advice` each.
fn said(stage: Stage, leaving: Option<&str>, plan: &Plan, break_it: impl Fn(&mut NodeFacts)) -> Vec<(Verdict, String)> {
    let mut nodes = [healthy("n1"), healthy("n2"), healthy("n3")];
    break_it(nodes[1].facts.as_mut().unwrap());
    of_nodes(&nodes, stage, leaving, plan)
}

fn of_nodes(nodes: &[NodeObservation], stage: Stage, leaving: Option<&str>, plan: &Plan) -> Vec<(Verdict, String)> {
    let tables = [TableName::new("app", "t")];
    let scene = Scene { nodes, plan, balancers: 1, tables: &tables, leaving, copying: None };
    let findings = run(stage, &scene).into_iter().filter(|finding| finding.verdict > Verdict::Passed);
    findings.map(|it| (it.verdict, format!("{}: {} {}", it.check, it.saw, it.advice))).collect()
}

fn client(statement: Option<&str>, transaction_seconds: Option<u64>, waits_for: Option<&str>) -> Activity {
    Activity {
        thread_id: 7,
        user: "app".to_owned(),
        host: "h:1".to_owned(),
        database: None,
        command: if statement.is_some() { "Query" } else { "Sleep" }.to_owned(),
        seconds: 20,
        transaction_seconds,
        statement: statement.map(ToOwned::to_owned),
        waits_for: waits_for.map(ToOwned::to_owned),
        tables: None,
    }
}

fn without_plugin(facts: &mut NodeFacts) {
    facts.lock_holders =
        Err(Unseen { why: "the server's plugin `metadata_lock_info` is not loaded".to_owned(), grant: None });
}

#[test]
fn what_does_not_show_without_the_plugin_is_said_and_what_shows_counts() {
    let plan = rolling_plan();
    let look = |more: &dyn Fn(&mut NodeFacts)| {
        said(Stage::BeforeRun, None, &plan, |facts| {
            without_plugin(facts);
            more(facts);
        })
    };
    let found = look(&|_| {});
    let [(Verdict::Warned, text)] = &found[..] else { panic!("{found:?}") };
    assert!(text.starts_with("blockers: ") && text.contains("on n2:"), "{text}");
    assert!(text.contains("INSTALL SONAME 'metadata_lock_info'"), "{text}");
    // Whoever waits for a lock on a table concerned shows that somebody holds it.
    let waiting = |statement: &str| {
        let one = client(Some(statement), None, Some("Waiting for table metadata lock"));
        look(&move |facts| facts.activity = Ok(vec![one.clone()]))
    };
    assert_eq!(
        waiting("INSERT INTO t VALUES (1)").iter().filter(|(verdict, _)| *verdict == Verdict::Failed).count(),
        1
    );
    assert!(waiting("INSERT INTO other VALUES (1)").iter().all(|(verdict, _)| *verdict == Verdict::Warned));
    // A table that is never seen at rest may be locked; another one is nobody's concern.
    assert_eq!(look(&|facts| facts.in_use = vec!["app.t".to_owned()]).len(), 2);
    assert_eq!(look(&|facts| facts.in_use = vec!["app.other".to_owned()]).len(), 1);
    // A transaction between two statements does not tell what it holds.
    let idle = look(&|facts| facts.activity = Ok(vec![client(None, Some(60), None)]));
    assert!(idle.iter().any(|(_, text)| text.starts_with("activity: ")), "{idle:?}");
    assert_eq!(look(&|facts| facts.activity = Ok(vec![client(None, Some(2), None)])).len(), 1);
}

#[test]
fn a_node_does_not_leave_while_the_cluster_cannot_spare_it() {
    let mut plan = rolling_plan();
    // A node that ignored a TOI statement is mended in RSU.
    plan.statements[0].method = Method::Toi;
    let before =
        |leaving: &str, break_it: &dyn Fn(&mut NodeFacts)| said(Stage::BeforeNode, Some(leaving), &plan, break_it);
    assert_eq!(before("n1", &|_| {}), []);
    // An arbitrator was lost: what is left of the weight would be no majority without n2.
    let heavy = |facts: &mut NodeFacts| facts.weight = Some(2);
    assert!(before("n2", &heavy)[0].1.starts_with("quorum: "));
    assert_eq!(before("n1", &heavy), []);
    assert!(before("n1", &|facts| facts.rates.flow_control_paused = 0.5)[0].1.starts_with("flow-control: "));
    assert!(before("n1", &|facts| facts.recv_queue = 15)[0].1.starts_with("flow-control: "));
    let minimal = |facts: &mut NodeFacts| {
        facts.globals.insert("binlog_row_image".to_owned(), "MINIMAL".to_owned());
    };
    let changed = before("n1", &minimal);
    assert!(changed.iter().any(|(_, text)| text.starts_with("row-image: ")), "{changed:?}");
    // Only the node that changes waits for its own holders of locks; privileges and disks were looked at before.
    let locked = |facts: &mut NodeFacts| {
        facts.blockers = Err(Unseen { why: "denied".to_owned(), grant: None });
        facts.grants.clear();
        facts.disk_free = Ok(0);
    };
    assert_eq!(before("n1", &locked), []);
    assert!(before("n2", &locked)[0].1.starts_with("blockers: "));
}

#[test]
fn only_what_may_pass_by_itself_is_waited_for() {
    let finding = |check: &str| Finding {
        check: check.to_owned(),
        verdict: Verdict::Failed,
        node: None,
        saw: String::new(),
        advice: String::new(),
    };
    for (check, passing) in
        [("flow-control", true), ("synced", true), ("quorum", false), ("settings", false), ("row-image", false)]
    {
        assert!(CHECKS.iter().any(|known| known.name == check));
        assert_eq!(may_pass(&finding(check)), passing, "{check}");
    }
}

#[test]
fn one_pause_in_a_short_sample_asks_for_a_longer_one() {
    let mut nodes = [healthy("n1"), healthy("n2")];
    assert!(!is_strained(&nodes));
    let facts = nodes[1].facts.as_mut().unwrap();
    facts.rates = Rates { seconds: 0.04, flow_control_paused: 0.21, ..Rates::default() };
    assert!(is_strained(&nodes));
    let facts = nodes[1].facts.as_mut().unwrap();
    facts.rates = Rates { seconds: 0.5, flow_control_paused: 0.02, ..Rates::default() };
    assert!(!is_strained(&nodes));
    nodes[1].facts.as_mut().unwrap().recv_queue = 15;
    assert!(is_strained(&nodes));
}

/// What `privileges` misses for a plan, with these privileges on `*.*` and these grants; without quotes.
fn lacks(
    plan: &Plan,
    version: ServerVersion,
    everywhere: &[&str],
    grants: &[&str],
    more: impl Fn(&mut NodeFacts),
) -> Vec<String> {
    let mut nodes = [healthy("n1"), healthy("n2"), healthy("n3")];
    for facts in nodes.iter_mut().map(|node| node.facts.as_mut().unwrap()) {
        facts.version = version;
        facts.privileges = Ok(everywhere.iter().map(|privilege| (*privilege).to_owned()).collect());
        facts.grants = grants.iter().map(|line| Grant::read(line).unwrap()).collect();
        more(facts);
    }
    let found = of_nodes(&nodes, Stage::BeforeRun, None, plan);
    let of_it = found.iter().filter_map(|(verdict, text)| Some((verdict, text.strip_prefix("privileges: ")?)));
    of_it
        .map(|(verdict, text)| {
            match text.split_once(" lacks ").and_then(|(_, rest)| rest.split_once(" on n1, n2, n3.")) {
                Some((what, _)) => what.replace('`', ""),
                None => format!("{verdict:?} {text}"),
            }
        })
        .collect()
}

const OLD: ServerVersion = ServerVersion::new(10, 11, 19);
const NEW: ServerVersion = ServerVersion::new(11, 8, 6);
const ALTER: &[&str] = &["GRANT ALTER ON `app`.* TO `schema`@`%`"];

#[test]
fn what_a_roll_takes_besides_its_statement_depends_on_version_log_window_and_policy() {
    let mut plan = rolling_plan();
    let logs = |facts: &mut NodeFacts| {
        facts.globals.insert("log_bin".to_owned(), "ON".to_owned());
    };
    assert_eq!(lacks(&plan, OLD, &[], ALTER, |_| {}), ["SUPER ON *.*"]);
    for version in [OLD, NEW] {
        assert!(lacks(&plan, version, &["SUPER"], ALTER, |_| {}).is_empty());
        assert!(lacks(&plan, version, &["ALL PRIVILEGES"], &[], logs).is_empty());
    }
    assert!(lacks(&plan, OLD, &["SUPER"], ALTER, logs).is_empty());
    assert_eq!(lacks(&plan, NEW, &["SUPER"], ALTER, logs), ["BINLOG ADMIN ON *.*"]);
    // A log that a replica reads gets the statement.
    let read = |facts: &mut NodeFacts| {
        logs(facts);
        facts.replicas = Ok(vec![Replica { thread_id: 1, user: "r".to_owned(), host: "h".to_owned() }]);
    };
    assert!(lacks(&plan, NEW, &["SUPER"], ALTER, read).is_empty());
    let forbidden = |facts: &mut NodeFacts| {
        read(facts);
        facts.globals.insert("wsrep_mode".to_owned(), "DISALLOW_LOCAL_GTID".to_owned());
    };
    assert_eq!(lacks(&plan, NEW, &["SUPER"], ALTER, forbidden), ["BINLOG ADMIN ON *.*"]);
    plan.statements[0].conversion_window =
        Some(ConversionWindow { setting: "ALL_NON_LOSSY".to_owned(), guards: Vec::new() });
    assert_eq!(lacks(&plan, NEW, &["SUPER"], ALTER, |_| {}), ["REPLICATION SLAVE ADMIN ON *.*"]);
    assert!(lacks(&plan, NEW, &["SUPER", "REPLICATION SLAVE ADMIN"], ALTER, |_| {}).is_empty());
    plan.statements[0].conversion_window = None;
    plan.policy.after_drain_timeout = AfterDrainTimeout::CloseIdle;
    assert_eq!(lacks(&plan, NEW, &["SUPER"], ALTER, |_| {}), ["CONNECTION ADMIN ON *.*"]);
    assert!(lacks(&plan, OLD, &["SUPER"], ALTER, |_| {}).is_empty());
    // In TOI only `close-all` closes anybody.
    plan.statements[0].method = Method::Toi;
    assert!(lacks(&plan, NEW, &[], ALTER, |_| {}).is_empty());
    plan.policy.after_drain_timeout = AfterDrainTimeout::CloseAll;
    assert_eq!(lacks(&plan, OLD, &[], ALTER, |_| {}), ["CONNECTION ADMIN ON *.*"]);
    assert_eq!(lacks(&plan, ServerVersion::new(10, 4, 34), &[], ALTER, |_| {}), ["SUPER ON *.*"]);
}

/// A plan of one TOI statement with these needs.
fn needing(kind: &str, needs: Vec<Need>) -> Plan {
    let mut plan = rolling_plan();
    let statement = &mut plan.statements[0];
    (statement.method, statement.kind, statement.needs) = (Method::Toi, kind.to_owned(), needs);
    plan
}

fn need(any: &[(&str, Level)], when: When, unsure: Option<&str>) -> Need {
    let any = any.iter().map(|(privilege, on)| Right { privilege: (*privilege).to_owned(), on: on.clone() }).collect();
    Need { any, when, unsure: unsure.map(ToOwned::to_owned) }
}

#[test]
fn any_one_of_several_rights_will_do_and_what_cannot_be_told_is_said() {
    let routine = Level::Routine { kind: "PROCEDURE".to_owned(), name: TableName::new("app", "p") };
    let any = [("ALTER ROUTINE", routine), ("ALTER ROUTINE", Level::Database("app".to_owned()))];
    let mut plan = needing("drop_procedure", vec![need(&any, When::Always, None)]);
    assert_eq!(lacks(&plan, OLD, &[], &[], |_| {}), ["ALTER ROUTINE ON PROCEDURE app.p"]);
    for grant in ["GRANT ALTER ROUTINE ON PROCEDURE `app`.`p` TO `u`@`%`", "GRANT ALTER ROUTINE ON `app`.* TO `u`@`%`"]
    {
        assert!(lacks(&plan, OLD, &[], &[grant], |_| {}).is_empty(), "{grant}");
    }
    // Whoever makes it may drop it.
    let mut made = plan.statements[0].clone();
    (made.kind, made.object, made.needs) = ("create_procedure".to_owned(), Some("app.p".to_owned()), Vec::new());
    plan.statements.insert(0, made);
    assert!(lacks(&plan, OLD, &[], &[], |_| {}).is_empty());
    let reads = need(&[("SELECT", Level::Everything)], When::Always, Some("what its query reads"));
    let plan = needing("create_view", vec![reads]);
    let untold = lacks(&plan, OLD, &[], &[], |_| {});
    assert!(
        untold.len() == 1 && untold[0].starts_with("Warned Whether 'schema'@'%' may run statement 1"),
        "{untold:?}"
    );
    assert!(lacks(&plan, OLD, &["SELECT"], &[], |_| {}).is_empty());
    let nobody_knows = needing("create_catalog", vec![need(&[], When::Always, Some("what the server asks for"))]);
    assert_eq!(lacks(&nobody_knows, OLD, &["SELECT"], &[], |_| {}).len(), 1);
    assert!(lacks(&nobody_knows, OLD, &["ALL PRIVILEGES"], &[], |_| {}).is_empty());
}

#[test]
fn a_definer_and_a_trigger_take_more_only_where_they_do() {
    let definer = |account: &str| {
        needing("create_view", vec![need(&[("SET USER", Level::Everything)], When::NotBy(account.to_owned()), None)])
    };
    assert!(lacks(&definer("'schema'@'%'"), NEW, &[], &[], |_| {}).is_empty());
    assert_eq!(lacks(&definer("'root'@'localhost'"), NEW, &["SUPER"], &[], |_| {}), ["SET USER ON *.*"]);
    assert!(lacks(&definer("'root'@'localhost'"), OLD, &["SUPER"], &[], |_| {}).is_empty());
    let trusted = |value: &'static str, logs: &'static str| {
        move |facts: &mut NodeFacts| {
            facts.globals.insert("log_bin_trust_function_creators".to_owned(), value.to_owned());
            facts.globals.insert("log_bin".to_owned(), logs.to_owned());
        }
    };
    let trigger = needing("create_trigger", vec![need(&[("SUPER", Level::Everything)], When::Untrusted, None)]);
    assert!(lacks(&trigger, NEW, &[], &[], trusted("ON", "OFF")).is_empty());
    assert_eq!(lacks(&trigger, NEW, &[], &[], trusted("OFF", "OFF")), ["SUPER ON *.*"]);
    let function = needing("create_function", vec![need(&[("SUPER", Level::Everything)], When::UntrustedInLog, None)]);
    assert!(lacks(&function, NEW, &[], &[], trusted("OFF", "OFF")).is_empty());
    assert_eq!(lacks(&function, NEW, &[], &[], trusted("OFF", "ON")), ["SUPER ON *.*"]);
}
