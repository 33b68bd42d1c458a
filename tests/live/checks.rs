//! Checks and refusals that a state of the cluster, the account or the policy provokes: each is brought about, told by its
//! name with what to do about it, and gone again afterwards.

use std::path::Path;
use std::time::Duration;

use galera_schema::sandbox::{Error, Node, Sandbox};
use libtest_mimic::Trial;
use mysql_async::prelude::Queryable;
use serde_json::Value;

use crate::plan::codes;
use crate::resume::Running;
use crate::running::{assert_all_home, cluster};
use crate::support::{Ran, database, schema, schema_with, shared, trial, until};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![
        trial("checks::of_settings_and_configuration", of_settings_and_configuration),
        trial("checks::of_the_policy_and_the_rows", of_the_policy_and_the_rows),
        trial("checks::of_what_the_account_may_do", of_what_the_account_may_do),
        trial("checks::of_a_cluster_that_is_paused", of_a_cluster_that_is_paused),
        trial("checks::of_locks_that_do_not_show", of_locks_that_do_not_show),
        trial("checks::of_a_node_that_cannot_be_spared_any_more", of_a_node_that_cannot_be_spared_any_more),
        trial(
            "checks::of_another_version_a_full_disk_and_a_node_cut_off",
            of_another_version_a_full_disk_and_a_node_cut_off,
        ),
        trial("checks::of_what_a_saved_plan_rests_on", of_what_a_saved_plan_rests_on),
    ]
}

const CHEAP: &str = "ALTER TABLE checks.t ADD COLUMN n INT";
const REBUILD: &str = "ALTER TABLE checks.t FORCE";

/// An empty database with a small table.
async fn prepared(sandbox: &Sandbox) {
    database(sandbox, "checks").await;
    sandbox.nodes()[0].execute("CREATE TABLE checks.t (id INT PRIMARY KEY, a INT)").await.unwrap();
}

/// Expects that `plan` names this check, with this exit code and something to do about it.
pub fn named(ran: &Ran, check: &str, code: i32) {
    let plan: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{check}: {}", ran.stderr));
    let verdict = if code == 4 { "unseen" } else { "failed" };
    let there = plan["checks"].as_array().unwrap().iter().any(|finding| {
        finding["check"] == check
            && finding["verdict"] == verdict
            && !finding["advice"].as_str().unwrap_or("").is_empty()
    });
    assert!(there && ran.code == code, "{check}, exit {}: {:#}", ran.code, plan["checks"]);
}

pub fn told(config: &Path, sql: &str, more: &[&str]) -> Ran {
    let mut arguments = vec!["plan", "--format", "json", "-e", sql];
    arguments.extend(more);
    schema_with(config, &arguments)
}

/// The sandbox's configuration with another policy.
pub fn with_policy(sandbox: &Sandbox, key: &str, value: toml::Value) -> tempfile::NamedTempFile {
    with_policies(sandbox, [(key, value)])
}

/// The same with several settings.
pub fn with_policies<const N: usize>(sandbox: &Sandbox, set: [(&str, toml::Value); N]) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    let mut table: toml::Table = std::fs::read_to_string(sandbox.schema_toml()).unwrap().parse().unwrap();
    let policy = table.get_mut("policy").unwrap().as_table_mut().unwrap();
    policy.extend(set.map(|(key, value)| (key.to_owned(), value)));
    std::fs::write(file.path(), table.to_string()).unwrap();
    file
}

async fn everywhere(sandbox: &Sandbox, sql: &str) {
    for node in sandbox.nodes() {
        node.execute(sql).await.unwrap();
    }
}

async fn of_settings_and_configuration() -> Result<(), Error> {
    let sandbox = shared().await;
    prepared(&sandbox).await;
    let config = sandbox.schema_toml();
    let [n1, n2, n3] = [0, 1, 2].map(|at| sandbox.nodes()[at].address());
    named(&told(&config, CHEAP, &["--nodes", &format!("n1={n1},n2={n2}")]), "membership", 3);
    named(
        &told(&config, CHEAP, &["--nodes", &format!("n1={n1},n2={},n3={n3}", n1.replace("127.0.0.1", "localhost"))]),
        "identity",
        3,
    );
    everywhere(&sandbox, "SET GLOBAL binlog_row_image = 'MINIMAL'").await;
    let minimal = told(&config, REBUILD, &["--method", "rsu"]);
    everywhere(&sandbox, "SET GLOBAL binlog_row_image = 'FULL'").await;
    named(&minimal, "row-image", 3);
    let heavy = &sandbox.nodes()[1];
    let weight = async |weight: u8| {
        heavy.execute(&format!("SET GLOBAL wsrep_provider_options = 'pc.weight={weight}'")).await.unwrap();
        for node in sandbox.nodes() {
            let all = (2 + weight).to_string();
            until("the weight is known", Duration::from_secs(10), async || {
                node.status("wsrep_cluster_weight").await.unwrap().as_deref() == Some(&all)
            })
            .await;
        }
    };
    weight(2).await;
    let uneven = told(&config, REBUILD, &["--method", "rsu"]);
    weight(1).await;
    named(&uneven, "quorum", 3);
    let desynced = &sandbox.nodes()[2];
    desynced.execute("SET GLOBAL wsrep_desync = ON").await?;
    let ran = told(&config, CHEAP, &[]);
    desynced.execute("SET GLOBAL wsrep_desync = OFF").await?;
    desynced.wait_synced(Duration::from_secs(10)).await?;
    named(&ran, "synced", 3);
    told(&config, REBUILD, &["--method", "rsu"]).expect_code(0);
    Ok(())
}

async fn of_the_policy_and_the_rows() -> Result<(), Error> {
    let sandbox = shared().await;
    prepared(&sandbox).await;
    let node = &sandbox.nodes()[0];
    node.execute("CREATE TABLE checks.e (id INT PRIMARY KEY, e ENUM('new','paid') NOT NULL, b VARCHAR(200))").await?;
    node.execute("INSERT INTO checks.e SELECT seq, 1 + seq % 2, MD5(seq) FROM mysql.seq_1_to_50000").await?;
    let impatient = with_policy(&sandbox, "max_stall", "1ms".into());
    let all_serve = with_policy(&sandbox, "min_serving", 3.into());
    let between = "ALTER TABLE checks.e MODIFY e ENUM('new','held','paid') NOT NULL";
    let unique = "ALTER TABLE checks.e ADD UNIQUE (b)";
    for (config, sql, more, code) in [
        (&impatient, REBUILD, vec!["--method", "toi"], "stall-over-policy"),
        (&impatient, between, vec![], "roll-unsafe"),
        (&impatient, "ALTER TABLE checks.t MODIFY a INT NOT NULL", vec![], "roll-conditions-open"),
        (&all_serve, REBUILD, vec!["--method", "rsu"], "too-few-nodes"),
        (&all_serve, unique, vec!["--check-timeout", "1ms"], "rows-unchecked"),
    ] {
        let ran = told(config.path(), sql, &more).expect_code(1);
        let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert!(codes(&plan, "reasons").iter().any(|reason| reason == code), "{code}: {}", ran.stdout);
        let apply = [&["apply", "-e", sql][..], &more].concat();
        schema_with(config.path(), &apply).expect_code(3);
    }
    let accepted = ["--check-timeout", "1ms", "--method", "toi", "--accept", "rows-unchecked,write-stall"];
    told(&sandbox.schema_toml(), unique, &accepted).expect_code(0);
    // The way that the plan offers instead is as cheap as it says, and keeps the rows.
    let plan: Value = serde_json::from_str(&told(impatient.path(), between, &[]).stdout).unwrap();
    let offers = plan["statements"][0]["alternatives"].as_array().unwrap().clone();
    let offer = offers.iter().find(|offer| offer["code"] == "append-members").unwrap()["text"].as_str().unwrap();
    let appended = "ALTER TABLE checks.e MODIFY e ENUM('new', 'paid', 'held') NOT NULL";
    assert!(offer.contains(appended), "{offer}");
    let held = "SELECT GROUP_CONCAT(c) FROM (SELECT CONCAT(e, COUNT(*)) c FROM checks.e GROUP BY e) counted";
    let before = node.value(held).await?;
    node.execute(&format!("{appended}, ALGORITHM=INSTANT")).await?;
    assert_eq!(node.value(held).await?, before);
    Ok(())
}

async fn of_what_the_account_may_do() -> Result<(), Error> {
    let sandbox = shared().await;
    prepared(&sandbox).await;
    let node = &sandbox.nodes()[0];
    for sql in [
        "CREATE TABLE checks.hidden (id INT PRIMARY KEY)",
        "CREATE OR REPLACE USER looker@'%' IDENTIFIED BY 'pw'",
        "GRANT PROCESS ON *.* TO looker@'%'",
        "GRANT SELECT ON checks.t TO looker@'%'",
    ] {
        node.execute(sql).await?;
    }
    for node in sandbox.nodes() {
        until("the account is there", Duration::from_secs(10), async || {
            let sql = "SELECT COUNT(*) FROM information_schema.table_privileges WHERE grantee = '''looker''@''%'''";
            node.value(sql).await.unwrap().as_deref() == Some("1")
        })
        .await;
    }
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("pw");
    std::fs::write(&password, "pw\n").unwrap();
    let login = ["--user", "looker", "--password-file", password.to_str().unwrap()];
    let config = sandbox.schema_toml();
    // To look takes little. What cannot be seen is not taken for absent, and no size is guessed.
    told(&config, CHEAP, &login).expect_code(0);
    let unseen = told(&config, "ALTER TABLE checks.hidden FORCE", &login);
    named(&unseen, "same-definition", 4);
    let plan: Value = serde_json::from_str(&unseen.stdout).unwrap();
    assert!(codes(&plan, "reasons").iter().any(|reason| reason == "stall-unknown"), "{plan:#}");
    assert!(unseen.stderr.contains("GRANT SELECT ON `checks`.`hidden` TO 'looker'@'%'"), "{}", unseen.stderr);
    // To run takes every privilege of every statement, before the first of them.
    let script =
        format!("{CHEAP}; CREATE INDEX a ON checks.t (a); DROP TABLE checks.hidden; CREATE TABLE checks.u (i INT)");
    let apply = [&["apply", "-e", &script][..], &login].concat();
    let ran = schema(&sandbox, &apply).expect_code(4);
    for grant in ["ALTER, INDEX ON `checks`.`t`", "DROP ON `checks`.`hidden`", "CREATE ON `checks`.`u`"] {
        assert!(ran.stderr.contains(&format!("GRANT {grant} TO 'looker'@'%'")), "{grant}: {}", ran.stderr);
    }
    let columns = "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = 'checks'";
    assert_eq!(node.value(columns).await?.as_deref(), Some("3"), "something was changed");
    node.execute("DROP USER looker@'%'").await?;
    Ok(())
}

async fn of_a_cluster_that_is_paused() -> Result<(), Error> {
    let sandbox = shared().await;
    prepared(&sandbox).await;
    let [writer, slow] = [&sandbox.nodes()[0], &sandbox.nodes()[2]];
    writer.execute("CREATE TABLE checks.busy (id INT PRIMARY KEY AUTO_INCREMENT, a INT)").await?;
    until("the table is everywhere", Duration::from_secs(10), async || {
        slow.value("SELECT COUNT(*) FROM checks.busy").await.is_ok()
    })
    .await;
    let mut holder = slow.connect().await?;
    holder.query_drop("LOCK TABLES checks.busy WRITE").await.unwrap();
    // Writes wait behind it until its queue is full and the cluster stands still.
    let mut client = writer.connect().await?;
    let writes = tokio::spawn(async move {
        for _ in 0..200 {
            client.query_drop("INSERT INTO checks.busy (a) VALUES (1)").await.unwrap();
        }
    });
    until("the cluster is paused", Duration::from_secs(20), async || paused(writer).await).await;
    let ran = told(&sandbox.schema_toml(), CHEAP, &[]);
    holder.query_drop("UNLOCK TABLES").await.unwrap();
    writes.await.unwrap();
    named(&ran, "flow-control", 3);
    Ok(())
}

/// Without the plugin `metadata_lock_info` a holder of LOCK TABLES on a node with clients at work is not told by the server.
async fn of_locks_that_do_not_show() -> Result<(), Error> {
    let sandbox = shared().await;
    prepared(&sandbox).await;
    let config = with_policy(&sandbox, "drain_timeout", "2s".into());
    let node = &sandbox.nodes()[1];
    let mut holder = node.connect().await?;
    let mut client = node.connect().await?;
    let thread = client.id();
    holder.query_drop("LOCK TABLES checks.t READ").await.unwrap();
    let busy = tokio::spawn(async move { client.query_drop("SELECT SLEEP(60)").await });
    until("the client is at work", Duration::from_secs(5), async || {
        let sql = format!("SELECT info FROM information_schema.processlist WHERE id = {thread}");
        node.value(&sql).await.unwrap().is_some_and(|info| info.starts_with("SELECT SLEEP"))
    })
    .await;
    // It cannot be seen, which is said, and refuses no plan.
    let ran = told(config.path(), CHEAP, &[]).expect_code(0);
    let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
    let said = |words: &str| {
        plan["checks"].as_array().unwrap().iter().any(|finding| {
            finding["check"] == "blockers"
                && finding["verdict"] == "warned"
                && finding["saw"].as_str().unwrap().contains(words)
        })
    };
    assert!(
        said("`metadata_lock_info` is not loaded") && said("checks.t was in use at every look on node n2"),
        "{plan:#}"
    );
    // But the statement is not sent into it.
    let refused = schema_with(config.path(), &["apply", "-e", CHEAP]).expect_code(3);
    assert!(refused.stderr.contains("n2: checks.t is in use all the time"), "{}", refused.stderr);
    holder.query_drop("UNLOCK TABLES").await.unwrap();
    schema_with(config.path(), &["apply", "-e", CHEAP]).expect_code(0);
    node.execute(&format!("KILL {thread}")).await?;
    busy.await.unwrap().unwrap_err();
    Ok(())
}

/// What the plan saw when it began need not hold before a later node.
async fn of_a_node_that_cannot_be_spared_any_more() -> Result<(), Error> {
    let sandbox = cluster().await;
    prepared(&sandbox).await;
    let config = with_policy(&sandbox, "settle", "1s".into());
    let arguments = ["apply", "--method", "rsu", "-e", REBUILD];
    // A backup that is over soon is waited for.
    let mut run = Running::start(config.path(), &arguments);
    assert!(run.until("admitted", 1));
    let mut holders = Vec::new();
    for node in sandbox.nodes() {
        let mut holder = node.connect().await?;
        holder.query_drop("LOCK TABLES checks.t READ").await.unwrap();
        holders.push(holder);
    }
    assert!(run.until("waiting", 1));
    for mut holder in holders {
        holder.query_drop("UNLOCK TABLES").await.unwrap();
        holder.disconnect().await.unwrap();
    }
    assert_eq!(run.end(), 0);
    // A setting does not come right by itself.
    let mut run = Running::start(config.path(), &arguments);
    assert!(run.until("admitted", 1));
    everywhere(&sandbox, "SET GLOBAL binlog_row_image = 'MINIMAL'").await;
    assert_eq!(run.end(), 6);
    assert_all_home(&sandbox).await;
    let again = schema_with(config.path(), &["resume", "--format", "ndjson"]).expect_code(6);
    assert!(again.stdout.contains("binlog_row_image is MINIMAL on node"), "{}", again.stdout);
    everywhere(&sandbox, "SET GLOBAL binlog_row_image = 'FULL'").await;
    schema_with(config.path(), &["resume"]).expect_code(0);
    assert_all_home(&sandbox).await;
    Ok(())
}

async fn paused(node: &Node) -> bool {
    node.status("wsrep_flow_control_active").await.unwrap().as_deref() == Some("true")
}

async fn of_another_version_a_full_disk_and_a_node_cut_off() -> Result<(), Error> {
    let sandbox = shared().await;
    prepared(&sandbox).await;
    let node = &sandbox.nodes()[2];
    // A table that says of itself that it is 16 TiB large, once its node has started again.
    node.execute("CREATE TABLE checks.vast (id INT PRIMARY KEY) STATS_AUTO_RECALC = 0").await?;
    let pages = "UPDATE mysql.innodb_table_stats SET n_rows = 1 << 30, clustered_index_size = 1 << 30 WHERE database_name = \
                 'checks' AND table_name = 'vast'";
    node.execute(pages).await?;
    let options = std::fs::read_to_string(node.my_cnf()).unwrap();
    node.stop().await?;
    std::fs::write(node.my_cnf(), format!("{options}\nversion = 10.11.7-MariaDB-log\n")).unwrap();
    node.start().await?;
    node.wait_synced(Duration::from_secs(30)).await?;
    let mixed = told(&sandbox.schema_toml(), CHEAP, &[]);
    node.execute("INSTALL PLUGIN IF NOT EXISTS disks SONAME 'disks'").await?;
    let vast = told(&sandbox.schema_toml(), "ALTER TABLE checks.vast FORCE", &[]);
    node.execute("UNINSTALL PLUGIN IF EXISTS disks").await?;
    node.execute("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'").await?;
    until("the node is cut off", Duration::from_secs(30), async || {
        node.status("wsrep_cluster_status").await.unwrap().as_deref() == Some("non-Primary")
    })
    .await;
    let alone = told(&sandbox.schema_toml(), CHEAP, &[]);
    std::fs::write(node.my_cnf(), options).unwrap();
    node.stop().await?;
    node.start().await?;
    node.wait_synced(Duration::from_secs(30)).await?;
    named(&mixed, "versions", 3);
    named(&vast, "disk", 3);
    named(&alone, "primary", 3);
    Ok(())
}

async fn of_what_a_saved_plan_rests_on() -> Result<(), Error> {
    let sandbox = shared().await;
    prepared(&sandbox).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.json");
    let path = file.to_str().unwrap();
    schema(&sandbox, &["plan", "--out", path, "-e", CHEAP]).expect_code(0);
    let config = sandbox.schema_toml();
    let apply = |more: &[&str]| schema_with(&config, &[&["apply", "--plan", path][..], more].concat());
    let [n1, n2] = [0, 1].map(|at| sandbox.nodes()[at].address());
    let fewer = apply(&["--nodes", &format!("n1={n1},n2={n2}")]).expect_code(3);
    assert!(fewer.stderr.contains("nodes was n1, n2, n3 and is n1, n2 now"), "{}", fewer.stderr);
    for (change, back, words) in [
        ("SET GLOBAL sql_mode = 'ANSI'", "SET GLOBAL sql_mode = DEFAULT", "setting sql_mode was STRICT_TRANS_TABLES,"),
        (
            "ALTER TABLE checks.t ADD COLUMN other INT, DROP COLUMN a",
            "ALTER TABLE checks.t ADD COLUMN a INT, DROP COLUMN other",
            "table checks.t has changed: gone is `a` int(11) DEFAULT NULL; new is `other` int(11) DEFAULT NULL",
        ),
    ] {
        let of_all = change.starts_with("SET");
        let nodes = if of_all { sandbox.nodes() } else { &sandbox.nodes()[..1] };
        for node in nodes {
            node.execute(change).await?;
        }
        let ran = apply(&[]);
        for node in nodes {
            node.execute(back).await?;
        }
        let ran = ran.expect_code(3);
        assert!(ran.stderr.contains(words), "{change}: {}", ran.stderr);
    }
    // Rows are no part of it; and wishes belong to the plan, not to its run.
    sandbox.nodes()[1].execute("INSERT INTO checks.t VALUES (1, 1)").await?;
    apply(&["--method", "rsu"]).expect_code(2);
    apply(&[]).expect_code(0);
    apply(&[]).expect_code(3);
    Ok(())
}
