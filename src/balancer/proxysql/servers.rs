//! Rows of `mysql_servers` and the statements that make one set of rows out of another.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::admin::Record;

/// One row of `mysql_servers` or `runtime_mysql_servers`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct ServerRow {
    pub hostgroup: u32,
    pub host: String,
    pub port: u16,
    /// ONLINE, SHUNNED, OFFLINE_SOFT or OFFLINE_HARD, in upper case.
    pub status: String,
    pub weight: u64,
    pub max_connections: u64,
    /// All other columns, whatever this version of ProxySQL has.
    pub other: BTreeMap<String, Option<String>>,
}

/// A server, whatever its host groups.
pub(super) type Server<'a> = (&'a str, u16);

impl ServerRow {
    /// Reads a row; `None` when it is not one of these tables.
    pub(super) fn read(mut record: Record) -> Option<Self> {
        let mut take = |column: &str| record.remove(column).flatten();
        Some(Self {
            hostgroup: take("hostgroup_id")?.parse().ok()?,
            host: take("hostname")?,
            port: take("port")?.parse().ok()?,
            status: take("status")?.to_ascii_uppercase(),
            weight: take("weight")?.parse().ok()?,
            max_connections: take("max_connections")?.parse().ok()?,
            other: record,
        })
    }

    pub(super) fn server(&self) -> Server<'_> {
        (&self.host, self.port)
    }

    pub(super) fn key(&self) -> (u32, &str, u16) {
        (self.hostgroup, &self.host, self.port)
    }

    /// What does not depend on the host group or on what a monitor does with the row.
    pub(super) fn attributes(&self) -> (u64, u64, &BTreeMap<String, Option<String>>) {
        (self.weight, self.max_connections, &self.other)
    }

    /// New sessions go there.
    pub(super) fn is_usable(&self) -> bool {
        self.status == "ONLINE" && self.weight > 0 && self.max_connections > 0
    }

    /// New sessions are kept away by an administrator.
    pub(super) fn keeps_away(&self) -> bool {
        matches!(&*self.status, "OFFLINE_SOFT" | "OFFLINE_HARD") || (self.weight == 0 && self.max_connections == 0)
    }

    /// The row with neither weight nor connections: a Galera monitor leaves that alone.
    pub(super) fn zeroed(&self) -> Self {
        Self { weight: 0, max_connections: 0, ..self.clone() }
    }

    pub(super) fn with_status(&self, status: &str) -> Self {
        Self { status: status.to_owned(), ..self.clone() }
    }

    fn columns(&self) -> BTreeMap<&str, String> {
        let mut columns: BTreeMap<&str, String> = self
            .other
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_deref().map_or_else(|| "NULL".into(), quote)))
            .collect();
        columns.insert("hostgroup_id", self.hostgroup.to_string());
        columns.insert("hostname", quote(&self.host));
        columns.insert("port", self.port.to_string());
        columns.insert("status", quote(&self.status));
        columns.insert("weight", self.weight.to_string());
        columns.insert("max_connections", self.max_connections.to_string());
        columns
    }

    fn condition(&self) -> String {
        format!("hostgroup_id={} AND hostname={} AND port={}", self.hostgroup, quote(&self.host), self.port)
    }
}

/// A text for SQLite.
pub(super) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The statements that turn `from` into `to` in the memory table, one row each: first what is changed, then what is
/// new, at last what goes, so that no server is missing in between.
pub(super) fn changes(from: &[ServerRow], to: &[ServerRow]) -> Vec<String> {
    let mut sql = Vec::new();
    for new in to {
        if let Some(old) = from.iter().find(|old| old.key() == new.key()) {
            let before = old.columns();
            let set: Vec<String> = new
                .columns()
                .into_iter()
                .filter(|(name, value)| before.get(name) != Some(value))
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            if !set.is_empty() {
                sql.push(format!("UPDATE mysql_servers SET {} WHERE {}", set.join(","), new.condition()));
            }
        }
    }
    for new in to.iter().filter(|new| !from.iter().any(|old| old.key() == new.key())) {
        let (names, values): (Vec<&str>, Vec<String>) = new.columns().into_iter().unzip();
        sql.push(format!("INSERT INTO mysql_servers ({}) VALUES ({})", names.join(","), values.join(",")));
    }
    for old in from.iter().filter(|old| !to.iter().any(|new| old.key() == new.key())) {
        sql.push(format!("DELETE FROM mysql_servers WHERE {}", old.condition()));
    }
    sql
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// `10,2,ONLINE,200,200`: host group, node number, status, weight, connections.
    pub(in super::super) fn rows(text: &str) -> Vec<ServerRow> {
        let row = |row: &str| {
            let cells: Vec<&str> = row.split(',').collect();
            ServerRow {
                hostgroup: cells[0].parse().unwrap(),
                host: "127.0.0.1".into(),
                port: 46060 + cells[1].parse::<u16>().unwrap(),
                status: cells[2].into(),
                weight: cells[3].parse().unwrap(),
                max_connections: cells[4].parse().unwrap(),
                other: [("comment".to_owned(), Some("it's".to_owned()))].into(),
            }
        };
        text.split_whitespace().map(row).collect()
    }

    #[test]
    fn only_what_differs_is_changed() {
        let from = rows("10,1,ONLINE,1,1 10,2,ONLINE,1,1 20,2,ONLINE,1,1");
        let to = rows("10,1,ONLINE,1,1 10,2,SHUNNED,0,1 20,1,ONLINE,1,1");
        assert_eq!(
            changes(&from, &to),
            [
                "UPDATE mysql_servers SET status='SHUNNED',weight=0 WHERE hostgroup_id=10 AND hostname='127.0.0.1' AND port=46062",
                "INSERT INTO mysql_servers (comment,hostgroup_id,hostname,max_connections,port,status,weight) VALUES \
                 ('it''s',20,'127.0.0.1',1,46061,'ONLINE',1)",
                "DELETE FROM mysql_servers WHERE hostgroup_id=20 AND hostname='127.0.0.1' AND port=46062",
            ]
        );
        assert_eq!(changes(&from, &from), Vec::<String>::new());
    }

    #[test]
    fn a_row_is_read_with_all_its_columns() {
        let record = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect::<Record>()
        };
        let mut pairs = vec![
            ("hostgroup_id", "10"),
            ("hostname", "127.0.0.1"),
            ("port", "46062"),
            ("status", "online"),
            ("weight", "2"),
            ("max_connections", "3"),
            ("comment", "it's"),
        ];
        assert_eq!(ServerRow::read(record(&pairs)), rows("10,2,ONLINE,2,3").pop());
        pairs.remove(3);
        assert_eq!(ServerRow::read(record(&pairs)), None);
    }
}
