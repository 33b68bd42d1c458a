//! Runs that are killed, interrupted, resumed and aborted.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use galera_schema::sandbox::{Error, Sandbox};
use libtest_mimic::Trial;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::running::{assert_all_home, assert_equal, assert_same_rows, cluster, definition};
use crate::support::{Ran, database, program, trial, until};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![
        trial("resume::killed_at_every_step", killed_at_every_step),
        trial("resume::aborted_after_a_kill", aborted_after_a_kill),
        trial("resume::signals_leave_every_node_in_rotation", signals_leave_every_node_in_rotation),
        trial("resume::toi_killed", toi_killed),
        trial("resume::toi_killed_and_aborted", toi_killed_and_aborted),
        trial("resume::a_state_transfer_in_between", a_state_transfer_in_between),
        trial("resume::nothing_to_do", nothing_to_do),
        trial("resume::other_balancers_are_refused", other_balancers_are_refused),
        trial("resume::an_interrupted_drain_is_undone", an_interrupted_drain_is_undone),
        trial("resume::globals_of_the_server_change_nothing", globals_of_the_server_change_nothing),
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
        let mut last = String::new();
        for line in self.lines.by_ref().map_while(Result::ok) {
            if line.contains(&mark) {
                seen += 1;
                if seen == times {
                    return true;
                }
            }
            last = line;
        }
        eprintln!("{last}");
        false
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    pub fn end(mut self) -> i32 {
        for line in self.lines.by_ref().map_while(Result::ok) {
            if line.contains("\"run_finished\"") {
                eprintln!("{line}");
            }
        }
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

/// A configuration of a test's own.
struct Config(tempfile::NamedTempFile);

impl Config {
    fn new(toml: &str) -> Self {
        let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        std::fs::write(file.path(), toml).unwrap();
        Self(file)
    }

    fn path(&self) -> &std::path::Path {
        self.0.path()
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

/// The tool dies while the nodes copy the table for a column in its middle. `abort` and `resume` come when one node has
/// done it, wait for the slower ones, and neither takes a node out of rotation: rows of one shape do not fit the other.
async fn toi_killed_and_aborted() -> Result<(), Error> {
    let sandbox = cluster().await;
    let config = quick_config(&sandbox);
    for (command, clause, code) in [
        ("abort", "add column c int after a", 0),
        ("resume", "add column c int after a", 0),
        // The way back would copy the table, and nobody has weighed that: the server is asked not to.
        ("abort", "modify a bigint", 6),
    ] {
        database(&sandbox, "re_undo").await;
        let first = &sandbox.nodes()[0];
        first.execute("create table re_undo.t (id int primary key auto_increment, a int, b char(200))").await?;
        assert_equal(&sandbox, "re_undo.t").await;
        // The other nodes still apply this when the first one has changed the table, and their process lists name no DDL.
        first.execute("insert into re_undo.t (a, b) select seq, seq from re_undo.seq_1_to_120000").await?;
        let before = assert_equal(&sandbox, "re_undo.t").await;
        let sql = format!("alter table re_undo.t {clause}, algorithm=copy");
        let mut run =
            Running::start(config.path(), &["apply", "--method", "toi", "--accept", "write-stall", "-e", &sql]);
        assert!(run.until("toi_sent", 1));
        until("the statement runs", Duration::from_secs(20), async || {
            let running =
                "select count(*) from information_schema.processlist where command = 'Query' and info like 'alter %'";
            first.value(running).await.unwrap().as_deref() != Some("0")
        })
        .await;
        run.signal(Signal::SIGKILL);
        run.end();
        until("the first node has it", Duration::from_secs(60), async || {
            definition(first, "re_undo.t").await != before
        })
        .await;
        let others = definition(&sandbox.nodes()[1], "re_undo.t").await;
        eprintln!("another node has it too: {}", others != before);
        let ended = schema(config.path(), &[command, "--format", "ndjson"]);
        eprintln!("toi killed, {command}: {}{}", ended.stdout, ended.stderr);
        let ended = ended.expect_code(code);
        assert!(!ended.stdout.contains("drain_started"), "{}", ended.stdout);
        let times = ended.stdout.matches("\"toi_sent\"").count();
        let after = assert_equal(&sandbox, "re_undo.t").await;
        match (command, code) {
            ("abort", 0) => assert!(after == before && times == 1, "{times} {after}"),
            ("abort", _) => {
                assert!(after.contains("a bigint") && ended.stdout.contains("was not undone"), "{after}");
                schema(config.path(), &["resume"]).expect_code(0);
            }
            _ => assert!(after.contains("c int") && times == 0, "{times} {after}"),
        }
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

/// A run that is taken over where its balancers are not known could neither see nor end its drain.
async fn other_balancers_are_refused() -> Result<(), Error> {
    let sandbox = cluster().await;
    let config = quick_config(&sandbox);
    let toml = std::fs::read_to_string(config.path()).unwrap();
    let mut table: toml::Table = toml.parse().unwrap();
    let balancer = &mut table["balancer"].as_array_mut().unwrap()[0];
    balancer.as_table_mut().unwrap().insert("name".into(), "edge".into());
    let other = Config::new(&table.to_string());
    table.remove("balancer").unwrap();
    let without = Config::new(&table.to_string());

    database(&sandbox, "re_other").await;
    sandbox.nodes()[0].execute("create table re_other.t (id int primary key, a int)").await?;
    let before = assert_equal(&sandbox, "re_other.t").await;
    let sql = "alter table re_other.t add index ia (a)";
    let mut run = Running::start(config.path(), &["apply", "--method", "rsu", "-e", sql]);
    assert!(run.until("drained", 1));
    run.signal(Signal::SIGKILL);
    run.end();
    for config in [&other, &without] {
        for arguments in [&["resume"][..], &["abort"], &["abort", "--forget"]] {
            let ran = schema(config.path(), arguments).expect_code(3);
            assert!(ran.stderr.contains("haproxy unix:") && ran.stderr.contains("--config"), "{}", ran.stderr);
        }
    }
    // The refusals gave the lease back, and the run is as it was.
    let ran = schema(config.path(), &["abort"]).expect_code(0);
    assert!(ran.stdout.contains("admitted") || ran.stderr.contains("back in"), "{} {}", ran.stdout, ran.stderr);
    assert_eq!(assert_equal(&sandbox, "re_other.t").await, before);
    assert_all_home(&sandbox).await;

    // With no node out of rotation, the balancers must still be there for those that are to be drained.
    let mut run = Running::start(config.path(), &["apply", "--method", "rsu", "-e", sql]);
    assert!(run.until("run_started", 1));
    run.signal(Signal::SIGKILL);
    run.end();
    let ran = schema(without.path(), &["resume"]).expect_code(3);
    assert!(ran.stderr.contains("No load balancer can be told"), "{}", ran.stderr);
    schema(config.path(), &["abort"]).expect_code(0);
    assert_all_home(&sandbox).await;
    Ok(())
}

/// A balancer that takes its time: the order is carried out to its end, and only then taken back.
async fn an_interrupted_drain_is_undone() -> Result<(), Error> {
    let sandbox = cluster().await;
    let config = quick_config(&sandbox);
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("balancer");
    let text = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 1
case $1 in
    state) echo "{\"state\": \"$(cat "$2.state" 2>/dev/null || echo serving)\"}" ;;
    drain) echo "drain $2" >> log; sleep 1; echo draining > "$2.state"; echo drained >> log ;;
    admit) echo "admit $2" >> log; echo serving > "$2.state" ;;
esac
"#;
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let toml = std::fs::read_to_string(config.path()).unwrap();
    let two = Config::new(&format!(
        "{toml}\n[[balancer]]\nname = \"edge\"\nkind = \"command\"\ncommand = [\"{}\"]\n",
        script.display()
    ));
    let log = || std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();

    database(&sandbox, "re_cut").await;
    sandbox.nodes()[0].execute("create table re_cut.t (id int primary key, a int)").await?;
    let before = assert_equal(&sandbox, "re_cut.t").await;
    let sql = "alter table re_cut.t add index ia (a)";
    let run = Running::start(two.path(), &["apply", "--method", "rsu", "-e", sql]);
    until("the order is given", Duration::from_secs(20), async || log().contains("drain ")).await;
    run.signal(Signal::SIGINT);
    assert_eq!(run.end(), 5);
    let node = log().split_whitespace().nth(1).unwrap().to_owned();
    assert_eq!(log(), format!("drain {node}\ndrained\nadmit {node}\n"));
    assert_all_home(&sandbox).await;

    // Killed before the balancer shows anything: what is remembered is put back, whatever the balancer says.
    std::fs::remove_file(folder.path().join("log")).unwrap();
    let run = Running::start(two.path(), &["apply", "--method", "rsu", "-e", sql]);
    until("the order is given", Duration::from_secs(20), async || log().contains("drain ")).await;
    run.signal(Signal::SIGKILL);
    run.end();
    schema(two.path(), &["abort"]).expect_code(0);
    assert!(log().contains(&format!("admit {node}")), "{}", log());
    assert_eq!(assert_equal(&sandbox, "re_cut.t").await, before);
    assert_all_home(&sandbox).await;

    // The balancer itself goes away for good: the run ends where a person says so, and only then.
    std::fs::remove_file(folder.path().join("log")).unwrap();
    let run = Running::start(two.path(), &["apply", "--method", "rsu", "-e", sql]);
    until("the node is drained", Duration::from_secs(20), async || log().contains("drained")).await;
    run.signal(Signal::SIGKILL);
    run.end();
    std::fs::remove_file(&script).unwrap();
    schema(two.path(), &["abort"]).expect_code(4);
    let ran = schema(config.path(), &["abort"]).expect_code(3);
    assert!(ran.stderr.contains("--gone-balancer 'edge'"), "{}", ran.stderr);
    let ran = schema(config.path(), &["abort", "--gone-balancer", "edgy"]).expect_code(3);
    assert!(ran.stderr.contains("Nodes are out of rotation in:"), "{}", ran.stderr);
    schema(config.path(), &["abort", "--gone-balancer", "edge"]).expect_code(0);
    assert_eq!(assert_equal(&sandbox, "re_cut.t").await, before);
    assert_all_home(&sandbox).await;
    Ok(())
}

/// Limits and modes that a site sets for its application: texts are quoted otherwise, statements and sessions are ended after
/// a second, nothing is committed by itself, and a query gives one row. The database has a dot in its name, and the table a
/// backquote.
async fn globals_of_the_server_change_nothing() -> Result<(), Error> {
    const GLOBALS: [(&str, &str); 6] = [
        ("sql_mode", "'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'"),
        ("max_statement_time", "1"),
        ("autocommit", "0"),
        ("sql_select_limit", "1"),
        ("wait_timeout", "2"),
        ("idle_transaction_timeout", "1"),
    ];
    let sandbox = cluster().await;
    let toml = std::fs::read_to_string(quick_config(&sandbox).path()).unwrap();
    let config = Config::new(&toml.replace("max_stall = \"5s\"", "max_stall = \"60s\""));
    database(&sandbox, "re.glob").await;
    let node = &sandbox.nodes()[0];
    // Its index takes seconds: each row's value is a hash over a megabyte.
    node.execute(
        "create table `re.glob`.`t``t` (id int primary key, a varchar(200), b varchar(128) as (sha2(repeat(a, 5000), 512)) virtual)",
    )
    .await?;
    node.execute("insert into `re.glob`.`t``t` (id, a) select seq, repeat('x', 200) from mysql.seq_1_to_800").await?;
    for node in sandbox.nodes() {
        for (name, value) in GLOBALS {
            node.execute(&format!("set global {name} = {value}")).await?;
        }
    }
    let sql = "alter table `re.glob`.`t``t` add index ib (b) comment 'say \"it\" with a \\'";
    let mut run = Running::start(config.path(), &["apply", "--method", "rsu", "-e", sql]);
    let proven = run.lines.by_ref().map_while(Result::ok).find(|line| line.contains("\"kind\":\"rsu_proven\""));
    assert!(proven.is_some_and(|line| line.contains("\"gated\":true")), "RSU is proven at the gate");
    assert!(run.until("ddl_started", 1));
    run.signal(Signal::SIGKILL);
    run.end();
    let started = Instant::now();
    let resumed = schema(config.path(), &["resume"]);
    let took = started.elapsed();
    let sql = "alter table `re.glob`.`t``t` add column c varchar(128) as (sha2(repeat(a, 5000), 512)) persistent";
    let started = Instant::now();
    let sent = schema(config.path(), &["apply", "--method", "toi", "-e", sql]);
    let sent_took = started.elapsed();
    for node in sandbox.nodes() {
        for (name, _) in GLOBALS {
            node.execute(&format!("set global {name} = default")).await?;
        }
    }
    resumed.expect_code(0);
    sent.expect_code(0);
    assert!(
        took > Duration::from_secs(3) && sent_took > Duration::from_secs(1),
        "too quick to tell: {took:?} {sent_took:?}"
    );
    for node in sandbox.nodes() {
        let made = "select count(*) from information_schema.statistics where table_schema = 're.glob' and index_comment = \
                    'say \"it\" with a \\\\'";
        assert_eq!(node.value(made).await?.as_deref(), Some("1"), "{}", node.name());
    }
    assert_all_home(&sandbox).await;
    node.execute("drop database `re.glob`").await?;
    Ok(())
}
