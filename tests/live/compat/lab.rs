//! One experiment on a real cluster: one node is changed in RSU, rows are written on one side and applied on the other,
//! then the other nodes are changed and all rows compared.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use galera_schema::ddl::model::Catalog;
use galera_schema::ddl::{Rolling, ServerProfile, parse, rolling};
use galera_schema::sandbox::{Error, Node, Options, Sandbox, Scoped};
use galera_schema::sql::ServerVersion;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};

/// What became of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Same,
    /// Nodes hold different rows, and nothing said so.
    Differ,
    /// A node was voted out of the cluster.
    Lost,
    /// The change could not be made on the other nodes.
    Stuck,
    /// Only expected, never seen: the value is read with a wrong length, so what becomes of the row, and of those
    /// behind it, hangs on bytes that nobody wrote for it.
    Chance,
}

/// From which side rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    OldToNew,
    NewToOld,
}

/// One experiment. `$t` in any text is the table's name, `$p` a parent's.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// Makes the tables and their rows.
    pub setup: Vec<String>,
    /// The statement in question.
    pub alter: String,
    /// Statements on an unchanged node.
    pub old: Vec<String>,
    /// Statements on the changed node.
    pub new: Vec<String>,
    /// `slave_type_conversions` is set on all nodes meanwhile.
    pub window: bool,
    /// `binlog_row_image` on all nodes meanwhile.
    pub image: Option<&'static str>,
    /// What is written breaks a named condition, or goes against an unsafe verdict.
    pub broken: bool,
    /// It belongs to the short subset.
    pub daily: bool,
    /// Only rows of this side are looked at, because the other side is known to lose a node too.
    pub one_way: Option<Direction>,
    /// What happens to rows of unchanged nodes, and of changed ones.
    pub expected: [Outcome; 2],
    /// The same since 11.8, where that is different.
    pub expected_since_11_8: Option<[Outcome; 2]>,
}

/// The cluster, and how many tables it has seen.
pub struct Lab {
    sandbox: Scoped,
    options: Options,
    profile: ServerProfile,
    tables: u32,
}

/// The database of all tables.
pub const DATABASE: &str = "compat_live";

impl Lab {
    pub async fn up(server_dir: Option<PathBuf>) -> Result<Self, Error> {
        // One applier: a write set that waits holds up those behind it, see `certify`.
        let extra_my_cnf = "wsrep_slave_threads = 1\n".to_owned();
        let options = Options { server_dir, haproxies: Vec::new(), extra_my_cnf, ..Options::default() };
        let sandbox = Scoped::up("compat", &options).await?;
        let version: String = sandbox.nodes()[0].value("select version()").await?.unwrap_or_default();
        let profile = ServerProfile::of(version.parse().expect("the server says its version"));
        Ok(Self { sandbox, options, profile, tables: 0 })
    }

    pub fn nodes(&self) -> &[Node] {
        self.sandbox.nodes()
    }

    /// What an experiment is to show on this server.
    pub fn expected(&self, experiment: &Experiment) -> [Outcome; 2] {
        let newer = self.profile.version >= ServerVersion::new(11, 8, 0);
        experiment.expected_since_11_8.filter(|_| newer).unwrap_or(experiment.expected)
    }

    /// A name for the next table, and for its parent.
    fn name(&mut self) -> impl Fn(&str) -> String + use<> {
        self.tables += 1;
        let table = format!("{DATABASE}.t{}", self.tables);
        move |sql: &str| sql.replace("$t", &table).replace("$p", &format!("{table}p"))
    }

    /// Makes an experiment's tables, and says what is predicted for its statement.
    pub async fn prepare(
        &mut self,
        setup: &[String],
        alter: &str,
        image: Option<&str>,
    ) -> Result<Result<(Rolling, impl Fn(&str) -> String + use<>), String>, Error> {
        let named = self.name();
        let mut conn = session(&self.nodes()[0]).await?;
        let mut statements = vec![format!("CREATE DATABASE IF NOT EXISTS {DATABASE}"), format!("USE {DATABASE}")];
        statements.extend(setup.iter().map(|sql| named(sql)));
        for sql in statements {
            if let Err(error) = conn.query_drop(&sql).await {
                return Ok(Err(format!("{sql}: {error}")));
            }
        }
        assert!(settled(&self.sandbox).await, "the cluster is broken before {alter} begins");
        let ddl = named(alter);
        let create: Row = conn.query_first(format!("SHOW CREATE TABLE {}", named("$t"))).await.unwrap().unwrap();
        let create: String = create.get(1).unwrap();
        let mut catalog = Catalog::from_dump(&format!("USE {DATABASE};\n{create}"), self.profile.settings.clone());
        let mut profile = self.profile.clone();
        profile.set("binlog_row_image", image.unwrap_or("FULL"));
        let statement = parse(&ddl, profile.settings.dialect);
        let applied = catalog.apply(&statement, &ddl, Some(DATABASE));
        Ok(Ok((rolling(&statement, &ddl, &applied, &profile), named)))
    }

    /// Runs one direction of an experiment. `Err` in the answer: it says nothing, for this reason.
    pub async fn measure(
        &mut self,
        experiment: &Experiment,
        direction: Direction,
    ) -> Result<(Option<Rolling>, Result<Outcome, String>), Error> {
        let (prediction, named) = match self.prepare(&experiment.setup, &experiment.alter, experiment.image).await? {
            Ok((prediction, named)) => (Some(prediction), named),
            Err(why) => {
                self.clear().await?;
                return Ok((None, Err(why)));
            }
        };
        let table = named("$t");
        let ddl = named(&experiment.alter);
        self.settings(experiment, true).await?;
        let [changed, unchanged, third] = self.sandbox.nodes() else { panic!("three nodes") };
        if let Err(why) = roll(changed, &ddl).await? {
            self.settings(experiment, false).await?;
            self.clear().await?;
            return Ok((prediction, Err(format!("it cannot be made: {why}"))));
        }
        let (writer, statements) = match direction {
            Direction::OldToNew => (unchanged, &experiment.old),
            Direction::NewToOld => (changed, &experiment.new),
        };
        let mut refused = None;
        let mut conn = session(writer).await?;
        for sql in statements {
            // A node that is voted out meanwhile may hold its clients' statements for ever, waiting for certification.
            let answer = tokio::time::timeout(Duration::from_secs(20), conn.query_drop(named(sql))).await;
            let why = match answer {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer in 20 s".to_owned(),
            };
            refused = Some(format!("{}: {why}", named(sql)));
            break;
        }
        let mut outcome = if settled(&self.sandbox).await { Outcome::Same } else { Outcome::Lost };
        if outcome == Outcome::Same
            && let Some(refused) = refused
        {
            self.settings(experiment, false).await?;
            self.clear().await?;
            return Ok((prediction, Err(refused)));
        }
        let common = if outcome == Outcome::Same { alike(changed, unchanged, &table).await? } else { None };
        if let Some(common) = common
            && !same_rows(&self.sandbox, &table, &common).await?
        {
            outcome = Outcome::Differ;
        }
        if matches!(outcome, Outcome::Same | Outcome::Differ) {
            for node in [unchanged, third] {
                if roll(node, &ddl).await?.is_err() {
                    outcome = Outcome::Stuck;
                }
            }
        }
        if outcome == Outcome::Same
            && alike(changed, unchanged, &table).await?.is_some()
            && !same_rows(&self.sandbox, &table, "*").await?
        {
            outcome = Outcome::Differ;
        }
        self.settings(experiment, false).await?;
        if outcome != Outcome::Lost {
            self.clear().await?;
        }
        Ok((prediction, Ok(outcome)))
    }

    /// Sets what an experiment wants set on all nodes, or puts it back.
    async fn settings(&self, experiment: &Experiment, begin: bool) -> Result<(), Error> {
        if experiment.window {
            self.conversions(begin).await?;
        }
        for node in self.sandbox.nodes() {
            if let Some(image) = experiment.image {
                let value = if begin { image } else { "FULL" };
                let _ = node.execute(&format!("SET GLOBAL binlog_row_image = '{value}'")).await;
            }
        }
        Ok(())
    }

    /// Opens or closes the conversion window on all nodes that answer.
    pub async fn conversions(&self, allowed: bool) -> Result<(), Error> {
        let value = if allowed { "ALL_NON_LOSSY,ALL_LOSSY" } else { "" };
        for node in self.sandbox.nodes() {
            let _ = node.execute(&format!("SET GLOBAL slave_type_conversions = '{value}'")).await;
        }
        Ok(())
    }

    /// Whether all nodes hold the same rows in these columns.
    pub async fn same_rows(&self, table: &str, columns: &str) -> Result<bool, Error> {
        same_rows(&self.sandbox, table, columns).await
    }

    /// Drops the experiments' tables.
    pub async fn clear(&self) -> Result<(), Error> {
        self.sandbox.nodes()[1].execute(&format!("DROP DATABASE IF EXISTS {DATABASE}")).await
    }

    /// A cluster of three again: lost nodes get a state transfer, and the tables of the experiments go.
    pub async fn renew(&mut self) -> Result<(), Error> {
        let mut restarted = true;
        for node in self.sandbox.nodes() {
            let ready = node.status("wsrep_ready").await.ok().flatten();
            let size = node.status("wsrep_cluster_size").await.ok().flatten();
            if ready.as_deref() != Some("ON") || size.as_deref() == Some("1") {
                let _ = node.kill().await;
                restarted &= node.start().await.is_ok();
            }
        }
        if !restarted || !settled(&self.sandbox).await {
            eprintln!("the cluster is made anew");
            self.sandbox = Scoped::up("compat", &self.options).await?;
            return Ok(());
        }
        self.clear().await
    }

    /// Whether the cluster is whole and at rest.
    pub async fn settled(&self) -> bool {
        settled(&self.sandbox).await
    }
}

pub async fn session(node: &Node) -> Result<Conn, Error> {
    let mut conn = node.connect().await?;
    let settings = "SET NAMES utf8mb4, SESSION wsrep_sync_wait = 0, SESSION lock_wait_timeout = 5, \
         SESSION system_versioning_alter_history = KEEP";
    conn.query_drop(settings).await.unwrap();
    Ok(conn)
}

/// Changes one node in RSU, and waits until it takes part again.
pub async fn roll(node: &Node, sql: &str) -> Result<Result<(), String>, Error> {
    let mut conn = session(node).await?;
    conn.query_drop("SET SESSION wsrep_OSU_method = 'RSU'").await.unwrap();
    let _ = conn.query_drop(format!("USE {DATABASE}")).await;
    let done = conn.query_drop(sql).await.map_err(|error| error.to_string());
    node.wait_synced(Duration::from_secs(10)).await?;
    Ok(done)
}

/// Size of the cluster, last write set, state, readiness: in the order of their names.
const STATE: &str = "SELECT variable_value FROM information_schema.global_status WHERE variable_name IN \
     ('wsrep_cluster_size', 'wsrep_last_committed', 'wsrep_local_state', 'wsrep_ready') ORDER BY variable_name";

/// Whether all nodes have applied everything and still belong together. `false` as soon as one was voted out.
async fn settled(sandbox: &Sandbox) -> bool {
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut calm = 0;
    loop {
        let mut seen = Vec::new();
        for node in sandbox.nodes() {
            let state: Vec<String> = match node.connect().await {
                Ok(mut conn) => conn.query(STATE).await.unwrap_or_default(),
                Err(_) => Vec::new(),
            };
            seen.push(state);
        }
        if seen.iter().any(|state| state.len() != 4 || state[0] != "3" || state[3] != "ON") {
            return false;
        }
        let same = seen.iter().all(|state| *state == seen[0] && state[2] == "4");
        calm = if same { calm + 1 } else { 0 };
        // Twice in a row, because a failed write set is counted before the vote on it ends.
        if calm == 2 {
            return true;
        }
        assert!(Instant::now() < deadline, "the cluster does not come to rest: {seen:?}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// The columns that two nodes define alike, as a list for SELECT. `None`: one of them has no such table.
async fn alike(one: &Node, other: &Node, table: &str) -> Result<Option<String>, Error> {
    let name = table.split('.').next_back().unwrap_or_default();
    let sql = format!(
        "SELECT column_name, column_type, IFNULL(collation_name, ''), extra FROM information_schema.columns \
         WHERE table_schema = '{DATABASE}' AND table_name = '{name}'"
    );
    let a: Vec<(String, String, String, String)> = session(one).await?.query(&sql).await.unwrap();
    let b: Vec<(String, String, String, String)> = session(other).await?.query(&sql).await.unwrap();
    if a.is_empty() || b.is_empty() {
        return Ok(None);
    }
    let both: Vec<String> = a.iter().filter(|column| b.contains(column)).map(|c| format!("`{}`", c.0)).collect();
    Ok(Some(if both.is_empty() { "1".to_owned() } else { both.join(", ") }))
}

async fn same_rows(sandbox: &Sandbox, table: &str, columns: &str) -> Result<bool, Error> {
    let mut contents: Vec<Vec<String>> = Vec::new();
    for node in sandbox.nodes() {
        let mut conn = session(node).await?;
        let rows: Vec<Row> = conn.query(format!("SELECT {columns} FROM {table}")).await.unwrap();
        // As SQL, because a value's Debug text shows its beginning only.
        let whole = |row: Row| row.unwrap().iter().map(|value| value.as_sql(true)).collect::<Vec<_>>().join(", ");
        let mut rows: Vec<String> = rows.into_iter().map(whole).collect();
        rows.sort();
        contents.push(rows);
    }
    let same = contents.iter().all(|rows| *rows == contents[0]);
    if !same && std::env::var_os("SCHEMA_COMPAT_ROWS").is_some() {
        for rows in &contents {
            eprintln!("    {rows:?}");
        }
    }
    Ok(same)
}
