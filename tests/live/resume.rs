//! Runs that are killed, interrupted, resumed and aborted.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use galera_schema::sandbox::{Error, Sandbox};
use libtest_mimic::Trial;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::running::{assert_all_home, assert_equal, assert_same_rows, cluster};
use crate::support::{Ran, database, program, trial};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![
        trial("resume::killed_at_every_step", killed_at_every_step),
        trial("resume::aborted_after_a_kill", aborted_after_a_kill),
        trial("resume::signals_leave_every_node_in_rotation", signals_leave_every_node_in_rotation),
        trial("resume::toi_killed", toi_killed),
        trial("resume::a_state_transfer_in_between", a_state_transfer_in_between),
        trial("resume::nothing_to_do", nothing_to_do),
    ]
}

/// The sandbox's configuration with other limits.
pub fn quick_config(sandbox: &Sandbox) -> tempfile::NamedTempFile {
    let toml = std::fs::read_to_string(sandbox.schema_toml()).unwrap();
    let (before, _) = toml.split_once("[policy]").unwrap();
    let policy = "[policy]\nmax_stall = \"5s\"\ndrain_timeout = \"10s\"\nafter_drain_timeout = \"close-idle\"\nsettle = \"0s\"\n";
    let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    std::fs::write(file.path(), format!("{before}{policy}")).unwrap();
    file
}

/// `schema apply` in the background, read line by line.
pub struct Running {
    pub child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Running {
    pub fn start(config: &std::path::Path, arguments: &[&str]) -> Self {
        let mut child = program()
            .arg("--config")
            .arg(config)
            .args(arguments)
            .args(["--format", "ndjson"])
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Reads until the event has come that many times. False when the program ended before.
    pub fn until(&mut self, kind: &str, times: usize) -> bool {
        let mark = format!("\"kind\":\"{kind}\"");
        let mut seen = 0;
        for line in self.lines.by_ref() {
            if line.is_ok_and(|line| line.contains(&mark)) {
                seen += 1;
                if seen == times {
                    return true;
                }
            }
        }
        false
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    pub fn end(mut self) -> i32 {
        for line in self.lines.by_ref() {
            let _ = line;
        }
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

fn schema(config: &std::path::Path, arguments: &[&str]) -> Ran {
    program().arg("--config").arg(config).args(arguments).output().unwrap().into()
}

/// Each journalled step of a roll, by the event that stands before or after it.
const STEPS: &[(&str, usize)] = &[
    ("run_started", 1),
    ("drain_started", 1),
    ("drained", 1),
    ("rsu_proven", 1),
    ("ddl_started", 1),
    ("ddl_finished", 1),
    ("verified", 1),
    ("caught_up", 1),
    ("admitted", 1),
    ("drain_started", 2),
    ("ddl_started", 2),
    ("ddl_finished", 3),
    ("admitted", 3),
];

async fn killed_at_every_step() -> Result<(), Error> {
    let sandbox = cluster().await;
    let config = quick_config(&sandbox);
    for (step, times) in STEPS {
        database(&sandbox, "re_kill").await;
        sandbox.nodes()[0].execute("create table re_kill.t (id int primary key, a int)").await?;
        sandbox.nodes()[0].execute("insert into re_kill.t select seq, seq from seq_1_to_1000").await.ok();
        let sql = "alter table re_kill.t add index ia (a)";
        let mut run = Running::start(config.path(), &["apply", "--method", "rsu", "-e", sql]);
        assert!(run.until(step, *times), "no {step} number {times}");
        run.signal(Signal::SIGKILL);
        run.end();
        let resumed = schema(config.path(), &["resume"]);
        eprintln!("killed at {step} {times}: resume ended with {}", resumed.code);
        resumed.expect_code(0);
        assert!(assert_equal(&sandbox, "re_kill.t").await.contains("ia a"), "killed at {step} {times}");
        assert_all_home(&sandbox).await;
    }
    Ok(())
}

async fn aborted_after_a_kill() -> Result<(), Error> {
    let sandbox = cluster().await;
    let config = quick_config(&sandbox);
    for (step, times) in [("drained", 1), ("ddl_started", 1), ("ddl_finished", 1), ("drained", 2), ("ddl_finished", 2)]
    {
        database(&sandbox, "re_abort").await;
        sandbox.nodes()[0].execute("create table re_abort.t (id int primary key, a int)").await?;
        let before = assert_equal(&sandbox, "re_abort.t").await;
        let sql = "alter table re_abort.t add index ia (a)";
        let mut run = Running::start(config.path(), &["apply", "--method", "rsu", "-e", sql]);
        assert!(run.until(step, times), "no {step} number {times}");
        run.signal(Signal::SIGKILL);
        run.end();
        schema(config.path(), &["abort"]).expect_code(0);
        assert_eq!(assert_equal(&sandbox, "re_abort.t").await, before, "killed at {step} {times}");
        assert_all_home(&sandbox).await;
        schema(config.path(), &["resume"]).expect_code(0);
    }
    Ok(())
}

async fn signals_leave_every_node_in_rotation() -> Result<(), Error> {
    let sandbox = cluster().await;
    let config = quick_config(&sandbox);
    for (signal, step, code) in [
        (Signal::SIGINT, "drain_started", 5),
        (Signal::SIGTERM, "drained", 5),
        (Signal::SIGINT, "ddl_started", 5),
        (Signal::SIGHUP, "admitted", 6),
    ] {
        database(&sandbox, "re_signal").await;
        sandbox.nodes()[0].execute("create table re_signal.t (id int primary key auto_increment, a char(200))").await?;
        // Big enough for the signal to come while the DDL runs.
        sandbox.nodes()[0].execute("insert into re_signal.t (a) values (1), (2), (3), (4)").await?;
        for _ in 0..15 {
            sandbox.nodes()[0].execute("insert into re_signal.t (a) select a from re_signal.t").await?;
        }
        assert_same_rows(&sandbox, "re_signal.t").await;
        let before = assert_equal(&sandbox, "re_signal.t").await;
        let sql = "alter table re_signal.t add index ia (a)";
        let mut run = Running::start(config.path(), &["apply", "--method", "rsu", "-e", sql]);
        assert!(run.until(step, 1), "no {step}");
        run.signal(signal);
        let ended = run.end();
        assert_all_home(&sandbox).await;
        assert_eq!(ended, code, "{signal} at {step}");
        if code == 5 {
            assert_eq!(assert_equal(&sandbox, "re_signal.t").await, before);
        } else {
            schema(config.path(), &["apply", "-e", "alter table re_signal.t force"]).expect_code(3);
            schema(config.path(), &["resume"]).expect_code(0);
            assert!(assert_equal(&sandbox, "re_signal.t").await.contains("ia a"));
            assert_all_home(&sandbox).await;
        }
    }
    Ok(())
}

async fn toi_killed() -> Result<(), Error> {
    let sandbox = cluster().await;
    let config = quick_config(&sandbox);
    for step in ["run_started", "toi_sent", "toi_finished"] {
        database(&sandbox, "re_toi").await;
        sandbox.nodes()[0].execute("create table re_toi.t (id int primary key, a int)").await?;
        let sql = "alter table re_toi.t add column b int";
        let mut run = Running::start(config.path(), &["apply", "--method", "toi", "-e", sql]);
        assert!(run.until(step, 1), "no {step}");
        run.signal(Signal::SIGKILL);
        run.end();
        schema(config.path(), &["resume"]).expect_code(0);
        assert!(assert_equal(&sandbox, "re_toi.t").await.contains("b int"), "killed at {step}");
        assert_all_home(&sandbox).await;
    }
    Ok(())
}

/// The first node holds the change, then gets its data anew from a node that does not.
async fn a_state_transfer_in_between() -> Result<(), Error> {
    let sandbox = cluster().await;
    let config = quick_config(&sandbox);
    database(&sandbox, "re_sst").await;
    sandbox.nodes()[0].execute("create table re_sst.t (id int primary key, a int)").await?;
    let sql = "alter table re_sst.t add index ia (a)";
    let mut run = Running::start(config.path(), &["apply", "--method", "rsu", "-e", sql]);
    assert!(run.until("admitted", 1));
    run.signal(Signal::SIGKILL);
    run.end();
    let has = "select count(*) from information_schema.statistics where table_schema = 're_sst' and index_name = 'ia'";
    let mut moved = None;
    for node in sandbox.nodes() {
        if node.value(has).await?.as_deref() == Some("1") {
            moved = Some(node);
        }
    }
    let moved = moved.expect("one node holds the index");
    moved.stop().await?;
    std::fs::remove_file(moved.data_dir().join("grastate.dat")).unwrap();
    moved.start().await?;
    moved.wait_synced(Duration::from_secs(60)).await?;
    assert_eq!(moved.value(has).await?.as_deref(), Some("0"), "the state transfer took the index away");
    schema(config.path(), &["resume"]).expect_code(0);
    assert!(assert_equal(&sandbox, "re_sst.t").await.contains("ia a"));
    assert_all_home(&sandbox).await;
    Ok(())
}

async fn nothing_to_do() -> Result<(), Error> {
    let sandbox = cluster().await;
    let config = quick_config(&sandbox);
    for command in ["resume", "abort"] {
        let ran = schema(config.path(), &[command]).expect_code(0);
        assert!(ran.stdout.contains("No run is open"), "{}", ran.stdout);
        let told = schema(config.path(), &[command, "--format", "ndjson"]).expect_code(0).stdout;
        assert!(told.contains(r#""kind":"run_finished""#), "{told}");
    }
    assert!(schema(config.path(), &["history"]).expect_code(0).stdout.contains("No run yet"));
    Ok(())
}
