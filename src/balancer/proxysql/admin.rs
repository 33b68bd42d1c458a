//! A connection to ProxySQL's admin port.
//!
//! It speaks MySQL's protocol with SQLite behind it, and it is full of traps: no prepared statements, no transactions
//! (ROLLBACK answers OK and rolls nothing back), only the first of several statements is run, `SET nosuch=1` answers OK
//! with an error in the info text, and every error has the number 1045. So: text only, one statement a packet, no
//! pool, no reset, and nothing is believed that was not read back.

use std::collections::BTreeMap;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Row, Value};
use secrecy::{ExposeSecret, SecretString};

use crate::balancer::{Error, Trouble};

/// A row by the names of its columns. All values are texts here, numbers too.
pub(super) type Record = BTreeMap<String, Option<String>>;

/// Where and as whom to connect.
#[derive(Clone, Debug)]
pub(super) struct Login {
    pub label: String,
    pub host: String,
    pub port: u16,
    pub user: String,
    pub timeout: Duration,
}

impl Login {
    fn error(&self, trouble: Trouble, message: String) -> Error {
        Error::new(trouble, &self.label, message)
    }

    /// Opens a connection.
    pub(super) async fn connect(&self, password: Option<&SecretString>) -> Result<Admin, Error> {
        let options = OptsBuilder::default()
            .ip_or_hostname(&self.host)
            .tcp_port(self.port)
            .user(Some(&self.user))
            .pass(password.map(ExposeSecret::expose_secret))
            .prefer_socket(false)
            // The admin port answers the questions for these with an error or without a row, so nobody may ask.
            .max_allowed_packet(Some(64 << 20))
            .wait_timeout(Some(28_800));
        match tokio::time::timeout(self.timeout, Conn::new(options)).await {
            Ok(Ok(conn)) => Ok(Admin { login: self.clone(), conn: Some(conn) }),
            Ok(Err(error)) => Err(self.refused(&error)),
            Err(_) => Err(self.silent("the login")),
        }
    }

    fn silent(&self, what: &str) -> Error {
        let (host, port, seconds) = (&self.host, self.port, self.timeout.as_secs_f64());
        self.error(Trouble::Unreachable, format!("ProxySQL at {host}:{port} did not answer {what} within {seconds} s."))
    }

    fn refused(&self, error: &mysql_async::Error) -> Error {
        let (host, port) = (&self.host, self.port);
        match error {
            mysql_async::Error::Server(error) => self
                .error(
                    Trouble::Forbidden,
                    format!("ProxySQL's admin port {host}:{port} refused user `{}`: {}.", self.user, error.message),
                )
                .hint(
                    "The user must stand in admin-admin_credentials. ProxySQL takes `admin` itself from its own host only.",
                ),
            other => self.error(
                Trouble::Unreachable,
                format!("ProxySQL's admin port {host}:{port} could not be reached: {other}."),
            ),
        }
    }
}

/// A connection to the admin port. After an error other than the server's own it holds no connection any more.
pub(super) struct Admin {
    login: Login,
    conn: Option<Conn>,
}

impl Admin {
    /// The rows of a query.
    pub(super) async fn rows(&mut self, sql: &str) -> Result<Vec<Record>, Error> {
        self.run(sql, async |conn| {
            let rows: Vec<Row> = conn.query_iter(sql).await?.collect_and_drop().await?;
            Ok(rows.into_iter().map(record).collect())
        })
        .await
    }

    /// The first value of the first row.
    pub(super) async fn value(&mut self, sql: &str) -> Result<Option<String>, Error> {
        Ok(self.rows(sql).await?.into_iter().next().and_then(|row| row.into_values().next().flatten()))
    }

    /// Runs one statement that changes something; tells how many rows it changed.
    pub(super) async fn change(&mut self, sql: &str) -> Result<u64, Error> {
        tracing::info!(balancer = self.login.label, sql, "ProxySQL statement");
        let (affected, info) = self
            .run(sql, async |conn| {
                conn.query_iter(sql).await?.drop_result().await?;
                Ok((conn.affected_rows(), conn.info().into_owned()))
            })
            .await?;
        if info.starts_with("ERROR") {
            return Err(self.login.error(Trouble::NotObeyed, format!("ProxySQL answered `{sql}` with: {info}")));
        }
        Ok(affected)
    }

    /// Says good-bye.
    pub(super) async fn close(mut self) {
        if let Some(conn) = self.conn.take() {
            let _ = tokio::time::timeout(Duration::from_secs(1), conn.disconnect()).await;
        }
    }

    async fn run<T>(
        &mut self,
        sql: &str,
        work: impl AsyncFnOnce(&mut Conn) -> mysql_async::Result<T>,
    ) -> Result<T, Error> {
        let Some(mut conn) = self.conn.take() else {
            return Err(self.login.error(Trouble::Unreachable, "The connection to ProxySQL is lost.".into()));
        };
        match tokio::time::timeout(self.login.timeout, work(&mut conn)).await {
            Ok(Ok(value)) => {
                self.conn = Some(conn);
                Ok(value)
            }
            Ok(Err(mysql_async::Error::Server(error))) => {
                self.conn = Some(conn);
                Err(self.answered(sql, &error.message))
            }
            Ok(Err(error)) => {
                Err(self.login.error(Trouble::Unreachable, format!("The connection to ProxySQL broke: {error}.")))
            }
            Err(_) => Err(self.login.silent(&format!("`{sql}`"))),
        }
    }

    /// Every error of the admin port is 1045; only its text tells them apart.
    fn answered(&self, sql: &str, message: &str) -> Error {
        if message.contains("no such table") {
            self.login
                .error(Trouble::Forbidden, format!("ProxySQL does not show `{}` its tables: {message}.", self.login.user))
                .hint("Users of admin-stats_credentials may only read statistics; draining needs one of admin-admin_credentials.")
        } else {
            self.login.error(Trouble::NotObeyed, format!("ProxySQL refused `{sql}`: {message}."))
        }
    }
}

fn record(row: Row) -> Record {
    let names: Vec<String> = row.columns_ref().iter().map(|column| column.name_str().into_owned()).collect();
    let texts = row.unwrap().into_iter().map(|value| match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        other => Some(other.as_sql(true)),
    });
    names.into_iter().zip(texts).collect()
}
