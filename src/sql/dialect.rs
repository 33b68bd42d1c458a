//! What the lexer has to know before it can read a text.

use super::ServerVersion;

/// The settings of a server that change where tokens begin and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dialect {
    /// Decides which executable comments (`/*!100600 .. */`) are run.
    pub version: ServerVersion,
    /// `sql_mode` holds ANSI_QUOTES: `"x"` is an identifier, not a string.
    pub ansi_quotes: bool,
    /// `sql_mode` holds NO_BACKSLASH_ESCAPES: a backslash in a string is a backslash.
    pub no_backslash_escapes: bool,
    /// `sql_mode` holds ORACLE: stored programs are written in a PL/SQL-like way.
    pub oracle: bool,
}

impl Dialect {
    /// The dialect of a server of this version under its default `sql_mode`.
    pub const fn new(version: ServerVersion) -> Self {
        Self { version, ansi_quotes: false, no_backslash_escapes: false, oracle: false }
    }

    /// The same version under another `sql_mode`, such as `ANSI_QUOTES,STRICT_TRANS_TABLES`. The combined modes
    /// (ANSI, ORACLE, MSSQL, ...) are resolved as the server does.
    pub fn with_sql_mode(self, sql_mode: &str) -> Self {
        let mut dialect = Self::new(self.version);
        for mode in sql_mode.split(',') {
            match mode.trim().to_ascii_uppercase().as_str() {
                "ANSI_QUOTES" | "ANSI" | "DB2" | "MAXDB" | "MSSQL" | "POSTGRESQL" => dialect.ansi_quotes = true,
                "ORACLE" => dialect = Self { ansi_quotes: true, oracle: true, ..dialect },
                "NO_BACKSLASH_ESCAPES" => dialect.no_backslash_escapes = true,
                _ => {}
            }
        }
        dialect
    }
}
