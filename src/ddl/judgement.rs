//! The words in which a judgement on a statement is given.

use serde::{Deserialize, Serialize};

/// What the server does when it is left to itself, cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Algorithm {
    /// Metadata only.
    Instant,
    /// Index work only; the rows stay where they are.
    Nocopy,
    /// A rebuild of the table inside the engine.
    Inplace,
    /// A new table, filled row by row.
    Copy,
}

impl Algorithm {
    /// The word that stands behind `ALGORITHM=`.
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Instant => "INSTANT",
            Self::Nocopy => "NOCOPY",
            Self::Inplace => "INPLACE",
            Self::Copy => "COPY",
        }
    }
}

/// The weakest lock that the server accepts for a statement, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Lock {
    /// Reads and writes go on.
    None,
    /// Reads go on.
    Shared,
    /// Nothing goes on.
    Exclusive,
}

impl Lock {
    /// The word that stands behind `LOCK=`.
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Shared => "SHARED",
            Self::Exclusive => "EXCLUSIVE",
        }
    }
}

/// What happens to rows that are written under one schema and applied under the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// Every row arrives as it was written.
    Ok,
    /// It does while the named conditions hold.
    Conditional,
    /// The applying node's row differs from the writing node's, and nothing says so.
    Differs,
    /// The applying node fails, and is voted out of the cluster.
    Lost,
}

/// Whether a statement may roll through the cluster node by node while the application writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Whatever the application does with either schema meanwhile.
    Safe,
    /// While the named conditions hold.
    Conditional,
    /// Not at all.
    Unsafe,
}

/// Something that must hold for a statement to be safe, with a stable code that `--accept` names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Condition {
    /// Kebab case, stable: `new-column-unused`.
    pub code: String,
    /// What the application must not do, and until when.
    pub text: String,
}

/// Why something was judged as it was.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reason {
    /// Kebab case, stable: `metadata-only`.
    pub code: String,
    /// A full sentence.
    pub text: String,
}

/// Whether old and new schema can live side by side while a change rolls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compatibility {
    /// The worst of both directions, with the conditions counted.
    pub verdict: Verdict,
    /// Rows written on an unchanged node and applied on a changed one.
    pub old_to_new: Flow,
    /// Rows written on a changed node and applied on an unchanged one.
    pub new_to_old: Flow,
    /// What must hold meanwhile, in the order in which it should be read.
    pub conditions: Vec<Condition>,
}
