//! The referee of what `ddl` knows: real servers. Tables and clauses are generated from a seed, each statement is run,
//! and what it did is held against what was predicted from the tables' text alone.
//!
//! - `SCHEMA_ORACLE_CASES`: how many combinations (default 800 for each server).
//! - `SCHEMA_ORACLE_SEED`: the seed (default 1).
//! - `SCHEMA_ORACLE_SERVERS`: prefixes of servers made by `tests/fetch-servers`, separated by `:`, besides the system's.
//! - `SCHEMA_ORACLE_RECORD`: a file to which observations are appended, one JSON object a line.
//! - `SCHEMA_ORACLE_REPLAY`: a file of such observations, which are judged again without any server.
//! - `SCHEMA_ORACLE_EXAMPLES`: how many mismatches of a kind are shown in full (default 3).
//! - `SCHEMA_ORACLE_SUITES`: a prefix with MariaDB's own test suites, which are replayed then.

// A test says what it expects by panicking, and what it measured on stderr.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod generate;
mod judge;
mod mtr;
mod observe;
mod server;

use std::io::Write;
use std::path::{Path, PathBuf};

use generate::Case;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use observe::Observation;
use server::Server;

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn number(name: &str, default: u64) -> u64 {
    setting(name).and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// The system's server, and those of `SCHEMA_ORACLE_SERVERS`; without that variable, Debian 13's where it can be had.
fn servers() -> Vec<Option<PathBuf>> {
    let mut all = vec![None];
    match setting("SCHEMA_ORACLE_SERVERS") {
        Some(more) => all.extend(more.split(':').map(|path| Some(PathBuf::from(path)))),
        None => all.extend(fetched("11.8").map(Some)),
    }
    if setting("SCHEMA_ORACLE_SKIP_SYSTEM").is_some() {
        all.remove(0);
    }
    all
}

/// A server that `tests/fetch-servers` brings, in a place that the server's own user can read.
fn fetched(version: &str) -> Option<PathBuf> {
    let prefix = PathBuf::from(format!("/var/tmp/galera-schema-servers/{version}"));
    std::fs::create_dir_all(prefix.parent()?).ok()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fetch-servers");
    let status = std::process::Command::new(script).arg(version).arg(&prefix).status();
    if status.is_ok_and(|status| status.success()) {
        Some(prefix)
    } else {
        eprintln!("MariaDB {version} could not be fetched, so it is not asked.");
        None
    }
}

fn record(observations: &[Observation]) {
    let Some(path) = setting("SCHEMA_ORACLE_RECORD") else { return };
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    for observation in observations {
        writeln!(file, "{}", serde_json::to_string(observation).unwrap()).unwrap();
    }
}

/// Generated cases, on several sessions with a database each.
async fn generated(server: &Server, seed: u64, cases: u64) -> (Vec<Observation>, Vec<String>) {
    let sessions = 4;
    let mut tasks = Vec::new();
    for session in 0..sessions {
        let mut conn = server.connect().await.unwrap();
        let version = server.version.clone();
        tasks.push(async move {
            let mut seen = Vec::new();
            let mut refused = Vec::new();
            let mut dice = generate::Dice::new(seed.wrapping_mul(1000) + session);
            let database = format!("w{session}");
            while (seen.len() as u64) < cases / sessions {
                let case = generate::case(&mut dice);
                if !fresh(&mut conn, &database, &case.setup).await {
                    continue;
                }
                let dump = observe::dump(&mut conn).await.unwrap();
                let observed =
                    observe::observe(&mut conn, "generated", &version, dump, &case.statement, Some(&database))
                        .await
                        .unwrap();
                if let Some(observed) = observed {
                    refused.extend(guarded(&mut conn, &database, &case, &observed).await);
                    seen.push(observed);
                }
            }
            (seen, refused)
        });
    }
    let (seen, refused): (Vec<_>, Vec<_>) = futures_util::future::join_all(tasks).await.into_iter().unzip();
    (seen.into_iter().flatten().collect(), refused.into_iter().flatten().collect())
}

/// Makes the database anew, without what foreign keys hold on to.
async fn fresh(conn: &mut Conn, database: &str, setup: &[String]) -> bool {
    // The children of foreign keys first.
    conn.query_drop(format!("DROP TABLE IF EXISTS {database}.t, {database}.t2")).await.unwrap();
    conn.query_drop(format!("CREATE OR REPLACE DATABASE {database}")).await.unwrap();
    conn.query_drop(format!("USE {database}")).await.unwrap();
    for sql in setup {
        if conn.query_drop(sql).await.is_err() {
            return false;
        }
    }
    true
}

/// Runs the text that a plan would send on the same tables once more: the server has to take it.
async fn guarded(conn: &mut Conn, database: &str, case: &Case, observed: &Observation) -> Option<String> {
    let predicted = judge::predict(observed);
    if predicted.execute == observed.statement {
        return None;
    }
    fresh(conn, database, &case.setup).await;
    match conn.query_drop(&predicted.execute).await {
        Ok(()) => None,
        Err(error) => Some(format!("{}: {error}\n{}", predicted.execute, observed.dump)),
    }
}

#[test]
fn generated_cases_are_predicted() {
    if setting("SCHEMA_ORACLE_REPLAY").is_some() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for prefix in servers() {
            let server = Server::start(prefix.as_deref()).await.unwrap();
            let (observations, refused) =
                generated(&server, number("SCHEMA_ORACLE_SEED", 1), number("SCHEMA_ORACLE_CASES", 800)).await;
            record(&observations);
            check(&server.version, &observations);
            assert!(
                refused.is_empty(),
                "{}: the server refuses what would be sent:\n{}",
                server.version,
                refused.join("\n")
            );
        }
    });
}

#[test]
fn recorded_observations_are_predicted() {
    let Some(path) = setting("SCHEMA_ORACLE_REPLAY") else { return };
    for path in path.split(':') {
        let text = std::fs::read_to_string(path).unwrap();
        let observations: Vec<Observation> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for version in ["10.", "11."] {
            let some: Vec<Observation> =
                observations.iter().filter(|o| o.version.starts_with(version)).cloned().collect();
            if !some.is_empty() {
                check(&format!("{path} {version}"), &some);
            }
        }
    }
}

/// Holds observations against predictions.
fn check(name: &str, observations: &[Observation]) {
    let mut score = judge::Score::default();
    for observation in observations {
        score.add(observation);
    }
    score.report(name, usize::try_from(number("SCHEMA_ORACLE_EXAMPLES", 3)).unwrap_or(3));
    if setting("SCHEMA_ORACLE_REPORT_ONLY").is_none() {
        assert!(score.verdict(), "{name}: predictions miss what is promised");
    }
}

#[test]
fn suites_are_predicted() {
    let Some(suites) = setting("SCHEMA_ORACLE_SUITES") else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for prefix in servers() {
            let observations = mtr::replay(prefix.as_deref(), Path::new(&suites)).await;
            record(&observations);
            check("test suites", &observations);
        }
    });
}
