//! `schema plan`.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::planning::{RequestArgs, nothing_to_do, unreadable};
use super::{Global, input, output, screen};
use crate::cluster::Connector;
use crate::config::{ConnectionArgs, Offline, Settings};
use crate::ddl::ServerProfile;
use crate::ddl::model::Catalog;
use crate::engine::calibrate::calibrate;
use crate::engine::planner::{self, Planned};
use crate::failure::{ExitCode, Failure};
use crate::plan::check::Finding;
use crate::plan::{Method, Plan, Rates, Rolling, Situation, build, draft};
use crate::report;
use crate::sql::{ServerVersion, Source};

/// Says, statement by statement, what the server will do, which method, what it will cost and why.
///
/// Reads from the cluster and changes nothing. With --server-version it needs no cluster.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  schema plan migration.sql
  schema plan -e 'ALTER TABLE app.t ADD COLUMN n INT'
  schema plan --server-version 10.11 --schema dump.sql migration.sql
  schema plan --out plan.json migration.sql && schema apply --plan plan.json

Exit code 1: the plan holds a statement that it refuses; 3: the cluster is not ready for a schema change;
4: not enough could be seen.")]
pub(super) struct Args {
    #[command(flatten)]
    request: RequestArgs,
    /// Plan for a server of this version, without any cluster: 11.8, 10.11.19, or what SELECT VERSION() prints.
    #[arg(long, value_name = "V")]
    server_version: Option<ServerVersion>,
    /// CREATE TABLE statements of the tables concerned, as `mariadb-dump --no-data` prints them.
    #[arg(long, value_name = "DUMP", requires = "server_version")]
    schema: Option<PathBuf>,
    /// Save the plan for `schema apply --plan`.
    #[arg(long, value_name = "FILE", conflicts_with = "server_version")]
    out: Option<PathBuf>,
    /// Measure first how fast the nodes work, on scratch tables that are not replicated: 5 to 30 s.
    #[arg(long, conflicts_with = "server_version")]
    calibrate: bool,
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
    /// For a program: `docs/plan.md`.
    Json,
}

pub(super) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let (plan, findings) = match args.server_version {
        Some(version) => (offline(&args, version, global)?, Vec::new()),
        None => {
            let planned = super::block_on(live(&args, global))?;
            (planned.plan, planned.findings)
        }
    };
    let shown = plan.shown();
    match args.format {
        Format::Human => output::print(&report::plan::human(&shown, &findings, screen::of_stdout()))?,
        Format::Json => output::print_json(&Answer { plan: &shown, checks: &findings })?,
    }
    let refused = plan.statements.iter().any(|statement| statement.method == Method::Refuse);
    match planner::failure(&findings) {
        // What the plan says is the answer; that the cluster is not ready for it either is printed with it.
        Some(failure) if !refused || failure.code == ExitCode::Unobservable => return Err(failure),
        _ => {}
    }
    if let Some(path) = &args.out {
        save(&plan, path)?;
    }
    Ok(if refused { ExitCode::No } else { ExitCode::Done })
}

/// What `--format json` prints.
#[derive(serde::Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    plan: &'a Plan,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    checks: &'a [Finding],
}

fn save(plan: &Plan, path: &Path) -> Result<(), Failure> {
    let text = serde_json::to_vec_pretty(plan)
        .map_err(|error| Failure::usage(format!("The plan could not be put into JSON: {error}.")))?;
    // It holds the statements as they were written, passwords of accounts included.
    let file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(&text))
        .map_err(|error| Failure::usage(format!("The plan could not be saved to `{}`: {error}.", path.display())))
}

async fn live(args: &Args, global: &Global) -> Result<Planned, Failure> {
    let settings = Settings::load(global.config.as_deref(), &args.connection)?;
    let request = args.request.request(false)?;
    let connector = Connector::open(&settings).await?;
    if args.calibrate {
        let costs = calibrate(&connector, &settings).await?;
        output::note(&report::plan::calibration(&costs));
    }
    planner::plan(&connector, &settings, &request).await
}

/// Without a cluster: what the version, the dump and the text tell.
fn offline(args: &Args, version: ServerVersion, global: &Global) -> Result<Plan, Failure> {
    let policy = Offline::load(global.config.as_deref())?.policy;
    let texts = args.request.texts()?;
    let profile = ServerProfile::of(version);
    let mut catalog = match &args.schema {
        Some(dump) => read_dump(dump, &profile)?,
        None => Catalog::new(profile.settings.clone()),
    };
    let database = args.request.database.as_deref();
    catalog.default_database = database.map(ToOwned::to_owned);
    let drafts = draft(&texts, database, &mut catalog, &profile).map_err(|error| unreadable(&error))?;
    if drafts.is_empty() {
        return Err(nothing_to_do(&texts));
    }
    let (sizes, obstacles, misfits) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    Ok(build(
        drafts,
        &Situation {
            server_version: &format!("{version}-MariaDB"),
            policy: &policy,
            rates: Rates::default(),
            rolling: Rolling::Offline,
            nodes: &[],
            wanted: args.request.method.into(),
            accepted: &args.request.accept,
            sizes: &sizes,
            memory: None,
            obstacles: &obstacles,
            misfits: &misfits,
        },
    ))
}

fn read_dump(path: &Path, profile: &ServerProfile) -> Result<Catalog, Failure> {
    let bytes = input::read_file(path)?;
    Ok(Catalog::from_dump(Source::new(&bytes).text(), profile.settings.clone()))
}
