//! Reads a node's schema in bulk.
//!
//! SHOW CREATE is the one text that holds every option that matters, so it is what is compared. One round trip asks for
//! many objects at once, `docs/verify.md` has the measurements behind this.

use super::{ClusterError, Connector, Rows, Session, accounts, quote_name, quote_text};
use crate::plan::facts::Unseen;
use crate::verify::{Definition, Object, ObjectKind, SchemaSnapshot, Scope, TableText};

/// Objects asked for in one round trip. The server goes on with the next one while the answer to the last one is on its
/// way, so a second connection to the same node gains nothing on a machine that has other nodes to run.
const CHUNK: usize = 256;

/// The schema of one node, over one session. The session must be an observer (see [`Connector::observer`]), so that
/// every node prints alike.
///
/// # Errors
/// When the session breaks. What a privilege hides is part of the snapshot, as unreadable.
pub async fn snapshot(session: &mut Session, scope: &Scope) -> Result<SchemaSnapshot, ClusterError> {
    let mut snapshot = SchemaSnapshot::default();
    let objects = list(session, scope, &mut snapshot).await?;
    let triggers = triggers(session, scope).await?;
    let names: Vec<Object> = triggers.iter().map(|(trigger, _)| trigger.clone()).collect();
    for chunk in objects.chunks(CHUNK).chain(names.chunks(CHUNK)) {
        read(session, chunk, &mut snapshot).await?;
    }
    for (trigger, order) in triggers {
        if let Some(Definition::Known { context, .. }) = snapshot.objects.get_mut(&trigger) {
            context.push(("action_order".to_owned(), order));
        }
    }
    Ok(snapshot)
}

/// The schemas of all nodes at the same time, in the nodes' order.
pub async fn snapshot_all(connector: &Connector, scope: &Scope) -> Vec<(String, Result<SchemaSnapshot, ClusterError>)> {
    let snapshots = connector
        .on_every_node(async |node| {
            let mut session = connector.observer(node).await?;
            let snapshot = snapshot(&mut session, scope).await;
            session.close().await;
            snapshot
        })
        .await;
    connector.nodes().iter().map(|node| node.name.clone()).zip(snapshots).collect()
}

/// Everything that there is in scope. Objects that one query tells whole go into the snapshot at once; the others are
/// returned, to be asked for one by one.
async fn list(
    session: &mut Session,
    scope: &Scope,
    snapshot: &mut SchemaSnapshot,
) -> Result<Vec<Object>, ClusterError> {
    let mut objects = Vec::new();
    if scope.tables.is_empty() {
        let sets = session
            .query_all(
                "SELECT schema_name, default_character_set_name, default_collation_name, schema_comment \
                 FROM information_schema.schemata; \
                 SELECT table_schema, table_name FROM information_schema.tables; \
                 SELECT routine_schema, routine_name, routine_type FROM information_schema.routines; \
                 SELECT event_schema, event_name FROM information_schema.events",
            )
            .await?;
        let [databases, tables, routines, events] = &sets[..] else { return Err(short(session)) };
        for row in databases.iter() {
            let database: String = row.get(0)?;
            if scope.has_database(&database) {
                let mut sql = format!(
                    "CREATE DATABASE {} DEFAULT CHARACTER SET {} COLLATE {}",
                    quote_name(&database),
                    row.get::<String>(1)?,
                    row.get::<String>(2)?
                );
                match row.get::<String>(3)? {
                    comment if comment.is_empty() => {}
                    comment => sql.push_str(&format!(" COMMENT {}", quote_text(&comment))),
                }
                let object = Object::new(ObjectKind::Database, database, "");
                snapshot.objects.insert(object, Definition::Known { context: Vec::new(), sql });
            }
        }
        let mut add = |kind: ObjectKind, database: String, name: String| {
            if scope.has_database(&database) && scope.has_object(&database, &name) {
                objects.push(Object::new(kind, database, name));
            }
        };
        for row in tables.iter() {
            add(ObjectKind::Table, row.get(0)?, row.get(1)?);
        }
        for row in routines.iter() {
            let kind = match row.get::<String>(2)?.as_str() {
                "FUNCTION" => ObjectKind::Function,
                "PACKAGE" => ObjectKind::Package,
                "PACKAGE BODY" => ObjectKind::PackageBody,
                _ => ObjectKind::Procedure,
            };
            add(kind, row.get(0)?, row.get(1)?);
        }
        for row in events.iter() {
            add(ObjectKind::Event, row.get(0)?, row.get(1)?);
        }
        if scope.users {
            accounts::read(session, snapshot).await?;
        }
    } else {
        objects.extend(scope.tables.iter().map(|name| Object::new(ObjectKind::Table, &name.database, &name.table)));
    }
    Ok(objects)
}

/// Lists the triggers, each with its place among those of the same event. Their bodies are asked for later, like those of the other objects: a column of any length in
/// information_schema makes the server write a temporary table to disk.
async fn triggers(session: &mut Session, scope: &Scope) -> Result<Vec<(Object, String)>, ClusterError> {
    let mut sql =
        "SELECT trigger_schema, trigger_name, event_object_table, action_order FROM information_schema.triggers"
            .to_owned();
    let mut triggers = Vec::new();
    // A condition on the table keeps the server from looking at every table of the database.
    let tables: Vec<String> = scope
        .tables
        .iter()
        .map(|table| {
            format!(
                "(event_object_schema = {} AND event_object_table = {})",
                quote_text(&table.database),
                quote_text(&table.table)
            )
        })
        .collect();
    if !tables.is_empty() {
        sql.push_str(&format!(" WHERE {}", tables.join(" OR ")));
    }
    for row in session.query(&sql).await?.iter() {
        let (database, name, table): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if scope.has_database(&database) && scope.has_object(&database, &table) {
            triggers.push((Object::new(ObjectKind::Trigger, database, name), row.get(3)?));
        }
    }
    Ok(triggers)
}

/// Asks for each object of a chunk, all in one round trip.
async fn read(session: &mut Session, chunk: &[Object], snapshot: &mut SchemaSnapshot) -> Result<(), ClusterError> {
    let mut sequences = Vec::new();
    let sql: Vec<String> = chunk.iter().map(show_create).collect();
    match session.query_all(&sql.join(";")).await {
        Ok(sets) if sets.len() == chunk.len() => {
            for (object, rows) in chunk.iter().zip(&sets) {
                match shown(object, rows) {
                    object @ Object { kind: ObjectKind::Sequence, .. } => sequences.push(object),
                    object => {
                        let definition = definition(&object, rows, session.account())?;
                        snapshot.objects.insert(object, definition);
                    }
                }
            }
        }
        Ok(_) => return Err(short(session)),
        // One of them cannot be shown. Which one, and why, is seen by asking one by one.
        Err(ClusterError::Server { .. }) => {
            for object in chunk {
                if let Some(sequence) = read_one(session, object, snapshot).await? {
                    sequences.push(sequence);
                }
            }
        }
        Err(error) => return Err(error),
    }
    for sequence in sequences {
        read_one(session, &sequence, snapshot).await?;
    }
    Ok(())
}

/// Asks for one object. What turns out to be a sequence is returned, to be asked for as such.
async fn read_one(
    session: &mut Session,
    object: &Object,
    snapshot: &mut SchemaSnapshot,
) -> Result<Option<Object>, ClusterError> {
    /// There is no such table, database, routine, trigger, event, sequence: it went away since it was listed.
    const GONE: [u16; 7] = [1146, 1049, 1305, 1360, 1539, 4091, 1051];
    let (object, definition) = match session.query(&show_create(object)).await {
        Ok(rows) => {
            let found = shown(object, &rows);
            if found.kind == ObjectKind::Sequence && object.kind != ObjectKind::Sequence {
                return Ok(Some(found));
            }
            let definition = definition(&found, &rows, session.account())?;
            (found, definition)
        }
        Err(error) if error.code().is_some_and(|code| GONE.contains(&code)) => return Ok(None),
        Err(error @ ClusterError::Server { .. }) => {
            let denied = error.is_denied();
            let grant = error.grant().map(ToOwned::to_owned);
            let why = Unseen {
                why: error.server_message().unwrap_or_default().to_owned(),
                grant: grant.or_else(|| denied.then(|| self::grant(object, session.account()))),
            };
            (object.clone(), Definition::Unreadable(why))
        }
        Err(error) => return Err(error),
    };
    snapshot.objects.insert(object, definition);
    Ok(None)
}

/// What was listed as a table may be a view or a sequence. To list the kinds, the server would open every table, which
/// takes as long as showing them.
fn shown(object: &Object, rows: &Rows) -> Object {
    if object.kind != ObjectKind::Table {
        return object.clone();
    }
    let text: String = rows.first().and_then(|row| row.get(1).ok()).unwrap_or_default();
    let is_sequence = || {
        text.contains(" SEQUENCE=1")
            && TableText::parse(&text).is_some_and(|table| table.options.iter().any(|(name, _)| name == "SEQUENCE"))
    };
    let kind = if rows.has_column("View") {
        ObjectKind::View
    } else if is_sequence() {
        ObjectKind::Sequence
    } else {
        ObjectKind::Table
    };
    Object { kind, ..object.clone() }
}

fn show_create(object: &Object) -> String {
    format!("SHOW CREATE {} {}", object.kind.sql(), object.quoted())
}

fn definition(object: &Object, rows: &Rows, account: &str) -> Result<Definition, ClusterError> {
    let Some(row) = rows.first() else {
        return Ok(Definition::Unreadable(Unseen { why: "the server shows nothing".to_owned(), grant: None }));
    };
    let column = match object.kind {
        ObjectKind::Table | ObjectKind::Sequence | ObjectKind::View => 1,
        ObjectKind::Event => 3,
        _ => 2,
    };
    let Some(sql) = row.get::<Option<String>>(column)? else {
        // SHOW CREATE PROCEDURE answers NULL to somebody who may call it but not look inside.
        return Ok(Definition::Unreadable(Unseen {
            why: format!("the text of {} {object} is hidden", object.kind.word().replace('_', " ")),
            grant: Some(grant(object, account)),
        }));
    };
    let mut context = Vec::new();
    for name in ["sql_mode", "time_zone", "character_set_client", "collation_connection", "Database Collation"] {
        if rows.has_column(name) {
            context.push((name.to_lowercase().replace(' ', "_"), row.get::<Option<String>>(name)?.unwrap_or_default()));
        }
    }
    let sql = qualified(object, &sql);
    Ok(match object.kind {
        ObjectKind::Table => Definition::of_table(&sql),
        ObjectKind::Event => Definition::of_event(context, &sql),
        _ => Definition::Known { context, sql },
    })
}

/// The same statement with the database before the name, where the server leaves it out.
fn qualified(object: &Object, sql: &str) -> String {
    let name = quote_name(&object.name);
    // The first word in backquotes after the kind's own word; a definer in backquotes may stand before.
    let word = format!("{} ", object.kind.sql());
    let Some(at) = sql.find(&word).map(|at| at + word.len()) else { return sql.to_owned() };
    match sql[at..].strip_prefix(&name) {
        Some(rest) if !rest.starts_with('.') => format!("{}{}{rest}", &sql[..at], object.quoted()),
        _ => sql.to_owned(),
    }
}

fn grant(object: &Object, account: &str) -> String {
    let user = format!("TO {account}");
    match object.kind {
        ObjectKind::View => format!("GRANT SELECT, SHOW VIEW ON {}.* {user}", quote_name(&object.database)),
        ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Package | ObjectKind::PackageBody => {
            format!("GRANT SELECT ON mysql.proc {user}")
        }
        ObjectKind::Event => format!("GRANT EVENT ON {}.* {user}", quote_name(&object.database)),
        _ => format!("GRANT SELECT ON {}.* {user}", quote_name(&object.database)),
    }
}

fn short(session: &Session) -> ClusterError {
    ClusterError::Shape { node: session.node().to_owned(), what: "fewer results than statements".to_owned() }
}
