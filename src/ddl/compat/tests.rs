//! Verdicts as measured, and ways back that lead back. `tests/live/compat.rs` replays rows on a real cluster.

use super::{Window, rolling, way_back};
use crate::ddl::model::{Catalog, Table};
use crate::ddl::{Flow, ServerProfile, Verdict, parse};

const TABLE: &str = "CREATE TABLE `t` (`id` int(11) NOT NULL, `a` int(11) DEFAULT NULL, `b` varchar(20) DEFAULT NULL, \
     `n` int(11) NOT NULL DEFAULT 0, `e` enum('x','y') DEFAULT NULL, `u` int(11) DEFAULT NULL, `z` int(11) DEFAULT NULL, \
     PRIMARY KEY (`id`), UNIQUE KEY `uu` (`u`), KEY `ka` (`a`)) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci";

fn check(clauses: &str, verdict: Verdict, old_to_new: Flow, new_to_old: Flow, codes: &[&str]) {
    check_on(TABLE, clauses, verdict, old_to_new, new_to_old, codes);
}

fn check_on(table: &str, clauses: &str, verdict: Verdict, old_to_new: Flow, new_to_old: Flow, codes: &[&str]) {
    let profile = ServerProfile::of("10.11.19".parse().unwrap());
    let mut catalog = Catalog::from_dump(&format!("{table};"), profile.settings.clone());
    let sql = format!("ALTER TABLE t {clauses}");
    let statement = parse(&sql, profile.settings.dialect);
    let applied = catalog.apply(&statement, &sql, None);
    let found = rolling(&statement, &sql, &applied, &profile).compatibility;
    let found_codes: Vec<&str> = found.conditions.iter().map(|condition| condition.code.as_str()).collect();
    assert_eq!((found.verdict, found.old_to_new, found.new_to_old), (verdict, old_to_new, new_to_old), "{sql}");
    assert_eq!(found_codes, codes, "{sql}");
}

fn window(table: &str, clauses: &str) -> Option<Window> {
    let profile = ServerProfile::of("10.11.19".parse().unwrap());
    let mut catalog = Catalog::from_dump(&format!("{table};"), profile.settings.clone());
    let sql = format!("ALTER TABLE t {clauses}");
    let statement = parse(&sql, profile.settings.dialect);
    let applied = catalog.apply(&statement, &sql, None);
    rolling(&statement, &sql, &applied, &profile).window
}

#[test]
fn a_window_is_guarded_by_one_question_for_all_columns() {
    assert_eq!(window(TABLE, "ADD KEY kz (z)"), None);
    let wider = window(TABLE, "MODIFY a BIGINT, MODIFY b VARCHAR(60)").unwrap();
    assert_eq!(
        wider.guards,
        ["SELECT 1 FROM `t` WHERE (`a` NOT BETWEEN -2147483648 AND 2147483647) OR (CHAR_LENGTH(`b`) > 20) LIMIT 1"]
    );
    let text = "CREATE TABLE t (id INT PRIMARY KEY, b VARCHAR(20)) CHARSET=utf8mb4";
    let other = window(text, "CONVERT TO CHARACTER SET latin1").unwrap();
    let ascii = "SELECT 1 FROM `t` WHERE (BINARY CONVERT(`b` USING ascii) <> BINARY `b`) LIMIT 1";
    assert_eq!(other.guards, [ascii]);
    // What the old type holds is known to be held; what is asked before the change is the rest.
    assert_eq!((wider.today, other.today.as_deref()), (None, Some(ascii)));
    let mixed = window(TABLE, "MODIFY a BIGINT, MODIFY b VARCHAR(5)").unwrap();
    assert_eq!(mixed.today.as_deref(), Some("SELECT 1 FROM `t` WHERE (CHAR_LENGTH(`b`) > 5) LIMIT 1"));
}

#[test]
fn verdicts_as_measured() {
    use Flow::{Conditional as Cond, Differs, Lost, Ok};
    use Verdict::{Conditional, Safe, Unsafe};
    check("ADD COLUMN q INT", Conditional, Ok, Ok, &["new-column-unused"]);
    check("ADD COLUMN q INT AS (n + 1) STORED", Safe, Ok, Ok, &[]);
    check("ADD COLUMN q DATETIME DEFAULT NOW()", Unsafe, Differs, Differs, &[]);
    check("ADD COLUMN q INT FIRST", Unsafe, Lost, Lost, &[]);
    check("DROP COLUMN z", Conditional, Ok, Ok, &["dropped-column-unused"]);
    check("DROP COLUMN b", Unsafe, Lost, Lost, &[]);
    check("RENAME COLUMN a TO aa", Conditional, Ok, Ok, &["renamed-column-unused"]);
    check("ADD COLUMN q INT DEFAULT (n + 1)", Unsafe, Differs, Differs, &[]);
    check("ADD COLUMN q TEXT DEFAULT 'x'", Unsafe, Differs, Ok, &[]);
    check("MODIFY b VARCHAR(60)", Conditional, Cond, Cond, &["conversion-window", "values-fit-old-type"]);
    check("MODIFY b VARCHAR(5)", Conditional, Cond, Cond, &["conversion-window", "values-fit-new-type"]);
    check("MODIFY b VARCHAR(20) CHARACTER SET latin2", Conditional, Cond, Cond, &["ascii-only"]);
    check("MODIFY b VARBINARY(20)", Conditional, Ok, Cond, &["values-fit-old-type"]);
    check("MODIFY a VARCHAR(20)", Unsafe, Lost, Lost, &[]);
    check("MODIFY a INT UNSIGNED", Conditional, Cond, Cond, &["values-in-both-ranges"]);
    check("MODIFY n INT NULL DEFAULT 0", Conditional, Ok, Cond, &["no-nulls"]);
    check("MODIFY a INT NOT NULL", Conditional, Cond, Ok, &["no-nulls"]);
    check("MODIFY e ENUM('x','y','z')", Conditional, Ok, Cond, &["new-member-unused"]);
    check("MODIFY e ENUM('x')", Conditional, Cond, Ok, &["removed-member-unused"]);
    check("MODIFY e ENUM('y','x')", Unsafe, Differs, Differs, &[]);
    check("ADD KEY k (n)", Safe, Ok, Ok, &[]);
    check("FORCE", Safe, Ok, Ok, &[]);
    check("ADD UNIQUE KEY k (n)", Conditional, Cond, Ok, &["no-duplicates", "single-writer"]);
    check("ADD UNIQUE KEY k (b, n)", Conditional, Cond, Ok, &["no-duplicates"]);
    check("ADD UNIQUE KEY k (u, n)", Safe, Ok, Ok, &[]);
    check("MODIFY u BIGINT", Conditional, Cond, Cond, &["conversion-window", "values-fit-old-type", "single-writer"]);
    check("MODIFY u INT NOT NULL", Conditional, Cond, Ok, &["no-nulls", "single-writer"]);
    check("ADD UNIQUE KEY k (id, n)", Conditional, Ok, Ok, &["single-writer"]);
    check("DROP PRIMARY KEY", Conditional, Ok, Cond, &["no-duplicates", "single-writer"]);
    check(
        "ADD FOREIGN KEY (u) REFERENCES p (id) ON DELETE CASCADE",
        Conditional,
        Cond,
        Cond,
        &["parents-unchanged", "no-orphans"],
    );
    check("DROP KEY uu", Conditional, Ok, Cond, &["no-duplicates"]);
    check("ADD CHECK (n < 9)", Conditional, Cond, Ok, &["rows-satisfy-check"]);
    check("ADD SYSTEM VERSIONING", Unsafe, Ok, Lost, &[]);
    check("RENAME TO t2", Unsafe, Lost, Lost, &[]);
    check("COMMENT='x'", Safe, Ok, Ok, &[]);
    check("ENGINE=MyISAM", Unsafe, Differs, Differs, &[]);
}

#[test]
fn keys_and_partitions_that_take_other_rows() {
    use Flow::{Conditional as Cond, Lost, Ok};
    use Verdict::{Conditional, Safe, Unsafe};
    let text = "CREATE TABLE t (id INT PRIMARY KEY, b VARCHAR(20) COLLATE utf8mb4_general_ci, UNIQUE KEY ub (b))";
    let both = ["no-duplicates", "single-writer"];
    check_on(text, "MODIFY b VARCHAR(20) COLLATE utf8mb4_bin", Conditional, Cond, Cond, &both);
    let covered =
        "CREATE TABLE t (id INT PRIMARY KEY, b VARCHAR(20) COLLATE utf8mb4_general_ci, UNIQUE KEY ub (id, b))";
    check_on(covered, "MODIFY b VARCHAR(20) COLLATE utf8mb4_bin", Conditional, Ok, Ok, &["single-writer"]);
    let lone = "CREATE TABLE t (id INT PRIMARY KEY, a INT, z INT NOT NULL DEFAULT 0, UNIQUE KEY uz (z))";
    check_on(lone, "DROP COLUMN z", Unsafe, Ok, Lost, &["dropped-column-unused", "no-duplicates"]);
    let pair = "CREATE TABLE t (id INT, a INT, b INT, PRIMARY KEY (id, a, b))";
    let columns =
        |values: &str| format!("PARTITION BY RANGE COLUMNS (a, b) (PARTITION p0 VALUES LESS THAN ({values}))");
    check_on(pair, &columns("10, MAXVALUE"), Conditional, Cond, Ok, &["rows-in-partitions"]);
    check_on(pair, &columns("MAXVALUE, 10"), Safe, Ok, Ok, &[]);
    let parted = format!("{pair} {}", columns("10, MAXVALUE"));
    check_on(&parted, "REMOVE PARTITIONING", Conditional, Ok, Cond, &["rows-in-partitions"]);
}

#[test]
fn ways_back_destroy_nothing_that_was_there() {
    let profile = ServerProfile::of("10.11.19".parse().unwrap());
    let back = |sql: &str| {
        let mut catalog = Catalog::from_dump("CREATE TABLE j (id INT PRIMARY KEY, j JSON);", profile.settings.clone());
        let statement = parse(sql, profile.settings.dialect);
        let applied = catalog.apply(&statement, sql, None);
        way_back(&statement, &applied, None).unwrap().sql
    };
    assert_eq!(back("CREATE TABLE IF NOT EXISTS j (id INT)"), None);
    assert!(back("ALTER TABLE j DROP COLUMN j").unwrap().contains("CHECK (json_valid(`j`))"));
    assert!(back("ALTER TABLE j MODIFY j LONGTEXT").unwrap().contains("CHECK (json_valid(`j`))"));
}

#[test]
fn what_must_never_roll() {
    let profile = ServerProfile::of("10.11.19".parse().unwrap());
    for sql in [
        "CREATE TABLE x (a INT)",
        "DROP TABLE t",
        "TRUNCATE TABLE t",
        "RENAME TABLE t TO t2",
        "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1",
        "CREATE USER u",
        "GRANT SELECT ON *.* TO u",
    ] {
        let mut catalog = Catalog::from_dump(&format!("{TABLE};"), profile.settings.clone());
        let statement = parse(sql, profile.settings.dialect);
        let applied = catalog.apply(&statement, sql, None);
        let found = rolling(&statement, sql, &applied, &profile);
        assert_eq!(found.compatibility.verdict, Verdict::Unsafe, "{sql}");
        assert!(!found.why.is_empty(), "{sql}");
    }
}

/// A definition without identities, for comparing.
fn shape(table: &Table) -> Vec<String> {
    let name = |id| table.column_by_id(id).map(|column| column.name.clone()).unwrap_or_default();
    let mut shape: Vec<String> = table
        .columns
        .iter()
        .map(|c| format!("{} {} {} {:?} {:?}", c.name, c.data_type, c.nullable, c.default, c.data_type.collation))
        .collect();
    let mut keys: Vec<String> = table
        .keys
        .iter()
        .map(|key| {
            format!(
                "{:?} {} {:?}",
                key.kind,
                key.name,
                key.parts.iter().map(|part| name(part.column)).collect::<Vec<_>>()
            )
        })
        .collect();
    keys.sort();
    shape.extend(keys);
    shape.extend(table.checks.iter().map(|check| format!("{} {}", check.name, check.text)));
    shape.push(table.options.comment.clone());
    shape
}

#[test]
fn ways_back_lead_back() {
    let profile = ServerProfile::of("10.11.19".parse().unwrap());
    for clauses in [
        "ADD COLUMN q INT",
        "ADD COLUMN q INT AFTER a, DROP COLUMN b",
        "DROP COLUMN z",
        "DROP COLUMN id, DROP PRIMARY KEY",
        "RENAME COLUMN a TO aa",
        "CHANGE a aa BIGINT NOT NULL",
        "MODIFY b VARCHAR(60) CHARACTER SET utf8mb4 NOT NULL DEFAULT 'x'",
        "MODIFY n INT FIRST",
        "MODIFY e ENUM('x','y','z')",
        "ADD KEY k (n, a)",
        "DROP KEY ka, DROP KEY uu",
        "RENAME KEY ka TO kb",
        "DROP PRIMARY KEY, ADD PRIMARY KEY (id, n)",
        "ADD CONSTRAINT c CHECK (n < 9)",
        "COMMENT='it''s'",
    ] {
        let mut catalog = Catalog::from_dump(&format!("{TABLE};"), profile.settings.clone());
        let sql = format!("ALTER TABLE t {clauses}");
        let statement = parse(&sql, profile.settings.dialect);
        let applied = catalog.apply(&statement, &sql, None);
        let back = way_back(&statement, &applied, None)
            .and_then(|way| way.sql)
            .unwrap_or_else(|| panic!("{sql}: no way back"));
        let reverse = parse(&back, profile.settings.dialect);
        let returned = catalog.apply(&reverse, &back, None);
        assert_eq!(returned.problems, Vec::<String>::new(), "{sql}\n{back}");
        assert_eq!(
            shape(returned.after.as_deref().unwrap()),
            shape(applied.before.as_deref().unwrap()),
            "{sql}\n{back}"
        );
    }
}
