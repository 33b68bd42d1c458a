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
mod growth;
mod growth_page;
mod load;
mod measure;
mod page;
mod tool;

use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};
use galera_schema::sandbox::down_all_on_signal;
use growth::Growth;
use load::Loaded;
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
    /// Instead of the classes: how cost grows with this.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    grow: Vec<Grow>,
    /// Where the growth is looked at: nodes, MB, statements or tables; each kind has steps of its own.
    #[arg(long, value_delimiter = ',', value_name = "N", requires = "grow")]
    steps: Vec<u64>,
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

/// What cost may grow with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Grow {
    /// Nodes of the cluster: 3, 5, 7.
    Nodes,
    /// The size of the table in MB: 10, 100, 1000, 5000.
    Size,
    /// Statements in one file: 1, 10, 100, 1000.
    Statements,
    /// Tables in the cluster: 10, 100, 1000, 10000.
    Tables,
}

const QUICK: [&str; 6] =
    ["add-column-last", "add-index", "force", "int-to-bigint", "create-table", "add-column-and-index"];
fn main() {
    let mut args = Args::parse();
    if args.quick {
        args.size = args.size.min(40);
        args.rounds = 1;
        if args.classes.is_empty() {
            args.classes = QUICK.map(str::to_owned).to_vec();
        }
    }
    down_all_on_signal().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if !args.grow.is_empty() {
        let mut grown: Growth = args.from.as_deref().map(read).unwrap_or_default();
        if args.from.is_none() {
            runtime.block_on(growth::run(&args, &mut grown));
        }
        growth_page::show(&args.out, &grown);
        return;
    }
    let measured = match &args.from {
        Some(file) => read(file),
        None => runtime.block_on(run(&args)),
    };
    show(&args, &measured);
}

fn read<T: serde::de::DeserializeOwned>(file: &Path) -> T {
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

fn show(args: &Args, measured: &[Measured]) {
    measure::save(&args.out, "cost.json", &serde_json::to_string_pretty(measured).unwrap());
    measure::save(&args.out, "cost.md", &page::page(measured, args.size, args.nodes, args.clients));
    measure::save(&args.out, "cost.svg", &chart::gaps(measured));
    println!("{}", page::summary(measured));
    println!("Results are in {}.", args.out.display());
}

async fn run(args: &Args) -> Vec<Measured> {
    let mut classes = class::classes(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bench"));
    if !args.classes.is_empty() {
        classes.retain(|class| args.classes.contains(&class.name));
    }
    let loaded = Loaded::start(args.nodes, args.size, args.clients).await;
    let bench = Bench { sandbox: &loaded.sandbox, workload: &loaded.workload };
    let mut all = Vec::new();
    for round in 1..=args.rounds {
        for (word, way) in [("schema", Way::Schema), ("toi", Way::PlainToi), ("pt", Way::PtOsc)] {
            for class in &classes {
                if !args.ways.iter().any(|wanted| wanted == word) || (way == Way::PtOsc && class.pt.is_none()) {
                    continue;
                }
                let measured = bench.measure(class, way, round).await;
                eprintln!("{word:<7} {measured}");
                all.push(measured);
                // What was measured must not be lost with what comes after it.
                measure::save(&args.out, "cost.json", &serde_json::to_string_pretty(&all).unwrap());
            }
        }
    }
    all
}
