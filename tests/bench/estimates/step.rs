//! The statements, and the tables that they run on.

/// One statement, and how to get back behind it.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub name: &'static str,
    pub sql: &'static str,
    /// Statements that nobody measures; empty when the next step takes it from here.
    pub undo: &'static [&'static str],
    /// One of each kind of work: what is measured on tables so large that all steps would take an hour.
    pub large: bool,
}

const fn step(name: &'static str, sql: &'static str, undo: &'static [&'static str]) -> Step {
    Step { name, sql, undo, large: false }
}

const fn large(name: &'static str, sql: &'static str, undo: &'static [&'static str]) -> Step {
    Step { large: true, ..step(name, sql, undo) }
}

/// In this order, each from the table as the one before it left it.
pub const STEPS: &[Step] = &[
    large("instant-add-column", "ALTER TABLE {t} ADD COLUMN z INT", &[]),
    large("instant-drop-column", "ALTER TABLE {t} DROP COLUMN z", &[]),
    large("force", "ALTER TABLE {t} FORCE", &[]),
    step("add-index-int", "ALTER TABLE {t} ADD KEY k (k)", &[]),
    step("add-index-two-columns", "ALTER TABLE {t} ADD KEY nk (n, k)", &[]),
    large("add-index-varchar", "ALTER TABLE {t} ADD KEY n (n)", &[]),
    large("drop-index", "ALTER TABLE {t} DROP KEY n", &["ALTER TABLE {t} DROP KEY IF EXISTS k, DROP KEY IF EXISTS nk"]),
    step("add-unique", "ALTER TABLE {t} ADD UNIQUE u (u)", &["ALTER TABLE {t} DROP KEY u"]),
    step(
        "add-column-and-index",
        "ALTER TABLE {t} ADD COLUMN z INT, ADD KEY z (z)",
        &["ALTER TABLE {t} DROP KEY z", "ALTER TABLE {t} DROP COLUMN z"],
    ),
    step("not-null", "ALTER TABLE {t} MODIFY n VARCHAR(40) NOT NULL", &["ALTER TABLE {t} MODIFY n VARCHAR(40) NULL"]),
    large("int-to-bigint", "ALTER TABLE {t} MODIFY a BIGINT", &[]),
    step("bigint-to-int", "ALTER TABLE {t} MODIFY a INT", &[]),
    step("convert-charset", "ALTER TABLE {t} CONVERT TO CHARACTER SET utf8mb4", &[]),
    step("convert-charset-back", "ALTER TABLE {t} CONVERT TO CHARACTER SET latin1", &[]),
    step("partition-by-hash", "ALTER TABLE {t} PARTITION BY HASH (id) PARTITIONS 4", &[]),
    step("remove-partitioning", "ALTER TABLE {t} REMOVE PARTITIONING", &[]),
    step("optimize", "OPTIMIZE TABLE {t}", &[]),
    step(
        "add-foreign-key",
        "ALTER TABLE {t} ADD CONSTRAINT fk FOREIGN KEY (f) REFERENCES app.parent (id)",
        &["ALTER TABLE {t} DROP FOREIGN KEY fk, DROP KEY fk"],
    ),
    step("drop-stored-column", "ALTER TABLE {t} DROP COLUMN g", &[]),
    step("add-stored-column", "ALTER TABLE {t} ADD COLUMN g INT AS (a + 1) STORED", &[]),
    step(
        "add-fulltext",
        "ALTER TABLE {t} ADD FULLTEXT ft (v)",
        &["ALTER TABLE {t} DROP KEY ft", "ALTER TABLE {t} FORCE"],
    ),
];

/// The end of each table.
pub const LAST: Step = large("drop-table", "DROP TABLE {t}", &[]);

/// How wide the rows are: how often 40 characters of short words stand in each.
pub const WIDTHS: &[(&str, u64)] = &[("narrow", 0), ("normal", 2), ("wide", 10)];

/// The table, empty.
pub fn create(table: &str) -> String {
    format!(
        "CREATE TABLE {table} (id INT PRIMARY KEY, a INT, k INT, u INT NOT NULL, f INT, n VARCHAR(40), v VARCHAR(600), \
         g INT AS (a + 1) STORED, KEY a (a)) CHARACTER SET latin1"
    )
}

/// Bytes of a row with its index, about; what `--sizes` is turned into rows with.
pub const fn row_bytes(repeats: u64) -> u64 {
    85 + 46 * repeats
}

/// Rows from `from` on; the same on every node.
pub fn fill(table: &str, repeats: u64, from: u64, to: u64) -> String {
    let words = |n: u64| {
        let word = |at: u64| format!("SUBSTR(MD5(seq + {n}), {at}, 4)");
        [1, 5, 9, 13, 17, 21, 25, 29].map(word).join(", ")
    };
    let text = match repeats {
        0 => "'short'".to_owned(),
        _ => format!("CONCAT_WS(' ', {})", (0..repeats).map(words).collect::<Vec<_>>().join(", ")),
    };
    format!(
        "INSERT INTO {table} (id, a, k, u, f, n, v) SELECT seq, seq * 7919 % 1000003, CRC32(seq) % 1000000007, \
         2000000000 - seq, seq % 100 + 1, MD5(seq * 31), {text} FROM seq_{from}_to_{to}"
    )
}
