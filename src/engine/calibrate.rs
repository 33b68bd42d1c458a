//! Measures how fast the nodes work, on scratch tables that nothing replicates.
//!
//! The tables are made, filled, changed and dropped in sessions with `wsrep_on=OFF` and `sql_log_bin=0`, in the
//! journal's database. All nodes do each step at the same time, as they do in TOI, and the slowest one counts: nodes
//! that share a disk or a machine are slower together. What was measured is kept in the journal.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::book::Book;
use super::signals::Signals;
use crate::cluster::journal::NewRun;
use crate::cluster::{ClusterError, Connector, Session, quote_name, quote_text};
use crate::config::Settings;
use crate::failure::Failure;
use crate::plan::{Costs, Timing, Timings};

/// Rows of the table with short rows: about 20 MB, several times as many as one sort in memory holds.
const SHORT: u32 = 200_000;
/// Rows of the table with long rows: about 20 MB as well.
const LONG: u32 = 40_000;
/// The longest that one statement may take.
const LIMIT: Duration = Duration::from_secs(60);
/// The tables, by their part of the name.
const TABLES: [&str; 3] = ["calibration", "calibration_long", "calibration_empty"];
/// How often everything is measured; of each the median counts, because a busy machine is slow by fits and starts.
const ROUNDS: usize = 3;
/// After this time no new round begins.
const ENOUGH: Duration = Duration::from_secs(12);

/// Measures and keeps what came of it in the journal. Takes 5 to 30 s and 100 MB of disk on each node for that time.
///
/// # Errors
/// When another run holds the lease (exit 3), or a scratch table cannot be made (exit 4). The tables are gone
/// afterwards, or the message says how to drop them. What a calibration that was killed has left is dropped by the next.
pub async fn calibrate(connector: &Connector, settings: &Settings) -> Result<Costs, Failure> {
    let mut signals = Signals::listen()?;
    if let Some((mut dead, _)) = Book::take_over(connector, settings, "calibrate").await? {
        let text = json!({ "error": "it was killed; its scratch tables are dropped by the next one" });
        if let Err(error) = dead.finish("failed", &text).await {
            tracing::warn!("The calibration that was killed could not be closed in the journal. {error}");
        }
    }
    let run = NewRun { kind: "calibrate", title: "calibration".to_owned(), plan: Value::Null };
    let mut book = Book::begin(connector, settings, run).await?;
    let database = quote_name(&settings.journal.database);
    let mut crew: Vec<Session> = Vec::new();
    let measured = tokio::select! {
        measured = measure(connector, &database, &mut crew) => measured.map_err(Failure::from),
        () = signals.next() => {
            Err(Failure::unobservable("The calibration was interrupted. Nothing but its scratch tables was touched."))
        }
    };
    let interrupted = measured.is_err();
    let dropped = drop_tables(connector, &database, crew, interrupted).await;
    let (state, summary) = match &measured {
        Ok(timings) => ("done", json!({ "costs": timings.costs(), "timings": timings })),
        Err(failure) => ("failed", json!({ "error": failure.to_string() })),
    };
    if let Err(error) = book.finish(state, &summary).await {
        return Err(Failure::unobservable(format!("What was measured could not be kept: {error}")));
    }
    let costs = measured.map(|timings| timings.costs());
    match dropped {
        Ok(()) => costs,
        Err(error) => costs.and(Err(Failure::from(error))).map_err(|failure: Failure| {
            failure.hint(format!(
                "Scratch tables may be left; on each node: SET SESSION wsrep_on=OFF; DROP TABLE IF EXISTS {};",
                TABLES.map(|table| format!("{database}.{table}")).join(", ")
            ))
        }),
    }
}

/// Drops the tables. An interrupted statement may still be running in the old sessions, so new ones wait for it.
async fn drop_tables(
    connector: &Connector,
    database: &str,
    crew: Vec<Session>,
    interrupted: bool,
) -> Result<(), ClusterError> {
    let crew = if interrupted {
        drop(crew);
        sessions(connector).await?
    } else {
        crew
    };
    on_all(&mut { crew }, &remove(database)).await.map(|_| ())
}

fn remove(database: &str) -> String {
    format!("DROP TABLE IF EXISTS {}", TABLES.map(|table| format!("{database}.{table}")).join(", "))
}

/// A session with each node in which nothing is replicated.
async fn sessions(connector: &Connector) -> Result<Vec<Session>, ClusterError> {
    let made = connector
        .on_every_node(async |node| {
            let mut session = connector.session(node).await?;
            // One by one: each must have taken hold before anything is written.
            for sql in ["SET SESSION wsrep_on = OFF", "SET SESSION sql_log_bin = 0", "SET SESSION unique_checks = 1"] {
                session.query(sql).await?;
            }
            Ok(session)
        })
        .await;
    made.into_iter().collect()
}

/// Runs a statement on all nodes at once. The seconds that the slowest one took.
async fn on_all(crew: &mut [Session], sql: &str) -> Result<f64, ClusterError> {
    let each = crew.iter_mut().map(async |session| {
        let began = Instant::now();
        session.execute(sql, Some(LIMIT)).await?;
        Ok(began.elapsed().as_secs_f64())
    });
    join_all(each).await.into_iter().try_fold(0.0, |slowest: f64, one| Ok(slowest.max(one?)))
}

async fn measure(connector: &Connector, database: &str, crew: &mut Vec<Session>) -> Result<Timings, ClusterError> {
    *crew = sessions(connector).await?;
    on_all(crew, &remove(database)).await?;
    let [short, long, empty] = TABLES.map(|table| format!("{database}.{table}"));
    let text = Timings::TEXT;
    // Eight words, from as many as a language has.
    let words: Vec<String> = (1..=8).map(|word| format!("SUBSTR(MD5(seq), {}, 4)", word * 4 - 3)).collect();
    for (table, rows, filler) in [(&short, SHORT, 0), (&long, LONG, 400)] {
        let create = format!(
            "CREATE TABLE {table} (id INT PRIMARY KEY, a INT, b VARCHAR({text}), c VARCHAR(400)) ENGINE=InnoDB \
             CHARACTER SET latin1 SELECT seq AS id, CRC32(seq) % 1000000007 AS a, CONCAT_WS(' ', {}) AS b, \
             REPEAT('x', {filler}) AS c FROM {database}.seq_1_to_{rows}",
            words.join(", ")
        );
        on_all(crew, &create).await?;
    }
    on_all(crew, &format!("CREATE TABLE {empty} (id INT PRIMARY KEY) ENGINE=InnoDB")).await?;
    let tables = [(&short, SHORT, data_bytes(crew, &short).await?), (&long, LONG, data_bytes(crew, &long).await?)];
    // What the filling left to be written is out of the way behind the first statement.
    for (table, ..) in tables {
        on_all(crew, &format!("ALTER TABLE {table} FORCE")).await?;
    }
    let began = Instant::now();
    let mut rounds = Vec::new();
    while rounds.len() < ROUNDS && (rounds.is_empty() || began.elapsed() < ENOUGH) {
        let mut timings = Timings::default();
        on_all(crew, &format!("ALTER TABLE {empty} FORCE")).await?;
        timings.empty.seconds = on_all(crew, &format!("ALTER TABLE {empty} FORCE")).await?;
        timings.brief.seconds = on_all(crew, &format!("ALTER TABLE {empty} ADD COLUMN c INT")).await?;
        on_all(crew, &format!("ALTER TABLE {empty} DROP COLUMN c")).await?;
        for (at, (table, rows, bytes)) in tables.into_iter().enumerate() {
            let timing = |seconds| Timing { rows: rows.into(), bytes, seconds };
            let copy = format!("ALTER TABLE {table} FORCE, ALGORITHM=COPY");
            let add_a = format!("ALTER TABLE {table} ADD KEY a (a)");
            timings.rebuild[at] = timing(on_all(crew, &format!("ALTER TABLE {table} FORCE, ALGORITHM=INPLACE")).await?);
            timings.copy[at] = timing(on_all(crew, &copy).await?);
            timings.key[at] = timing(on_all(crew, &add_a).await?);
            if at == 0 {
                timings.text_key = timing(on_all(crew, &format!("ALTER TABLE {table} ADD KEY b (b)")).await?);
                timings.keyed_copy = timing(on_all(crew, &copy).await?);
                on_all(crew, &format!("ALTER TABLE {table} DROP KEY a, DROP KEY b")).await?;
            } else {
                on_all(crew, &format!("ALTER TABLE {table} DROP KEY a")).await?;
                timings.fulltext = timing(on_all(crew, &format!("ALTER TABLE {table} ADD FULLTEXT KEY f (b)")).await?);
                on_all(crew, &format!("ALTER TABLE {table} DROP KEY f")).await?;
                // With the key its hidden column goes.
                on_all(crew, &format!("ALTER TABLE {table} FORCE")).await?;
            }
        }
        rounds.push(timings);
    }
    Ok(Timings::median(&rounds))
}

/// Bytes of the rows of `database`.`table`, from statistics that were just taken on the first node; all have the same.
async fn data_bytes(crew: &mut [Session], table: &str) -> Result<u64, ClusterError> {
    let Some(session) = crew.first_mut() else { return Ok(0) };
    session.query(&format!("ANALYZE LOCAL TABLE {table}")).await?;
    let name = table.rsplit('.').next().unwrap_or(table);
    let sql = format!(
        "SELECT data_length FROM information_schema.tables WHERE table_name = {} AND table_type = 'BASE TABLE' \
         ORDER BY 1 DESC LIMIT 1",
        quote_text(name)
    );
    Ok(session.query(&sql).await?.scalar::<u64>()?.unwrap_or(0))
}
