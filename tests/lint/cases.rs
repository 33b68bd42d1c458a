//! Golden folders: to add a case, add a folder to `tests/lint/cases` with
//!
//! - one or more `*.sql` files, whose names say which framework they are for;
//! - `schema.dump` and `stats.json`, where the case needs them, and `lint.toml` with what stands under `[lint]`;
//! - `expected.txt`: run `SCHEMA_GOLDEN=write cargo test --test lint`, and read what it wrote.

use std::fs::{read_to_string, write};
use std::path::Path;

use galera_schema::lint::{Context, LintConfig, LintedFile, Settings, lint};
use galera_schema::report::lint::human;

use super::{project, sorted};

/// What a person without colours would read.
fn report(case: &Path) -> String {
    let file = |name: &str| read_to_string(case.join(name)).ok();
    let config: LintConfig = file("lint.toml").map(|text| toml::from_str(&text).unwrap()).unwrap_or_default();
    let mut context = Context::default();
    context.version = config.server_version.as_ref().map(|version| version.parse().unwrap());
    context.stats = file("stats.json").map(|text| serde_json::from_str(&text).unwrap());
    if let Some(dump) = file("schema.dump") {
        context.read_schema(&dump);
    }
    let settings = Settings::new(&config).unwrap();
    let linted: Vec<LintedFile> = sorted(case)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let text = read_to_string(&path).unwrap();
            LintedFile { findings: lint(&name, &text, &context, &settings), key: name.clone(), path: name, text }
        })
        .collect();
    assert!(!linted.is_empty(), "{}: no *.sql", case.display());
    let text = anstream::adapter::strip_str(&human(&linted)).to_string();
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn the_findings_are_those_that_are_expected() {
    let writing = std::env::var_os("SCHEMA_GOLDEN").is_some_and(|value| value == "write");
    let mut wrong = Vec::new();
    for case in sorted(&project("tests/lint/cases")) {
        let found = report(&case);
        let expected = case.join("expected.txt");
        if writing {
            write(&expected, found).unwrap();
        } else if read_to_string(&expected).unwrap_or_default() != found {
            wrong.push(format!("{}:\n{found}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}\nSCHEMA_GOLDEN=write takes these for right.", wrong.join("\n"));
}
