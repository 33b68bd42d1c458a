//! What runs write down, in the cluster itself: three small InnoDB tables in a database of their own.
//!
//! `lease` holds one row (see [`super::lease`]), `run` one row a run, `journal` one row for each step's intent with
//! the state that the step finds. Every write is one transaction that moves the lease's beat and does nothing at all
//! when the token is no longer the holder's.

use std::time::Duration;

use serde_json::Value;

use super::lease::{Holder, LeaseRow};
use super::{ClusterError, Connector, Session, quote_name, quote_text};

/// How often a write that lost against another transaction is tried again.
const RETRIES: u32 = 8;
/// How long a write waits for a node that has not caught up with our own last write.
const LAGGING: Duration = Duration::from_millis(50);
/// A run of which something is left to be done or decided, as [`RunRow::is_open`] has it.
const OPEN: &str = "state IN ('running', 'stopped', 'unknown')";
/// How the journal's sessions are set up. Texts are quoted for a mode without NO_BACKSLASH_ESCAPES; its tables must be
/// made on every node, and a row that does not fit must be an error, whatever the server's globals say.
const SETTINGS: &str = "SET SESSION sql_mode = 'STRICT_ALL_TABLES', wsrep_OSU_method = 'TOI', innodb_lock_wait_timeout = 5, \
    lock_wait_timeout = 5";

/// What is known of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    /// Its id: sortable by time.
    pub id: String,
    /// `apply`, `upgrade`, `lock`.
    pub kind: String,
    /// `running`, `stopped`, or the word of its outcome.
    pub state: String,
    /// One line for people.
    pub title: String,
    /// The plan, as JSON.
    pub plan: Value,
    /// How it ended, as JSON; null while it runs.
    pub summary: Value,
    /// The process that began it or took it over last.
    pub holder: String,
    /// When it began and ended, UTC, by the clock of the node that was written to.
    pub started: String,
    /// `None` while it is open.
    pub ended: Option<String>,
}

impl RunRow {
    /// Whether something is left to be done or decided.
    pub fn is_open(&self) -> bool {
        matches!(self.state.as_str(), "running" | "stopped" | "unknown")
    }
}

/// A run that begins.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// `apply`, `upgrade`, `lock`.
    pub kind: &'static str,
    /// One line for people. No secrets.
    pub title: String,
    /// The plan. No secrets.
    pub plan: Value,
}

/// Whether the lease was taken.
#[derive(Clone, Debug)]
pub enum Taken {
    /// It is this run's now, with this token.
    Ours(u64),
    /// Somebody holds it.
    Held(LeaseRow),
    /// Somebody has held it since it was looked at, and given it back: what is known of runs is to be read anew.
    Moved,
}

/// Why a write did not happen.
#[derive(Debug)]
pub enum WriteError {
    /// Another run holds the lease now.
    Lost(LeaseRow),
    /// No node took the write.
    Cluster(ClusterError),
}

impl From<ClusterError> for WriteError {
    fn from(error: ClusterError) -> Self {
        Self::Cluster(error)
    }
}

/// The journal in the cluster, through one node at a time.
#[derive(Debug)]
pub struct Journal {
    connector: Connector,
    database: String,
    /// The node that must not be written through: it is out of rotation.
    avoid: Option<String>,
    session: Option<Session>,
}

impl Journal {
    /// Remembers where the journal is. Nothing is sent.
    pub fn new(connector: Connector, database: &str) -> Self {
        Self { connector, database: quote_name(database), avoid: None, session: None }
    }

    /// Writes go through any node but this one from now on.
    pub async fn avoid(&mut self, node: Option<String>) {
        if let Some(session) = self.session.take_if(|session| Some(session.node()) == node.as_deref()) {
            session.close().await;
        }
        self.avoid = node;
    }

    /// The thread numbers of its sessions, by node, so that they are not taken for a client's.
    pub fn thread(&self) -> Option<(String, u64)> {
        self.session.as_ref().map(|session| (session.node().to_owned(), u64::from(session.thread_id())))
    }

    /// A session with a node that is part of the primary component.
    async fn session(&mut self) -> Result<&mut Session, ClusterError> {
        if !self.session.as_ref().is_some_and(Session::is_usable) {
            self.session = Some(self.connect().await?);
        }
        self.session.as_mut().ok_or_else(|| ClusterError::Unsupported("No node takes the journal.".to_owned()))
    }

    async fn connect(&self) -> Result<Session, ClusterError> {
        let mut last = None;
        for node in self.connector.nodes() {
            if self.avoid.as_deref() == Some(&node.name) {
                continue;
            }
            let mut session = match self.connector.session(node).await {
                Ok(session) => session,
                Err(error) => {
                    last = Some(error);
                    continue;
                }
            };
            let ready = session
                .query(
                    "SELECT COUNT(*) = 2 FROM information_schema.GLOBAL_STATUS WHERE (VARIABLE_NAME = 'WSREP_READY' AND \
                     VARIABLE_VALUE = 'ON') OR (VARIABLE_NAME = 'WSREP_LOCAL_STATE' AND VARIABLE_VALUE = '4')",
                )
                .await
                .and_then(|rows| rows.scalar::<bool>());
            match ready {
                Ok(Some(true)) => {
                    session.query_all(SETTINGS).await?;
                    return Ok(session);
                }
                Ok(_) => session.close().await,
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| ClusterError::Unsupported("No node in service takes the journal.".to_owned())))
    }

    /// Whether the tables are there.
    ///
    /// # Errors
    /// When no node can be asked.
    pub async fn exists(&mut self) -> Result<bool, ClusterError> {
        let sql = format!(
            "SET SESSION wsrep_sync_wait = 1; SELECT 1 FROM {}.lease; SET SESSION wsrep_sync_wait = 0",
            self.database
        );
        let answer = self.session().await?.query_all(&sql).await;
        match answer {
            Ok(_) => Ok(true),
            // No such database, no such table.
            Err(error) if matches!(error.code(), Some(1049 | 1146)) => {
                self.session().await?.query_all("SET SESSION wsrep_sync_wait = 0").await?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Makes the database and the tables where they are missing. May be repeated, and by several at a time.
    ///
    /// # Errors
    /// When a privilege is missing or no node can be asked.
    pub async fn create(&mut self) -> Result<(), ClusterError> {
        if self.exists().await? {
            return Ok(());
        }
        let database = self.database.clone();
        let session = self.session().await?;
        for statement in schema(&database) {
            session.execute(&statement, Some(Duration::from_secs(60))).await?;
        }
        Ok(())
    }

    /// The lease as it stands, as of the last write in the cluster.
    ///
    /// # Errors
    /// When no node can be asked.
    pub async fn lease(&mut self) -> Result<LeaseRow, ClusterError> {
        let database = self.database.clone();
        let session = self.session().await?;
        session.query_all("SET SESSION wsrep_sync_wait = 1").await?;
        let lease = LeaseRow::read(session, &database).await;
        session.query_all("SET SESSION wsrep_sync_wait = 0").await?;
        lease
    }

    /// Takes the lease for a run that begins, or for one that is open. `seen` is the lease as it was found, free or held by
    /// somebody dead, before the runs were looked at; nobody may have held it since.
    ///
    /// # Errors
    /// When no node can be asked.
    pub async fn take(&mut self, run: &str, new: Option<&NewRun>, seen: &LeaseRow) -> Result<Taken, ClusterError> {
        let holder = Holder::this();
        let sql = self.taking(run, new, seen, &holder);
        for _ in 0..RETRIES {
            let lease = self.lease().await?;
            // The answer to an earlier try was not heard.
            if lease.holder.as_ref() == Some(&holder) {
                return Ok(Taken::Ours(lease.token));
            }
            if lease != *seen {
                return Ok(if lease.run.is_some() { Taken::Held(lease) } else { Taken::Moved });
            }
            match self.transaction(&sql).await {
                // The token and the run do not tell: a rival that resumes the same run writes the same.
                Ok(row) if row.holder.as_ref() == Some(&holder) => return Ok(Taken::Ours(row.token)),
                // A rival was faster; the next round names it.
                Ok(_) => {}
                Err(error) if is_conflict(&error) || error.outcome_unknown() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Taken::Held(self.lease().await?))
    }

    /// The transaction that takes the lease. The lease and the run change together or not at all.
    fn taking(&self, run: &str, new: Option<&NewRun>, seen: &LeaseRow, holder: &Holder) -> String {
        let db = &self.database;
        let (token, beat, next) = (seen.token, seen.beat, seen.token + 1);
        let (run, who) = (quote_text(run), quote_text(&holder.to_string()));
        let holder = quote_text(&serde_json::to_string(holder).unwrap_or_default());
        let lease =
            format!("l.token = {next}, l.beat = 0, l.run = {run}, l.holder = {holder}, l.taken = UTC_TIMESTAMP(6)");
        let free = format!("l.name = 'cluster' AND l.token = {token} AND l.beat = {beat}");
        let change = match new {
            Some(new) => format!(
                "UPDATE {db}.lease l SET {lease} WHERE {free}; INSERT INTO {db}.run (id, kind, state, title, plan, holder, token, \
                 started) SELECT {run}, {}, 'running', {}, {}, {who}, token, UTC_TIMESTAMP(6) FROM {db}.lease WHERE name = \
                 'cluster' AND token = {next} AND holder = {holder}",
                quote_text(new.kind),
                quote_text(&new.title),
                quote_text(&new.plan.to_string()),
            ),
            None => format!(
                "UPDATE {db}.lease l, {db}.run r SET {lease}, r.state = 'running', r.ended = NULL, r.holder = {who}, r.token = \
                 {next} WHERE {free} AND r.id = {run} AND r.{OPEN}"
            ),
        };
        format!(
            "START TRANSACTION; {change}; COMMIT; SELECT token, beat, run, holder FROM {db}.lease WHERE name = 'cluster'"
        )
    }

    /// Runs a transaction whose last statement reads the lease.
    async fn transaction(&mut self, sql: &str) -> Result<LeaseRow, ClusterError> {
        let session = self.session().await?;
        match session.query_all(sql).await {
            Ok(sets) => {
                let rows = sets.into_iter().next_back().unwrap_or_default();
                let Some(row) = rows.first() else {
                    return Err(ClusterError::Unsupported("The lease's row is missing.".to_owned()));
                };
                let holder: Option<String> = row.get("holder")?;
                Ok(LeaseRow {
                    token: row.get("token")?,
                    beat: row.get("beat")?,
                    run: row.get("run")?,
                    holder: holder.and_then(|text| serde_json::from_str(&text).ok()),
                })
            }
            Err(error) => {
                if session.is_usable() {
                    // What follows an error is not run, so the transaction may still be open.
                    session.execute("ROLLBACK", Some(Duration::from_secs(10))).await?;
                }
                Err(error)
            }
        }
    }

    /// One write of the holder: moves the beat, and does `sql` in the same transaction. `sql` must itself do nothing
    /// when the token is another, and may be repeated.
    async fn fenced(&mut self, token: u64, sql: &str) -> Result<(), WriteError> {
        let statement = format!(
            "START TRANSACTION; UPDATE {db}.lease SET beat = beat + 1 WHERE name = 'cluster' AND token = {token}; {sql}; \
             COMMIT; SELECT token, beat, run, holder FROM {db}.lease WHERE name = 'cluster'",
            db = self.database,
        );
        let mut last = None;
        for attempt in 0..RETRIES {
            match self.transaction(&statement).await {
                Ok(row) if row.token == token => return Ok(()),
                Ok(row) if row.token > token => return Err(WriteError::Lost(row)),
                // This node has not yet applied the transaction by which we took the lease.
                Ok(_) => tokio::time::sleep(LAGGING).await,
                Err(error) if is_conflict(&error) => last = Some(error),
                // Another node, perhaps: the statements may be repeated.
                Err(error) if attempt + 1 < RETRIES => {
                    last = Some(error);
                    tokio::time::sleep(LAGGING).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(last
            .unwrap_or_else(|| ClusterError::Unsupported("The journal's node does not catch up.".to_owned()))
            .into())
    }

    /// Moves the beat.
    ///
    /// # Errors
    /// When the lease is another's, or no node takes the write.
    pub async fn beat(&mut self, token: u64) -> Result<(), WriteError> {
        self.fenced(token, "DO 0").await
    }

    /// Writes one row: the step that is about to be done, and the state that it finds.
    ///
    /// # Errors
    /// As [`Journal::beat`].
    pub async fn write(&mut self, token: u64, run: &str, seq: u64, step: &str, body: &Value) -> Result<(), WriteError> {
        let sql = format!(
            "INSERT IGNORE INTO {db}.journal (run, seq, token, at, step, body) SELECT {run}, {seq}, token, UTC_TIMESTAMP(6), \
             {step}, {body} FROM {db}.lease WHERE name = 'cluster' AND token = {token}",
            db = self.database,
            run = quote_text(run),
            step = quote_text(step),
            body = quote_text(&body.to_string()),
        );
        self.fenced(token, &sql).await
    }

    /// Ends a run and gives the lease back. `state` is the word of the outcome, or `stopped`.
    ///
    /// # Errors
    /// As [`Journal::beat`].
    pub async fn finish(&mut self, token: u64, run: &str, state: &str, summary: &Value) -> Result<(), WriteError> {
        let sql = format!(
            "UPDATE {db}.run SET state = {state}, summary = {summary}, ended = UTC_TIMESTAMP(6) WHERE id = {run} AND token = {token}; \
             UPDATE {db}.lease SET run = NULL, holder = NULL WHERE name = 'cluster' AND token = {token}",
            db = self.database,
            state = quote_text(state),
            summary = quote_text(&summary.to_string()),
            run = quote_text(run),
        );
        self.fenced(token, &sql).await
    }

    /// The newest run that is not over, of that kind or of any that somebody has to finish: a calibration that was
    /// killed has changed nothing.
    ///
    /// # Errors
    /// When no node can be asked.
    pub async fn open_run(&mut self, kind: Option<&str>) -> Result<Option<RunRow>, ClusterError> {
        let any = if kind.is_none() { "AND kind NOT IN ('lock', 'calibrate')" } else { "" };
        let runs = self.runs(1, &format!("AND {OPEN} {any}"), kind).await?;
        Ok(runs.into_iter().next())
    }

    /// The newest runs, newest first.
    ///
    /// # Errors
    /// When no node can be asked.
    pub async fn history(&mut self, limit: u32) -> Result<Vec<RunRow>, ClusterError> {
        self.runs(limit, "", None).await
    }

    async fn runs(&mut self, limit: u32, filter: &str, kind: Option<&str>) -> Result<Vec<RunRow>, ClusterError> {
        let kind = kind.map_or(String::new(), |kind| format!("AND kind = {}", quote_text(kind)));
        let sql = format!(
            "SET SESSION wsrep_sync_wait = 1; SELECT id, kind, state, title, plan, summary, holder, started, ended FROM {}.run \
             WHERE 1 {filter} {kind} ORDER BY started DESC LIMIT {limit}; SET SESSION wsrep_sync_wait = 0",
            self.database
        );
        let sets = self.session().await?.query_all(&sql).await?;
        let rows = sets.into_iter().next().unwrap_or_default();
        let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null);
        rows.iter()
            .map(|row| {
                Ok(RunRow {
                    id: row.get("id")?,
                    kind: row.get("kind")?,
                    state: row.get("state")?,
                    title: row.get("title")?,
                    plan: json(row.get("plan")?),
                    summary: json(row.get("summary")?),
                    holder: row.get("holder")?,
                    started: row.get("started")?,
                    ended: row.get("ended")?,
                })
            })
            .collect()
    }

    /// The last row of a run: its number, its step and its body.
    ///
    /// # Errors
    /// When no node can be asked.
    pub async fn last_entry(&mut self, run: &str) -> Result<Option<(u64, String, Value)>, ClusterError> {
        let sql = format!(
            "SET SESSION wsrep_sync_wait = 1; SELECT seq, step, body FROM {}.journal WHERE run = {} ORDER BY seq DESC LIMIT 1; \
             SET SESSION wsrep_sync_wait = 0",
            self.database,
            quote_text(run)
        );
        let sets = self.session().await?.query_all(&sql).await?;
        let rows = sets.into_iter().next().unwrap_or_default();
        let Some(row) = rows.first() else { return Ok(None) };
        let body: String = row.get("body")?;
        let body = serde_json::from_str(&body).unwrap_or(Value::Null);
        Ok(Some((row.get("seq")?, row.get("step")?, body)))
    }

    /// Ends the session.
    pub async fn close(mut self) {
        if let Some(session) = self.session.take() {
            session.close().await;
        }
    }
}

/// Certification let another transaction win, or the server broke off a wait for a lock.
fn is_conflict(error: &ClusterError) -> bool {
    matches!(error.code(), Some(1205 | 1213))
}

/// The statements that make the journal's tables.
fn schema(database: &str) -> [String; 5] {
    [
        format!("CREATE DATABASE IF NOT EXISTS {database} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"),
        format!(
            "CREATE TABLE IF NOT EXISTS {database}.lease (name varchar(32) NOT NULL, token bigint unsigned NOT NULL, beat bigint \
             unsigned NOT NULL, run varchar(40), holder text, taken datetime(6), PRIMARY KEY (name)) ENGINE=InnoDB"
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {database}.run (id varchar(40) NOT NULL, kind varchar(16) NOT NULL, state varchar(16) NOT \
             NULL, title text NOT NULL, plan longtext NOT NULL, summary longtext, holder text NOT NULL, token bigint unsigned \
             NOT NULL, started datetime(6) NOT NULL, ended datetime(6), PRIMARY KEY (id)) ENGINE=InnoDB"
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {database}.journal (run varchar(40) NOT NULL, seq bigint unsigned NOT NULL, token bigint \
             unsigned NOT NULL, at datetime(6) NOT NULL, step varchar(64) NOT NULL, body longtext NOT NULL, PRIMARY KEY (run, \
             seq)) ENGINE=InnoDB"
        ),
        format!("INSERT IGNORE INTO {database}.lease (name, token, beat) VALUES ('cluster', 0, 0)"),
    ]
}
