//! The clients of a node, by its process list: who is there, and how their connections are closed.

use std::time::Duration;

use crate::balancer::{Client, Clients, Error, Pending, Trouble};
use crate::cluster::{ClusterError, Session, quote_text};

/// A connection that its owner has left to itself meanwhile: `ER_NO_SUCH_THREAD`.
const GONE: u16 = 1094;

/// The process list of one node, through a session of ours.
pub(crate) struct ProcessList<'a> {
    session: &'a mut Session,
    ours: Vec<u64>,
    monitors: Vec<String>,
    /// How many times InnoDB's transactions were asked for.
    asked: u64,
}

impl<'a> ProcessList<'a> {
    /// The clients of the node that `session` is connected to: all but its own threads, replication, that session,
    /// the connections `ours` and those of the users `monitors`. It needs the PROCESS privilege to see the others.
    pub(crate) fn new(session: &'a mut Session, ours: Vec<u64>, monitors: Vec<String>) -> Self {
        Self { session, ours, monitors, asked: 0 }
    }

    async fn read(&mut self) -> Result<Vec<Client>, ClusterError> {
        // `Connect` is somebody who has not logged in yet, such as a balancer's health check.
        let others: String = self.monitors.iter().map(|user| format!(",{}", quote_text(user))).collect();
        let sql = format!(
            "SELECT ID, USER, HOST, COMMAND, QUERY_ID, TIME_MS FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND \
             USER NOT IN ('system user','event_scheduler','unauthenticated user'{others}) AND COMMAND NOT IN \
             ('Daemon','Connect') AND COMMAND NOT LIKE 'Binlog Dump%' AND COMMAND NOT LIKE 'Slave%'"
        );
        let mut clients = Vec::new();
        for row in self.session.query(&sql).await?.iter() {
            let id = row.get("ID")?;
            if !self.ours.contains(&id) {
                clients.push(Client {
                    id,
                    user: row.get("USER")?,
                    host: row.get("HOST")?,
                    command: row.get("COMMAND")?,
                    query_id: row.get("QUERY_ID")?,
                    // Right after a state has changed the time can be a little below zero.
                    since: Duration::try_from_secs_f64(row.get::<f64>("TIME_MS")? / 1e3).unwrap_or_default(),
                });
            }
        }
        Ok(clients)
    }

    /// The connections that are in a transaction of InnoDB; `None` when that could not be seen.
    ///
    /// The server keeps a copy of this table that it makes anew only when nobody has read it for 100 ms. Whether this
    /// reading is fresh shows in the row of our own transaction, which holds the text of the statement that reads.
    async fn in_transaction(&mut self) -> Result<Option<Vec<u64>>, ClusterError> {
        self.asked += 1;
        let mark = format!("reading {} of {}", self.asked, self.session.thread_id());
        self.session.query_all("START TRANSACTION WITH CONSISTENT SNAPSHOT").await?;
        let sql =
            format!("SELECT '{mark}', trx_mysql_thread_id, COALESCE(trx_query, '') FROM information_schema.INNODB_TRX");
        let rows = self.session.query(&sql).await?;
        self.session.query_all("ROLLBACK").await?;
        let (mut busy, mut fresh) = (Vec::new(), false);
        for row in rows.iter() {
            let (id, query): (u64, String) = (row.get(1)?, row.get(2)?);
            if id == u64::from(self.session.thread_id()) {
                fresh = query.contains(&mark);
            } else {
                busy.push(id);
            }
        }
        Ok(fresh.then_some(busy))
    }

    async fn close_those_still_idle(&mut self, idle: &[Client]) -> Result<usize, ClusterError> {
        // The reading is younger than the list of clients. Whoever has run nothing since that list was therefore
        // outside a transaction then and is now, and the server itself looks again right before it closes.
        let Some(busy) = self.in_transaction().await? else { return Ok(0) };
        let mut closed = 0;
        for Client { id, query_id, .. } in idle.iter().filter(|client| !busy.contains(&client.id)) {
            let sql = format!(
                "BEGIN NOT ATOMIC IF EXISTS (SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = {id} AND QUERY_ID = \
                 {query_id} AND COMMAND = 'Sleep') THEN KILL CONNECTION {id}; SELECT 1; ELSE SELECT 0; END IF; END"
            );
            match self.session.query(&sql).await {
                Ok(rows) => closed += rows.iter().filter(|row| row.get::<i64>(0).is_ok_and(|did| did == 1)).count(),
                Err(error) if error.code() == Some(GONE) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(closed)
    }

    async fn close(&mut self, clients: &[Client]) -> Result<usize, ClusterError> {
        let mut closed = 0;
        for Client { id, .. } in clients {
            match self.session.query_all(&format!("KILL CONNECTION {id}")).await {
                Ok(_) => closed += 1,
                Err(error) if error.code() == Some(GONE) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(closed)
    }

    fn trouble(&self, error: &ClusterError) -> Error {
        Error::new(Trouble::Unreachable, format!("node {}", self.session.node()), error.to_string())
    }
}

/// The clients of a node that serves some past every balancer: nobody can tell those apart, so none is listed, and
/// the proof rests on what the balancers count.
pub(crate) struct Unlisted;

impl Clients for Unlisted {
    fn list(&mut self) -> Pending<'_, Vec<Client>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn listed(&self) -> bool {
        false
    }

    fn close_idle<'a>(&'a mut self, _idle: &'a [Client]) -> Pending<'a, usize> {
        Box::pin(async { Ok(0) })
    }

    fn close_all<'a>(&'a mut self, _clients: &'a [Client]) -> Pending<'a, usize> {
        Box::pin(async { Ok(0) })
    }
}

impl Clients for ProcessList<'_> {
    fn list(&mut self) -> Pending<'_, Vec<Client>> {
        Box::pin(async move {
            let result = self.read().await;
            result.map_err(|error| self.trouble(&error))
        })
    }

    fn close_idle<'a>(&'a mut self, idle: &'a [Client]) -> Pending<'a, usize> {
        Box::pin(async move {
            let result = self.close_those_still_idle(idle).await;
            result.map_err(|error| self.trouble(&error))
        })
    }

    fn close_all<'a>(&'a mut self, clients: &'a [Client]) -> Pending<'a, usize> {
        Box::pin(async move {
            let result = self.close(clients).await;
            result.map_err(|error| self.trouble(&error))
        })
    }
}
