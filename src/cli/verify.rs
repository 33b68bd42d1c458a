//! `schema verify`.

use clap::ValueEnum;

use super::{Global, block_on, output, screen};
use crate::cluster::{Agreement, Connector, agreement};
use crate::config::{ConnectionArgs, Settings};
use crate::failure::{ExitCode, Failure};
use crate::plan::facts::TableName;
use crate::report;
use crate::verify::{ObjectKind, SchemaSnapshot, Scope};

/// Do all nodes hold the same schema? Shows each difference and the DDL that mends it.
///
/// Ends with 0 when every object is the same on all nodes, with 1 when one differs, and with 4 when no difference was
/// found but something could not be read. With --quiet and nothing wrong it prints nothing, as cron likes it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  schema verify
  schema verify --database app --exclude 'app.tmp_*'
  schema verify --table app.orders --format json
  schema verify --users --system --quiet")]
pub(super) struct Args {
    /// Only this database; may be repeated.
    #[arg(long, value_name = "DB")]
    database: Vec<String>,
    /// Only this table, view or sequence, and the triggers on it; may be repeated. With one --database, it may be
    /// left out of the name.
    #[arg(long, value_name = "DB.NAME")]
    table: Vec<String>,
    /// Not these: a database, or DB.NAME, with * and ?; may be repeated.
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
    /// Users, roles and their grants too.
    #[arg(long)]
    users: bool,
    /// The databases mysql and sys too, as after an upgrade.
    #[arg(long)]
    system: bool,
    /// How to print the answer.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

pub(super) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let scope = scope(&args)?;
    let settings = Settings::load(global.config.as_deref(), &args.connection)?;
    block_on(async {
        let connector = Connector::open(&settings).await?;
        let Agreement { snapshots, missing, comparison } = agreement(&connector, &scope).await;
        if missing.is_empty() {
            exists(&scope, &snapshots)?;
        }
        let missing: Vec<(String, String)> =
            missing.into_iter().map(|(node, error)| (node, error.to_string())).collect();
        let code = if !comparison.differences.is_empty() {
            ExitCode::No
        } else if missing.is_empty() && comparison.is_converged() {
            ExitCode::Done
        } else {
            ExitCode::Unobservable
        };
        match args.format {
            Format::Json => output::print_json(&report::verify::json(&comparison, &missing))?,
            Format::Human if global.quiet && code == ExitCode::Done => {}
            Format::Human => output::print(&report::verify::human(&comparison, &missing, screen::of_stdout()))?,
        }
        Ok(code)
    })
}

fn scope(args: &Args) -> Result<Scope, Failure> {
    let mut tables = Vec::new();
    for name in &args.table {
        tables.push(match (name.split_once('.'), &args.database[..]) {
            (Some((database, table)), _) => TableName::new(database, table),
            (None, [database]) => TableName::new(database.clone(), name.clone()),
            (None, _) => {
                return Err(Failure::usage(format!("--table {name}: of which database? Write --table DB.{name}.")));
            }
        });
    }
    Ok(Scope {
        databases: if tables.is_empty() { args.database.clone() } else { Vec::new() },
        tables,
        exclude: args.exclude.clone(),
        users: args.users,
        system: args.system,
    })
}

/// A name that no node knows is a slip of the pen, and "no difference" would be the wrong answer to it.
fn exists(scope: &Scope, snapshots: &[(String, SchemaSnapshot)]) -> Result<(), Failure> {
    let objects = || snapshots.iter().flat_map(|(_, snapshot)| snapshot.objects.keys());
    let relation = |kind| matches!(kind, ObjectKind::Table | ObjectKind::View | ObjectKind::Sequence);
    for table in &scope.tables {
        if !objects().any(|one| relation(one.kind) && one.database == table.database && one.name == table.table) {
            return Err(Failure::usage(format!("No node has a table, view or sequence {table}.")));
        }
    }
    for database in &scope.databases {
        if !objects().any(|one| one.kind == ObjectKind::Database && one.database == *database) {
            return Err(Failure::usage(format!("No node has a database {database}, or this user may not see it.")));
        }
    }
    Ok(())
}
