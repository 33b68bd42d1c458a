//! A stand-in for ProxySQL 2.7.1: its admin port, its three floors of configuration and its Galera monitor.
//!
//! It behaves as was measured on a real one, traps included: one statement a packet and the rest dropped without a
//! word, no prepared statements, no reset, every error 1045, no rollback, LOAD publishes the whole memory table, and
//! the Galera monitor lays out its group anew at each check, so that an OFFLINE_SOFT server is ONLINE again.

use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::wire::{Answer, Wire};

/// The columns of `mysql_servers` in 2.7.1.
const COLUMNS: [&str; 12] = [
    "hostgroup_id",
    "hostname",
    "port",
    "gtid_port",
    "status",
    "weight",
    "compression",
    "max_connections",
    "max_replication_lag",
    "use_ssl",
    "max_latency_ms",
    "comment",
];
const STATUS: usize = 4;
const WEIGHT: usize = 5;
const CONNECTIONS: usize = 7;

/// A row of `mysql_servers`, in the order of its columns. In a plain `Vec`, so that a changed order shows.
pub type Row = [String; 12];

/// A row of `mysql_galera_hostgroups`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub active: bool,
    pub max_writers: usize,
    /// `writer_is_also_reader`
    pub readers: u8,
    pub comment: String,
}

#[derive(Clone, Debug, Default)]
pub struct State {
    pub disk: Vec<Row>,
    pub memory: Vec<Row>,
    pub runtime: Vec<Row>,
    pub memory_group: Option<Group>,
    pub group: Option<Group>,
    /// Ports of nodes that are not Synced (or have wsrep_desync=ON).
    pub ill: Vec<u16>,
    /// Sessions: user and the port of the node that they are attached to.
    pub sessions: Vec<(String, u16)>,
    pub uptime: u64,
    /// Every statement that was run.
    pub log: Vec<String>,
    /// Commands other than COM_QUERY and COM_QUIT.
    pub odd: Vec<u8>,
    /// What the runtime table was right after each LOAD.
    pub loads: Vec<Vec<Row>>,
    /// The connection breaks at the next statement that begins so.
    pub break_at: Option<&'static str>,
}

pub struct Server {
    pub port: u16,
    state: Arc<Mutex<State>>,
    end: Arc<AtomicBool>,
}

/// `10,2,ONLINE,200,200`: host group, node, status, weight, connections.
pub fn rows(text: &str) -> Vec<Row> {
    let row = |row: &str| {
        let cells: Vec<&str> = row.split(',').collect();
        let port = 46060 + cells[1].parse::<u16>().unwrap();
        [cells[0], "127.0.0.1", &port.to_string(), "0", cells[2], cells[3], "0", cells[4], "0", "0", "0", "it's n"]
            .map(str::to_owned)
    };
    text.split_whitespace().map(row).collect()
}

impl Server {
    /// A ProxySQL with these servers in memory and on disk, after its monitor has run.
    pub fn start(memory: &str, group: Option<Group>) -> Self {
        let memory = rows(memory);
        let state = State {
            disk: memory.clone(),
            runtime: memory.clone(),
            memory,
            memory_group: group.clone(),
            group,
            uptime: 1000,
            ..State::default()
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, state: Arc::new(Mutex::new(state)), end: Arc::default() };
        server.state().check();
        let (state, end) = (Arc::clone(&server.state), Arc::clone(&server.end));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::Relaxed) {
                    return;
                }
                let state = Arc::clone(&state);
                std::thread::spawn(move || serve(stream.unwrap(), &state));
            }
        });
        let (state, end) = (Arc::clone(&server.state), Arc::clone(&server.end));
        std::thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                // mysql-monitor_galera_healthcheck_interval, 5 s on the real one.
                std::thread::sleep(Duration::from_millis(40));
                state.lock().unwrap().check();
            }
        });
        server
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Three checks of the monitor pass.
    pub async fn three_checks(&self) {
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl State {
    /// One check of the Galera monitor: every healthy node is a writer, the heaviest `max_writers` of them ONLINE, the
    /// others SHUNNED with a copy in the backup group; what is not healthy is moved to the offline group.
    pub fn check(&mut self) {
        let Some(group) = self.group.clone().filter(|group| group.active) else { return };
        let (inside, mut runtime): (Vec<Row>, Vec<Row>) =
            self.runtime.drain(..).partition(|row| ["10", "20", "30", "9999"].contains(&&*row[0]));
        let mut nodes: Vec<Row> = Vec::new();
        for row in inside {
            if !nodes.iter().any(|node| node[2] == row[2]) {
                nodes.push(row);
            }
        }
        let weight = |row: &Row| row[WEIGHT].parse::<u64>().unwrap();
        nodes.sort_by_key(|row| std::cmp::Reverse((weight(row), row[1].clone(), row[2].clone())));
        let mut add = |row: &Row, hostgroup: &str, status: &str| {
            let mut row = row.clone();
            row[0] = hostgroup.into();
            row[STATUS] = status.into();
            runtime.push(row);
        };
        let mut writers = 0;
        for node in &nodes {
            if self.ill.contains(&node[2].parse().unwrap()) {
                add(node, "9999", "ONLINE");
                continue;
            }
            let writes = writers < group.max_writers;
            writers += usize::from(writes);
            add(node, "10", if writes { "ONLINE" } else { "SHUNNED" });
            if !writes {
                add(node, "20", "ONLINE");
            }
            if group.readers == 1 || group.readers == 2 && !writes {
                add(node, "30", "ONLINE");
            }
        }
        self.runtime = runtime;
        self.runtime.sort();
    }

    /// An administrator publishes the memory table.
    pub fn publish(&mut self) {
        self.runtime.clone_from(&self.memory);
    }

    /// The process ends and starts again: everything comes from disk.
    pub fn restart(&mut self) {
        self.memory = self.disk.clone();
        self.runtime = self.disk.clone();
        self.uptime = 0;
        self.check();
    }

    /// Rows as `10,2,ONLINE,200,200`, for messages.
    pub fn show(rows: &[Row]) -> String {
        let row = |row: &Row| {
            format!(
                "{},{},{},{},{}",
                row[0],
                row[2].trim_start_matches("4606"),
                row[STATUS],
                row[WEIGHT],
                row[CONNECTIONS]
            )
        };
        rows.iter().map(row).collect::<Vec<_>>().join(" ")
    }

    fn run(&mut self, user: &str, sql: &str) -> Answer {
        self.log.push(sql.to_owned());
        if self.break_at.is_some_and(|begin| sql.starts_with(begin)) {
            self.break_at = None;
            return Answer::Hangup;
        }
        let sqlite = |what: String| Answer::Error(1045, format!("ProxySQL Admin Error: {what}"));
        if sql.starts_with("LOAD MYSQL SERVERS TO RUNTIME") {
            if sql.trim_end_matches(';') != "LOAD MYSQL SERVERS TO RUNTIME" {
                return sqlite("near \"LOAD\": syntax error".into());
            }
            self.runtime.clone_from(&self.memory);
            self.group.clone_from(&self.memory_group);
            self.loads.push(self.runtime.clone());
            return Answer::Ok(0, String::new());
        }
        // One statement a packet: the rest is dropped without a word.
        let sql = sql.split("; ").next().unwrap();
        if sql.contains('?') || sql.starts_with("/*") {
            return sqlite("near \"/\": syntax error".into());
        }
        if user == "stats" && (sql.contains("mysql_servers") || sql.contains("galera")) {
            return sqlite("no such table: mysql_servers".into());
        }
        match sql.split_whitespace().next() {
            Some("BEGIN" | "ROLLBACK" | "COMMIT") => Answer::Ok(0, String::new()),
            Some("SET") => Answer::Ok(0, "ERROR: Unknown global variable: 'nosuch'.".into()),
            Some("SELECT" | "SHOW") => self.select(sql),
            Some("UPDATE") => self.update(sql),
            Some("INSERT") => self.insert(sql),
            Some("DELETE") => self.delete(sql),
            other => sqlite(format!("near \"{}\": syntax error", other.unwrap_or_default())),
        }
    }

    fn select(&self, sql: &str) -> Answer {
        let one = |column: &str, value: &str| Answer::Rows(vec![column.into()], vec![vec![Some(value.to_owned())]]);
        let table = |columns: &[&str], rows: Vec<Vec<String>>| {
            Answer::Rows(
                columns.iter().map(|column| (*column).to_owned()).collect(),
                rows.into_iter().map(|row| row.into_iter().map(Some).collect()).collect(),
            )
        };
        let group = |group: &Option<Group>| {
            let columns = [
                "writer_hostgroup",
                "backup_writer_hostgroup",
                "reader_hostgroup",
                "offline_hostgroup",
                "active",
                "max_writers",
                "writer_is_also_reader",
                "max_transactions_behind",
                "comment",
            ];
            let row = |group: &Group| {
                let cells = [10, 20, 30, 9999, usize::from(group.active), group.max_writers, group.readers.into(), 0];
                cells.iter().map(ToString::to_string).chain([group.comment.clone()]).collect()
            };
            table(&columns, group.iter().map(row).collect())
        };
        let servers = |rows: &[Row]| table(&COLUMNS, rows.iter().map(|row| row.to_vec()).collect());
        match sql {
            "SELECT @@version_comment" => one("@@version_comment", "(ProxySQL Admin Module)"),
            "SELECT @@max_allowed_packet" => one("@@max_allowed_packet", "67108864"),
            "SELECT @@wait_timeout" | "SELECT @@socket" => Answer::Rows(vec!["@@x".into()], vec![]),
            "SHOW TABLES" => table(
                &["tables"],
                [
                    "mysql_servers",
                    "runtime_mysql_servers",
                    "mysql_galera_hostgroups",
                    "runtime_mysql_galera_hostgroups",
                ]
                .iter()
                .map(|name| vec![(*name).to_owned()])
                .collect(),
            ),
            _ if sql.contains(" FROM mysql_servers") => servers(&self.memory),
            _ if sql.contains(" FROM runtime_mysql_servers") => servers(&self.runtime),
            _ if sql.contains(" FROM mysql_galera_hostgroups") => group(&self.memory_group),
            _ if sql.contains(" FROM runtime_mysql_galera_hostgroups") => group(&self.group),
            _ if sql.contains(" FROM stats_mysql_connection_pool") => self.pool(),
            _ if sql.contains("'ProxySQL_Uptime'") => one("Variable_Value", &self.uptime.to_string()),
            _ if sql.contains("'mysql-monitor_username'") => one("variable_value", "monitor"),
            _ if sql.contains(" FROM runtime_proxysql_servers") => table(&["hostname"], vec![]),
            _ if sql.contains(" FROM stats_mysql_processlist") => {
                let port = |port: &u16| sql.ends_with(&format!("srv_port={port}"));
                let sessions = self.sessions.iter().enumerate().filter(|(_, (_, at))| port(at));
                table(
                    &["SessionID", "user"],
                    sessions.map(|(id, (user, _))| vec![id.to_string(), user.clone()]).collect(),
                )
            }
            _ => Answer::Error(1045, "ProxySQL Admin Error: near \",\": syntax error".into()),
        }
    }

    fn pool(&self) -> Answer {
        let columns = ["hostgroup", "srv_host", "srv_port", "status", "ConnUsed", "ConnFree", "ConnOK", "ConnERR"];
        let row = |row: &Row| {
            let used = match &*row[STATUS] {
                "SHUNNED" => 0,
                _ => self.sessions.iter().filter(|(_, port)| port.to_string() == row[2]).count(),
            };
            [&*row[0], &row[1], &row[2], &row[STATUS], &used.to_string(), "0", "9", "0"]
                .map(|cell| Some(cell.to_owned()))
                .to_vec()
        };
        Answer::Rows(columns.map(str::to_owned).to_vec(), self.runtime.iter().map(row).collect())
    }

    fn update(&mut self, sql: &str) -> Answer {
        if sql.starts_with("UPDATE runtime_") {
            return Answer::Ok(1, String::new()); // And changes nothing.
        }
        let rest = sql.strip_prefix("UPDATE mysql_servers SET ").unwrap();
        let (set, wanted) = rest.split_once(" WHERE ").unwrap();
        let mut affected = 0;
        for row in self.memory.iter_mut().filter(|row| matches(row, wanted)) {
            affected += 1;
            for change in set.split(',') {
                let (column, value) = change.split_once('=').unwrap();
                row[at(column)] = unquoted(value);
            }
        }
        Answer::Ok(affected, String::new())
    }

    fn insert(&mut self, sql: &str) -> Answer {
        let rest = sql.strip_prefix("INSERT INTO mysql_servers (").unwrap();
        let (columns, values) = rest.trim_end_matches(')').split_once(") VALUES (").unwrap();
        let mut row: Row = Default::default();
        for (column, value) in columns.split(',').zip(values.split(',')) {
            row[at(column)] = unquoted(value);
        }
        if self.memory.iter().any(|other| other[..3] == row[..3]) {
            return Answer::Error(
                1045,
                "ProxySQL Admin Error: UNIQUE constraint failed: mysql_servers.hostgroup_id".into(),
            );
        }
        self.memory.push(row);
        Answer::Ok(1, String::new())
    }

    fn delete(&mut self, sql: &str) -> Answer {
        let wanted = sql.strip_prefix("DELETE FROM mysql_servers WHERE ").unwrap();
        let before = self.memory.len();
        self.memory.retain(|row| !matches(row, wanted));
        Answer::Ok((before - self.memory.len()) as u64, String::new())
    }
}

fn at(column: &str) -> usize {
    COLUMNS.iter().position(|name| *name == column).unwrap_or_else(|| panic!("no such column: {column}"))
}

fn unquoted(value: &str) -> String {
    match value.strip_prefix('\'') {
        Some(text) => text.strip_suffix('\'').unwrap().replace("''", "'"),
        None => value.to_owned(),
    }
}

fn matches(row: &Row, condition: &str) -> bool {
    condition.split(" AND ").all(|part| {
        let (column, value) = part.split_once('=').unwrap();
        row[at(column)] == unquoted(value)
    })
}

fn serve(stream: TcpStream, state: &Mutex<State>) {
    let mut wire = Wire::new(stream);
    let Ok(user) = wire.greet() else { return };
    if user != "radmin" && user != "stats" {
        let text = format!("ProxySQL Error: Access denied for user '{user}'@'127.0.0.1' (using password: YES)");
        let _ = wire.welcome(Some(&text));
        return;
    }
    if wire.welcome(None).is_err() {
        return;
    }
    while let Ok((code, text)) = wire.command() {
        let sent = match code {
            1 => return,
            3 => {
                let answer = state.lock().unwrap().run(&user, &text);
                wire.answer(answer)
            }
            31 => {
                state.lock().unwrap().odd.push(code);
                let text = "Received unsupported 'COM_RESET_CONNECTION' for session type 'PROXYSQL_SESSION_ADMIN'";
                wire.refuse(2, 1047, text)
            }
            _ => {
                state.lock().unwrap().odd.push(code);
                wire.refuse(1, 1045, "Command not supported")
            }
        };
        if sent.is_err() {
            return;
        }
    }
}
