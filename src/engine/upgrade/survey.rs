//! Everything that an upgrade's plan looks at, gathered from the nodes, their hosts, the balancers and the journal.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::hosts::{Command, Hosts};
use super::{observe, read_body};
use crate::balancer::Fleet;
use crate::cluster::journal::{Journal, RunRow};
use crate::cluster::{ClusterError, Connector};
use crate::config::Settings;
use crate::host::{Finished, Outcome, Shell, Template, Values, quote};
use crate::upgrade::{ClusterFacts, Entry, ProviderVersion, Surroundings, UpgradePlan};

/// How far two looks are apart, from which rates are taken.
const APART: Duration = Duration::from_secs(2);

/// What stands before the name of a host: a login shell may have words of its own.
const HOST: &str = "schema-host=";

/// What was gathered.
pub(super) struct Survey {
    pub(super) cluster: ClusterFacts,
    pub(super) around: Surroundings,
    /// The newest upgrade that the journal knows, open or not.
    pub(super) last_upgrade: Option<RunRow>,
    /// Its record.
    pub(super) record: Vec<Entry>,
}

/// Looks at everything at once. Nothing is changed.
pub(super) async fn gather(settings: &Settings, connector: &Connector, fleet: &Fleet, hosts: &Hosts) -> Survey {
    let (cluster, runs) = tokio::join!(observe::cluster_with_rates(connector, APART), runs(settings, connector),);
    let (host, (balancers, backup_age)) = tokio::join!(look_at_hosts(hosts, &cluster), async {
        (balancers(fleet, &cluster).await, backup_age(settings).await)
    });
    let (open_run, last_upgrade, record) = match runs {
        Ok(Runs { runs, record }) => {
            let last = runs.iter().find(|run| run.kind == "upgrade").cloned();
            let open = runs.into_iter().find(|run| run.is_open() && run.kind != "lock");
            (Ok(open), last, record)
        }
        Err(why) => (Err(why), None, Vec::new()),
    };
    let plan: Option<UpgradePlan> = last_upgrade.as_ref().and_then(|run| serde_json::from_value(run.plan.clone()).ok());
    let earlier_provider = plan
        .iter()
        .flat_map(|plan| &plan.nodes)
        .filter_map(|node| Some((node.name.clone(), ProviderVersion::read(node.provider.as_deref()?)?)))
        .collect();
    let open_run = open_run.map(|open| {
        open.map(|run| {
            let next = if run.kind == "upgrade" { "schema upgrade resume" } else { "schema resume" };
            format!("Run {} ({}: {}) is open; `{next}` goes on with it.", run.id, run.kind, run.title)
        })
    });
    let around = Surroundings {
        backup_age,
        backup_max_age: settings.upgrade.backup_max_age.as_secs(),
        open_run,
        has_balancer: fleet.consent().is_none(),
        balancer_trouble: balancers.trouble,
        out_of_service: balancers.out_of_service,
        last: balancers.last,
        host_trouble: host.trouble,
        host_names: host.names,
        offered: host.offered,
        free_bytes: host.free_bytes,
        earlier_provider,
        half_done: Vec::new(),
        away_seconds: settings.upgrade.expected_away.as_secs_f64(),
        min_serving: settings.policy.min_serving,
        quick_timers: settings.upgrade.quick_timers,
        start_takes_join_options: hosts.start_takes_join_options(),
    };
    Survey { cluster, around, last_upgrade, record }
}

/// What the journal knows.
#[derive(Default)]
struct Runs {
    /// Newest first.
    runs: Vec<RunRow>,
    /// The record of the newest upgrade.
    record: Vec<Entry>,
}

async fn runs(settings: &Settings, connector: &Connector) -> Result<Runs, String> {
    let mut journal = Journal::new(connector.clone(), &settings.journal.database);
    let read = read_runs(&mut journal).await.map_err(|error| error.to_string());
    journal.close().await;
    read
}

async fn read_runs(journal: &mut Journal) -> Result<Runs, ClusterError> {
    if !journal.exists().await? {
        return Ok(Runs::default());
    }
    let runs = journal.history(50).await?;
    let record = match runs.iter().find(|run| run.kind == "upgrade") {
        Some(run) => read_body(journal.last_entry(&run.id).await?.map(|(.., body)| body)).1,
        None => Vec::new(),
    };
    Ok(Runs { runs, record })
}

#[derive(Default)]
struct BalancerFacts {
    trouble: Vec<String>,
    out_of_service: BTreeMap<String, Vec<String>>,
    last: Vec<String>,
}

async fn balancers(fleet: &Fleet, cluster: &ClusterFacts) -> BalancerFacts {
    let mut facts = BalancerFacts::default();
    match fleet.check().await {
        Ok(views) => {
            for view in views {
                for node in cluster.nodes.iter().filter(|node| !view.serves(&node.name)) {
                    facts.out_of_service.entry(node.name.clone()).or_default().push(view.balancer.clone());
                }
                facts.last.extend(view.last);
            }
        }
        Err(error) => facts.trouble.push(error.to_string()),
    }
    facts
}

#[derive(Default)]
struct HostFacts {
    trouble: BTreeMap<String, String>,
    names: BTreeMap<String, String>,
    offered: BTreeMap<String, String>,
    free_bytes: BTreeMap<String, u64>,
}

async fn look_at_hosts(hosts: &Hosts, cluster: &ClusterFacts) -> HostFacts {
    let looks = cluster.nodes.iter().map(|node| async {
        let data = node.variable("datadir").unwrap_or("/var/lib/mysql");
        let disk = hosts.look(&node.name, format!("echo {HOST}$(uname -n); df -Pk -- {}", quote(data))).await;
        let offered = if hosts.has(Command::Offered) && !matches!(disk.outcome, Outcome::NotReached(_)) {
            Some(hosts.run(&node.name, Command::Offered, |_| {}).await)
        } else {
            None
        };
        (node.name.clone(), disk, offered)
    });
    let mut facts = HostFacts::default();
    for (name, disk, offered) in futures_util::future::join_all(looks).await {
        if let Outcome::NotReached(_) | Outcome::TimedOut(_) = disk.outcome {
            facts.trouble.insert(name.clone(), format!("{}.", disk.why()));
        } else {
            let host = disk.stdout().lines().find_map(|line| line.strip_prefix(HOST).map(str::to_owned));
            facts.names.extend(host.map(|host| (name.clone(), host)));
            facts.free_bytes.extend(free_bytes(&disk).map(|free| (name.clone(), free)));
        }
        match offered {
            Some(offered) if offered.succeeded() => {
                let text = offered.stdout();
                facts.offered.insert(name, text.trim().to_owned());
            }
            Some(offered) => {
                facts.trouble.insert(name, format!("the `offered` command failed: {}.", offered.why()));
            }
            None => {}
        }
    }
    facts
}

/// The fourth column of what `df -Pk` prints, in bytes.
fn free_bytes(df: &Finished) -> Option<u64> {
    let stdout = df.stdout();
    let kib: u64 = stdout.lines().last()?.split_whitespace().nth(3)?.parse().ok()?;
    kib.checked_mul(1024)
}

async fn backup_age(settings: &Settings) -> Option<Result<u64, String>> {
    let upgrade = &settings.upgrade;
    if let Some(file) = &upgrade.backup_file {
        return Some(file_age(file));
    }
    if upgrade.backup.trim().is_empty() {
        return None;
    }
    let shell = Shell::parse("sh -c").ok()?;
    let command = Template::literal(upgrade.backup.clone());
    let here = Values { node: "", host: "localhost", version: "", join_options: "" };
    let finished = shell.run(&command, here, Duration::from_secs(60), |_| {}).await;
    if !finished.succeeded() {
        return Some(Err(format!("the `backup` command failed: {}.", finished.why())));
    }
    let text = finished.stdout();
    let made = moment(text.trim()).ok_or_else(|| {
        format!(
            "`{}` is no time; the `backup` command prints seconds since 1970, or 2026-01-31T02:00:00Z.",
            text.trim()
        )
    });
    Some(made.and_then(|made| age(jiff::Timestamp::now().as_second() - made)))
}

/// How much two clocks may differ, in seconds.
const SKEW: i64 = 300;

/// An age in seconds. A moment that lies in the future is no proof of a backup.
fn age(seconds: i64) -> Result<u64, String> {
    if seconds < -SKEW {
        return Err(format!("it is said to have been made {} s from now; is a clock or a time zone wrong?", -seconds));
    }
    Ok(u64::try_from(seconds).unwrap_or(0))
}

fn file_age(file: &Path) -> Result<u64, String> {
    let read = std::fs::metadata(file).and_then(|meta| meta.modified());
    let modified = read.map_err(|error| format!("{}: {error}.", file.display()))?;
    let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    age(SystemTime::now().duration_since(modified).map_or_else(|future| -seconds(future.duration()), seconds))
}

/// Seconds since 1970 for a number, a time stamp with its zone, or a local date and time.
fn moment(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(seconds);
    }
    if let Ok(stamp) = text.parse::<jiff::Timestamp>() {
        return Some(stamp.as_second());
    }
    let local: jiff::civil::DateTime = text.parse().ok()?;
    local.to_zoned(jiff::tz::TimeZone::system()).ok().map(|zoned| zoned.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_times_that_backup_tools_write() {
        assert_eq!(moment("1767225600"), Some(1_767_225_600));
        assert_eq!(moment("2026-01-01T00:00:00Z"), Some(1_767_225_600));
        assert_eq!(moment("2026-01-01 00:00:00+00:00"), Some(1_767_225_600));
        assert!(moment("2026-01-01 00:00:00").is_some());
        assert_eq!(moment("yesterday"), None);
    }

    #[test]
    fn a_backup_from_the_future_is_none() {
        assert_eq!((age(3600), age(0), age(-SKEW)), (Ok(3600), Ok(0), Ok(0)));
        assert!(age(-SKEW - 1).unwrap_err().contains("clock"));
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(file_age(file.path()).is_ok());
        file.as_file().set_modified(SystemTime::now() + Duration::from_secs(7200)).unwrap();
        assert!(file_age(file.path()).is_err());
    }
}
