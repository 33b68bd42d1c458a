//! ProxySQL, by its admin port.
//!
//! Its configuration has three floors: disk, memory (what an administrator edits) and runtime (what is in force). A
//! LOAD publishes the whole memory table, so this program refuses to begin while it holds edits that somebody has not
//! published, puts back exactly the rows that it found, and never writes to disk. `layout.rs` decides what to write.

mod admin;
mod layout;
mod servers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::admin::{Admin, Login, Record};
use self::layout::{Group, Tables};
use self::servers::{Server, ServerRow, changes, quote};
use super::secret::Secret;
use super::{Balancer, Error, NodeView, Pending, Place, SavedState, Standing, Trouble, View, Watch};

/// Tables besides `mysql_servers` that a LOAD publishes, each with a twin `runtime_...`; versions have more or fewer.
const TWINS: [&str; 6] = [
    "mysql_replication_hostgroups",
    "mysql_group_replication_hostgroups",
    "mysql_galera_hostgroups",
    "mysql_aws_aurora_hostgroups",
    "mysql_hostgroup_attributes",
    "mysql_servers_ssl_params",
];

/// One ProxySQL.
pub(super) struct ProxySql {
    login: Login,
    secret: Arc<Secret>,
    /// Only these host groups; all in which a node stands when empty.
    hostgroups: BTreeSet<u32>,
    /// Node name to host and port, as ProxySQL knows them.
    servers: BTreeMap<String, (String, u16)>,
}

/// What was found before a drain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    host: String,
    port: u16,
    tables: Tables,
    /// `ProxySQL_Uptime` in seconds: a lower one later means a restart.
    uptime: u64,
}

impl Found {
    fn server(&self) -> Server<'_> {
        (&self.host, self.port)
    }
}

impl ProxySql {
    /// A ProxySQL whose admin port is `host:port`. `servers` holds host and port of each node as ProxySQL knows them.
    pub(super) fn new(
        label: String,
        (host, port): (String, u16),
        user: String,
        secret: Arc<Secret>,
        hostgroups: impl IntoIterator<Item = u32>,
        servers: BTreeMap<String, (String, u16)>,
        timeout: Duration,
    ) -> Self {
        let login = Login { label, host, port, user, timeout };
        Self { login, secret, hostgroups: hostgroups.into_iter().collect(), servers }
    }

    async fn connect(&self) -> Result<Admin, Error> {
        let password = self.secret.get(&self.login.label, &self.login.user).await?;
        self.login.connect(password.as_ref()).await
    }

    fn error(&self, trouble: Trouble, message: impl Into<String>) -> Error {
        Error::new(trouble, &self.login.label, message)
    }

    fn server(&self, node: &str) -> Result<Server<'_>, Error> {
        self.servers
            .get(node)
            .map(|(host, port)| (host.as_str(), *port))
            .ok_or_else(|| self.error(Trouble::Settings, format!("The configuration has no node {node}.")))
    }

    fn found<'a>(&self, saved: &'a SavedState) -> Result<&'a Found, Error> {
        match saved {
            SavedState::Proxysql(found) => Ok(found),
            _ => Err(super::other_kind(&self.login.label)),
        }
    }

    async fn server_rows(&self, admin: &mut Admin, table: &str) -> Result<Vec<ServerRow>, Error> {
        admin
            .rows(&format!("SELECT * FROM {table} ORDER BY hostgroup_id, hostname, port"))
            .await?
            .into_iter()
            .map(ServerRow::read)
            .collect::<Option<_>>()
            .ok_or_else(|| self.error(Trouble::Unreachable, format!("ProxySQL's table {table} has another shape.")))
    }

    async fn tables(&self, admin: &mut Admin) -> Result<Tables, Error> {
        let memory = self.server_rows(admin, "mysql_servers").await?;
        let runtime = self.server_rows(admin, "runtime_mysql_servers").await?;
        let groups = admin.rows("SELECT * FROM runtime_mysql_galera_hostgroups").await?;
        let groups = groups.iter().map(Group::read).collect::<Option<Vec<_>>>().ok_or_else(|| {
            self.error(Trouble::Unreachable, "ProxySQL's table runtime_mysql_galera_hostgroups has another shape.")
        })?;
        Ok(Tables { memory, runtime, groups: groups.into_iter().flatten().collect() })
    }

    /// Refuses while the memory tables hold edits that a LOAD would publish.
    async fn refuse_pending(&self, admin: &mut Admin, tables: &Tables) -> Result<(), Error> {
        let mut pending = tables.pending().map(|row| format!("mysql_servers ({row})"));
        if pending.is_none() {
            let known: BTreeSet<String> =
                admin.rows("SHOW TABLES").await?.into_iter().flat_map(Record::into_values).flatten().collect();
            for table in TWINS {
                let twin = format!("runtime_{table}");
                if known.contains(table) && known.contains(&twin) {
                    let mut sets = Vec::new();
                    for name in [table, &twin] {
                        let rows = admin.rows(&format!("SELECT * FROM {name}")).await?;
                        sets.push(rows.into_iter().collect::<BTreeSet<Record>>());
                    }
                    if sets.first() != sets.last() {
                        pending = Some(table.to_owned());
                        break;
                    }
                }
            }
        }
        match pending {
            None => Ok(()),
            Some(table) => Err(self
                .error(
                    Trouble::Refused,
                    format!("ProxySQL's memory table {table} holds edits that are not in force; draining would publish them."),
                )
                .hint("Publish them (LOAD MYSQL SERVERS TO RUNTIME) or drop them (SAVE MYSQL SERVERS FROM RUNTIME), then try again.")),
        }
    }

    /// Makes the memory table hold exactly `image`, and reads it back.
    async fn write(&self, admin: &mut Admin, from: &[ServerRow], image: &[ServerRow]) -> Result<(), Error> {
        for sql in changes(from, image) {
            let affected = admin.change(&sql).await?;
            if affected != 1 {
                return Err(self.error(
                    Trouble::NotObeyed,
                    format!("`{sql}` changed {affected} rows instead of one; is somebody else editing mysql_servers?"),
                ));
            }
        }
        let now: BTreeSet<ServerRow> = self.server_rows(admin, "mysql_servers").await?.into_iter().collect();
        if now != image.iter().cloned().collect() {
            return Err(self.error(
                Trouble::NotObeyed,
                "ProxySQL's mysql_servers is not what was written; is somebody else editing it?",
            ));
        }
        Ok(())
    }

    async fn publish(&self, admin: &mut Admin, from: &[ServerRow], image: &[ServerRow]) -> Result<Tables, Error> {
        self.write(admin, from, image).await?;
        admin.change("LOAD MYSQL SERVERS TO RUNTIME").await?;
        self.tables(admin).await
    }

    async fn uptime(&self, admin: &mut Admin) -> Result<u64, Error> {
        let sql = "SELECT Variable_Value FROM stats_mysql_global WHERE Variable_Name='ProxySQL_Uptime'";
        Ok(admin.value(sql).await?.and_then(|value| value.parse().ok()).unwrap_or(0))
    }

    async fn pool(&self, admin: &mut Admin) -> Result<Vec<Pool>, Error> {
        let rows = admin.rows("SELECT * FROM stats_mysql_connection_pool").await?;
        rows.iter().map(Pool::read).collect::<Option<_>>().ok_or_else(|| {
            self.error(Trouble::Unreachable, "ProxySQL's table stats_mysql_connection_pool has another shape.")
        })
    }

    async fn view(&self, admin: &mut Admin) -> Result<View, Error> {
        let tables = self.tables(admin).await?;
        let pool = self.pool(admin).await?;
        let mut nodes = Vec::new();
        for (node, (host, port)) in &self.servers {
            let server = (host.as_str(), *port);
            let places = tables.of(server).map(|row| place(&tables, row, &pool)).collect::<Vec<_>>();
            if places.is_empty() {
                let mut known: Vec<String> =
                    tables.runtime.iter().map(|row| format!("{}:{}", row.host, row.port)).collect();
                known.sort();
                known.dedup();
                return Err(self
                    .error(
                        Trouble::Settings,
                        format!("ProxySQL has no server {host}:{port} (node {node}). It has: {}.", known.join(", ")),
                    )
                    .hint(
                        "Name it in `servers` of the balancer as ProxySQL does: servers = { node = \"HOST:PORT\" }.",
                    ));
            }
            nodes.push(NodeView::of(node, places));
        }
        let monitor =
            "SELECT variable_value FROM runtime_global_variables WHERE variable_name='mysql-monitor_username'";
        let monitors = admin.value(monitor).await?.into_iter().collect();
        Ok(View {
            balancer: self.login.label.clone(),
            kind: "proxysql",
            nodes,
            monitors,
            last: Vec::new(),
            notes: Vec::new(),
        })
    }

    async fn usable(&self) -> Result<View, Error> {
        let mut admin = self.connect().await?;
        let comment = admin.value("SELECT @@version_comment").await?.unwrap_or_default();
        if !comment.contains("ProxySQL Admin") {
            let (host, port) = (&self.login.host, self.login.port);
            return Err(self
                .error(Trouble::Settings, format!("{host}:{port} is not ProxySQL's admin port (it says `{comment}`)."))
                .hint("The admin port is 6032 unless admin-mysql_ifaces says otherwise; 6033 is the clients' port."));
        }
        let mut view = self.view(&mut admin).await?;
        let peers = admin.rows("SELECT hostname FROM runtime_proxysql_servers").await?.len();
        if peers > 1 {
            view.notes.push(format!(
                "It is one of {peers} peers of a ProxySQL cluster: each has its own sessions, so `address` should list all of them. \
                 Peers write what they fetch to their own disks (admin-cluster_mysql_servers_save_to_disk)."
            ));
        }
        admin.close().await;
        Ok(view)
    }

    async fn find(&self, node: &str) -> Result<Found, Error> {
        let (host, port) = self.server(node)?;
        let mut admin = self.connect().await?;
        let tables = self.tables(&mut admin).await?;
        self.drained(&mut admin, &tables, (host, port)).await?;
        let uptime = self.uptime(&mut admin).await?;
        admin.close().await;
        Ok(Found { host: host.to_owned(), port, tables, uptime })
    }

    /// The memory table that drains the server, when nothing speaks against it.
    async fn drained(&self, admin: &mut Admin, tables: &Tables, server: Server<'_>) -> Result<Vec<ServerRow>, Error> {
        self.refuse_pending(admin, tables).await?;
        if let Some(astray) = tables.astray(server).filter(|_| tables.is_monitored(server)) {
            return Err(self
                .error(Trouble::Refused, format!("ProxySQL's Galera group is not in order: {astray}."))
                .hint("Wait until every other node is healthy and where its group's monitor puts it."));
        }
        let ours = |hostgroup: u32| self.hostgroups.is_empty() || self.hostgroups.contains(&hostgroup);
        tables.drained(server, ours).map_err(|why| self.error(Trouble::Refused, why))
    }

    async fn set_drain(&self, found: &Found) -> Result<(), Error> {
        let mut admin = self.connect().await?;
        let tables = self.tables(&mut admin).await?;
        if self.holds(&tables, found.server()) {
            admin.close().await;
            return Ok(());
        }
        let image = self.drained(&mut admin, &tables, found.server()).await?;
        let now = self.publish(&mut admin, &tables.memory, &image).await?;
        admin.close().await;
        if self.holds(&now, found.server()) {
            return Ok(());
        }
        let rows: Vec<String> = now.of(found.server()).map(described).collect();
        Err(self.error(
            Trouble::NotObeyed,
            format!("ProxySQL took the drain of {}:{} but shows {}.", found.host, found.port, rows.join("; ")),
        ))
    }

    fn holds(&self, tables: &Tables, server: Server<'_>) -> bool {
        let ours = |row: &ServerRow| self.hostgroups.is_empty() || self.hostgroups.contains(&row.hostgroup);
        tables.of(server).filter(|row| tables.is_monitored(server) || ours(row)).all(ServerRow::keeps_away)
    }

    async fn look(&self, found: &Found) -> Result<Watch, Error> {
        let mut admin = self.connect().await?;
        let tables = self.tables(&mut admin).await?;
        let uptime = self.uptime(&mut admin).await?;
        let pool = self.pool(&mut admin).await?;
        let used: u64 = pool.iter().filter(|row| row.server() == found.server()).map(|row| row.used).sum();
        let mut notes = Vec::new();
        if uptime < found.uptime {
            notes.push("It has been restarted since the drain began and has read its configuration from disk.".into());
        }
        if used > 0 {
            let sql = format!(
                "SELECT SessionID, user FROM stats_mysql_processlist WHERE srv_host={} AND srv_port={}",
                quote(&found.host),
                found.port
            );
            let mut users: BTreeMap<String, usize> = BTreeMap::new();
            for mut row in admin.rows(&sql).await? {
                *users.entry(row.remove("user").flatten().unwrap_or_default()).or_default() += 1;
            }
            let users: Vec<String> = users.into_iter().map(|(user, n)| format!("{user} ({n})")).collect();
            if !users.is_empty() {
                notes.push(format!(
                    "Sessions are attached to the node: {}. Ones that stay are pinned (user variables, temporary tables, GET_LOCK, ...).",
                    users.join(", ")
                ));
            }
        }
        admin.close().await;
        Ok(Watch { holds: self.holds(&tables, found.server()), sessions: Some(used), notes, ..Watch::default() })
    }

    async fn put_back(&self, found: &Found) -> Result<(), Error> {
        let mut admin = self.connect().await?;
        let result = self.put_back_by(&mut admin, found).await;
        admin.close().await;
        result.map_err(|error| {
            let left = format!(
                "{}:{} in {}: mysql_servers had {}; set it so again and LOAD MYSQL SERVERS TO RUNTIME",
                found.host,
                found.port,
                self.login.label,
                found
                    .tables
                    .memory
                    .iter()
                    .filter(|row| row.server() == found.server())
                    .map(described)
                    .collect::<Vec<_>>()
                    .join("; ")
            );
            error.left(left)
        })
    }

    async fn put_back_by(&self, admin: &mut Admin, found: &Found) -> Result<(), Error> {
        let (was, server) = (&found.tables, found.server());
        let now = self.tables(admin).await?;
        let edited = now.edited_since(was, server);
        let end = if edited { now.mended(was, server) } else { was.memory.clone() };
        if now.is_back(was, server) {
            // Nothing of ours is in force; what may be left is in the memory table.
            return self.write(admin, &now.memory, &end).await;
        }
        if edited && now.pending().is_some() {
            return Err(self
                .error(
                    Trouble::Refused,
                    "Somebody has edited mysql_servers since the drain and not published it, so nothing is published now.",
                )
                .hint("Publish these edits (LOAD MYSQL SERVERS TO RUNTIME), then try again."));
        }
        let image = if edited { end.clone() } else { now.returned(was, server) };
        let back = self.publish(admin, &now.memory, &image).await?;
        if !back.is_back(was, server) {
            let rows: Vec<String> = back.of(server).map(described).collect();
            return Err(self.error(
                Trouble::NotObeyed,
                format!("{}:{} should be back, and ProxySQL shows {}.", found.host, found.port, rows.join("; ")),
            ));
        }
        self.write(admin, &back.memory, &end).await
    }

    async fn missing_of(&self, found: &Found) -> Result<Option<String>, Error> {
        let mut admin = self.connect().await?;
        let now = self.tables(&mut admin).await?;
        admin.close().await;
        let best = |tables: &Tables| tables.of(found.server()).map(|row| tables.standing(row)).min();
        let (was, is) = (best(&found.tables), best(&now));
        let enough = match was {
            Some(Standing::Serving) => is == Some(Standing::Serving),
            Some(Standing::Backup) => is.is_some_and(Standing::is_usable),
            _ => true,
        };
        let rows = || now.of(found.server()).map(described).collect::<Vec<_>>().join("; ");
        Ok((!enough).then(|| format!("{}:{} is {}", found.host, found.port, rows())))
    }
}

/// A row of `stats_mysql_connection_pool`.
struct Pool {
    hostgroup: u32,
    host: String,
    port: u16,
    used: u64,
    errors: u64,
}

impl Pool {
    fn read(record: &Record) -> Option<Self> {
        let text = |column: &str| record.get(column)?.as_deref();
        Some(Self {
            hostgroup: text("hostgroup")?.parse().ok()?,
            host: text("srv_host")?.to_owned(),
            port: text("srv_port")?.parse().ok()?,
            used: text("ConnUsed")?.parse().ok()?,
            errors: text("ConnERR")?.parse().ok()?,
        })
    }

    fn server(&self) -> Server<'_> {
        (&self.host, self.port)
    }
}

fn place(tables: &Tables, row: &ServerRow, pool: &[Pool]) -> Place {
    let here = || pool.iter().filter(|pool| pool.server() == row.server() && pool.hostgroup == row.hostgroup);
    Place {
        name: format!("host group {}", row.hostgroup),
        standing: tables.standing(row),
        status: row.status.clone(),
        weight: Some(row.weight),
        sessions: Some(here().map(|pool| pool.used).sum()),
        errors: Some(here().map(|pool| pool.errors).sum()),
    }
}

fn described(row: &ServerRow) -> String {
    format!("host group {} {} weight {} max_connections {}", row.hostgroup, row.status, row.weight, row.max_connections)
}

impl Balancer for ProxySql {
    fn label(&self) -> &str {
        &self.login.label
    }

    fn check(&self) -> Pending<'_, View> {
        Box::pin(self.usable())
    }

    fn observe(&self) -> Pending<'_, View> {
        Box::pin(async move {
            let mut admin = self.connect().await?;
            let view = self.view(&mut admin).await?;
            admin.close().await;
            Ok(view)
        })
    }

    fn remember<'a>(&'a self, node: &'a str) -> Pending<'a, SavedState> {
        Box::pin(async move { Ok(SavedState::Proxysql(self.find(node).await?)) })
    }

    fn drain<'a>(&'a self, _node: &'a str, saved: &'a SavedState) -> Pending<'a, ()> {
        Box::pin(async move { self.set_drain(self.found(saved)?).await })
    }

    fn watch<'a>(&'a self, _node: &'a str, saved: &'a SavedState) -> Pending<'a, Watch> {
        Box::pin(async move { self.look(self.found(saved)?).await })
    }

    fn admit<'a>(&'a self, _node: &'a str, saved: &'a SavedState) -> Pending<'a, ()> {
        Box::pin(async move { self.put_back(self.found(saved)?).await })
    }

    fn missing<'a>(&'a self, _node: &'a str, saved: &'a SavedState) -> Pending<'a, Option<String>> {
        Box::pin(async move { self.missing_of(self.found(saved)?).await })
    }
}
