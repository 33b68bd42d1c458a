//! What is wrong with a configuration: always exit 2, always with the place.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// A setting that cannot be used. Nothing was touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file that holds the setting; `None` when it came from the command line or the environment.
    pub file: Option<PathBuf>,
    /// The 1-based line and column in `file`.
    pub place: Option<(usize, usize)>,
    /// The key, the reason, and what to write instead.
    pub message: String,
}

impl std::error::Error for ConfigError {}

impl ConfigError {
    /// A setting from the command line or the environment.
    pub fn typed(message: impl Into<String>) -> Self {
        Self { file: None, place: None, message: message.into() }
    }

    /// A setting in a file.
    pub fn in_file(file: &Path, message: impl Into<String>) -> Self {
        Self { file: Some(file.to_owned()), place: None, message: message.into() }
    }

    /// A setting at a byte offset of a file's text.
    pub(super) fn at(file: &Path, text: &str, offset: usize, message: impl Into<String>) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { file: Some(file.to_owned()), place: Some((line, column)), message: message.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}", file.display())?;
            if let Some((line, column)) = self.place {
                write!(f, ":{line}:{column}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Failure::usage(error.to_string())
    }
}
