//! Expressions: kept as text, with what a judgement needs to know about them.

use super::Ident;
use crate::sql::Span;

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expr {
    /// The whole expression, without parentheses that belong to the clause around it.
    pub span: Span,
    /// What it refers to.
    pub facts: ExprFacts,
}

/// What an expression refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExprFacts {
    /// Columns that it reads, in order of appearance, each name once (compared without case).
    pub columns: Vec<Ident>,
    /// Functions that it calls, in lower case, each once. `CURRENT_TIMESTAMP` without parentheses is one too.
    pub functions: Vec<String>,
    /// It reads a user or system variable.
    pub variables: bool,
    /// It reads a user variable, `@name`.
    pub user_variables: bool,
    /// It holds a subquery.
    pub subquery: bool,
    /// It is one literal, possibly signed or with a character set in front; `NULL` counts.
    pub literal: bool,
    /// It is the word NULL.
    pub null: bool,
}

/// Functions whose value differs from call to call, from node to node or from session to session.
const VOLATILE: &[&str] = &[
    "benchmark",
    "connection_id",
    "curdate",
    "current_date",
    "current_role",
    "current_time",
    "current_timestamp",
    "current_user",
    "curtime",
    "database",
    "found_rows",
    "get_lock",
    "last_insert_id",
    "lastval",
    "load_file",
    "localtime",
    "localtimestamp",
    "master_gtid_wait",
    "master_pos_wait",
    "nextval",
    "now",
    "rand",
    "random_bytes",
    "release_all_locks",
    "release_lock",
    "row_count",
    "schema",
    "session_user",
    "setval",
    "sleep",
    "sys_guid",
    "sysdate",
    "system_user",
    "unix_timestamp",
    "user",
    "utc_date",
    "utc_time",
    "utc_timestamp",
    "uuid",
    "uuid_short",
    "uuid_v4",
    "uuid_v7",
    "version",
];

impl ExprFacts {
    /// Whether two evaluations on the same row may differ: the clock, a random number, the session, a sequence.
    /// A stored function is not known here; ask [`ExprFacts::functions`] for it.
    pub fn is_volatile(&self) -> bool {
        self.variables || self.subquery || self.volatile_functions().next().is_some()
    }

    /// The functions that make it volatile, in lower case.
    pub fn volatile_functions(&self) -> impl Iterator<Item = &str> {
        self.functions.iter().map(String::as_str).filter(|name| VOLATILE.binary_search(name).is_ok())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_of_volatile_functions_is_sorted() {
        assert!(super::VOLATILE.is_sorted());
    }
}
