//! The model after statements, held against what the server's SHOW CREATE TABLE says.

use super::*;
use crate::sql::ServerVersion;

/// Follows statements in a catalog of 10.11.
fn follow(text: &str) -> Catalog {
    Catalog::from_dump(text, Settings::of(ServerVersion::new(10, 11, 19)))
}

/// A table in short: `name type flags`, keys, and so on, one a line.
fn describe(table: &Table) -> Vec<String> {
    let name = |id: &ColumnId| table.column_by_id(*id).map_or("?", |column| column.name.as_str());
    let columns = table.columns.iter().map(|column| {
        let null = if column.nullable { "" } else { " not null" };
        let charset = column.data_type.collation.as_ref().map_or(String::new(), |c| format!(" {c}"));
        format!("{} {}{charset}{null}", column.name, column.data_type)
    });
    let keys = table.keys.iter().map(|key| {
        let parts: Vec<&str> = key.parts.iter().map(|part| name(&part.column)).collect();
        let hash = if key.long_hash { " hash" } else { "" };
        format!("{:?} {}({}){hash}", key.kind, key.name, parts.join(","))
    });
    let foreign = table.foreign_keys.iter().map(|key| format!("fk {} -> {}", key.name, key.parent_table));
    let checks = table.checks.iter().map(|check| format!("check {}: {}", check.name, check.text));
    columns.chain(keys).chain(foreign).chain(checks).collect()
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let catalog = follow(text);
    let table = catalog.table(None, "t").table().cloned().unwrap_or_else(|| panic!("no table t: {catalog:?}"));
    assert_eq!(describe(&table), expected, "{text}");
}

#[test]
fn create_fills_in_what_is_silent() {
    check(
        "CREATE TABLE t (id SERIAL, b BOOL, n NATIONAL VARCHAR(5), j JSON, e ENUM('a ','b'), PRIMARY KEY (b))",
        &[
            "id bigint(20) unsigned not null",
            "b tinyint(1) not null",
            "n varchar(5) utf8mb3_general_ci",
            "j longtext utf8mb4_bin",
            "e enum('a','b') latin1_swedish_ci",
            "Primary PRIMARY(b)",
            "Unique id(id)",
            "check j: json_valid(`j`)",
        ],
    );
    check(
        "CREATE TABLE t (a INT, b INT UNIQUE, c INT NOT NULL UNIQUE, KEY (a), KEY (a,b)) CHARSET utf8mb4",
        &["a int(11)", "b int(11)", "c int(11) not null", "Unique c(c)", "Unique b(b)", "Index a(a)", "Index a_2(a,b)"],
    );
    check(
        "CREATE TABLE t (a TEXT(70000) CHARACTER SET latin1, b BLOB UNIQUE, c FLOAT(30), d CHAR BYTE)",
        &["a mediumtext latin1_swedish_ci", "b blob", "c double", "d binary(1)", "Unique b(b) hash"],
    );
}

#[test]
fn foreign_keys_bring_a_key_unless_one_is_there() {
    check(
        "CREATE TABLE t (a INT, b INT, FOREIGN KEY (a) REFERENCES p (x), CONSTRAINT c FOREIGN KEY (b) REFERENCES q (x))",
        &["a int(11)", "b int(11)", "Index a(a)", "Index c(b)", "fk t_ibfk_1 -> p", "fk c -> q"],
    );
    check(
        "CREATE TABLE t (a INT, b INT, FOREIGN KEY (a) REFERENCES p (x)); ALTER TABLE t ADD KEY k (a, b)",
        &["a int(11)", "b int(11)", "Index k(a,b)", "fk t_ibfk_1 -> p"],
    );
}

#[test]
fn alter_takes_clauses_as_one_set() {
    let table = "CREATE TABLE t (a INT, b INT, c INT, KEY k (a, b), KEY l (c));";
    check(
        &format!("{table} ALTER TABLE t DROP c, CHANGE a b BIGINT FIRST, CHANGE b a INT, ADD c DATE AFTER b"),
        &["b bigint(20)", "c date", "a int(11)", "Index k(b,a)", "Index l(c)"],
    );
    // A column that moves later can be put behind.
    check(
        &format!("{table} ALTER TABLE t MODIFY a INT AFTER b, MODIFY b INT FIRST"),
        &["b int(11)", "a int(11)", "c int(11)", "Index k(a,b)", "Index l(c)"],
    );
    check(
        &format!("{table} ALTER TABLE t ADD KEY k (c), DROP KEY k, DROP a, RENAME KEY l TO m, ADD PRIMARY KEY (b)"),
        &["b int(11) not null", "c int(11)", "Primary PRIMARY(b)", "Index m(c)", "Index k(c)"],
    );
    check(
        &format!("{table} ALTER TABLE t ADD d TEXT, CONVERT TO CHARACTER SET utf8mb4, MODIFY c VARCHAR(9) NOT NULL"),
        &[
            "a int(11)",
            "b int(11)",
            "c varchar(9) utf8mb4_general_ci not null",
            "d text utf8mb4_general_ci",
            "Index k(a,b)",
            "Index l(c)",
        ],
    );
}

#[test]
fn identities_survive_renames() {
    let mut catalog = follow("CREATE TABLE t (a INT, b INT)");
    let sql = "ALTER TABLE t CHANGE a z INT AFTER b, RENAME COLUMN b TO a";
    let statement = crate::ddl::parse(sql, catalog.settings.dialect);
    let applied = catalog.apply(&statement, sql, None);
    let (before, after) = (applied.before.unwrap(), applied.after.unwrap());
    assert_eq!(before.column("a").unwrap().id, after.column("z").unwrap().id);
    assert_eq!(before.column("b").unwrap().id, after.column("a").unwrap().id);
}

#[test]
fn versioning_and_partitions() {
    let catalog = follow(
        "CREATE TABLE t (a INT) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME PARTITIONS 3; ALTER TABLE t ADD b INT",
    );
    let table = catalog.table(None, "t").table().cloned().unwrap();
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "row_start", "row_end"]);
    let partitions = &table.partitioning.as_ref().unwrap().partitions;
    assert_eq!(partitions.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["p0", "p1", "pn"]);
}

#[test]
fn unknown_is_not_absent() {
    let catalog = follow("USE d; CREATE TABLE a (x INT); DROP TABLE b; RENAME TABLE a TO c; CREATE DATABASE e");
    assert!(matches!(catalog.table(Some("d"), "c"), Lookup::Known(_)));
    assert_eq!(catalog.table(Some("d"), "a"), Lookup::Absent);
    assert_eq!(catalog.table(Some("d"), "b"), Lookup::Absent);
    assert_eq!(catalog.table(Some("d"), "z"), Lookup::Unknown);
    assert_eq!(catalog.table(Some("e"), "z"), Lookup::Absent);
    assert_eq!(catalog.table(Some("f"), "z"), Lookup::Unknown);
}

#[test]
fn reads_a_dump() {
    let dump = "/*!40101 SET @saved_cs_client     = @@character_set_client */;\n\
        DROP TABLE IF EXISTS `t`;\n\
        CREATE TABLE `t` (\n  `id` int(11) NOT NULL AUTO_INCREMENT,\n  `s` varchar(20) CHARACTER SET utf8mb3 COLLATE \
        utf8mb3_general_ci DEFAULT 'x',\n  PRIMARY KEY (`id`),\n  UNIQUE KEY `s` (`s`) USING BTREE\n) ENGINE=InnoDB \
        DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci\n /*!50100 PARTITION BY HASH (`id`)\nPARTITIONS 2 */;\n\
        /*!50001 CREATE VIEW `v` AS SELECT 1 AS `a` */;\n";
    let catalog = follow(dump);
    let table = catalog.table(None, "t").table().cloned().unwrap();
    assert!(!table.incomplete);
    assert_eq!(table.partitioning.as_ref().unwrap().partitions.len(), 2);
    assert_eq!(table.options.collation.as_deref(), Some("utf8mb4_unicode_ci"));
    assert_eq!(catalog.table(None, "v"), Lookup::View);
}
