//! What a rule says: where, how bad, why, and what to write instead.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How bad a finding is, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; true only under a condition that the message names.
    Info,
    /// Likely to hurt.
    Warning,
    /// Certain to hurt.
    Error,
}

impl Severity {
    /// The word for people and formats: `info`, `warning`, `error`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "info" => Ok(Self::Info),
            "warning" => Ok(Self::Warning),
            "error" => Ok(Self::Error),
            other => Err(format!("`{other}` is no severity; it is one of info, warning, error")),
        }
    }
}

/// A replacement of a part of the text. Ranges are bytes of the whole file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty where text is only inserted.
    pub range: Range<usize>,
    /// What stands there afterwards.
    pub text: String,
}

/// One rule's word on one place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id.
    pub rule: &'static str,
    /// The rule's default severity, or what the settings made of it.
    pub severity: Severity,
    /// The bytes of the file that the finding is about.
    pub span: Range<usize>,
    /// What happens, in a sentence that names the table or column.
    pub message: String,
    /// The safe way to write it.
    pub help: Option<String>,
    /// The rewrite that `--fix` applies; only present where it is certain to keep the statement's meaning.
    pub fix: Option<Edit>,
}

/// The findings of one file, with the text that they point into.
#[derive(Clone, Debug)]
pub struct LintedFile {
    /// The path as it is shown, with `/` between its parts.
    pub path: String,
    /// The path from the folder of the settings: what the file is known by wherever the command runs.
    pub key: String,
    /// The text, as it was read.
    pub text: String,
    /// In the order of the text.
    pub findings: Vec<Finding>,
}
