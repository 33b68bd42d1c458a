//! A fingerprint of each object of a node's schema, to see that an upgrade left it as it was.
//!
//! `schema verify` compares what SHOW CREATE and SHOW GRANTS print. That is no measure between two versions: 10.11.19
//! quotes a PROXY grant otherwise than 10.11.18 does. So this compares what lies beneath, in information_schema and in
//! the tables of `mysql` that hold accounts.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::cluster::{ClusterError, Connector, Node, Session};

/// What is compared: the name of the object first, then everything that must agree. System schemas are left out,
/// for a version step may change them; what users keep in `mysql` follows below.
const USERS: &[(&str, &str)] = &[
    (
        "table",
        "SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME), TABLE_TYPE, ENGINE, ROW_FORMAT, TABLE_COLLATION, CREATE_OPTIONS FROM \
         information_schema.TABLES",
    ),
    (
        "table",
        "SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME), ORDINAL_POSITION, COLUMN_NAME, COLUMN_DEFAULT, IS_NULLABLE, \
         COLUMN_TYPE, CHARACTER_SET_NAME, COLLATION_NAME, EXTRA, GENERATION_EXPRESSION FROM information_schema.COLUMNS",
    ),
    (
        "table",
        "SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME), INDEX_NAME, NON_UNIQUE, SEQ_IN_INDEX, COLUMN_NAME, SUB_PART, \
         INDEX_TYPE FROM information_schema.STATISTICS",
    ),
    (
        "view",
        "SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME), VIEW_DEFINITION, DEFINER, SECURITY_TYPE FROM information_schema.VIEWS",
    ),
    (
        "trigger",
        "SELECT CONCAT(TRIGGER_SCHEMA, '.', TRIGGER_NAME), EVENT_MANIPULATION, EVENT_OBJECT_TABLE, ACTION_TIMING, \
         ACTION_ORDER, ACTION_STATEMENT FROM information_schema.TRIGGERS",
    ),
    (
        "routine",
        "SELECT CONCAT(ROUTINE_SCHEMA, '.', ROUTINE_NAME), ROUTINE_TYPE, ROUTINE_DEFINITION, SQL_MODE, DEFINER FROM \
         information_schema.ROUTINES",
    ),
];

/// The columns that hold the schema's name, to leave the system's out.
const SCHEMA_COLUMNS: [&str; 3] = ["TABLE_SCHEMA", "TRIGGER_SCHEMA", "ROUTINE_SCHEMA"];

/// Tables of `mysql` whose rows are replicated as statements and must agree on all nodes.
const SYSTEM: &[&str] =
    &["global_priv", "db", "tables_priv", "columns_priv", "procs_priv", "proxies_priv", "roles_mapping", "servers"];

/// Object name, with its kind, to fingerprint.
pub(super) type Fingerprints = BTreeMap<String, String>;

/// Every node's schema.
///
/// # Errors
/// Names the node that could not be read. A table of `mysql` that this user may not read is left out.
pub(super) async fn read(connector: &Connector) -> Result<Vec<(String, Fingerprints)>, String> {
    let all = connector.on_every_node(async |node| read_node(connector, node).await).await;
    let named = connector.nodes().iter().zip(all).map(|(node, read)| match read {
        Ok(read) => Ok((node.name.clone(), read)),
        Err(error) => Err(format!("The schema of {} could not be read: {error}", node.name)),
    });
    named.collect()
}

async fn read_node(connector: &Connector, node: &Node) -> Result<Fingerprints, ClusterError> {
    let mut session = connector.observer(node).await?;
    let read = read_session(&mut session).await;
    session.close().await;
    read
}

async fn read_session(session: &mut Session) -> Result<Fingerprints, ClusterError> {
    let mut hashes: BTreeMap<String, Sha256> = BTreeMap::new();
    for (kind, sql) in USERS {
        let column = SCHEMA_COLUMNS.iter().find(|column| sql.contains(*column)).unwrap_or(&SCHEMA_COLUMNS[0]);
        let sql = format!(
            "{sql} WHERE {column} NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') ORDER BY 1, 2, 3, 4"
        );
        add(&mut hashes, session, kind, &sql).await?;
    }
    for table in SYSTEM {
        let sql = format!("SELECT 'mysql.{table}', t.* FROM mysql.{table} t ORDER BY 1, 2, 3, 4");
        match add(&mut hashes, session, "rows of", &sql).await {
            Ok(()) => {}
            // No such table in this version, or no privilege for it.
            Err(error) if error.is_denied() || matches!(error.code(), Some(1146 | 1356)) => {}
            Err(error) => return Err(error),
        }
    }
    let hex = |hash: Sha256| hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Ok(hashes.into_iter().map(|(name, hash)| (name, hex(hash))).collect())
}

async fn add(
    hashes: &mut BTreeMap<String, Sha256>,
    session: &mut Session,
    kind: &str,
    sql: &str,
) -> Result<(), ClusterError> {
    let rows = session.query(sql).await?;
    for row in rows.iter() {
        let hash = hashes.entry(format!("{kind} {}", row.get::<String>(0)?)).or_default();
        for column in 1..rows.width() {
            match row.get::<Option<Vec<u8>>>(column)? {
                Some(bytes) => {
                    hash.update([1]);
                    hash.update((bytes.len() as u64).to_le_bytes());
                    hash.update(bytes);
                }
                None => hash.update([0]),
            }
        }
    }
    Ok(())
}

/// The objects that are not the same on all nodes.
pub(super) fn differing(all: &[(String, Fingerprints)]) -> Vec<String> {
    let mut names: Vec<&String> = all.iter().flat_map(|(_, objects)| objects.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let differs = |name: &&String| all.windows(2).any(|pair| pair[0].1.get(*name) != pair[1].1.get(*name));
    names.into_iter().filter(differs).cloned().collect()
}

/// One node's fingerprints.
pub(super) fn of(all: Vec<(String, Fingerprints)>, node: &str) -> Fingerprints {
    all.into_iter().find(|(name, _)| name == node).map(|(_, objects)| objects).unwrap_or_default()
}
