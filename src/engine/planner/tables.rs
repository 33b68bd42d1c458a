//! The tables that a plan concerns, as every node defines them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::{Duration, Instant};

use crate::cluster::facts::{Tables, tables};
use crate::cluster::{ClusterError, Connector, snapshot_all};
use crate::ddl::ServerProfile;
use crate::ddl::model::{Catalog, HiddenDocId, Object as Known};
use crate::plan::check::{Finding, Verdict};
use crate::plan::facts::{TableFacts, TableName, Unseen};
use crate::plan::{Amount, Named};
use crate::verify::{Definition, ObjectKind, SchemaSnapshot, Scope, compare};

/// What was seen of the tables.
pub(super) struct TablesSeen {
    /// What statements are judged on.
    pub(super) catalog: Catalog,
    /// Each table where it is largest, with statistics that are not old where a node has such.
    pub(super) sizes: BTreeMap<TableName, TableFacts>,
    /// Each table's definition.
    pub(super) definitions: BTreeMap<TableName, String>,
    /// Whether all nodes define them alike.
    pub(super) findings: Vec<Finding>,
}

/// How long a change may take from one node to the last before it is called a difference.
const REPLICATION: Duration = Duration::from_secs(2);

/// Looks at the tables on all nodes.
pub(super) async fn look(
    connector: &Connector,
    named: &Named,
    profile: &ServerProfile,
    database: Option<&str>,
) -> Result<TablesSeen, ClusterError> {
    let mut catalog = Catalog::new(profile.settings.clone());
    catalog.default_database = database.map(ToOwned::to_owned);
    let mut seen = TablesSeen { catalog, sizes: BTreeMap::new(), definitions: BTreeMap::new(), findings: Vec::new() };
    let names: Vec<TableName> = named.tables.iter().cloned().collect();
    let dropped: Vec<String> = named.dropped.iter().cloned().collect();
    if names.is_empty() && dropped.is_empty() {
        return Ok(seen);
    }
    let look = async |which: Tables<'_>| {
        connector
            .on_every_node(async |node| {
                let mut session = connector.observer(node).await?;
                let seen = tables(&mut session, which).await;
                session.close().await;
                seen
            })
            .await
    };
    let (snapshots, mut sizes, of_databases) =
        tokio::join!(snapshots(connector, &names), look(Tables::Named(&names)), look(Tables::Of(&dropped)));
    sizes.extend(of_databases);
    // A node that could not be asked is told of by its own check.
    let mut doc_ids: BTreeMap<TableName, Option<bool>> = BTreeMap::new();
    for node in sizes.into_iter().flatten() {
        for (name, facts) in node.tables {
            // Where the nodes differ, either may be what a statement meets.
            let doc_id = doc_ids.entry(name.clone()).or_insert(facts.doc_id);
            if *doc_id != facts.doc_id {
                *doc_id = None;
            }
            match seen.sizes.entry(name) {
                Entry::Vacant(entry) => {
                    entry.insert(facts);
                }
                Entry::Occupied(mut entry) => larger(entry.get_mut(), facts),
            }
        }
    }
    let Some((_, reference)) = snapshots.told.first() else { return Ok(seen) };
    for (object, definition) in &reference.objects {
        let Definition::Known { sql, .. } = definition else { continue };
        if matches!(object.kind, ObjectKind::Table | ObjectKind::Sequence | ObjectKind::View) {
            learn(&mut seen.catalog, &object.database, sql);
        }
        if object.kind == ObjectKind::Table {
            let hidden = match doc_ids.get(&TableName::new(&object.database, &object.name)).copied().flatten() {
                Some(true) => HiddenDocId::There,
                Some(false) => HiddenDocId::Gone,
                None => HiddenDocId::Unknown,
            };
            seen.catalog.set_hidden_doc_id(&object.database, &object.name, hidden);
        }
        if object.kind == ObjectKind::Table {
            seen.definitions.insert(TableName::new(&object.database, &object.name), sql.clone());
        }
    }
    for name in &names {
        let there =
            reference.objects.keys().any(|object| object.database == name.database && object.name == name.table);
        if !there {
            let database = seen.catalog.databases.entry(name.database.clone()).or_default();
            database.objects.insert(name.table.clone(), Known::Gone);
        }
    }
    seen.findings = agreement(&snapshots);
    Ok(seen)
}

/// Keeps what two nodes say of a table: they hold the same rows, so the statistics of one that has counted them lately count
/// for both, with the larger files.
fn larger(known: &mut TableFacts, other: TableFacts) {
    let files = known.file_bytes.max(other.file_bytes);
    let weight = |facts: &TableFacts| (!Amount::statistics_are_old(facts), facts.bytes());
    if weight(&other) > weight(known) {
        *known = other;
    }
    known.file_bytes = files;
}

/// Looks at the definitions on all nodes that answer. A change that somebody else has just made reaches the nodes one
/// after the other, so a difference is looked at again before it is believed.
async fn snapshots(connector: &Connector, names: &[TableName]) -> Snapshots {
    let scope = Scope { tables: names.to_vec(), ..Scope::default() };
    let deadline = Instant::now() + REPLICATION;
    loop {
        let mut seen = Snapshots { told: Vec::new(), hidden: Vec::new() };
        for (node, snapshot) in snapshot_all(connector, &scope).await {
            match snapshot {
                Ok(snapshot) => seen.told.push((node, snapshot)),
                // A node that could not be asked at all is told of by its own check.
                Err(error) if error.is_connect() => {}
                Err(error) => seen.hidden.push((node, error)),
            }
        }
        if compare(&seen.told).differences.is_empty() || Instant::now() >= deadline {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What the nodes say of the tables, and which of them answered with an error.
struct Snapshots {
    told: Vec<(String, SchemaSnapshot)>,
    hidden: Vec<(String, ClusterError)>,
}

/// Adds one definition to the catalogue, in its own database.
fn learn(catalog: &mut Catalog, database: &str, create: &str) {
    let statement = crate::ddl::parse(create, catalog.settings.dialect);
    catalog.apply(&statement, create, Some(database));
}

/// A change on top of a difference makes two of them. A definition that is not shown is not known to be the same.
fn agreement(snapshots: &Snapshots) -> Vec<Finding> {
    let finding =
        |verdict, saw, advice| Finding { check: "same-definition".to_owned(), verdict, node: None, saw, advice };
    let comparison = compare(&snapshots.told);
    let mut findings = Vec::new();
    if !comparison.differences.is_empty() {
        let different: Vec<String> =
            comparison.differences.iter().map(|difference| difference.object.to_string()).collect();
        findings.push(finding(
            Verdict::Failed,
            format!("The nodes do not define {} alike.", different.join(", ")),
            "A node that is behind (`schema status` shows its queue) catches up by itself. If none is: `schema verify` shows the \
             difference and the DDL that mends it."
                .to_owned(),
        ));
    }
    let mut hidden: BTreeMap<(String, &Unseen), Vec<&str>> = BTreeMap::new();
    for (node, object, why) in &comparison.unreadable {
        hidden.entry((object.to_string(), why)).or_default().push(node);
    }
    for ((object, why), nodes) in hidden {
        findings.push(finding(
            Verdict::Unseen,
            format!("The definition of {object} could not be read on {}: {}.", nodes.join(", "), why.why),
            why.grant.clone().unwrap_or_default(),
        ));
    }
    for (node, error) in &snapshots.hidden {
        findings.push(finding(
            Verdict::Unseen,
            format!("How node {node} defines the tables concerned could not be read: {error}"),
            error.grant().map(ToOwned::to_owned).unwrap_or_default(),
        ));
    }
    if findings.is_empty() {
        let saw = "All nodes define the tables concerned alike.".to_owned();
        findings.push(finding(Verdict::Passed, saw, String::new()));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_come_from_a_node_that_has_counted_lately() {
        let facts = |rows, data, file| TableFacts {
            rows: Some(rows),
            data_bytes: Some(data),
            file_bytes: Some(file),
            ..TableFacts::default()
        };
        let counted = || facts(400_000, 55_000_000, 62_000_000);
        let behind_a_load = || facts(400_000, 16_384, 63_000_000);
        for (mut known, other) in [(counted(), behind_a_load()), (behind_a_load(), counted())] {
            larger(&mut known, other);
            assert_eq!(known, facts(400_000, 55_000_000, 63_000_000));
        }
        let mut known = counted();
        larger(&mut known, facts(500_000, 60_000_000, 62_000_000));
        assert_eq!(known.rows, Some(400_000), "of two that are as large, either will do");
        larger(&mut known, facts(600_000, 80_000_000, 90_000_000));
        assert_eq!((known.rows, known.file_bytes), (Some(600_000), Some(90_000_000)));
    }
}
