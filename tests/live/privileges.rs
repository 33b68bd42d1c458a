//! What a statement is said to take of the account is what the server asks for: with all of it the statement runs, and
//! without any part of it it does not. `SCHEMA_TEST_SERVER=PREFIX` takes a server of `tests/fetch-servers`.

use std::collections::BTreeMap;
use std::time::Duration;

use galera_schema::ddl::parse;
use galera_schema::plan::{Need, Right, When, needs};
use galera_schema::sandbox::{Error, Node, Sandbox};
use galera_schema::sql::{Dialect, ServerVersion};
use libtest_mimic::Trial;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};

use crate::support::{shared, trial};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![trial("privileges::the_server_asks_for_these_and_no_more", the_server_asks_for_these_and_no_more)]
}

/// What each statement meets. Names are qualified: the account need not see the database.
const AROUND: &[&str] = &[
    "CREATE DATABASE IF NOT EXISTS need",
    "DROP TABLE IF EXISTS need.child, need.t",
    "CREATE OR REPLACE DATABASE need",
    "CREATE TABLE need.t (id INT PRIMARY KEY, a INT, KEY (a))",
    "CREATE TABLE need.p (id INT PRIMARY KEY)",
    "CREATE TABLE need.parts (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (9), PARTITION p1 \
     VALUES LESS THAN MAXVALUE)",
    "CREATE TABLE need.whole (id INT PRIMARY KEY)",
    "CREATE VIEW need.v AS SELECT 1 AS one",
    "CREATE SEQUENCE need.s NOCACHE",
    "CREATE PROCEDURE need.pr() SELECT 1",
    "CREATE TRIGGER need.tr BEFORE INSERT ON need.p FOR EACH ROW SET @x = 1",
];

const STATEMENTS: &[&str] = &[
    "ALTER TABLE need.t ADD COLUMN c INT, ADD INDEX (c), DROP INDEX a",
    "ALTER TABLE need.t RENAME TO need.renamed",
    "ALTER TABLE need.t ADD FOREIGN KEY (a) REFERENCES need.p (id)",
    "ALTER TABLE need.parts DROP PARTITION p0",
    "ALTER TABLE need.parts TRUNCATE PARTITION p0",
    "ALTER TABLE need.parts EXCHANGE PARTITION p0 WITH TABLE need.whole",
    "ALTER TABLE need.parts CONVERT PARTITION p0 TO TABLE need.out",
    "ALTER TABLE need.parts ANALYZE PARTITION p0",
    "CREATE OR REPLACE TABLE need.t (id INT)",
    "CREATE TABLE need.new LIKE need.t",
    "CREATE TABLE need.child (id INT, FOREIGN KEY (id) REFERENCES need.p (id))",
    "RENAME TABLE need.t TO need.renamed",
    "TRUNCATE TABLE need.t",
    "DROP TABLE need.t",
    "CREATE INDEX k ON need.t (a)",
    "OPTIMIZE TABLE need.t",
    "CREATE VIEW need.new AS SELECT 1",
    "CREATE OR REPLACE VIEW need.v AS SELECT 2",
    "CREATE DEFINER=root@localhost VIEW need.new AS SELECT 1",
    "DROP VIEW need.v",
    "CREATE SEQUENCE need.new NOCACHE",
    "DROP SEQUENCE need.s",
    "ALTER DATABASE need CHARACTER SET latin1",
    "CREATE TRIGGER need.new BEFORE INSERT ON need.t FOR EACH ROW SET @x = 1",
    "DROP TRIGGER need.tr",
    "CREATE PROCEDURE need.new() SELECT 1",
    "CREATE FUNCTION need.f() RETURNS INT DETERMINISTIC RETURN 1",
    "DROP PROCEDURE need.pr",
    "CREATE EVENT need.e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1",
    "CREATE OR REPLACE USER somebody_new",
    "FLUSH TABLES",
];

/// What the server answers when a privilege is missing.
const DENIED: &[u16] = &[1044, 1142, 1143, 1227, 1370, 1419];

async fn the_server_asks_for_these_and_no_more() -> Result<(), Error> {
    let sandbox = shared().await;
    let node = &sandbox.nodes()[0];
    let logs = node.value("SELECT @@log_bin").await?.as_deref() == Some("1");
    assert_eq!(node.value("SELECT @@log_bin_trust_function_creators").await?.as_deref(), Some("0"));
    let version: ServerVersion = node.value("SELECT VERSION()").await?.unwrap_or_default().parse().unwrap();
    let dialect = Dialect::new(version);
    for sql in STATEMENTS {
        let applies = |need: &Need| need.when != When::UntrustedInLog || logs;
        let needs = needs(&parse(sql, dialect), sql, dialect, None);
        let rights: Vec<Right> = needs.into_iter().filter(applies).map(|need| need.any[0].clone()).collect();
        let with_all = attempt(&sandbox, node, &rights, sql).await;
        assert_eq!(with_all, Ok(()), "{sql} with {rights:?}");
        for left_out in 0..rights.len() {
            if is_asked_too_late(sql, &rights[left_out]) {
                continue;
            }
            let mut fewer = rights.clone();
            let gone = fewer.remove(left_out);
            // On a table that is not there yet, INSERT cannot be granted without CREATE.
            let alone =
                gone.privilege == "CREATE" && fewer.iter().any(|it| it.on == gone.on && it.privilege == "INSERT");
            if alone {
                continue;
            }
            let without = attempt(&sandbox, node, &fewer, sql).await;
            assert!(without.is_err_and(|code| DENIED.contains(&code)), "{sql} without {gone:?}: {without:?}");
        }
    }
    for sql in [
        "DROP TABLE IF EXISTS need.child, need.t",
        "DROP DATABASE need",
        "DROP USER exact@'%'",
        "DROP USER IF EXISTS somebody_new",
    ] {
        node.execute(sql).await?;
    }
    Ok(())
}

/// Some of what ALTER TABLE takes on other tables is only asked for when the statement is on its way to the other nodes:
/// they carry out what this one refuses (docs/privileges.md). That is not provoked here.
fn is_asked_too_late(sql: &str, right: &Right) -> bool {
    let altered = sql.strip_prefix("ALTER TABLE ").and_then(|rest| rest.split(' ').next());
    altered.is_some_and(|table| right.on.to_string().replace('`', "") != table)
}

/// Runs a statement by an account that has these rights and no others; the server's error number when it refuses.
async fn attempt(sandbox: &Sandbox, node: &Node, rights: &[Right], sql: &str) -> Result<(), u16> {
    for around in AROUND {
        node.execute(around).await.unwrap();
    }
    node.execute("CREATE OR REPLACE USER exact@'%' IDENTIFIED BY 'pw'").await.unwrap();
    // Together: on a table that is not there yet, INSERT is only granted with CREATE.
    let mut levels: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for right in rights {
        levels.entry(right.on.to_string()).or_default().push(&right.privilege);
    }
    for (on, privileges) in levels {
        node.execute(&format!("GRANT {} ON {on} TO exact@'%'", privileges.join(", "))).await.unwrap();
    }
    let opts = OptsBuilder::from_opts(sandbox.nodes()[0].opts().unwrap()).user(Some("exact")).pass(Some("pw"));
    let mut conn = tokio::time::timeout(Duration::from_secs(5), Conn::new(opts)).await.unwrap().unwrap();
    let done = conn.query_drop(sql).await;
    conn.disconnect().await.unwrap();
    match done {
        Ok(()) => Ok(()),
        Err(mysql_async::Error::Server(error)) => Err(error.code),
        Err(error) => panic!("{sql}: {error}"),
    }
}
