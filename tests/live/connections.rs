//! How sessions come about: addresses, accounts, encryption, discovery, and what is said when they do not.

use libtest_mimic::Trial;

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    Vec::new()
}
