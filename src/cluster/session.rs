//! One connection to one node.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params};

use super::privileges::missing_grant;
use super::{ClusterError, Rows};
use crate::sql::ServerVersion;

/// What a statement without rows did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rows that were changed; above 0 after an ALTER TABLE means that it copied.
    pub affected_rows: u64,
    /// How many warnings `SHOW WARNINGS` holds.
    pub warnings: u16,
    /// The server's remark, such as `Records: 0  Duplicates: 0  Warnings: 0`.
    pub info: String,
}

/// One connection to one node.
///
/// The connection itself is moved out of the session while a statement is under way and only put back when its answer
/// has been read to the end. A statement that was timed out, cancelled or cut off therefore leaves a session without a
/// connection behind, by construction (invariant 10).
#[derive(Debug)]
pub struct Session {
    node: Arc<str>,
    conn: Option<Conn>,
    thread_id: u32,
    version: String,
    account: String,
    limit: Duration,
}

impl Session {
    pub(super) fn new(node: Arc<str>, conn: Conn, version: String, limit: Duration) -> Self {
        Self { node, thread_id: conn.id(), conn: Some(conn), version, account: String::new(), limit }
    }

    pub(super) fn introduce(&mut self, version: String, account: String) {
        self.version = version;
        self.account = account;
    }

    /// The account that is logged in, as GRANT has it: `'user'@'host'`.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The node's name.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// The server's own number for this connection, to be killed by.
    pub fn thread_id(&self) -> u32 {
        self.thread_id
    }

    /// What `VERSION()` says.
    pub fn version_text(&self) -> &str {
        &self.version
    }

    /// The server's version.
    ///
    /// # Errors
    /// When it is none that is known.
    pub fn version(&self) -> Result<ServerVersion, ClusterError> {
        self.version.parse::<ServerVersion>().map_err(|error| ClusterError::Unsupported(error.to_string()))
    }

    /// Whether it takes another statement.
    pub fn is_usable(&self) -> bool {
        self.conn.is_some()
    }

    /// The rows of one query, within the time limit for queries.
    ///
    /// # Errors
    /// See [`ClusterError`].
    pub async fn query(&mut self, sql: &str) -> Result<Rows, ClusterError> {
        Ok(self.query_all(sql).await?.into_iter().next().unwrap_or_default())
    }

    /// The rows of every query in `sql`, which may hold several, separated by `;`, in one round trip. Statements
    /// without rows leave no entry.
    ///
    /// # Errors
    /// As [`Session::query`]; what follows an error is not run.
    pub async fn query_all(&mut self, sql: &str) -> Result<Vec<Rows>, ClusterError> {
        self.query_all_within(sql, self.limit).await
    }

    /// As [`Session::query_all`], within a time limit of its own.
    ///
    /// # Errors
    /// As there.
    pub async fn query_all_within(&mut self, sql: &str, limit: Duration) -> Result<Vec<Rows>, ClusterError> {
        let node = Arc::clone(&self.node);
        self.run(Some(limit), async |conn| {
            let mut result = conn.query_iter(sql).await?;
            let mut sets = Vec::new();
            while !result.is_empty() {
                let columns: Arc<[String]> =
                    result.columns_ref().iter().map(|column| column.name_str().into_owned()).collect();
                let rows = result.collect::<mysql_async::Row>().await?;
                if !columns.is_empty() {
                    let rows = rows.into_iter().map(mysql_async::Row::unwrap).collect();
                    sets.push(Rows::new(Arc::clone(&node), columns, rows));
                }
            }
            // The error of a second or later statement looks like an empty result until it is asked for.
            result.drop_result().await?;
            Ok(sets)
        })
        .await
    }

    /// The rows of one query that may read much: the server itself ends it after `limit`, whatever the session's own limit is
    /// ([`ClusterError::is_too_late`]).
    ///
    /// # Errors
    /// As [`Session::query`].
    pub async fn ask(&mut self, sql: &str, limit: Duration) -> Result<Rows, ClusterError> {
        /// The server's answer comes first.
        const GRACE: Duration = Duration::from_secs(5);
        // 0 would be no limit.
        let seconds = limit.as_secs_f64().max(0.001);
        let limited = format!("SET STATEMENT max_statement_time = {seconds:.3} FOR {sql}");
        Ok(self.query_all_within(&limited, limit + GRACE).await?.into_iter().next().unwrap_or_default())
    }

    /// The rows of one query with bound values.
    ///
    /// # Errors
    /// As [`Session::query`].
    pub async fn query_with(&mut self, sql: &str, values: impl Into<Params>) -> Result<Rows, ClusterError> {
        let (node, values) = (Arc::clone(&self.node), values.into());
        self.run(Some(self.limit), async |conn| {
            let mut result = conn.exec_iter(sql, values).await?;
            let columns: Arc<[String]> =
                result.columns_ref().iter().map(|column| column.name_str().into_owned()).collect();
            let rows = result.collect::<mysql_async::Row>().await?;
            result.drop_result().await?;
            Ok(Rows::new(node, columns, rows.into_iter().map(mysql_async::Row::unwrap).collect()))
        })
        .await
    }

    /// Runs a statement as it stands. `None` waits as long as it takes.
    ///
    /// # Errors
    /// As [`Session::query`].
    pub async fn execute(&mut self, sql: &str, limit: Option<Duration>) -> Result<Outcome, ClusterError> {
        self.run(limit, async |conn| {
            let result = conn.query_iter(sql).await?;
            result.drop_result().await?;
            Ok(outcome(conn))
        })
        .await
    }

    /// Runs a statement with bound values, within the time limit for queries.
    ///
    /// # Errors
    /// As [`Session::query`].
    pub async fn execute_with(&mut self, sql: &str, values: impl Into<Params>) -> Result<Outcome, ClusterError> {
        let values = values.into();
        self.run(Some(self.limit), async |conn| {
            let result = conn.exec_iter(sql, values).await?;
            result.drop_result().await?;
            Ok(outcome(conn))
        })
        .await
    }

    /// Says good-bye to the server, so that it does not count an aborted connection.
    pub async fn close(mut self) {
        if let Some(conn) = self.conn.take() {
            // Whether the good-bye arrives makes no difference to anybody.
            let _ = tokio::time::timeout(Duration::from_secs(1), conn.disconnect()).await;
        }
    }

    async fn run<T>(
        &mut self,
        limit: Option<Duration>,
        work: impl AsyncFnOnce(&mut Conn) -> mysql_async::Result<T>,
    ) -> Result<T, ClusterError> {
        let Some(mut conn) = self.conn.take() else {
            return Err(ClusterError::Unusable { node: self.node.to_string() });
        };
        match within(limit, work(&mut conn)).await {
            Some(Ok(value)) => {
                self.conn = Some(conn);
                Ok(value)
            }
            Some(Err(mysql_async::Error::Server(error))) => {
                self.conn = Some(conn);
                Err(server_error(&self.node, &self.account, error))
            }
            Some(Err(error)) => Err(self.interrupted(super::connect::bare_message(&error))),
            None => {
                let seconds = limit.unwrap_or_default().as_secs_f64();
                Err(self.interrupted(format!("no answer within {seconds} seconds")))
            }
        }
    }

    fn interrupted(&self, why: String) -> ClusterError {
        ClusterError::Interrupted { node: self.node.to_string(), why }
    }
}

fn outcome(conn: &Conn) -> Outcome {
    Outcome { affected_rows: conn.affected_rows(), warnings: conn.get_warnings(), info: conn.info().into_owned() }
}

pub(super) fn server_error(node: &str, account: &str, error: mysql_async::ServerError) -> ClusterError {
    ClusterError::Server {
        node: node.to_owned(),
        code: error.code,
        sqlstate: error.state,
        grant: missing_grant(error.code, &error.message, account),
        message: error.message,
    }
}

/// The value of a future, or `None` when it took longer than `limit`.
pub(super) async fn within<T>(limit: Option<Duration>, work: impl Future<Output = T>) -> Option<T> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, work).await.ok(),
        None => Some(work.await),
    }
}
