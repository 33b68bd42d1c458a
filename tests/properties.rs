//! Any bytes in: no panic, nothing lost, every span within its text.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::{Duration, Instant};

use galera_schema::ddl::ast::{Body, Statement};
use galera_schema::ddl::model::{Catalog, Settings};
use galera_schema::sql::{Content, Dialect, ServerVersion, Source, Span};
use galera_schema::{ddl, sql};
use proptest::prelude::*;

/// Pieces of which statements and traps are made.
const PIECES: &[&str] = &[
    "ALTER TABLE ",
    "t ",
    "ADD ",
    "COLUMN ",
    "DROP ",
    "CREATE ",
    "TABLE ",
    "INDEX ",
    "(",
    ")",
    ",",
    ";",
    "'",
    "\"",
    "`",
    "/*",
    "*/",
    "/*!",
    "/*!50100 ",
    "/*!99999 ",
    "/*M!100100 ",
    "--",
    "-- ",
    "#",
    "\n",
    "\r\n",
    " ",
    "\t",
    "\\",
    "\\G",
    "DELIMITER $$\n",
    "$$",
    "delimiter ;\n",
    "USE d",
    "BEGIN ",
    "END ",
    "IF ",
    "CASE ",
    "LOOP ",
    "PROCEDURE p() ",
    "TRIGGER x BEFORE INSERT ON t FOR EACH ROW ",
    "DEFAULT ",
    "INT ",
    "VARCHAR(10) ",
    "ENUM('a','b') ",
    "NOT NULL ",
    "PRIMARY KEY ",
    "UNIQUE ",
    "FOREIGN KEY ",
    "REFERENCES p (id) ",
    "CHECK (a > 0) ",
    "AS (a + 1) ",
    "STORED ",
    "PARTITION BY ",
    "HASH (a) ",
    "RANGE (a) ",
    "PARTITION p0 VALUES LESS THAN (1) ",
    "PARTITIONS 4 ",
    "RENAME ",
    "TO ",
    "MODIFY ",
    "CHANGE ",
    "FIRST ",
    "AFTER a ",
    "ENGINE=InnoDB ",
    "COMMENT 'x' ",
    "SET STATEMENT a=1 FOR ",
    "a.b ",
    "@x ",
    "@@y ",
    "1 ",
    "1e5 ",
    "0x1F ",
    ".5 ",
    "é",
    "\u{feff}",
    "\u{fffd}",
    "\0",
    "SET sql_mode=ANSI_QUOTES;",
    "SET sql_mode=ORACLE;",
    "WITH SYSTEM VERSIONING ",
    "PERIOD FOR p (a, b) ",
    "LIKE s ",
    "SELECT 1 ",
    "ORDER BY a ",
    "ALGORITHM=INSTANT ",
    "LOCK=NONE ",
    "KEY k (a(5) DESC) ",
    "SERIAL ",
    "JSON ",
    "AUTO_INCREMENT ",
    "source x\n",
];

fn dialects() -> impl Strategy<Value = Dialect> {
    (10u16..12, 0u16..12, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(major, minor, ansi, plain, oracle)| {
            let mut dialect = Dialect::new(ServerVersion::new(major, minor, 1));
            (dialect.ansi_quotes, dialect.no_backslash_escapes, dialect.oracle) = (ansi, plain, oracle);
            dialect
        },
    )
}

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..60).prop_map(|pieces| pieces.concat())
}

fn spans(statement: &Statement) -> Vec<Span> {
    let mut spans = vec![statement.span];
    spans.extend(statement.objects.iter().map(galera_schema::ddl::ast::ObjectName::span));
    match &statement.body {
        Body::AlterTable(alter) => {
            spans.extend(alter.clauses.iter().map(|clause| clause.span));
            spans.extend(alter.append.map(|append| Span::new(append.at, append.at)));
        }
        Body::CreateTable(create) => {
            spans.extend(create.columns.iter().map(|column| column.span));
            spans.extend(create.keys.iter().map(|key| key.span));
            spans.extend(create.unknown.iter().copied());
        }
        _ => {}
    }
    spans
}

/// Reads a text in every way that there is.
fn hold(text: &str, dialect: Dialect) {
    let script = sql::split(text, &dialect);
    let mut at = 0;
    let mut position = script.position(0);
    let mut catalog = Catalog::new(Settings::of(dialect.version));
    for piece in script.pieces() {
        assert_eq!(piece.span.start, at, "a gap");
        assert!(piece.span.end > at, "an empty piece");
        at = piece.span.end;
        let Content::Statement(statement) = piece.content else { continue };
        assert_eq!(statement.text, &text[piece.span.clone()]);
        assert_eq!(statement.position, script.position(piece.span.start));
        assert!(statement.position >= position, "statements come in order");
        position = statement.position;
        let mut last = 0;
        for token in statement.tokens() {
            assert!(token.span.start >= last && token.span.end > token.span.start, "tokens come in order");
            assert!(statement.text.get(token.span.range()).is_some(), "a token is text");
            last = token.span.end;
        }
        let parsed = ddl::parse(statement.text, statement.dialect);
        for span in spans(&parsed) {
            assert!(statement.text.get(span.range()).is_some(), "{span:?} is no part of {:?}", statement.text);
        }
        parsed.operations_json(statement.text);
        catalog.apply(&parsed, statement.text, statement.database.as_deref());
    }
    assert_eq!(at, text.len(), "the end is missing");
    for comment in script.comments() {
        assert!(text.get(comment).is_some());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200), dialect in dialects()) {
        let source = Source::new(&bytes);
        prop_assert_eq!(&*source.bytes(0..source.text().len()), &bytes[..]);
        hold(source.text(), dialect);
    }

    #[test]
    fn any_text(text in any::<String>(), dialect in dialects()) {
        hold(&text, dialect);
    }

    #[test]
    fn soup_of_sql(text in soup(), dialect in dialects()) {
        hold(&text, dialect);
    }
}

#[test]
fn hostile_text_takes_linear_time() {
    let dialect = Dialect::new(ServerVersion::new(11, 8, 6));
    let open = "ADD COLUMN c INT DEFAULT (1,".repeat(100_000);
    for text in [
        format!("ALTER TABLE t {}", "ADD COLUMN c INT,".repeat(100_000)),
        format!("ALTER TABLE t {open}"),
        format!("CREATE TABLE t (a INT CHECK ({}1{}))", "(".repeat(1_000_000), ")".repeat(1_000_000)),
        format!("ALTER TABLE t COMMENT '{}", "a''".repeat(1_000_000)),
        "CREATE PROCEDURE p() BEGIN IF a THEN b; ".repeat(50_000),
        "a;".repeat(500_000),
        "/*! a /* b".repeat(200_000),
        "source x;".repeat(100_000),
        format!("CREATE TABLE t (a INT AS (1 {}))", "+ a".repeat(500_000)),
        format!("SET sql_mode=CONCAT({})", "(".repeat(1_000_000)),
    ] {
        let started = Instant::now();
        let mut catalog = Catalog::new(Settings::of(dialect.version));
        for statement in sql::split("CREATE TABLE t (a INT)", &dialect).statements() {
            catalog.apply(&ddl::parse(statement.text, dialect), statement.text, None);
        }
        for statement in sql::split(&text, &dialect).statements() {
            let parsed = ddl::parse(statement.text, statement.dialect);
            std::hint::black_box(parsed.operations_json(statement.text));
            catalog.apply(&parsed, statement.text, None);
        }
        // A debug build on a busy machine takes a second or two; a reader that is not linear takes hours.
        assert!(started.elapsed() < Duration::from_secs(60), "{:?} for {:.40}..", started.elapsed(), text);
    }
}
