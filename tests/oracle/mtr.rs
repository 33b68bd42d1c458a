//! MariaDB's own test suites, read for their DDL.
//!
//! A test file is a script in a language of its own. What is wanted here is only its SQL, in order: commands of the
//! script are dropped, statements with script variables too, and errors of what is left are ignored.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use crate::observe::{self, Observation};
use crate::server::Server;

/// Folders below `mysql-test` that hold DDL of the kind that is judged here.
const FOLDERS: &[&str] = &[
    "main",
    "suite/innodb/t",
    "suite/innodb_fts/t",
    "suite/innodb_gis/t",
    "suite/innodb_zip/t",
    "suite/parts/t",
    "suite/parts/inc",
    "suite/versioning/t",
    "suite/period/t",
    "suite/gcol/t",
    "suite/gcol/inc",
    "suite/vcol/t",
    "suite/vcol/inc",
    "suite/maria",
    "suite/maria/t",
    "suite/heap",
    "suite/compat/oracle/t",
    "suite/encryption/t",
    "suite/atomic",
    "suite/funcs_1/t",
    "suite/engines/iuds/t",
    "suite/engines/funcs/t",
    "suite/galera/t",
    "suite/rpl/t",
    "suite/rpl/include",
    "suite/sys_vars/t",
    "suite/s3",
    "suite/mariabackup",
    "suite/roles",
    "suite/json/t",
    "suite/stress/t",
    "suite/binlog/t",
    "suite/federated",
    "suite/csv",
    "suite/archive",
];

/// Every statement that alters a table, as the server took it.
pub(crate) async fn replay(servers: Option<&Path>, prefix: &Path) -> Vec<Observation> {
    let Ok(mut server) = Server::start(servers).await else { return Vec::new() };
    let root = prefix.join("usr/share/mysql/mysql-test");
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in FOLDERS {
        let Ok(entries) = std::fs::read_dir(root.join(folder)) else { continue };
        files.extend(
            entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "test" || e == "inc")),
        );
    }
    files.sort();
    let mut seen = Vec::new();
    let Ok(mut admin) = server.connect().await else { return seen };
    for file in files {
        let Ok(bytes) = std::fs::read(&file) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        let statements = statements(&text);
        if !statements.iter().any(|s| is_judged(s)) {
            continue;
        }
        // Some tests bring the server down.
        if admin.ping().await.is_err() {
            match Server::start(servers).await {
                Ok(again) => server = again,
                Err(error) => panic!("the server does not come back after {}: {error}", file.display()),
            }
            let Ok(conn) = server.connect().await else { continue };
            admin = conn;
        }
        let databases: Vec<String> = admin.query("SHOW DATABASES").await.unwrap_or_default();
        for name in databases {
            if !matches!(name.as_str(), "mysql" | "information_schema" | "performance_schema" | "sys") {
                let _ = admin.query_drop(format!("DROP DATABASE `{name}`")).await;
            }
        }
        // What a test may have left behind, by ways that are not seen above.
        for (name, value) in
            [("default_storage_engine", "InnoDB"), ("sql_mode", "DEFAULT"), ("foreign_key_checks", "DEFAULT")]
        {
            let _ = admin.query_drop(format!("SET GLOBAL {name} = {value}")).await;
        }
        let _ = admin.query_drop("CREATE DATABASE test CHARACTER SET latin1 COLLATE latin1_swedish_ci").await;
        let origin = file.strip_prefix(&root).unwrap_or(&file).display().to_string();
        let Ok(mut conn) = server.connect().await else { continue };
        let run = one_file(&mut conn, &origin, &server.version, &statements, &mut seen);
        if tokio::time::timeout(Duration::from_secs(60), run).await.is_err() {
            // The session may still be at work: it is left behind, and its database is dropped above.
            let _ = admin.query_drop(format!("KILL {}", conn.id())).await;
        }
    }
    seen
}

async fn one_file(conn: &mut Conn, origin: &str, version: &str, statements: &[String], seen: &mut Vec<Observation>) {
    if conn.query_drop("USE test").await.is_err() {
        return;
    }
    for statement in statements {
        if is_dangerous(statement) {
            continue;
        }
        if is_judged(statement) {
            let Ok(dump) = observe::dump_for(conn, statement).await else { continue };
            match observe::observe(conn, origin, version, dump, statement, None).await {
                Ok(observation) => seen.extend(observation),
                Err(_) => return,
            }
        } else if let Err(mysql_async::Error::Io(_) | mysql_async::Error::Driver(_)) = conn.query_drop(statement).await
        {
            return;
        }
    }
}

fn first_words(statement: &str) -> Vec<String> {
    observe::words(statement).into_iter().take(8).map(|(_, word)| word.to_ascii_uppercase()).collect()
}

fn is_judged(statement: &str) -> bool {
    let words = first_words(statement);
    let word = |i: usize| words.get(i).map_or("", String::as_str);
    match word(0) {
        "ALTER" => words.iter().take(4).any(|w| w == "TABLE"),
        "CREATE" => words.iter().take(5).any(|w| w == "INDEX") && !words.iter().any(|w| w == "TABLE"),
        "DROP" => word(1) == "INDEX",
        _ => false,
    }
}

fn is_dangerous(statement: &str) -> bool {
    let words = first_words(statement);
    let has = |wanted: &str| words.iter().any(|w| w == wanted);
    match words.first().map_or("", String::as_str) {
        "SHUTDOWN" | "KILL" | "INSTALL" | "UNINSTALL" | "LOAD" | "PURGE" | "CHANGE" | "START" | "STOP" | "RESET"
        | "GRANT" | "REVOKE" | "BACKUP" => !has("TRANSACTION"),
        "FLUSH" | "LOCK" | "UNLOCK" | "XA" | "HANDLER" => true,
        "SET" => has("GLOBAL") || has("@@GLOBAL") || has("PASSWORD") || has("DEBUG_DBUG") || has("DEBUG_SYNC"),
        "DROP" => has("DATABASE") && (has("MYSQL") || has("SYS")),
        "SELECT" | "DO" | "CALL" => statement.to_ascii_lowercase().contains("sleep"),
        _ => false,
    }
}

/// The statements of a test file, in order.
fn statements(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut delimiter = ";".to_owned();
    let mut current = String::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if current.trim().is_empty() {
            current.clear();
            if trimmed.is_empty() || trimmed.starts_with('#') || trimmed == "}" || trimmed == "{" {
                continue;
            }
            if let Some(command) = trimmed.strip_prefix("--") {
                // `--query` and `--eval` hold SQL, the others do not.
                let _ = command;
                continue;
            }
            let lower = trimmed.to_ascii_lowercase();
            if let Some(rest) = lower.strip_prefix("delimiter ") {
                let rest = trimmed.get(trimmed.len() - rest.len()..).unwrap_or_default().trim();
                let rest = rest.strip_suffix(&delimiter).unwrap_or(rest);
                if !rest.is_empty() {
                    delimiter = rest.to_owned();
                }
                continue;
            }
        } else if trimmed.starts_with('#') {
            continue;
        }
        current.push_str(line);
        current.push('\n');
        while let Some(end) = ends_at(&current, &delimiter) {
            let statement = current.get(..end).unwrap_or_default().trim().to_owned();
            current = current.get(end + delimiter.len()..).unwrap_or_default().to_owned();
            push(&mut found, statement);
        }
    }
    found
}

fn push(found: &mut Vec<String>, statement: String) {
    let first = first_words(&statement).into_iter().next().unwrap_or_default();
    let statement = match first.as_str() {
        "EVAL" | "SEND" | "QUERY" | "QUERY_VERTICAL" | "QUERY_HORIZONTAL" | "SEND_EVAL" | "EVALP" => {
            statement.get(first.len()..).unwrap_or_default().trim().to_owned()
        }
        "ALTER" | "CREATE" | "DROP" | "INSERT" | "UPDATE" | "DELETE" | "SET" | "USE" | "RENAME" | "TRUNCATE"
        | "REPLACE" | "BEGIN" | "COMMIT" | "ROLLBACK" | "START" | "OPTIMIZE" | "ANALYZE" | "PREPARE" | "EXECUTE"
        | "CALL" | "SELECT" | "CHECK" | "REPAIR" => statement,
        _ => return,
    };
    if !statement.is_empty() && !statement.contains('$') {
        found.push(statement);
    }
}

/// Where the delimiter stands outside quotes and comments.
fn ends_at(text: &str, delimiter: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes.get(i..).is_some_and(|rest| rest.starts_with(delimiter.as_bytes())) {
            return Some(i);
        }
        match bytes[i] {
            quote @ (b'`' | b'\'' | b'"') => {
                i += 1;
                loop {
                    match bytes.get(i) {
                        None => return None,
                        Some(b) if *b == quote => break,
                        Some(b'\\') if quote != b'`' => i += 2,
                        Some(_) => i += 1,
                    }
                }
                i += 1;
            }
            b'#' => i += bytes.get(i..).and_then(|rest| rest.iter().position(|b| *b == b'\n'))?,
            b'-' if bytes.get(i..).is_some_and(|rest| rest.starts_with(b"-- ")) => {
                i += bytes.get(i..).and_then(|rest| rest.iter().position(|b| *b == b'\n'))?;
            }
            b'/' if bytes.get(i + 1) == Some(&b'*') => {
                i += 2;
                while i < bytes.len() && !(bytes[i] == b'*' && bytes.get(i + 1) == Some(&b'/')) {
                    i += 1;
                }
                if i >= bytes.len() {
                    return None;
                }
                i += 2;
            }
            _ => i += 1,
        }
    }
    None
}
