//! What the objects of a pass look like on one node, in a form that can be compared.

use crate::cluster::{ClusterError, Session, snapshot};
use crate::plan::PlannedStatement;
use crate::plan::facts::TableName;
use crate::verify::{ObjectKind, Scope};

/// The objects that a pass is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    /// `db.table` of every statement, without repetition.
    pub(super) tables: Vec<TableName>,
    /// What is compared.
    scope: Scope,
    /// Triggers that a copying tool has on a table for the time of the change; they are no part of it.
    passing: Vec<(String, String)>,
}

/// Heads of statements whose whole effect shows on the table that they name.
const ON_TABLES: &[&str] = &[
    "alter_table",
    "create_index",
    "drop_index",
    "create_table",
    "optimize_table",
    "analyze_table",
    "repair_table",
    "truncate_table",
    "create_view",
    "alter_view",
    "create_sequence",
    "alter_sequence",
];
/// Heads of statements about accounts.
const ON_USERS: &[&str] = &["user", "role", "grant", "revoke", "password"];

/// The objects that these statements are about. Where one names no table, or may touch more than it names, all objects
/// of its database are.
pub(super) fn objects(statements: &[&PlannedStatement]) -> Objects {
    let mut tables: Vec<TableName> = Vec::new();
    let mut databases: Vec<String> = Vec::new();
    let mut wide = false;
    let mut users = false;
    let mut passing = Vec::new();
    for statement in statements {
        if let Some(copy) = &statement.copy {
            passing.extend(copy.triggers().map(|trigger| (copy.database.clone(), trigger)));
        }
        users |= ON_USERS.iter().any(|word| statement.kind.contains(word));
        // What is no table, and has no dot, is a database.
        let TableName { database, table } =
            statement.table().unwrap_or_else(|| TableName::new(statement.object.as_deref().unwrap_or_default(), ""));
        wide |= !ON_TABLES.contains(&statement.kind.as_str()) || renames(statement);
        let database = if database.is_empty() { statement.database.clone().unwrap_or_default() } else { database };
        if !database.is_empty() && !databases.contains(&database) {
            databases.push(database.clone());
        }
        for table in std::iter::once(&TableName::new(database, table)).chain(&statement.tables) {
            if !table.table.is_empty() && !tables.contains(table) {
                tables.push(table.clone());
            }
        }
    }
    let mut scope =
        if wide || tables.is_empty() { Scope::of_databases(databases) } else { Scope::of_tables(tables.clone()) };
    scope.users = users;
    Objects { tables, scope, passing }
}

/// ALTER TABLE .. RENAME makes another object of it.
fn renames(statement: &PlannedStatement) -> bool {
    statement.operations.iter().any(|operation| {
        matches!(operation.get("op").and_then(|op| op.as_str()), Some("rename_table" | "rename" | "opaque"))
    })
}

/// A fingerprint over the definitions of the objects as the node holds them now.
///
/// # Errors
/// When the node cannot be asked, or a definition cannot be read.
pub(super) async fn fingerprint(session: &mut Session, objects: &Objects) -> Result<String, ClusterError> {
    let mut snapshot = snapshot(session, &objects.scope).await?;
    snapshot.objects.retain(|object, _| {
        object.kind != ObjectKind::Trigger
            || objects.passing.iter().all(|(database, name)| *database != object.database || *name != object.name)
    });
    snapshot.fingerprint().ok_or_else(|| {
        ClusterError::Unsupported(format!(
            "The definition of an object on node {} cannot be read, so it cannot be compared.",
            session.node()
        ))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn statement(kind: &str, object: &str, tables: &[TableName]) -> PlannedStatement {
        serde_json::from_value(json!({
            "index": 1, "file": "-e", "line": 1, "sql": "", "kind": kind, "object": object, "tables": tables,
            "operations": [], "algorithm": null, "lock": null,
            "rsu": { "verdict": "safe", "old_to_new": "ok", "new_to_old": "ok", "conditions": [] },
            "method": "RSU", "reasons": [], "execute": "", "estimate": {},
        }))
        .unwrap()
    }

    #[test]
    fn names_may_hold_dots() {
        for (database, table) in [("a.b", "t"), ("a", "b.t"), ("a", "t")] {
            let name = TableName::new(database, table);
            let found =
                objects(&[&statement("alter_table", &format!("{database}.{table}"), std::slice::from_ref(&name))]);
            assert_eq!(found.tables, [name]);
        }
        // Without a list of tables the first dot is the one between the names.
        assert_eq!(objects(&[&statement("create_view", "a.v", &[])]).tables, [TableName::new("a", "v")]);
    }
}
