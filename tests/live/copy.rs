//! `--method pt-osc`: tables that are changed by a copy of Percona Toolkit's tool.

use std::process::Command;
use std::time::Duration;

use galera_schema::sandbox::workload::{Profile, Window, Workload, fill, prepare};
use galera_schema::sandbox::{Error, Sandbox};
use libtest_mimic::Trial;
use nix::sys::signal::Signal;

use crate::resume::{Running, quick_config};
use crate::running::{assert_all_home, assert_equal, assert_same_rows, cluster, definition};
use crate::support::{database, program, schema, schema_with, trial, until};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![
        trial("copy::a_loaded_table_is_copied_and_swapped", a_loaded_table_is_copied_and_swapped),
        trial("copy::what_a_copy_would_harm_is_refused", what_a_copy_would_harm_is_refused),
        trial("copy::killed_interrupted_and_cleared_away", killed_interrupted_and_cleared_away),
    ]
}

/// Tables and triggers in the database that the test did not make.
async fn left(sandbox: &Sandbox, database: &str) -> Option<String> {
    let sql = format!(
        "select group_concat(name) from (select table_name as name from information_schema.tables where table_schema = \
         '{database}' and table_name like '\\_%' union all select trigger_name from information_schema.triggers where \
         trigger_schema = '{database}') left_over"
    );
    for node in sandbox.nodes() {
        let left = node.value(&sql).await.unwrap();
        if left.is_some() {
            return left;
        }
    }
    None
}

/// Whether any process of this machine has the text in its arguments or its environment.
fn some_process_shows(text: &str) -> bool {
    let shows = |path: std::path::PathBuf| {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(text.len()).any(|part| part == text.as_bytes())
    };
    let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    processes.into_iter().any(|process| shows(process.join("cmdline")) || shows(process.join("environ")))
}

async fn a_loaded_table_is_copied_and_swapped() -> Result<(), Error> {
    let sandbox = cluster().await;
    let profile = Profile { database: "cp_load".into(), rows: 300_000, ..Profile::default() };
    prepare(&sandbox, &profile.database, profile.clients).await?;
    fill(&sandbox, &profile.database, profile.rows, |_| ()).await?;
    let password = std::fs::read_to_string(sandbox.password_file()).unwrap();
    let password = password.trim();
    let workload = Workload::start(sandbox.app_opts()?, profile).unwrap();

    let sql = "alter table cp_load.orders add column flag int not null default 7, modify note varchar(400)";
    let from = workload.now();
    let mut run = Running::start(&sandbox.schema_toml(), &["apply", "--method", "pt-osc", "-e", sql]);
    assert!(run.until("ddl_progress", 1), "no progress");
    assert!(!some_process_shows(password), "the password is in some process's arguments or environment");
    assert!(run.until("toi_sent", 1), "no swap");
    assert_eq!(run.end(), 0);
    let to = workload.now();
    let figures = workload.figures(Window { from, to });
    let (_, ledger) = workload.stop();
    eprintln!(
        "copied under load: {:.1} s, longest write gap {:?}, {} writes, {} failures {:?}",
        (to - from).as_secs_f64(),
        figures.longest_write_gap,
        figures.writes,
        figures.failures(),
        figures.failed
    );

    let table = assert_equal(&sandbox, "cp_load.orders").await;
    assert!(table.contains("flag int(11) NO") && table.contains("note varchar(400)"), "{table}");
    for node in sandbox.nodes() {
        let losses = ledger.check(node, "cp_load").await?;
        assert!(losses.is_none(), "{}: {losses:?}", node.name());
    }
    assert_same_rows(&sandbox, "cp_load.orders").await;
    assert_eq!(left(&sandbox, "cp_load").await, None);
    schema(&sandbox, &["verify"]).expect_code(0);
    let journalled = format!(
        "select (select count(*) from galera_schema.journal where body like '%{password}%') + (select count(*) from \
         galera_schema.run where concat(plan, coalesce(summary, '')) like '%{password}%')"
    );
    assert_eq!(sandbox.nodes()[0].value(&journalled).await?.as_deref(), Some("0"));
    assert_all_home(&sandbox).await;
    Ok(())
}

async fn what_a_copy_would_harm_is_refused() -> Result<(), Error> {
    let sandbox = cluster().await;
    database(&sandbox, "cp_no").await;
    let node = &sandbox.nodes()[0];
    for sql in [
        "create table cp_no.t (id int primary key, a int)",
        "insert into cp_no.t values (1, 1), (2, 2)",
        "create table cp_no.keyless (a int)",
        "create table cp_no.`odd name` (id int primary key)",
        "create table cp_no.parent (id int primary key)",
        "create table cp_no.child (id int primary key, p int, foreign key (p) references cp_no.parent (id))",
        "create table cp_no.watched (id int primary key)",
        "create table cp_no.log (id int)",
        "create trigger cp_no.watcher after insert on cp_no.watched for each row insert into cp_no.log values (new.id)",
        "create table cp_no.broken (id int primary key)",
        "create trigger cp_no.pt_osc_cp_no_broken_del after delete on cp_no.broken for each row delete from cp_no.log",
    ] {
        node.execute(sql).await?;
    }
    for (sql, word) in [
        ("alter table cp_no.watched add column n int", "watcher"),
        ("alter table cp_no.broken add column n int", "DROP TRIGGER `cp_no`.`pt_osc_cp_no_broken_del`"),
        ("alter table cp_no.parent add column n int", "cp_no.child"),
        ("alter table cp_no.keyless add column n int", "primary key"),
        ("alter table cp_no.`odd name` add column n int", "copy-name"),
        ("alter table cp_no.t add column n int not null", "DEFAULT"),
        ("alter table cp_no.t change a b bigint", "rename"),
        ("alter table cp_no.t add unique (a)", "copy-may-drop-rows"),
        ("alter table cp_no.child add column n int", "constraints-renamed"),
    ] {
        let refused = schema(&sandbox, &["apply", "--method", "pt-osc", "-e", sql]).expect_code(3);
        let plan = schema(&sandbox, &["plan", "--method", "pt-osc", "-e", sql]);
        let said = refused.stderr + &plan.stdout + &plan.stderr;
        let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(word), "{sql}: {said}");
    }
    // Percona Toolkit is looked for before anything is touched.
    let before = definition(node, "cp_no.t").await;
    let sql = "alter table cp_no.t add column n int";
    let arguments = ["apply", "--method", "pt-osc", "-e", sql];
    let without = program()
        .arg("--config")
        .arg(sandbox.schema_toml())
        .args(arguments)
        .env("PATH", "/nonexistent")
        .output()
        .unwrap();
    assert_eq!(without.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&without.stderr).contains("percona-toolkit"));
    assert_eq!(definition(node, "cp_no.t").await, before);
    // What was accepted by name runs, and what the tool makes is seen to be right.
    let unique = "alter table cp_no.t add unique ua (a)";
    schema(&sandbox, &["apply", "--method", "pt-osc", "--accept", "copy-may-drop-rows", "-e", unique]).expect_code(0);
    assert!(assert_equal(&sandbox, "cp_no.t").await.contains("ua a"));
    assert_all_home(&sandbox).await;
    Ok(())
}

async fn killed_interrupted_and_cleared_away() -> Result<(), Error> {
    let sandbox = cluster().await;
    let config = quick_config(&sandbox);
    prepare(&sandbox, "cp_kill", 1).await?;
    fill(&sandbox, "cp_kill", 150_000, |_| ()).await?;
    let count = "select count(*) from cp_kill.orders";
    let rows = sandbox.nodes()[0].value(count).await?;
    let sql = "alter table cp_kill.orders add column n int not null default 1";
    let before = definition(&sandbox.nodes()[0], "cp_kill.orders").await;
    let start = || Running::start(config.path(), &["apply", "--method", "pt-osc", "-e", sql]);

    let mut run = start();
    assert!(run.until("ddl_progress", 1), "no progress");
    run.signal(Signal::SIGTERM);
    assert_eq!(run.end(), 5, "stopped because it was asked for, and undone");
    assert_eq!(left(&sandbox, "cp_kill").await, None);
    assert_eq!(assert_equal(&sandbox, "cp_kill.orders").await, before);

    let mut run = start();
    assert!(run.until("ddl_progress", 1), "no progress");
    run.signal(Signal::SIGKILL);
    run.end();
    assert!(left(&sandbox, "cp_kill").await.is_some(), "a killed run leaves its copy");
    schema_with(config.path(), &["abort", "--forget"]).expect_code(3);
    schema_with(config.path(), &["abort"]).expect_code(0);
    assert_eq!(left(&sandbox, "cp_kill").await, None);
    assert_eq!(assert_equal(&sandbox, "cp_kill.orders").await, before);

    // Rows that the copy would lose are found before the tables are swapped.
    let unique = "alter table cp_kill.orders add unique (total, placed, note)";
    let accepted = ["apply", "--method", "pt-osc", "--accept", "copy-may-drop-rows", "-e", unique];
    let mut run = Running::start(config.path(), &accepted);
    assert!(run.until("ddl_progress", 1), "no progress");
    let twin = "insert into cp_kill.orders (customer, state, total, placed, note) select customer, state, total, placed, note from \
                cp_kill.orders where id = 149999";
    sandbox.nodes()[1].execute(twin).await?;
    assert_eq!(run.end(), 5);
    assert_eq!(left(&sandbox, "cp_kill").await, None);
    sandbox.nodes()[1].execute("delete from cp_kill.orders where id > 150000").await?;

    let mut run = start();
    assert!(run.until("ddl_progress", 1), "no progress");
    run.signal(Signal::SIGKILL);
    run.end();
    schema_with(config.path(), &["resume"]).expect_code(0);
    assert_eq!(left(&sandbox, "cp_kill").await, None);
    assert!(assert_equal(&sandbox, "cp_kill.orders").await.contains("n int(11) NO"));
    for node in sandbox.nodes() {
        assert_eq!(node.value(count).await?, rows, "{}", node.name());
    }
    // A tool whose master was killed ends by itself: nobody reads what it says.
    until("no tool is left", Duration::from_secs(10), async || {
        let running = Command::new("pgrep").args(["-f", "pt-online-schema-change.*t=orders"]).output().unwrap();
        running.stdout.is_empty()
    })
    .await;
    assert_all_home(&sandbox).await;
    Ok(())
}
