//! Reads the tables that HAProxy prints. Columns are found by their names: versions add columns.

/// One server of one backend, from `show servers state` (the exact administrative state) and `show stat` (what it
/// does with sessions, and how many there are).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Server {
    pub backend: String,
    pub name: String,
    /// Its number in the backend, by which stick tables know it.
    pub id: u64,
    /// `ADDRESS:PORT` of the node.
    pub address: String,
    /// Bits of `srv_admin_state`; see [`admin`].
    pub admin: u32,
    /// 0 stopped, 1 starting, 2 running, 3 stopping.
    pub operational: u32,
    /// The weight that counts, as set by hand, by the agent or by the configuration.
    pub weight: u64,
    /// The weight of the configuration.
    pub initial_weight: u64,
    /// How far its health check is from either verdict, 0 when it is down; `None` when there is no check.
    pub health: Option<u32>,
    /// Whether an agent check is configured and enabled.
    pub agent: bool,
    /// The word of `show stat`: UP, DOWN, DRAIN, MAINT, `no check`, `UP 1/3` and so on.
    pub status: String,
    pub backup: bool,
    pub sessions: u64,
    /// Sessions that have come to it since the process started.
    pub begun: u64,
    /// Connections that failed, answers that failed, and connections that the server cut.
    pub errors: u64,
}

/// The bits of `srv_admin_state` (`enum srv_admin` in HAProxy's `server-t.h`).
pub(super) mod admin {
    /// Maintenance, set by `set server ... state maint`.
    pub(in super::super) const FORCED_MAINTENANCE: u32 = 0x01;
    /// Maintenance for any reason: forced, inherited, from the configuration, or an address that does not resolve.
    pub(in super::super) const MAINTENANCE: u32 = 0x01 | 0x02 | 0x04 | 0x20 | 0x40;
    /// Drain, set by `set server ... state drain` or by an agent.
    pub(in super::super) const FORCED_DRAIN: u32 = 0x08;
    /// Drain for any reason: forced or inherited.
    pub(in super::super) const DRAIN: u32 = 0x08 | 0x10;
}

/// `srv_agent_state`, `srv_check_state`: the check is enabled (`CHK_ST_ENABLED`).
const ENABLED: u32 = 0x04;

/// A row, with its cells found by the names of the header.
struct Row<'a> {
    header: &'a [&'a str],
    cells: Vec<&'a str>,
}

impl Row<'_> {
    fn text(&self, column: &str) -> Option<&str> {
        let at = self.header.iter().position(|name| *name == column)?;
        self.cells.get(at).copied()
    }

    fn number<T: std::str::FromStr>(&self, column: &str) -> Option<T> {
        self.text(column)?.parse().ok()
    }

    /// A counter that is absent for this sort of row is zero.
    fn counter(&self, column: &str) -> u64 {
        self.number(column).unwrap_or(0)
    }
}

/// Joins the two tables. `None` when one of them is not the table that it should be.
pub(super) fn servers(state: &str, stat: &str) -> Option<Vec<Server>> {
    let mut servers = read_state(state)?;
    let header_line = stat.lines().find_map(|line| line.strip_prefix("# "))?;
    let header: Vec<&str> = header_line.split(',').collect();
    for line in stat.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let row = Row { header: &header, cells: split_csv(line) };
        let (backend, name) = (row.text("pxname")?, row.text("svname")?);
        let Some(server) = servers.iter_mut().find(|server| server.backend == backend && server.name == name) else {
            continue; // FRONTEND, BACKEND and listeners.
        };
        server.status = row.text("status")?.to_owned();
        server.sessions = row.number::<u64>("scur")? + row.counter("qcur");
        server.begun = row.counter("stot");
        server.backup = row.counter("bck") > 0;
        server.errors = row.counter("econ") + row.counter("eresp") + row.counter("srv_abrt");
    }
    // A server without its row in the second table was not seen whole.
    servers.iter().all(|server| !server.status.is_empty()).then_some(servers)
}

fn read_state(text: &str) -> Option<Vec<Server>> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    if lines.next()?.trim() != "1" {
        return None; // The version of the table's format: only 1 exists.
    }
    let header: Vec<&str> = lines.next()?.strip_prefix("# ")?.split(' ').collect();
    lines
        .map(|line| {
            let row = Row { header: &header, cells: line.split(' ').collect() };
            Some(Server {
                backend: row.text("be_name")?.to_owned(),
                name: row.text("srv_name")?.to_owned(),
                id: row.number("srv_id")?,
                address: format!("{}:{}", row.text("srv_addr")?, row.text("srv_port")?),
                admin: row.number("srv_admin_state")?,
                operational: row.number("srv_op_state")?,
                weight: row.number("srv_uweight")?,
                initial_weight: row.number("srv_iweight")?,
                health: match row.number::<u32>("srv_check_state")? & ENABLED {
                    0 => None,
                    _ => Some(row.number("srv_check_health")?),
                },
                agent: row.number::<u32>("srv_agent_state")? & ENABLED != 0,
                ..Server::default()
            })
        })
        .collect()
}

/// Splits a line of `show stat`. A cell with a comma or a quote stands in double quotes (`last_chk` does).
fn split_csv(line: &str) -> Vec<&str> {
    let mut cells = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                cells.push(&line[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    cells.push(&line[start..]);
    cells
}

/// The process ids of the workers that the master lists under `# old workers`: they were replaced by a reload and
/// stay until their last session ends. `None` when the answer is not that of a master.
pub(super) fn old_workers(show_proc: &str) -> Option<Vec<u32>> {
    if !show_proc.starts_with("#<PID>") {
        return None;
    }
    let mut old = false;
    let mut pids = Vec::new();
    for line in show_proc.lines().skip(1) {
        if line.starts_with('#') {
            old = line.contains("old workers");
        } else if old {
            pids.extend(line.split_whitespace().next().and_then(|pid| pid.parse::<u32>().ok()));
        }
    }
    Some(pids)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: &str = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight \
        srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state \
        srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port \
        srv_check_addr srv_agent_addr srv_agent_port\n\
        2 galera 1 n1 127.0.0.1 0 8 1 1 1 8 2 0 6 0 0 0 - 47001 - 0 0 - - 0\n\
        2 galera 3 n3 127.0.0.1 2 0 20 1 1 1 0 2 0 22 0 0 - 47003 - 0 0 - - 47004\n\n";
    const STAT: &str = "# pxname,svname,qcur,scur,stot,econ,eresp,status,bck,last_chk,srv_abrt,\n\
        galera,FRONTEND,,7,9,,,OPEN,,,,\n\
        galera,n1,1,2,8,3,4,DOWN,0,\"Connection refused, twice\",5,\n\
        galera,n3,0,0,0,0,0,no check,1,,0,\n\
        galera,BACKEND,0,7,9,0,0,UP,0,,0,\n";

    #[test]
    fn two_tables_make_one() {
        let servers = servers(STATE, STAT).unwrap();
        assert_eq!(
            servers,
            [
                Server {
                    backend: "galera".into(),
                    name: "n1".into(),
                    id: 1,
                    address: "127.0.0.1:47001".into(),
                    admin: admin::FORCED_DRAIN,
                    operational: 0,
                    weight: 1,
                    initial_weight: 1,
                    health: Some(0),
                    agent: false,
                    status: "DOWN".into(),
                    backup: false,
                    sessions: 3,
                    begun: 8,
                    errors: 12,
                },
                Server {
                    backend: "galera".into(),
                    name: "n3".into(),
                    id: 3,
                    address: "127.0.0.1:47003".into(),
                    operational: 2,
                    weight: 20,
                    initial_weight: 1,
                    health: None,
                    agent: true,
                    status: "no check".into(),
                    backup: true,
                    ..Server::default()
                },
            ]
        );
    }

    #[test]
    fn what_is_not_the_table_is_not_read_as_one() {
        for (state, stat) in [
            ("", STAT),
            ("2\n# be_id", STAT),
            ("Unknown command", STAT),
            (STATE, ""),
            (STATE, "# pxname,svname,qcur,scur,status,bck\n"),
            (STATE, "Permission denied"),
        ] {
            assert_eq!(servers(state, stat), None, "{state:?} {stat:?}");
        }
    }

    #[test]
    fn a_master_lists_the_workers_that_a_reload_left_behind() {
        let answer = "#<PID>          <type>          <reloads>       <uptime>        <version>\n\
            100             master          1 [failed: 0]   0d00h00m02s     2.6.12\n# workers\n\
            103             worker          0               0d00h00m02s     2.6.12\n# old workers\n\
            101             worker          1               0d00h00m09s     2.6.12\n# programs\n\n";
        assert_eq!(old_workers(answer), Some(vec![101]));
        assert_eq!(old_workers("Unknown command, but maybe one of the following ones"), None);
    }
}
