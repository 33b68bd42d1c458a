//! What a server fills in where a definition is silent.

use crate::sql::{Dialect, ServerVersion};

/// The server variables that decide what a definition means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How statements are read.
    pub dialect: Dialect,
    /// `default_storage_engine`.
    pub engine: String,
    /// `character_set_server`; `None` where it is not known.
    pub charset: Option<String>,
    /// `collation_server`; `None` where it is not known.
    pub collation: Option<String>,
    /// `innodb_default_row_format` in upper case.
    pub row_format: String,
    /// `explicit_defaults_for_timestamp`: with OFF, the first TIMESTAMP of a table is updated automatically and all
    /// of them are NOT NULL.
    pub explicit_defaults_for_timestamp: bool,
    /// The collations that character sets have by default where `character_set_collations` changes them, such as
    /// (`utf8mb4`, `utf8mb4_uca1400_ai_ci`).
    pub charset_collations: Vec<(String, String)>,
    /// `lower_case_table_names` is not 0: names of tables are compared without case.
    pub lower_case_table_names: bool,
}

impl Settings {
    /// The defaults of a server of this version that nobody configured, on Linux.
    ///
    /// Sources: explicit_defaults_for_timestamp is ON since 10.10 (MDEV-28632); the server's character set is utf8mb4
    /// since 11.6 (MDEV-19123), latin1 before; character_set_collations holds uca1400_ai_ci for the Unicode sets
    /// since 11.5 (MDEV-25829).
    pub fn of(version: ServerVersion) -> Self {
        let unicode = version >= ServerVersion::new(11, 6, 0);
        let uca1400 = version >= ServerVersion::new(11, 5, 0);
        let (charset, collation) =
            if unicode { ("utf8mb4", "utf8mb4_uca1400_ai_ci") } else { ("latin1", "latin1_swedish_ci") };
        let charset_collations = ["utf8mb3", "utf8mb4", "ucs2", "utf16", "utf32"]
            .iter()
            .filter(|_| uca1400)
            .map(|set| ((*set).to_owned(), format!("{set}_uca1400_ai_ci")))
            .collect();
        Self {
            dialect: Dialect::new(version),
            engine: "InnoDB".to_owned(),
            charset: Some(charset.to_owned()),
            collation: Some(collation.to_owned()),
            row_format: "DYNAMIC".to_owned(),
            explicit_defaults_for_timestamp: version >= ServerVersion::new(10, 10, 0),
            charset_collations,
            lower_case_table_names: false,
        }
    }
}
