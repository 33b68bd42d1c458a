//! Where the rows of a plan's tables are before it begins: statements rename tables, swap them and make new ones, and
//! questions to the rows, and sizes, are about the tables as they are today.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::facts::TableName;
use crate::ddl::ast::{Body, CreateSource, Kind, ObjectName, Operation, PartitionOp, Statement};
use crate::ddl::model::{Catalog, Lookup, Table};

/// Where the rows of a table are today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// In this table, and its definition of today, where that is known.
    In(TableName, Option<Arc<Table>>),
    /// There are none: the plan makes the table, or it is not there.
    Nowhere,
    /// Spread over these tables, in a way that a question cannot follow: partitions change hands.
    Among(Vec<TableName>),
    /// Nobody knows: they come from a query.
    Unknown,
}

impl Rows {
    /// The tables in which they are; `None` when nobody knows.
    pub fn tables(&self) -> Option<Vec<TableName>> {
        match self {
            Self::In(name, _) => Some(vec![name.clone()]),
            Self::Nowhere => Some(Vec::new()),
            Self::Among(names) => Some(names.clone()),
            Self::Unknown => None,
        }
    }

    /// Some of them, no question can tell which.
    fn part(&self) -> Self {
        match self {
            Self::In(name, _) => Self::Among(vec![name.clone()]),
            other => other.clone(),
        }
    }

    /// What two tables have together once rows move between them.
    fn mixed(&self, other: &Self) -> Self {
        match (self.tables(), other.tables()) {
            (Some(one), Some(other)) if one.is_empty() && other.is_empty() => Self::Nowhere,
            (Some(mut one), Some(other)) => {
                one.extend(other);
                one.sort();
                one.dedup();
                Self::Among(one)
            }
            _ => Self::Unknown,
        }
    }
}

/// Where the rows of all tables are, statement after statement.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins {
    /// By qualified name in lower case. A table that is not here was not touched yet.
    moved: BTreeMap<String, Rows>,
}

impl Origins {
    /// Where the rows of a table are, as the plan stands. `catalog` holds the definitions at this point, which are those
    /// of today for a table that no statement has touched.
    pub(super) fn of(&self, name: &ObjectName, database: Option<&str>, catalog: &Catalog) -> Rows {
        if let Some(rows) = self.moved.get(&key(name, database)) {
            return rows.clone();
        }
        let home = name.database_or(database);
        match catalog.table(home, &name.name.value) {
            Lookup::Absent => Rows::Nowhere,
            found => {
                Rows::In(TableName::new(home.unwrap_or_default(), &name.name.value), found.table().map(Arc::clone))
            }
        }
    }

    /// Remembers where the rows of the tables are that a statement is about to touch.
    pub(super) fn touch(&mut self, names: &[ObjectName], database: Option<&str>, catalog: &Catalog) {
        for name in names {
            let rows = self.of(name, database, catalog);
            self.moved.insert(key(name, database), rows);
        }
    }

    /// Follows a statement whose tables were touched. `existed`: the table that it names may have been there before.
    pub(super) fn follow(&mut self, tree: &Statement, database: Option<&str>, existed: bool) {
        match &tree.body {
            Body::CreateTable(create) if !create.if_not_exists || !existed => {
                let filled = matches!(create.source, Some(CreateSource::Query(_)));
                let rows = if filled { Rows::Unknown } else { Rows::Nowhere };
                self.moved.insert(key(&create.table, database), rows);
            }
            Body::Drop(drop) if tree.kind == Kind::DropTable => {
                for name in &drop.names {
                    self.moved.insert(key(name, database), Rows::Nowhere);
                }
            }
            Body::Drop(drop) if tree.kind == Kind::DropDatabase => {
                for name in &drop.names {
                    let of_it = format!("{}.", name.name.value.to_lowercase());
                    for (_, rows) in self.moved.iter_mut().filter(|(name, _)| name.starts_with(&of_it)) {
                        *rows = Rows::Nowhere;
                    }
                }
            }
            Body::RenameTable { renames, .. } => {
                for rename in renames {
                    self.rename(&rename.from, &rename.to, database);
                }
            }
            Body::AlterTable(alter) => {
                for operation in alter.operations() {
                    match operation {
                        Operation::RenameTable(to) => self.rename(&alter.table, to, database),
                        Operation::Partition(op) => self.move_partition(op, &alter.table, database),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn rename(&mut self, from: &ObjectName, to: &ObjectName, database: Option<&str>) {
        if let Some(rows) = self.moved.insert(key(from, database), Rows::Nowhere) {
            self.moved.insert(key(to, database), rows);
        }
    }

    fn move_partition(&mut self, op: &PartitionOp, table: &ObjectName, database: Option<&str>) {
        let (PartitionOp::Exchange { table: other, .. }
        | PartitionOp::ConvertToTable { table: other, .. }
        | PartitionOp::ConvertFromTable { table: other, .. }) = op
        else {
            return;
        };
        let rows = |name| self.moved.get(&key(name, database)).unwrap_or(&Rows::Unknown);
        let (here, there) = match op {
            // What stays is a part of what was there, and a question to all of it is the stricter one.
            PartitionOp::ConvertToTable { .. } => (rows(table).clone(), rows(table).part()),
            PartitionOp::ConvertFromTable { .. } => (rows(table).mixed(rows(other)), Rows::Nowhere),
            _ => (rows(table).mixed(rows(other)), rows(table).mixed(rows(other))),
        };
        self.moved.insert(key(table, database), here);
        self.moved.insert(key(other, database), there);
    }
}

fn key(name: &ObjectName, database: Option<&str>) -> String {
    name.qualified(database).to_lowercase()
}

/// The tables that a statement reads, makes, moves or drops, each as it is written.
pub(super) fn touched(tree: &Statement) -> Vec<ObjectName> {
    let mut names = tree.objects.clone();
    match &tree.body {
        Body::RenameTable { renames, .. } => names.extend(renames.iter().map(|rename| rename.to.clone())),
        Body::AlterTable(alter) => {
            names.extend(alter.operations().filter_map(|operation| match operation {
                Operation::RenameTable(to) => Some(to.clone()),
                Operation::Partition(op) => other_table(op).cloned(),
                _ => None,
            }));
        }
        _ => {}
    }
    names
}

/// The table besides its own that partition maintenance works on.
pub(super) fn other_table(op: &PartitionOp) -> Option<&ObjectName> {
    match op {
        PartitionOp::Exchange { table, .. }
        | PartitionOp::ConvertToTable { table, .. }
        | PartitionOp::ConvertFromTable { table, .. } => Some(table),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ddl::{ServerProfile, parse};

    /// Where the rows of `table` are behind the statements, in words.
    fn behind(statements: &[&str], table: &str) -> String {
        let settings = ServerProfile::of("10.11.19".parse().unwrap()).settings;
        let dump = "CREATE TABLE app.t (id INT PRIMARY KEY); CREATE TABLE app.u (id INT PRIMARY KEY);";
        let mut catalog = Catalog::from_dump(dump, settings.clone());
        let mut origins = Origins::default();
        for sql in statements {
            let tree = parse(sql, settings.dialect);
            let name = tree.objects.first();
            let existed = name.is_none_or(|name| catalog.table(Some("app"), &name.name.value) != Lookup::Absent);
            origins.touch(&touched(&tree), Some("app"), &catalog);
            catalog.apply(&tree, sql, Some("app"));
            origins.follow(&tree, Some("app"), existed);
        }
        let tree = parse(&format!("TRUNCATE TABLE {table}"), settings.dialect);
        match origins.of(&tree.objects[0], Some("app"), &catalog) {
            Rows::In(name, definition) => format!("{name} {}", if definition.is_some() { "known" } else { "unknown" }),
            Rows::Nowhere => "nowhere".to_owned(),
            Rows::Among(names) => names.iter().map(ToString::to_string).collect::<Vec<_>>().join("+"),
            Rows::Unknown => "unknown".to_owned(),
        }
    }

    #[test]
    fn rows_follow_the_names() {
        for (statements, table, expected) in [
            (&[][..], "t", "app.t known"),
            (&[], "other.t", "other.t unknown"),
            (&["RENAME TABLE t TO v"], "V", "app.t known"),
            (&["RENAME TABLE t TO v"], "t", "nowhere"),
            (&["ALTER TABLE t ADD c INT, RENAME TO v"], "v", "app.t known"),
            (&["RENAME TABLE t TO x, u TO t, x TO u"], "t", "app.u known"),
            (&["CREATE TABLE v LIKE t", "RENAME TABLE t TO gone, v TO t"], "t", "nowhere"),
            (&["CREATE TABLE IF NOT EXISTS t (id INT)"], "t", "app.t known"),
            (&["CREATE TABLE v AS SELECT * FROM t"], "v", "unknown"),
            (&["DROP TABLE t", "CREATE TABLE t (id INT)"], "t", "nowhere"),
            (&["ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u"], "u", "app.t+app.u"),
            (&["ALTER TABLE t CONVERT PARTITION p TO TABLE v"], "v", "app.t"),
            (&["ALTER TABLE t CONVERT TABLE u TO PARTITION p VALUES LESS THAN (5)"], "u", "nowhere"),
        ] {
            assert_eq!(behind(statements, table), expected, "{statements:?}");
        }
    }
}
