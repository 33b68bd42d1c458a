//! What is observed on a live cluster, and what is said when something is wrong there.

use std::time::{Duration, Instant};

use galera_schema::cluster::facts::{Tables, observe_all, tables};
use galera_schema::cluster::{ClusterError, Connector, snapshot_all};
use galera_schema::config::{ConnectionArgs, Settings};
use galera_schema::plan::facts::{NodeFacts, NodeState, TableName};
use galera_schema::sandbox::{Error, Options, Sandbox, Scoped};
use galera_schema::verify::{Definition, Scope};
use libtest_mimic::Trial;
use mysql_async::prelude::Queryable;
use serde_json::Value;

use crate::checks::with_policies;
use crate::support::{database, schema, schema_with, shared, trial, until};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![
        trial("facts::a_healthy_cluster", a_healthy_cluster),
        trial("facts::tables_with_all_their_relations", tables_with_all_their_relations),
        trial("facts::locks_and_transactions_are_seen", locks_and_transactions_are_seen),
        trial("facts::the_plugins_name_holders_and_free_disk", the_plugins_name_holders_and_free_disk),
        trial("facts::changed_globals_and_desync_show", changed_globals_and_desync_show),
        trial("facts::another_cluster_and_a_dead_node_show", another_cluster_and_a_dead_node_show),
        trial("facts::least_privilege", least_privilege),
        trial("facts::status_exports_sizes_for_lint", status_exports_sizes_for_lint),
    ]
}

async fn connector(sandbox: &Sandbox) -> Connector {
    let settings = Settings::load(Some(&sandbox.schema_toml()), &ConnectionArgs::default()).unwrap();
    Connector::open(&settings).await.unwrap()
}

/// The facts of the nodes, in order; every node must answer.
async fn look(connector: &Connector) -> Vec<NodeFacts> {
    observe_all(connector, Duration::from_millis(100)).await.into_iter().map(|node| node.facts.unwrap()).collect()
}

fn status(sandbox: &Sandbox, code: i32) -> Value {
    let ran = schema(sandbox, &["status", "--format", "json"]).expect_code(code);
    serde_json::from_str(&ran.stdout).unwrap()
}

fn contradictions(status: &Value) -> String {
    status["contradictions"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

async fn a_healthy_cluster() -> Result<(), Error> {
    let sandbox = shared().await;
    let facts = look(&connector(&sandbox).await).await;
    for (at, node) in facts.iter().enumerate() {
        assert_eq!(node.node_name, format!("n{}", at + 1));
        assert_eq!(
            (node.state, node.cluster_status.as_str(), node.ready, node.desync),
            (NodeState::Synced, "Primary", true, false)
        );
        assert_eq!((node.cluster_size, node.cluster_weight, node.weight), (3, Some(3), Some(1)));
        assert_eq!(node.cluster_uuid, facts[0].cluster_uuid);
        assert_eq!(node.global("wsrep_osu_method"), Some("TOI"));
        assert_eq!(node.provider_options["gcs.fc_limit"], node.global("x").unwrap_or("16"));
        // 16 times the square root of three.
        assert_eq!(node.recv_queue_room(), Some(27));
        assert!(node.gcache_bytes.is_some() && node.gcache_window().is_some());
        assert_eq!(node.replicas.as_ref().unwrap().len(), 0);
        assert_eq!(node.blockers.as_ref().unwrap().len(), 0);
        assert!(!node.globals.contains_key("wsrep_sst_auth"));
    }
    assert_ne!(facts[0].member_uuid, facts[1].member_uuid);
    let status = status(&sandbox, 0);
    assert_eq!((contradictions(&status).as_str(), status["complete"].as_bool()), ("", Some(true)));
    assert_eq!(status["balancers"][0]["nodes"]["n1"]["standing"], "serving");
    let human = schema(&sandbox, &["status"]).expect_code(0).stdout;
    for words in ["Primary, 3 members, 3 of 3 nodes seen", "Synced", "serving", "No run is open."] {
        assert!(human.contains(words), "{words}: {human}");
    }
    Ok(())
}

async fn tables_with_all_their_relations() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "f-a").await;
    let node = &sandbox.nodes()[0];
    for sql in [
        "create table `f-a`.`p t` (id int primary key) engine=InnoDB",
        "create table `f-a`.c (id int primary key, pid int, v text, constraint fk foreign key (pid) references `f-a`.`p t` (id))",
        "create table `f-a`.parts (id int primary key) partition by hash (id) partitions 4",
        "create table `f-a`.nopk (a int) row_format=compressed",
        "create trigger `f-a`.tr before insert on `f-a`.c for each row set new.v = 'x'",
        "create view `f-a`.v as select 1",
        "insert into `f-a`.nopk select seq from `f-a`.seq_1_to_1000",
    ] {
        node.execute(sql).await?;
    }
    let connector = connector(&sandbox).await;
    let mut session = connector.observer(&connector.nodes()[0]).await.unwrap();
    let names: Vec<TableName> =
        ["p t", "c", "parts", "nopk", "v", "missing"].map(|table| TableName::new("f-a", table)).to_vec();
    let seen = tables(&mut session, Tables::Named(&names)).await.unwrap();
    assert_eq!(seen.dictionary, Ok(()));
    assert_eq!(seen.tables.len(), 4, "{:?}", seen.tables.keys());
    let table = |name: &str| &seen.tables[&TableName::new("f-a", name)];
    assert_eq!(table("p t").referred_by, [TableName::new("f-a", "c")]);
    assert_eq!(table("c").refers_to, [TableName::new("f-a", "p t")]);
    assert_eq!(table("c").triggers, ["tr"]);
    assert_eq!((table("parts").partitions, table("c").partitions), (4, 0));
    assert!(table("c").primary_key && !table("nopk").primary_key);
    assert_eq!((table("nopk").row_format.as_deref(), table("nopk").instant_history), (Some("Compressed"), Some(false)));
    assert_eq!(table("c").instant_history, None);
    assert!(table("parts").file_bytes > table("c").file_bytes && table("c").file_bytes >= Some(16384));
    // All tables at once say the same.
    let all = tables(&mut session, Tables::All).await.unwrap();
    assert_eq!(all.tables[&TableName::new("f-a", "c")].refers_to, table("c").refers_to);
    node.execute("drop database `f-a`").await?;
    Ok(())
}

async fn locks_and_transactions_are_seen() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "f").await;
    let node = &sandbox.nodes()[1];
    node.execute("create table f.t (id int primary key) engine=InnoDB").await?;
    node.execute("insert into f.t values (1)").await?;
    let connector = connector(&sandbox).await;
    let mut holder = node.connect().await?;
    holder.query_drop("lock tables f.t write").await.unwrap();
    let facts = look(&connector).await;
    let blockers = facts[1].blockers.as_ref().unwrap();
    assert_eq!(blockers.len(), 1, "{blockers:?}");
    assert_eq!(blockers[0].table.as_deref(), Some("f.t"));
    assert!(facts[0].blockers.as_ref().unwrap().is_empty());
    holder.query_drop("unlock tables").await.unwrap();
    // An open transaction is at work, and holds nothing that cannot be broken.
    holder.query_drop("begin").await.unwrap();
    holder.query_drop("update f.t set id = 2").await.unwrap();
    let thread = u64::from(holder.id());
    // InnoDB renews its list of transactions ten times a second.
    until("the transaction is seen", Duration::from_secs(5), async || {
        let facts = look(&connector).await;
        assert!(facts[1].blockers.as_ref().unwrap().is_empty());
        let activity = facts[1].activity.as_ref().unwrap();
        activity.iter().any(|one| one.thread_id == thread && one.transaction_seconds.is_some())
    })
    .await;
    holder.query_drop("rollback").await.unwrap();
    // A global read lock pauses the provider, so the desync count shows it without any plugin.
    holder.query_drop("flush tables with read lock").await.unwrap();
    let facts = look(&connector).await;
    assert_eq!(facts[1].desync_count, 1);
    assert!(contradictions(&status(&sandbox, 0)).contains("Node n2 is desynced"));
    holder.query_drop("unlock tables").await.unwrap();
    holder.disconnect().await.unwrap();
    node.wait_synced(Duration::from_secs(10)).await?;
    Ok(())
}

async fn the_plugins_name_holders_and_free_disk() -> Result<(), Error> {
    let options = Options {
        nodes: 1,
        extra_my_cnf: "plugin_load_add = metadata_lock_info\nplugin_load_add = disks\n".into(),
        haproxies: Vec::new(),
        ..Options::default()
    };
    let sandbox = Scoped::up("plugins", &options).await?;
    let node = &sandbox.nodes()[0];
    let connector = connector(&sandbox).await;
    let facts = look(&connector).await;
    assert!(facts[0].disk_free.clone().unwrap() > 1 << 20);
    for (lock, expected) in [
        ("flush tables with read lock", "FLUSH TABLES WITH READ LOCK"),
        ("lock tables f.t read", "LOCK TABLES"),
        ("backup stage start", "a backup stage"),
    ] {
        node.execute("create database if not exists f").await?;
        node.execute("create table if not exists f.t (id int primary key)").await?;
        let mut holder = node.connect().await?;
        holder.query_drop(lock).await.unwrap();
        let blockers = look(&connector).await.remove(0).blockers.unwrap();
        assert!(
            blockers
                .iter()
                .any(|one| one.what.contains(expected) && one.thread_id.is_none_or(|id| id == u64::from(holder.id()))),
            "{lock}: {blockers:?}"
        );
        holder.disconnect().await.unwrap();
        node.wait_synced(Duration::from_secs(10)).await?;
    }
    Ok(())
}

async fn changed_globals_and_desync_show() -> Result<(), Error> {
    let sandbox = shared().await;
    let node = &sandbox.nodes()[2];
    let connector = connector(&sandbox).await;
    for (change, back, words) in [
        (
            "set global wsrep_OSU_method = 'RSU'",
            "set global wsrep_OSU_method = 'TOI'",
            "GLOBAL wsrep_OSU_method is not TOI on node n3",
        ),
        (
            "set global innodb_instant_alter_column_allowed = never",
            "set global innodb_instant_alter_column_allowed = default",
            "innodb_instant_alter_column_allowed differs",
        ),
        ("set global wsrep_desync = on", "set global wsrep_desync = off", "Node n3 is desynced"),
    ] {
        node.execute(change).await?;
        let said = contradictions(&status(&sandbox, 0));
        let facts = look(&connector).await;
        node.execute(back).await?;
        assert!(said.contains(words), "{change}: {said}");
        assert_eq!(facts[2].desync, change.contains("desync"));
    }
    node.wait_synced(Duration::from_secs(10)).await?;
    until("HAProxy sends sessions to n3 again", Duration::from_secs(20), async || {
        contradictions(&status(&sandbox, 0)).is_empty()
    })
    .await;
    Ok(())
}

async fn another_cluster_and_a_dead_node_show() -> Result<(), Error> {
    let sandbox = shared().await;
    let alone = Scoped::up("alone", &Options { nodes: 1, haproxies: Vec::new(), ..Options::default() }).await?;
    // The same account on both, as on a site.
    let password = std::fs::read_to_string(sandbox.dir().join("password")).unwrap();
    alone.nodes()[0].execute(&format!("set password for schema@'%' = password('{}')", password.trim_end())).await?;
    let nodes = format!("n1={},stranger={},dead=127.0.0.1:1", sandbox.nodes()[0].address(), alone.nodes()[0].address());
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("schema.toml");
    let password_file = sandbox.dir().join("password");
    std::fs::write(&config, format!("[cluster]\nuser = 'schema'\npassword_file = '{}'\n", password_file.display()))
        .unwrap();
    let ran = crate::support::schema_with(&config, &["status", "--format", "json", "--nodes", &nodes]).expect_code(4);
    let status: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(contradictions(&status).contains("The cluster differs"), "{status:#}");
    assert_eq!(status["nodes"][2]["seen"], false);
    assert!(status["nodes"][2]["why"].as_str().unwrap().contains("dead"), "{status:#}");
    Ok(())
}

async fn least_privilege() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "f").await;
    let node = &sandbox.nodes()[0];
    for sql in [
        "create table f.t (id int primary key)",
        "create procedure f.p() select 1",
        "create or replace user poor@'%' identified by 'pw'",
        "grant select on f.* to poor@'%'",
    ] {
        node.execute(sql).await?;
    }
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("pw");
    std::fs::write(&password, "pw\n").unwrap();
    let args = ConnectionArgs { user: Some("poor".into()), password_file: Some(password), ..ConnectionArgs::default() };
    let settings = Settings::load(Some(&sandbox.schema_toml()), &args).unwrap();
    let connector = Connector::open(&settings).await.unwrap();
    // The account and its grants are on every node before it is used.
    for node in connector.nodes() {
        until("the grants have arrived", Duration::from_secs(5), async || {
            let Ok(mut session) = connector.session(node).await else { return false };
            session.query("select 1 from f.t").await.is_ok()
        })
        .await;
    }
    // Without PROCESS, nobody is taken for absent.
    let facts = look(&connector).await;
    for unseen in
        [facts[0].activity.as_ref().err(), facts[0].blockers.as_ref().err(), facts[0].client_sessions.as_ref().err()]
    {
        assert_eq!(unseen.unwrap().grant.as_deref(), Some("GRANT PROCESS ON *.* TO 'poor'@'%'"));
    }
    // Without access to mysql.proc, a procedure's text is hidden, and the GRANT for it is named.
    let unreadable =
        |scope: &Scope, snapshots: &[(String, Result<galera_schema::verify::SchemaSnapshot, ClusterError>)]| {
            assert_eq!(scope.databases, ["f"]);
            snapshots[0]
                .1
                .as_ref()
                .unwrap()
                .objects
                .values()
                .filter_map(|one| match one {
                    Definition::Unreadable(why) => why.grant.clone(),
                    Definition::Known { .. } => None,
                })
                .collect::<Vec<_>>()
        };
    let scope = Scope::of_databases(vec!["f".into()]);
    node.execute("grant execute on f.* to poor@'%'").await?;
    let connected = connector.nodes()[0].clone();
    assert_eq!(connected.name, "n1");
    assert_eq!(
        unreadable(&scope, &snapshot_all(&connector, &scope).await),
        ["GRANT SELECT ON mysql.proc TO 'poor'@'%'"]
    );
    // What docs/privileges.md lists for looking is enough.
    for sql in ["grant process, show view, trigger, event, select on *.* to poor@'%'"] {
        node.execute(sql).await?;
    }
    let began = Instant::now();
    let facts = loop {
        let facts = look(&connector).await;
        if facts.iter().all(|node| node.activity.is_ok()) || began.elapsed() > Duration::from_secs(5) {
            break facts;
        }
    };
    for node in &facts {
        assert!(node.blockers.is_ok() && node.activity.is_ok() && node.replicas.is_ok(), "{node:?}");
    }
    assert!(unreadable(&scope, &snapshot_all(&connector, &scope).await).is_empty());
    assert_eq!((facts[0].may("PROCESS"), facts[0].may("SUPER")), (Some(true), Some(false)));
    deploys_with_what_the_documentation_grants(&sandbox, folder.path()).await;
    node.execute("drop user poor@'%'").await?;
    Ok(())
}

async fn status_exports_sizes_for_lint() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "f").await;
    sandbox.nodes()[0].execute("create table f.big (id int primary key, v char(200))").await?;
    sandbox.nodes()[0].execute("insert into f.big select seq, 'x' from f.seq_1_to_5000").await?;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stats.json");
    schema(&sandbox, &["status", "--export-stats", file.to_str().unwrap()]).expect_code(0);
    let stats: galera_schema::lint::TableStats = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let size = stats.size(Some("f"), "big").unwrap();
    assert!(size.rows > 1000 && size.bytes > 1_000_000, "{size:?}");
    Ok(())
}

/// `docs/privileges.md`, played: TOI with the grants for it; a roll refused for want of SUPER, with the GRANT named, before
/// anything is touched; and done once it is there.
async fn deploys_with_what_the_documentation_grants(sandbox: &Sandbox, folder: &std::path::Path) {
    let node = &sandbox.nodes()[0];
    node.execute("grant all on galera_schema.* to poor@'%'").await.unwrap();
    node.execute("grant alter, create, drop, index, insert on f.* to poor@'%'").await.unwrap();
    let password = folder.join("pw");
    let apply = |sql: &str, more: &[&str]| {
        let mut arguments = vec!["apply", "--user", "poor", "--password-file", password.to_str().unwrap(), "-e", sql];
        arguments.extend(more);
        schema(sandbox, &arguments)
    };
    apply("alter table f.t add column n int", &[]).expect_code(0);
    let refused = apply("alter table f.t force", &["--method", "rsu"]).expect_code(4);
    assert!(refused.stderr.contains("GRANT SUPER ON *.* TO 'poor'@'%'"), "{}", refused.stderr);
    node.execute("grant super on *.* to poor@'%'").await.unwrap();
    apply("alter table f.t force", &["--method", "rsu"]).expect_code(0);
    // What SUPER held before 11.0 is asked for by its own name since: to set what rows may be converted to, and to close
    // the session of a client that stays.
    let split = node.value("select version() >= 11").await.unwrap().as_deref() == Some("1");
    let window = ["--method", "rsu", "--accept", "conversion-window,values-fit-old-type"];
    let policy = [("after_drain_timeout", "close-idle".into()), ("drain_timeout", "2s".into())];
    let (closes, with_close) = (with_policies(sandbox, policy), "alter table f.t force");
    let close = |sql: &str| {
        let login = ["--user", "poor", "--password-file", password.to_str().unwrap()];
        schema_with(closes.path(), &[&["apply", "--method", "rsu", "-e", sql][..], &login].concat())
    };
    if split {
        let refused = apply("alter table f.t modify n bigint", &window).expect_code(4);
        assert!(refused.stderr.contains("GRANT REPLICATION SLAVE ADMIN ON *.* TO 'poor'@'%'"), "{}", refused.stderr);
        node.execute("grant replication slave admin on *.* to poor@'%'").await.unwrap();
        let refused = close(with_close).expect_code(4);
        assert!(refused.stderr.contains("GRANT CONNECTION ADMIN ON *.* TO 'poor'@'%'"), "{}", refused.stderr);
        node.execute("grant connection admin on *.* to poor@'%'").await.unwrap();
    }
    apply("alter table f.t modify n bigint", &window).expect_code(0);
    let mut stays = mysql_async::Conn::new(sandbox.app_opts().unwrap()).await.unwrap();
    close(with_close).expect_code(0);
    assert!(stays.ping().await.is_err(), "the client's session was not closed");
}
