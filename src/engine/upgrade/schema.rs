//! The schema of every node, users and grants included, to see that an upgrade left it as it was.

use std::collections::BTreeMap;

use crate::cluster::{Connector, snapshot_all};
use crate::verify::{SchemaSnapshot, Scope, compare};

/// Object to fingerprint, for the bundle.
pub(super) type Fingerprints = BTreeMap<String, String>;

/// Every node's schema.
///
/// # Errors
/// Names the node that could not be read.
pub(super) async fn read(connector: &Connector) -> Result<Vec<(String, SchemaSnapshot)>, String> {
    // What users keep in `mysql` (accounts, grants, roles) is replicated and must agree; its tables may change with
    // the version and are mariadb-upgrade's business.
    let scope = Scope { users: true, ..Scope::default() };
    let mut all = Vec::new();
    for (node, read) in snapshot_all(connector, &scope).await {
        let snapshot = read.map_err(|error| format!("The schema of {node} could not be read: {error}"))?;
        all.push((node, snapshot));
    }
    Ok(all)
}

/// The objects that are not the same on all nodes, or that a node does not tell.
pub(super) fn differing(all: &[(String, SchemaSnapshot)]) -> Vec<String> {
    let found = compare(all);
    let mut names: Vec<String> =
        found.differences.iter().map(|difference| format!("{} {}", difference.kind, difference.name)).collect();
    names.extend(found.unreadable.iter().map(|(_, object, _)| format!("{object} (not readable)")));
    names.sort_unstable();
    names.dedup();
    names
}

/// One node's fingerprints.
pub(super) fn fingerprints(all: &[(String, SchemaSnapshot)], node: &str) -> Fingerprints {
    let snapshot = all.iter().find(|(name, _)| name == node).map(|(_, snapshot)| snapshot);
    let objects = snapshot.into_iter().flat_map(|snapshot| &snapshot.objects);
    objects.map(|(object, definition)| (object.to_string(), definition.fingerprint().unwrap_or_default())).collect()
}
