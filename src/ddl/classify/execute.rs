//! The text that is sent: the user's own, with ALGORITHM and LOCK where the server honours them.

use crate::ddl::ast::Append;
use crate::ddl::{Algorithm, Lock};

/// Which clauses to add.
pub(super) struct Guard {
    pub(super) algorithm: Option<Algorithm>,
    pub(super) lock: Option<Lock>,
}

/// Where the clauses go.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// Behind what the statement says.
    Behind(Append),
    /// In front of the first clause, which stands at this byte: ORDER BY takes everything behind it for columns.
    Before(u32),
}

/// Puts the clauses in where the statement takes them.
pub(super) fn with_guard(text: &str, place: Place, guard: &Guard) -> String {
    let mut clauses = Vec::new();
    clauses.extend(guard.algorithm.map(|algorithm| format!("ALGORITHM={}", algorithm.keyword())));
    clauses.extend(guard.lock.map(|lock| format!("LOCK={}", lock.keyword())));
    let (at, added) = match place {
        Place::Behind(append) if append.comma => (append.at, format!(", {}", clauses.join(", "))),
        Place::Behind(append) => (append.at, format!(" {}", clauses.join(" "))),
        Place::Before(at) => (at, format!("{}, ", clauses.join(", "))),
    };
    match text.split_at_checked(at as usize) {
        Some((head, tail)) if !clauses.is_empty() => format!("{head}{added}{tail}"),
        _ => text.to_owned(),
    }
}
