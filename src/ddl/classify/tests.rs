//! A few rows of what was measured, so that a rule that goes wrong is seen without a server. `tests/oracle` is the referee.

use super::judge;
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
        (TABLE, "ADD v INT AS (n) VIRTUAL, ALTER INDEX ka NOT IGNORED", Copy, Lock::Shared),
    ] {
        check("10.11.19", table, clauses, algorithm, lock);
        let lock = if algorithm == Copy { Lock::None } else { lock };
        check("11.8.6", table, clauses, algorithm, lock);
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
