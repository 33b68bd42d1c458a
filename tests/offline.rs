//! What commands say and how they end where no cluster is: the answer, the exit code, the configuration file.

#![allow(clippy::unwrap_used)]

use std::fs::{File, write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_schema"));
    command.args(arguments).current_dir(folder).env_remove("SCHEMA_CONFIG").stdin(Stdio::null());
    command
}

fn schema(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

const PLAN: [&str; 3] = ["plan", "--server-version", "10.11.19"];

#[test]
fn a_plan_is_what_the_contract_says() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path().join("dump.sql"), "CREATE TABLE t (id INT PRIMARY KEY);").unwrap();
    let wanted =
        ["--schema", "dump.sql", "--format", "json", "--database", "app", "-e", "alter table t add column n int"];
    let output = schema(dir.path(), &[&PLAN[..], &wanted].concat());
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    let statement = &plan["statements"][0];
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    assert_eq!((&plan["v"], &plan["server_version"]), (&Value::from(1), &Value::from("10.11.19-MariaDB")));
    for (key, expected) in [
        ("index", Value::from(1)),
        ("file", "-e".into()),
        ("line", 1.into()),
        ("kind", "alter_table".into()),
        ("object", "app.t".into()),
        ("algorithm", "INSTANT".into()),
        ("lock", "NONE".into()),
        ("method", "TOI".into()),
        ("execute", "alter table t add column n int, ALGORITHM=INSTANT, LOCK=NONE".into()),
    ] {
        assert_eq!(statement[key], expected, "{key}");
    }
    assert_eq!(statement["rsu"]["conditions"][0]["code"], "new-column-unused");
    assert_eq!(statement["operations"][0]["op"], "add_column");
}

#[test]
fn the_worst_case_says_which_fact_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    for sql in ["ALTER TABLE t DROP COLUMN c", "OPTIMIZE TABLE t", "CREATE INDEX i ON t (c)"] {
        let output = schema(dir.path(), &[&PLAN[..], &["--format", "json", "-e", sql]].concat());
        assert!(text(&output.stdout).contains("missing-fact"), "{sql}: {}", text(&output.stdout));
    }
}

#[test]
fn no_secret_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    for sql in [
        "CREATE USER u IDENTIFIED BY 'hunter2'",
        "ALTER USER u IDENTIFIED VIA ed25519 USING PASSWORD('hunter2')",
        "CREATE TABLE f (a INT) ENGINE=FEDERATED CONNECTION='mysql://u:hunter2@h/d/t'",
    ] {
        for format in ["human", "json"] {
            let output = schema(dir.path(), &[&PLAN[..], &["--format", format, "-e", sql]].concat());
            assert!(text(&output.stdout).contains("***"), "{sql}: {}", text(&output.stdout));
            assert!(!text(&output.stdout).contains("hunter2") && !text(&output.stderr).contains("hunter2"), "{sql}");
        }
        write(dir.path().join("a.sql"), format!("{sql};\n")).unwrap();
        let output = schema(dir.path(), &["lint", "a.sql"]);
        assert!(!text(&output.stdout).contains("hunter2"), "{}", text(&output.stdout));
    }
}

#[test]
fn a_configuration_with_a_mistake_is_refused_by_every_command() {
    let dir = tempfile::tempdir().unwrap();
    let sql = "ALTER TABLE t ADD COLUMN n INT";
    write(dir.path().join("a.sql"), format!("{sql};\n")).unwrap();
    for (file, named) in [
        ("[policy]\nmax_stal = \"1s\"\n", "max_stal"),
        ("[nope]\n", "nope"),
        ("[lint]\nnonsense = 1\n", "nonsense"),
        ("[policy]\nmax_stall = \"soon\"\n", "max_stall"),
    ] {
        write(dir.path().join("schema.toml"), file).unwrap();
        for arguments in [&["lint", "a.sql"][..], &[&PLAN[..], &["a.sql"]].concat(), &["status"]] {
            let output = schema(dir.path(), arguments);
            assert_eq!(code(&output), 2, "{arguments:?} with {file}: {}", text(&output.stderr));
            assert!(text(&output.stderr).contains(named), "{}", text(&output.stderr));
        }
    }
    for arguments in [&["lint", "a.sql"][..], &[&PLAN[..], &["a.sql"]].concat()] {
        let output = schema(dir.path(), &[arguments, &["--config", "nowhere.toml"]].concat());
        assert_eq!(code(&output), 2);
        assert!(text(&output.stderr).contains("nowhere.toml"), "{}", text(&output.stderr));
    }
}

#[test]
fn the_policy_of_the_configuration_holds_offline() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path().join("schema.toml"), "[policy]\nmax_stall = \"9h\"\n").unwrap();
    let output =
        schema(dir.path(), &[&PLAN[..], &["--format", "json", "-e", "ALTER TABLE t ADD COLUMN n INT"]].concat());
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(plan["policy"]["max_stall"].to_string().contains("32400"), "{}", plan["policy"]);
}

#[test]
fn an_empty_variable_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let output = command(dir.path(), &["rules"]).env("SCHEMA_CONFIG", "").output().unwrap();
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
}

#[test]
fn human_is_a_format_of_every_command() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(code(&schema(dir.path(), &["rules", "--format", "human"])), 0);
    for arguments in [&["lock", "--format", "human", "--help"][..], &["demo", "--format", "human", "--help"]] {
        assert_eq!(code(&schema(dir.path(), arguments)), 0);
    }
    assert_eq!(code(&schema(dir.path(), &["rules", "--format", "json"])), 2);
}

#[test]
fn an_answer_that_cannot_be_written_is_no_success() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path().join("a.sql"), "CREATE TABLE t (id INT NOT NULL PRIMARY KEY);\n").unwrap();
    for arguments in [&["lint", "a.sql"][..], &["lint", "--format", "json", "a.sql"], &["rules"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = command(dir.path(), arguments).stdout(full).output().unwrap();
        assert_eq!(code(&output), 4, "{arguments:?}");
    }
}

#[test]
fn events_end_with_the_end_also_where_nothing_began() {
    let dir = tempfile::tempdir().unwrap();
    let nowhere = ["--nodes", "127.0.0.1:1", "--user", "u", "--format", "ndjson"];
    for arguments in [&["apply", "-e", "ALTER TABLE a.t ADD COLUMN n INT"][..], &["resume"], &["abort"]] {
        let output = command(dir.path(), &[arguments, &nowhere].concat()).env("MYSQL_PWD", "x").output().unwrap();
        let last: Value = serde_json::from_str(text(&output.stdout).lines().last().unwrap_or_default())
            .unwrap_or_else(|_| panic!("{arguments:?}: {} {}", text(&output.stdout), text(&output.stderr)));
        assert_eq!((&last["kind"], &last["exit_code"]), (&"run_finished".into(), &Value::from(code(&output))));
    }
}
