use crate::ddl::ServerProfile;
use crate::ddl::model::Catalog;
use crate::plan::{DataCheck, Text, draft};

const DUMP: &str = "CREATE TABLE t (id INT NOT NULL, a INT, b VARCHAR(20), d DECIMAL(10,2), PRIMARY KEY (id), \
    UNIQUE KEY ub (b(5))) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci; \
    CREATE TABLE u (id INT PRIMARY KEY, a INT); CREATE TABLE p (id INT PRIMARY KEY);";

/// What the last of these statements asks.
fn questions(statements: &str) -> Vec<DataCheck> {
    let profile = ServerProfile::of("10.11.19".parse().unwrap());
    let mut catalog = Catalog::from_dump(DUMP, profile.settings.clone());
    let text = Text { name: "-e".to_owned(), bytes: statements.as_bytes().to_vec() };
    draft(&[text], Some("app"), &mut catalog, &profile).unwrap().pop().unwrap().data_checks
}

/// What the last of these statements asks, by code, with `?` where the question cannot be put.
fn asks(statements: &str) -> Vec<String> {
    let marked = |check: DataCheck| format!("{}{}", check.code, if check.blind.is_some() { "?" } else { "" });
    questions(statements).into_iter().map(marked).collect()
}

/// The only question of the last of these statements.
fn question(statements: &str) -> String {
    let mut all = questions(statements);
    assert_eq!(all.len(), 1, "{statements}: {all:?}");
    all.pop().unwrap().sql
}

#[test]
fn duplicates_are_asked_for_where_no_key_forbids_them() {
    assert_eq!(asks("ALTER TABLE t ADD UNIQUE u (a)"), ["duplicates"]);
    assert_eq!(asks("ALTER TABLE t ADD UNIQUE u (a, id)"), [""; 0]);
    assert_eq!(asks("ALTER TABLE t ADD UNIQUE u (a, b)"), ["duplicates"], "only the first letters of b are unique");
    assert_eq!(asks("ALTER TABLE t MODIFY id TINYINT NOT NULL, ADD UNIQUE u (a, id)"), ["out-of-range", "duplicates"]);
    assert_eq!(asks("ALTER TABLE t RENAME COLUMN id TO n, RENAME COLUMN a TO id, ADD UNIQUE u (id)"), ["duplicates"]);
}

#[test]
fn a_question_that_names_todays_columns_is_put_as_it_is() {
    assert_eq!(
        question("ALTER TABLE t ADD UNIQUE u (a)"),
        "SELECT `a`, COUNT(*) AS `rows` FROM `app`.`t` WHERE `a` IS NOT NULL GROUP BY `a` HAVING COUNT(*) > 1 LIMIT 5"
    );
    assert_eq!(question("ALTER TABLE t MODIFY a INT NOT NULL"), "SELECT `id` FROM `app`.`t` WHERE `a` IS NULL LIMIT 5");
    assert_eq!(
        question("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p (id)"),
        "SELECT c.`id`, c.`a` FROM `app`.`t` AS c WHERE c.`a` IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM `app`.`p` AS p WHERE p.`id` = c.`a`) LIMIT 5"
    );
    assert_eq!(question("ALTER TABLE t ADD CHECK (a > 1)"), "SELECT `id` FROM `app`.`t` WHERE NOT (a > 1) LIMIT 5");
}

#[test]
fn names_of_another_time_are_found_in_the_rows_of_today() {
    for (statements, relation) in [
        ("ALTER TABLE t RENAME COLUMN a TO c, ADD UNIQUE (c)", "(SELECT `a` AS `c` FROM `app`.`t`) AS `t`"),
        ("ALTER TABLE t CHANGE a c INT, ADD UNIQUE (c)", "(SELECT `a` AS `c` FROM `app`.`t`) AS `t`"),
        ("ALTER TABLE t CHANGE a c INT UNIQUE", "(SELECT `a` AS `c` FROM `app`.`t`) AS `t`"),
        (
            "ALTER TABLE t RENAME COLUMN a TO id, RENAME COLUMN id TO a, ADD UNIQUE (id)",
            "(SELECT `a` AS `id` FROM `app`.`t`) AS `t`",
        ),
        ("RENAME TABLE t TO v; ALTER TABLE v ADD UNIQUE (a)", "`app`.`t`"),
        ("ALTER TABLE t RENAME TO v; CREATE UNIQUE INDEX i ON v (a)", "`app`.`t`"),
        ("RENAME TABLE t TO x, u TO t, x TO u; ALTER TABLE t ADD UNIQUE (a)", "`app`.`u`"),
        (
            "ALTER TABLE t RENAME COLUMN id TO n; ALTER TABLE t ADD CHECK (a > 0)",
            "(SELECT `id` AS `n`, `a` AS `a` FROM `app`.`t`) AS `t`",
        ),
        ("ALTER TABLE t ADD p INT NOT NULL DEFAULT 7, ADD UNIQUE (p)", "(SELECT 7 AS `p` FROM `app`.`t`) AS `t`"),
        ("ALTER TABLE t ADD p INT NOT NULL UNIQUE", "(SELECT 0 AS `p` FROM `app`.`t`) AS `t`"),
        ("ALTER TABLE t ADD p INT CHECK (p > 0)", "(SELECT `id` AS `id`, NULL AS `p` FROM `app`.`t`) AS `t`"),
        (
            "ALTER TABLE t ADD p INT NOT NULL DEFAULT 0, ADD FOREIGN KEY (p) REFERENCES p (id)",
            "(SELECT `id` AS `id`, 0 AS `p` FROM `app`.`t`) AS c",
        ),
        (
            "ALTER TABLE p RENAME COLUMN id TO n; ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p (n)",
            "(SELECT `id` AS `n` FROM `app`.`p`) AS p",
        ),
        (
            "ALTER TABLE t ADD p INT DEFAULT 1; ALTER TABLE t MODIFY p INT NOT NULL",
            "(SELECT `id` AS `id`, 1 AS `p` FROM `app`.`t`) AS `t`",
        ),
    ] {
        let sql = question(statements);
        assert!(sql.contains(&format!("FROM {relation}")), "{statements}: {sql}");
    }
}

#[test]
fn what_cannot_be_asked_is_said_and_not_passed() {
    for statements in [
        "ALTER TABLE t MODIFY b INT, ADD UNIQUE (b)",
        "ALTER TABLE t MODIFY a DATE; ALTER TABLE t ADD UNIQUE (a)",
        "ALTER TABLE t MODIFY d DOUBLE, ADD UNIQUE (d)",
        "ALTER TABLE t ADD g INT AS (a + 1), ADD UNIQUE (g)",
        "ALTER TABLE t ADD g DATETIME DEFAULT NOW() UNIQUE",
        "ALTER TABLE t EXCHANGE PARTITION q WITH TABLE u; ALTER TABLE u ADD UNIQUE (a)",
        "CREATE TABLE v AS SELECT * FROM t; ALTER TABLE v ADD UNIQUE (a)",
    ] {
        let last = asks(statements).pop();
        assert_eq!(last.as_deref(), Some("duplicates?"), "{statements}");
    }
}

#[test]
fn values_that_differ_today_may_agree_once_they_are_converted() {
    let binary = "ALTER TABLE t MODIFY b VARCHAR(20) COLLATE utf8mb4_bin, DROP KEY ub";
    for (statements, expected) in [
        (
            "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            Some("CONVERT(`b` USING utf8mb4) COLLATE utf8mb4_bin AS `b`"),
        ),
        ("ALTER TABLE t MODIFY b VARCHAR(30)", None),
        ("ALTER TABLE t DROP KEY ub, CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", None),
        (binary, None),
    ] {
        let found: Vec<DataCheck> =
            questions(statements).into_iter().filter(|check| check.code == "duplicates").collect();
        match expected {
            Some(expression) => {
                assert!(found.len() == 1 && found[0].sql.contains(expression), "{statements}: {found:?}")
            }
            None => assert!(found.is_empty(), "{statements}: {found:?}"),
        }
    }
    assert_eq!(asks("ALTER TABLE t MODIFY id VARCHAR(20) NOT NULL"), ["too-long"], "numbers stay distinct as texts");
    assert_eq!(asks("ALTER TABLE t MODIFY id VARCHAR(20) NOT NULL, ADD UNIQUE u (a)"), ["too-long", "duplicates"]);
    assert_eq!(asks("ALTER TABLE t MODIFY id DOUBLE NOT NULL"), ["duplicates?"]);
}

#[test]
fn what_is_new_and_empty_is_not_asked() {
    for statements in [
        "CREATE TABLE v (id INT PRIMARY KEY, a INT); ALTER TABLE v ADD UNIQUE (a)",
        "CREATE TABLE v LIKE t; ALTER TABLE v ADD UNIQUE (a), MODIFY a TINYINT NOT NULL",
        "CREATE TABLE v LIKE t; RENAME TABLE t TO old, v TO t; ALTER TABLE t ADD UNIQUE (a)",
        "DROP TABLE t; CREATE TABLE t (id INT); ALTER TABLE t ADD UNIQUE (id)",
        "ALTER TABLE t ADD c INT UNIQUE",
        "ALTER TABLE t ADD c INT; ALTER TABLE t ADD UNIQUE (c), ADD FOREIGN KEY (c) REFERENCES p (id)",
        "ALTER TABLE u DROP PRIMARY KEY, ADD n BIGINT AUTO_INCREMENT PRIMARY KEY",
    ] {
        assert_eq!(asks(statements), [""; 0], "{statements}");
    }
    // A parent that is new has no rows either: every reference to it would be an orphan.
    assert_eq!(
        question("CREATE TABLE q (id INT PRIMARY KEY); ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES q (id)"),
        "SELECT c.`id`, c.`a` FROM `app`.`t` AS c WHERE c.`a` IS NOT NULL LIMIT 5"
    );
}

#[test]
fn numbers_are_compared_as_they_will_be_rounded() {
    for (clause, condition) in [
        ("MODIFY d DECIMAL(3,2)", Some("ROUND(ABS(`d`), 2) >= 10")),
        ("MODIFY d DECIMAL(10,1)", None),
        ("MODIFY d DECIMAL(9,1)", Some("ROUND(ABS(`d`), 1) >= 100000000")),
        ("MODIFY d DECIMAL(10,2) UNSIGNED", Some("ROUND(ABS(`d`), 2) >= 100000000 OR `d` < 0")),
        ("MODIFY d DECIMAL(12,4)", None),
        ("MODIFY d DECIMAL(11,4)", Some("ROUND(ABS(`d`), 4) >= 10000000")),
        ("MODIFY d INT", None),
        ("MODIFY d SMALLINT", Some("ROUND(`d`) < -32768 OR ROUND(`d`) > 32767")),
        ("MODIFY a DECIMAL(10,0)", None),
        ("MODIFY a DECIMAL(9,0)", Some("ROUND(ABS(`a`), 0) >= 1000000000")),
        ("MODIFY a TINYINT", Some("`a` < -128 OR `a` > 127")),
    ] {
        let found = questions(&format!("ALTER TABLE t {clause}"));
        match condition {
            Some(condition) => {
                let wanted = format!("SELECT `id`, `{}` FROM `app`.`t` WHERE {condition} LIMIT 5", &clause[7..8]);
                assert_eq!(found.iter().map(|check| check.sql.as_str()).collect::<Vec<_>>(), [wanted], "{clause}");
            }
            None => assert!(found.is_empty(), "{clause}: {found:?}"),
        }
    }
}
