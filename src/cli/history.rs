//! `schema history`.

use clap::ValueEnum;
use serde_json::{Value, json};

use super::{Global, output, screen};
use crate::cluster::Connector;
use crate::cluster::journal::{Journal, RunRow};
use crate::config::{ConnectionArgs, Settings};
use crate::failure::{ExitCode, Failure};
use crate::report;

/// Past runs, from the cluster's own journal, newest first.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How many at most.
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    limit: u32,
    /// Only this run, with its statements.
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a person.
    #[default]
    Human,
    /// For a program.
    Json,
}

pub(super) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    super::block_on(history(args, global))
}

async fn history(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let settings = Settings::load(global.config.as_deref(), &args.connection)?;
    let connector = Connector::open(&settings).await?;
    let mut journal = Journal::new(connector, &settings.journal.database);
    let limit = if args.run.is_some() { u32::MAX } else { args.limit };
    let mut runs = if journal.exists().await? { journal.history(limit).await? } else { Vec::new() };
    journal.close().await;
    if let Some(id) = &args.run {
        runs.retain(|run| run.id == *id);
        if runs.is_empty() {
            return Err(Failure::usage(format!("There is no run `{id}` in the journal.")).next("schema history"));
        }
    }
    match args.format {
        Format::Json => {
            output::print_json(&json!({ "v": 1, "runs": runs.iter().map(as_json).collect::<Vec<_>>() }))?;
        }
        Format::Human if runs.is_empty() => output::print("No run yet.")?,
        Format::Human => {
            output::print(&report::run::history(&runs.iter().map(as_json).collect::<Vec<_>>(), screen::of_stdout()))?
        }
    }
    Ok(ExitCode::Done)
}

/// A run with what was predicted beside what came of it.
fn as_json(run: &RunRow) -> Value {
    let statements: Vec<Value> = run
        .plan
        .get("statements")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|statement| {
            json!({
                "index": statement["index"],
                "sql": statement["sql"],
                "method": statement["method"],
                "algorithm": statement["algorithm"],
                "estimate": statement["estimate"],
                "measured": measured(run, &statement["index"]),
            })
        })
        .collect();
    json!({
        "run": run.id,
        "kind": run.kind,
        "state": run.state,
        "open": run.is_open(),
        "title": run.title,
        "holder": run.holder,
        "started": run.started,
        "ended": run.ended,
        "statements": statements,
        "predicted_seconds": predicted(run),
        "outcome": run.summary,
    })
}

/// What the statement took, on each node by itself or on all at once, as the run noted it.
fn measured(run: &RunRow, statement: &Value) -> Vec<Value> {
    let all = run.summary.get("measured").and_then(Value::as_array).into_iter().flatten();
    let of_it = all.filter(|one| one["statement"] == *statement);
    of_it.map(|one| json!({ "node": one["node"], "seconds": one["seconds"] })).collect()
}

/// The sum of what the plan expected; `None` when it expected nothing of some statement.
fn predicted(run: &RunRow) -> Option<f64> {
    let statements = run.plan.get("statements")?.as_array()?;
    statements.iter().map(|statement| statement["estimate"]["total_seconds"].as_f64()).sum()
}
