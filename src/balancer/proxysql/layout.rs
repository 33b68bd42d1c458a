//! What to write into ProxySQL's tables so that a node is drained, and so that it is back: decisions without I/O.
//!
//! In a plain host group `OFFLINE_SOFT` drains. In a group of `mysql_galera_hostgroups` the monitor sets every healthy
//! node to ONLINE again within seconds; there `weight=0, max_connections=0` holds, and a sole writer needs an heir.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::admin::Record;
use super::servers::{Server, ServerRow};
use crate::balancer::Standing;

/// An active row of `runtime_mysql_galera_hostgroups`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Group {
    pub writer: u32,
    pub backup: u32,
    pub reader: u32,
    pub offline: u32,
    pub max_writers: usize,
    /// `writer_is_also_reader=2`: the monitor makes readers of the backups, and only of them.
    pub backups_read: bool,
}

impl Group {
    /// Reads a row; `None` when it is not of that table. The outer `None` of an inactive row is in `Some(None)`.
    pub(super) fn read(record: &Record) -> Option<Option<Self>> {
        let number = |column: &str| record.get(column)?.as_deref()?.parse::<u32>().ok();
        let group = Self {
            writer: number("writer_hostgroup")?,
            backup: number("backup_writer_hostgroup")?,
            reader: number("reader_hostgroup")?,
            offline: number("offline_hostgroup")?,
            max_writers: number("max_writers")? as usize,
            backups_read: number("writer_is_also_reader")? == 2,
        };
        Some((number("active")? == 1).then_some(group))
    }

    fn has(&self, hostgroup: u32) -> bool {
        [self.writer, self.backup, self.reader, self.offline].contains(&hostgroup)
    }
}

/// All that was read at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tables {
    /// `mysql_servers`: what an administrator edits.
    pub memory: Vec<ServerRow>,
    /// `runtime_mysql_servers`: what is in force, after the monitor has had its say.
    pub runtime: Vec<ServerRow>,
    /// The active Galera groups.
    pub groups: Vec<Group>,
}

impl Tables {
    /// The runtime rows of a server, without those that are only waiting for their last session to end.
    pub(super) fn of<'a>(&'a self, server: Server<'a>) -> impl Iterator<Item = &'a ServerRow> {
        self.live().filter(move |row| row.server() == server)
    }

    fn live(&self) -> impl Iterator<Item = &ServerRow> {
        self.runtime.iter().filter(|row| row.status != "OFFLINE_HARD")
    }

    fn group(&self, hostgroup: u32) -> Option<&Group> {
        self.groups.iter().find(|group| group.has(hostgroup))
    }

    /// Whether the monitor of a Galera group has a say in where the server stands.
    pub(super) fn is_monitored(&self, server: Server<'_>) -> bool {
        self.of(server)
            .chain(self.memory.iter().filter(|row| row.server() == server))
            .any(|row| self.group(row.hostgroup).is_some())
    }

    /// The first edit of the memory table that has not been published: a LOAD would publish it.
    pub(super) fn pending(&self) -> Option<String> {
        let plain = |rows: &'_ [ServerRow]| -> BTreeSet<ServerRow> {
            rows.iter()
                .filter(|row| self.group(row.hostgroup).is_none() && row.status != "OFFLINE_HARD")
                // SHUNNED is ProxySQL's own finding at run time, not an edit.
                .map(|row| if row.status == "SHUNNED" { row.with_status("ONLINE") } else { row.clone() })
                .collect()
        };
        // A monitor moves rows between the host groups of a Galera group and changes their status.
        let grouped = |rows: &'_ [ServerRow]| -> BTreeSet<ServerRow> {
            rows.iter()
                .filter_map(|row| {
                    let writer = self.group(row.hostgroup)?.writer;
                    let status = "ONLINE".to_owned();
                    (row.status != "OFFLINE_HARD").then(|| ServerRow { hostgroup: writer, status, ..row.clone() })
                })
                .collect()
        };
        plain(&self.memory)
            .symmetric_difference(&plain(&self.runtime))
            .chain(grouped(&self.memory).symmetric_difference(&grouped(&self.runtime)))
            .next()
            .map(|row| format!("{}:{} in host group {}", row.host, row.port, row.hostgroup))
    }

    /// A server other than `node` that is not where a healthy server of its Galera group belongs.
    pub(super) fn astray(&self, node: Server<'_>) -> Option<String> {
        self.live().filter(|row| row.server() != node).find_map(|row| {
            let group = self.group(row.hostgroup)?;
            let waits_as_backup =
                || self.of(row.server()).any(|other| other.hostgroup == group.backup && other.status == "ONLINE");
            let fine = match &*row.status {
                _ if row.hostgroup == group.offline => false,
                "SHUNNED" => row.hostgroup == group.writer && waits_as_backup(),
                _ => true,
            };
            (!fine).then(|| format!("{}:{} is {} in host group {}", row.host, row.port, row.status, row.hostgroup))
        })
    }

    /// The memory table that drains `node`; the error says why there is none.
    pub(super) fn drained(&self, node: Server<'_>, ours: impl Fn(u32) -> bool) -> Result<Vec<ServerRow>, String> {
        let monitored = self.is_monitored(node);
        // Plain rows come from memory: a status SHUNNED that is written there would never end by itself. Rows of a
        // Galera group come from the runtime: with the layout in memory every node would be a writer until the
        // monitor's next check.
        let mut image: Vec<ServerRow> = self
            .memory
            .iter()
            .filter(|row| !monitored || self.group(row.hostgroup).is_none())
            .chain(self.live().filter(|row| monitored && self.group(row.hostgroup).is_some()))
            .cloned()
            .collect();
        for row in image.iter_mut().filter(|row| row.server() == node) {
            if self.group(row.hostgroup).is_some() {
                *row = row.zeroed();
            } else if ours(row.hostgroup) && row.status != "OFFLINE_HARD" {
                row.status = "OFFLINE_SOFT".into();
            }
        }
        if monitored {
            for group in &self.groups {
                hand_over(group, node, self, &mut image)?;
            }
        }
        self.someone_is_left(node, &image)?;
        Ok(image)
    }

    /// Where the node takes sessions now, another must take them afterwards.
    fn someone_is_left(&self, node: Server<'_>, image: &[ServerRow]) -> Result<(), String> {
        for row in self.of(node).filter(|row| row.is_usable()) {
            let group = self.group(row.hostgroup);
            if group.is_some_and(|group| row.hostgroup == group.backup || row.hostgroup == group.offline) {
                continue;
            }
            let takes =
                |other: &ServerRow| other.hostgroup == row.hostgroup && other.server() != node && other.is_usable();
            let left = if group.is_some() { image.iter().any(takes) } else { self.runtime.iter().any(takes) };
            if !left {
                return Err(format!(
                    "{}:{} is the last server of host group {} that takes sessions; it is not drained.",
                    row.host, row.port, row.hostgroup
                ));
            }
        }
        // And at its next check the monitor must still find a backup that reads.
        for group in self.groups.iter().filter(|group| group.backups_read) {
            let usable = |hostgroup: u32| image.iter().any(|row| row.hostgroup == hostgroup && row.is_usable());
            let able: BTreeSet<Server<'_>> =
                image.iter().filter(|row| group.has(row.hostgroup) && row.is_usable()).map(ServerRow::server).collect();
            if usable(group.reader) && able.len() <= group.max_writers {
                return Err(format!(
                    "Without {}:{} there would be no reader in host group {} (writer_is_also_reader=2, max_writers={}); it is not \
                     drained.",
                    node.0, node.1, group.reader, group.max_writers
                ));
            }
        }
        Ok(())
    }

    /// Whether somebody has changed the memory table since `found`, apart from what this program writes there.
    pub(super) fn edited_since(&self, found: &Tables, node: Server<'_>) -> bool {
        let servers = |rows: &[ServerRow]| -> BTreeSet<(String, u16)> {
            rows.iter().map(|row| (row.host.clone(), row.port)).collect()
        };
        servers(&self.memory) != servers(&found.memory)
            || !self.memory.iter().all(|row| {
                let was = || found.memory.iter().chain(&found.runtime).filter(|was| was.server() == row.server());
                let known = was().any(|was| {
                    row.attributes() == was.attributes()
                        || row.server() == node && row.attributes() == was.zeroed().attributes()
                });
                let in_place = self.group(row.hostgroup).is_some()
                    || found.memory.iter().any(|was| {
                        was.key() == row.key()
                            && (was.status == row.status || row.server() == node && row.status == "OFFLINE_SOFT")
                    });
                known && in_place
            })
    }

    /// The memory table whose LOAD brings `node` back to where it was `found`, as the others are now.
    pub(super) fn returned(&self, found: &Tables, node: Server<'_>) -> Vec<ServerRow> {
        if !found.is_monitored(node) {
            return found.memory.clone();
        }
        let plain = found.memory.iter().filter(|row| self.group(row.hostgroup).is_none());
        // A server that has fallen ill meanwhile stays where the monitor has put it.
        let healthy = |server: Server<'_>| {
            self.of(server).any(|row| {
                row.status == "ONLINE" && self.group(row.hostgroup).is_some_and(|group| row.hostgroup != group.offline)
            })
        };
        let as_found = |server: Server<'_>| server == node || healthy(server) && found.of(server).next().is_some();
        let grouped = found
            .live()
            .filter(|row| as_found(row.server()))
            .chain(self.live().filter(|row| !as_found(row.server())))
            .filter(|row| self.group(row.hostgroup).is_some());
        plain.chain(grouped).cloned().collect()
    }

    /// The memory table of now with the node's own values as `found`, for when others have changed the rest since.
    pub(super) fn mended(&self, found: &Tables, node: Server<'_>) -> Vec<ServerRow> {
        let was = |row: &ServerRow| {
            let of_node = || found.memory.iter().filter(|was| was.server() == node);
            of_node().find(|was| was.key() == row.key()).or_else(|| of_node().next()).cloned()
        };
        self.memory
            .iter()
            .map(|row| match was(row).filter(|_| row.server() == node) {
                None => row.clone(),
                Some(was) => {
                    let status = if row.status == "OFFLINE_SOFT" { was.status } else { row.status.clone() };
                    ServerRow { status, weight: was.weight, max_connections: was.max_connections, ..row.clone() }
                }
            })
            .collect()
    }

    /// Whether the runtime rows of `node` have the attributes that were `found`, and in plain host groups the status.
    pub(super) fn is_back(&self, found: &Tables, node: Server<'_>) -> bool {
        let attributes = |tables: &Tables| -> BTreeSet<ServerRow> {
            tables
                .of(node)
                .map(|row| match tables.group(row.hostgroup) {
                    Some(group) => ServerRow { hostgroup: group.writer, ..row.with_status("ONLINE") },
                    None if row.status == "SHUNNED" => row.with_status("ONLINE"),
                    None => row.clone(),
                })
                .collect()
        };
        attributes(self) == attributes(found)
    }

    /// What a row means for new sessions.
    pub(super) fn standing(&self, row: &ServerRow) -> Standing {
        let group = self.group(row.hostgroup);
        match &*row.status {
            "OFFLINE_HARD" => Standing::Maintenance,
            "OFFLINE_SOFT" => Standing::Draining,
            _ if row.weight == 0 || row.max_connections == 0 => Standing::Draining,
            _ if group.is_some_and(|group| row.hostgroup == group.offline) => Standing::Down,
            "ONLINE" if group.is_some_and(|group| row.hostgroup == group.backup) => Standing::Backup,
            "ONLINE" => Standing::Serving,
            _ => Standing::Down,
        }
    }
}

/// When `node` is the only writer of the group that takes sessions, the heaviest backup takes its place, as the
/// monitor itself would choose: in the same LOAD, so that the group is never without a writer and never has two.
fn hand_over(group: &Group, node: Server<'_>, tables: &Tables, image: &mut Vec<ServerRow>) -> Result<(), String> {
    let writes = |row: &ServerRow| row.hostgroup == group.writer && row.status == "ONLINE";
    let Some(writer) = tables.of(node).find(|row| writes(row)) else { return Ok(()) };
    if image.iter().any(|row| writes(row) && row.server() != node && row.is_usable()) {
        return Ok(());
    }
    let heir = image
        .iter()
        .filter(|row| row.hostgroup == group.backup && row.server() != node && row.is_usable())
        .max_by_key(|row| (row.weight, row.host.clone(), row.port))
        .cloned()
        .ok_or_else(|| {
            format!(
                "{}:{} is the only writer of host group {} and no backup could take its place; it is not drained.",
                writer.host, writer.port, group.writer
            )
        })?;
    let put = |image: &mut Vec<ServerRow>, row: ServerRow| {
        image.retain(|other| other.key() != row.key());
        image.push(row);
    };
    put(image, writer.zeroed().with_status("SHUNNED"));
    put(image, ServerRow { hostgroup: group.backup, ..writer.zeroed() });
    image.retain(|row| row.key() != heir.key());
    put(image, ServerRow { hostgroup: group.writer, ..heir });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::servers::tests::rows;
    use super::*;

    const NODE3: Server<'static> = ("127.0.0.1", 46063);
    const NODE2: Server<'static> = ("127.0.0.1", 46062);

    fn plain(memory: &str, runtime: &str) -> Tables {
        Tables { memory: rows(memory), runtime: rows(runtime), groups: vec![] }
    }

    fn galera(memory: &str, runtime: &str) -> Tables {
        let groups =
            vec![Group { writer: 10, backup: 20, reader: 30, offline: 9999, max_writers: 1, backups_read: false }];
        Tables { groups, ..plain(memory, runtime) }
    }

    fn sorted(mut rows: Vec<ServerRow>) -> Vec<ServerRow> {
        rows.sort();
        rows
    }

    const MEMORY: &str = "10,1,ONLINE,100,200 10,2,ONLINE,200,200 10,3,ONLINE,300,200";
    /// The layout of one writer among three, as measured (max_writers=1, writer_is_also_reader=0).
    const ONE_WRITER: &str =
        "10,1,SHUNNED,100,200 10,2,SHUNNED,200,200 10,3,ONLINE,300,200 20,1,ONLINE,100,200 20,2,ONLINE,200,200";

    #[test]
    fn a_plain_host_group_is_drained_with_offline_soft() {
        let drained = plain(MEMORY, MEMORY).drained(NODE2, |_| true).unwrap();
        assert_eq!(drained, rows("10,1,ONLINE,100,200 10,2,OFFLINE_SOFT,200,200 10,3,ONLINE,300,200"));
    }

    #[test]
    fn the_sole_writer_hands_over_in_the_same_load() {
        // Measured: stable against three checks of the monitor, no failed statement (f7).
        let drained = galera(MEMORY, ONE_WRITER).drained(NODE3, |_| true).unwrap();
        assert_eq!(
            sorted(drained),
            sorted(rows(
                "10,1,SHUNNED,100,200 10,2,ONLINE,200,200 10,3,SHUNNED,0,0 20,1,ONLINE,100,200 20,3,ONLINE,0,0"
            ))
        );
    }

    #[test]
    fn a_backup_or_one_of_several_writers_loses_weight_and_connections() {
        for (runtime, expected) in [
            (
                ONE_WRITER,
                ONE_WRITER
                    .replace(",2,SHUNNED,200,200", ",2,SHUNNED,0,0")
                    .replace(",2,ONLINE,200,200", ",2,ONLINE,0,0"),
            ),
            (MEMORY, MEMORY.replace("200,200 10,3", "0,0 10,3")),
        ] {
            let drained = galera(MEMORY, runtime).drained(NODE2, |_| true).unwrap();
            assert_eq!(sorted(drained), sorted(rows(&expected)), "{runtime}");
        }
    }

    #[test]
    fn the_last_one_is_not_drained() {
        for tables in [
            plain("10,3,ONLINE,1,1", "10,3,ONLINE,1,1"),
            plain(MEMORY, "10,1,SHUNNED,100,200 10,2,SHUNNED,200,200 10,3,ONLINE,300,200"),
            plain("10,1,ONLINE,0,1 10,3,ONLINE,1,1", "10,1,ONLINE,0,1 10,3,ONLINE,1,1"),
            galera("10,3,ONLINE,1,1", "10,3,ONLINE,1,1"),
            galera(MEMORY, "10,3,ONLINE,1,1 9999,1,ONLINE,1,1 9999,2,ONLINE,1,1"),
            galera(MEMORY, "10,3,ONLINE,1,1 20,1,ONLINE,0,0"),
        ] {
            let why = tables.drained(NODE3, |_| true).unwrap_err();
            assert!(why.contains("46063") && why.contains("not drained"), "{why}");
        }
    }

    #[test]
    fn unpublished_edits_are_found_and_a_monitor_is_no_edit() {
        for (tables, expected) in [
            (plain(MEMORY, MEMORY), None),
            (plain(MEMORY, &MEMORY.replace("2,ONLINE", "2,SHUNNED")), None),
            (plain(MEMORY, &format!("{MEMORY} 10,4,OFFLINE_HARD,1,1")), None),
            (plain(MEMORY, &MEMORY.replace("2,ONLINE", "2,OFFLINE_SOFT")), Some("127.0.0.1:46062 in host group 10")),
            (plain(&MEMORY.replace("100,200", "7,200"), MEMORY), Some("127.0.0.1:46061 in host group 10")),
            (plain(&format!("{MEMORY} 77,1,ONLINE,1,1"), MEMORY), Some("127.0.0.1:46061 in host group 77")),
            (galera(MEMORY, ONE_WRITER), None),
            (galera(MEMORY, "10,1,ONLINE,100,200 9999,2,ONLINE,200,200 10,3,ONLINE,300,200"), None),
            (galera(&MEMORY.replace("100,200", "7,200"), ONE_WRITER), Some("127.0.0.1:46061 in host group 10")),
            (galera(&format!("{MEMORY} 10,4,ONLINE,1,1"), ONE_WRITER), Some("127.0.0.1:46064 in host group 10")),
        ] {
            assert_eq!(tables.pending().as_deref(), expected, "{tables:?}");
        }
    }

    #[test]
    fn a_layout_with_an_ill_server_is_seen() {
        for (runtime, expected) in [
            (ONE_WRITER, None),
            ("10,1,ONLINE,1,1 10,2,SHUNNED,1,1 10,3,ONLINE,1,1", Some("127.0.0.1:46062 is SHUNNED in host group 10")),
            ("10,1,ONLINE,1,1 9999,2,ONLINE,1,1 10,3,ONLINE,1,1", Some("127.0.0.1:46062 is ONLINE in host group 9999")),
            ("10,1,ONLINE,1,1 10,2,ONLINE,1,1 9999,3,ONLINE,1,1", None),
        ] {
            assert_eq!(galera(MEMORY, runtime).astray(NODE3).as_deref(), expected, "{runtime}");
        }
    }

    #[test]
    fn the_way_back_is_what_was_found() {
        let found = galera(MEMORY, ONE_WRITER);
        let drained = found.drained(NODE3, |_| true).unwrap();
        let now = Tables { memory: drained.clone(), runtime: drained, groups: found.groups.clone() };
        assert!(!now.edited_since(&found, NODE3) && !now.is_back(&found, NODE3));
        assert!(now.of(NODE3).all(ServerRow::keeps_away));
        assert_eq!(sorted(now.returned(&found, NODE3)), sorted(rows(ONE_WRITER)));
    }

    #[test]
    fn a_server_that_fell_ill_meanwhile_stays_where_the_monitor_put_it() {
        let found = galera(MEMORY, ONE_WRITER);
        let ill = "10,2,ONLINE,200,200 10,3,SHUNNED,0,0 9999,1,ONLINE,100,200 20,3,ONLINE,0,0";
        let now = galera(ill, ill);
        assert_eq!(
            sorted(now.returned(&found, NODE3)),
            sorted(rows("9999,1,ONLINE,100,200 10,2,SHUNNED,200,200 20,2,ONLINE,200,200 10,3,ONLINE,300,200"))
        );
    }

    #[test]
    fn what_others_wrote_meanwhile_is_told_from_what_we_wrote() {
        let found = plain(MEMORY, MEMORY);
        for (memory, edited) in [
            (MEMORY.to_owned(), false),
            (MEMORY.replace("2,ONLINE", "2,OFFLINE_SOFT"), false),
            (MEMORY.replace("1,ONLINE", "1,OFFLINE_SOFT"), true),
            (MEMORY.replace("100,200", "7,200"), true),
            (format!("{MEMORY} 10,4,ONLINE,1,1"), true),
            (format!("{MEMORY} 77,1,ONLINE,100,200"), true),
            (MEMORY.replace("10,1,ONLINE,100,200 ", ""), true),
        ] {
            assert_eq!(plain(&memory, &memory).edited_since(&found, NODE2), edited, "{memory}");
        }
        let theirs = plain("10,1,ONLINE,7,200 10,2,OFFLINE_SOFT,200,200 10,3,ONLINE,300,200", "");
        assert_eq!(theirs.mended(&found, NODE2), rows("10,1,ONLINE,7,200 10,2,ONLINE,200,200 10,3,ONLINE,300,200"));
    }
}
