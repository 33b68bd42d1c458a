//! Time in proportion to the text: nobody waits for a generated migration or a dump, and no file stops a pipeline.

use std::fmt::Write;
use std::time::{Duration, Instant};

use galera_schema::lint::{Context, LintedFile};
use galera_schema::report::lint::{human, json};

use super::findings;

/// Four times the text may take this much longer. In proportion it is 4, and 16 where time grows with the square.
const MOST: f64 = 9.0;

/// `head`, what `piece` makes of each number, and `tail`.
fn text(head: &str, pieces: usize, piece: &dyn Fn(usize) -> String, tail: &str) -> String {
    let mut text = head.to_owned();
    for number in 0..pieces {
        write!(text, "{}", piece(number)).unwrap();
    }
    text + tail
}

fn time(text: &str) -> Duration {
    let begin = Instant::now();
    let findings = findings("V1__x.sql", text, &Context::default());
    let (path, key) = ("V1__x.sql".to_owned(), "V1__x.sql".to_owned());
    let linted = [LintedFile { path, key, text: text.to_owned(), findings }];
    assert!(!human(&linted).is_empty() && !json(&linted).is_empty());
    begin.elapsed()
}

/// The shortest times of both. Other work on the machine only adds, so what is too slow is looked at again.
fn times(short: &str, long: &str) -> (Duration, Duration) {
    let mut least = (time(short), time(long));
    for _ in 0..10 {
        if least.1 <= least.0.mul_f64(MOST) {
            break;
        }
        least = (least.0.min(time(short)), least.1.min(time(long)));
    }
    least
}

#[test]
fn four_times_the_text_takes_four_times_as_long() {
    type Piece = &'static dyn Fn(usize) -> String;
    let all: &[(&str, usize, &str, Piece, &str)] = &[
        ("statements", 1000, "", &|n| format!("INSERT INTO t (a) VALUES ({n});\n"), ""),
        ("statements on one line", 300, "", &|n| format!("ALTER TABLE t{n} DROP COLUMN a; "), ""),
        ("tables", 200, "", &|n| format!("CREATE TABLE t{n} (a INT);\nDROP TABLE u{n};\n"), ""),
        ("renames", 300, "", &|n| format!("RENAME TABLE t{n} TO u{n};\n"), ""),
        ("one table again and again", 300, "", &|_| "CREATE TABLE t (a INT); DROP TABLE t;\n".to_owned(), ""),
        ("triggers", 300, "", &|n| format!("CREATE TRIGGER t{n} BEFORE INSERT ON t FOR EACH ROW SET @a = 1;\n"), ""),
        ("rebuilds", 100, "", &|n| format!("ALTER TABLE t{} FORCE;\n", n / 2), ""),
        ("keys", 100, "", &|n| format!("ALTER TABLE t{n} ADD FOREIGN KEY (a) REFERENCES u (a);\n"), ""),
        ("ignores", 200, "", &|n| format!("-- schema: ignore[drop-column] x\nALTER TABLE t{n} DROP COLUMN a;\n"), ""),
        ("columns", 100, "ALTER TABLE t FORCE", &|n| format!(", ADD COLUMN c{n} INT"), ""),
        ("added keys", 100, "ALTER TABLE t FORCE", &|n| format!(", ADD UNIQUE (c{n})"), ""),
        ("comments in a string", 1000, "INSERT INTO t (a) VALUES ('", &|_| "/*!99999 ".to_owned(), "')"),
        ("modes", 500, "SET sql_mode=", &|_| "(sql_mode=".to_owned(), "1"),
        ("functions", 1000, "ALTER TABLE t ADD CHECK (1", &|n| format!(" + f{n}()"), ")"),
        ("foreign keys", 100, "ALTER TABLE t FORCE", &|n| format!(", ADD FOREIGN KEY (c{n}) REFERENCES u (a)"), ""),
    ];
    let slow: Vec<String> = all
        .iter()
        .filter_map(|(what, pieces, head, piece, tail)| {
            let (short, long) = (text(head, *pieces, piece, tail), text(head, 4 * pieces, piece, tail));
            let (short, long) = times(&short, &long);
            (long > short.mul_f64(MOST)).then(|| format!("{what}: {short:?}, and {long:?} for four times as much"))
        })
        .collect();
    assert!(slow.is_empty(), "{}", slow.join("\n"));
}
