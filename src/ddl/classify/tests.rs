//! A few rows of what was measured, so that a rule that goes wrong is seen without a server. `tests/oracle` is the referee.

use super::{Moves, judge};
use crate::ddl::model::Catalog;
use crate::ddl::{Algorithm, Judgement, Lock, ServerProfile, parse};

const TABLE: &str = "CREATE TABLE t (id INT NOT NULL, a INT, b VARCHAR(20), n INT NOT NULL DEFAULT 0, w VARCHAR(300), \
     PRIMARY KEY (id), KEY ka (a)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci";

fn judged(version: &str, table: &str, sql: &str) -> Judgement {
    let profile = ServerProfile::of(version.parse().unwrap());
    let mut catalog = Catalog::from_dump(&format!("{table};"), profile.settings.clone());
    let statement = parse(sql, profile.settings.dialect);
    let applied = catalog.apply(&statement, sql, None);
    judge(&statement, sql, &applied, &profile)
}

fn check(version: &str, table: &str, clauses: &str, algorithm: Algorithm, lock: Lock) {
    let sql = format!("ALTER TABLE t {clauses}");
    let judgement = judged(version, table, &sql);
    assert_eq!(
        (judgement.algorithm, judgement.lock),
        (Some(algorithm), Some(lock)),
        "{version}: {sql}\n{judgement:#?}"
    );
}

#[test]
fn innodb_as_measured() {
    use Algorithm::{Copy, Inplace, Instant, Nocopy};
    for (clauses, algorithm, lock) in [
        ("ADD COLUMN c INT", Instant, Lock::None),
        ("ADD COLUMN c INT FIRST", Instant, Lock::None),
        ("DROP COLUMN w", Instant, Lock::None),
        ("ADD COLUMN c INT, ADD KEY kc (c)", Inplace, Lock::None),
        ("ADD COLUMN c INT AS (n + 1) STORED", Copy, Lock::Shared),
        ("ADD COLUMN c INT AS (n + 1) VIRTUAL", Instant, Lock::None),
        ("ADD COLUMN c INT AS (n + 1) VIRTUAL, ADD COLUMN d INT", Copy, Lock::Shared),
        ("ADD COLUMN c VARCHAR(36) DEFAULT uuid()", Copy, Lock::Shared),
        ("MODIFY a BIGINT", Copy, Lock::Shared),
        ("MODIFY n INT NULL", Inplace, Lock::None),
        ("MODIFY a INT NOT NULL", Inplace, Lock::None),
        ("MODIFY b VARCHAR(30)", Instant, Lock::None),
        ("MODIFY b VARCHAR(10)", Copy, Lock::Shared),
        ("ADD KEY kn (n)", Nocopy, Lock::None),
        ("DROP KEY ka", Nocopy, Lock::None),
        ("RENAME KEY ka TO kb", Instant, Lock::None),
        ("DROP KEY ka, ADD KEY kb (a)", Instant, Lock::None),
        ("ADD FULLTEXT KEY f (w)", Inplace, Lock::Shared),
        ("ADD UNIQUE KEY h (w) USING HASH", Copy, Lock::Shared),
        ("DROP PRIMARY KEY", Copy, Lock::Shared),
        ("DROP PRIMARY KEY, ADD PRIMARY KEY (n)", Inplace, Lock::None),
        ("ADD CHECK (n > 0)", Copy, Lock::Shared),
        ("COMMENT='x'", Instant, Lock::None),
        ("COMMENT='x', RENAME COLUMN a TO aa", Nocopy, Lock::None),
        ("ROW_FORMAT=DYNAMIC", Inplace, Lock::None),
        ("FORCE", Inplace, Lock::None),
        ("ORDER BY a", Copy, Lock::Shared),
        ("ENGINE=MyISAM", Copy, Lock::Shared),
        ("PARTITION BY HASH (id) PARTITIONS 2", Copy, Lock::Shared),
        ("DISABLE KEYS", Instant, Lock::Exclusive),
        ("RENAME TO t2", Instant, Lock::Exclusive),
        ("ADD SYSTEM VERSIONING", Copy, Lock::Shared),
        ("DROP COLUMN IF EXISTS nothere", Instant, Lock::None),
    ] {
        check("10.11.19", TABLE, clauses, algorithm, lock);
        // From 11.2 on a copy lets writes through.
        let lock = if algorithm == Copy { Lock::None } else { lock };
        check("11.8.6", TABLE, clauses, algorithm, lock);
    }
    check("10.3.30", TABLE, "DROP COLUMN w", Inplace, Lock::None);
    check("10.3.30", TABLE, "ADD COLUMN c INT", Instant, Lock::None);
}

#[test]
fn other_engines_as_measured() {
    let table = TABLE.replace("ENGINE=InnoDB", "ENGINE=Aria");
    check("10.11.19", &table, "ADD COLUMN c INT", Algorithm::Copy, Lock::Shared);
    check("10.11.19", &table, "COMMENT='x'", Algorithm::Instant, Lock::None);
    check("10.11.19", &table, "PACK_KEYS=1", Algorithm::Copy, Lock::Shared);
}

/// Statements of MariaDB's own test suites that look cheaper than they are.
#[test]
fn what_looks_cheap_is_not() {
    use Algorithm::{Copy, Inplace, Instant, Nocopy};
    let temporary = "CREATE TEMPORARY TABLE t (a INT) ENGINE=Aria";
    let hash = "CREATE TABLE t (a INT, UNIQUE KEY ind (a) USING HASH) ENGINE=InnoDB";
    let serial = "CREATE TABLE t (pk INT NOT NULL, v BIT(1), PRIMARY KEY (pk)) ENGINE=InnoDB WITH SYSTEM VERSIONING";
    let doc_id = "CREATE TABLE t (a TEXT, FTS_DOC_ID BLOB GENERATED ALWAYS AS (a) VIRTUAL) ENGINE=InnoDB";
    for (table, clauses, algorithm, lock) in [
        (temporary, "CHANGE COLUMN IF EXISTS x x INT", Copy, Lock::None),
        (temporary, "RENAME COLUMN IF EXISTS x TO y", Copy, Lock::None),
        (temporary, "MODIFY COLUMN IF EXISTS x INT", Instant, Lock::None),
        (hash, "CHANGE COLUMN IF EXISTS b a INT", Copy, Lock::Shared),
        (TABLE, "CHANGE COLUMN IF EXISTS x x INT", Instant, Lock::None),
        (serial, "ADD COLUMN IF NOT EXISTS (w BIT, v SERIAL)", Inplace, Lock::None),
        (doc_id, "ADD FULLTEXT INDEX (a)", Copy, Lock::Shared),
        (TABLE, "AVG_ROW_LENGTH=100, ALTER INDEX ka NOT IGNORED", Nocopy, Lock::None),
        (TABLE, "AVG_ROW_LENGTH=100, ALTER INDEX IF EXISTS kz NOT IGNORED", Instant, Lock::None),
        (TABLE, "AVG_ROW_LENGTH=100, RENAME INDEX IF EXISTS kz TO ky", Nocopy, Lock::None),
        (TABLE, "RENAME INDEX IF EXISTS kz TO ky", Instant, Lock::None),
        (TABLE, "ADD v INT AS (n) VIRTUAL, ALTER INDEX ka NOT IGNORED", Copy, Lock::Shared),
    ] {
        check("10.11.19", table, clauses, algorithm, lock);
        let lock = if algorithm == Copy { Lock::None } else { lock };
        check("11.8.6", table, clauses, algorithm, lock);
    }
}

/// Generated statements that looked cheaper than they are, before the rule that now knows better.
#[test]
fn what_looked_cheap_once_is_judged_right() {
    use Algorithm::{Copy, Inplace, Instant, Nocopy};
    let hash = "CREATE TABLE t (id INT NOT NULL, n INT NOT NULL, w VARCHAR(300), UNIQUE KEY u (id), \
                UNIQUE KEY h (w) USING HASH) ENGINE=InnoDB";
    let in_partitions = hash.replace("UNIQUE KEY u (id)", "PRIMARY KEY (id)") + " PARTITION BY KEY () PARTITIONS 2";
    let json =
        "CREATE TABLE t (j LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin CHECK (json_valid(`j`))) ENGINE=InnoDB";
    let archive = "CREATE TABLE t (b VARCHAR(20) NOT NULL) ENGINE=ARCHIVE";
    let foreign =
        "CREATE TABLE t (a INT, b INT, KEY (a), CONSTRAINT fk FOREIGN KEY (a) REFERENCES p (id)) ENGINE=InnoDB";
    let checked = "CREATE TABLE t (n INT, CONSTRAINT ck CHECK (n < 9)) ENGINE=InnoDB";
    let virtual_key = "CREATE TABLE t (n INT, v INT AS (n + 1) VIRTUAL, KEY kv (v)) ENGINE=InnoDB";
    let virtual_text = "CREATE TABLE t (id INT, n INT, w VARCHAR(9), v INT AS (n + 1) VIRTUAL) ENGINE=InnoDB";
    let fulltext = "CREATE TABLE t (n INT, w VARCHAR(9), FULLTEXT KEY f (w)) ENGINE=InnoDB";
    let vector = "CREATE TABLE t (id INT NOT NULL, n INT NOT NULL, v VECTOR(3) NOT NULL, PRIMARY KEY (id), VECTOR KEY k (v)) ENGINE=";
    let ranges = "CREATE TABLE t (id INT NOT NULL, n INT, KEY (id)) ENGINE=InnoDB PARTITION BY RANGE (id) (PARTITION p VALUES LESS THAN (9))";
    for (table, clauses, algorithm, lock) in [
        (hash, "RENAME INDEX IF EXISTS nothere TO here", Copy, Lock::Shared),
        (hash, "DROP INDEX h", Nocopy, Lock::None),
        (hash, "DROP INDEX h, MODIFY w VARCHAR(400)", Copy, Lock::Shared),
        (hash, "RENAME TO t2, ADD COLUMN IF NOT EXISTS n INT", Instant, Lock::Exclusive),
        (&in_partitions, "DROP INDEX h", Copy, Lock::Shared),
        (json, "MODIFY j LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", Copy, Lock::Shared),
        (json, "MODIFY j LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin CHECK (json_valid(j))", Copy, Lock::Shared),
        (json, "MODIFY j JSON COMMENT 'x'", Instant, Lock::None),
        (archive, "ALTER COLUMN b SET DEFAULT 'x'", Copy, Lock::Shared),
        (archive, "DROP COLUMN IF EXISTS nothere", Instant, Lock::None),
        (TABLE, "SEQUENCE=0", Copy, Lock::Shared),
        (TABLE, "RENAME TO t2, MODIFY IF EXISTS nothere INT", Instant, Lock::Exclusive),
        (TABLE, "RENAME TO t2, COMMENT='x'", Instant, Lock::None),
        (TABLE, "RENAME TO t, ADD COLUMN c INT", Instant, Lock::None),
        (TABLE, "ADD COLUMN c INT, ALTER COLUMN c SET DEFAULT 5", Instant, Lock::None),
        (TABLE, "DROP COLUMN a, ADD COLUMN a BIGINT", Inplace, Lock::None),
        (TABLE, "ADD COLUMN c INT AS (n) VIRTUAL, DROP CONSTRAINT IF EXISTS nothere", Copy, Lock::Shared),
        (TABLE, "ADD COLUMN IF NOT EXISTS a INT, ALGORITHM=COPY", Instant, Lock::None),
        (foreign, "DROP FOREIGN KEY fk, ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES p (id)", Copy, Lock::Shared),
        (virtual_key, "DROP COLUMN v, ADD COLUMN v INT AS (n + 7) VIRTUAL", Copy, Lock::Shared),
        (virtual_text, "DROP COLUMN v, ADD FULLTEXT f (w)", Copy, Lock::Shared),
        (virtual_text, "MODIFY v INT AS (n + 1) VIRTUAL FIRST, ADD FULLTEXT f (w)", Copy, Lock::Shared),
        (virtual_text, "MODIFY n INT AFTER w, MODIFY w VARCHAR(9) FIRST", Instant, Lock::None),
        (checked, "DROP CONSTRAINT ck, ADD CONSTRAINT ck CHECK (n < 99)", Copy, Lock::Shared),
        (fulltext, "ADD COLUMN FTS_DOC_ID BIGINT UNSIGNED NOT NULL", Copy, Lock::Shared),
        (ranges, "DROP COLUMN id, ADD COLUMN id INT NOT NULL", Copy, Lock::Shared),
    ] {
        check("10.11.19", table, clauses, algorithm, lock);
        let lock = if algorithm == Copy { Lock::None } else { lock };
        check("11.8.6", table, clauses, algorithm, lock);
    }
    check("11.8.6", &format!("{vector}InnoDB"), "DROP PRIMARY KEY, ADD PRIMARY KEY (n)", Copy, Lock::None);
    check("11.8.6", &format!("{vector}InnoDB"), "KEY_BLOCK_SIZE=8", Copy, Lock::None);
    let by_transaction = "ADD COLUMN rs BIGINT UNSIGNED AS ROW START, ADD COLUMN re BIGINT UNSIGNED AS ROW END, \
                          ADD PERIOD FOR SYSTEM_TIME (rs, re), ADD SYSTEM VERSIONING";
    check("11.8.6", &format!("{vector}InnoDB"), by_transaction, Copy, Lock::None);
    check("11.8.6", &format!("{vector}InnoDB"), "KEY_BLOCK_SIZE=0", Inplace, Lock::None);
    check("11.8.6", &format!("{vector}InnoDB KEY_BLOCK_SIZE=8"), "KEY_BLOCK_SIZE=4", Inplace, Lock::None);
    check(
        "11.8.6",
        &format!("{vector}Aria").replace(", VECTOR KEY k (v)", ""),
        "ADD VECTOR INDEX i (v)",
        Copy,
        Lock::None,
    );
}

#[test]
fn converting_to_the_default_does_not_keep_the_databases_collation() {
    let database = "CREATE DATABASE d CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_ai_ci; USE d;";
    let table = "CREATE TABLE t (e ENUM('x')) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=";
    for (collation, algorithm) in
        [("utf8mb4_uca1400_ai_ci", Algorithm::Copy), ("utf8mb4_general_ci", Algorithm::Instant)]
    {
        let sql = "ALTER TABLE t CONVERT TO CHARACTER SET DEFAULT";
        let judged = judged("11.8.6", &format!("{database} {table}{collation}"), sql);
        assert_eq!(judged.algorithm, Some(algorithm), "{collation}");
    }
}

#[test]
fn a_first_key_block_size_builds_keys_anew() {
    for (table, algorithm) in [
        ("CREATE TABLE t (a INT, UNIQUE KEY k (a)) ENGINE=InnoDB", Algorithm::Copy),
        ("CREATE TABLE t (a INT, KEY k (a)) ENGINE=InnoDB", Algorithm::Inplace),
        ("CREATE TABLE t (a INT, UNIQUE KEY k (a)) ENGINE=InnoDB KEY_BLOCK_SIZE=8", Algorithm::Inplace),
    ] {
        let sql = "ALTER IGNORE TABLE t KEY_BLOCK_SIZE=4";
        assert_eq!(judged("10.11.19", table, sql).algorithm, Some(algorithm), "{table}");
    }
}

#[test]
fn several_fulltext_keys_are_copied_where_others_are_rebuilt() {
    let table = "CREATE TABLE t (a TEXT, b TEXT, FULLTEXT KEY x (a), FULLTEXT KEY y (b)) ENGINE=InnoDB";
    check("10.11.19", table, "PAGE_COMPRESSED=1", Algorithm::Copy, Lock::Shared);
    check("11.8.6", table, "PAGE_COMPRESSED=1", Algorithm::Instant, Lock::None);
}

#[test]
fn a_foreign_key_that_changes_what_is_stored_copies_without_checks_too() {
    let table = "CREATE TABLE t (n INT, s INT AS (n + 1) STORED, KEY (n)) ENGINE=InnoDB";
    for (action, algorithm) in [("ON DELETE CASCADE", Algorithm::Copy), ("", Algorithm::Instant)] {
        let sql = format!(
            "SET STATEMENT foreign_key_checks=0 FOR ALTER TABLE t ADD FOREIGN KEY (n) REFERENCES p (k) {action}"
        );
        assert_eq!(judged("10.11.19", table, &sql).algorithm, Some(algorithm), "{action}");
    }
}

/// A FULLTEXT key that goes leaves a hidden column, which later statements of the same file meet until a rebuild.
#[test]
fn a_dropped_fulltext_key_is_remembered() {
    let table = "CREATE TABLE t (id INT NOT NULL, n INT NOT NULL, w VARCHAR(9), PRIMARY KEY (id), FULLTEXT KEY f (w))";
    for (first, then, algorithm) in [
        ("ALTER TABLE t DROP INDEX f", "ALTER TABLE t ADD COLUMN c INT", Algorithm::Inplace),
        ("DROP INDEX f ON t", "ALTER TABLE t DROP COLUMN n", Algorithm::Inplace),
        ("ALTER TABLE t DROP INDEX f", "ALTER TABLE t MODIFY n INT", Algorithm::Inplace),
        ("ALTER TABLE t DROP INDEX f", "ALTER TABLE t ADD FULLTEXT g (w)", Algorithm::Nocopy),
        ("ALTER TABLE t DROP INDEX f", "ALTER TABLE t RENAME COLUMN n TO m", Algorithm::Instant),
        ("ALTER TABLE t DROP INDEX f, FORCE", "ALTER TABLE t ADD COLUMN c INT", Algorithm::Instant),
        ("ALTER TABLE t DROP INDEX f, ADD COLUMN b INT", "ALTER TABLE t ADD COLUMN c INT", Algorithm::Instant),
        ("ALTER TABLE t COMMENT 'x'", "ALTER TABLE t ADD COLUMN c INT", Algorithm::Inplace),
    ] {
        let profile = ServerProfile::of("10.11.19".parse().unwrap());
        let mut catalog = Catalog::from_dump(table, profile.settings.clone());
        let mut judged = None;
        for sql in [first, then] {
            let statement = parse(sql, profile.settings.dialect);
            let applied = catalog.apply(&statement, sql, None);
            judged = judge(&statement, sql, &applied, &profile).algorithm;
        }
        assert_eq!(judged, Some(algorithm), "{first}; {then}");
    }
}

/// What no definition shows is taken for the worse, and said to be so.
#[test]
fn what_a_definition_does_not_show_is_doubted() {
    let numbered = "CREATE TABLE t (c INT AUTO_INCREMENT, UNIQUE KEY c (c)) ENGINE=InnoDB";
    let redundant = "CREATE TABLE t (c TEXT NOT NULL) ENGINE=InnoDB ROW_FORMAT=REDUNDANT";
    for (table, clauses) in [(numbered, "MODIFY c INT NOT NULL"), (redundant, "MODIFY c TEXT NULL")] {
        check("10.11.19", table, clauses, Algorithm::Inplace, Lock::None);
        let sql = format!("ALTER TABLE t {clauses}");
        let judgement = judged("10.11.19", table, &sql);
        assert!(judgement.reasons.iter().any(|reason| reason.code == "missing-fact"));
        assert_eq!(judgement.execute, sql);
    }
    // NOT NULL is written, or no FULLTEXT key can have been there.
    check(
        "10.11.19",
        &numbered.replace("INT", "INT NOT NULL"),
        "MODIFY c INT NOT NULL",
        Algorithm::Instant,
        Lock::None,
    );
    check("10.11.19", redundant, "MODIFY c TEXT NULL, ALGORITHM=INSTANT", Algorithm::Instant, Lock::None);
    check("10.11.19", &redundant.replace("TEXT", "INT"), "MODIFY c INT NULL", Algorithm::Instant, Lock::None);
}

#[test]
fn statistics_tables_are_not_written_to_while_they_are_rebuilt() {
    let table = "USE mysql; CREATE TABLE innodb_table_stats (n INT NOT NULL, PRIMARY KEY (n)) ENGINE=InnoDB";
    let forced = judged("10.11.19", table, "ALTER TABLE mysql.innodb_table_stats FORCE");
    assert_eq!((forced.algorithm, forced.lock), (Some(Algorithm::Inplace), Some(Lock::Shared)));
    let unlocked = judged("11.8.6", table, "ALTER TABLE mysql.innodb_table_stats FORCE, LOCK=NONE");
    assert_eq!((unlocked.algorithm, unlocked.lock), (Some(Algorithm::Copy), Some(Lock::None)));
}

#[test]
fn what_is_sent_is_what_was_written_and_guards_that_hold() {
    for (sql, sent) in [
        ("alter table t add column n2 int", "alter table t add column n2 int, ALGORITHM=INSTANT, LOCK=NONE"),
        ("ALTER TABLE t ADD KEY k (n) -- why", "ALTER TABLE t ADD KEY k (n), ALGORITHM=NOCOPY, LOCK=NONE -- why"),
        ("CREATE INDEX i ON t (n)", "CREATE INDEX i ON t (n) ALGORITHM=NOCOPY LOCK=NONE"),
        ("DROP INDEX ka ON t", "DROP INDEX ka ON t"),
        // A copy is not forced, only kept from locking more than it must.
        ("ALTER TABLE t ORDER BY a", "ALTER TABLE t LOCK=SHARED, ORDER BY a"),
        (
            "ALTER TABLE t ADD COLUMN c INT, ALGORITHM=INPLACE",
            "ALTER TABLE t ADD COLUMN c INT, ALGORITHM=INPLACE, LOCK=NONE",
        ),
        // Not understood, so nothing is added to it.
        ("ALTER TABLE t ADD COLUMN c INT, FROBNICATE 7", "ALTER TABLE t ADD COLUMN c INT, FROBNICATE 7"),
        // Refused by the server, so nothing is added.
        ("ALTER TABLE t MODIFY a BIGINT, ALGORITHM=INSTANT", "ALTER TABLE t MODIFY a BIGINT, ALGORITHM=INSTANT"),
    ] {
        assert_eq!(judged("10.11.19", TABLE, sql).execute, sent);
    }
}

#[test]
fn without_the_table_the_worst_that_is_possible_is_said_to_be_so() {
    let judgement = judged("10.11.19", "CREATE TABLE other (a INT)", "ALTER TABLE t ADD COLUMN c INT");
    assert_eq!(judgement.algorithm, Some(Algorithm::Copy));
    assert!(judgement.reasons.iter().any(|reason| reason.code == "missing-fact"));
    assert_eq!(judgement.execute, "ALTER TABLE t ADD COLUMN c INT");
    let judgement = judged("10.11.19", "CREATE TABLE other (a INT)", "ALTER TABLE t RENAME TO t2");
    assert_eq!(judgement.algorithm, Some(Algorithm::Instant));
}

/// What two keys have to agree in to be one: compare_keys_but_name() in the server. Seen on both servers
/// (`tests/oracle/written.rs`), as all rows from here on.
#[test]
fn keys_are_the_same_only_where_the_server_says_so() {
    use Algorithm::{Instant, Nocopy};
    let table = "CREATE TABLE t (id INT PRIMARY KEY, b VARCHAR(20), n INT, KEY kb (b), KEY kn (n) COMMENT 'n', \
                 KEY kt (n, id) USING BTREE, KEY ki (n, b) IGNORED) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4";
    for (sql, algorithm) in [
        ("ALTER TABLE t MODIFY b VARCHAR(40)", Instant),
        ("ALTER TABLE t RENAME INDEX kn TO kz", Instant),
        ("ALTER TABLE t RENAME INDEX kb TO kc, MODIFY b VARCHAR(40)", Nocopy),
        ("ALTER TABLE t RENAME INDEX kb TO kc, CHANGE b b VARCHAR(40)", Nocopy),
        ("ALTER TABLE t DROP INDEX kn, ADD INDEX kz (n)", Nocopy),
        ("ALTER TABLE t DROP INDEX kn, ADD INDEX kz (n) COMMENT 'n'", Instant),
        ("ALTER TABLE t DROP INDEX kn, ADD INDEX kn (n)", Instant),
        ("ALTER TABLE t DROP INDEX kb, ADD INDEX kz (b) COMMENT 'x'", Nocopy),
        ("ALTER TABLE t MODIFY b VARCHAR(40), DROP INDEX kb, ADD INDEX kb (b)", Instant),
        ("ALTER TABLE t MODIFY b VARCHAR(40), DROP INDEX kb, ADD INDEX kb (b) COMMENT 'x'", Nocopy),
        ("ALTER TABLE t MODIFY b VARCHAR(40), DROP INDEX kb, ADD INDEX kc (b(20))", Instant),
        ("ALTER TABLE t MODIFY b VARCHAR(40), DROP INDEX kb, ADD INDEX kb (b(30))", Nocopy),
        ("ALTER TABLE t DROP INDEX kb, ADD INDEX kb USING BTREE (b)", Nocopy),
        ("ALTER TABLE t DROP INDEX kb, ADD INDEX kc USING BTREE (b)", Nocopy),
        ("ALTER TABLE t DROP INDEX kt, ADD INDEX kt (n, id)", Nocopy),
        ("ALTER TABLE t DROP INDEX kt, ADD INDEX kc (n, id) USING BTREE", Instant),
        ("ALTER TABLE t DROP INDEX ki, ADD INDEX kc (n, b)", Instant),
        ("CREATE OR REPLACE INDEX kb ON t (b) USING BTREE", Nocopy),
        ("CREATE OR REPLACE INDEX kb ON t (b)", Instant),
        ("CREATE OR REPLACE INDEX kt ON t (n, id)", Nocopy),
    ] {
        assert_eq!(judged("10.11.19", table, sql).algorithm, Some(algorithm), "{sql}");
        assert_eq!(judged("11.8.6", table, sql).algorithm, Some(algorithm), "{sql}");
    }
}

#[test]
fn a_default_that_may_differ_from_row_to_row_is_copied() {
    use Algorithm::{Copy, Instant};
    for (default, algorithm) in [
        ("utc_timestamp()", Copy),
        ("sysdate()", Copy),
        ("utc_date()", Instant),
        ("now() + INTERVAL 1 DAY", Instant),
        ("concat('x', @u)", Copy),
        ("concat('x', @@version)", Instant),
        ("natural_sort_key('x')", Copy),
        ("of_a_plugin('x')", Copy),
        ("upper('uuid()')", Instant),
        ("CAST(5 AS CHAR(3))", Instant),
        ("if(1, left('abc', 1), 'b')", Instant),
        ("rand()", Instant),
        ("PREVIOUS VALUE FOR sq", Copy),
    ] {
        let clauses = format!("ADD COLUMN q VARCHAR(50) DEFAULT ({default})");
        let lock = if algorithm == Copy { Lock::Shared } else { Lock::None };
        check("10.11.19", TABLE, &clauses, algorithm, lock);
    }
    check("11.8.6", TABLE, "ADD COLUMN q BIGINT DEFAULT (lastval(sq))", Copy, Lock::Shared);
    // Without a strict mode it may be cut, for which the table is copied.
    for (column, algorithm, certain) in [
        ("VARCHAR(20) DEFAULT (concat('x', @@version))", Copy, false),
        ("VARCHAR(20) DEFAULT (concat('x', 'y'))", Instant, true),
        ("DATE DEFAULT (now() + INTERVAL 1 DAY)", Instant, true),
    ] {
        let sql = format!("SET STATEMENT sql_mode='' FOR ALTER TABLE t ADD COLUMN q {column}");
        let judgement = judged("10.11.19", TABLE, &sql);
        assert_eq!((judgement.algorithm, judgement.certain), (Some(algorithm), certain), "{sql}");
    }
}

#[test]
fn what_changes_kept_values_of_a_generated_column_is_copied() {
    use Algorithm::{Copy, Inplace, Instant, Nocopy};
    let text = "CREATE TABLE t (b VARCHAR(20), v VARCHAR(50) AS (concat(b,'-')) STORED) ENGINE=InnoDB \
                DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci";
    let virtual_text = text.replace("STORED", "VIRTUAL");
    let indexed = virtual_text.replace("VIRTUAL", "VIRTUAL, KEY kv (v)");
    let default = "CREATE TABLE t (id INT PRIMARY KEY, a INT DEFAULT 1, b INT, s INT AS (default(a)) STORED, \
                   KEY kb (b)) ENGINE=InnoDB";
    let virtual_default = default.replace("STORED", "VIRTUAL");
    let by_hash = "CREATE TABLE t (id INT, a INT, n INT, v INT AS (n + 1) VIRTUAL) ENGINE=InnoDB \
                   PARTITION BY HASH (v) PARTITIONS 2";
    let by_key = by_hash.replace("HASH", "KEY");
    let below = by_hash.replace(
        "HASH (v) PARTITIONS 2",
        "RANGE (id) SUBPARTITION BY HASH (v) SUBPARTITIONS 2 (PARTITION p VALUES LESS THAN (9))",
    );
    for (table, clauses, algorithm) in [
        (text, "CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", Copy),
        (text, "MODIFY b VARCHAR(30)", Instant),
        (&virtual_text, "CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", Instant),
        (&indexed, "CONVERT TO CHARACTER SET utf8mb3 COLLATE utf8mb3_unicode_ci", Copy),
        (default, "MODIFY b INT COMMENT 'x'", Copy),
        (default, "CHANGE b b2 INT", Copy),
        (default, "ALTER COLUMN b SET DEFAULT 5", Copy),
        (default, "ADD COLUMN q INT, ALTER COLUMN q SET DEFAULT 5", Copy),
        (default, "MODIFY IF EXISTS nothere INT, COMMENT='x'", Instant),
        (default, "ALTER COLUMN IF EXISTS nothere SET DEFAULT 5", Instant),
        (default, "RENAME COLUMN b TO b2", Instant),
        (default, "ADD INDEX k (b, a)", Nocopy),
        (&virtual_default, "MODIFY b INT COMMENT 'x'", Instant),
        (by_hash, "MODIFY a INT NOT NULL", Copy),
        (by_hash, "MODIFY v INT AS (n + 3) VIRTUAL", Copy),
        (by_hash, "MODIFY a INT COMMENT 'x'", Instant),
        (&below, "MODIFY a INT NOT NULL", Copy),
        (&below, "MODIFY v INT AS (n + 3) VIRTUAL", Copy),
        (&by_key, "MODIFY a INT NOT NULL", Inplace),
        (&by_key, "MODIFY v INT AS (n + 3) VIRTUAL", Instant),
    ] {
        for version in ["10.11.19", "11.8.6"] {
            let sql = format!("ALTER TABLE t {clauses}");
            assert_eq!(judged(version, table, &sql).algorithm, Some(algorithm), "{version}: {sql}\n{table}");
        }
    }
}

#[test]
fn dropping_the_key_that_stands_for_a_primary_key_places_rows_anew() {
    use Algorithm::{Copy, Inplace, Instant, Nocopy};
    let hash = "CREATE TABLE t (id INT NOT NULL, n INT NOT NULL, UNIQUE KEY uid (id), UNIQUE KEY uid2 (id, n)) \
                ENGINE=InnoDB PARTITION BY HASH (id) PARTITIONS 2";
    let by_column = hash.replace("HASH", "KEY").replace(", UNIQUE KEY uid2 (id, n)", "");
    let without = "CREATE TABLE t (id INT NOT NULL) ENGINE=InnoDB PARTITION BY HASH (id) PARTITIONS 2";
    let by_time = hash.replace("InnoDB", "InnoDB WITH SYSTEM VERSIONING").replace("HASH (id)", "SYSTEM_TIME");
    let whole = "CREATE TABLE t (id INT NOT NULL, n INT NOT NULL, UNIQUE KEY uid (id), UNIQUE KEY uid2 (id, n)) \
                 ENGINE=InnoDB";
    for (table, sql, algorithm) in [
        (hash, "ALTER TABLE t DROP INDEX uid", Copy),
        (hash, "ALTER TABLE t DROP CONSTRAINT uid", Copy),
        (hash, "ALTER TABLE t DROP INDEX uid, ADD UNIQUE u3 (id)", Copy),
        (hash, "ALTER TABLE t DROP INDEX uid2", Nocopy),
        (hash, "ALTER TABLE t RENAME INDEX uid TO u3", Instant),
        (hash, "ALTER TABLE t ADD PRIMARY KEY (id)", Nocopy),
        (hash, "CREATE OR REPLACE UNIQUE INDEX uid ON t (id)", Copy),
        (hash, "CREATE OR REPLACE UNIQUE INDEX uid2 ON t (id, n)", Instant),
        (&by_column, "ALTER TABLE t DROP INDEX uid, ADD UNIQUE u3 (id)", Instant),
        (without, "ALTER TABLE t ADD PRIMARY KEY (id)", Inplace),
        (&by_time, "ALTER TABLE t DROP INDEX uid", Copy),
        // Behind the other one, it no longer stands for the primary key.
        (whole, "CREATE OR REPLACE UNIQUE INDEX uid ON t (id)", Inplace),
        (whole, "ALTER TABLE t DROP INDEX uid, ADD UNIQUE u3 (id)", Inplace),
        (whole, "CREATE OR REPLACE UNIQUE INDEX uid2 ON t (id, n)", Instant),
        (whole, "ALTER TABLE t RENAME INDEX uid TO u3", Instant),
    ] {
        assert_eq!(judged("10.11.19", table, sql).algorithm, Some(algorithm), "{sql}\n{table}");
        assert_eq!(judged("11.8.6", table, sql).algorithm, Some(algorithm), "{sql}\n{table}");
    }
}

/// InnoDB rebuilds all partitions, whichever are named; and where history may not change, none.
#[test]
fn optimize_partition_costs_a_rebuild() {
    let table = "CREATE TABLE t (id INT PRIMARY KEY) ENGINE=InnoDB PARTITION BY HASH (id) PARTITIONS 2";
    let versioned = table.replace("ENGINE=InnoDB", "ENGINE=InnoDB WITH SYSTEM VERSIONING");
    let computed = "CREATE TABLE t (a INT DEFAULT 1, s INT AS (default(a)) STORED) ENGINE=InnoDB";
    let keeping = "SET STATEMENT system_versioning_alter_history=KEEP FOR OPTIMIZE TABLE t";
    for (table, sql, algorithm, moves) in [
        (table, "ALTER TABLE t OPTIMIZE PARTITION p0", Algorithm::Inplace, Moves::Rows),
        (&versioned, "ALTER TABLE t OPTIMIZE PARTITION p0", Algorithm::Instant, Moves::Nothing),
        (&versioned, "OPTIMIZE TABLE t", Algorithm::Instant, Moves::Nothing),
        (&versioned, keeping, Algorithm::Inplace, Moves::Rows),
        (computed, "OPTIMIZE TABLE t", Algorithm::Copy, Moves::Rows),
    ] {
        let judgement = judged("10.11.19", table, sql);
        assert_eq!((judgement.algorithm, judgement.moves), (Some(algorithm), moves), "{sql}\n{table}");
    }
    let unknown = judged("10.11.19", "CREATE TABLE other (a INT)", "ALTER TABLE t OPTIMIZE PARTITION p0");
    assert_eq!((unknown.algorithm, unknown.certain), (Some(Algorithm::Copy), false));
}

#[test]
fn a_key_without_overlaps_that_goes_is_like_any_other() {
    use Algorithm::{Copy, Inplace, Nocopy};
    let without = "CREATE TABLE t (id INT NOT NULL, s DATE NOT NULL, e DATE NOT NULL, PERIOD FOR p (s, e), \
                   UNIQUE KEY k (id, p WITHOUT OVERLAPS)) ENGINE=InnoDB";
    let primary = without.replace("PERIOD", "PRIMARY KEY (id), PERIOD");
    for (table, clauses, algorithm, lock) in [
        (&primary[..], "DROP KEY k", Nocopy, Lock::None),
        (&primary, "COMMENT='x'", Copy, Lock::Shared),
        (without, "DROP KEY k", Copy, Lock::Shared),
        (without, "DROP KEY k, ADD PRIMARY KEY (id)", Inplace, Lock::None),
    ] {
        check("10.11.19", table, clauses, algorithm, lock);
    }
}

#[test]
fn history_is_copied_for_the_same_interval_not_for_another() {
    use Algorithm::{Copy, Instant};
    let table = "CREATE TABLE t (id INT PRIMARY KEY) ENGINE=InnoDB WITH SYSTEM VERSIONING \
                 PARTITION BY SYSTEM_TIME INTERVAL 1 DAY STARTS TIMESTAMP'2026-01-01 00:00:00' PARTITIONS 3";
    let by_rows = table.replace("INTERVAL 1 DAY STARTS TIMESTAMP'2026-01-01 00:00:00'", "LIMIT 100");
    for (table, by, algorithm, certain) in [
        (table, "INTERVAL 1 DAY STARTS '2026-01-01'", Copy, false),
        (table, "INTERVAL 1 DAY", Copy, false),
        (table, "INTERVAL 2 DAY STARTS '2026-01-01'", Instant, true),
        (table, "INTERVAL 24 HOUR STARTS '2026-01-01'", Instant, true),
        (table, "INTERVAL 1 WEEK", Instant, true),
        (table, "LIMIT 100", Instant, true),
        (table, "", Instant, true),
        (table, "INTERVAL 2 DAY PARTITIONS 3", Copy, true),
        (&by_rows, "INTERVAL 1 DAY", Copy, true),
        (&by_rows, "LIMIT 200", Instant, true),
    ] {
        let sql = format!("ALTER TABLE t PARTITION BY SYSTEM_TIME {by}");
        let judgement = judged("10.11.19", table, &sql);
        assert_eq!((judgement.algorithm, judgement.certain), (Some(algorithm), certain), "{sql}\n{table}");
        assert!(certain || judgement.execute == sql, "{sql}");
    }
}

/// Times as servers before 10.1 kept them: the first ALTER TABLE that does anything writes them anew.
#[test]
fn old_formats_are_written_anew() {
    use Algorithm::{Copy, Instant};
    let table = "CREATE TABLE t (id INT PRIMARY KEY, d datetime(3) /* mariadb-5.3 */ DEFAULT NULL) ENGINE=InnoDB";
    for (sql, algorithm) in [
        ("ALTER TABLE t COMMENT='x'", Copy),
        ("ALTER TABLE t MODIFY d DATETIME(3)", Copy),
        ("CREATE INDEX k ON t (d)", Copy),
        ("ALTER TABLE t ADD COLUMN IF NOT EXISTS id INT", Instant),
        ("ALTER TABLE t RENAME TO t2", Instant),
        ("ALTER TABLE t DROP COLUMN d", Instant),
    ] {
        assert_eq!(judged("10.11.19", table, sql).algorithm, Some(algorithm), "{sql}");
    }
}

#[test]
fn members_are_compared_as_the_collation_does() {
    use Algorithm::{Copy, Instant};
    let table = "CREATE TABLE t (e ENUM('i','y')) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_";
    for (collation, clauses, algorithm) in [
        ("general_ci", "MODIFY e ENUM('I','Y','z')", Instant),
        ("general_ci", "MODIFY e ENUM('y','i')", Copy),
        ("bin", "MODIFY e ENUM('I','Y')", Copy),
        ("turkish_ci", "MODIFY e ENUM('I','Y')", Copy),
    ] {
        let sql = format!("ALTER TABLE t {clauses}");
        assert_eq!(judged("10.11.19", &format!("{table}{collation}"), &sql).algorithm, Some(algorithm), "{sql}");
    }
}

/// From 11.2 on, AUTO_INCREMENT is given under writes only where rows can be found by a key that stays as it is.
#[test]
fn a_key_whose_column_goes_finds_no_rows() {
    let table = "CREATE TABLE t (id INT PRIMARY KEY, x INT) ENGINE=InnoDB";
    let another = "CREATE TABLE t (id INT PRIMARY KEY, x INT, u INT NOT NULL, UNIQUE KEY (u)) ENGINE=InnoDB";
    let gains = "DROP COLUMN id, MODIFY x INT NOT NULL AUTO_INCREMENT PRIMARY KEY";
    check("11.8.6", table, gains, Algorithm::Copy, Lock::Shared);
    check("11.8.6", another, gains, Algorithm::Copy, Lock::None);
    check("11.8.6", another, &format!("{gains}, MODIFY u INT NOT NULL COMMENT 'x'"), Algorithm::Copy, Lock::None);
}
