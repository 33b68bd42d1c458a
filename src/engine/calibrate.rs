//! Measures how fast a node works, on a scratch table that nothing replicates.
//!
//! The table is made, filled, changed and dropped in one session with `wsrep_on=OFF` and `sql_log_bin=0`, in the
//! journal's database, on the node that writes least. What was measured is kept in the journal.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::book::Book;
use crate::cluster::journal::NewRun;
use crate::cluster::{ClusterError, Connector, Session, quote_name};
use crate::config::{Node, Settings};
use crate::ddl::Algorithm;
use crate::failure::Failure;
use crate::plan::Sample;

/// Rows of the scratch table: about 60 MB, large enough to leave fixed costs behind.
const ROWS: u32 = 400_000;
/// The longest that one statement on it may take.
const LIMIT: Duration = Duration::from_secs(300);

/// Measures on `node` and keeps the samples in the journal.
///
/// # Errors
/// When another run holds the lease (exit 3), or the scratch table cannot be made (exit 4). The table is gone afterwards,
/// or the message says how to drop it.
pub async fn calibrate(connector: &Connector, settings: &Settings, node: &Node) -> Result<Vec<Sample>, Failure> {
    let title = format!("calibration on {}", node.name);
    let mut book = Book::begin(connector, settings, NewRun { kind: "calibrate", title, plan: Value::Null }).await?;
    let database = quote_name(&settings.journal.database);
    let table = format!("{database}.calibration");
    let measured = async {
        let mut session = connector.session(node).await?;
        let measured = measure(&mut session, &database, &table).await;
        let dropped = session.execute(&format!("DROP TABLE IF EXISTS {table}"), Some(LIMIT)).await;
        measured.and_then(|samples| dropped.map(|_| samples))
    }
    .await;
    let (state, summary) = match &measured {
        Ok(samples) => ("done", json!({ "samples": samples, "node": node.name })),
        Err(error) => ("failed", json!({ "error": error.to_string() })),
    };
    if let Err(error) = book.finish(state, &summary).await {
        return Err(Failure::unobservable(format!("What was measured could not be kept: {error}")));
    }
    measured.map_err(|error| {
        Failure::from(error).hint(format!(
            "If the scratch table is still on {}: SET SESSION wsrep_on=OFF; DROP TABLE IF EXISTS {table};",
            node.name
        ))
    })
}

async fn measure(session: &mut Session, database: &str, table: &str) -> Result<Vec<Sample>, ClusterError> {
    // One by one: each must have taken hold before anything is written.
    for sql in ["SET SESSION wsrep_on = OFF", "SET SESSION sql_log_bin = 0", "SET SESSION unique_checks = 1"] {
        session.query(sql).await?;
    }
    session.execute(&format!("DROP TABLE IF EXISTS {table}"), Some(LIMIT)).await?;
    let create = format!(
        "CREATE TABLE {table} (id INT PRIMARY KEY, a INT, b VARCHAR(120), KEY (b)) ENGINE=InnoDB \
         SELECT seq AS id, seq * 7919 % {ROWS} AS a, CONCAT(MD5(seq), REPEAT('x', 50)) AS b FROM {database}.seq_1_to_{ROWS}"
    );
    session.execute(&create, Some(LIMIT)).await?;
    let bytes = size(session, table).await?;
    let mut samples = Vec::new();
    for (algorithm, change) in
        [(Algorithm::Nocopy, "ADD KEY calibration_a (a, b)"), (Algorithm::Inplace, "FORCE"), (Algorithm::Copy, "FORCE")]
    {
        let sql = format!("ALTER TABLE {table} {change}, ALGORITHM={}", algorithm.keyword());
        let began = Instant::now();
        session.execute(&sql, Some(LIMIT)).await?;
        samples.push(Sample { algorithm, bytes, seconds: began.elapsed().as_secs_f64() });
    }
    Ok(samples)
}

/// Bytes of data and indexes, from statistics that were just taken.
async fn size(session: &mut Session, table: &str) -> Result<u64, ClusterError> {
    session.query(&format!("ANALYZE LOCAL TABLE {table}")).await?;
    let sql = "SELECT data_length + index_length FROM information_schema.tables \
               WHERE table_name = 'calibration' AND table_type = 'BASE TABLE' ORDER BY 1 DESC LIMIT 1";
    Ok(session.query(sql).await?.scalar::<u64>()?.unwrap_or(0))
}
