//! What a schema change costs the application of a Galera cluster: failed statements, the longest time without a
//! write, wall time. `tests/bench/run` starts it; `docs/benchmarks.md` explains and holds results.

// A benchmark says what is wrong by panicking; and it has no outside to hide from.
#![allow(
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod chart;
mod class;
mod measure;
mod page;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use galera_schema::sandbox::workload::{Profile, Workload, fill, prepare};
use galera_schema::sandbox::{Options, Scoped};
use measure::{Bench, Measured, Way};

/// Measures every class of DDL in fixtures/bench on a sandbox under load.
#[derive(Debug, Parser)]
struct Args {
    /// The size of the table that changes, in MB.
    #[arg(long, default_value_t = 200)]
    size: u64,
    /// How often each class is measured, each way.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// A few classes, 40 MB, once.
    #[arg(long)]
    quick: bool,
    /// Only these classes.
    #[arg(long, value_delimiter = ',')]
    classes: Vec<String>,
    /// The ways: schema, toi, pt.
    #[arg(long, value_delimiter = ',', default_values = ["schema", "toi", "pt"])]
    ways: Vec<String>,
    /// Nodes of the sandbox.
    #[arg(long, default_value_t = 3)]
    nodes: u8,
    /// Clients at work.
    #[arg(long, default_value_t = 12)]
    clients: u32,
    /// The folder for the results.
    #[arg(long, default_value = "target/benchmarks")]
    out: PathBuf,
    /// Measure nothing; make the page and the chart from results of before.
    #[arg(long, value_name = "JSON")]
    from: Option<PathBuf>,
    /// cargo bench says so.
    #[arg(long, hide = true)]
    bench: bool,
}

const QUICK: [&str; 6] =
    ["add-column-last", "add-index", "force", "int-to-bigint", "create-table", "add-column-and-index"];
/// Bytes that one row of the filled table takes, with its index: measured, 100,000 rows are 20.5 MB.
const ROW_BYTES: u64 = 205;

fn main() {
    let mut args = Args::parse();
    if args.quick {
        args.size = args.size.min(40);
        args.rounds = 1;
        if args.classes.is_empty() {
            args.classes = QUICK.map(str::to_owned).to_vec();
        }
    }
    if let Some(file) = &args.from {
        let measured: Vec<Measured> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        show(&args, &measured);
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let measured = runtime.block_on(run(&args));
    show(&args, &measured);
}

fn show(args: &Args, measured: &[Measured]) {
    measure::save(&args.out, "cost.json", &serde_json::to_string_pretty(measured).unwrap());
    measure::save(&args.out, "cost.md", &page::page(measured, args.size, args.nodes, args.clients));
    measure::save(&args.out, "cost.svg", &chart::gaps(measured));
    println!("{}", page::summary(measured));
    println!("Results are in {}.", args.out.display());
}

async fn run(args: &Args) -> Vec<Measured> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut classes = class::classes(&root.join("fixtures/bench"));
    if !args.classes.is_empty() {
        classes.retain(|class| args.classes.contains(&class.name));
    }
    let options = Options { nodes: args.nodes, buffer_pool_mb: 256, ..Options::default() };
    let sandbox = Scoped::up("bench", &options).await.unwrap();
    let rows = args.size * 1_000_000 / ROW_BYTES;
    eprintln!("filling {rows} rows");
    let first = &sandbox.nodes()[0];
    prepare(&sandbox, "app", args.clients).await.unwrap();
    fill(&sandbox, "app", rows, |_| ()).await.unwrap();
    first.execute_in("app", "CREATE TABLE small (id INT PRIMARY KEY, a INT)").await.unwrap();
    for node in sandbox.nodes() {
        node.value("set statement wsrep_sync_wait = 1 for select 1").await.unwrap();
        node.execute("analyze local table app.orders").await.unwrap();
    }
    let profile = Profile {
        clients: args.clients,
        renew: (Duration::from_secs(1), Duration::from_secs(2)),
        rows,
        ..Profile::default()
    };
    let workload = Workload::start(sandbox.app_opts().unwrap(), profile).unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let bench = Bench { sandbox: &sandbox, workload: &workload, schema: PathBuf::from(env!("CARGO_BIN_EXE_schema")) };
    let mut all = Vec::new();
    for round in 1..=args.rounds {
        for class in &classes {
            for (word, way) in [("schema", Way::Schema), ("toi", Way::PlainToi), ("pt", Way::PtOsc)] {
                if !args.ways.iter().any(|wanted| wanted == word) || (way == Way::PtOsc && class.pt.is_none()) {
                    continue;
                }
                let measured = bench.measure(class, way, round).await;
                eprintln!(
                    "{:<24} {word:<7} {:<8} wall {:7.2} s  ddl {:6.2} s  gap {:7.1} ms (idle {:5.1})  failed {}  {}",
                    class.name,
                    measured.method,
                    measured.wall,
                    measured.ddl,
                    measured.longest_gap_ms,
                    measured.idle_gap_ms,
                    measured.failed,
                    measured.why.chars().take(160).collect::<String>()
                );
                all.push(measured);
                // What was measured must not be lost with what comes after it.
                measure::save(&args.out, "cost.json", &serde_json::to_string_pretty(&all).unwrap());
            }
        }
    }
    drop(workload);
    all
}
