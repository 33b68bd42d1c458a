//! One of two rivals gets the lease, a dead holder's is taken over, and a frozen one notices.

use std::process::Stdio;
use std::time::{Duration, Instant};

use galera_schema::cluster::Connector;
use galera_schema::cluster::journal::NewRun;
use galera_schema::engine::book::{Book, BookError};
use galera_schema::failure::{ExitCode, Failure};
use galera_schema::sandbox::{Error, Sandbox};
use libtest_mimic::Trial;
use mysql_async::prelude::Queryable;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::running::{cluster, settings};
use crate::support::{program, schema, trial, until};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![
        trial("lease::one_of_two_rivals_wins", one_of_two_rivals_wins),
        trial("lease::one_of_two_that_have_seen_the_same_wins", one_of_two_that_have_seen_the_same_wins),
        trial("lease::lock_passes_on_exit_codes_and_signals", lock_passes_on_exit_codes_and_signals),
        trial("lease::a_frozen_holder_loses_it_and_ends_its_command", a_frozen_holder_loses_it_and_ends_its_command),
        trial("lease::a_killed_holder_is_followed_at_once", a_killed_holder_is_followed_at_once),
    ]
}

fn new(title: &str) -> NewRun {
    NewRun { kind: "lock", title: title.into(), plan: serde_json::json!({}) }
}

/// Each rival writes through another node.
async fn one_of_two_rivals_wins() -> Result<(), Error> {
    let sandbox = cluster().await;
    let settings = settings(&sandbox);
    let mut other = settings.clone();
    other.nodes.reverse();
    let one = Connector::open(&settings).await.unwrap();
    let two = Connector::open(&other).await.unwrap();
    // The tables are made once, so that the race is about the lease alone.
    Book::begin(&one, &settings, new("first")).await.unwrap().finish("done", &serde_json::Value::Null).await.unwrap();
    for round in 0..50 {
        let (first, second) =
            tokio::join!(Book::begin(&one, &settings, new("one")), Book::begin(&two, &other, new("two")));
        let (mut winner, loser) = match (first, second) {
            (Ok(winner), Err(loser)) | (Err(loser), Ok(winner)) => (winner, loser),
            (Ok(first), Ok(second)) => {
                panic!("round {round}: both won, with tokens {} and {}", first.token(), second.token())
            }
            (Err(first), Err(second)) => panic!("round {round}: nobody won: {first} {second}"),
        };
        assert_eq!(loser.code, ExitCode::Refused, "{loser}");
        winner.write("step", &serde_json::json!({})).await.unwrap();
        winner.finish("done", &serde_json::Value::Null).await.unwrap();
    }
    Ok(())
}

/// Both have read the lease and wait for its row, at the same node or at two, before either may have it.
async fn one_of_two_that_have_seen_the_same_wins() -> Result<(), Error> {
    let sandbox = cluster().await;
    let settings = settings(&sandbox);
    let mut other = settings.clone();
    other.nodes.reverse();
    let one = Connector::open(&settings).await.unwrap();
    let two = Connector::open(&other).await.unwrap();
    let apply = || NewRun { kind: "apply", title: "race".into(), plan: serde_json::json!({}) };
    let end = async |mut book: Book, state: &str| book.finish(state, &serde_json::Value::Null).await.unwrap();
    end(Book::begin(&one, &settings, apply()).await.unwrap(), "done").await;
    let open = "select count(*) from galera_schema.run where state <> 'done'";
    for round in 0..20 {
        // Rounds with even numbers meet at one node.
        let (rival, theirs) = if round % 2 == 0 { (&one, &settings) } else { (&two, &other) };
        let last = sandbox.nodes().len() - 1;
        let at = if round % 2 == 0 { vec![0] } else { vec![0, last] };

        let begun = (Book::begin(&one, &settings, apply()), Book::begin(rival, theirs, apply()));
        let winner = race(&sandbox, &at, begun.0, begun.1).await.unwrap_or_else(|why| panic!("begin {round}: {why}"));
        assert_eq!(sandbox.nodes()[0].value(open).await?.as_deref(), Some("1"), "the loser leaves no run behind");
        end(winner, "stopped").await;

        let resume = async |connector, settings| {
            let (book, _) = Book::take_over(connector, settings, "apply").await?.expect("a run is open");
            Ok(book)
        };
        let resumed = (resume(&one, &settings), resume(rival, theirs));
        let winner =
            race(&sandbox, &at, resumed.0, resumed.1).await.unwrap_or_else(|why| panic!("resume {round}: {why}"));
        end(winner, "done").await;
    }
    Ok(())
}

/// Holds the lease's row on these nodes until both wait for it. The one that gets it, when it is one.
async fn race(
    sandbox: &Sandbox,
    at: &[usize],
    one: impl Future<Output = Result<Book, Failure>>,
    two: impl Future<Output = Result<Book, Failure>>,
) -> Result<Book, String> {
    let mut locks = Vec::new();
    for node in at {
        let mut lock = sandbox.nodes()[*node].connect().await.unwrap();
        // The write set of the round before would end a lock that was taken before it arrived.
        lock.query_drop("set wsrep_sync_wait = 1").await.unwrap();
        lock.query_drop("start transaction; select * from galera_schema.lease for update").await.unwrap();
        locks.push(lock);
    }
    let release = async {
        until("both wait for the lease", Duration::from_secs(4), async || {
            let mut waiting = 0;
            for node in at {
                let count = "select count(*) from information_schema.processlist where info like 'UPDATE %.lease %' and \
                             id <> connection_id()";
                let count = sandbox.nodes()[*node].value(count).await.unwrap().unwrap();
                waiting += count.parse::<u32>().unwrap();
            }
            waiting == 2
        })
        .await;
        for mut lock in locks {
            // A rival's write set may have ended it already.
            let _ = lock.query_drop("rollback").await;
        }
    };
    match tokio::join!(one, two, release) {
        (Ok(winner), Err(loser), ()) | (Err(loser), Ok(winner), ()) if loser.code == ExitCode::Refused => Ok(winner),
        (Ok(first), Ok(second), ()) => Err(format!("both won, with tokens {} and {}", first.token(), second.token())),
        (first, second, ()) => Err(format!("{:?} {:?}", first.err(), second.err())),
    }
}

async fn lock_passes_on_exit_codes_and_signals() -> Result<(), Error> {
    let sandbox = cluster().await;
    schema(&sandbox, &["lock", "--", "sh", "-c", "exit 7"]).expect_code(7);
    schema(&sandbox, &["lock", "--", "sh", "-c", "kill -9 $$"]).expect_code(137);
    schema(&sandbox, &["lock", "--", "/no/such/command"]).expect_code(2);
    let held = schema(&sandbox, &["lock", "--", env!("CARGO_BIN_EXE_schema"), "--config"]);
    assert_ne!(held.code, 0);
    let mut child = program()
        .arg("--config")
        .arg(sandbox.schema_toml())
        .args(["lock", "--", "sh", "-c", "trap 'exit 9' TERM; echo up; while :; do sleep 0.05; done"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    schema(&sandbox, &["lock", "--", "true"]).expect_code(3);
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(9));
    schema(&sandbox, &["lock", "--", "true"]).expect_code(0);
    Ok(())
}

async fn a_frozen_holder_loses_it_and_ends_its_command() -> Result<(), Error> {
    let sandbox = cluster().await;
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("alive");
    let command = format!("while :; do touch {}; sleep 0.05; done", mark.display());
    let mut child = program()
        .arg("--config")
        .arg(sandbox.schema_toml())
        .args(["lock", "--", "sh", "-c", &command])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = Pid::from_raw(child.id().cast_signed());
    until("the command runs", Duration::from_secs(10), async || mark.exists()).await;
    kill(pid, Signal::SIGSTOP).unwrap();
    let started = Instant::now();
    schema(&sandbox, &["lock", "--", "true"]).expect_code(0);
    assert!(started.elapsed() >= Duration::from_secs(9), "a holder is not dead before its time is over");
    kill(pid, Signal::SIGCONT).unwrap();
    let woken = Instant::now();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert!(woken.elapsed() < Duration::from_secs(8));
    std::fs::remove_file(&mark).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!mark.exists(), "the command was ended");
    Ok(())
}

/// A book that was dropped without an end, as by a process that died, is fenced off.
async fn a_killed_holder_is_followed_at_once() -> Result<(), Error> {
    let sandbox = cluster().await;
    let mut child = program()
        .arg("--config")
        .arg(sandbox.schema_toml())
        .args(["lock", "--", "sleep", "60"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    until("the lease is held", Duration::from_secs(10), async || {
        let held = "select count(*) from galera_schema.lease where run is not null";
        sandbox.nodes()[0].value(held).await.is_ok_and(|count| count.as_deref() == Some("1"))
    })
    .await;
    child.kill().unwrap();
    child.wait().unwrap();
    let started = Instant::now();
    schema(&sandbox, &["lock", "--", "true"]).expect_code(0);
    assert!(started.elapsed() < Duration::from_secs(3), "a process of this host that is gone needs no waiting");

    // The token of a holder that was followed writes nothing more.
    let settings = settings(&sandbox);
    let connector = Connector::open(&settings).await.unwrap();
    let mut book = Book::begin(&connector, &settings, new("old")).await.unwrap();
    sandbox.nodes()[2].execute("update galera_schema.lease set token = token + 1").await?;
    let refused = book.write("step", &serde_json::json!({})).await;
    assert!(matches!(refused, Err(BookError::Lost(_))), "{refused:?}");
    let rows = sandbox.nodes()[0].value("select count(*) from galera_schema.journal where step = 'step'").await?;
    assert_eq!(rows.as_deref(), Some("0"));
    sandbox.nodes()[2].execute("update galera_schema.lease set run = null, holder = null").await?;
    Ok(())
}
