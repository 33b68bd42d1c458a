//! What a statement really did, and the weakest LOCK that the server takes for it.

use std::collections::BTreeMap;

use galera_schema::ddl::{Algorithm, Lock};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Row};
use serde::{Deserialize, Serialize};

/// One statement on one set of tables, as a server of one version ran it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Observation {
    /// Where it comes from: a test file, or the generator.
    pub(crate) origin: String,
    /// What `SELECT VERSION()` prints.
    pub(crate) version: String,
    /// The tables before, as SHOW CREATE TABLE prints them.
    pub(crate) dump: String,
    /// The default database.
    pub(crate) database: String,
    /// Session variables that the judgement may depend on.
    pub(crate) variables: BTreeMap<String, String>,
    /// The statement.
    pub(crate) statement: String,
    /// What it did: the worse of what was seen and of what ALGORITHM= demanded.
    pub(crate) algorithm: Algorithm,
    /// The weakest LOCK taken, `None` where the syntax takes no LOCK.
    pub(crate) lock: Option<Lock>,
    /// ALGORITHM= named something cheaper than what was then seen.
    pub(crate) lied: bool,
    /// How the observation came about, for reading a mismatch.
    pub(crate) note: String,
}

/// The variables that a judgement may depend on.
pub(crate) const VARIABLES: &[&str] = &[
    "foreign_key_checks",
    "sql_mode",
    "old_mode",
    "alter_algorithm",
    "innodb_strict_mode",
    "innodb_instant_alter_column_allowed",
    "innodb_default_row_format",
    "innodb_file_per_table",
    "default_storage_engine",
    "character_set_database",
    "collation_database",
    "system_versioning_alter_history",
    "explicit_defaults_for_timestamp",
    "innodb_page_size",
];

const ATTEMPTS: [(Algorithm, Lock); 12] = [
    (Algorithm::Instant, Lock::None),
    (Algorithm::Instant, Lock::Shared),
    (Algorithm::Instant, Lock::Exclusive),
    (Algorithm::Nocopy, Lock::None),
    (Algorithm::Nocopy, Lock::Shared),
    (Algorithm::Nocopy, Lock::Exclusive),
    (Algorithm::Inplace, Lock::None),
    (Algorithm::Inplace, Lock::Shared),
    (Algorithm::Inplace, Lock::Exclusive),
    (Algorithm::Copy, Lock::None),
    (Algorithm::Copy, Lock::Shared),
    (Algorithm::Copy, Lock::Exclusive),
];

/// Runs `statement` and tells what it did. `dump` are the tables before. Refused attempts leave a table as it is,
/// so the attempts, cheapest first, can all be made on the one table; the first that is taken is the run itself.
/// `only` names the one database that this session has for itself.
/// `None` when the server refuses the statement whatever is added.
pub(crate) async fn observe(
    conn: &mut Conn,
    origin: &str,
    version: &str,
    dump: String,
    statement: &str,
    only: Option<&str>,
) -> mysql_async::Result<Option<Observation>> {
    let before = ids(conn, only).await?;
    let variables = variables(conn).await?;
    let database: String = conn.query_first("SELECT DATABASE()").await?.unwrap_or_default();
    let mut accepted = None;
    let mut note = String::new();
    let mut scanned_before = rows_read(conn).await?;
    // A LOCK of the statement's own would be replaced, or play together with what is added.
    let own_lock =
        words(statement).iter().any(|(_, word)| ["LOCK", "ONLINE"].iter().any(|own| word.eq_ignore_ascii_case(own)));
    for (algorithm, lock) in ATTEMPTS.into_iter().filter(|_| !own_lock) {
        let Some(text) = with_clauses(statement, algorithm, lock) else { break };
        match conn.query_drop(&text).await {
            Ok(()) => {
                accepted = Some((algorithm, lock));
                break;
            }
            Err(Error::Server(error)) if error.code == 1846 || error.code == 1845 => {
                note = format!("{} {}: {}", algorithm.keyword(), lock.keyword(), error.message);
            }
            // The syntax takes no such clause.
            Err(Error::Server(error)) if error.code == 1064 => break,
            // Another trouble, which the plain statement will most likely show too.
            Err(Error::Server(_)) => scanned_before = rows_read(conn).await?,
            Err(other) => return Err(other),
        }
    }
    if accepted.is_none() {
        match conn.query_drop(statement).await {
            Ok(()) => note = "no ALGORITHM and no LOCK taken".into(),
            Err(Error::Server(_)) => return Ok(None),
            Err(other) => return Err(other),
        }
    }
    let affected = conn.affected_rows();
    // A copy asks for the next row until there is none, so that the copy of an empty or temporary table is seen too.
    let scanned = rows_read(conn).await? > scanned_before && !reads_only(statement);
    let after = ids(conn, only).await?;
    let seen = if affected > 0 || scanned {
        Algorithm::Copy
    } else if after.tables.iter().any(|(name, id)| {
        before.tables.get(name).is_some_and(|old| old != id) && !before.tables.values().any(|old| old == id)
    }) {
        Algorithm::Inplace
    } else if after.indexes.keys().any(|id| {
        !before.indexes.contains_key(id) && before.tables.values().any(|table| Some(table) == after.indexes.get(id))
    }) || before
        .indexes
        .iter()
        .any(|(id, table)| !after.indexes.contains_key(id) && after.tables.values().any(|t| t == table))
    {
        Algorithm::Nocopy
    } else {
        Algorithm::Instant
    };
    // An ALGORITHM of the statement's own comes last and counts, so nothing was demanded by the attempts then.
    let own = words(statement).iter().any(|(_, word)| word.eq_ignore_ascii_case("ALGORITHM"));
    let accepted = accepted.map(|(algorithm, lock)| (if own { seen } else { algorithm }, lock));
    // More than what was demanded is always a copy, also where no row shows it; and the server may say so itself.
    let lied = accepted.is_some_and(|(algorithm, _)| algorithm < seen)
        || (note.starts_with("INSTANT") && note.contains("COPY algorithm requires a lock"));
    let algorithm = if lied { Algorithm::Copy } else { accepted.map_or(seen, |(algorithm, _)| algorithm.max(seen)) };
    note.push_str(&format!(" | accepted {accepted:?}, seen {seen:?}, {affected} rows affected"));
    Ok(Some(Observation {
        origin: origin.into(),
        version: version.into(),
        dump,
        database,
        variables,
        statement: statement.into(),
        algorithm,
        lock: accepted.map(|(_, lock)| lock),
        lied,
        note,
    }))
}

/// How often this session asked an engine for the next row of a scan.
async fn rows_read(conn: &mut Conn) -> mysql_async::Result<u64> {
    let row: Option<(String, u64)> = conn.query_first("SHOW SESSION STATUS LIKE 'Handler_read_rnd_next'").await?;
    Ok(row.map_or(0, |(_, count)| count))
}

/// Whether the statement is maintenance of partitions that looks at rows without writing them anew.
fn reads_only(statement: &str) -> bool {
    let words: Vec<String> = words(statement).iter().map(|(_, word)| word.to_ascii_uppercase()).collect();
    words.windows(2).any(|pair| match [pair[0].as_str(), pair[1].as_str()] {
        ["ANALYZE" | "CHECK" | "REPAIR" | "OPTIMIZE" | "EXCHANGE" | "CONVERT", "PARTITION"] => true,
        [first, second] => first == "CONVERT" && second == "TABLE",
    })
}

/// The statement with both clauses, written where each kind of statement takes them. `None` where it takes none.
fn with_clauses(statement: &str, algorithm: Algorithm, lock: Lock) -> Option<String> {
    let (algorithm, lock) = (algorithm.keyword(), lock.keyword());
    let words = words(statement);
    let word = |i: usize| words.get(i).map(|(_, text)| text.to_ascii_uppercase()).unwrap_or_default();
    let mut i = 0;
    if word(0) == "ALTER" {
        i = 1;
        while matches!(word(i).as_str(), "ONLINE" | "IGNORE") {
            i += 1;
        }
        if word(i) != "TABLE" {
            return None;
        }
        i += 1;
        if word(i) == "IF" {
            i += 2;
        }
        i += 1;
        while word(i) == "." {
            i += 2;
        }
        match word(i).as_str() {
            "WAIT" => i += 2,
            "NOWAIT" => i += 1,
            _ => {}
        }
        let rest = statement.get(words.get(i)?.0..)?;
        let head = statement.get(..words.get(i)?.0)?;
        let next = word(i);
        let comma = if next == "PARTITION" || (next == "REMOVE" && word(i + 1) == "PARTITIONING") { "" } else { "," };
        let first = word(i);
        let second = word(i + 1);
        let maintenance = second == "PARTITION"
            && matches!(
                first.as_str(),
                "ADD"
                    | "DROP"
                    | "COALESCE"
                    | "REORGANIZE"
                    | "REBUILD"
                    | "TRUNCATE"
                    | "EXCHANGE"
                    | "CONVERT"
                    | "ANALYZE"
                    | "CHECK"
                    | "OPTIMIZE"
                    | "REPAIR"
                    | "IMPORT"
                    | "DISCARD"
            );
        let maintenance = maintenance || (first == "CONVERT" && second == "TABLE");
        if maintenance || second == "TABLESPACE" {
            return None;
        }
        return Some(format!("{head}ALGORITHM={algorithm}, LOCK={lock}{comma} {rest}"));
    }
    if word(0) == "CREATE" && words.iter().take(6).any(|(_, w)| w.eq_ignore_ascii_case("INDEX")) {
        return Some(format!("{statement} ALGORITHM={algorithm} LOCK={lock}"));
    }
    let _ = i;
    None
}

/// Words, quoted names and single signs with their byte positions; comments are skipped.
pub(crate) fn words(text: &str) -> Vec<(usize, &str)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut i = 0;
    while i < bytes.len() {
        let start = i;
        match bytes[i] {
            b'`' | b'\'' | b'"' => {
                let quote = bytes[i];
                i += 1;
                while i < bytes.len() && (bytes[i] != quote || bytes.get(i + 1) == Some(&quote)) {
                    i += if bytes[i] == quote || (bytes[i] == b'\\' && quote != b'`') { 2 } else { 1 };
                }
                i = (i + 1).min(bytes.len());
                found.push((start, text.get(start..i).unwrap_or_default()));
            }
            b'#' => i += text.get(i..).and_then(|t| t.find('\n')).unwrap_or(bytes.len() - i),
            b'-' if text.get(i..).is_some_and(|t| t.starts_with("-- ")) => {
                i += text.get(i..).and_then(|t| t.find('\n')).unwrap_or(bytes.len() - i);
            }
            b'/' if bytes.get(i + 1) == Some(&b'*') && bytes.get(i + 2) != Some(&b'!') => {
                i += text.get(i + 2..).and_then(|t| t.find("*/")).map_or(bytes.len() - i, |n| n + 4);
            }
            b if b.is_ascii_alphanumeric() || b == b'_' || b == b'$' || b == b'@' || b >= 0x80 => {
                while i < bytes.len()
                    && (bytes[i].is_ascii_alphanumeric()
                        || bytes[i] == b'_'
                        || bytes[i] == b'$'
                        || bytes[i] == b'@'
                        || bytes[i] >= 0x80)
                {
                    i += 1;
                }
                found.push((start, text.get(start..i).unwrap_or_default()));
            }
            b if b.is_ascii_whitespace() => i += 1,
            _ => {
                i += 1;
                found.push((start, text.get(start..i).unwrap_or_default()));
            }
        }
    }
    found
}

struct Ids {
    /// Name to table_id, the hidden tables of full-text indexes left out.
    tables: BTreeMap<String, u64>,
    /// index_id to table_id.
    indexes: BTreeMap<u64, u64>,
}

/// The ids of `database`, in which no other session is at work; of all of them with `None`.
async fn ids(conn: &mut Conn, database: Option<&str>) -> mysql_async::Result<Ids> {
    let tables: Vec<(Vec<u8>, u64)> = conn
        .query(format!(
            "SELECT NAME, TABLE_ID FROM information_schema.INNODB_SYS_TABLES \
             WHERE NAME LIKE '{}/%' AND NAME NOT LIKE 'mysql/%' AND NAME NOT LIKE '%/FTS\\_0%'",
            database.unwrap_or("%")
        ))
        .await?;
    let indexes: Vec<(u64, u64)> =
        conn.query("SELECT INDEX_ID, TABLE_ID FROM information_schema.INNODB_SYS_INDEXES").await?;
    let tables: BTreeMap<String, u64> =
        tables.into_iter().map(|(name, id)| (String::from_utf8_lossy(&name).into_owned(), id)).collect();
    Ok(Ids {
        indexes: indexes.into_iter().filter(|(_, table)| tables.values().any(|id| id == table)).collect(),
        tables,
    })
}

async fn variables(conn: &mut Conn) -> mysql_async::Result<BTreeMap<String, String>> {
    let names: Vec<String> = VARIABLES.iter().map(|name| format!("'{name}'")).collect();
    let rows: Vec<(String, String)> =
        conn.query(format!("SHOW VARIABLES WHERE Variable_name IN ({})", names.join(","))).await?;
    Ok(rows.into_iter().collect())
}

/// The table that a statement names, as it names it: `t`, `db`.`t`.
pub(crate) fn target(statement: &str) -> Option<(Option<String>, String)> {
    let words = words(statement);
    let word = |i: usize| words.get(i).map(|(_, text)| *text);
    let is = |i: usize, wanted: &str| word(i).is_some_and(|text| text.eq_ignore_ascii_case(wanted));
    let lead = if is(0, "ALTER") { "TABLE" } else { "ON" };
    let mut i = (0..words.len()).find(|i| is(*i, lead))? + 1;
    if is(i, "IF") {
        i += 2;
    }
    let bare = |text: &str| text.trim_matches('`').replace("``", "`");
    let first = bare(word(i)?);
    Some(if word(i + 1) == Some(".") { (Some(first), bare(word(i + 2)?)) } else { (None, first) })
}

/// SHOW CREATE TABLE of every base table of the current database, as a dump prints them; and of the statement's own
/// table, which may be temporary or stand in another database.
pub(crate) async fn dump_for(conn: &mut Conn, statement: &str) -> mysql_async::Result<String> {
    let mut text = dump(conn).await?;
    let Some((database, table)) = target(statement) else { return Ok(text) };
    let quote = |name: &str| format!("`{}`", name.replace('`', "``"));
    let named = database.iter().map(|name| quote(name)).chain([quote(&table)]).collect::<Vec<_>>().join(".");
    let shown: Result<Option<Row>, _> = conn.query_first(format!("SHOW CREATE TABLE {named}")).await;
    let Ok(Some(mut shown)) = shown else { return Ok(text) };
    let Some(Ok(create)) = shown.take_opt::<String, _>(1) else { return Ok(text) };
    match database {
        Some(database) => {
            let current: Option<String> = conn.query_first("SELECT DATABASE()").await?;
            text.push_str(&format!("USE {};\n{create};\n", quote(&database)));
            text.extend(current.map(|current| format!("USE {};\n", quote(&current))));
        }
        None if create.starts_with("CREATE TEMPORARY") => text.push_str(&format!("{create};\n")),
        None => {}
    }
    Ok(text)
}

/// SHOW CREATE TABLE of every base table of the current database, as a dump prints them.
pub(crate) async fn dump(conn: &mut Conn) -> mysql_async::Result<String> {
    let rows: Vec<Row> = conn.query("SHOW FULL TABLES").await?;
    let mut text = String::new();
    for mut row in rows {
        let Some(kind) = row.take::<String, _>(1) else { continue };
        if kind == "VIEW" || kind == "TEMPORARY TABLE" {
            continue;
        }
        let Some(name) = row.take::<String, _>(0) else { continue };
        let shown: Result<Option<Row>, _> =
            conn.query_first(format!("SHOW CREATE TABLE `{}`", name.replace('`', "``"))).await;
        if let Ok(Some(mut shown)) = shown
            && let Some(Ok(create)) = shown.take_opt::<String, _>(1)
        {
            text.push_str(&create);
            text.push_str(";\n");
        }
    }
    Ok(text)
}
