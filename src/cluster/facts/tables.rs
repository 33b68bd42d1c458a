//! Tables: sizes, keys between them, partitions, triggers. A few queries for all of them together.

use std::collections::{BTreeMap, HashSet};

use super::{filename, unseen};
use crate::cluster::{ClusterError, Rows, Session, quote_text};
use crate::plan::facts::{Seen, TableFacts, TableName, Unseen};
use crate::verify::SYSTEM_DATABASES;

/// Which tables are looked at.
#[derive(Clone, Copy, Debug)]
pub enum Tables<'a> {
    /// Every table of the application's databases.
    All,
    /// These; one that does not exist is left out of the answer.
    Named(&'a [TableName]),
    /// Every table of these databases.
    Of(&'a [String]),
}

/// What InnoDB's dictionary is asked. One look takes tens of milliseconds for 5,000 tables; the same facts from the
/// standard information_schema open every table (docs/privileges.md says what PROCESS is needed for).
const DICTIONARY: &str = "SELECT name, file_size FROM information_schema.innodb_sys_tablespaces; \
    SELECT for_name, ref_name FROM information_schema.innodb_sys_foreign; \
    SELECT table_id, name FROM information_schema.innodb_sys_tables; \
    SELECT table_id FROM information_schema.innodb_sys_indexes WHERE name = 'PRIMARY'; \
    SELECT table_id FROM information_schema.innodb_sys_columns WHERE name = 'FTS_DOC_ID'";

/// What was seen of a node's tables.
#[derive(Clone, Debug)]
pub struct TablesSeen {
    /// The tables that exist.
    pub tables: BTreeMap<TableName, TableFacts>,
    /// Whether InnoDB's dictionary could be read. Without it the sizes of files are unknown, and so are foreign keys
    /// of tables that the user may not see.
    pub dictionary: Seen<()>,
}

/// Looks at tables on one node, over an observer's session. Views are no tables.
///
/// # Errors
/// When the node cannot be asked.
pub async fn tables(session: &mut Session, which: Tables<'_>) -> Result<TablesSeen, ClusterError> {
    let mut found = BTreeMap::new();
    let Some(condition) = condition(which, "table_schema", "table_name") else {
        return Ok(TablesSeen { tables: found, dictionary: Ok(()) });
    };
    let rows = session
        .query(&format!(
            "SELECT table_schema, table_name, table_type, engine, row_format, table_rows, data_length, index_length, \
             table_collation, create_options FROM information_schema.tables \
             WHERE table_type <> 'VIEW' AND {condition}"
        ))
        .await?;
    for row in rows.iter() {
        let facts = TableFacts {
            kind: row.get(2)?,
            engine: row.get(3)?,
            row_format: row.get(4)?,
            rows: row.get(5)?,
            data_bytes: row.get(6)?,
            index_bytes: row.get(7)?,
            collation: row.get(8)?,
            create_options: row.get::<Option<String>>(9)?.unwrap_or_default(),
            ..TableFacts::default()
        };
        found.insert(TableName { database: row.get(0)?, table: row.get(1)? }, facts);
    }
    triggers(session, which, &mut found).await?;
    let dictionary = match session.query_all(DICTIONARY).await {
        Ok(sets) => {
            let [spaces, keys, tables, primary, doc_ids] = &sets[..] else {
                return Err(ClusterError::Shape {
                    node: session.node().to_owned(),
                    what: "five results were expected".into(),
                });
            };
            add_dictionary(&mut found, spaces, keys, tables, primary, doc_ids)?;
            Ok(())
        }
        Err(error @ ClusterError::Server { .. }) => {
            let why: Unseen = unseen(&error);
            without_dictionary(session, which, &mut found).await?;
            Err(why)
        }
        Err(error) => return Err(error),
    };
    for facts in found.values_mut() {
        // The marks of an instant change stand in the table's own pages and in no table of information_schema. Only
        // a format that never takes one is known to be free of them.
        let compressed = facts.row_format.as_deref() == Some("Compressed");
        let innodb = facts.engine.as_deref() == Some("InnoDB");
        facts.instant_history = (compressed || !innodb).then_some(false);
    }
    Ok(TablesSeen { tables: found, dictionary })
}

/// The WHERE clause for the tables; `None` when there is nothing to look at.
fn condition(which: Tables<'_>, database: &str, table: &str) -> Option<String> {
    match which {
        Tables::All => {
            let system = SYSTEM_DATABASES.map(quote_text).join(", ");
            Some(format!("{database} NOT IN ({system})"))
        }
        Tables::Named([]) | Tables::Of([]) => None,
        Tables::Of(names) => {
            let names: Vec<String> = names.iter().map(|name| quote_text(name)).collect();
            Some(format!("{database} IN ({})", names.join(", ")))
        }
        Tables::Named(names) => {
            let each: Vec<String> = names
                .iter()
                .map(|name| {
                    format!("({database} = {} AND {table} = {})", quote_text(&name.database), quote_text(&name.table))
                })
                .collect();
            Some(format!("({})", each.join(" OR ")))
        }
    }
}

async fn triggers(
    session: &mut Session,
    which: Tables<'_>,
    found: &mut BTreeMap<TableName, TableFacts>,
) -> Result<(), ClusterError> {
    let Some(condition) = condition(which, "event_object_schema", "event_object_table") else { return Ok(()) };
    let sql = format!(
        "SELECT event_object_schema, event_object_table, trigger_name FROM information_schema.triggers WHERE {condition}"
    );
    for row in session.query(&sql).await?.iter() {
        let name = TableName { database: row.get(0)?, table: row.get(1)? };
        if let Some(facts) = found.get_mut(&name) {
            facts.triggers.push(row.get(2)?);
        }
    }
    Ok(())
}

fn add_dictionary(
    found: &mut BTreeMap<TableName, TableFacts>,
    spaces: &Rows,
    keys: &Rows,
    tables: &Rows,
    primary: &Rows,
    doc_ids: &Rows,
) -> Result<(), ClusterError> {
    for row in spaces.iter() {
        let (name, size): (String, u64) = (row.get(0)?, row.get(1)?);
        if let Some(facts) = filename::table(&name).and_then(|table| found.get_mut(&table)) {
            facts.file_bytes = Some(facts.file_bytes.unwrap_or(0) + size);
        }
    }
    for row in keys.iter() {
        let (child, parent): (String, String) = (row.get(0)?, row.get(1)?);
        let (Some(child), Some(parent)) = (filename::table(&child), filename::table(&parent)) else { continue };
        add_key(found, child, parent);
    }
    // Joined here: these tables have no index in the server, and its join of 5,000 tables took 2.7 s.
    let primary: HashSet<u64> = primary.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
    let doc_ids: HashSet<u64> = doc_ids.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
    for row in tables.iter() {
        let (id, name): (u64, String) = (row.get(0)?, row.get(1)?);
        if let Some(facts) = filename::table(&name).and_then(|table| found.get_mut(&table)) {
            facts.partitions += u64::from(filename::is_partition(&name));
            facts.primary_key |= primary.contains(&id);
            facts.doc_id = Some(facts.doc_id == Some(true) || doc_ids.contains(&id));
        }
    }
    Ok(())
}

fn add_key(found: &mut BTreeMap<TableName, TableFacts>, child: TableName, parent: TableName) {
    if let Some(facts) = found.get_mut(&child) {
        facts.refers_to.push(parent.clone());
    }
    if let Some(facts) = found.get_mut(&parent) {
        facts.referred_by.push(child);
    }
}

/// Keys, partitions and primary keys without InnoDB's dictionary: slower, and sizes of files stay unknown.
async fn without_dictionary(
    session: &mut Session,
    which: Tables<'_>,
    found: &mut BTreeMap<TableName, TableFacts>,
) -> Result<(), ClusterError> {
    let Some(tables) = condition(which, "table_schema", "table_name") else { return Ok(()) };
    let sets = session
        .query_all(&format!(
            "SELECT constraint_schema, table_name, unique_constraint_schema, referenced_table_name \
             FROM information_schema.referential_constraints; \
             SELECT table_schema, table_name, COUNT(partition_name) FROM information_schema.partitions \
             WHERE {tables} GROUP BY table_schema, table_name; \
             SELECT DISTINCT table_schema, table_name FROM information_schema.statistics \
             WHERE index_name = 'PRIMARY' AND {tables}"
        ))
        .await?;
    let [keys, partitions, primary] = &sets[..] else {
        return Err(ClusterError::Shape {
            node: session.node().to_owned(),
            what: "three results were expected".into(),
        });
    };
    for row in keys.iter() {
        let child = TableName { database: row.get(0)?, table: row.get(1)? };
        let parent = TableName { database: row.get(2)?, table: row.get(3)? };
        add_key(found, child, parent);
    }
    for row in partitions.iter() {
        if let Some(facts) = found.get_mut(&TableName { database: row.get(0)?, table: row.get(1)? }) {
            facts.partitions = row.get(2)?;
        }
    }
    for row in primary.iter() {
        if let Some(facts) = found.get_mut(&TableName { database: row.get(0)?, table: row.get(1)? }) {
            facts.primary_key = true;
        }
    }
    Ok(())
}
