//! One node: settings, status, and who is at work.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::at_work;
use super::unseen;
use crate::cluster::{ClusterError, Rows, Session};
use crate::plan::Grant;
use crate::plan::facts::{NodeFacts, NodeState, Rates, Seen, Unseen};

/// What SHOW GLOBAL VARIABLES is kept of, beside everything that begins with `wsrep_` or `innodb_`: settings that change
/// which algorithm a statement takes, what comes out of it, or whether it is safe (galera-facts, section 6).
const GLOBALS: &[&str] = &[
    "alter_algorithm",
    "autocommit",
    "binlog_format",
    "binlog_row_image",
    "binlog_row_metadata",
    "character_set_client",
    "character_set_connection",
    "character_set_database",
    "character_set_filesystem",
    "character_set_server",
    "collation_connection",
    "collation_database",
    "collation_server",
    "default_storage_engine",
    "event_scheduler",
    "explicit_defaults_for_timestamp",
    "foreign_key_checks",
    "gtid_domain_id",
    "lock_wait_timeout",
    "log_bin",
    "log_bin_trust_function_creators",
    "log_slave_updates",
    "lower_case_table_names",
    "max_allowed_packet",
    "max_statement_time",
    "old_alter_table",
    "old_mode",
    "plugin_maturity",
    "read_only",
    "slave_type_conversions",
    "sql_log_bin",
    "sql_mode",
    "sql_require_primary_key",
    "super_read_only",
    "system_versioning_alter_history",
    "time_zone",
    "tmpdir",
    "tx_isolation",
    "unique_checks",
    "version_comment",
    "version_ssl_library",
];

/// Of no use to anybody who reads facts, or a secret.
const NOT: &[&str] = &["wsrep_provider_options", "wsrep_sst_auth", "wsrep_notify_cmd"];

/// How often it is looked at most whether a table is in use. LOCK TABLES keeps it in use at every look.
const OPEN_LOOKS: usize = 8;
/// How long between these looks.
const BETWEEN_OPEN_LOOKS: Duration = Duration::from_millis(3);

const STATUS: &str = "SHOW GLOBAL STATUS LIKE 'wsrep\\_%'";

pub(super) async fn observe(session: &mut Session, sample: Duration) -> Result<NodeFacts, ClusterError> {
    let began = Instant::now();
    let sets = session.query_all(&format!("{STATUS}; SHOW GLOBAL VARIABLES")).await?;
    let [first, variables] = &sets[..] else {
        return Err(ClusterError::Shape { node: session.node().to_owned(), what: "two results were expected".into() });
    };
    let first = Named::new(session.node(), first)?;
    let variables = Named::new(session.node(), variables)?;
    let people = at_work::people(session).await?;
    let locks = at_work::metadata_locks(session).await?;
    let open_before = at_work::open_tables(session).await?;
    let disk_free = disk_free(session, variables.get("datadir").unwrap_or_default()).await?;
    let (privileges, grants) = privileges(session).await?;
    tokio::time::sleep(sample.saturating_sub(began.elapsed())).await;
    let second = session.query(STATUS).await?;
    let second = Named::new(session.node(), &second)?;
    let rates = rates(&first, &second, began.elapsed())?;
    // A second look at who is at work: between two rows of a write set an applier seems to rest.
    let mut glance = at_work::glance(session).await?;
    glance.busy |= rates.received > 0.0;
    let mut open = open_before;
    for look in 0..OPEN_LOOKS {
        let Ok(tables) = &mut open else { break };
        // Where nobody is at work, or holders of locks are told, one more look is enough.
        if look > 0 && (tables.is_empty() || !glance.busy || locks.is_ok()) {
            break;
        }
        if look > 0 {
            tokio::time::sleep(BETWEEN_OPEN_LOOKS).await;
        }
        match at_work::open_tables(session).await? {
            Ok(now) => tables.keep(&now),
            Err(why) => open = Err(why),
        }
    }
    let told = at_work::tell(&people, &locks, open, &glance);
    let options = provider_options(variables.get("wsrep_provider_options").unwrap_or_default());
    let status = &second;
    let size: u64 = status.number("wsrep_cluster_size")?;
    Ok(NodeFacts {
        version: session.version()?,
        version_text: session.version_text().to_owned(),
        provider_version: provider_version(status.text("wsrep_provider_version")?),
        provider_vendor: status.text("wsrep_provider_vendor")?.to_owned(),
        protocol_version: status.number("wsrep_protocol_version")?,
        node_name: variables.text("wsrep_node_name")?.to_owned(),
        member_uuid: status.get("wsrep_gcomm_uuid").unwrap_or_default().to_owned(),
        server_id: variables.number("server_id")?,
        cluster_uuid: status.text("wsrep_cluster_state_uuid")?.to_owned(),
        local_uuid: status.text("wsrep_local_state_uuid")?.to_owned(),
        cluster_status: status.text("wsrep_cluster_status")?.to_owned(),
        // A node outside of every component says 18446744073709551615.
        conf_id: status.number("wsrep_cluster_conf_id")?,
        cluster_size: size,
        cluster_weight: status.maybe("wsrep_cluster_weight"),
        weight: options.get("pc.weight").and_then(|weight| weight.parse().ok()),
        members: status
            .get("wsrep_incoming_addresses")
            .map(|list| list.split(',').map(|member| member.trim().to_owned()).collect())
            .unwrap_or_default(),
        state: NodeState::from_number(status.number("wsrep_local_state")?),
        state_comment: status.text("wsrep_local_state_comment")?.to_owned(),
        connected: status.flag("wsrep_connected")?,
        ready: status.flag("wsrep_ready")?,
        desync: variables.flag("wsrep_desync")?,
        desync_count: status.number("wsrep_desync_count")?,
        last_committed: status.number::<i128>("wsrep_last_committed")?.try_into().unwrap_or(0),
        cached_downto: status.maybe::<u64>("wsrep_local_cached_downto").filter(|oldest| *oldest < u64::MAX),
        gcache_bytes: options.get("gcache.size").and_then(|size| bytes(size)),
        recv_queue: status.number("wsrep_local_recv_queue")?,
        send_queue: status.number("wsrep_local_send_queue")?,
        recv_queue_limit: recv_queue_limit(&options, size),
        rates,
        globals: globals(&variables),
        provider_options: options,
        replicas: told.replicas,
        blockers: told.blockers,
        lock_holders: told.lock_holders,
        in_use: told.in_use,
        activity: told.activity,
        client_sessions: told.client_sessions,
        disk_free,
        account: session.account().to_owned(),
        privileges,
        grants,
    })
}

/// What changes from moment to moment, over a sample of its own.
pub(super) async fn watch(session: &mut Session, sample: Duration) -> Result<(Rates, u64), ClusterError> {
    let began = Instant::now();
    let first = session.query(STATUS).await?;
    tokio::time::sleep(sample).await;
    let second = session.query(STATUS).await?;
    let (first, second) = (Named::new(session.node(), &first)?, Named::new(session.node(), &second)?);
    Ok((rates(&first, &second, began.elapsed())?, second.number("wsrep_local_recv_queue")?))
}

/// `SHOW STATUS` or `SHOW VARIABLES`, by lower-case name.
struct Named {
    node: String,
    values: BTreeMap<String, String>,
}

impl Named {
    fn new(node: &str, rows: &Rows) -> Result<Self, ClusterError> {
        let values = rows
            .iter()
            .map(|row| Ok((row.get::<String>(0)?.to_lowercase(), row.get::<Option<String>>(1)?.unwrap_or_default())))
            .collect::<Result<_, ClusterError>>()?;
        Ok(Self { node: node.to_owned(), values })
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    fn text(&self, name: &str) -> Result<&str, ClusterError> {
        self.get(name).ok_or_else(|| self.missing(name))
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Result<T, ClusterError> {
        self.text(name)?.parse().map_err(|_| self.missing(name))
    }

    fn maybe<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    fn flag(&self, name: &str) -> Result<bool, ClusterError> {
        match self.text(name)? {
            "ON" | "1" => Ok(true),
            "OFF" | "0" => Ok(false),
            _ => Err(self.missing(name)),
        }
    }

    fn missing(&self, name: &str) -> ClusterError {
        ClusterError::Shape { node: self.node.clone(), what: format!("{name} is missing or unreadable") }
    }
}

/// What happened between two looks at the counters. A counter that ran backwards (FLUSH STATUS) counts from zero.
#[allow(clippy::cast_precision_loss, reason = "rates are for judging, not for accounting")]
fn rates(first: &Named, second: &Named, elapsed: Duration) -> Result<Rates, ClusterError> {
    let seconds = elapsed.as_secs_f64().max(0.001);
    let rate = |name: &str| -> Result<f64, ClusterError> {
        let (before, after): (u64, u64) = (first.number(name)?, second.number(name)?);
        Ok(after.checked_sub(before).unwrap_or(after) as f64 / seconds)
    };
    Ok(Rates {
        seconds,
        flow_control_paused: (rate("wsrep_flow_control_paused_ns")? / 1e9).clamp(0.0, 1.0),
        flow_control_sent: rate("wsrep_flow_control_sent")?,
        replicated: rate("wsrep_replicated")?,
        replicated_bytes: rate("wsrep_replicated_bytes")?,
        received: rate("wsrep_received")?,
        received_bytes: rate("wsrep_received_bytes")?,
    })
}

fn globals(variables: &Named) -> BTreeMap<String, String> {
    let wanted = |name: &str| {
        (name.starts_with("wsrep_") || name.starts_with("innodb_") || GLOBALS.contains(&name)) && !NOT.contains(&name)
    };
    variables
        .values
        .iter()
        .filter(|(name, _)| wanted(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// `k = v; k = v; `.
fn provider_options(text: &str) -> BTreeMap<String, String> {
    text.split(';')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

/// `4.23(rXXXX)` is what the provider calls the release that its makers call 26.4.23.
fn provider_version(text: &str) -> String {
    let bare = text.split('(').next().unwrap_or(text).trim();
    if bare.starts_with("4.") { format!("26.{bare}") } else { bare.to_owned() }
}

/// `128M` in bytes.
fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        "T" => 1 << 40,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// The length of the receive queue at which this node pauses the cluster: `gcs.fc_limit`, times the square root of the
/// number of members unless there is a single writer (galera, gcs/src/gcs.cpp).
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers"
)]
fn recv_queue_limit(options: &BTreeMap<String, String>, members: u64) -> Option<u64> {
    let limit: f64 = options.get("gcs.fc_limit")?.parse().ok()?;
    let single = ["gcs.fc_single_primary", "gcs.fc_master_slave"]
        .iter()
        .any(|name| options.get(*name).is_some_and(|value| matches!(value.as_str(), "yes" | "YES" | "1" | "true")));
    Some(if single { limit as u64 } else { (limit * (members.max(1) as f64).sqrt()) as u64 })
}

/// Free bytes on the disk that holds the data directory, by the `disks` plugin.
async fn disk_free(session: &mut Session, datadir: &str) -> Result<Seen<u64>, ClusterError> {
    let rows = match session.query("SELECT path, available FROM information_schema.disks").await {
        Ok(rows) => rows,
        Err(ClusterError::Server { code: 1109, .. }) => {
            let why = "the server's plugin `disks` is not loaded".to_owned();
            return Ok(Err(Unseen { why, grant: None }));
        }
        Err(error @ ClusterError::Server { .. }) => return Ok(Err(unseen(&error))),
        Err(error) => return Err(error),
    };
    let mut best: Option<(usize, u64)> = None;
    for row in rows.iter() {
        let (path, kibibytes): (String, u64) = (row.get(0)?, row.get(1)?);
        let holds = path == "/" || datadir == path || datadir.starts_with(&format!("{}/", path.trim_end_matches('/')));
        if holds && best.is_none_or(|(length, _)| path.len() > length) {
            best = Some((path.len(), kibibytes.saturating_mul(1024)));
        }
    }
    Ok(best
        .map(|(_, free)| free)
        .ok_or_else(|| Unseen { why: format!("the server's list of disks has none for {datadir}"), grant: None }))
}

/// The account's privileges on `*.*`, and what it may do on single databases and tables.
async fn privileges(session: &mut Session) -> Result<(Seen<BTreeSet<String>>, Vec<Grant>), ClusterError> {
    let rows = match session.query("SHOW GRANTS").await {
        Ok(rows) => rows,
        Err(error @ ClusterError::Server { .. }) => return Ok((Err(unseen(&error)), Vec::new())),
        Err(error) => return Err(error),
    };
    let mut everywhere = BTreeSet::new();
    let mut grants = Vec::new();
    for row in rows.iter() {
        let line: String = row.get(0)?;
        match Grant::read(&line) {
            Some(grant) if grant.database.is_none() => everywhere.extend(grant.privileges),
            other => grants.extend(other),
        }
    }
    Ok((Ok(everywhere), grants))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_provider_writes() {
        let options =
            provider_options("gcs.fc_limit = 16; gcs.fc_single_primary = no; gcache.size = 128M; pc.weight = 2; ");
        assert_eq!(recv_queue_limit(&options, 3), Some(27));
        assert_eq!(options.get("gcache.size").and_then(|size| bytes(size)), Some(128 << 20));
        assert_eq!(options["pc.weight"], "2");
        assert_eq!(provider_version("4.23(rXXXX)"), "26.4.23");
        assert_eq!(provider_version("26.4.27(r1)"), "26.4.27");
    }
}
