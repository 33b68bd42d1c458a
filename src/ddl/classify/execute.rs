//! The text that is sent: the user's own, with ALGORITHM and LOCK where the server honours them.

use crate::ddl::ast::Append;
use crate::ddl::{Algorithm, Lock};

/// Which clauses to add.
pub(super) struct Guard {
    pub(super) algorithm: Option<Algorithm>,
    pub(super) lock: Option<Lock>,
}

/// Puts the clauses in where the statement takes them.
pub(super) fn with_guard(text: &str, append: Append, guard: &Guard) -> String {
    let mut clauses = Vec::new();
    clauses.extend(guard.algorithm.map(|algorithm| format!("ALGORITHM={}", algorithm.keyword())));
    clauses.extend(guard.lock.map(|lock| format!("LOCK={}", lock.keyword())));
    let at = append.at as usize;
    let (Some(head), Some(tail)) = (text.get(..at), text.get(at..)) else { return text.to_owned() };
    if clauses.is_empty() {
        return text.to_owned();
    }
    let added = if append.comma { format!(", {}", clauses.join(", ")) } else { format!(" {}", clauses.join(" ")) };
    format!("{head}{added}{tail}")
}
