//! A cluster with a table of a given size, and clients at work on it.

use std::time::Duration;

use galera_schema::sandbox::workload::{Profile, Workload, fill, prepare};
use galera_schema::sandbox::{Options, Scoped};

/// Bytes that one row of the filled table takes, with its index: measured, 100,000 rows are 20.5 MB.
const ROW_BYTES: u64 = 205;

/// Above so many megabytes the table's index is made behind the rows.
const LARGE: u64 = 1000;

/// Clients at work on a sandbox. The clients end before the servers do.
pub struct Loaded {
    pub workload: Workload,
    pub sandbox: Scoped,
}

impl Loaded {
    /// Brings it up, with a table `app.orders` of `megabytes` on each node.
    pub async fn start(nodes: u8, megabytes: u64, clients: u32) -> Self {
        let options = Options { nodes, buffer_pool_mb: 256, ..Options::default() };
        let sandbox = Scoped::up("bench", &options).await.unwrap();
        let rows = megabytes * 1_000_000 / ROW_BYTES;
        eprintln!("{nodes} nodes, filling {rows} rows");
        prepare(&sandbox, "app", clients).await.unwrap();
        let (first, large) = (&sandbox.nodes()[0], megabytes > LARGE);
        // Row by row, an index that does not fit into memory would take hours.
        if large {
            first.execute_in("app", "ALTER TABLE orders DROP KEY customer").await.unwrap();
        }
        fill(&sandbox, "app", rows, |_| ()).await.unwrap();
        if large {
            first.execute_in("app", "ALTER TABLE orders ADD KEY customer (customer)").await.unwrap();
        }
        sandbox.nodes()[0].execute_in("app", "CREATE TABLE small (id INT PRIMARY KEY, a INT)").await.unwrap();
        for node in sandbox.nodes() {
            node.value("set statement wsrep_sync_wait = 1 for select 1").await.unwrap();
            node.execute("analyze local table app.orders").await.unwrap();
        }
        let profile =
            Profile { clients, renew: (Duration::from_secs(1), Duration::from_secs(2)), rows, ..Profile::default() };
        let workload = Workload::start(sandbox.app_opts().unwrap(), profile).unwrap();
        tokio::time::sleep(Duration::from_secs(3)).await;
        Self { workload, sandbox }
    }
}
