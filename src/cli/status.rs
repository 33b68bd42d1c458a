//! `schema status`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;

use super::{Global, block_on, output, screen};
use crate::balancer::Fleet;
use crate::cluster::facts::{Tables, observe_all, tables};
use crate::cluster::journal::Journal;
use crate::cluster::{ClusterError, Connector};
use crate::config::{ConnectionArgs, Settings};
use crate::failure::{ExitCode, Failure};
use crate::lint::{TableSize, TableStats};
use crate::plan::facts::{Seen, Unseen};
use crate::report;
use crate::report::status::{BalancerStatus, OpenRun, Standing, Status};

/// Over which time rates are taken.
const SAMPLE: Duration = Duration::from_millis(500);

/// Cluster, nodes, balancers, and the run in progress.
///
/// Shows what each balancer says beside what the cluster says, and names what does not fit together. Ends with 4 when
/// a node, a balancer or the journal could not be seen.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Write the rows and bytes of every table to this file, for `schema lint --stats`.
    #[arg(long, value_name = "FILE")]
    export_stats: Option<PathBuf>,
    /// How to print the answer.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a person.
    Human,
    /// For a program.
    Json,
}

pub(super) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let settings = Settings::load(global.config.as_deref(), &args.connection)?;
    block_on(async {
        let connector = Connector::open(&settings).await?;
        let fleet = Fleet::open(&settings.balancers, connector.nodes(), settings.policy.min_serving)?;
        let (nodes, balancers, run) = tokio::join!(
            observe_all(&connector, SAMPLE),
            balancers(&fleet),
            open_run(connector.clone(), &settings.journal.database),
        );
        let status = Status { nodes, balancers, run };
        match args.format {
            Format::Json => output::print_json(&report::status::json(&status))?,
            Format::Human => output::print(&report::status::human(&status, screen::of_stdout()))?,
        }
        if let Some(file) = &args.export_stats {
            let stats = stats(&connector).await?;
            save(file, &stats)?;
            if !global.quiet {
                let _ = writeln!(
                    anstream::stderr(),
                    "The sizes of {} tables are in {}; `schema lint --stats {0}` reads them.",
                    stats.tables.len(),
                    file.display()
                );
            }
        }
        Ok(if status.is_complete() { ExitCode::Done } else { ExitCode::Unobservable })
    })
}

async fn balancers(fleet: &Fleet) -> Vec<BalancerStatus> {
    let answers = fleet.observe().await;
    answers
        .into_iter()
        .map(|(name, view)| match view {
            Err(error) => {
                BalancerStatus { name, error: Some(error.to_string()), nodes: BTreeMap::new(), notes: Vec::new() }
            }
            Ok(view) => BalancerStatus {
                name,
                error: None,
                nodes: view
                    .nodes
                    .into_iter()
                    .map(|node| {
                        let standing = Standing {
                            standing: node.standing.word().to_owned(),
                            usable: node.standing.is_usable(),
                            sessions: node.sessions,
                            places: node
                                .places
                                .iter()
                                .map(|place| format!("{}: {}", place.name, place.status))
                                .collect(),
                        };
                        (node.node, standing)
                    })
                    .collect(),
                notes: view.notes,
            },
        })
        .collect()
}

/// The run that is open, by the journal.
async fn open_run(connector: Connector, database: &str) -> Seen<Option<OpenRun>> {
    let mut journal = Journal::new(connector, database);
    let read = async {
        if !journal.exists().await? {
            return Ok(None);
        }
        let Some(run) = journal.open_run(None).await? else { return Ok(None) };
        let lease = journal.lease().await?;
        let last_step = journal.last_entry(&run.id).await?.map(|(_, step, _)| step);
        Ok(Some(OpenRun {
            lease_held: lease.run.as_deref() == Some(&run.id) && !lease.is_gone(),
            run: run.id,
            kind: run.kind,
            state: run.state,
            title: run.title,
            holder: run.holder,
            started: run.started,
            last_step,
        }))
    }
    .await;
    journal.close().await;
    read.map_err(|error: ClusterError| Unseen { why: error.to_string().trim_end_matches('.').to_owned(), grant: None })
}

/// Every table's size on the node where it is largest.
async fn stats(connector: &Connector) -> Result<TableStats, Failure> {
    let seen = connector
        .on_every_node(async |node| {
            let mut session = connector.observer(node).await?;
            let version = session.version_text().to_owned();
            let seen = tables(&mut session, Tables::All).await;
            session.close().await;
            Ok::<_, ClusterError>((version, seen?))
        })
        .await;
    let mut stats = TableStats { v: 1, server_version: None, tables: BTreeMap::new() };
    for node in seen {
        let (version, seen) = node?;
        stats.server_version.get_or_insert(version);
        for (name, facts) in seen.tables {
            // Both are there for every table that can be opened; one that cannot has no size to tell.
            let (Some(rows), Some(bytes)) = (facts.rows, facts.bytes()) else { continue };
            let largest = stats.tables.entry(name.to_string()).or_insert(TableSize { rows, bytes });
            largest.rows = largest.rows.max(rows);
            largest.bytes = largest.bytes.max(bytes);
        }
    }
    Ok(stats)
}

/// Writes the file whole or not at all.
fn save(file: &Path, stats: &TableStats) -> Result<(), Failure> {
    let fail =
        |error: &dyn std::fmt::Display| Failure::usage(format!("{} cannot be written: {error}.", file.display()));
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(|error| fail(&error))?;
    serde_json::to_writer_pretty(&mut temporary, stats).map_err(|error| fail(&error))?;
    temporary.write_all(b"\n").map_err(|error| fail(&error))?;
    temporary.persist(file).map_err(|error| fail(&error.error))?;
    Ok(())
}
