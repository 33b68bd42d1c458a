//! `schema plan` on a live cluster: each refusal is provoked, and nothing is changed by any of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use galera_schema::sandbox::{Error, Node, Sandbox};
use libtest_mimic::Trial;
use mysql_async::prelude::Queryable;
use serde_json::Value;

use crate::support::{Ran, database, schema, schema_with, shared, trial, until};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![
        trial("plan::methods_follow_the_facts", methods_follow_the_facts),
        trial("plan::a_table_that_was_just_loaded", a_table_that_was_just_loaded),
        trial("plan::a_cheaper_split_ends_in_the_same_table", a_cheaper_split_ends_in_the_same_table),
        trial("plan::what_a_dropped_fulltext_key_left_is_seen", what_a_dropped_fulltext_key_left_is_seen),
        trial("plan::what_cannot_be_read_is_told_with_its_place", what_cannot_be_read_is_told_with_its_place),
        trial("plan::rows_in_the_way_are_shown", rows_in_the_way_are_shown),
        trial("plan::values_that_cannot_cross_are_asked_for", values_that_cannot_cross_are_asked_for),
        trial("plan::tables_that_do_not_fit", tables_that_do_not_fit),
        trial("plan::a_node_with_other_settings", a_node_with_other_settings),
        trial("plan::holders_of_locks", holders_of_locks),
        trial("plan::a_node_that_is_down", a_node_that_is_down),
        trial("plan::nodes_that_define_a_table_differently", nodes_that_define_a_table_differently),
        trial("plan::what_moves_no_row_may_stall_too_long", what_moves_no_row_may_stall_too_long),
        trial("plan::settings_that_stay_on_one_node", settings_that_stay_on_one_node),
        trial("plan::a_saved_plan_goes_stale", a_saved_plan_goes_stale),
        trial("plan::a_saved_plan_looks_again_at_sizes_rows_and_policy", a_saved_plan_looks_again),
        trial("plan::a_roll_without_a_balancer", a_roll_without_a_balancer),
    ]
}

/// The plan of one statement, as a program reads it.
fn planned(sandbox: &Sandbox, sql: &str, more: &[&str]) -> (Ran, Value) {
    let mut arguments = vec!["plan", "--format", "json", "-e", sql];
    arguments.extend(more);
    let ran = schema(sandbox, &arguments);
    let plan = serde_json::from_str(&ran.stdout).unwrap_or(Value::Null);
    (ran, plan)
}

/// The codes under `field` of the first statement.
pub fn codes(plan: &Value, field: &str) -> Vec<String> {
    let list = plan["statements"][0][field].as_array().cloned().unwrap_or_default();
    list.iter().filter_map(|reason| Some(reason["code"].as_str()?.to_owned())).collect()
}

/// They would stop a roll behind its first node, and in TOI they are converted like any other.
async fn values_that_cannot_cross_are_asked_for() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "plan_cross").await;
    let node = &sandbox.nodes()[0];
    node.execute("CREATE TABLE plan_cross.t (id INT PRIMARY KEY, v VARCHAR(20)) CHARSET=latin1").await?;
    node.execute("INSERT INTO plan_cross.t VALUES (1, 'plain'), (2, '\u{e9}')").await?;
    let sql = "ALTER TABLE plan_cross.t CONVERT TO CHARACTER SET utf8mb4";
    let roll = ["--method", "rsu", "--accept", "conversion-window,values-fit-old-type,ascii-only"];
    let (ran, plan) = planned(&sandbox, sql, &roll);
    ran.expect_code(1);
    assert!(codes(&plan, "reasons").contains(&"rows-misfit".to_owned()), "{plan}");
    let before = definitions(&sandbox).await;
    schema(&sandbox, &[&["apply", "--yes", "-e", sql][..], &roll].concat()).expect_code(3);
    assert_eq!(definitions(&sandbox).await, before);
    let (ran, plan) = planned(&sandbox, sql, &[]);
    ran.expect_code(0);
    assert_eq!(plan["statements"][0]["method"], "TOI", "{plan}");
    node.execute("UPDATE plan_cross.t SET v = 'e' WHERE id = 2").await?;
    schema(&sandbox, &[&["apply", "--yes", "-e", sql][..], &roll].concat()).expect_code(0);
    Ok(())
}

/// Expects that a statement is refused, that `code` is among the reasons, and that `apply` says 3 and changes nothing.
async fn refused(sandbox: &Sandbox, sql: &str, code: &str) {
    let (ran, plan) = planned(sandbox, sql, &[]);
    let ran = ran.expect_code(1);
    let reasons = codes(&plan, "reasons");
    assert!(reasons.iter().any(|reason| reason == code), "{sql}: {reasons:?}\n{}", ran.stdout);
    let before = definitions(sandbox).await;
    schema(sandbox, &["apply", "--yes", "-e", sql]).expect_code(3);
    assert_eq!(definitions(sandbox).await, before, "{sql} changed something");
}

async fn definitions(sandbox: &Sandbox) -> Vec<Option<String>> {
    let mut all = Vec::new();
    for node in sandbox.nodes() {
        all.push(
            node.value(
                "SELECT MD5(GROUP_CONCAT(CONCAT_WS('|', table_schema, table_name, column_name, column_type, is_nullable) \
                 ORDER BY 1)) FROM information_schema.columns WHERE table_schema LIKE 'plan%'",
            )
            .await
            .unwrap(),
        );
    }
    all
}

async fn methods_follow_the_facts() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "plan_methods").await;
    let node = &sandbox.nodes()[0];
    node.execute("CREATE TABLE plan_methods.big (id INT PRIMARY KEY AUTO_INCREMENT, a INT, b VARCHAR(200))").await?;
    // 45 MB/s by default, three times that as the worst: more than a second from 15 MB on.
    node.execute("INSERT INTO plan_methods.big (a, b) SELECT seq, REPEAT('x', 180) FROM mysql.seq_1_to_120000").await?;
    node.execute("ANALYZE TABLE plan_methods.big").await?;
    for other in &sandbox.nodes()[1..] {
        until("the rows are on every node", Duration::from_secs(20), async || {
            other.value("SELECT COUNT(*) FROM plan_methods.big").await.unwrap().as_deref() == Some("120000")
        })
        .await;
    }
    for (sql, method, algorithm) in [
        ("ALTER TABLE plan_methods.big ADD COLUMN n INT", "TOI", "INSTANT"),
        ("ALTER TABLE plan_methods.big FORCE", "RSU", "INPLACE"),
        ("ALTER TABLE plan_methods.big MODIFY a BIGINT", "REFUSE", "COPY"),
    ] {
        let (_, plan) = planned(&sandbox, sql, &[]);
        let statement = &plan["statements"][0];
        assert_eq!(
            (statement["method"].as_str(), statement["algorithm"].as_str()),
            (Some(method), Some(algorithm)),
            "{sql}"
        );
    }
    let sql = "ALTER TABLE plan_methods.big FORCE";
    let (ran, plan) = planned(&sandbox, sql, &["--method", "toi"]);
    ran.expect_code(1);
    assert!(codes(&plan, "conditions").contains(&"write-stall".to_owned()), "{plan}");
    let (ran, plan) = planned(&sandbox, sql, &["--method", "toi", "--accept", "write-stall"]);
    ran.expect_code(0);
    assert_eq!(plan["statements"][0]["method"], "TOI");
    let sql = "ALTER TABLE plan_methods.big MODIFY a BIGINT";
    refused(&sandbox, sql, "roll-conditions-open").await;
    let (ran, plan) = planned(&sandbox, sql, &["--accept", "conversion-window,values-fit-old-type"]);
    ran.expect_code(0);
    assert_eq!(plan["statements"][0]["method"], "RSU");
    refused(&sandbox, "UPDATE plan_methods.big SET a = 1", "not-ddl").await;
    refused(&sandbox, "SET GLOBAL wsrep_OSU_method = 'RSU'", "setting-refused").await;
    Ok(())
}

/// Behind a load InnoDB's statistics count all rows, and for some seconds hardly any page of them.
async fn a_table_that_was_just_loaded() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "plan_loaded").await;
    let node = &sandbox.nodes()[0];
    node.execute("CREATE TABLE plan_loaded.t (id INT PRIMARY KEY, a INT, b VARCHAR(200))").await?;
    let fill = "SELECT seq, seq, REPEAT('x', 100) FROM mysql.seq_1_to_300000";
    node.execute(&format!("INSERT INTO plan_loaded.t {fill}")).await?;
    for other in &sandbox.nodes()[1..] {
        until("the rows are on every node", Duration::from_secs(20), async || {
            other.value("SELECT COUNT(*) FROM plan_loaded.t").await.unwrap().as_deref() == Some("300000")
        })
        .await;
    }
    let changes = ["ALTER TABLE plan_loaded.t ADD INDEX (a)", "ALTER TABLE plan_loaded.t FORCE"];
    let seconds = |sql| planned(&sandbox, sql, &[]).1["statements"][0]["estimate"]["node_seconds"].as_f64().unwrap();
    let at_once = changes.map(seconds);
    for node in sandbox.nodes() {
        node.execute("ANALYZE LOCAL TABLE plan_loaded.t").await?;
    }
    let counted = changes.map(seconds);
    for ((sql, at_once), counted) in changes.iter().zip(at_once).zip(counted) {
        assert!((0.5..=2.0).contains(&(at_once / counted)), "{sql}: {at_once} s, and {counted} s with new statistics");
    }
    Ok(())
}

async fn a_cheaper_split_ends_in_the_same_table() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "plan_split").await;
    let node = &sandbox.nodes()[0];
    // Two clauses with which the server rebuilds or copies the table, although neither asks for that by itself.
    let cases = [
        "ADD COLUMN n INT DEFAULT 7, ADD INDEX n (n), ADD COLUMN m INT AFTER id",
        "ADD UNIQUE (a), ADD KEY am (a, m), ADD COLUMN m INT, ALTER b SET DEFAULT 'x'",
    ];
    for (at, clauses) in cases.iter().enumerate() {
        let [parts, whole] = ["parts", "whole"].map(|name| format!("plan_split.{name}{at}"));
        for table in [&parts, &whole] {
            node.execute(&format!("CREATE TABLE {table} (id INT PRIMARY KEY, a INT, b VARCHAR(200))")).await?;
            let fill = "SELECT seq, seq, REPEAT('x', 180) FROM mysql.seq_1_to_30000";
            node.execute(&format!("INSERT INTO {table} (id, a, b) {fill}")).await?;
            node.execute(&format!("ANALYZE LOCAL TABLE {table}")).await?;
        }
        let (_, plan) = planned(&sandbox, &format!("ALTER TABLE {parts} {clauses}"), &[]);
        let statement = &plan["statements"][0];
        assert_eq!(statement["algorithm"], "INPLACE", "{clauses}");
        assert!(codes(&plan, "alternatives").contains(&"split".to_owned()), "{clauses}: {plan}");
        let split = statement["split"]["statements"].as_array().unwrap();
        let mut identity = innodb_id(node, &parts).await;
        let before = identity.clone();
        for part in split {
            node.execute(part["sql"].as_str().unwrap()).await?;
            identity = innodb_id(node, &parts).await;
        }
        assert!(split.len() > 1 && identity == before, "{clauses}: the parts rebuilt the table");
        let before = innodb_id(node, &whole).await;
        node.execute(&format!("ALTER TABLE {whole} {clauses}")).await?;
        assert_ne!(innodb_id(node, &whole).await, before, "{clauses}: the whole did not rebuild the table");
        let show = async |table: &str| {
            let row: Option<(String, String)> =
                node.connect().await.unwrap().query_first(format!("SHOW CREATE TABLE {table}")).await.unwrap();
            row.unwrap().1.replace(&format!("whole{at}"), &format!("parts{at}"))
        };
        assert_eq!(show(&parts).await, show(&whole).await, "{clauses}");
    }
    Ok(())
}

/// The number that InnoDB gives a table; a rebuilt table has another one.
async fn innodb_id(node: &Node, table: &str) -> Option<String> {
    let name = table.replace('.', "/");
    let sql = format!("SELECT table_id FROM information_schema.innodb_sys_tables WHERE name = '{name}'");
    node.value(&sql).await.unwrap()
}

/// No definition shows the hidden column of a FULLTEXT key that is gone, but InnoDB's dictionary does.
async fn what_a_dropped_fulltext_key_left_is_seen() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "plan_fulltext").await;
    let node = &sandbox.nodes()[0];
    let table = "plan_fulltext.t";
    node.execute(&format!("CREATE TABLE {table} (id INT PRIMARY KEY, a TEXT, n INT NOT NULL) ROW_FORMAT=REDUNDANT"))
        .await?;
    let clauses = ["ADD COLUMN c INT", "MODIFY n INT NULL", "ADD FULLTEXT f (a)"];
    let algorithms = || {
        clauses.map(|clause| {
            let (ran, plan) = planned(&sandbox, &format!("ALTER TABLE {table} {clause}"), &[]);
            let statement = &plan["statements"][0];
            let doubt = codes(&plan, "reasons").contains(&"missing-fact".to_owned());
            assert!(!doubt, "{clause}: {}", ran.stdout);
            statement["algorithm"].as_str().unwrap_or_default().to_owned()
        })
    };
    assert_eq!(algorithms(), ["INSTANT", "INSTANT", "INPLACE"]);
    node.execute(&format!("ALTER TABLE {table} ADD FULLTEXT f (a)")).await?;
    node.execute(&format!("ALTER TABLE {table} DROP KEY f")).await?;
    let left = "SELECT COUNT(*) FROM information_schema.innodb_sys_tables t \
                JOIN information_schema.innodb_sys_columns c USING (table_id) \
                WHERE t.name = 'plan_fulltext/t' AND c.name = 'FTS_DOC_ID' AND NOT EXISTS \
                (SELECT 1 FROM information_schema.statistics WHERE table_schema = 'plan_fulltext' AND index_name = 'f')";
    for node in sandbox.nodes() {
        until("the key came and went", Duration::from_secs(20), async || {
            node.value(left).await.unwrap().as_deref() == Some("1")
        })
        .await;
    }
    assert_eq!(algorithms(), ["INPLACE", "INPLACE", "NOCOPY"]);
    let before = innodb_id(node, table).await;
    node.execute(&format!("ALTER TABLE {table} ADD COLUMN c INT")).await?;
    assert_ne!(innodb_id(node, table).await, before, "the server did not rebuild the table");
    Ok(())
}

async fn what_cannot_be_read_is_told_with_its_place() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "plan_syntax").await;
    sandbox.nodes()[0].execute("CREATE TABLE plan_syntax.t (id INT PRIMARY KEY)").await?;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("m.sql");
    for (text, place) in [
        ("USE plan_syntax;\nALTER TABLE t\n  ADD COLUMN c INT,\n  ADD COLUMN d INT NOT EMPTY;\n", "m.sql:4:24"),
        ("ALTER TABLE plan_syntax.t\n  ADD COLUMN c INT,\n  DROP COLUMN b c;\n", "m.sql:3:17"),
        ("ALTER TABLE plan_syntax.t ADD COLUM d INT", "m.sql:1:1"),
        ("\nALTER TABEL plan_syntax.t ADD COLUMN d INT", "m.sql:2:7"),
        ("ALTER TABLE plan_syntax.t ADD COLUMN c VARCHAR('x)", "m.sql:1:"),
        ("\\i other.sql\n", "m.sql:1:1"),
    ] {
        std::fs::write(&file, text).unwrap();
        let ran = schema(&sandbox, &["apply", "--yes", file.to_str().unwrap()]).expect_code(2);
        assert!(ran.stderr.contains(place), "{place} is not in:\n{}", ran.stderr);
    }
    std::fs::write(&file, "-- nothing\n").unwrap();
    schema(&sandbox, &["apply", file.to_str().unwrap()]).expect_code(2);
    let ran = schema(&sandbox, &["apply", "/no/such/file.sql"]).expect_code(2);
    assert!(ran.stderr.contains("/no/such/file.sql"), "{}", ran.stderr);
    Ok(())
}

async fn rows_in_the_way_are_shown() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "plan_rows").await;
    let node = &sandbox.nodes()[0];
    node.execute("CREATE TABLE plan_rows.p (id INT PRIMARY KEY)").await?;
    node.execute(
        "CREATE TABLE plan_rows.t (id INT PRIMARY KEY, a INT, b VARCHAR(20) CHARACTER SET utf8mb4, e ENUM('x','y','z'), \
         n INT, big BIGINT, t TEXT, w VARCHAR(9) COLLATE utf8mb4_bin UNIQUE)",
    )
    .await?;
    node.execute(
        "INSERT INTO plan_rows.t VALUES (1, 7, 'twelve chars', 'x', NULL, 5000000000, REPEAT('x', 256), 'word'), \
         (2, 7, '\u{1f418}', 'z', 1, 1, '', 'WORD')",
    )
    .await?;
    for (clause, code) in [
        ("ADD UNIQUE u (a)", "rows-duplicates"),
        ("MODIFY a INT UNIQUE", "rows-duplicates"),
        ("MODIFY n INT NOT NULL", "rows-nulls"),
        ("ADD FOREIGN KEY (a) REFERENCES plan_rows.p (id)", "rows-orphans"),
        ("ADD CONSTRAINT c CHECK (a > 100)", "rows-violations"),
        ("MODIFY b VARCHAR(5) CHARACTER SET utf8mb4", "rows-too-long"),
        ("MODIFY t TINYTEXT", "rows-too-long"),
        ("CHANGE a b2 INT CHECK (n > 1)", "rows-violations"),
        ("MODIFY big INT", "rows-out-of-range"),
        ("MODIFY b VARCHAR(20) CHARACTER SET latin1", "rows-invalid-characters"),
        ("MODIFY e ENUM('x','y')", "rows-members-in-use"),
        ("MODIFY w VARCHAR(9) COLLATE utf8mb4_general_ci", "rows-duplicates"),
    ] {
        refused(&sandbox, &format!("ALTER TABLE plan_rows.t {clause}"), code).await;
    }
    // Names that only statements before it, or the statement itself, give to what is there.
    for (sql, code) in [
        ("ALTER TABLE plan_rows.t RENAME COLUMN a TO c, ADD UNIQUE (c)", "rows-duplicates"),
        ("ALTER TABLE plan_rows.t CHANGE a c INT, ADD UNIQUE (c)", "rows-duplicates"),
        ("ALTER TABLE plan_rows.t RENAME COLUMN a TO id, RENAME COLUMN id TO a, ADD UNIQUE (id)", "rows-duplicates"),
        ("RENAME TABLE plan_rows.t TO plan_rows.u; ALTER TABLE plan_rows.u ADD UNIQUE (a)", "rows-duplicates"),
        (
            "ALTER TABLE plan_rows.t RENAME COLUMN id TO k; ALTER TABLE plan_rows.t ADD CHECK (a > 100)",
            "rows-violations",
        ),
        ("ALTER TABLE plan_rows.t ADD c INT NOT NULL UNIQUE", "rows-duplicates"),
        ("ALTER TABLE plan_rows.t ADD c INT NOT NULL DEFAULT 3 CHECK (c > 5)", "rows-violations"),
        (
            "ALTER TABLE plan_rows.t ADD q INT NOT NULL DEFAULT 0, ADD FOREIGN KEY (q) REFERENCES plan_rows.p (id)",
            "rows-orphans",
        ),
        ("ALTER TABLE plan_rows.t MODIFY b INT, ADD UNIQUE (b)", "rows-unchecked"),
        ("SET sql_mode = 'ANSI_QUOTES'; ALTER TABLE plan_rows.t ADD CHECK (\"n\" > 5)", "rows-violations"),
    ] {
        let (ran, plan) = planned(&sandbox, sql, &[]);
        ran.expect_code(1);
        let found = plan.to_string();
        assert!(found.contains(&format!("\"code\":\"{code}\"")), "{sql}: {found}");
    }
    let (_, plan) =
        planned(&sandbox, "ALTER TABLE plan_rows.t MODIFY b INT, ADD UNIQUE (b)", &["--accept", "rows-unchecked"]);
    assert!(!codes(&plan, "reasons").contains(&"rows-unchecked".to_owned()), "{plan}");
    // New columns without a value, and new tables, have nothing to ask.
    for sql in [
        "ALTER TABLE plan_rows.t ADD c INT UNIQUE, ADD q INT, ADD FOREIGN KEY (q) REFERENCES plan_rows.p (id)",
        "CREATE TABLE plan_rows.v LIKE plan_rows.t; ALTER TABLE plan_rows.v ADD UNIQUE (a), MODIFY n INT NOT NULL",
    ] {
        planned(&sandbox, sql, &[]).0.expect_code(0);
    }
    // The same questions on rows that fit.
    node.execute("DELETE FROM plan_rows.t WHERE id = 1").await?;
    let (ran, _) = planned(&sandbox, "ALTER TABLE plan_rows.t ADD UNIQUE u (a)", &[]);
    ran.expect_code(0);
    Ok(())
}

async fn tables_that_do_not_fit() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "plan_fit").await;
    sandbox.nodes()[0].execute("CREATE TABLE plan_fit.t (id INT PRIMARY KEY, a INT)").await?;
    for sql in [
        "ALTER TABLE plan_fit.nosuch ADD COLUMN a INT",
        "ALTER TABLE plan_fit.t ADD COLUMN a INT",
        "ALTER TABLE plan_fit.t DROP COLUMN zz",
        "CREATE TABLE plan_fit.t (id INT PRIMARY KEY)",
        "DROP INDEX i ON plan_fit.t",
    ] {
        refused(&sandbox, sql, "does-not-fit").await;
    }
    // What the first statement makes, the second one may change.
    let (ran, plan) = planned(
        &sandbox,
        "CREATE TABLE plan_fit.u (id INT PRIMARY KEY); ALTER TABLE plan_fit.u ADD COLUMN c INT FIRST",
        &[],
    );
    ran.expect_code(0);
    assert_eq!(plan["statements"][1]["estimate"]["bytes"], 0);
    Ok(())
}

const CHEAP: &str = "ALTER TABLE plan_checks.t ADD COLUMN n INT";

/// Expects that the cheapest change is refused by one check, with this exit code, and passes again afterwards.
async fn checked(sandbox: &Sandbox, check: &str, code: i32, provoke: &str, mend: &str) {
    let node = &sandbox.nodes()[1];
    node.execute(provoke).await.unwrap();
    let ran = schema(sandbox, &["apply", "--yes", "-e", CHEAP]);
    let told = schema(sandbox, &["plan", "--format", "json", "-e", CHEAP]);
    node.execute(mend).await.unwrap();
    ran.expect_code(code);
    let plan: Value = serde_json::from_str(&told.stdout).unwrap();
    let failed = plan["checks"].as_array().unwrap().iter().any(|finding| {
        finding["check"] == check
            && finding["verdict"] == "failed"
            && !finding["advice"].as_str().unwrap_or("").is_empty()
    });
    assert!(failed, "{check} is not among the failed checks: {}", plan["checks"]);
}

async fn a_node_with_other_settings() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "plan_checks").await;
    sandbox.nodes()[0].execute("CREATE TABLE plan_checks.t (id INT PRIMARY KEY)").await?;
    for (check, variable, wrong, right) in [
        ("osu-method", "wsrep_OSU_method", "'RSU'", "'TOI'"),
        ("settings", "innodb_instant_alter_column_allowed", "'never'", "'add_drop_reorder'"),
        ("serving", "read_only", "1", "0"),
    ] {
        let set = |value: &str| format!("SET GLOBAL {variable} = {value}");
        checked(&sandbox, check, 3, &set(wrong), &set(right)).await;
    }
    checked(&sandbox, "desync", 3, "SET GLOBAL wsrep_desync = ON", "SET GLOBAL wsrep_desync = OFF").await;
    until("the node is Synced again", Duration::from_secs(10), async || {
        sandbox.nodes()[1].status("wsrep_local_state").await.unwrap().as_deref() == Some("4")
    })
    .await;
    schema(&sandbox, &["plan", "-e", CHEAP]).expect_code(0);
    Ok(())
}

async fn holders_of_locks() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "plan_checks").await;
    sandbox.nodes()[0].execute("CREATE TABLE plan_checks.t (id INT PRIMARY KEY)").await?;
    for lock in ["FLUSH TABLES WITH READ LOCK", "LOCK TABLES plan_checks.t WRITE"] {
        let mut holder = sandbox.nodes()[2].connect().await?;
        holder.query_drop(lock).await.unwrap();
        let ran = schema(&sandbox, &["apply", "--yes", "-e", CHEAP]);
        holder.query_drop("UNLOCK TABLES").await.unwrap();
        let ran = ran.expect_code(3);
        assert!(ran.stderr.contains("n3"), "{lock}: {}", ran.stderr);
    }
    Ok(())
}

async fn a_node_that_is_down() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "plan_checks").await;
    sandbox.nodes()[0].execute("CREATE TABLE plan_checks.t (id INT PRIMARY KEY)").await?;
    sandbox.nodes()[2].stop().await?;
    let ran = schema(&sandbox, &["apply", "--yes", "-e", CHEAP]);
    sandbox.nodes()[2].start().await?;
    let ran = ran.expect_code(4);
    assert!(ran.stderr.contains("n3"), "{}", ran.stderr);
    Ok(())
}

async fn nodes_that_define_a_table_differently() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "plan_checks").await;
    sandbox.nodes()[0].execute("CREATE TABLE plan_checks.t (id INT PRIMARY KEY)").await?;
    let mut alone = sandbox.nodes()[2].connect().await?;
    alone.query_drop("SET SESSION wsrep_on = OFF").await.unwrap();
    alone.query_drop("ALTER TABLE plan_checks.t ADD COLUMN only_here INT").await.unwrap();
    let ran = schema(&sandbox, &["apply", "--yes", "-e", CHEAP]);
    alone.query_drop("ALTER TABLE plan_checks.t DROP COLUMN only_here").await.unwrap();
    let ran = ran.expect_code(3);
    assert!(ran.stderr.contains("plan_checks.t"), "{}", ran.stderr);
    Ok(())
}

/// The sandbox's configuration with another `[policy] max_stall`.
fn with_max_stall(sandbox: &Sandbox, folder: &Path, max_stall: &str) -> PathBuf {
    let text = std::fs::read_to_string(sandbox.schema_toml()).unwrap();
    let mut table: toml::Table = text.parse().unwrap();
    table["policy"].as_table_mut().unwrap().insert("max_stall".to_owned(), max_stall.into());
    let config = folder.join(format!("{max_stall}.toml"));
    std::fs::write(&config, table.to_string()).unwrap();
    config
}

async fn what_moves_no_row_may_stall_too_long() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "plan_stall").await;
    let node = &sandbox.nodes()[0];
    let columns = "(id INT PRIMARY KEY, a INT, b VARCHAR(200))";
    let parts: Vec<String> = (1..100).map(|part| format!("PARTITION p{part} VALUES LESS THAN ({part}0000)")).collect();
    for sql in [
        format!("CREATE TABLE plan_stall.big {columns}"),
        "INSERT INTO plan_stall.big SELECT seq, seq, REPEAT('x', 180) FROM mysql.seq_1_to_120000".to_owned(),
        "ANALYZE TABLE plan_stall.big".to_owned(),
        format!("CREATE TABLE plan_stall.small {columns}"),
        format!("CREATE TABLE plan_stall.parted {columns} PARTITION BY RANGE (id) ({})", parts.join(", ")),
    ] {
        node.execute(&sql).await?;
    }
    let folder = tempfile::tempdir().unwrap();
    let strict = with_max_stall(&sandbox, folder.path(), "10ms");
    for (sql, code, alternative) in [
        ("DROP TABLE plan_stall.big", "stall-over-policy", "rename-now-remove-later"),
        ("TRUNCATE TABLE plan_stall.big", "stall-over-policy", "rename-now-remove-later"),
        ("DROP DATABASE plan_stall", "stall-over-policy", "toi-in-a-window"),
        ("ALTER TABLE plan_stall.parted ADD COLUMN n INT", "stall-over-policy", ""),
        ("ALTER TABLE plan_stall.parted EXCHANGE PARTITION p1 WITH TABLE plan_stall.big", "stall-over-policy", ""),
        ("ANALYZE TABLE plan_stall.big PERSISTENT FOR ALL", "stall-over-policy", ""),
    ] {
        let ran = schema_with(&strict, &["plan", "--format", "json", "-e", sql]);
        let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_ne!(plan["statements"][0]["method"], "TOI", "{sql}");
        assert!(codes(&plan, "reasons").iter().any(|reason| reason == code), "{sql}: {}", ran.stdout);
        let alternatives = codes(&plan, "alternatives");
        assert!(
            alternative.is_empty() || alternatives.iter().any(|other| other == alternative),
            "{sql}: {alternatives:?}"
        );
    }
    schema_with(&strict, &["apply", "--yes", "-e", "DROP TABLE plan_stall.big"]).expect_code(3);
    assert_eq!(node.value("SELECT COUNT(*) FROM plan_stall.big").await?.as_deref(), Some("120000"));
    // Within the policy they run, with both tables compared behind them.
    for sql in [
        "ALTER TABLE plan_stall.parted EXCHANGE PARTITION p1 WITH TABLE plan_stall.small",
        "CREATE TABLE plan_stall.more LIKE plan_stall.small; \
         ALTER TABLE plan_stall.parted CONVERT TABLE plan_stall.more TO PARTITION pm VALUES LESS THAN MAXVALUE",
        "ALTER TABLE plan_stall.parted CONVERT PARTITION pm TO TABLE plan_stall.more",
    ] {
        schema(&sandbox, &["apply", "--yes", "-e", sql]).expect_code(0);
    }
    // What is as short as a statement gets runs under every policy, and what is not there weighs nothing.
    for sql in [
        "ALTER TABLE plan_stall.big ADD COLUMN n INT",
        "DROP TABLE plan_stall.small",
        "DROP TABLE IF EXISTS plan_stall.nosuch",
        "DROP DATABASE IF EXISTS plan_stall_nosuch",
        "CREATE VIEW plan_stall.v AS SELECT 1; DROP VIEW plan_stall.v",
        "ANALYZE TABLE plan_stall.big",
    ] {
        let ran = schema_with(&strict, &["plan", "--format", "json", "-e", sql]).expect_code(0);
        let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(plan["statements"][0]["method"], "TOI", "{sql}");
    }
    Ok(())
}

async fn settings_that_stay_on_one_node() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "plan_local").await;
    let node = &sandbox.nodes()[0];
    let compressed = "(id INT PRIMARY KEY) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=64";
    // The reason for it all: the nodes differ, and the client was told that all is well.
    let mut session = node.connect().await?;
    session.query_drop("SET innodb_strict_mode = OFF").await.unwrap();
    session.query_drop(format!("CREATE TABLE plan_local.lost {compressed}")).await.unwrap();
    session.query_drop("CREATE TABLE plan_local.t (id INT PRIMARY KEY)").await.unwrap();
    let other = &sandbox.nodes()[1];
    let tables = async |name: &str| {
        let count = format!(
            "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'plan_local' AND table_name = '{name}'"
        );
        other.value(&count).await.unwrap()
    };
    until("the tables are there", Duration::from_secs(20), async || tables("t").await.as_deref() == Some("1")).await;
    assert_eq!(tables("lost").await.as_deref(), Some("0"), "the setting reached the other node");
    session.query_drop("DROP TABLE plan_local.lost").await.unwrap();
    // So it is refused, whatever is accepted, and nothing is sent.
    for sql in [
        format!("SET innodb_strict_mode = OFF; CREATE TABLE plan_local.c {compressed}"),
        "SET SESSION default_storage_engine = Aria; CREATE TABLE plan_local.c (id INT PRIMARY KEY)".to_owned(),
    ] {
        for more in [&[][..], &["--method", "toi", "--accept", "write-stall"]] {
            let (ran, plan) = planned(&sandbox, &sql, more);
            ran.expect_code(1);
            assert!(plan["statements"][1]["reasons"].to_string().contains("setting-not-replicated"), "{sql}: {plan}");
        }
        schema(&sandbox, &["apply", "--yes", "-e", &sql]).expect_code(3);
    }
    // What is written into the statement is sent with it, and in a roll each node's own session has the setting.
    let sql = format!("SET STATEMENT innodb_strict_mode = OFF FOR CREATE TABLE plan_local.c {compressed}");
    schema(&sandbox, &["apply", "--yes", "-e", &sql]).expect_code(0);
    assert_eq!(tables("c").await.as_deref(), Some("1"));
    let (ran, plan) = planned(&sandbox, "SET innodb_strict_mode = OFF; ALTER TABLE plan_local.t FORCE", &[]);
    ran.expect_code(0);
    assert_eq!(plan["statements"][1]["method"], "RSU");
    Ok(())
}

async fn a_saved_plan_looks_again() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "plan_again").await;
    let node = &sandbox.nodes()[0];
    node.execute("CREATE TABLE plan_again.t (id INT PRIMARY KEY AUTO_INCREMENT, a INT, b VARCHAR(200))").await?;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.json");
    let path = file.to_str().unwrap();
    let save = |sql: &str| {
        schema(&sandbox, &["plan", "--out", path, "-e", sql]).expect_code(0);
        std::fs::read_to_string(&file).unwrap()
    };
    let apply = |config: &Path| schema_with(config, &["apply", "--yes", "--dry-run", "--plan", path]);
    let own = sandbox.schema_toml();
    // Nothing that a run goes by can be edited.
    let saved = save("SET foreign_key_checks = 0; ALTER TABLE plan_again.t ADD UNIQUE u (a)");
    for (there, edited) in [
        ("foreign_key_checks = 0\"", "foreign_key_checks = 1\""),
        ("\"min_serving\": 2", "\"min_serving\": 1"),
        ("\"accepted\": []", "\"accepted\": [\"no-balancer\"]"),
    ] {
        assert!(saved.contains(there), "{there} is not in {saved}");
        std::fs::write(&file, saved.replace(there, edited)).unwrap();
        let ran = apply(&own).expect_code(3);
        assert!(ran.stderr.contains("edited"), "{}", ran.stderr);
    }
    std::fs::write(&file, &saved).unwrap();
    // A few rows more change nothing, and a code that is accepted only now is no edit.
    node.execute("INSERT INTO plan_again.t (a) VALUES (1), (2)").await?;
    apply(&own).expect_code(0);
    schema(&sandbox, &["apply", "--dry-run", "--plan", path, "--accept", "no-balancer"]).expect_code(0);
    // Another policy.
    let ran = apply(&with_max_stall(&sandbox, folder.path(), "2s")).expect_code(3);
    assert!(ran.stderr.contains("policy max_stall was 1s and is 2s now"), "{}", ran.stderr);
    // Rows that stand in the way since.
    node.execute("INSERT INTO plan_again.t (a) VALUES (2)").await?;
    for other in &sandbox.nodes()[1..] {
        until("the rows are on every node", Duration::from_secs(20), async || {
            other.value("SELECT COUNT(*) FROM plan_again.t").await.unwrap().as_deref() == Some("3")
        })
        .await;
    }
    let ran = apply(&own).expect_code(3);
    assert!(ran.stderr.contains("method of statement 2 was TOI and is REFUSE now"), "{}", ran.stderr);
    assert!(ran.stderr.contains("rows that agree in `a`"), "{}", ran.stderr);
    // A table that has outgrown the method.
    save("ALTER TABLE plan_again.t FORCE");
    apply(&own).expect_code(0);
    node.execute("INSERT INTO plan_again.t (a, b) SELECT seq, REPEAT('x', 180) FROM mysql.seq_1_to_120000").await?;
    node.execute("ANALYZE TABLE plan_again.t").await?;
    let ran = apply(&own).expect_code(3);
    assert!(ran.stderr.contains("method of statement 1 was TOI and is RSU now"), "{}", ran.stderr);
    Ok(())
}

async fn a_saved_plan_goes_stale() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "plan_stale").await;
    let node = &sandbox.nodes()[0];
    node.execute("CREATE TABLE plan_stale.t (id INT PRIMARY KEY)").await?;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.json");
    let path = file.to_str().unwrap();
    let sql = "ALTER TABLE plan_stale.t ADD COLUMN n INT";
    schema(&sandbox, &["plan", "--out", path, "-e", sql]).expect_code(0);
    let saved = std::fs::read_to_string(&file).unwrap();
    // Somebody else changes the table.
    node.execute("ALTER TABLE plan_stale.t ADD COLUMN other INT").await?;
    let ran = schema(&sandbox, &["apply", "--yes", "--plan", path]).expect_code(3);
    assert!(ran.stderr.contains("plan_stale.t"), "{}", ran.stderr);
    node.execute("ALTER TABLE plan_stale.t DROP COLUMN other").await?;
    // Somebody edits the plan.
    let edited = saved.replace("ADD COLUMN n INT", "DROP COLUMN id");
    assert_ne!(edited, saved);
    std::fs::write(&file, edited).unwrap();
    schema(&sandbox, &["apply", "--yes", "--plan", path]).expect_code(3);
    std::fs::write(&file, saved).unwrap();
    schema(&sandbox, &["apply", "--yes", "--plan", path]).expect_code(0);
    Ok(())
}

async fn a_roll_without_a_balancer() -> Result<(), Error> {
    let sandbox = shared().await;
    database(&sandbox, "plan_alone").await;
    sandbox.nodes()[0].execute("CREATE TABLE plan_alone.t (id INT PRIMARY KEY)").await?;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("schema.toml");
    let text = std::fs::read_to_string(sandbox.schema_toml()).unwrap();
    // Everything but the balancers.
    let mut table: toml::Table = text.parse().unwrap();
    table.remove("balancer").unwrap();
    std::fs::write(&config, table.to_string()).unwrap();
    let sql = "ALTER TABLE plan_alone.t FORCE";
    let ran = schema_with(&config, &["apply", "--yes", "--method", "rsu", "-e", sql]).expect_code(3);
    assert!(ran.stderr.contains("no-balancer"), "{}", ran.stderr);
    Ok(())
}
