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
fn vector_is_a_name_before_it_is_a_key() {
    for (sql, old, young) in [
        ("ALTER TABLE t ADD vector INT", "add_column", "opaque"),
        ("ALTER TABLE t ADD VECTOR INDEX v (b)", "add_vector_index", "add_vector_index"),
        ("ALTER TABLE t ADD VECTOR v (b)", "add_column", "add_vector_index"),
        ("ALTER TABLE t ADD `vector` INT", "add_column", "add_column"),
    ] {
        for (version, expected) in [(ServerVersion::new(11, 6, 2), old), (ServerVersion::new(11, 7, 1), young)] {
            let operations = ddl::parse(sql, Dialect::new(version)).operations_json(sql);
            assert_eq!(operations[0]["op"], expected, "{sql} in {version}");
        }
    }
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

/// Where sqlparser understands an expression, it must find the same columns and functions in it.
#[test]
fn expressions_agree_with_sqlparser() {
    use sqlparser::ast::{Expr, Visit, Visitor};
    use sqlparser::dialect::MySqlDialect;
    use sqlparser::parser::Parser;
    use std::ops::ControlFlow;

    #[derive(Default)]
    struct Names(Vec<String>, Vec<String>);
    impl Visitor for Names {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Identifier(name) => self.0.push(name.value.to_lowercase()),
                Expr::CompoundIdentifier(names) => self.0.extend(names.last().map(|name| name.value.to_lowercase())),
                Expr::Function(function) => self.1.push(function.name.to_string().to_lowercase()),
                _ => {}
            }
            ControlFlow::Continue(())
        }
    }

    for text in [
        "a + b * 2",
        "`a` > 0 AND (b IS NOT NULL OR c IN (1, 2, d))",
        "concat(a, '-', lower(t.b))",
        "CASE WHEN a > 1 THEN b ELSE c END",
        "CASE a WHEN 1 THEN 'x' END",
        "json_valid(`doc`)",
        "CAST(a AS CHAR(10))",
        "CAST(a AS SIGNED) + b",
        "a BETWEEN b AND c",
        "a LIKE 'x%' AND NOT b",
        "(a, b) IN ((1, 2))",
        "uuid()",
        "_utf8mb4'x'",
        "a + INTERVAL 1 DAY",
        "NOT (a <=> b)",
        "coalesce(a, coalesce(b, 0))",
        "md5(a) = x'00'",
        "TRUE AND FALSE",
        "round(a, 2) % 5 = -1",
        "day(a) = month",
    ] {
        let expr = Parser::new(&MySqlDialect {}).try_with_sql(text).and_then(|mut parser| parser.parse_expr());
        let mut theirs = Names::default();
        let _ = expr.unwrap_or_else(|error| panic!("{text}: {error}")).visit(&mut theirs);
        let sql = format!("ALTER TABLE t ADD CHECK ({text})");
        let statement = ddl::parse(&sql, Dialect::new(ServerVersion::new(11, 8, 6)));
        let operations = statement.operations();
        let [ddl::ast::Operation::AddCheck(check)] = operations[..] else { panic!("{sql}: {operations:?}") };
        let facts = &check.expr.facts;
        let sorted = |names: &mut Vec<String>| {
            names.sort();
            names.dedup();
        };
        let mut ours: Vec<String> = facts.columns.iter().map(|column| column.value.to_lowercase()).collect();
        let mut our_functions = facts.functions.clone();
        // A node of its own to sqlparser.
        our_functions.retain(|name| name != "cast");
        for names in [&mut theirs.0, &mut theirs.1, &mut ours, &mut our_functions] {
            sorted(names);
        }
        assert_eq!((ours, our_functions), (theirs.0, theirs.1), "{text}");
    }
}
