//! The server's own parser reads every statement before any of them runs: PREPARE reads and does not execute.

use crate::cluster::{ClusterError, Connector, Rows, quote_name};
use crate::config::Node;
use crate::ddl::ast::Kind;
use crate::failure::Failure;
use crate::plan::{Draft, Part};
use crate::sql::hex_text;

/// What the parser says of a text, whatever tables there are: a syntax error, an unknown data type, character set,
/// collation, or a collation of another character set.
const OF_THE_TEXT: [u16; 5] = [1064, 4161, 1115, 1273, 1253];

/// Has a node read every statement of the plan that it would be sent.
///
/// # Errors
/// The first statement that it cannot read (exit 2). Statements that PREPARE does not take (error 1295) were read
/// before it said so; whatever else it says is about tables and rights, which other checks look at.
pub(super) async fn check(connector: &Connector, node: &Node, drafts: &[Draft]) -> Result<(), Failure> {
    let unseen = |error: ClusterError| Failure::unobservable(format!("{error} Nothing was changed."));
    let mut session = connector.session(node).await.map_err(unseen)?;
    let mut database = None;
    for draft in drafts {
        if draft.database != database {
            database.clone_from(&draft.database);
            // Without a default database the parser stops at the first name that lacks one. A database that is only
            // made by this very plan is not there yet; then it stops at that name, which is no syntax error.
            if let Some(name) = &database {
                ignore_refusal(session.query(&format!("USE {}", quote_name(name))).await).map_err(unseen)?;
            }
        }
        let sql = match draft.part {
            Part::Change => reads(draft),
            // sql_mode and character sets decide how the statements behind are read.
            Part::Session => draft.sql.clone(),
            // A head that nobody knows is most likely a typing error, and the server says where it is.
            Part::Foreign(_) if draft.kind == Kind::Unknown => reads(draft),
            Part::Nothing | Part::Foreign(_) => continue,
        };
        match session.query(&sql).await {
            Err(ClusterError::Server { code, message, .. }) if OF_THE_TEXT.contains(&code) => {
                return Err(syntax_error(draft, &message));
            }
            answer => ignore_refusal(answer).map_err(unseen)?,
        }
    }
    session.close().await;
    Ok(())
}

fn reads(draft: &Draft) -> String {
    // In the server's own sql_mode, which decides how the statement is read.
    format!("PREPARE galera_schema_reads FROM {}", hex_text(&draft.sql))
}

fn ignore_refusal(answer: Result<Rows, ClusterError>) -> Result<(), ClusterError> {
    match answer {
        Ok(_) | Err(ClusterError::Server { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

fn syntax_error(draft: &Draft, message: &str) -> Failure {
    let (line, column) = place(draft, message);
    let near =
        near(message).map_or_else(String::new, |near| format!(" near `{}`", near.lines().next().unwrap_or(near)));
    Failure::usage(format!(
        "{}:{line}:{column}: The server cannot read this statement{near}. Nothing was changed.",
        draft.file
    ))
    .hint(format!("The server said: {message}"))
}

/// The file's line and column, both 1-based, for `.. near 'TEXT' at line N`, where N counts from the statement's first
/// line and TEXT begins at the place (and is cut after 80 characters).
fn place(draft: &Draft, message: &str) -> (usize, usize) {
    let Some(near) = near(message) else { return (draft.line, draft.column) };
    let number = message.rsplit(" at line ").next().and_then(|tail| tail.trim().parse::<usize>().ok()).unwrap_or(1);
    let line = draft.sql.lines().nth(number - number.min(1)).unwrap_or_default();
    let first = near.lines().next().unwrap_or_default();
    // The last place at which it stands is the nearest to the truth when a text repeats itself; nothing better is told.
    let column = match line.rfind(first) {
        Some(at) if !first.is_empty() => line[..at].chars().count(),
        // An empty text stands for the end of the statement.
        _ => line.chars().count(),
    };
    let before = if number <= 1 { draft.column } else { 1 };
    (draft.line + number.max(1) - 1, before + column)
}

fn near(message: &str) -> Option<&str> {
    let (_, tail) = message.split_once(" near '")?;
    tail.rsplit_once("' at line").map(|(near, _)| near)
}
