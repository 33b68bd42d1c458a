//! One client: a connection of the application's pool.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts};
use tokio::time::timeout;

use super::record::{Kind, Sample};
use super::{Profile, Shared};

/// How long a client waits before it tries again after a failed login.
const AFTER_A_FAILED_LOGIN: Duration = Duration::from_millis(50);

/// What came of a statement.
enum Came {
    Ok,
    /// The server answered with an error: the statement did nothing, the connection is good.
    Refused,
    /// No answer, or none that can be trusted: the connection must not be used again.
    Broken,
}

/// Works until the workload stops.
pub(super) async fn run(number: u32, opts: &Opts, profile: &Profile, shared: &Shared) {
    let mut client = Client { number, profile, shared, dice: u64::from(number) + 1, conn: None, last: 0, created: 0 };
    // Pools fill up over a moment, not in one stroke.
    let spread = profile.pace * number / profile.clients.max(1);
    tokio::time::sleep(spread).await;
    let mut renew_at = Instant::now();
    let mut next = Instant::now();
    while !shared.stopping() {
        if client.conn.is_none() || Instant::now() >= renew_at {
            if let Some(old) = client.conn.take() {
                let _ = timeout(Duration::from_secs(1), old.disconnect()).await;
            }
            if !client.connect(opts).await {
                tokio::time::sleep(AFTER_A_FAILED_LOGIN).await;
                continue;
            }
            let (least, most) = profile.renew;
            renew_at = Instant::now() + least + (most.saturating_sub(least)).mul_f64(client.random(1_000) as f64 / 1e3);
        }
        client.cycle().await;
        next += profile.pace;
        let now = Instant::now();
        if next > now {
            tokio::time::sleep(next - now).await;
        } else {
            next = now;
        }
    }
    if let Some(conn) = client.conn.take() {
        let _ = timeout(Duration::from_secs(1), conn.disconnect()).await;
    }
}

struct Client<'a> {
    number: u32,
    profile: &'a Profile,
    shared: &'a Shared,
    /// The state of a small random generator, seeded with the client's number.
    dice: u64,
    conn: Option<Conn>,
    /// The last number written into the ledger.
    last: u64,
    /// How many new orders there were.
    created: u64,
}

impl Client<'_> {
    /// A read of some order, a change of an order of one's own, a new order, and a transfer in a transaction: what
    /// one of these cycles does is one of them, and always a read.
    async fn cycle(&mut self) {
        let database = &self.profile.database;
        let rows = self.profile.rows.max(1);
        let any = 1 + self.random(rows);
        let read = format!("select id, state, total from `{database}`.orders where id = {any}");
        let mine = self.own_order();
        let number = self.number;
        let new = self.new_order();
        let change = match self.random(10) {
            0..4 => Some(format!("update `{database}`.orders set state = 'seen', total = total + 1 where id = {mine}")),
            4..6 => Some(format!(
                "insert into `{database}`.orders (id, customer, total, placed, note) values ({new}, {number}, 1, now(), 'live')"
            )),
            _ => None,
        };
        if !matches!(self.send(Kind::Read, &read).await, Came::Ok) {
            return;
        }
        match change {
            Some(change) => {
                self.send(Kind::Write, &change).await;
            }
            None => self.transfer().await,
        }
    }

    /// A row of the big table that no other client changes.
    fn own_order(&mut self) -> u64 {
        let clients = u64::from(self.profile.clients.max(1));
        let each = (self.profile.rows / clients).max(1);
        1 + u64::from(self.number) + clients * self.random(each)
    }

    /// The number of a new order that no other client uses. Not AUTO_INCREMENT: a server that repeats an aborted INSERT
    /// on its own can run into the number that it has already given out.
    fn new_order(&mut self) -> u64 {
        self.created += 1;
        self.profile.rows + u64::from(self.number) + u64::from(self.profile.clients.max(1)) * self.created
    }

    /// A transaction of two changes. The number in the ledger counts as written once COMMIT was acknowledged.
    async fn transfer(&mut self) {
        let database = &self.profile.database;
        let (client, number) = (self.number, self.last + 1);
        let steps = [
            "start transaction".to_owned(),
            format!("insert into `{database}`.ledger values ({client}, {number})"),
            format!("update `{database}`.accounts set balance = balance + 1, changed = now(3) where client = {client}"),
        ];
        self.last = number;
        for step in &steps {
            if !matches!(self.send(Kind::Step, step).await, Came::Ok) {
                // The server has rolled back, or the connection is gone and the server will.
                if self.conn.is_some() {
                    self.send(Kind::Step, "rollback").await;
                }
                return;
            }
        }
        match self.send(Kind::Write, "commit").await {
            Came::Ok => self.shared.with(|state| state.ledger.acknowledge(client, number)),
            Came::Refused => {}
            Came::Broken => self.shared.with(|state| state.ledger.cannot_tell(client, number)),
        }
    }

    async fn connect(&mut self, opts: &Opts) -> bool {
        let (start, began) = (self.shared.started.elapsed(), Instant::now());
        let outcome = timeout(self.profile.patience, login(opts, &self.profile.database)).await;
        let (conn, error) = match outcome {
            Ok(Ok(conn)) => (Some(conn), None),
            Ok(Err(error)) => (None, Some(describe(&error))),
            Err(_) => (None, Some("no answer in time".into())),
        };
        self.conn = conn;
        self.record(Kind::Connect, start, began.elapsed(), error);
        self.conn.is_some()
    }

    async fn send(&mut self, kind: Kind, sql: &str) -> Came {
        let Some(conn) = self.conn.as_mut() else { return Came::Broken };
        let (start, began) = (self.shared.started.elapsed(), Instant::now());
        let outcome = timeout(self.profile.patience, conn.query_drop(sql)).await;
        let latency = began.elapsed();
        let (came, error) = match outcome {
            Ok(Ok(())) => (Came::Ok, None),
            Ok(Err(error @ mysql_async::Error::Server(_))) => (Came::Refused, Some(describe(&error))),
            Ok(Err(error)) => (Came::Broken, Some(describe(&error))),
            Err(_) => (Came::Broken, Some("no answer in time".into())),
        };
        if matches!(came, Came::Broken) {
            self.conn = None;
        }
        self.record(kind, start, latency, error);
        came
    }

    fn record(&self, kind: Kind, start: Duration, latency: Duration, error: Option<String>) {
        let sample = Sample { client: self.number, kind, start, latency, error };
        self.shared.with(|state| state.recording.samples.push(sample));
    }

    /// A number below `limit`, by xorshift: good enough to choose rows, and the same in every run.
    fn random(&mut self, limit: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice % limit.max(1)
    }
}

/// A new connection may lead to another node than the last one. It first waits until that node has applied whatever
/// was committed before, as an application does that wants to read its own writes; a row that it has just changed
/// through another node could be changed in vain otherwise.
async fn login(opts: &Opts, database: &str) -> Result<Conn, mysql_async::Error> {
    let mut conn = Conn::new(opts.clone()).await?;
    conn.query_drop("set session wsrep_sync_wait = 1").await?;
    conn.query_drop(format!("select count(*) from `{database}`.accounts")).await?;
    conn.query_drop("set session wsrep_sync_wait = 0").await?;
    Ok(conn)
}

/// An error in words that are the same each time, so that they can be counted.
fn describe(error: &mysql_async::Error) -> String {
    match error {
        mysql_async::Error::Server(error) => format!("{}: {}", error.code, error.message),
        mysql_async::Error::Io(_) => "connection lost".into(),
        other => other.to_string(),
    }
}
