//! What is observed on a live cluster, and what is said when something is wrong there.

use libtest_mimic::Trial;

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    Vec::new()
}
