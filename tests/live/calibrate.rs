//! `schema plan --calibrate`: whatever ends it, nothing is left on any node, and the next plan rests on what it measured.

use std::process::Child;
use std::time::Duration;

use galera_schema::sandbox::{Error, Sandbox};
use libtest_mimic::Trial;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::running::cluster;
use crate::support::{database, program, schema, trial, until};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![trial("calibrate::nothing_is_left_whatever_ends_it", nothing_is_left_whatever_ends_it)]
}

const SQL: &str = "ALTER TABLE calibrated.t FORCE";

async fn nothing_is_left_whatever_ends_it() -> Result<(), Error> {
    let sandbox = cluster().await;
    database(&sandbox, "calibrated").await;
    sandbox.nodes()[0].execute("CREATE TABLE calibrated.t (id INT PRIMARY KEY)").await?;
    // Killed: it can clean nothing, and stands in nobody's way.
    let mut killed = at_work(&sandbox).await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    // A server hears of its client's death when the statement ends; until then a run is rightly refused.
    until("what it had begun has ended", Duration::from_secs(30), async || !busy(&sandbox).await).await;
    schema(&sandbox, &["apply", "--yes", "-e", SQL]).expect_code(0);
    told_beside_outcome(&sandbox);
    // The next one drops what the other left, and measures.
    schema(&sandbox, &["plan", "--calibrate", "-e", SQL]).expect_code(0);
    assert_eq!(left(&sandbox).await, [0, 0, 0]);
    let plan = schema(&sandbox, &["plan", "--format", "json", "-e", SQL]).expect_code(0);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!(plan["rates"]["source"], "calibrated", "{}", plan["rates"]);
    // Interrupted: it cleans behind itself.
    let mut interrupted = at_work(&sandbox).await;
    kill(Pid::from_raw(i32::try_from(interrupted.id()).unwrap()), Signal::SIGINT).unwrap();
    let ended = tokio::task::spawn_blocking(move || interrupted.wait().unwrap()).await.unwrap();
    assert_eq!(ended.code(), Some(4));
    assert_eq!(left(&sandbox).await, [0, 0, 0]);
    Ok(())
}

/// What was foretold of the last run's statement stands beside what it took.
fn told_beside_outcome(sandbox: &Sandbox) {
    let history = schema(sandbox, &["history", "--limit", "1", "--format", "json"]).expect_code(0);
    let history: Value = serde_json::from_str(&history.stdout).unwrap();
    let statement = &history["runs"][0]["statements"][0];
    assert!(statement["estimate"]["stall_seconds"].as_f64().unwrap() > 0.0, "{history}");
    assert!(statement["measured"][0]["seconds"].as_f64().unwrap() > 0.0, "{history}");
    let page = schema(sandbox, &["history", "--limit", "1"]).expect_code(0).stdout;
    assert!(page.contains("FORCE (TOI, predicted 0.") && page.contains(" s, took 0."), "{page}");
}

/// A calibration that has begun to make its tables.
async fn at_work(sandbox: &Sandbox) -> Child {
    let mut command = program();
    command.arg("--config").arg(sandbox.schema_toml()).args(["plan", "--calibrate", "-e", SQL]);
    let child = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    until("a scratch table is there", Duration::from_secs(20), async || left(sandbox).await.contains(&1)).await;
    child
}

/// Whether any node still works on a scratch table.
async fn busy(sandbox: &Sandbox) -> bool {
    let sql =
        "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%calibration%' AND id <> CONNECTION_ID()";
    for node in sandbox.nodes() {
        if node.value(sql).await.unwrap().unwrap() != "0" {
            return true;
        }
    }
    false
}

/// For each node 1 where any of the tables stands, else 0.
async fn left(sandbox: &Sandbox) -> Vec<u32> {
    let mut all = Vec::new();
    for node in sandbox.nodes() {
        let sql = "SELECT COUNT(*) > 0 FROM information_schema.tables WHERE table_name LIKE 'calibration%'";
        all.push(node.value(sql).await.unwrap().unwrap().parse().unwrap());
    }
    all
}
