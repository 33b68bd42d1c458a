//! The grammar, held against statements that real servers accept.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use galera_schema::ddl;
use galera_schema::sql::{Dialect, ServerVersion};
use serde_json::json;

/// `category|oldest server|statement`, one a line.
const CORPUS: &str = include_str!("../fixtures/sql/corpus.txt");

fn corpus() -> impl Iterator<Item = &'static str> {
    let lines = CORPUS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.splitn(3, '|').nth(2).expect("three fields"))
}

#[test]
fn nothing_in_the_corpus_is_opaque() {
    let mut opaque = Vec::new();
    for sql in corpus() {
        let statement = ddl::parse(sql, Dialect::new(ServerVersion::new(11, 8, 6)));
        let operations = statement.operations_json(sql);
        if statement.kind.name() == "unknown" || operations.iter().any(|operation| operation["op"] == "opaque") {
            opaque.push(sql);
        }
    }
    assert!(opaque.is_empty(), "{opaque:#?}");
}

#[test]
fn what_is_read_of_the_corpus() {
    let mut lines = String::new();
    for sql in corpus() {
        let statement = ddl::parse(sql, Dialect::new(ServerVersion::new(11, 8, 6)));
        let objects: Vec<String> = statement.objects.iter().map(|object| object.qualified(None)).collect();
        lines.push_str(&format!("{sql}\n  {} {}\n", statement.kind, objects.join(", ")));
        for operation in statement.operations_json(sql) {
            lines.push_str(&format!("  {}\n", json!(operation)));
        }
    }
    insta::assert_snapshot!(lines);
}
