//! Rows written under mixed schemas, on a real cluster: what `ddl::rolling` says against what happens.
//!
//! For each case one node is changed in RSU, then rows are inserted, updated and deleted on an unchanged node and on
//! the changed one, then the others are changed and every row is compared. What the cases write keeps the conditions
//! that are named, or breaks them where the case says so.
//!
//! Cases that lose a node take several seconds each; `SCHEMA_COMPAT_ALL=1` runs all of them, else a few.

use std::time::{Duration, Instant};

use galera_schema::ddl::model::Catalog;
use galera_schema::ddl::{Flow, Rolling, ServerProfile, Verdict, parse, rolling};
use galera_schema::sandbox::{Error, Node, Options, Sandbox, Scoped};
use libtest_mimic::Trial;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};

use crate::support::trial;

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![trial("compat::verdicts_hold_on_a_live_cluster", verdicts_hold_on_a_live_cluster)]
}

/// What became of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Same,
    Differ,
    Lost,
    /// The change could not be made on the other nodes.
    Stuck,
}

/// One experiment.
struct Case {
    alter: &'static str,
    /// Extra statements on an unchanged node.
    old: &'static [&'static str],
    /// Extra statements on the changed node.
    new: &'static [&'static str],
    /// `slave_type_conversions` is set on all nodes meanwhile.
    window: bool,
    /// The statements break a named condition, or go against an unsafe verdict.
    reckless: bool,
    expected: Outcome,
}

const fn kept(alter: &'static str) -> Case {
    Case { alter, old: &[], new: &[], window: false, reckless: false, expected: Outcome::Same }
}

impl Case {
    const fn on_old(self, old: &'static [&'static str]) -> Self {
        Self { old, ..self }
    }

    const fn on_new(self, new: &'static [&'static str]) -> Self {
        Self { new, ..self }
    }

    const fn window(self) -> Self {
        Self { window: true, ..self }
    }

    const fn reckless(self, expected: Outcome) -> Self {
        Self { reckless: true, expected, ..self }
    }
}

/// The table of every case; `$t` is its name. Both sides write ids of their own, and touch rows of the beginning.
const TABLE: &str = "CREATE TABLE $t (id INT NOT NULL PRIMARY KEY, a INT, b VARCHAR(20), n INT NOT NULL DEFAULT 0, \
     e ENUM('x','y'), d DECIMAL(8,2), s SMALLINT, c CHAR(5), m VARCHAR(20) CHARACTER SET utf8mb3, u INT, g INT, \
     ts TIMESTAMP NULL, k INT NOT NULL DEFAULT 7, p INT, z INT, UNIQUE KEY uu (u), KEY ka (a), \
     CONSTRAINT ck CHECK (n >= 0)) ENGINE=InnoDB DEFAULT CHARSET=latin1";

const ROWS: &str = "INSERT INTO $t (id, a, b, n, e, d, s, c, m, u, g, k) SELECT seq, seq, CONCAT('b', seq), seq, 'x', seq + 0.5, seq, \
     'c', 'm', seq, seq, seq FROM compat_live.seq_1_to_12";

const CASES: &[Case] = &[
    // Safe: whatever is written.
    kept("ADD KEY k1 (n)"),
    kept("DROP KEY ka"),
    kept("ADD FULLTEXT KEY f1 (b)"),
    kept("RENAME KEY ka TO kb"),
    kept("FORCE"),
    kept("ROW_FORMAT=COMPRESSED"),
    kept("COMMENT='x'"),
    kept("ALTER COLUMN n SET DEFAULT 5"),
    kept("MODIFY a INT COMMENT 'x'"),
    kept("MODIFY g INT INVISIBLE"),
    kept("DROP KEY uu PARTITION BY HASH (id) PARTITIONS 3"),
    kept("ADD COLUMN v INT AS (n + 1) VIRTUAL"),
    kept("ADD COLUMN st INT AS (n + 1) STORED"),
    kept("DROP CONSTRAINT ck").on_new(&["UPDATE $t SET n = 3 WHERE id = 7"]),
    kept("AUTO_INCREMENT=500"),
    // Conditional: the conditions are kept.
    kept("ADD COLUMN q INT"),
    kept("ADD COLUMN q INT NOT NULL"),
    kept("ADD COLUMN q VARCHAR(10) NOT NULL DEFAULT 'abc'"),
    kept("ADD COLUMN q INT DEFAULT 5, ADD COLUMN r INT"),
    kept("DROP COLUMN z"),
    kept("CHANGE g gg INT"),
    kept("MODIFY n INT NULL DEFAULT 0"),
    kept("MODIFY a INT NOT NULL"),
    kept("ADD UNIQUE KEY u2 (g)").on_old(&["UPDATE $t SET g = 1000 WHERE id = 1"]),
    kept("DROP KEY uu"),
    kept("ADD CONSTRAINT c2 CHECK (n < 100000)"),
    kept("MODIFY e ENUM('x','y','zz')"),
    kept("MODIFY a INT UNSIGNED"),
    kept("MODIFY b VARCHAR(20) COLLATE latin1_bin"),
    kept("ADD CONSTRAINT fk FOREIGN KEY (p) REFERENCES parent (id)"),
    kept("MODIFY a BIGINT").window(),
    kept("MODIFY s INT").window(),
    kept("MODIFY b VARCHAR(60)").window(),
    kept("MODIFY b VARCHAR(600)").window(),
    kept("MODIFY b TEXT").window(),
    kept("MODIFY c CHAR(9)").window(),
    kept("MODIFY c VARCHAR(5)").window(),
    kept("MODIFY d DECIMAL(10,2)").window(),
    kept("MODIFY d DECIMAL(12,4)").window(),
    kept("MODIFY m VARCHAR(20) CHARACTER SET utf8mb4").window(),
    kept("MODIFY id BIGINT NOT NULL").window(),
    kept("DROP PRIMARY KEY, ADD PRIMARY KEY (id, n)"),
    kept("MODIFY id INT NOT NULL AUTO_INCREMENT"),
    // Conditions that are broken, and unsafe changes, where no node is lost.
    kept("ADD COLUMN q INT").on_new(&["UPDATE $t SET q = 9 WHERE id = 8"]).reckless(Outcome::Differ),
    kept("MODIFY n INT NULL DEFAULT 0").on_new(&["UPDATE $t SET n = NULL WHERE id = 8"]).reckless(Outcome::Differ),
    kept("ADD COLUMN q TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP").reckless(Outcome::Differ),
    kept("ADD COLUMN q VARCHAR(36) DEFAULT uuid()").reckless(Outcome::Differ),
    kept("MODIFY e ENUM('zz','x','y')").reckless(Outcome::Differ),
    kept("MODIFY e ENUM('x','y','zz')").on_new(&["UPDATE $t SET e = 'zz' WHERE id = 8"]).reckless(Outcome::Same),
    kept("MODIFY a INT UNSIGNED").on_new(&["UPDATE $t SET a = 4000000000 WHERE id = 8"]).reckless(Outcome::Stuck),
    // Nodes are lost.
    kept("ADD COLUMN q VARCHAR(9) AFTER id").reckless(Outcome::Lost),
    kept("DROP COLUMN b").on_old(&[]).reckless(Outcome::Lost),
    kept("MODIFY b VARCHAR(60)").reckless(Outcome::Lost),
    kept("MODIFY a BIGINT").reckless(Outcome::Lost),
    kept("MODIFY d DECIMAL(10,2)").reckless(Outcome::Lost),
    kept("MODIFY a VARCHAR(20)").window().reckless(Outcome::Lost),
    kept("MODIFY b VARCHAR(20) CHARACTER SET utf8mb4").reckless(Outcome::Lost),
    kept("ADD UNIQUE KEY u2 (g)").on_old(&["UPDATE $t SET g = 2 WHERE id = 7"]).reckless(Outcome::Lost),
    kept("DROP KEY uu").on_new(&["UPDATE $t SET u = 2 WHERE id = 7"]).reckless(Outcome::Lost),
];

/// How many of the cases that lose a node run unless all are asked for.
const LOST_IN_CI: usize = 2;

async fn verdicts_hold_on_a_live_cluster() -> Result<(), Error> {
    let all = std::env::var_os("SCHEMA_COMPAT_ALL").is_some();
    let mut sandbox = Scoped::up("compat", &Options::default()).await?;
    let version: String = sandbox.nodes()[0].value("select version()").await?.unwrap_or_default();
    let profile = ServerProfile::of(version.parse().expect("the server says its version"));
    let mut wrong = Vec::new();
    let mut lost = 0;
    for (number, case) in CASES.iter().enumerate() {
        if matches!(case.expected, Outcome::Lost | Outcome::Stuck) {
            lost += 1;
            if lost > LOST_IN_CI && !all {
                continue;
            }
        }
        let table = format!("compat_live.t{number}");
        let started = Instant::now();
        let (prediction, outcome) = experiment(&sandbox, case, &table, &profile).await?;
        let verdict = prediction.compatibility.verdict;
        eprintln!("{:>6} ms  {outcome:?}  {verdict:?}  {}", started.elapsed().as_millis(), case.alter);
        if outcome != case.expected {
            wrong.push(format!("{}: {outcome:?} seen, {:?} expected", case.alter, case.expected));
        }
        judge(case, &prediction, outcome, &mut wrong);
        if outcome == Outcome::Lost || outcome == Outcome::Stuck {
            renew(&mut sandbox).await?;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// What a verdict promises.
fn judge(case: &Case, prediction: &Rolling, outcome: Outcome, wrong: &mut Vec<String>) {
    let verdict = prediction.compatibility.verdict;
    let harmless = outcome == Outcome::Same;
    if !harmless && verdict == Verdict::Safe {
        wrong.push(format!("{}: called safe, but {outcome:?}", case.alter));
    }
    if !harmless && verdict == Verdict::Conditional && !case.reckless {
        wrong.push(format!("{}: its conditions were kept, but {outcome:?}", case.alter));
    }
    if harmless && verdict == Verdict::Unsafe && !case.reckless {
        wrong.push(format!("{}: called unsafe, but nothing happened", case.alter));
    }
    if case.window != prediction.window.is_some() && !case.reckless {
        wrong.push(format!("{}: conversion window {:?}", case.alter, prediction.window));
    }
    let flows = [prediction.compatibility.old_to_new, prediction.compatibility.new_to_old];
    if outcome == Outcome::Lost && flows == [Flow::Ok, Flow::Ok] {
        wrong.push(format!("{}: rows were said to cross both ways", case.alter));
    }
}

async fn session(node: &Node) -> Result<Conn, Error> {
    let mut conn = node.connect().await?;
    conn.query_drop("SET SESSION wsrep_sync_wait = 0, SESSION lock_wait_timeout = 5").await.unwrap();
    Ok(conn)
}

/// Changes one node in RSU, and waits until it takes part again.
async fn roll(node: &Node, sql: &str) -> Result<Result<(), String>, Error> {
    let mut conn = session(node).await?;
    conn.query_drop("SET SESSION wsrep_OSU_method = 'RSU'").await.unwrap();
    let done = conn.query_drop(sql).await.map_err(|error| error.to_string());
    node.wait_synced(Duration::from_secs(10)).await?;
    Ok(done)
}

async fn experiment(
    sandbox: &Sandbox,
    case: &Case,
    table: &str,
    profile: &ServerProfile,
) -> Result<(Rolling, Outcome), Error> {
    let [changed, unchanged, third] = sandbox.nodes() else { panic!("three nodes") };
    for sql in [
        "CREATE DATABASE IF NOT EXISTS compat_live",
        "CREATE TABLE IF NOT EXISTS compat_live.parent (id INT PRIMARY KEY) ENGINE=InnoDB",
        &TABLE.replace("$t", table),
        &ROWS.replace("$t", table),
    ] {
        changed.execute(sql).await?;
    }
    settled(sandbox).await;
    if case.window {
        for node in sandbox.nodes() {
            node.execute("SET GLOBAL slave_type_conversions = 'ALL_NON_LOSSY,ALL_LOSSY'").await?;
        }
    }
    let ddl = format!("ALTER TABLE {table} {}", case.alter);
    let mut shown = session(changed).await?;
    let create: Row = shown.query_first(format!("SHOW CREATE TABLE {table}")).await.unwrap().unwrap();
    let create: String = create.get(1).unwrap();
    let mut catalog = Catalog::from_dump(&create, profile.settings.clone());
    let statement = parse(&ddl, profile.settings.dialect);
    let applied = catalog.apply(&statement, &ddl, Some("compat_live"));
    let prediction = rolling(&statement, &ddl, &applied, profile);

    roll(changed, &ddl).await?.unwrap_or_else(|why| panic!("{ddl}: {why}"));
    let write = async |node: &Node, base: u32, own: [u32; 2], extra: &[&str]| -> Result<(), Error> {
        let mut conn = session(node).await?;
        let renamed = node.name() == changed.name() && case.alter.contains("CHANGE g gg");
        let g = if renamed { "gg" } else { "g" };
        let text = if case.alter.contains("DROP COLUMN b") && node.name() == changed.name() { "c" } else { "b" };
        let mut statements = vec![
            format!(
                "INSERT INTO {table} (id, a, {text}, n, e, d, s, m, u, {g}) VALUES ({base}, 1, 'one', 1, 'x', 1.5, 2, 'm', {base}, {base}), ({}, 2, 'two', 2, 'y', 2.5, 3, 'n', {}, {})",
                base + 1,
                base + 1,
                base + 1
            ),
            format!("UPDATE {table} SET n = n + 10, {text} = 'new' WHERE id = {}", own[0]),
            format!("DELETE FROM {table} WHERE id = {}", own[1]),
            format!("UPDATE {table} SET a = a + 1, d = d + 1 WHERE id = {base}"),
            format!("DELETE FROM {table} WHERE id = {}", base + 1),
        ];
        statements.extend(extra.iter().map(|sql| sql.replace("$t", table)));
        for sql in statements {
            // The node may be lost while it writes; that is seen below.
            let _ = conn.query_drop(sql).await;
        }
        Ok(())
    };
    write(unchanged, 100, [1, 3], case.old).await?;
    let mut outcome = if settled(sandbox).await { Outcome::Same } else { Outcome::Lost };
    if outcome == Outcome::Same {
        write(changed, 200, [2, 4], case.new).await?;
        if !settled(sandbox).await {
            outcome = Outcome::Lost;
        }
    }
    if outcome == Outcome::Same {
        for node in [unchanged, third] {
            if roll(node, &ddl).await?.is_err() {
                outcome = Outcome::Stuck;
            }
        }
    }
    if outcome == Outcome::Same && !same_rows(sandbox, table).await? {
        outcome = Outcome::Differ;
    }
    if case.window {
        for node in sandbox.nodes() {
            let _ = node.execute("SET GLOBAL slave_type_conversions = ''").await;
        }
    }
    if outcome != Outcome::Lost {
        changed.execute(&format!("DROP TABLE {table}")).await?;
    }
    Ok((prediction, outcome))
}

/// Whether all nodes have applied everything and still belong together. `false` as soon as one was voted out.
async fn settled(sandbox: &Sandbox) -> bool {
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut calm = 0;
    loop {
        let mut seen = Vec::new();
        for node in sandbox.nodes() {
            let mut state = Vec::new();
            for name in ["wsrep_cluster_size", "wsrep_ready", "wsrep_local_state", "wsrep_last_committed"] {
                state.push(node.status(name).await.ok().flatten().unwrap_or_default());
            }
            seen.push(state);
        }
        if seen.iter().any(|state| state[0] != "3" || state[1] != "ON") {
            return false;
        }
        let same = seen.iter().all(|state| state[2] == "4" && state[3] == seen[0][3]);
        calm = if same { calm + 1 } else { 0 };
        // Twice in a row, because a failed write set is counted before the vote on it ends.
        if calm == 2 {
            return true;
        }
        assert!(Instant::now() < deadline, "the cluster does not come to rest: {seen:?}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

async fn same_rows(sandbox: &Sandbox, table: &str) -> Result<bool, Error> {
    let mut contents: Vec<Vec<String>> = Vec::new();
    for node in sandbox.nodes() {
        let mut conn = session(node).await?;
        let rows: Vec<Row> = conn.query(format!("SELECT * FROM {table} ORDER BY id")).await.unwrap();
        contents.push(rows.into_iter().map(|row| format!("{:?}", row.unwrap())).collect());
    }
    Ok(contents.iter().all(|rows| *rows == contents[0]))
}

/// A cluster of three again: lost nodes get a state transfer, and the tables of the experiments go.
async fn renew(sandbox: &mut Scoped) -> Result<(), Error> {
    let mut restarted = true;
    for node in sandbox.nodes() {
        if node.status("wsrep_ready").await.ok().flatten().as_deref() != Some("ON") {
            let _ = node.stop().await;
            restarted &= node.start().await.is_ok();
        }
    }
    if !restarted || !settled(sandbox).await {
        *sandbox = Scoped::up("compat", &Options::default()).await?;
        return Ok(());
    }
    for node in sandbox.nodes() {
        node.wait_synced(Duration::from_secs(10)).await?;
    }
    sandbox.nodes()[1].execute("DROP DATABASE IF EXISTS compat_live").await?;
    Ok(())
}
