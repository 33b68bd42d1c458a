//! The referee of what `ddl` knows: real servers. Tables and clauses are generated from a seed, each statement is run,
//! and what it did is held against what was predicted from the tables' text alone.
//!
//! - `SCHEMA_ORACLE_CASES`: how many combinations (default 250 for each server).
//! - `SCHEMA_ORACLE_SEED`: the seed (default 1).
//! - `SCHEMA_ORACLE_SERVERS`: prefixes of servers made by `tests/fetch-servers`, separated by `:`, besides the system's.
//! - `SCHEMA_ORACLE_RECORD`: a file to which observations are appended, one JSON object a line.
//! - `SCHEMA_ORACLE_REPLAY`: a file of such observations, which are judged again without any server.
//! - `SCHEMA_ORACLE_EXAMPLES`: how many mismatches of a kind are shown in full (default 3).
//! - `SCHEMA_ORACLE_SUITES`: a prefix with MariaDB's own test suites, which are replayed then.

mod generate;
mod judge;
mod mtr;
mod observe;
mod server;

use std::io::Write;
use std::path::{Path, PathBuf};

use mysql_async::prelude::Queryable;
use observe::Observation;
use server::Server;

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn number(name: &str, default: u64) -> u64 {
    setting(name).and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// The system's server, and those of `SCHEMA_ORACLE_SERVERS`.
fn servers() -> Vec<Option<PathBuf>> {
    let mut all = vec![None];
    if let Some(more) = setting("SCHEMA_ORACLE_SERVERS") {
        all.extend(more.split(':').map(|path| Some(PathBuf::from(path))));
    }
    if setting("SCHEMA_ORACLE_SKIP_SYSTEM").is_some() {
        all.remove(0);
    }
    all
}

fn record(observations: &[Observation]) {
    let Some(path) = setting("SCHEMA_ORACLE_RECORD") else { return };
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    for observation in observations {
        writeln!(file, "{}", serde_json::to_string(observation).unwrap()).unwrap();
    }
}

/// Generated cases, on several sessions with a database each.
async fn generated(server: &Server, seed: u64, cases: u64) -> Vec<Observation> {
    let sessions = 4;
    let mut tasks = Vec::new();
    for session in 0..sessions {
        let mut conn = server.connect().await.unwrap();
        let version = server.version.clone();
        tasks.push(async move {
            let mut seen = Vec::new();
            let mut dice = generate::Dice::new(seed.wrapping_mul(1000) + session);
            let database = format!("w{session}");
            while (seen.len() as u64) < cases / sessions {
                let case = generate::case(&mut dice);
                // The children of foreign keys first.
                conn.query_drop(format!("DROP TABLE IF EXISTS {database}.t, {database}.t2")).await.unwrap();
                conn.query_drop(format!("CREATE OR REPLACE DATABASE {database}")).await.unwrap();
                conn.query_drop(format!("USE {database}")).await.unwrap();
                let mut made = true;
                for sql in &case.setup {
                    if conn.query_drop(sql).await.is_err() {
                        made = false;
                        break;
                    }
                }
                if !made {
                    continue;
                }
                let dump = observe::dump(&mut conn).await.unwrap();
                let observed =
                    observe::observe(&mut conn, "generated", &version, dump, &case.statement, Some(&database))
                        .await
                        .unwrap();
                seen.extend(observed);
            }
            seen
        });
    }
    futures_util::future::join_all(tasks).await.into_iter().flatten().collect()
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
            let observations =
                generated(&server, number("SCHEMA_ORACLE_SEED", 1), number("SCHEMA_ORACLE_CASES", 250)).await;
            record(&observations);
            check(&server.version, &observations);
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
