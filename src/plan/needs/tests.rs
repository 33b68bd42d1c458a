use super::*;
use crate::ddl::parse;
use crate::sql::ServerVersion;

/// The needs of a statement with `d` as the default database, one a line: `ALTER on `d`.`t``; alternatives with `or`.
fn of(sql: &str) -> String {
    let dialect = Dialect::new(ServerVersion::new(10, 11, 19));
    let line = |need: &Need| {
        let any: Vec<String> = need.any.iter().map(|it| format!("{} on {}", it.privilege, it.on)).collect();
        let when = match &need.when {
            When::Always => String::new(),
            other => format!(" when {other:?}"),
        };
        let unsure = need.unsure.as_ref().map_or_else(String::new, |_| " perhaps".to_owned());
        format!("{}{when}{unsure}", any.join(" or "))
    };
    needs(&parse(sql, dialect), sql, dialect, Some("d"))
        .iter()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
        .replace('`', "")
}

#[test]
fn a_table_is_altered_with_alter_and_what_its_clauses_add() {
    for (sql, expected) in [
        ("ALTER TABLE t ADD COLUMN c INT, ADD INDEX (c), DROP INDEX k", "ALTER on d.t"),
        ("ALTER TABLE x.t FORCE", "ALTER on x.t"),
        ("ALTER TABLE t RENAME TO x.u", "ALTER on d.t\nDROP on d.t\nCREATE on x.u\nINSERT on x.u"),
        ("ALTER TABLE t DROP PARTITION p0", "ALTER on d.t\nDROP on d.t"),
        ("ALTER TABLE t TRUNCATE PARTITION p0", "DROP on d.t"),
        ("ALTER TABLE t REORGANIZE PARTITION p0 INTO (PARTITION p1 VALUES LESS THAN (1))", "ALTER on d.t"),
        ("ALTER TABLE t OPTIMIZE PARTITION p0", "SELECT on d.t\nINSERT on d.t"),
        ("ALTER TABLE t CHECK PARTITION p0", ""),
        (
            "ALTER TABLE t EXCHANGE PARTITION p0 WITH TABLE x.u",
            "ALTER on d.t\nDROP on d.t\nINSERT on d.t\nCREATE on d.t\nALTER on x.u\nDROP on x.u\nINSERT on x.u\nCREATE on x.u",
        ),
        ("ALTER TABLE t CONVERT PARTITION p0 TO TABLE u", "ALTER on d.t\nDROP on d.t\nCREATE on d.u\nINSERT on d.u"),
    ] {
        assert_eq!(of(sql), expected, "{sql}");
    }
}

#[test]
fn a_foreign_key_takes_any_of_five_privileges_on_its_parent() {
    let parent = |on: &str| {
        let any = ["REFERENCES", "SELECT", "INSERT", "UPDATE", "DELETE"].map(|one| format!("{one} on {on}"));
        any.join(" or ")
    };
    let add = |parent: &str| of(&format!("ALTER TABLE x.t ADD FOREIGN KEY (a) REFERENCES {parent} (id)"));
    assert_eq!(add("p"), format!("ALTER on x.t\n{}", parent("d.p")));
    assert_eq!(add("x.p"), format!("ALTER on x.t\n{}", parent("x.p")));
    let created = of("CREATE TABLE t (a INT REFERENCES p (id), b INT, FOREIGN KEY (b) REFERENCES q (id))");
    assert_eq!(created, format!("CREATE on d.t\n{}\n{}", parent("d.q"), parent("d.p")));
}

#[test]
fn each_kind_of_statement_takes_its_own() {
    for (sql, expected) in [
        ("CREATE TABLE t (a INT)", "CREATE on d.t"),
        ("CREATE OR REPLACE TABLE t (a INT)", "CREATE on d.t\nDROP on d.t"),
        ("CREATE TABLE t LIKE u", "CREATE on d.t\nSELECT on d.u"),
        ("CREATE TABLE t SELECT * FROM u", "CREATE on d.t\nINSERT on d.t\nSELECT on *.* perhaps"),
        ("DROP TABLE t, x.u", "DROP on d.t\nDROP on x.u"),
        ("TRUNCATE TABLE t", "DROP on d.t"),
        (
            "RENAME TABLE t TO u, u TO x.v",
            "ALTER on d.t\nDROP on d.t\nALTER on d.u\nDROP on d.u\nCREATE on d.u\nINSERT on d.u\nCREATE on x.v\nINSERT on x.v",
        ),
        ("CREATE UNIQUE INDEX k ON t (a)", "INDEX on d.t"),
        ("DROP INDEX k ON t", "INDEX on d.t"),
        ("CREATE VIEW v AS SELECT 1", "CREATE VIEW on d.* or CREATE VIEW on d.v"),
        (
            "CREATE OR REPLACE VIEW v AS SELECT 1",
            "CREATE VIEW on d.* or CREATE VIEW on d.v\nDROP on d.* or DROP on d.v",
        ),
        (
            "ALTER VIEW v AS SELECT a FROM t",
            "CREATE VIEW on d.* or CREATE VIEW on d.v\nDROP on d.* or DROP on d.v\nSELECT on *.* perhaps",
        ),
        ("DROP VIEW v", "DROP on d.v"),
        ("CREATE SEQUENCE s", "CREATE on d.s"),
        ("OPTIMIZE TABLE t, u", "SELECT on d.t\nINSERT on d.t\nSELECT on d.u\nINSERT on d.u"),
        ("CREATE DATABASE e", "CREATE on e.*"),
        ("CREATE OR REPLACE DATABASE e", "CREATE on e.*\nDROP on e.*"),
        ("ALTER DATABASE CHARACTER SET utf8mb4", "ALTER on d.*"),
        ("DROP DATABASE IF EXISTS e", "DROP on e.*"),
        ("CREATE EVENT x.e ON SCHEDULE EVERY 1 DAY DO SELECT 1", "EVENT on x.*"),
        ("DROP EVENT e", "EVENT on d.*"),
        ("CREATE PROCEDURE p() SELECT 1", "CREATE ROUTINE on d.*"),
        ("DROP PROCEDURE x.p", "ALTER ROUTINE on PROCEDURE x.p or ALTER ROUTINE on x.*"),
        (
            "CREATE OR REPLACE FUNCTION f() RETURNS INT RETURN 1",
            "CREATE ROUTINE on d.*\nALTER ROUTINE on FUNCTION d.f or ALTER ROUTINE on d.*\nSUPER on *.* when UntrustedInLog",
        ),
        (
            "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1",
            "TRIGGER on d.t\nSUPER on *.* when Untrusted",
        ),
        ("DROP TRIGGER x.tr", "TRIGGER on x.* perhaps\nSUPER on *.* when Untrusted"),
        ("CREATE USER u", "CREATE USER on *.* or INSERT on mysql.*"),
        ("ALTER USER u IDENTIFIED BY 'x'", "CREATE USER on *.* or UPDATE on mysql.*"),
        ("GRANT SELECT ON d.* TO u", "GRANT OPTION on *.* perhaps"),
        ("FLUSH STATUS", ""),
        ("FLUSH TABLES", "RELOAD on *.*"),
        ("INSTALL SONAME 'disks'", "INSERT on mysql.plugin"),
    ] {
        assert_eq!(of(sql), expected, "{sql}");
    }
}

#[test]
fn somebody_else_as_definer_takes_more() {
    for (definer, expected) in [
        ("CURRENT_USER", ""),
        ("CURRENT_USER()", ""),
        ("`root`@`localhost`", "\nSET USER on *.* when NotBy(\"'root'@'localhost'\")"),
        ("'o''x'@'%'", "\nSET USER on *.* when NotBy(\"'o''x'@'%'\")"),
        ("app@host", "\nSET USER on *.* when NotBy(\"'app'@'host'\")"),
        ("some_role", "\nSET USER on *.* perhaps"),
    ] {
        let sql = format!("CREATE ALGORITHM=MERGE DEFINER={definer} SQL SECURITY DEFINER VIEW v AS SELECT 1");
        assert_eq!(of(&sql), format!("CREATE VIEW on d.* or CREATE VIEW on d.v{expected}"), "{sql}");
    }
    assert_eq!(of("CREATE VIEW definer AS SELECT 1"), "CREATE VIEW on d.* or CREATE VIEW on d.definer");
}

#[test]
fn what_is_not_understood_is_not_called_enough() {
    for sql in ["ALTER TABLE t FROBNICATE", "CREATE TABLESPACE x ADD DATAFILE 'y'"] {
        assert!(of(sql).contains("perhaps"), "{sql}: {}", of(sql));
    }
}
