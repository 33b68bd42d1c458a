//! The settings of a server that decide what a statement does there.

use super::model::Settings;
use crate::sql::{Dialect, ServerVersion};

/// `innodb_instant_alter_column_allowed`, from MDEV-20590 on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum InstantColumns {
    /// `never`
    Never,
    /// `add_last`
    AddLast,
    /// `add_drop_reorder`, the default.
    #[default]
    AddDropReorder,
}

/// What a judgement needs to know of a server. [`ServerProfile::of`] has the defaults of a version; where nodes differ
/// the dearest answer counts, so judge with each node's profile and take the worst.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerProfile {
    /// The version.
    pub version: ServerVersion,
    /// What definitions mean on it.
    pub settings: Settings,
    /// `foreign_key_checks`, default on.
    pub foreign_key_checks: bool,
    /// `innodb_instant_alter_column_allowed`.
    pub instant_columns: InstantColumns,
    /// `alter_algorithm` before 11.5, upper case; `None` for DEFAULT.
    pub alter_algorithm: Option<String>,
    /// `sql_mode`, upper case, without spaces.
    pub sql_mode: String,
    /// `old_mode`, upper case.
    pub old_mode: String,
    /// `innodb_strict_mode`, default on.
    pub innodb_strict_mode: bool,
    /// `system_versioning_alter_history` is KEEP; the default is ERROR.
    pub keeps_history: bool,
    /// `slave_type_conversions`, upper case; empty by default.
    pub slave_type_conversions: String,
    /// `binlog_row_image` is FULL, the default.
    pub full_row_image: bool,
}

impl ServerProfile {
    /// A server of this version that nobody configured.
    pub fn of(version: ServerVersion) -> Self {
        Self {
            version,
            settings: Settings::of(version),
            foreign_key_checks: true,
            instant_columns: InstantColumns::default(),
            alter_algorithm: None,
            sql_mode: "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION"
                .to_owned(),
            old_mode: String::new(),
            innodb_strict_mode: true,
            keeps_history: false,
            slave_type_conversions: String::new(),
            full_row_image: true,
        }
    }

    /// Takes over a variable, named and written as SHOW VARIABLES or SET has it. Unknown ones are ignored; the answer
    /// says whether the variable matters here.
    pub fn set(&mut self, name: &str, value: &str) -> bool {
        let value = value.trim().trim_matches(['\'', '"']).to_ascii_uppercase();
        let on = matches!(value.as_str(), "1" | "ON" | "TRUE" | "YES");
        match name.to_ascii_lowercase().as_str() {
            // A value that cannot be read here, such as the variable that a dump kept it in, counts as the dearer one.
            "foreign_key_checks" => self.foreign_key_checks = !matches!(value.as_str(), "0" | "OFF" | "FALSE"),
            "innodb_instant_alter_column_allowed" => {
                self.instant_columns = match value.as_str() {
                    "NEVER" | "0" => InstantColumns::Never,
                    "ADD_LAST" | "1" => InstantColumns::AddLast,
                    _ => InstantColumns::AddDropReorder,
                }
            }
            "alter_algorithm" | "old_alter_table" => {
                self.alter_algorithm = match value.as_str() {
                    "COPY" | "ON" | "1" => Some("COPY".to_owned()),
                    "INPLACE" | "2" => Some("INPLACE".to_owned()),
                    "NOCOPY" | "3" => Some("NOCOPY".to_owned()),
                    "INSTANT" | "4" => Some("INSTANT".to_owned()),
                    _ => None,
                }
            }
            "sql_mode" => {
                self.settings.dialect = Dialect::new(self.version).with_sql_mode(&value);
                self.sql_mode = value;
            }
            "old_mode" => self.old_mode = value,
            "innodb_strict_mode" => self.innodb_strict_mode = on,
            "system_versioning_alter_history" => self.keeps_history = matches!(value.as_str(), "KEEP" | "1"),
            "slave_type_conversions" => self.slave_type_conversions = value,
            "binlog_row_image" => self.full_row_image = value == "FULL",
            "innodb_default_row_format" => self.settings.row_format = value,
            "default_storage_engine" | "storage_engine" => self.settings.engine = value,
            "explicit_defaults_for_timestamp" => self.settings.explicit_defaults_for_timestamp = on,
            _ => return false,
        }
        true
    }

    /// Whether `slave_type_conversions` lets values pass into a wider type, and into a narrower one.
    pub fn conversions(&self) -> (bool, bool) {
        let has = |word: &str| self.slave_type_conversions.split(',').any(|one| one.trim() == word);
        (has("ALL_NON_LOSSY"), has("ALL_LOSSY"))
    }

    /// What stands for an ALGORITHM that is not written: `alter_algorithm`, which counts before 11.5 (MDEV-33655).
    pub fn default_algorithm(&self) -> Option<&str> {
        self.alter_algorithm.as_deref().filter(|_| self.version < ServerVersion::new(11, 5, 0))
    }

    /// Whether `sql_mode` holds a word.
    pub fn has_mode(&self, word: &str) -> bool {
        self.sql_mode.split(',').any(|one| one.trim() == word)
    }
}
