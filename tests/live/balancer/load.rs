//! `schema balancer check` under load: what clients notice of a drain and of the way back.

use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use galera_schema::sandbox::Sandbox;
use galera_schema::sandbox::workload::{Figures, Kind, Profile, Window, Workload, fill, prepare};
use libtest_mimic::Trial;
use mysql_async::prelude::Queryable;

use super::{reload, states};
use crate::support::{Ran, program, shared, trial, until};

type Outcome = Result<(), galera_schema::sandbox::Error>;

pub fn tests() -> Vec<Trial> {
    vec![
        trial("balancer::pooled_clients_notice_nothing", pooled_clients_notice_nothing),
        trial("balancer::close_idle_never_cuts_a_transaction", close_idle_never_cuts_a_transaction),
        trial("balancer::who_stays_is_named_and_the_node_comes_back", who_stays_is_named_and_the_node_comes_back),
        trial("balancer::who_comes_to_an_empty_node_is_seen", who_comes_to_an_empty_node_is_seen),
        trial("balancer::a_rehearsal_that_is_cut_off_is_mended", a_rehearsal_that_is_cut_off_is_mended),
    ]
}

/// The sandbox's own configuration with other lines under `[policy]`.
fn config(sandbox: &Sandbox, policy: &str) -> PathBuf {
    let text = std::fs::read_to_string(sandbox.schema_toml()).unwrap();
    let head = text.split("[policy]").next().unwrap();
    let file = sandbox.dir().join("balancer-test.toml");
    std::fs::write(&file, format!("{head}[policy]\n{policy}\n")).unwrap();
    file
}

fn check(sandbox: &Sandbox, policy: &str, node: &str) -> std::process::Command {
    let mut command = program();
    command
        .env("SCHEMA_CONFIG", config(sandbox, policy))
        .args(["balancer", "check", "--format", "json", "--node", node]);
    command
}

async fn run(mut command: std::process::Command) -> Ran {
    tokio::task::spawn_blocking(move || Ran::from(command.output().unwrap())).await.unwrap()
}

fn wrote(workload: &Workload) -> usize {
    workload.figures(Window { from: Duration::ZERO, to: workload.now() }).writes
}

async fn load(sandbox: &Sandbox, profile: &Profile) -> Workload {
    prepare(sandbox, &profile.database, profile.clients).await.unwrap();
    fill(sandbox, &profile.database, profile.rows, |_| ()).await.unwrap();
    let workload = Workload::start(sandbox.app_opts().unwrap(), profile.clone()).unwrap();
    until("the clients are at work", Duration::from_secs(30), async || wrote(&workload) > 500).await;
    workload
}

async fn pooled_clients_notice_nothing() -> Outcome {
    let sandbox = shared().await;
    let two = Duration::from_secs(2);
    let profile = Profile {
        clients: 50,
        pace: Duration::from_millis(100),
        renew: (two, two),
        database: "balancer_pooled".into(),
        rows: 5_000,
        ..Profile::default()
    };
    let workload = load(&sandbox, &profile).await;
    let quiet_from = workload.now();
    tokio::time::sleep(Duration::from_secs(6)).await;
    let quiet = workload.figures(Window { from: quiet_from, to: workload.now() });
    let rolling_from = workload.now();
    for node in ["n1", "n2", "n3"] {
        run(check(&sandbox, "drain_timeout = \"20s\"", node)).await.expect_code(0);
    }
    let rolling = workload.figures(Window { from: rolling_from, to: workload.now() });
    let (recording, ledger) = workload.stop();
    eprintln!(
        "    50 pooled clients: idle gap {:?}, p99 {:?}; rolling over 3 nodes: gap {:?}, p99 {:?}, {} writes, {} failed",
        quiet.longest_write_gap,
        quiet.p99,
        rolling.longest_write_gap,
        rolling.p99,
        rolling.writes,
        rolling.failures()
    );
    assert_eq!(Figures::of(&recording, recording.whole()).failed, std::collections::BTreeMap::new());
    // Clients that hang on a drained node would wait for its return, which takes seconds. The ratio of the gaps is
    // printed above and recorded in docs/balancers.md: on a busy machine it would only measure the machine.
    let limit = (2 * quiet.longest_write_gap).max(Duration::from_secs(1));
    assert!(rolling.longest_write_gap <= limit, "{:?} > {limit:?}", rolling.longest_write_gap);
    for node in sandbox.nodes() {
        let losses = ledger.check(node, &profile.database).await?;
        assert!(losses.is_none(), "{}: {losses:?}", node.name());
    }
    Ok(())
}

async fn close_idle_never_cuts_a_transaction() -> Outcome {
    let sandbox = shared().await;
    let never = Duration::from_secs(3600);
    let profile = Profile {
        clients: 50,
        pace: Duration::from_millis(100),
        renew: (never, never),
        database: "balancer_sticky".into(),
        rows: 5_000,
        ..Profile::default()
    };
    let workload = load(&sandbox, &profile).await;
    let from = workload.now();
    let mut closed = 0;
    for node in ["n1", "n2", "n3"] {
        let policy = "drain_timeout = \"4s\"\nafter_drain_timeout = \"close-idle\"";
        let ran = run(check(&sandbox, policy, node)).await.expect_code(0);
        let seen: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(seen["closed_busy"], 0);
        closed += seen["closed_idle"].as_u64().unwrap();
    }
    let (recording, ledger) = workload.stop();
    // Two nodes that write to one page now and then fight over it, with or without a drain.
    let cut = |error: &String| !error.starts_with("1213");
    let failed: Vec<_> = recording
        .samples()
        .iter()
        .filter(|sample| sample.start >= from && sample.error.as_ref().is_some_and(cut))
        .collect();
    eprintln!("    50 clients that never let go: {closed} idle connections closed, {} statements failed", failed.len());
    assert!(closed >= 50, "{closed} connections were closed on the way over three nodes");
    // A client whose idle connection is gone learns of it at the next statement, which is the first of its cycle.
    for sample in failed {
        assert!(sample.kind == Kind::Read, "{sample:?}");
    }
    for node in sandbox.nodes() {
        let losses = ledger.check(node, &profile.database).await?;
        assert!(losses.is_none(), "{}: {losses:?}", node.name());
    }
    Ok(())
}

async fn who_stays_is_named_and_the_node_comes_back() -> Outcome {
    let sandbox = shared().await;
    let haproxy = sandbox.haproxy().unwrap();
    let before = states(haproxy).await;
    // Past the balancer: it counts nothing, and the node's process list tells.
    let mut past = sandbox.node("n2").unwrap().connect().await?;
    let ran = run(check(&sandbox, "drain_timeout = \"1s\"", "n2")).await.expect_code(5);
    for expected in ["1 client connection(s) on n2", "@127.0.0.1 (1)", "come past them", "n2 is back in service"] {
        assert!(ran.stderr.contains(expected), "{expected:?} in {}", ran.stderr);
    }
    assert_eq!(states(haproxy).await, before);

    // In a transaction that has written nothing yet, and in one that has: close-idle leaves the second one alone.
    past.query_drop("create database if not exists balancer_past").await.unwrap();
    past.query_drop("create or replace table balancer_past.t (id int primary key)").await.unwrap();
    past.query_drop("start transaction").await.unwrap();
    past.query_drop("insert into balancer_past.t values (1)").await.unwrap();
    let policy = "drain_timeout = \"1s\"\nafter_drain_timeout = \"close-idle\"";
    run(check(&sandbox, policy, "n2")).await.expect_code(5);
    past.query_drop("commit").await.unwrap();
    let ran = run(check(&sandbox, policy, "n2")).await.expect_code(0);
    let seen: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(seen["closed_idle"], 1);
    assert!(past.query_drop("select 1").await.is_err());
    assert_eq!(states(haproxy).await, before);
    Ok(())
}

/// With `option persist` a rule sends sessions even to a server in maintenance. In a roll they would hang in COMMIT.
async fn who_comes_to_an_empty_node_is_seen() -> Outcome {
    let sandbox = shared().await;
    let haproxy = sandbox.haproxy().unwrap();
    let before = states(haproxy).await;
    let own = std::fs::read_to_string(haproxy.config()).unwrap();
    let rule = "\nbackend galera\n    use-server n3 if TRUE\n    option persist\n";
    std::fs::write(haproxy.config(), own.replace("\nbackend galera\n", rule)).unwrap();
    reload(haproxy).await;
    haproxy.wait_up(sandbox.nodes(), Duration::from_secs(10)).await?;
    let child = check(&sandbox, "drain_timeout = \"10s\"", "n3").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.unwrap();
    until("the empty node is shut", Duration::from_secs(20), async || {
        states(haproxy).await.contains(&"galera n3 1 0 1 0".to_owned())
    })
    .await;
    // Shut, it is looked at once more; who comes before that look has been there all the time, as far as anybody can tell.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut came = mysql_async::Conn::new(sandbox.app_opts().unwrap()).await.unwrap();
    let port: Option<u16> = came.query_first("select @@port").await.unwrap();
    assert_eq!(port, Some(sandbox.node("n3").unwrap().port()));
    let ran = tokio::task::spawn_blocking(move || Ran::from(child.wait_with_output().unwrap())).await.unwrap();
    came.disconnect().await.unwrap();
    std::fs::write(haproxy.config(), own).unwrap();
    reload(haproxy).await;
    haproxy.wait_up(sandbox.nodes(), Duration::from_secs(10)).await?;
    assert_eq!(states(haproxy).await, before);
    let ran = ran.expect_code(5);
    for expected in ["1 session(s) have come to n3", "option persist", "n3 is back in service"] {
        assert!(ran.stderr.contains(expected), "{expected:?} in {}", ran.stderr);
    }
    Ok(())
}

async fn a_rehearsal_that_is_cut_off_is_mended() -> Outcome {
    let sandbox = shared().await;
    let haproxy = sandbox.haproxy().unwrap();
    let before = states(haproxy).await;
    let drained = |states: &[String]| states.iter().any(|line| line.starts_with("galera n3 8 "));
    let begin = || -> Child {
        check(&sandbox, "drain_timeout = \"10s\"", "n3").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let is_drained = async || drained(&states(haproxy).await);

    // Asked to stop, it puts the node back.
    let child = begin();
    until("the node is drained", Duration::from_secs(20), is_drained).await;
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.id() as i32), nix::sys::signal::Signal::SIGTERM).unwrap();
    let ran = tokio::task::spawn_blocking(move || Ran::from(child.wait_with_output().unwrap())).await.unwrap();
    ran.expect_code(5);
    assert_eq!(states(haproxy).await, before);

    // Killed, it cannot; the next one does, from what stands in the journal.
    let mut child = begin();
    until("the node is drained", Duration::from_secs(20), is_drained).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(is_drained().await);
    let ran = run(check(&sandbox, "drain_timeout = \"10s\"", "n1")).await.expect_code(0);
    assert!(ran.stderr.contains("n3 was left drained by a rehearsal that was cut off"), "{}", ran.stderr);
    assert_eq!(states(haproxy).await, before);
    Ok(())
}
