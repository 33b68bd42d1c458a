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

mod clauses;
mod generate;
mod judge;
mod mtr;
mod observe;
mod server;
mod written;

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

/// One session's share of the generated cases.
struct Share {
    dice: generate::Dice,
    database: String,
    seen: Vec<Observation>,
    refused: Vec<String>,
}

impl Share {
    /// Observes until there are `cases`, or until the server is gone.
    async fn run(&mut self, server: &Server, cases: usize) -> mysql_async::Result<()> {
        let mut conn = server.connect().await?;
        while self.seen.len() < cases {
            let case = generate::case(&mut self.dice);
            if !fresh(&mut conn, &self.database, &case.setup).await? {
                continue;
            }
            let dump = observe::dump_for(&mut conn, &case.statement).await?;
            let only = Some(self.database.as_str());
            let observed =
                observe::observe(&mut conn, "generated", &server.version, dump, &case.statement, only).await?;
            if let Some(observed) = observed {
                self.refused.extend(guarded(&mut conn, &self.database, &case, &observed).await?);
                self.seen.push(observed);
            }
        }
        Ok(())
    }
}

/// Generated cases, on several sessions with a database each. Some combinations bring a server down: then the next one
/// goes on.
async fn generated(prefix: Option<&Path>, seed: u64, cases: u64) -> (Vec<Observation>, Vec<String>) {
    let sessions = 4;
    let cases = usize::try_from(cases / sessions).unwrap();
    let mut shares: Vec<Share> = (0..sessions)
        .map(|session| Share {
            dice: generate::Dice::new(seed.wrapping_mul(1000) + session),
            database: format!("w{session}"),
            seen: Vec::new(),
            refused: Vec::new(),
        })
        .collect();
    while shares.iter().any(|share| share.seen.len() < cases) {
        let server = Server::start(prefix).await.unwrap();
        let runs = shares.iter_mut().map(|share| share.run(&server, cases));
        for ended in futures_util::future::join_all(runs).await {
            if let Err(error @ mysql_async::Error::Server(_)) = ended {
                panic!("{}: {error}", server.version);
            }
        }
    }
    shares.into_iter().fold((Vec::new(), Vec::new()), |(mut seen, mut refused), share| {
        seen.extend(share.seen);
        refused.extend(share.refused);
        (seen, refused)
    })
}

/// Makes the database anew, without what foreign keys hold on to. `false` where the server does not take the tables.
async fn fresh(conn: &mut Conn, database: &str, setup: &[String]) -> mysql_async::Result<bool> {
    for sql in [
        // What the case before this one has set, and its temporary tables.
        "SET SESSION sql_mode = DEFAULT, old_mode = DEFAULT, foreign_key_checks = 0".to_owned(),
        "SET SESSION alter_algorithm = DEFAULT, explicit_defaults_for_timestamp = DEFAULT".to_owned(),
        "SET SESSION system_versioning_alter_history = DEFAULT".to_owned(),
        format!("DROP TEMPORARY TABLE IF EXISTS {database}.t, {database}.t2"),
        format!("CREATE OR REPLACE DATABASE {database}"),
        format!("USE {database}"),
        "SET SESSION foreign_key_checks = DEFAULT".to_owned(),
    ] {
        conn.query_drop(sql).await?;
    }
    for sql in setup {
        match conn.query_drop(sql).await {
            Ok(()) => {}
            Err(mysql_async::Error::Server(_)) => return Ok(false),
            Err(other) => return Err(other),
        }
    }
    Ok(true)
}

/// Runs the text that a plan would send on the same tables once more: the server has to take it.
async fn guarded(
    conn: &mut Conn,
    database: &str,
    case: &Case,
    observed: &Observation,
) -> mysql_async::Result<Option<String>> {
    let predicted = judge::predict(observed);
    if predicted.execute == observed.statement {
        return Ok(None);
    }
    fresh(conn, database, &case.setup).await?;
    match conn.query_drop(&predicted.execute).await {
        Ok(()) => Ok(None),
        Err(error @ mysql_async::Error::Server(_)) => {
            Ok(Some(format!("{}: {error}\n{}", predicted.execute, observed.dump)))
        }
        Err(other) => Err(other),
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
            let (seed, cases) = (number("SCHEMA_ORACLE_SEED", 1), number("SCHEMA_ORACLE_CASES", 800));
            let (observations, refused) = generated(prefix.as_deref(), seed, cases).await;
            let version = observations.first().map_or("no server", |one| &one.version);
            record(&observations);
            check(version, &observations);
            let refused = refused.join("\n");
            let text = format!("{version}: the server refuses what would be sent:\n{refused}");
            if setting("SCHEMA_ORACLE_REPORT_ONLY").is_some() && !refused.is_empty() {
                eprintln!("{text}");
            } else {
                assert!(refused.is_empty(), "{text}");
            }
        }
    });
}

/// The cases that were written by hand, each on a table of its own.
async fn written(prefix: Option<&Path>) -> Vec<Observation> {
    let server = Server::start(prefix).await.unwrap();
    let mut conn = server.connect().await.unwrap();
    let mut seen = Vec::new();
    for case in written::WRITTEN {
        let setup: Vec<String> = case.setup.iter().map(|sql| (*sql).to_owned()).collect();
        for statement in case.statements {
            if !fresh(&mut conn, "written", &setup).await.unwrap() {
                break;
            }
            let dump = observe::dump_for(&mut conn, statement).await.unwrap();
            let only = Some("written");
            seen.extend(observe::observe(&mut conn, "written", &server.version, dump, statement, only).await.unwrap());
        }
    }
    seen
}

#[test]
fn written_cases_are_predicted() {
    if setting("SCHEMA_ORACLE_REPLAY").is_some() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for prefix in servers() {
            let observations = written(prefix.as_deref()).await;
            record(&observations);
            let version = observations.first().map_or("no server", |one| &one.version);
            check(&format!("written cases, {version}"), &observations);
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
