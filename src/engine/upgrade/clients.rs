//! The clients of a node by its own process list, as the balancers' proof of emptiness wants to see them.

use std::fmt::Write;

use crate::balancer::{Client, Clients, Error, Pending, Trouble};
use crate::cluster::{ClusterError, Connector, Node, Session};

/// One node's process list.
pub(super) struct ProcessList<'a> {
    connector: &'a Connector,
    node: &'a Node,
    session: Option<Session>,
}

impl<'a> ProcessList<'a> {
    pub(super) fn new(connector: &'a Connector, node: &'a Node) -> Self {
        Self { connector, node, session: None }
    }

    pub(super) async fn close(self) {
        if let Some(session) = self.session {
            session.close().await;
        }
    }

    async fn session(&mut self) -> Result<&mut Session, ClusterError> {
        if !self.session.as_ref().is_some_and(Session::is_usable) {
            self.session = Some(self.connector.observer(self.node).await?);
        }
        self.session.as_mut().ok_or_else(|| ClusterError::Unsupported("no session".to_owned()))
    }

    async fn read(&mut self) -> Result<Vec<Client>, ClusterError> {
        let rows = self
            .session()
            .await?
            .query(
                "SELECT ID, USER, HOST, COMMAND, QUERY_ID FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() \
                 AND USER NOT IN ('system user', 'event_scheduler', 'unauthenticated user') \
                 AND COMMAND NOT IN ('Daemon', 'Binlog Dump', 'Slave_IO', 'Slave_SQL', 'Slave_worker')",
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Client {
                    id: row.get("ID")?,
                    user: row.get("USER")?,
                    host: row.get("HOST")?,
                    command: row.get("COMMAND")?,
                    query_id: row.get("QUERY_ID")?,
                })
            })
            .collect()
    }

    /// Of these, those that still sleep on the same last statement and are in no transaction.
    async fn still_idle(&mut self, idle: &[Client]) -> Result<Vec<Client>, ClusterError> {
        let mut wanted = String::new();
        for client in idle {
            let _ = write!(wanted, "{}({}, {})", if wanted.is_empty() { "" } else { ", " }, client.id, client.query_id);
        }
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT ID FROM information_schema.PROCESSLIST WHERE COMMAND = 'Sleep' AND (ID, QUERY_ID) IN ({wanted}) AND ID \
             NOT IN (SELECT trx_mysql_thread_id FROM information_schema.INNODB_TRX)"
        );
        let rows = self.session().await?.query(&sql).await?;
        let ids: Vec<u64> = rows.iter().map(|row| row.get("ID")).collect::<Result<_, _>>()?;
        Ok(idle.iter().filter(|client| ids.contains(&client.id)).cloned().collect())
    }

    async fn kill(&mut self, clients: &[Client]) -> Result<usize, ClusterError> {
        for client in clients {
            match self.session().await?.execute(&format!("KILL CONNECTION {}", client.id), None).await {
                Ok(_) => {}
                // It has gone by itself.
                Err(error) if error.code() == Some(1094) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(clients.len())
    }

    fn unseen(&self, error: &ClusterError) -> Error {
        Error::new(Trouble::Unreachable, format!("node {}", self.node.name), error.to_string())
    }
}

impl Clients for ProcessList<'_> {
    fn list(&mut self) -> Pending<'_, Vec<Client>> {
        Box::pin(async { self.read().await.map_err(|error| self.unseen(&error)) })
    }

    fn close_idle<'a>(&'a mut self, idle: &'a [Client]) -> Pending<'a, usize> {
        Box::pin(async {
            let still = self.still_idle(idle).await.map_err(|error| self.unseen(&error))?;
            self.kill(&still).await.map_err(|error| self.unseen(&error))
        })
    }

    fn close_all<'a>(&'a mut self, clients: &'a [Client]) -> Pending<'a, usize> {
        Box::pin(async { self.kill(clients).await.map_err(|error| self.unseen(&error)) })
    }
}
