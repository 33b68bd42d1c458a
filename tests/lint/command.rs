//! The command: what it reads, what it prints, how it ends.

use std::fs::{create_dir_all, read_to_string, write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn schema(folder: &Path, arguments: &[&str]) -> Output {
    with_input(folder, arguments, "")
}

fn with_input(folder: &Path, arguments: &[&str], input: &str) -> Output {
    use std::io::Write;
    let mut child = Command::new(env!("CARGO_BIN_EXE_schema"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("SCHEMA_CONFIG")
        .env_remove("GITHUB_STEP_SUMMARY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads no input may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&out(output)).unwrap()
}

/// The rules and files of the findings.
fn found(output: &Output) -> Vec<(String, String)> {
    let report = json(output);
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    report["findings"].as_array().unwrap().iter().map(|f| (text(f, "rule"), text(f, "file"))).collect()
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        create_dir_all(path.parent().unwrap()).unwrap();
        write(path, text).unwrap();
    }
    folder
}

const DROP: &str = "DROP TABLE t;\n";
const BAD: &str = "CREATE TABLE t (id INT NOT NULL PRIMARY KEY) ENGINE=MyISAM;\n";
const FINE: &str = "CREATE TABLE t (id INT NOT NULL PRIMARY KEY);\n";

#[test]
fn the_exit_code_says_whether_findings_count() {
    let dir = folder(&[("drop.sql", DROP), ("bad.sql", BAD), ("fine.sql", FINE)]);
    for (arguments, code) in [
        (&["lint", "fine.sql"][..], 0),
        (&["lint", "drop.sql"], 0),
        (&["lint", "bad.sql"], 1),
        (&["lint"], 1),
        (&["lint", "drop.sql", "--fail-on", "warning"], 1),
        (&["lint", "bad.sql", "--fail-on", "never"], 0),
        (&["lint", "bad.sql", "--fail-on", "sometimes"], 2),
        (&["lint", "absent.sql"], 2),
        (&["lint", "--server-version", "8.0.36", "fine.sql"], 2),
        (&["rules"], 0),
        (&["rules", "drop-column"], 0),
        (&["rules", "no-such-rule"], 2),
    ] {
        let output = schema(dir.path(), arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
    }
}

#[test]
fn folders_are_searched_and_gitignore_is_respected() {
    let dir = folder(&[
        ("db/b.sql", DROP),
        ("db/a.SQL", DROP),
        ("db/c.txt", DROP),
        ("db/vendor/d.sql", DROP),
        (".gitignore", "vendor/\n"),
    ]);
    let files = |output: &Output| found(output).into_iter().map(|(_, file)| file).collect::<Vec<_>>();
    assert_eq!(files(&schema(dir.path(), &["lint", "--format", "json"])), ["db/a.SQL", "db/b.sql"]);
    assert_eq!(files(&schema(dir.path(), &["lint", "--format", "json", "./db/b.sql", "db/b.sql"])), ["db/b.sql"]);
    // Who names a file means it.
    assert_eq!(files(&schema(dir.path(), &["lint", "--format", "json", "db/vendor/d.sql"])), ["db/vendor/d.sql"]);
}

#[test]
fn standard_input_may_have_a_name() {
    let dir = folder(&[]);
    let output = with_input(dir.path(), &["lint", "--format", "json", "-"], DROP);
    assert_eq!(found(&output), [("destructive-statement".to_owned(), "-".to_owned())]);
    let down = ["lint", "--format", "json", "--stdin-filename", "m/1_x.down.sql", "-"];
    assert!(found(&with_input(dir.path(), &down, DROP)).is_empty(), "the name says that it is the way down");
}

#[test]
fn json_is_what_the_contract_says() {
    let dir = folder(&[("a.sql", "-- é\n\tDROP TABLE t;\n")]);
    let report = json(&schema(dir.path(), &["lint", "--format", "json"]));
    assert_eq!((&report["v"], &report["files"]), (&Value::from(1), &Value::from(1)));
    let finding = &report["findings"][0];
    for (key, value) in [
        ("rule", Value::from("destructive-statement")),
        ("severity", "warning".into()),
        ("file", "a.sql".into()),
        ("line", 2.into()),
        ("column", 2.into()),
        ("end_line", 2.into()),
        ("end_column", 14.into()),
        ("docs", "docs/rules/destructive-statement.md".into()),
    ] {
        assert_eq!(finding[key], value, "{key}");
    }
}

#[test]
fn only_what_git_says_changed_is_linted() {
    let dir = folder(&[("old.sql", DROP), ("changed.sql", FINE), ("db/moved.sql", DROP)]);
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"])
            .args(arguments)
            .current_dir(dir.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "first"]);
    write(dir.path().join("changed.sql"), DROP).unwrap();
    write(dir.path().join("ünknown.sql"), DROP).unwrap();
    let output = schema(dir.path(), &["lint", "--format", "json", "--since", "HEAD"]);
    let files: Vec<String> = found(&output).into_iter().map(|(_, file)| file).collect();
    assert_eq!(files, ["changed.sql", "ünknown.sql"]);
    // However the paths are written, and wherever the command runs.
    let whole = dir.path().to_str().unwrap();
    for (folder, path) in [("", whole), ("", "."), ("db", ".."), ("db", "../db/../"), ("", "changed.sql")] {
        let output = schema(&dir.path().join(folder), &["lint", "--format", "json", "--since", "HEAD", path]);
        assert_eq!(found(&output).len(), if path == "changed.sql" { 1 } else { 2 }, "{path} from {folder}: {output:?}");
    }
    let output = schema(dir.path(), &["lint", "--since", "HEAD", "db", "old.sql"]);
    assert_eq!(out(&output), "No findings in 0 files.\n");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("Files given: 2; added or changed since HEAD: none."), "{said}");
    assert_eq!(schema(dir.path(), &["lint", "--since", "no-such-rev"]).status.code(), Some(2));
    assert_eq!(schema(dir.path(), &["lint", "--since", "--output=x"]).status.code(), Some(2));
}

#[test]
fn a_baseline_is_written_once_and_hides_what_it_knows() {
    let dir = folder(&[("a.sql", BAD)]);
    let arguments = ["lint", "--baseline", "baseline.json", "--format", "json"];
    assert_eq!(schema(dir.path(), &arguments).status.code(), Some(1), "the first run still says no");
    assert_eq!(schema(dir.path(), &arguments).status.code(), Some(0));
    // Lines above do not matter, another finding does.
    write(dir.path().join("a.sql"), format!("-- a comment\n\n{BAD}")).unwrap();
    assert_eq!(schema(dir.path(), &arguments).status.code(), Some(0));
    write(dir.path().join("a.sql"), format!("{BAD}{}", BAD.replace("t (", "u ("))).unwrap();
    let output = schema(dir.path(), &arguments);
    assert_eq!((output.status.code(), found(&output).len()), (Some(1), 1));
    let whole = dir.path().join("a.sql");
    let output = schema(dir.path(), &[&arguments[..], &[whole.to_str().unwrap()]].concat());
    assert_eq!(found(&output).len(), 1, "the same file, written in another way");
    write(dir.path().join("baseline.json"), "{}").unwrap();
    assert_eq!(schema(dir.path(), &arguments).status.code(), Some(2));
}

#[test]
fn settings_come_from_the_configuration() {
    let dir = folder(&[
        ("a.sql", DROP),
        ("legacy/a.sql", DROP),
        (
            "schema.toml",
            "[lint]\nfail_on = 'warning'\n[[lint.path]]\npaths = ['legacy/**']\nrules = { destructive-statement = 'off' }\n",
        ),
        ("wrong.toml", "[lint]\nrules = { no-such-rule = 'off' }\n"),
    ]);
    let output = schema(dir.path(), &["lint", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(found(&output), [("destructive-statement".to_owned(), "a.sql".to_owned())]);
    assert_eq!(schema(dir.path(), &["lint", "--config", "wrong.toml"]).status.code(), Some(2));
    // Globs count from the file that holds them, wherever the command runs and however paths are written.
    let whole = dir.path().join("legacy/a.sql");
    for (from, arguments) in [
        ("", &["lint", whole.to_str().unwrap()][..]),
        ("", &["lint", "./legacy/../legacy"]),
        ("legacy", &["lint", "--config", "../schema.toml"]),
        ("legacy", &["lint", "--config", "../schema.toml", "../legacy/a.sql"]),
        ("legacy", &["lint", "--config", "../schema.toml", "--stdin-filename", "b.sql"]),
    ] {
        let output = with_input(&dir.path().join(from), arguments, DROP);
        assert_eq!(output.status.code(), Some(0), "{arguments:?} from {from}: {output:?}");
    }
}

#[test]
fn fixes_are_written_to_the_file() {
    let dir = folder(&[("a.sql", "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, offset INT);\n")]);
    assert_eq!(schema(dir.path(), &["lint"]).status.code(), Some(1));
    assert_eq!(schema(dir.path(), &["lint", "--fix"]).status.code(), Some(0));
    let fixed = read_to_string(dir.path().join("a.sql")).unwrap();
    assert_eq!(fixed, "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, `offset` INT);\n");
}

#[test]
fn github_annotations_are_escaped_worst_first_and_summed_up() {
    let dir = folder(&[("a,b.sql", &format!("DROP TABLE `100%`;\n{BAD}")[..])]);
    let summary = dir.path().join("summary.md");
    let output = Command::new(env!("CARGO_BIN_EXE_schema"))
        .args(["lint", "--format", "github"])
        .current_dir(dir.path())
        .env("GITHUB_STEP_SUMMARY", &summary)
        .output()
        .unwrap();
    let text = out(&output);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("::error file=a%2Cb.sql,line=2,endLine=2,col="), "{text}");
    assert!(lines[1].starts_with("::warning ") && lines[1].contains("100%25"), "{text}");
    assert!(lines.iter().all(|line| line.starts_with("::")), "{text}");
    assert!(read_to_string(summary).unwrap().contains("1 error, 1 warning in 1 file."));
}

#[test]
fn reports_of_other_tools_have_their_shape() {
    let dir = folder(&[("a&b.sql", BAD), ("fine.sql", FINE)]);
    let report = |format: &str| schema(dir.path(), &["lint", "--format", format]);
    let sarif = json(&report("sarif"));
    let run = &sarif["runs"][0];
    assert_eq!(sarif["version"], "2.1.0");
    let result = &run["results"][0];
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "a%26b.sql");
    assert!(result["partialFingerprints"].as_object().is_some_and(|prints| !prints.is_empty()));
    let gitlab = json(&report("gitlab"));
    assert_eq!((&gitlab[0]["severity"], &gitlab[0]["location"]["lines"]["begin"]), (&"critical".into(), &1.into()));
    let junit = out(&report("junit"));
    assert!(junit.contains("tests=\"2\" failures=\"1\"") && junit.contains("a&amp;b.sql"), "{junit}");
}
