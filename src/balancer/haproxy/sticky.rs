//! Stick tables: what they remember of a drained server sends sessions to it all the same.
//!
//! `stick on src` and `stick on dst` (the usual way to have one writer) store the server of a session under a key, and
//! the next session with that key goes there, drain or not. So the entries for a drained server are cleared; the next
//! session is balanced anew, and the table remembers its new server. Peers may bring old entries back, which is why
//! each look looks for them again.

use std::fmt;

use super::tables::Server;
use super::{HaProxy, Process};
use crate::balancer::{Error, Trouble};

/// Entries of a stick table that send sessions to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stuck {
    table: String,
    /// The server's number, which is what the table holds.
    server: u64,
    entries: usize,
    /// Entries under the same number that are for a server of another name, in a table that several backends share.
    strangers: usize,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stick table {} sends {} key(s) to the drained server.", self.table, self.entries)
    }
}

impl HaProxy {
    /// What the stick tables remember of the node's places.
    pub(super) async fn stuck(&self, process: Process, node: &str, servers: &[Server]) -> Result<Vec<Stuck>, Error> {
        let places = self.places(node, servers)?;
        let prefix = process.prefix();
        let mut stuck = Vec::new();
        for table in tables_in_use(&self.socket.ask(&format!("{prefix}show table")).await?) {
            // A table has the name of its backend, or stands alone and serves any. That of a backend of somebody
            // else's is none of our business.
            let whose = places.iter().filter(|place| place.backend == table);
            let whose: Vec<&&Server> = match whose.collect::<Vec<_>>() {
                own if !own.is_empty() => own,
                _ if servers.iter().any(|server| server.backend == table) => continue,
                _ => places.iter().collect(),
            };
            let mut ids: Vec<u64> = whose.iter().map(|place| place.id).collect();
            ids.sort_unstable();
            ids.dedup();
            for id in ids {
                let command = format!("{prefix}show table {table} data.server_id eq {id}");
                // An error is the answer of a table that holds something else than servers.
                let keys = server_keys(&self.socket.ask(&command).await?);
                let own = |key: &Option<String>| {
                    key.as_ref().is_none_or(|key| whose.iter().any(|place| place.name == *key || place.address == *key))
                };
                let entries = keys.iter().filter(|key| own(key)).count();
                if entries > 0 {
                    stuck.push(Stuck { table: table.clone(), server: id, entries, strangers: keys.len() - entries });
                }
            }
        }
        Ok(stuck)
    }

    /// Clears those entries.
    pub(super) async fn unstick(&self, process: Process, node: &str, servers: &[Server]) -> Result<(), Error> {
        for Stuck { table, server, strangers, .. } in self.stuck(process, node, servers).await? {
            if strangers > 0 {
                return Err(self.error(
                    Trouble::Refused,
                    format!(
                        "Stick table {table} is shared by backends whose servers have other numbers, so what it remembers of {node} cannot be cleared by itself; a drain would not keep its clients away."
                    ),
                )
                .hint("Give the servers the same `id` in all backends that share the table, or each backend a table of its own."));
            }
            self.set(process, &format!("clear table {table} data.server_id eq {server}")).await?;
        }
        Ok(())
    }
}

/// The names of the tables that hold anything: `# table: NAME, type: ip, size:1024, used:1`.
fn tables_in_use(show_table: &str) -> Vec<String> {
    let named = |line: &str| {
        let (name, rest) = line.strip_prefix("# table: ")?.split_once(", type:")?;
        let used = rest.rsplit_once("used:")?.1.trim();
        (used != "0").then(|| name.to_owned())
    };
    show_table.lines().filter_map(named).collect()
}

/// The `server_key` of each entry that is shown. Versions that keep the number only show none, and an entry that was
/// made without it shows `-`.
fn server_keys(show_table: &str) -> Vec<Option<String>> {
    let key = |line: &str| line.split(' ').find_map(|word| word.strip_prefix("server_key=")).map(str::to_owned);
    show_table.lines().filter(|line| line.starts_with("0x")).map(|line| key(line).filter(|key| key != "-")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_tables_and_the_servers_in_them() {
        let tables = "# table: galera, type: ip, size:1024, used:1\n# table: idle, type: ip, size:1024, used:0\n\
            # table: peers/w, type: string, size:1048576, used:12\n\n";
        assert_eq!(tables_in_use(tables), ["galera", "peers/w"]);
        assert_eq!(tables_in_use("Unknown command"), Vec::<String>::new());
        let entries = "# table: galera, type: ip, size:1024, used:2\n\
            0x55d: key=127.0.0.1 use=0 exp=0 shard=0 server_id=2 server_key=n2\n0x55e: key=10.0.0.9 use=1 exp=7 server_id=2\n\
            0x55f: key=10.0.0.8 use=0 exp=7 server_id=2 server_key=-\n";
        assert_eq!(server_keys(entries), [Some("n2".to_owned()), None, None]);
        assert!(server_keys("Data type not stored in this table\n").is_empty());
    }
}
