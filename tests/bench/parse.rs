//! How fast a file of DDL is split and parsed, and that hostile text takes time in proportion to its length.
//!
//! `cargo bench --bench parse`. Figures are in `docs/sql.md`.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use galera_schema::ddl;
use galera_schema::ddl::model::Catalog;
use galera_schema::plan::{Text, draft};
use galera_schema::sql::{self, Dialect, ServerVersion};

const MEBIBYTE: usize = 1 << 20;

fn dialect() -> Dialect {
    Dialect::new(ServerVersion::new(11, 8, 6))
}

/// DDL as migrations and dumps have it, repeated up to a size.
fn file(bytes: usize) -> String {
    let corpus = include_str!("../../fixtures/sql/corpus.txt");
    let statements = corpus.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.splitn(3, '|').nth(2));
    let table = "CREATE TABLE `orders` (\n  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,\n  `customer_id` int(11) \
                 NOT NULL,\n  `state` enum('new','paid','sent') NOT NULL DEFAULT 'new',\n  `total` decimal(10,2) NOT \
                 NULL DEFAULT 0.00 COMMENT 'with tax',\n  `created` timestamp NOT NULL DEFAULT current_timestamp(),\n  \
                 PRIMARY KEY (`id`),\n  KEY `customer` (`customer_id`,`created`),\n  CONSTRAINT `c` FOREIGN KEY \
                 (`customer_id`) REFERENCES `customers` (`id`) ON DELETE CASCADE\n) ENGINE=InnoDB DEFAULT \
                 CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci";
    let mut unit = String::new();
    for (number, statement) in statements.enumerate() {
        // A statement with a line comment at its end keeps its delimiter outside.
        unit.push_str(statement);
        unit.push_str("\n;\n");
        if number % 4 == 0 {
            unit.push_str(table);
            unit.push_str(";\n\n-- a comment between statements\n");
        }
    }
    let mut text = String::with_capacity(bytes + unit.len());
    while text.len() < bytes {
        text.push_str(&unit);
    }
    text
}

fn read(text: &str) -> usize {
    let script = sql::split(text, &dialect());
    script.statements().map(|statement| ddl::parse(statement.text, statement.dialect).objects.len()).sum()
}

/// The most memory that this process ever had, in MiB.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kilobytes| kilobytes / 1024)
}

fn throughput(criterion: &mut Criterion) {
    let text = file(100 * MEBIBYTE);
    read(&text);
    if let Some(peak) = peak_memory() {
        println!("{} MiB of text held, split and parsed: {peak} MiB of memory at most", text.len() / MEBIBYTE);
    }
    let mut group = criterion.benchmark_group("100 MiB of DDL");
    group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(10);
    group.bench_function("split", |bencher| {
        bencher.iter(|| sql::split(black_box(&text), &dialect()).statements().count());
    });
    group.bench_function("split and parse", |bencher| bencher.iter(|| read(black_box(&text))));
    group.finish();
}

/// Makes a text of so many parts.
type Scaled = Box<dyn Fn(usize) -> String>;

/// Texts that make a careless reader slow. Throughput must not fall when the text is ten times as long.
fn hostile(criterion: &mut Criterion) {
    let clauses = |count: usize| format!("ALTER TABLE t {}", vec!["ADD COLUMN c INT DEFAULT (1)"; count].join(","));
    let cases: Vec<(&str, Scaled)> = vec![
        ("clauses", Box::new(move |scale| clauses(scale * 10_000))),
        (
            "deep parentheses",
            Box::new(|scale| {
                let depth = scale * 100_000;
                format!("ALTER TABLE t ADD CHECK ({}1{})", "(".repeat(depth), ")".repeat(depth))
            }),
        ),
        (
            "parentheses that nothing closes",
            Box::new(|scale| {
                format!("ALTER TABLE t {}", vec!["ADD COLUMN c INT DEFAULT (1"; scale * 10_000].join(","))
            }),
        ),
        (
            "an unclosed quote",
            Box::new(|scale| format!("ALTER TABLE t COMMENT '{}", "a; ''b ".repeat(scale * 100_000))),
        ),
        ("unclosed comments", Box::new(|scale| "/*! a /*".repeat(scale * 100_000))),
        ("unclosed blocks", Box::new(|scale| "CREATE PROCEDURE p() BEGIN IF a THEN b; ".repeat(scale * 10_000))),
        ("one line", Box::new(|scale| "DROP TABLE a; ".repeat(scale * 10_000))),
        ("one statement", Box::new(|scale| format!("CREATE TABLE t ({})", "c INT NOT NULL,".repeat(scale * 50_000)))),
    ];
    let mut group = criterion.benchmark_group("hostile");
    group.sample_size(10);
    for (name, text) in cases {
        for scale in [1, 10] {
            let text = text(scale);
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_function(format!("{name} x{scale}"), |bencher| bencher.iter(|| read(black_box(&text))));
        }
    }
    group.finish();
}

/// A dump of 5,000 tables is read, and 2,000 statements are judged on it, each on what the ones before leave behind.
fn plan(criterion: &mut Criterion) {
    let columns: String = (0..20).map(|number| format!("  `c{number}` varchar(100) DEFAULT NULL,\n")).collect();
    let dump: String = (0..5_000)
        .map(|number| {
            format!(
                "CREATE TABLE `t{number}` (\n  `id` bigint(20) NOT NULL AUTO_INCREMENT,\n{columns}  PRIMARY KEY (`id`),\n  \
                 KEY `c1` (`c1`),\n  UNIQUE KEY `c2` (`c2`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 \
                 COLLATE=utf8mb4_unicode_ci;\n"
            )
        })
        .collect();
    let statements: String = (0..2_000)
        .map(|number| {
            let table = number % 500;
            match number % 4 {
                0 => format!("ALTER TABLE t{table} ADD COLUMN n{number} INT NOT NULL DEFAULT 0;\n"),
                1 => format!("CREATE INDEX i{number} ON t{table} (c3, c4);\n"),
                2 => format!("ALTER TABLE t{table} MODIFY c5 VARCHAR(200), DROP COLUMN IF EXISTS c6;\n"),
                _ => format!("ALTER TABLE t{table} RENAME COLUMN IF EXISTS c7 TO d7;\n"),
            }
        })
        .collect();
    let profile = ddl::ServerProfile::of(dialect().version);
    let mut group = criterion.benchmark_group("plan");
    group.sample_size(10);
    group.bench_function("read a dump of 5000 tables", |bencher| {
        bencher.iter(|| Catalog::from_dump(black_box(&dump), profile.settings.clone()));
    });
    group.bench_function("2000 statements on 5000 tables", |bencher| {
        bencher.iter(|| {
            let mut catalog = Catalog::from_dump(black_box(&dump), profile.settings.clone());
            let texts = [Text { name: "m.sql".to_owned(), bytes: statements.clone().into_bytes() }];
            draft(&texts, None, &mut catalog, &profile).map(|drafts| drafts.len())
        });
    });
    group.finish();
}

criterion_group!(benches, throughput, hostile, plan);
criterion_main!(benches);
