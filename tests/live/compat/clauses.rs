//! Clauses other than a column's type: columns that come, go and move, keys, constraints, partitions, options.

use super::lab::Outcome::{self, Differ, Lost, Same, Stuck};
use super::lab::{Direction, Experiment};

/// A clause and what is written beside the ordinary rows.
#[derive(Clone, Copy)]
struct Case {
    table: Base,
    clauses: &'static str,
    old: &'static [&'static str],
    new: &'static [&'static str],
    window: bool,
    image: Option<&'static str>,
    broken: bool,
    daily: bool,
    /// A changed node cannot write the ordinary rows.
    from_old: bool,
    expected: [Outcome; 2],
    /// Since 11.8, where that is different.
    since_11_8: Option<[Outcome; 2]>,
}

/// The tables of the cases: what makes them, and what is written on either side whatever the case is.
#[derive(Clone, Copy)]
struct Base {
    setup: &'static [&'static str],
    rows: &'static [&'static str],
}

/// A table with a key of each kind.
const PLAIN: Base = Base {
    setup: &[
        "CREATE TABLE $t (id INT NOT NULL PRIMARY KEY, a INT, b VARCHAR(20), n INT NOT NULL DEFAULT 0, u INT, g INT, m INT, \
         d DATETIME, x INT, y INT, z INT, UNIQUE KEY uu (u), KEY ka (a), CONSTRAINT ck CHECK (n >= 0)) \
         ENGINE=InnoDB DEFAULT CHARSET=latin1",
        "INSERT INTO $t (id, a, b, n, u, g, m, x, y, z) SELECT seq, seq, CONCAT('b', seq), seq, seq, seq, seq, seq, -seq, seq \
         FROM seq_1_to_9",
    ],
    rows: &[
        "INSERT INTO $t (id, a, n, u) VALUES (100, 1, 1, 100), (101, 2, 2, 101), (102, NULL, 3, NULL)",
        "UPDATE $t SET n = n + 10, a = a + 1 WHERE id IN (1, 100)",
        "UPDATE $t SET id = 103, u = 103 WHERE id = 2",
        "REPLACE INTO $t (id, a, n, u) VALUES (4, 9, 9, 4)",
        "INSERT INTO $t (id, n) VALUES (5, 1) ON DUPLICATE KEY UPDATE n = n + 1",
        "DELETE FROM $t WHERE id IN (3, 101)",
    ],
};

/// The same table, and rows that keep to any key on `id` and `n`.
const ORDERLY: Base = Base {
    rows: &[PLAIN.rows[0], "UPDATE $t SET a = a + 1, n = n + 50 WHERE id IN (1, 100)", PLAIN.rows[2], PLAIN.rows[5]],
    ..PLAIN
};

/// Without a primary key.
const KEYLESS: Base = Base {
    setup: &[
        "CREATE TABLE $t (id INT NOT NULL, a INT, b VARCHAR(20), z INT, KEY ki (id)) ENGINE=InnoDB DEFAULT CHARSET=latin1",
        "INSERT INTO $t SELECT seq, seq, CONCAT('b', seq), seq FROM seq_1_to_9",
        "INSERT INTO $t SELECT 20 + seq, 1, 'twin', 1 FROM seq_1_to_2",
    ],
    rows: &[
        "INSERT INTO $t (id, a) VALUES (100, 1), (101, 2)",
        "UPDATE $t SET a = a + 1 WHERE id IN (1, 100)",
        "UPDATE $t SET a = 5 WHERE b = 'twin' LIMIT 1",
        "DELETE FROM $t WHERE id IN (3, 101)",
    ],
};

/// Without a primary key, and with a unique one that InnoDB clusters by.
const UNIQUE_ONLY: Base = Base {
    setup: &[
        "CREATE TABLE $t (id INT NOT NULL, a INT, b VARCHAR(20), z INT, UNIQUE KEY ui (id)) ENGINE=InnoDB DEFAULT CHARSET=latin1",
        "INSERT INTO $t SELECT seq, seq, CONCAT('b', seq), seq FROM seq_1_to_9",
    ],
    rows: KEYLESS.rows,
};

/// A unique key over letters, under a collation.
macro_rules! letters {
    ($name:ident, $collation:literal) => {
        const $name: Base = Base {
            setup: &[
                concat!(
                    "CREATE TABLE $t (id INT NOT NULL PRIMARY KEY, a INT, b VARCHAR(20) COLLATE ",
                    $collation,
                    ", z INT NOT NULL DEFAULT 0, UNIQUE KEY ub (b), UNIQUE KEY uz (z)) ENGINE=InnoDB DEFAULT CHARSET=latin1"
                ),
                "INSERT INTO $t SELECT seq, seq, CONCAT('b', seq), seq FROM seq_1_to_9",
            ],
            rows: &["UPDATE $t SET b = 'w', a = a + 1 WHERE id = 1", "DELETE FROM $t WHERE id = 3"],
        };
    };
}
letters!(LETTERS, "latin1_swedish_ci");
letters!(BYTES, "latin1_bin");

/// A primary key of several columns, by which partitions are made.
const PAIRS: Base = Base {
    setup: &[
        "CREATE TABLE $t (id INT NOT NULL, a INT NOT NULL, b INT NOT NULL, PRIMARY KEY (id, a, b)) ENGINE=InnoDB",
        "INSERT INTO $t SELECT seq, seq, seq FROM seq_1_to_9",
    ],
    rows: &["INSERT INTO $t VALUES (100, 1, 1)", "UPDATE $t SET b = 7 WHERE id = 1", "DELETE FROM $t WHERE id = 3"],
};

/// A parent and a child without a foreign key.
const FAMILY: Base = Base {
    setup: &[
        "CREATE TABLE $p (id INT NOT NULL PRIMARY KEY, v INT) ENGINE=InnoDB",
        "INSERT INTO $p SELECT seq, seq FROM seq_1_to_9",
        "CREATE TABLE $t (id INT NOT NULL PRIMARY KEY, p INT, n INT NOT NULL DEFAULT 0, KEY kp (p)) ENGINE=InnoDB",
        "INSERT INTO $t SELECT seq, seq, seq FROM seq_1_to_8",
    ],
    rows: &[
        "INSERT INTO $p VALUES (50, 1)",
        "INSERT INTO $t (id, p) VALUES (100, 50), (101, 2), (102, NULL)",
        "UPDATE $t SET p = 9, n = n + 1 WHERE id IN (1, 100)",
        "UPDATE $p SET v = v + 1 WHERE id = 3",
        "DELETE FROM $t WHERE id IN (3, 101)",
    ],
};

macro_rules! family_with {
    ($name:ident, $action:literal) => {
        const $name: Base = Base {
            setup: &[
                FAMILY.setup[0],
                FAMILY.setup[1],
                concat!(
                    "CREATE TABLE $t (id INT NOT NULL PRIMARY KEY, p INT, n INT NOT NULL DEFAULT 0, KEY kp (p), \
                     CONSTRAINT `fk$t` FOREIGN KEY (p) REFERENCES $p (id) ",
                    $action,
                    ") ENGINE=InnoDB"
                ),
                FAMILY.setup[3],
            ],
            ..FAMILY
        };
    };
}
family_with!(RESTRICTED, "");
family_with!(CASCADING, "ON DELETE CASCADE ON UPDATE CASCADE");
family_with!(NULLING, "ON DELETE SET NULL ON UPDATE SET NULL");

/// Partitions by range, without one for the rest.
const RANGES: Base = Base {
    setup: &[
        "CREATE TABLE $t (id INT NOT NULL PRIMARY KEY, a INT, z INT) ENGINE=InnoDB \
         PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (1000))",
        "INSERT INTO $t SELECT seq, seq, seq FROM seq_1_to_19",
    ],
    rows: &[
        "INSERT INTO $t (id, a) VALUES (100, 1), (101, 2)",
        "UPDATE $t SET a = a + 1 WHERE id IN (15, 100)",
        "UPDATE $t SET id = 110 WHERE id = 16",
        "DELETE FROM $t WHERE id IN (17, 101)",
    ],
};

/// Partitions by hash.
const HASHED: Base = Base {
    setup: &[
        "CREATE TABLE $t (id INT NOT NULL PRIMARY KEY, a INT, z INT) ENGINE=InnoDB PARTITION BY HASH (id) PARTITIONS 4",
        RANGES.setup[1],
    ],
    ..RANGES
};

/// The same rows without partitions.
const WHOLE: Base = Base {
    setup: &["CREATE TABLE $t (id INT NOT NULL PRIMARY KEY, a INT, z INT) ENGINE=InnoDB", RANGES.setup[1]],
    ..RANGES
};

/// Versioned by the system.
const VERSIONED: Base = Base {
    setup: &[
        "CREATE TABLE $t (id INT NOT NULL PRIMARY KEY, a INT, z INT) ENGINE=InnoDB WITH SYSTEM VERSIONING",
        RANGES.setup[1],
    ],
    ..RANGES
};

/// With generated columns and a period.
const RICH: Base = Base {
    setup: &[
        "CREATE TABLE $t (id INT NOT NULL PRIMARY KEY, a INT, v INT AS (a + 1) VIRTUAL, s INT AS (a + 2) STORED, b TEXT, \
         c VARCHAR(20), p1 DATE NOT NULL DEFAULT '2020-01-01', p2 DATE NOT NULL DEFAULT '2021-01-01', z INT) ENGINE=InnoDB",
        "INSERT INTO $t (id, a, b, c, z) SELECT seq, seq, CONCAT('b', seq), 'c', seq FROM seq_1_to_9",
    ],
    rows: &[
        "INSERT INTO $t (id, a) VALUES (100, 1), (101, 2)",
        "UPDATE $t SET a = a + 1 WHERE id IN (1, 100)",
        "DELETE FROM $t WHERE id IN (3, 101)",
    ],
};

const fn kept(table: Base, clauses: &'static str) -> Case {
    Case {
        table,
        clauses,
        old: &[],
        new: &[],
        window: false,
        image: None,
        broken: false,
        daily: false,
        from_old: false,
        expected: [Same, Same],
        since_11_8: None,
    }
}

const fn broken(table: Base, clauses: &'static str, old_to_new: Outcome, new_to_old: Outcome) -> Case {
    Case { broken: true, expected: [old_to_new, new_to_old], ..kept(table, clauses) }
}

impl Case {
    const fn on_old(self, old: &'static [&'static str]) -> Self {
        Self { old, ..self }
    }

    const fn on_new(self, new: &'static [&'static str]) -> Self {
        Self { new, ..self }
    }

    const fn window(self) -> Self {
        Self { window: true, ..self }
    }

    const fn image(self, image: &'static str) -> Self {
        Self { image: Some(image), ..self }
    }

    const fn one_way(self) -> Self {
        Self { from_old: true, ..self }
    }

    const fn since_11_8(self, old_to_new: Outcome, new_to_old: Outcome) -> Self {
        Self { since_11_8: Some([old_to_new, new_to_old]), ..self }
    }

    const fn daily(self) -> Self {
        Self { daily: true, ..self }
    }
}

/// The experiments of all clauses.
pub fn experiments() -> Vec<Experiment> {
    let owned = |texts: &[&str]| -> Vec<String> { texts.iter().map(|text| (*text).to_owned()).collect() };
    CASES
        .iter()
        .map(|case| {
            let rows = |own: &[&str]| {
                let mut rows = owned(case.table.rows);
                rows.extend(owned(own));
                rows
            };
            let alter = if case.clauses.starts_with("CREATE") || case.clauses.starts_with("DROP INDEX") {
                case.clauses.to_owned()
            } else {
                format!("ALTER TABLE $t {}", case.clauses)
            };
            Experiment {
                setup: owned(case.table.setup).into_iter().map(|sql| sql.replace("`fk$t`", "fk")).collect(),
                alter,
                old: rows(case.old),
                new: rows(case.new),
                window: case.window,
                image: case.image,
                broken: case.broken,
                daily: case.daily,
                one_way: case.from_old.then_some(Direction::OldToNew),
                expected: case.expected,
                expected_since_11_8: case.since_11_8,
            }
        })
        .collect()
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    // Columns that come.
    kept(PLAIN, "ADD COLUMN q INT").daily(),
    broken(PLAIN, "ADD COLUMN q INT", Same, Differ).on_new(&["UPDATE $t SET q = 9 WHERE id = 8"]).daily(),
    kept(PLAIN, "ADD COLUMN q INT NOT NULL").one_way(),
    kept(PLAIN, "ADD COLUMN q TEXT NOT NULL").one_way(),
    kept(PLAIN, "ADD COLUMN q VARCHAR(10) NOT NULL DEFAULT 'abc'"),
    kept(PLAIN, "ADD COLUMN q INT DEFAULT 5, ADD COLUMN r INT"),
    kept(PLAIN, "ADD COLUMN q INT DEFAULT (1 + 2)"),
    broken(PLAIN, "ADD COLUMN q INT DEFAULT (n + 1)", Differ, Differ),
    broken(PLAIN, "ADD COLUMN q TEXT DEFAULT 'abc'", Differ, Same).since_11_8(Same, Same),
    broken(PLAIN, "ADD COLUMN q BLOB NOT NULL DEFAULT 'abc'", Differ, Same).since_11_8(Same, Same),
    kept(PLAIN, "ADD COLUMN q VARCHAR(2000) CHARACTER SET utf8mb4 DEFAULT 'abc'"),
    kept(PLAIN, "ADD COLUMN q VARCHAR(20) COMPRESSED DEFAULT 'abc'"),
    kept(PLAIN, "ADD COLUMN q VARCHAR(20) DEFAULT (CONCAT('a', 'b'))"),
    kept(PLAIN, "ADD COLUMN q UUID"),
    kept(PLAIN, "ADD COLUMN q INET6 DEFAULT '::1'"),
    kept(PLAIN, "ADD COLUMN q BIT(4) NOT NULL DEFAULT b'11'"),
    kept(PLAIN, "ADD COLUMN q DATE NOT NULL DEFAULT '2020-01-01'"),
    kept(PLAIN, "ADD COLUMN q GEOMETRY"),
    kept(PLAIN, "ADD COLUMN q TIMESTAMP NULL"),
    kept(PLAIN, "ADD COLUMN q ENUM('a','b') NOT NULL"),
    kept(PLAIN, "ADD COLUMN q JSON"),
    kept(PLAIN, "ADD COLUMN q INT INVISIBLE"),
    kept(PLAIN, "ADD COLUMN q BLOB COMPRESSED"),
    kept(PLAIN, "ADD COLUMN q INT CHECK (q > 5)"),
    kept(PLAIN, "ADD COLUMN q INT UNIQUE"),
    broken(PLAIN, "ADD COLUMN q INT NOT NULL DEFAULT 3 CHECK (q > 5)", Same, Same).one_way(),
    broken(PLAIN, "ADD COLUMN q TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)", Differ, Differ),
    broken(PLAIN, "ADD COLUMN q DATETIME(6) DEFAULT NOW(6)", Differ, Differ).daily(),
    broken(PLAIN, "ADD COLUMN q DATETIME(6) NULL ON UPDATE NOW(6)", Same, Differ),
    broken(PLAIN, "ADD COLUMN q VARCHAR(36) DEFAULT uuid()", Differ, Differ),
    broken(PLAIN, "ADD COLUMN q INT NOT NULL AUTO_INCREMENT UNIQUE", Differ, Differ),
    kept(PLAIN, "ADD COLUMN v INT AS (n + 1) VIRTUAL").daily(),
    kept(PLAIN, "ADD COLUMN v INT AS (n + 1) VIRTUAL, ADD KEY kv (v)"),
    kept(PLAIN, "ADD COLUMN st INT AS (n + 1) STORED"),
    kept(RICH, "ADD COLUMN st INT AS (a * 1000 + id) STORED UNIQUE"),
    broken(RICH, "ADD COLUMN st INT AS (a) STORED UNIQUE", Lost, Lost).one_way(),
    kept(PLAIN, "ADD COLUMN v INT AS (n + 1) INVISIBLE"),
    broken(PLAIN, "ADD COLUMN v INT AS (n + 1) VIRTUAL AFTER id", Lost, Lost),
    broken(PLAIN, "ADD COLUMN st INT AS (n + 1) STORED FIRST", Lost, Lost),
    broken(PLAIN, "ADD COLUMN q VARCHAR(9) AFTER id", Lost, Lost).daily(),
    broken(PLAIN, "ADD COLUMN q INT FIRST", Lost, Lost),
    broken(PLAIN, "ADD COLUMN q INT AFTER y", Differ, Differ).daily(),
    kept(PLAIN, "ADD COLUMN q INT AFTER z"),
    broken(RICH, "ADD COLUMN q INT AFTER a", Lost, Lost),
    kept(RICH, "ADD COLUMN q INT"),
    broken(VERSIONED, "ADD COLUMN q INT", Lost, Lost),
    kept(KEYLESS, "ADD COLUMN q INT"),
    broken(KEYLESS, "ADD COLUMN q INT", Same, Differ).on_new(&["UPDATE $t SET q = 9 WHERE id = 8"]),
    broken(KEYLESS, "ADD COLUMN q INT NOT NULL AUTO_INCREMENT PRIMARY KEY", Lost, Differ),
    // Columns that go, move, and get another name.
    kept(PLAIN, "DROP COLUMN z").daily(),
    kept(PLAIN, "DROP COLUMN y, DROP COLUMN z"),
    broken(PLAIN, "DROP COLUMN z", Same, Same).on_old(&["INSERT INTO $t (id, n, z) VALUES (200, 1, 77)"]).on_new(&["UPDATE $t SET n = 1 WHERE id = 9"]),
    broken(PLAIN, "DROP COLUMN b", Lost, Lost),
    broken(PLAIN, "DROP COLUMN x", Differ, Differ),
    broken(PLAIN, "DROP COLUMN y, ADD COLUMN q INT", Differ, Differ),
    broken(PLAIN, "DROP COLUMN z, ADD COLUMN q INT", Differ, Same),
    broken(RICH, "DROP COLUMN v", Lost, Lost),
    kept(RICH, "DROP COLUMN z"),
    broken(VERSIONED, "DROP COLUMN z", Lost, Lost),
    kept(PLAIN, "CHANGE g gg INT"),
    kept(PLAIN, "RENAME COLUMN m TO mm, RENAME COLUMN g TO gg"),
    broken(PLAIN, "RENAME COLUMN x TO y, RENAME COLUMN y TO x", Differ, Differ),
    kept(PLAIN, "CHANGE g gg BIGINT").window(),
    broken(PLAIN, "MODIFY y INT AFTER a", Lost, Lost),
    broken(PLAIN, "MODIFY x INT AFTER y", Differ, Differ),
    broken(PLAIN, "MODIFY z INT FIRST", Lost, Lost),
    kept(PLAIN, "MODIFY z INT AFTER y"),
    broken(PLAIN, "CHANGE x y INT, CHANGE y x INT", Differ, Differ),
    kept(PLAIN, "MODIFY n INT NOT NULL DEFAULT 3, MODIFY g INT COMMENT 'x', ADD KEY kg (g)"),
    kept(PLAIN, "ALTER COLUMN n SET DEFAULT 5"),
    kept(PLAIN, "ALTER COLUMN n DROP DEFAULT"),
    // Keys.
    kept(PLAIN, "ADD KEY k1 (n)").daily(),
    kept(PLAIN, "DROP KEY ka"),
    kept(PLAIN, "RENAME KEY ka TO kb"),
    kept(PLAIN, "RENAME KEY uu TO uv"),
    kept(PLAIN, "ALTER KEY ka IGNORED"),
    kept(PLAIN, "DROP KEY ka, ADD KEY ka (a, n)"),
    kept(PLAIN, "ADD FULLTEXT KEY f1 (b)"),
    kept(RICH, "ADD FULLTEXT KEY f1 (b), ADD KEY kv (v)"),
    kept(PLAIN, "CREATE INDEX k1 ON $t (n DESC, b(5))"),
    kept(PLAIN, "CREATE UNIQUE INDEX k1 ON $t (g)"),
    kept(PLAIN, "DROP INDEX uu ON $t"),
    kept(PLAIN, "ADD UNIQUE KEY u2 (g)").on_old(&["UPDATE $t SET g = 1000 WHERE id = 9"]).daily(),
    broken(PLAIN, "ADD UNIQUE KEY u2 (g)", Lost, Same).on_old(&["UPDATE $t SET g = 8 WHERE id = 7"]).daily(),
    kept(ORDERLY, "ADD UNIQUE KEY u2 (id, a)"),
    kept(PLAIN, "ADD UNIQUE KEY u2 (b, n)"),
    kept(RICH, "ADD UNIQUE KEY ub (b)").on_old(&["UPDATE $t SET b = 'new' WHERE id = 5"]),
    broken(RICH, "ADD UNIQUE KEY ub (b)", Lost, Same).on_old(&["UPDATE $t SET b = 'b5' WHERE id = 6"]),
    kept(PLAIN, "DROP KEY uu"),
    broken(PLAIN, "DROP KEY uu", Same, Lost).on_new(&["UPDATE $t SET u = 8 WHERE id = 7"]),
    kept(PLAIN, "DROP KEY uu, ADD UNIQUE KEY uu (u, id)"),
    kept(ORDERLY, "DROP PRIMARY KEY, ADD PRIMARY KEY (id, n)").daily(),
    kept(ORDERLY, "DROP PRIMARY KEY, ADD PRIMARY KEY (n, id)"),
    kept(ORDERLY, "DROP PRIMARY KEY"),
    broken(ORDERLY, "DROP PRIMARY KEY", Same, Lost).on_new(&["INSERT INTO $t (id, n) VALUES (8, 8)"]),
    kept(ORDERLY, "DROP PRIMARY KEY, ADD KEY ki (id)"),
    kept(KEYLESS, "ADD PRIMARY KEY (id)").daily(),
    broken(KEYLESS, "ADD PRIMARY KEY (id)", Lost, Same).on_old(&["INSERT INTO $t (id, a) VALUES (5, 5)"]),
    kept(KEYLESS, "ADD UNIQUE KEY u1 (id)"),
    kept(KEYLESS, "DROP KEY ki"),
    broken(KEYLESS, "DROP COLUMN z", Same, Lost),
    broken(KEYLESS, "DROP COLUMN z, ADD COLUMN q INT", Lost, Lost),
    kept(UNIQUE_ONLY, "DROP COLUMN z"),
    kept(KEYLESS, "ADD COLUMN q INT NOT NULL DEFAULT 5"),
    broken(KEYLESS, "ADD COLUMN q INT AS (a + 1) VIRTUAL", Lost, Same).since_11_8(Same, Same),
    kept(KEYLESS, "ADD COLUMN q INT AS (a + 1) STORED"),
    kept(KEYLESS, "CHANGE z zz INT"),
    kept(KEYLESS, "MODIFY b VARCHAR(20) CHARACTER SET utf8mb4").window(),
    kept(KEYLESS, "MODIFY z INT NOT NULL DEFAULT 0").on_old(&["UPDATE $t SET z = 0 WHERE z IS NULL"]),
    kept(KEYLESS, "ADD KEY kz (z)"),
    kept(KEYLESS, "MODIFY a BIGINT").window(),
    kept(UNIQUE_ONLY, "DROP KEY ui").on_old(&[]),
    kept(UNIQUE_ONLY, "ADD PRIMARY KEY (id)"),
    kept(UNIQUE_ONLY, "MODIFY id INT NULL"),
    kept(ORDERLY, "MODIFY id BIGINT NOT NULL").window(),
    kept(PLAIN, "MODIFY u BIGINT").window(),
    kept(ORDERLY, "MODIFY id INT NOT NULL AUTO_INCREMENT"),
    kept(PLAIN, "MODIFY b VARCHAR(20) COLLATE latin1_bin, ADD UNIQUE KEY ub (b, id)"),
    kept(LETTERS, "MODIFY b VARCHAR(20) COLLATE latin1_bin"),
    broken(LETTERS, "MODIFY b VARCHAR(20) COLLATE latin1_bin", Same, Lost).on_new(&["UPDATE $t SET b = 'B5' WHERE id = 6"]),
    kept(BYTES, "MODIFY b VARCHAR(20) COLLATE latin1_swedish_ci"),
    broken(BYTES, "MODIFY b VARCHAR(20) COLLATE latin1_swedish_ci", Lost, Same).on_old(&["UPDATE $t SET b = 'B5' WHERE id = 6"]),
    broken(LETTERS, "DROP COLUMN z", Same, Lost).on_new(&["INSERT INTO $t (id, a) VALUES (201, 1), (202, 2)"]),
    kept(PAIRS, "PARTITION BY RANGE COLUMNS (a, b) (PARTITION p0 VALUES LESS THAN (10, MAXVALUE))"),
    broken(PAIRS, "PARTITION BY RANGE COLUMNS (a, b) (PARTITION p0 VALUES LESS THAN (10, MAXVALUE))", Lost, Same)
        .on_old(&["INSERT INTO $t VALUES (500, 50, 1)"]),
    // Foreign keys.
    kept(FAMILY, "ADD CONSTRAINT fk FOREIGN KEY (p) REFERENCES $p (id)").daily(),
    broken(FAMILY, "ADD CONSTRAINT fk FOREIGN KEY (p) REFERENCES $p (id)", Lost, Same).on_old(&["INSERT INTO $t (id, p) VALUES (200, 77)"]),
    broken(FAMILY, "ADD CONSTRAINT fk FOREIGN KEY (p) REFERENCES $p (id)", Lost, Same).on_old(&["DELETE FROM $p WHERE id = 5"]),
    kept(FAMILY, "ADD CONSTRAINT fk FOREIGN KEY (p) REFERENCES $p (id) ON DELETE CASCADE"),
    broken(FAMILY, "ADD CONSTRAINT fk FOREIGN KEY (p) REFERENCES $p (id) ON DELETE CASCADE", Stuck, Stuck).on_old(&["DELETE FROM $p WHERE id = 5"]).on_new(&["DELETE FROM $p WHERE id = 5"]),
    broken(FAMILY, "ADD CONSTRAINT fk FOREIGN KEY (p) REFERENCES $p (id) ON DELETE SET NULL", Stuck, Stuck).on_old(&["DELETE FROM $p WHERE id = 5"]).on_new(&["DELETE FROM $p WHERE id = 5"]),
    broken(FAMILY, "ADD CONSTRAINT fk FOREIGN KEY (p) REFERENCES $p (id) ON UPDATE CASCADE", Stuck, Stuck).on_old(&["UPDATE $p SET id = 60 WHERE id = 5"]).on_new(&["UPDATE $p SET id = 60 WHERE id = 5"]),
    kept(FAMILY, "ADD CONSTRAINT fk FOREIGN KEY (p) REFERENCES $p (id) ON UPDATE CASCADE"),
    kept(FAMILY, "ADD CONSTRAINT fk FOREIGN KEY (p) REFERENCES $p (id) ON DELETE NO ACTION ON UPDATE NO ACTION"),
    kept(RESTRICTED, "DROP FOREIGN KEY fk"),
    broken(RESTRICTED, "DROP FOREIGN KEY fk", Same, Lost).on_new(&["INSERT INTO $t (id, p) VALUES (200, 77)"]),
    broken(RESTRICTED, "DROP FOREIGN KEY fk", Same, Lost).on_new(&["DELETE FROM $p WHERE id = 5"]),
    kept(CASCADING, "DROP FOREIGN KEY fk"),
    broken(CASCADING, "DROP FOREIGN KEY fk", Differ, Differ).on_old(&["DELETE FROM $p WHERE id = 5"]).on_new(&["DELETE FROM $p WHERE id = 5"]),
    kept(NULLING, "DROP FOREIGN KEY fk"),
    broken(NULLING, "DROP FOREIGN KEY fk", Differ, Differ).on_old(&["UPDATE $p SET id = 60 WHERE id = 5"]).on_new(&["UPDATE $p SET id = 60 WHERE id = 5"]),
    kept(CASCADING, "ADD COLUMN q INT"),
    kept(CASCADING, "ADD KEY kn (n), FORCE"),
    // Constraints, periods, versioning.
    kept(PLAIN, "ADD CONSTRAINT c2 CHECK (n < 100000)").daily(),
    broken(PLAIN, "ADD CONSTRAINT c2 CHECK (n < 100000)", Stuck, Same).on_old(&["UPDATE $t SET n = 200000 WHERE id = 7"]),
    kept(PLAIN, "DROP CONSTRAINT ck").on_new(&["UPDATE $t SET n = -3 WHERE id = 7"]),
    kept(RICH, "ADD PERIOD FOR app (p1, p2)"),
    broken(RICH, "ADD PERIOD FOR app (p1, p2)", Stuck, Same).on_old(&["UPDATE $t SET p1 = '2030-01-01' WHERE id = 7"]),
    broken(WHOLE, "ADD SYSTEM VERSIONING", Same, Lost).daily(),
    broken(VERSIONED, "DROP SYSTEM VERSIONING", Lost, Same).since_11_8(Lost, Lost),
    kept(VERSIONED, "ADD KEY ka (a)"),
    // Partitions.
    kept(WHOLE, "PARTITION BY HASH (id) PARTITIONS 3"),
    kept(WHOLE, "PARTITION BY KEY (id) PARTITIONS 3"),
    kept(WHOLE, "PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (50), PARTITION p1 VALUES LESS THAN MAXVALUE)"),
    kept(WHOLE, "PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (1000))").daily(),
    broken(WHOLE, "PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (1000))", Lost, Same).on_old(&["INSERT INTO $t (id) VALUES (2000)"]),
    kept(WHOLE, "PARTITION BY LIST (id DIV 1000) (PARTITION p0 VALUES IN (0), PARTITION p1 DEFAULT)"),
    kept(HASHED, "REMOVE PARTITIONING"),
    kept(RANGES, "REMOVE PARTITIONING"),
    broken(RANGES, "REMOVE PARTITIONING", Same, Lost).on_new(&["INSERT INTO $t (id) VALUES (2000)"]),
    kept(HASHED, "ADD PARTITION PARTITIONS 2"),
    kept(HASHED, "COALESCE PARTITION 2"),
    kept(HASHED, "REBUILD PARTITION p1"),
    kept(RANGES, "ADD PARTITION (PARTITION p2 VALUES LESS THAN (5000))"),
    broken(RANGES, "ADD PARTITION (PARTITION p2 VALUES LESS THAN (5000))", Same, Lost).on_new(&["INSERT INTO $t (id) VALUES (2000)"]).daily(),
    kept(RANGES, "REORGANIZE PARTITION p1 INTO (PARTITION p1 VALUES LESS THAN (500), PARTITION p2 VALUES LESS THAN (1000))"),
    kept(RANGES, "REORGANIZE PARTITION p0, p1 INTO (PARTITION p VALUES LESS THAN MAXVALUE)"),
    broken(RANGES, "REORGANIZE PARTITION p1 INTO (PARTITION p1 VALUES LESS THAN (5000))", Same, Lost).on_new(&["INSERT INTO $t (id) VALUES (2000)"]),
    broken(RANGES, "DROP PARTITION p0", Lost, Differ).on_old(&["UPDATE $t SET a = 77 WHERE id = 5"]),
    broken(RANGES, "TRUNCATE PARTITION p0", Lost, Lost).on_old(&["UPDATE $t SET a = 77 WHERE id = 5"]).on_new(&["INSERT INTO $t (id) VALUES (5)"]),
    kept(RANGES, "ADD COLUMN q INT"),
    kept(RANGES, "PARTITION BY HASH (id) PARTITIONS 4"),
    broken(RANGES, "PARTITION BY HASH (id) PARTITIONS 4", Same, Lost).on_new(&["INSERT INTO $t (id) VALUES (2000)"]),
    broken(WHOLE, "PARTITION BY LIST (id) (PARTITION p0 VALUES IN (1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,100,101,110))", Lost, Same)
        .on_old(&["INSERT INTO $t (id) VALUES (2000)"]),
    // Options.
    kept(PLAIN, "FORCE").daily(),
    kept(PLAIN, "ENGINE=InnoDB"),
    kept(PLAIN, "ROW_FORMAT=COMPRESSED"),
    kept(PLAIN, "ROW_FORMAT=REDUNDANT"),
    kept(PLAIN, "PAGE_COMPRESSED=1"),
    kept(PLAIN, "ENCRYPTED=NO"),
    kept(PLAIN, "COMMENT='x', AUTO_INCREMENT=500, STATS_PERSISTENT=1"),
    kept(PLAIN, "DEFAULT CHARACTER SET utf8mb4"),
    kept(PLAIN, "CONVERT TO CHARACTER SET utf8mb4").window(),
    broken(PLAIN, "CONVERT TO CHARACTER SET utf8mb4", Lost, Lost),
    kept(PLAIN, "CONVERT TO CHARACTER SET latin1 COLLATE latin1_bin"),
    kept(PLAIN, "ORDER BY a"),
    kept(PLAIN, "DISABLE KEYS"),
    broken(PLAIN, "ENGINE=MyISAM", Same, Differ),
    broken(PLAIN, "ENGINE=Aria", Same, Differ),
    // Together.
    kept(PLAIN, "ADD COLUMN q INT, ADD KEY kq (q), DROP KEY ka, ROW_FORMAT=DYNAMIC, COMMENT='y'").daily(),
    kept(PLAIN, "MODIFY a BIGINT, MODIFY b VARCHAR(40), ADD COLUMN q INT").window(),
    kept(PLAIN, "DROP COLUMN z, ADD UNIQUE KEY ug (g)"),
    broken(PLAIN, "ADD COLUMN q INT, MODIFY a VARCHAR(20)", Lost, Lost).window(),
    broken(PLAIN, "ADD COLUMN q INT AFTER y, DROP COLUMN z", Differ, Same),
    kept(PLAIN, "DROP KEY uu PARTITION BY HASH (id) PARTITIONS 3"),
    // Row images.
    kept(PLAIN, "ADD KEY k1 (n)").image("MINIMAL"),
    kept(PLAIN, "ADD COLUMN q INT").image("MINIMAL"),
    kept(PLAIN, "ADD COLUMN q INT").image("NOBLOB"),
    kept(PLAIN, "DROP COLUMN z").image("MINIMAL"),
    kept(RICH, "ADD COLUMN q TEXT").image("NOBLOB"),
    broken(ORDERLY, "DROP PRIMARY KEY, ADD PRIMARY KEY (n, id)", Lost, Same).image("MINIMAL"),
    broken(KEYLESS, "ADD PRIMARY KEY (id)", Same, Lost).image("MINIMAL"),
    broken(ORDERLY, "DROP PRIMARY KEY", Lost, Same).image("MINIMAL"),
    kept(PLAIN, "MODIFY a BIGINT").image("MINIMAL").window(),
    kept(PLAIN, "ADD COLUMN st INT AS (n + 1) STORED").image("MINIMAL"),
    kept(PLAIN, "ADD COLUMN st INT AS (LENGTH(b)) STORED").image("MINIMAL"),
    kept(RICH, "ADD COLUMN st INT AS (LENGTH(b)) STORED").image("NOBLOB"),
    kept(PLAIN, "ADD UNIQUE KEY ug (g)").image("MINIMAL"),
    kept(PLAIN, "MODIFY n INT NULL").image("MINIMAL"),
];
