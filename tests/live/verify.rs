//! `schema verify` and what it rests on: each kind of object made different on one node, found, and mended by the DDL
//! that is printed.

use galera_schema::cluster::{Connector, snapshot_all};
use galera_schema::config::{ConnectionArgs, Settings};
use galera_schema::sandbox::{Error, Node, Sandbox};
use galera_schema::verify::{Scope, compare};
use libtest_mimic::Trial;
use mysql_async::prelude::Queryable;
use serde_json::Value;

use crate::support::{schema, schema_with, shared, trial};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![
        trial("verify::equal_nodes_have_converged", equal_nodes_have_converged),
        trial("verify::every_kind_of_difference_is_found_and_mended", every_kind_of_difference_is_found_and_mended),
        trial("verify::what_may_differ_is_no_difference", what_may_differ_is_no_difference),
        trial("verify::accounts_are_compared_without_their_passwords", accounts_are_compared_without_their_passwords),
        trial("verify::scope_and_exit_codes", scope_and_exit_codes),
        trial("verify::a_node_that_cannot_be_read_is_no_converged_node", a_node_that_cannot_be_read),
    ]
}

/// One of each kind.
const OBJECTS: &str = "
create table d.p (id int primary key, code varchar(10), unique key code_u (code)) engine=InnoDB;
create table d.t (id int auto_increment primary key, a int not null default 1 comment 'x, (y)', b varchar(20), c text,
    pid int, key k_a (a), key k_b (b(10)), constraint fk foreign key (pid) references d.p (id), constraint ck check (a > 0));
create table d.parts (id int primary key, v int) partition by range (id) (partition p0 values less than (10), partition p1 values less than maxvalue);
create table d.opts (id int primary key) row_format=compressed comment='it''s';
create table d.gone (id int primary key);
create sequence d.s increment by 0;
create view d.v as select id, a from d.t;
create function d.f(x int) returns int deterministic return x + 1;
create procedure d.pr() begin select 'a;b'; end;
create trigger d.tr before insert on d.t for each row set new.b = concat('t', new.a);
create trigger d.tr2 before insert on d.t for each row set new.c = 'second';
create event d.ev on schedule every 1 day do delete from d.gone;
";

/// What somebody did on one node only.
const DRIFT: &str = "
alter table d.t modify a bigint not null default 1, drop key k_b, add column z int after id, drop constraint ck, drop foreign key fk;
alter table d.p drop key code_u, add key code_u (code);
alter table d.parts reorganize partition p1 into (partition p1 values less than (20), partition p2 values less than maxvalue);
alter table d.opts row_format=dynamic comment='other';
drop table d.gone;
alter sequence d.s maxvalue 1000;
create or replace view d.v as select id from d.t;
create or replace function d.f(x int) returns int deterministic return x + 2;
drop procedure d.pr;
drop trigger d.tr2;
create or replace event d.ev on schedule every 2 day do delete from d.gone;
alter database d comment 'changed';
";

async fn on_this_node_only(node: &Node, statements: &str) {
    let mut conn = node.connect().await.unwrap();
    // What the other nodes did has arrived here before this one goes its own way.
    conn.query_drop("set session wsrep_sync_wait = 1").await.unwrap();
    conn.query_drop("select 1").await.unwrap();
    conn.query_drop("set session wsrep_on = off").await.unwrap();
    for statement in split(statements) {
        conn.query_drop(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    conn.disconnect().await.unwrap();
}

async fn everywhere(sandbox: &Sandbox, statements: &str) {
    let mut conn = sandbox.nodes()[0].connect().await.unwrap();
    for statement in split(statements) {
        conn.query_drop(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    conn.disconnect().await.unwrap();
}

/// An empty database `d`, also when the tables of the last test refer to each other.
async fn fresh(sandbox: &Sandbox) {
    everywhere(sandbox, "set session foreign_key_checks = 0;\ncreate or replace database d;\n").await;
}

/// One statement ends where a line ends with a semicolon.
fn split(statements: &str) -> impl Iterator<Item = &str> {
    statements.split(";\n").map(str::trim).filter(|statement| !statement.is_empty())
}

fn answer(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

async fn equal_nodes_have_converged() -> Result<(), Error> {
    let sandbox = shared().await;
    fresh(&sandbox).await;
    everywhere(&sandbox, OBJECTS).await;
    let ran = schema(&sandbox, &["verify", "--format", "json"]).expect_code(0);
    let json = answer(&ran.stdout);
    assert_eq!((json["v"].as_u64(), json["converged"].as_bool()), (Some(1), Some(true)));
    assert_eq!(json["nodes"], serde_json::json!(["n1", "n2", "n3"]));
    assert_eq!(json["differences"], serde_json::json!([]));
    let ran = schema(&sandbox, &["verify", "--quiet"]).expect_code(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    Ok(())
}

async fn every_kind_of_difference_is_found_and_mended() -> Result<(), Error> {
    let sandbox = shared().await;
    fresh(&sandbox).await;
    everywhere(&sandbox, OBJECTS).await;
    let odd = &sandbox.nodes()[2];
    on_this_node_only(odd, DRIFT).await;
    let ran = schema(&sandbox, &["verify", "--database", "d", "--format", "json"]).expect_code(1);
    let json = answer(&ran.stdout);
    let differences = json["differences"].as_array().unwrap();
    let mut found: Vec<String> = differences
        .iter()
        .map(|one| format!("{} {}", one["kind"].as_str().unwrap(), one["object"].as_str().unwrap()))
        .collect();
    found.sort();
    assert_eq!(
        found,
        [
            "database d",
            "event d.ev",
            "function d.f",
            "procedure d.pr",
            "sequence d.s",
            "table d.gone",
            "table d.opts",
            "table d.p",
            "table d.parts",
            "table d.t",
            "trigger d.tr2",
            "view d.v",
        ]
    );
    for difference in differences {
        assert_eq!(difference["groups"], serde_json::json!([["n1", "n2"], ["n3"]]), "{difference}");
        assert!(difference["diff"].as_str().unwrap().contains("n3"), "{difference}");
    }
    // The printed DDL, run on the odd node alone, brings it back.
    let mut conn = odd.connect().await.unwrap();
    conn.query_drop("set session wsrep_OSU_method = 'RSU'").await.unwrap();
    for repair in differences.iter().flat_map(|difference| difference["repair"].as_array().unwrap()) {
        assert_eq!(repair["node"], "n3");
        let sql = repair["sql"].as_str().unwrap();
        conn.query_drop(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    conn.disconnect().await.unwrap();
    schema(&sandbox, &["verify", "--database", "d"]).expect_code(0);
    Ok(())
}

async fn what_may_differ_is_no_difference() -> Result<(), Error> {
    let sandbox = shared().await;
    fresh(&sandbox).await;
    everywhere(
        &sandbox,
        "create table d.t (id int auto_increment primary key, v int);\ninsert into d.t (v) values (1);\n",
    )
    .await;
    // Another next value, and another physical form of the same rows.
    on_this_node_only(
        &sandbox.nodes()[1],
        "alter table d.t auto_increment = 1000;\nalter table d.t add column w int, algorithm=instant;\n\
         alter table d.t drop column w, algorithm=instant;\n",
    )
    .await;
    schema(&sandbox, &["verify", "--database", "d"]).expect_code(0);
    Ok(())
}

async fn accounts_are_compared_without_their_passwords() -> Result<(), Error> {
    let sandbox = shared().await;
    everywhere(
        &sandbox,
        "create or replace user 'u1'@'%' identified by 'first secret';\ngrant select on *.* to 'u1'@'%';\n",
    )
    .await;
    schema(&sandbox, &["verify", "--users"]).expect_code(0);
    on_this_node_only(
        &sandbox.nodes()[1],
        "set password for 'u1'@'%' = password('other secret');\nrevoke select on *.* from 'u1'@'%';\ngrant insert on *.* to 'u1'@'%';\n",
    )
    .await;
    // Not asked for, not looked at.
    schema(&sandbox, &["verify"]).expect_code(0);
    let ran = schema(&sandbox, &["verify", "--users", "--format", "json"]).expect_code(1);
    let difference = &answer(&ran.stdout)["differences"][0];
    assert_eq!((difference["object"].as_str(), difference["kind"].as_str()), (Some("'u1'@'%'"), Some("user")));
    let hash: String = sandbox.nodes()[0].value("select password from mysql.user where user = 'u1'").await?.unwrap();
    assert!(!ran.stdout.contains(&hash) && !ran.stdout.contains("secret"), "{}", ran.stdout);
    everywhere(&sandbox, "drop user 'u1'@'%';\n").await;
    schema(&sandbox, &["verify", "--users"]).expect_code(0);
    Ok(())
}

async fn scope_and_exit_codes() -> Result<(), Error> {
    let sandbox = shared().await;
    fresh(&sandbox).await;
    everywhere(&sandbox, "create table d.a (id int primary key);\ncreate table d.b (id int primary key);\n").await;
    on_this_node_only(&sandbox.nodes()[0], "alter table d.a add column x int;\n").await;
    schema(&sandbox, &["verify", "--table", "d.a"]).expect_code(1);
    schema(&sandbox, &["verify", "--table", "d.b"]).expect_code(0);
    schema(&sandbox, &["verify", "--database", "d", "--table", "b"]).expect_code(0);
    schema(&sandbox, &["verify", "--exclude", "d.a"]).expect_code(0);
    schema(&sandbox, &["verify", "--exclude", "d"]).expect_code(0);
    // A slip of the pen is no "no difference".
    schema(&sandbox, &["verify", "--table", "d.nothing"]).expect_code(2);
    schema(&sandbox, &["verify", "--database", "nothing"]).expect_code(2);
    let human = schema(&sandbox, &["verify"]).expect_code(1).stdout;
    for words in ["table d.a: n2, n3 | n1", "ALTER TABLE `d`.`a` DROP COLUMN `x`", "1 of"] {
        assert!(human.contains(words), "{words}: {human}");
    }
    fresh(&sandbox).await;
    Ok(())
}

async fn a_node_that_cannot_be_read() -> Result<(), Error> {
    let sandbox = shared().await;
    fresh(&sandbox).await;
    everywhere(&sandbox, "create table d.a (id int primary key);\n").await;
    // A fourth node that does not listen.
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(sandbox.schema_toml()).unwrap();
    let config = folder.path().join("schema.toml");
    std::fs::write(&config, text.replacen("nodes = [", "nodes = [ { name = \"n9\", address = \"127.0.0.1:1\" },", 1))
        .unwrap();
    let ran = schema_with(&config, &["verify", "--format", "json"]).expect_code(4);
    let json = answer(&ran.stdout);
    assert_eq!((json["converged"].as_bool(), json["missing"][0]["node"].as_str()), (Some(false), Some("n9")));
    // The library says the same of a broken view on one node: its text is compared, not its use.
    let settings = Settings::load(Some(&sandbox.schema_toml()), &ConnectionArgs::default()).unwrap();
    let connector = Connector::open(&settings).await.unwrap();
    let scope = Scope::of_databases(vec!["d".into()]);
    let snapshots: Vec<_> =
        snapshot_all(&connector, &scope).await.into_iter().map(|(node, snapshot)| (node, snapshot.unwrap())).collect();
    assert!(compare(&snapshots).is_converged());
    assert_eq!(snapshots[0].1.fingerprint(), snapshots[2].1.fingerprint());
    Ok(())
}
