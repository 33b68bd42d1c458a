//! The application's tables.

use mysql_async::prelude::Queryable;

use super::super::Sandbox;
use super::super::error::Error;

/// Rows of the big table that one transaction fills. Smaller ones cost more round trips, larger ones hold up the
/// other nodes' appliers.
const CHUNK: u64 = 20_000;

/// Makes the database anew: `orders` (the big table, empty), `accounts` (one row for each client) and `ledger`.
///
/// # Errors
/// The node cannot be reached or refuses.
pub async fn prepare(sandbox: &Sandbox, database: &str, clients: u32) -> Result<(), Error> {
    let node = &sandbox.nodes()[0];
    let mut conn = node.connect().await?;
    for statement in [
        format!("create or replace database `{database}`"),
        // The tables of numbers that fill the others exist in the current database only.
        format!("use `{database}`"),
        format!(
            "create table `{database}`.orders (
                id bigint unsigned not null auto_increment primary key,
                customer int unsigned not null,
                state varchar(20) not null default 'new',
                total decimal(10,2) not null,
                placed datetime not null,
                note varchar(200) not null default '',
                key customer (customer)
            ) engine = InnoDB default charset = utf8mb4"
        ),
        format!(
            "create table `{database}`.accounts (
                client int unsigned not null primary key, balance bigint not null, changed datetime(3) not null
            ) engine = InnoDB"
        ),
        format!(
            "create table `{database}`.ledger (
                client int unsigned not null, number bigint unsigned not null, primary key (client, number)
            ) engine = InnoDB"
        ),
        format!("insert into `{database}`.accounts select seq - 1, 0, now(3) from seq_1_to_{}", clients.max(1)),
    ] {
        conn.query_drop(statement).await.map_err(|source| Error::Sql { node: node.name().into(), source })?;
    }
    let _ = conn.disconnect().await;
    applied(sandbox).await
}

/// Fills `orders` with the rows 1 to `rows` and reports how many are there after each chunk. The rows replicate as
/// any application's do.
///
/// # Errors
/// The node cannot be reached or refuses.
pub async fn fill(sandbox: &Sandbox, database: &str, rows: u64, mut progress: impl FnMut(u64)) -> Result<(), Error> {
    let node = &sandbox.nodes()[0];
    let mut conn = node.connect().await?;
    conn.query_drop(format!("use `{database}`"))
        .await
        .map_err(|source| Error::Sql { node: node.name().into(), source })?;
    let mut done = 0;
    while done < rows {
        let next = (done + CHUNK).min(rows);
        // Written without randomness, so that a run can be repeated.
        let sql = format!(
            "insert into `{database}`.orders (id, customer, state, total, placed, note)
             select seq, seq * 7919 % 50000, elt(1 + seq % 4, 'new', 'paid', 'sent', 'done'), seq * 37 % 100000 / 100,
                    '2025-01-01' + interval seq second, repeat(md5(seq), 3)
             from seq_{}_to_{next}",
            done + 1
        );
        conn.query_drop(sql).await.map_err(|source| Error::Sql { node: node.name().into(), source })?;
        done = next;
        progress(done);
    }
    let _ = conn.disconnect().await;
    applied(sandbox).await
}

/// Waits until every node has what was written so far. A node that still applies the first rows gives new rows numbers
/// that these already have.
async fn applied(sandbox: &Sandbox) -> Result<(), Error> {
    for node in sandbox.nodes() {
        node.value("set statement wsrep_sync_wait = 1 for select 1").await?;
    }
    Ok(())
}
