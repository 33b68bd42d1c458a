//! What a plan predicts, and what it comes to: sets up tables of several sizes, calibrates once, and compares the
//! predicted stall of each kind of statement with the one that is measured in plain TOI.
//!
//! `cargo bench --bench estimates -- --help`. Figures are in `docs/plan.md`.

// A benchmark says what is wrong by panicking; and it has no outside to hide from.
#![allow(
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod result;
mod step;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Parser;
use galera_schema::sandbox::{Node, Options, Sandbox, Scoped, down_all_on_signal};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use result::{Measured, median, summary};
use serde_json::Value;
use step::{LAST, STEPS, Step, WIDTHS};

/// Compares predicted with measured stalls.
#[derive(Debug, Parser)]
struct Args {
    /// Sizes of the tables in KB, data and indexes.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 100, 1_000, 10_000, 100_000, 500_000, 2_000_000])]
    sizes: Vec<u64>,
    /// Tables larger than this, in KB, have one statement of each kind of work measured, not all.
    #[arg(long, default_value_t = 200_000)]
    all_up_to: u64,
    /// Widths of the rows: narrow, normal, wide.
    #[arg(long, value_delimiter = ',', default_values = ["normal"])]
    widths: Vec<String>,
    /// How often tables up to 10 MB are measured, larger ones once.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// InnoDB's buffer pool of each node in MiB.
    #[arg(long, default_value_t = 256)]
    buffer_pool: u32,
    /// Calibrate nothing: predictions are the defaults, which must not be too low.
    #[arg(long)]
    uncalibrated: bool,
    /// The file for the results.
    #[arg(long, default_value = "target/benchmarks/estimates.json")]
    out: PathBuf,
    /// Measure nothing; show the results of before.
    #[arg(long, value_name = "JSON")]
    from: Option<PathBuf>,
    /// cargo bench says so.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let args = Args::parse();
    down_all_on_signal().unwrap();
    let measured = match &args.from {
        Some(file) => serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap(),
        None => {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(run(&args))
        }
    };
    println!("{}", summary(&measured));
}

async fn run(args: &Args) -> Vec<Measured> {
    let options = Options { buffer_pool_mb: args.buffer_pool, ..Options::default() };
    let sandbox = Scoped::up("estimates", &options).await.unwrap();
    let first = &sandbox.nodes()[0];
    first.execute("CREATE DATABASE app").await.unwrap();
    first.execute_in("app", "CREATE TABLE parent (id INT PRIMARY KEY)").await.unwrap();
    first.execute_in("app", "INSERT INTO parent SELECT seq FROM seq_1_to_100").await.unwrap();
    let began = Instant::now();
    if !args.uncalibrated {
        let calibrated = schema(&sandbox, &["plan", "--calibrate", "-e", "ALTER TABLE app.parent COMMENT 'c'"]);
        eprintln!("calibrated in {:.1} s: {}", began.elapsed().as_secs_f64(), calibrated.1);
    }
    let mut all = Vec::new();
    for &size in &args.sizes {
        for (width, repeats) in WIDTHS.iter().filter(|(width, _)| args.widths.iter().any(|wanted| wanted == width)) {
            let rounds = if size <= 10_000 { args.rounds.max(1) } else { 1 };
            let steps = STEPS.iter().filter(|step| step.large || size <= args.all_up_to);
            let table = format!("app.t{size}_{width}");
            fill(&sandbox, &table, size, *repeats).await;
            let mut seen: BTreeMap<usize, Vec<Measured>> = BTreeMap::new();
            let rounds = (0..rounds).flat_map(|_| steps.clone().enumerate());
            for (at, step) in rounds.chain([(usize::MAX, &LAST)]) {
                let mut one = measure(&sandbox, step, &table).await;
                (one.size_kb, one.width) = (size, (*width).to_owned());
                eprintln!("{:6.0} s {}", began.elapsed().as_secs_f64(), one.line());
                seen.entry(at).or_default().push(one);
            }
            all.extend(seen.into_values().map(median));
            // What was measured must not be lost with what comes after it.
            if let Some(folder) = args.out.parent() {
                std::fs::create_dir_all(folder).unwrap();
            }
            std::fs::write(&args.out, serde_json::to_string_pretty(&all).unwrap()).unwrap();
        }
    }
    all
}

/// Makes the table in TOI and fills it on each node by itself, which needs no write set of that size.
async fn fill(sandbox: &Sandbox, table: &str, size_kb: u64, repeats: u64) {
    const BATCH: u64 = 50_000;
    everywhere(sandbox, &step::create(table)).await;
    let rows = (size_kb * 1_000 / step::row_bytes(repeats)).max(1);
    let each = sandbox.nodes().iter().map(async |node: &Node| {
        for from in (1..=rows).step_by(usize::try_from(BATCH).unwrap()) {
            let to = rows.min(from + BATCH - 1);
            let sql = step::fill(table, repeats, from, to);
            node.execute_in("app", &format!("SET wsrep_on = OFF; {sql}")).await.unwrap();
        }
        node.execute(&format!("ANALYZE LOCAL TABLE {table}")).await.unwrap();
    });
    futures_util::future::join_all(each).await;
    eprintln!("{table}: {rows} rows");
}

/// Runs a statement, and waits until every node has it behind it.
async fn everywhere(sandbox: &Sandbox, sql: &str) {
    sandbox.nodes()[0].execute_in("app", sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let others = sandbox.nodes().iter().map(|node| node.value("SET STATEMENT wsrep_sync_wait = 1 FOR SELECT 1"));
    for other in futures_util::future::join_all(others).await {
        other.unwrap();
    }
}

/// Seconds from sending a statement until every node has it behind it; the connections are there before the clock starts.
async fn timed(sandbox: &Sandbox, sql: &str) -> f64 {
    let made = futures_util::future::join_all(sandbox.nodes().iter().map(|node| node.connect())).await;
    let mut connections: Vec<Conn> = made.into_iter().map(Result::unwrap).collect();
    let began = Instant::now();
    connections[0].query_drop(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let others =
        connections.iter_mut().skip(1).map(|other| other.query_drop("SET STATEMENT wsrep_sync_wait = 1 FOR SELECT 1"));
    for other in futures_util::future::join_all(others).await {
        other.unwrap();
    }
    began.elapsed().as_secs_f64()
}

async fn measure(sandbox: &Sandbox, step: &Step, table: &str) -> Measured {
    let sql = step.sql.replace("{t}", table);
    let planned =
        schema(sandbox, &["plan", "--format", "json", "--method", "toi", "--accept", "write-stall", "-e", &sql]);
    let plan: Value = serde_json::from_str(&planned.0).unwrap_or_else(|error| panic!("{sql}: {error}: {planned:?}"));
    let statement = &plan["statements"][0];
    // What the plan read is written back before the clock starts.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let measured = timed(sandbox, &sql).await;
    for undo in step.undo {
        everywhere(sandbox, &undo.replace("{t}", table)).await;
    }
    Measured {
        step: step.name.to_owned(),
        size_kb: 0,
        width: String::new(),
        algorithm: statement["algorithm"].as_str().unwrap_or("-").to_owned(),
        rows: statement["estimate"]["rows"].as_u64().unwrap_or(0),
        bytes: statement["estimate"]["bytes"].as_u64().unwrap_or(0),
        predicted: statement["estimate"]["stall_seconds"].as_f64().unwrap_or(f64::NAN),
        measured,
    }
}

/// Runs the program: what it printed, and what it said.
fn schema(sandbox: &Sandbox, arguments: &[&str]) -> (String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_schema"));
    let output = command.arg("--config").arg(sandbox.schema_toml()).args(arguments).output().unwrap();
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}
