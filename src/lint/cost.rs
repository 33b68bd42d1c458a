//! What a statement costs the cluster, in the words of the rules.

use super::script::Unit;
use crate::ddl::Algorithm;

/// What the server does when it is left to itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The worst that is possible.
    pub algorithm: Algorithm,
    /// No missing fact could make it better.
    pub certain: bool,
}

impl Unit<'_> {
    /// What the statement costs; `None` where the notion does not apply.
    pub fn cost(&self) -> Option<&Cost> {
        None
    }

    /// Whether the table is known to be so small that even a copy is no stall.
    pub fn is_small(&self) -> bool {
        false
    }
}
