//! `schema apply` on a real cluster: what it does, what it costs the application, and what it leaves behind.

use std::time::{Duration, Instant};

use galera_schema::failure::ExitCode;
use galera_schema::plan::{ConversionWindow, Method, Pass};
use galera_schema::run::{Event, Outcome};
use galera_schema::sandbox::Error;
use galera_schema::sandbox::workload::{Profile, Window, Workload, fill, prepare};
use libtest_mimic::Trial;

use crate::running::{Step, apply, assert_all_home, assert_equal, assert_same_rows, cluster, definition, plan};
use crate::support::{database, trial, until};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![
        trial("apply::toi_metadata_only", toi_metadata_only),
        trial("apply::rsu_roll_under_load", rsu_roll_under_load),
        trial("apply::several_statements_in_one_roll", several_statements_in_one_roll),
        trial("apply::a_node_that_ignored_the_statement_is_mended", a_node_that_ignored_the_statement_is_mended),
        trial("apply::ddl_that_fails_on_the_first_node", ddl_that_fails_on_the_first_node),
        trial("apply::ddl_that_fails_on_a_later_node", ddl_that_fails_on_a_later_node),
        trial("apply::toi_that_fails_in_the_middle", toi_that_fails_in_the_middle),
        trial("apply::conversion_window", conversion_window),
        trial("apply::a_window_that_a_node_has_lost_is_opened_again", a_window_that_a_node_has_lost_is_opened_again),
        trial("apply::a_value_that_does_not_fit_stops_the_roll", a_value_that_does_not_fit_stops_the_roll),
        trial(
            "apply::a_question_to_the_rows_that_does_not_end_stops_the_roll",
            a_question_to_the_rows_that_does_not_end_stops_the_roll,
        ),
        trial("apply::the_rows_are_asked_before_a_later_pass", the_rows_are_asked_before_a_later_pass),
        trial("apply::clients_that_stay_stop_the_roll", clients_that_stay_stop_the_roll),
        trial("apply::a_blocker_delays_toi_and_then_refuses_it", a_blocker_delays_toi_and_then_refuses_it),
        trial("apply::foreign_states_are_refusals", foreign_states_are_refusals),
    ]
}

async fn toi_metadata_only() -> Result<(), Error> {
    let sandbox = cluster().await;
    database(&sandbox, "ap_toi").await;
    sandbox.nodes()[0].execute("create table ap_toi.t (id int primary key)").await?;
    let step = Step {
        sql: "alter table ap_toi.t add column n int, algorithm=instant, lock=none",
        object: "ap_toi.t",
        operation: "add_column",
        inverse: None,
    };
    let (ending, events) = apply(&sandbox, plan(&sandbox, Method::Toi, &[step])).await;
    assert_eq!(ending.unwrap().outcome, Outcome::Done);
    assert!(assert_equal(&sandbox, "ap_toi.t").await.contains("n int"));
    assert_eq!(events.count(|event| matches!(event, Event::ToiSent { .. })), 1);
    assert_eq!(events.count(|event| matches!(event, Event::DrainStarted { .. })), 0);
    assert_all_home(&sandbox).await;
    Ok(())
}

async fn rsu_roll_under_load() -> Result<(), Error> {
    let sandbox = cluster().await;
    let profile = Profile { database: "ap_load".into(), rows: 400_000, ..Profile::default() };
    prepare(&sandbox, &profile.database, profile.clients).await?;
    fill(&sandbox, &profile.database, profile.rows, |_| ()).await?;
    let workload = Workload::start(sandbox.app_opts()?, profile).unwrap();
    let writes = |from| workload.figures(Window { from, to: workload.now() }).writes;
    until("the application is warm", Duration::from_secs(20), async || writes(Duration::ZERO) > 1000).await;
    let idle_from = workload.now();
    until("an idle stretch", Duration::from_secs(20), async || workload.now() > idle_from + Duration::from_secs(5))
        .await;
    let idle = workload.figures(Window { from: idle_from, to: workload.now() });

    let step =
        Step { sql: "alter table ap_load.orders force", object: "ap_load.orders", operation: "force", inverse: None };
    let from = workload.now();
    let started = Instant::now();
    let (ending, events) = apply(&sandbox, plan(&sandbox, Method::Rsu, &[step])).await;
    let wall = started.elapsed().as_secs_f64();
    assert_eq!(ending.unwrap().outcome, Outcome::Done);
    let roll = workload.figures(Window { from, to: workload.now() });
    let (_, ledger) = workload.stop();

    assert_eq!(events.count(|event| matches!(event, Event::RsuProven { gated: true, .. })), 3);
    assert_eq!(events.count(|event| matches!(event, Event::Admitted { .. })), 3);
    let mut parts = 0.0;
    for stamped in &events.0 {
        match &stamped.event {
            Event::DdlFinished { seconds, .. } | Event::Drained { seconds, .. } | Event::Settling { seconds, .. } => {
                parts += seconds;
            }
            _ => {}
        }
    }
    eprintln!(
        "roll: {wall:.2} s for {parts:.2} s of DDL, drains and settles; write gap {:?} (idle {:?}); {} writes, {} failures",
        roll.longest_write_gap,
        idle.longest_write_gap,
        roll.writes,
        roll.failures()
    );
    assert_eq!(roll.failed, std::collections::BTreeMap::new());
    // A stall lasts as long as one node's DDL. How close the gap comes to that of an idle cluster is for the benchmark
    // (docs/benchmarks.md): on a busy machine a test would only measure the machine.
    let ddl = events.0.iter().filter_map(|stamped| match &stamped.event {
        Event::DdlFinished { seconds, .. } => Some(*seconds),
        _ => None,
    });
    let shortest = ddl.fold(f64::INFINITY, f64::min);
    assert!(roll.longest_write_gap.as_secs_f64() < shortest / 2.0, "{roll:?} {shortest}");
    assert!(wall <= 1.15 * parts, "{wall} > 1.15 * {parts}");
    for node in sandbox.nodes() {
        let losses = ledger.check(node, "ap_load").await?;
        assert!(losses.is_none(), "{}: {losses:?}", node.name());
    }
    assert_all_home(&sandbox).await;
    Ok(())
}

async fn several_statements_in_one_roll() -> Result<(), Error> {
    let sandbox = cluster().await;
    database(&sandbox, "ap_many").await;
    sandbox.nodes()[0].execute("create table ap_many.t (id int primary key, a int, b int)").await?;
    let step = |sql, operation| Step { sql, object: "ap_many.t", operation, inverse: None };
    let steps = [
        step("alter table ap_many.t add index ia (a)", "add_index"),
        step("create index ib on ap_many.t (b)", "add_index"),
        step("alter table ap_many.t force", "force"),
    ];
    let (ending, events) = apply(&sandbox, plan(&sandbox, Method::Rsu, &steps)).await;
    assert_eq!(ending.unwrap().outcome, Outcome::Done);
    assert_eq!(events.count(|event| matches!(event, Event::Drained { .. })), 3, "one drain a node");
    assert_eq!(events.count(|event| matches!(event, Event::RsuProven { .. })), 9, "each statement is proven");
    let schema = assert_equal(&sandbox, "ap_many.t").await;
    assert!(schema.contains("ia a") && schema.contains("ib b"), "{schema}");
    assert_all_home(&sandbox).await;
    Ok(())
}

async fn a_node_that_ignored_the_statement_is_mended() -> Result<(), Error> {
    let sandbox = cluster().await;
    database(&sandbox, "ap_deaf").await;
    sandbox.nodes()[0].execute("create table ap_deaf.t (id int primary key)").await?;
    let deaf = &sandbox.nodes()[1];
    deaf.execute("set global innodb_instant_alter_column_allowed = never").await?;
    let step = Step {
        sql: "alter table ap_deaf.t add column z int, algorithm=instant",
        object: "ap_deaf.t",
        operation: "add_column",
        inverse: None,
    };
    let (ending, _) = apply(&sandbox, plan(&sandbox, Method::Toi, &[step])).await;
    let ending = ending.unwrap();
    // The same text cannot be mended with while the setting stands: the run stops, and says so.
    assert_eq!(ending.outcome, Outcome::Resumable, "{ending:?}");
    assert_all_home(&sandbox).await;
    assert!(!definition(deaf, "ap_deaf.t").await.contains("z int"));
    deaf.execute("set global innodb_instant_alter_column_allowed = default").await?;
    crate::support::schema(&sandbox, &["resume"]).expect_code(0);
    assert!(assert_equal(&sandbox, "ap_deaf.t").await.contains("z int"));
    assert_all_home(&sandbox).await;
    Ok(())
}

async fn ddl_that_fails_on_the_first_node() -> Result<(), Error> {
    let sandbox = cluster().await;
    database(&sandbox, "ap_first").await;
    sandbox.nodes()[0].execute("create table ap_first.t (id int primary key, a int)").await?;
    sandbox.nodes()[0].execute("insert into ap_first.t values (1, 1), (2, 1)").await?;
    let before = assert_equal(&sandbox, "ap_first.t").await;
    let step = Step {
        sql: "alter table ap_first.t add unique ua (a)",
        object: "ap_first.t",
        operation: "add_index",
        inverse: None,
    };
    for method in [Method::Rsu, Method::Toi] {
        let step = Step { ..step };
        let (ending, events) = apply(&sandbox, plan(&sandbox, method, &[step])).await;
        let ending = ending.unwrap();
        assert_eq!(ending.outcome.code(), ExitCode::Undone, "{ending:?}");
        assert!(ending.text.contains("1062"), "{ending:?}");
        assert!(ending.left.is_empty(), "{ending:?}");
        assert!(events.count(|event| matches!(event, Event::DrainStarted { .. })) <= 1);
        assert_eq!(assert_equal(&sandbox, "ap_first.t").await, before);
        assert_all_home(&sandbox).await;
    }
    Ok(())
}

/// A row that violates the new CHECK is written while only the first node holds it; the second node's DDL then fails.
async fn ddl_that_fails_on_a_later_node() -> Result<(), Error> {
    let sandbox = cluster().await;
    database(&sandbox, "ap_later").await;
    sandbox.nodes()[0].execute("create table ap_later.t (id int primary key, a int)").await?;
    for (inverse, code) in
        [(Some("alter table ap_later.t drop constraint positive"), ExitCode::Undone), (None, ExitCode::Resumable)]
    {
        sandbox.nodes()[0].execute("delete from ap_later.t").await?;
        let before = assert_equal(&sandbox, "ap_later.t").await;
        let step = Step {
            sql: "alter table ap_later.t add constraint positive check (a > 0)",
            object: "ap_later.t",
            operation: "add_check",
            inverse,
        };
        let mut plan = plan(&sandbox, Method::Rsu, &[step]);
        plan.policy.settle = Duration::from_secs(2);
        let writer = sandbox.nodes()[2].clone();
        let first = sandbox.nodes()[0].clone();
        let spoil = async {
            let has = "select count(*) from information_schema.check_constraints where constraint_schema = 'ap_later'";
            until("the first node has the constraint", Duration::from_secs(20), async || {
                first.value(has).await.unwrap().as_deref() == Some("1")
            })
            .await;
            writer.execute("insert into ap_later.t values (1, -1)").await.unwrap();
        };
        let ((ending, _), ()) = tokio::join!(apply(&sandbox, plan), spoil);
        let ending = ending.unwrap();
        assert_eq!(ending.outcome.code(), code, "{ending:?}");
        assert!(ending.text.contains("4025"), "{ending:?}");
        assert_all_home(&sandbox).await;
        assert_same_rows(&sandbox, "ap_later.t").await;
        if inverse.is_some() {
            assert_eq!(assert_equal(&sandbox, "ap_later.t").await, before);
        } else {
            // A person mends the row; then the run can be finished.
            sandbox.nodes()[1].execute("delete from ap_later.t").await?;
            crate::support::schema(&sandbox, &["resume"]).expect_code(0);
            assert_all_home(&sandbox).await;
        }
    }
    Ok(())
}

/// The second of three statements fails. `resume` tries it again, says so as often as it fails, and goes on once it does
/// not; `abort` says what stays.
async fn toi_that_fails_in_the_middle() -> Result<(), Error> {
    let sandbox = cluster().await;
    for mended in [true, false] {
        database(&sandbox, "ap_third").await;
        sandbox.nodes()[0].execute("create table ap_third.t (id int primary key, a int)").await?;
        sandbox.nodes()[0].execute("insert into ap_third.t values (1, 1), (2, 1)").await?;
        let step = |sql, operation, inverse| Step { sql, object: "ap_third.t", operation, inverse: Some(inverse) };
        let steps = [
            step("alter table ap_third.t add column b int", "add_column", "ALTER TABLE ap_third.t DROP COLUMN b"),
            step("alter table ap_third.t add unique ua (a)", "add_index", "ALTER TABLE ap_third.t DROP KEY ua"),
            step("alter table ap_third.t add column c int", "add_column", "ALTER TABLE ap_third.t DROP COLUMN c"),
        ];
        let (ending, _) = apply(&sandbox, plan(&sandbox, Method::Toi, &steps)).await;
        let ending = ending.unwrap();
        assert_eq!(ending.outcome.code(), ExitCode::Resumable, "{ending:?}");
        crate::support::schema(&sandbox, &["resume"]).expect_code(6);
        if mended {
            sandbox.nodes()[0].execute("delete from ap_third.t where id = 2").await?;
            crate::support::schema(&sandbox, &["resume"]).expect_code(0);
            let schema = assert_equal(&sandbox, "ap_third.t").await;
            assert!(schema.contains("ua a") && schema.contains("c int"), "{schema}");
        } else {
            let ended = crate::support::schema(&sandbox, &["abort"]).expect_code(0);
            assert!(ended.stdout.contains("Statement(s) 1 "), "{}", ended.stdout);
            let schema = assert_equal(&sandbox, "ap_third.t").await;
            assert!(schema.contains("b int") && !schema.contains("ua a"), "{schema}");
        }
        assert_all_home(&sandbox).await;
    }
    Ok(())
}

async fn conversion_window() -> Result<(), Error> {
    let sandbox = cluster().await;
    database(&sandbox, "ap_window").await;
    sandbox.nodes()[0].execute("create table ap_window.t (id int primary key auto_increment, a int)").await?;
    let step = Step {
        sql: "alter table ap_window.t modify a bigint",
        object: "ap_window.t",
        operation: "modify_column",
        inverse: None,
    };
    let mut plan = plan(&sandbox, Method::Rsu, &[step]);
    plan.statements[0].conversion_window = Some(ConversionWindow {
        setting: "ALL_NON_LOSSY,ALL_LOSSY".into(),
        guards: vec!["select 1 from ap_window.t where a not between -2147483648 and 2147483647 limit 1".into()],
    });
    // Rows cross in both directions all the while: through HAProxy, each from another node that serves.
    let stop = std::cell::Cell::new(false);
    let writers = async {
        let mut written = 0;
        while !stop.get() {
            let mut conn = mysql_async::Conn::new(sandbox.app_opts().unwrap()).await.unwrap();
            let insert = "insert into ap_window.t (a) values (7)";
            if mysql_async::prelude::Queryable::query_drop(&mut conn, insert).await.is_ok() {
                written += 1;
            }
            conn.disconnect().await.unwrap();
        }
        written
    };
    let run = async {
        let outcome = apply(&sandbox, plan).await;
        stop.set(true);
        outcome
    };
    let (written, (ending, events)) = tokio::join!(writers, run);
    let ending = ending.unwrap();
    assert_eq!(ending.outcome, Outcome::Done, "{ending:?}");
    assert!(written > 0);
    assert_eq!(events.count(|event| matches!(event, Event::WindowOpened { .. })), 1);
    assert_eq!(events.count(|event| matches!(event, Event::WindowClosed {})), 1);
    assert_same_rows(&sandbox, "ap_window.t").await;
    assert!(assert_equal(&sandbox, "ap_window.t").await.contains("a bigint"));
    assert_all_home(&sandbox).await;
    Ok(())
}

/// As after a restart in the middle of the roll.
async fn a_window_that_a_node_has_lost_is_opened_again() -> Result<(), Error> {
    let sandbox = cluster().await;
    database(&sandbox, "ap_lost").await;
    sandbox.nodes()[0].execute("create table ap_lost.t (id int primary key, a int)").await?;
    let step = Step {
        sql: "alter table ap_lost.t modify a bigint",
        object: "ap_lost.t",
        operation: "modify_column",
        inverse: None,
    };
    let mut plan = plan(&sandbox, Method::Rsu, &[step]);
    plan.policy.settle = Duration::from_secs(2);
    plan.statements[0].conversion_window =
        Some(ConversionWindow { setting: "ALL_NON_LOSSY,ALL_LOSSY".into(), guards: Vec::new() });
    let (first, last) = (sandbox.nodes()[0].clone(), sandbox.nodes()[2].clone());
    let lose = async {
        let wide = "select count(*) from information_schema.columns where table_schema = 'ap_lost' and column_type like 'bigint%'";
        until("the first node is wider", Duration::from_secs(20), async || {
            first.value(wide).await.unwrap().as_deref() == Some("1")
        })
        .await;
        last.execute("set global slave_type_conversions = ''").await.unwrap();
    };
    let ((ending, events), ()) = tokio::join!(apply(&sandbox, plan), lose);
    let ending = ending.unwrap();
    assert_eq!(ending.outcome, Outcome::Done, "{ending:?}");
    let kinds: Vec<_> = events
        .0
        .iter()
        .filter_map(|stamped| match &stamped.event {
            Event::WindowOpened { .. } => Some("opened"),
            Event::DrainStarted { .. } => Some("drain"),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, ["opened", "drain", "opened", "drain", "drain"]);
    assert_all_home(&sandbox).await;
    Ok(())
}

async fn a_value_that_does_not_fit_stops_the_roll() -> Result<(), Error> {
    let sandbox = cluster().await;
    database(&sandbox, "ap_misfit").await;
    sandbox.nodes()[0].execute("create table ap_misfit.t (id int primary key, a int)").await?;
    let step = Step {
        sql: "alter table ap_misfit.t modify a bigint",
        object: "ap_misfit.t",
        operation: "modify_column",
        inverse: None,
    };
    let mut plan = plan(&sandbox, Method::Rsu, &[step]);
    plan.policy.settle = Duration::from_secs(2);
    plan.statements[0].conversion_window = Some(ConversionWindow {
        setting: "ALL_NON_LOSSY,ALL_LOSSY".into(),
        guards: vec!["select 1 from ap_misfit.t where a > 2147483647 limit 1".into()],
    });
    let first = sandbox.nodes()[0].clone();
    let spoil = async {
        let wide = "select count(*) from information_schema.columns where table_schema = 'ap_misfit' and column_type like 'bigint%'";
        until("the first node is wider", Duration::from_secs(20), async || {
            first.value(wide).await.unwrap().as_deref() == Some("1")
        })
        .await;
        first.wait_synced(Duration::from_secs(10)).await.unwrap();
        first.execute("insert into ap_misfit.t values (1, 5000000000)").await.unwrap();
    };
    let ((ending, _), ()) = tokio::join!(apply(&sandbox, plan), spoil);
    let ending = ending.unwrap();
    assert_eq!(ending.outcome.code(), ExitCode::Resumable, "{ending:?}");
    assert!(ending.left.iter().any(|left| left.contains("slave_type_conversions")), "{ending:?}");
    // A person takes the value back; then the roll can be finished, and the window is closed.
    sandbox.nodes()[0].execute("delete from ap_misfit.t").await?;
    crate::support::schema(&sandbox, &["resume"]).expect_code(0);
    assert!(assert_equal(&sandbox, "ap_misfit.t").await.contains("a bigint"));
    assert_all_home(&sandbox).await;
    Ok(())
}

/// What the plan could not ask any more is asked before the first node is touched.
async fn the_rows_are_asked_before_a_later_pass() -> Result<(), Error> {
    let sandbox = cluster().await;
    database(&sandbox, "ap_later").await;
    sandbox.nodes()[0].execute("create table ap_later.t (id int primary key, a int)").await?;
    sandbox.nodes()[0].execute("insert into ap_later.t values (1, 1)").await?;
    let step = |sql, operation| Step { sql, object: "ap_later.t", operation, inverse: None };
    let steps = [
        step("alter table ap_later.t force", "force"),
        step("alter table ap_later.t modify a bigint", "modify_column"),
    ];
    let mut plan = plan(&sandbox, Method::Rsu, &steps);
    plan.passes = (1..=2).map(|index| Pass { method: Method::Rsu, statements: vec![index] }).collect();
    plan.statements[1].conversion_window = Some(ConversionWindow {
        setting: "ALL_NON_LOSSY,ALL_LOSSY".into(),
        guards: vec!["select 1 from ap_later.t where a = 1 limit 1".into()],
    });
    let (ending, events) = apply(&sandbox, plan).await;
    let ending = ending.unwrap();
    assert_eq!(ending.outcome.code(), ExitCode::Resumable, "{ending:?}");
    assert!(ending.text.contains("a = 1"), "{ending:?}");
    assert_eq!(events.count(|event| matches!(event, Event::DrainStarted { .. })), 3);
    assert_eq!(events.count(|event| matches!(event, Event::WindowOpened { .. })), 0);
    assert_all_home(&sandbox).await;
    sandbox.nodes()[0].execute("update ap_later.t set a = 2").await?;
    crate::support::schema(&sandbox, &["resume"]).expect_code(0);
    assert!(assert_equal(&sandbox, "ap_later.t").await.contains("a bigint"));
    Ok(())
}

/// A node that does not answer the question in time is no node that has said yes.
async fn a_question_to_the_rows_that_does_not_end_stops_the_roll() -> Result<(), Error> {
    let sandbox = cluster().await;
    database(&sandbox, "ap_slow").await;
    sandbox.nodes()[0].execute("create table ap_slow.t (id int primary key, a int)").await?;
    sandbox.nodes()[0].execute("insert into ap_slow.t values (1, 1)").await?;
    let step = Step {
        sql: "alter table ap_slow.t modify a bigint",
        object: "ap_slow.t",
        operation: "modify_column",
        inverse: None,
    };
    let mut plan = plan(&sandbox, Method::Rsu, &[step]);
    plan.check_timeout = Some(Duration::from_millis(100));
    plan.statements[0].conversion_window = Some(ConversionWindow {
        setting: "ALL_NON_LOSSY,ALL_LOSSY".into(),
        guards: vec!["select 1 from ap_slow.t where sleep(30) limit 1".into()],
    });
    let (ending, events) = apply(&sandbox, plan).await;
    let ending = ending.unwrap();
    assert_eq!(ending.outcome.code(), ExitCode::Resumable, "{ending:?}");
    assert!(ending.text.contains("had not answered after 1 s"), "{ending:?}");
    assert!(ending.left.iter().any(|left| left.contains("slave_type_conversions")), "{ending:?}");
    assert_eq!(events.count(|event| matches!(event, Event::DrainStarted { .. })), 1);
    // Without rows there is nothing to sleep on.
    sandbox.nodes()[0].execute("delete from ap_slow.t").await?;
    crate::support::schema(&sandbox, &["resume"]).expect_code(0);
    assert!(assert_equal(&sandbox, "ap_slow.t").await.contains("a bigint"));
    assert_all_home(&sandbox).await;
    Ok(())
}

/// A client that works without a pause, past the balancer.
async fn clients_that_stay_stop_the_roll() -> Result<(), Error> {
    let sandbox = cluster().await;
    database(&sandbox, "ap_stay").await;
    sandbox.nodes()[0].execute("create table ap_stay.t (id int primary key)").await?;
    let mut conn = mysql_async::Conn::new(sandbox.nodes()[0].opts()?).await.unwrap();
    mysql_async::prelude::Queryable::query_drop(&mut conn, "start transaction").await.unwrap();
    mysql_async::prelude::Queryable::query_drop(&mut conn, "select * from ap_stay.t").await.unwrap();
    let step = Step { sql: "alter table ap_stay.t force", object: "ap_stay.t", operation: "force", inverse: None };
    let mut plan = plan(&sandbox, Method::Rsu, &[step]);
    plan.policy.after_drain_timeout = galera_schema::plan::AfterDrainTimeout::Stop;
    plan.policy.drain_timeout = Duration::from_secs(1);
    let (ending, events) = apply(&sandbox, plan).await;
    let ending = ending.unwrap();
    assert_eq!(ending.outcome.code(), ExitCode::Undone, "{ending:?}");
    assert!(ending.text.contains("client connection"), "{ending:?}");
    assert_eq!(events.count(|event| matches!(event, Event::RsuProven { .. })), 0);
    assert_all_home(&sandbox).await;
    conn.disconnect().await.unwrap();
    Ok(())
}

async fn a_blocker_delays_toi_and_then_refuses_it() -> Result<(), Error> {
    let sandbox = cluster().await;
    database(&sandbox, "ap_block").await;
    sandbox.nodes()[0].execute("create table ap_block.t (id int primary key)").await?;
    let step = || Step {
        sql: "alter table ap_block.t add column n int, algorithm=instant",
        object: "ap_block.t",
        operation: "add_column",
        inverse: None,
    };
    let mut blocker = mysql_async::Conn::new(sandbox.nodes()[2].opts()?).await.unwrap();
    mysql_async::prelude::Queryable::query_drop(&mut blocker, "start transaction").await.unwrap();
    mysql_async::prelude::Queryable::query_drop(&mut blocker, "insert into ap_block.t values (1)").await.unwrap();
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let mut refused = plan(&sandbox, Method::Toi, &[step()]);
    refused.policy.drain_timeout = Duration::from_secs(1);
    let (ending, events) = apply(&sandbox, refused).await;
    let ending = ending.unwrap();
    assert_eq!(ending.outcome.code(), ExitCode::Refused, "{ending:?}");
    assert!(ending.text.contains("n3"), "the blocker's node is named: {ending:?}");
    assert_eq!(events.count(|event| matches!(event, Event::ToiSent { .. })), 0);

    let leave = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        mysql_async::prelude::Queryable::query_drop(&mut blocker, "commit").await.unwrap();
    };
    let ((ending, events), ()) = tokio::join!(apply(&sandbox, plan(&sandbox, Method::Toi, &[step()])), leave);
    assert_eq!(ending.unwrap().outcome, Outcome::Done);
    assert_eq!(events.count(|event| matches!(event, Event::Waiting { .. })), 1);

    // With close-all the session is closed when its time is over.
    mysql_async::prelude::Queryable::query_drop(&mut blocker, "start transaction").await.unwrap();
    mysql_async::prelude::Queryable::query_drop(&mut blocker, "insert into ap_block.t (id) values (2)").await.unwrap();
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let drop = Step { sql: "alter table ap_block.t drop column n", operation: "drop_column", ..step() };
    let mut closing = plan(&sandbox, Method::Toi, &[drop]);
    closing.policy.drain_timeout = Duration::from_secs(1);
    closing.policy.after_drain_timeout = galera_schema::plan::AfterDrainTimeout::CloseAll;
    let (ending, _) = apply(&sandbox, closing).await;
    assert_eq!(ending.unwrap().outcome, Outcome::Done);
    assert!(mysql_async::prelude::Queryable::query_drop(&mut blocker, "commit").await.is_err());
    assert_eq!(sandbox.nodes()[0].value("select count(*) from ap_block.t").await?.as_deref(), Some("1"));
    Ok(())
}

async fn foreign_states_are_refusals() -> Result<(), Error> {
    let sandbox = cluster().await;
    database(&sandbox, "ap_foreign").await;
    sandbox.nodes()[0].execute("create table ap_foreign.t (id int primary key)").await?;
    let node = &sandbox.nodes()[1];
    for (set, reset) in [
        ("set global wsrep_desync = on", "set global wsrep_desync = off"),
        ("set global wsrep_osu_method = rsu", "set global wsrep_osu_method = toi"),
    ] {
        node.execute(set).await?;
        let step =
            Step { sql: "alter table ap_foreign.t force", object: "ap_foreign.t", operation: "force", inverse: None };
        let (ending, events) = apply(&sandbox, plan(&sandbox, Method::Rsu, &[step])).await;
        node.execute(reset).await?;
        node.wait_synced(Duration::from_secs(10)).await?;
        let ending = ending.unwrap();
        assert_eq!(ending.outcome.code(), ExitCode::Refused, "{set}: {ending:?}");
        assert!(ending.text.contains("n2"), "{set}: {ending:?}");
        assert_eq!(events.count(|event| matches!(event, Event::DrainStarted { .. })), 0);
    }
    assert_all_home(&sandbox).await;
    Ok(())
}
