//! The rules, applied.

use crate::ddl::knowledge::{Fact, INSTANT_BLOCKERS, Known, LOCKS, RULES, Rule};
use crate::ddl::{Algorithm, Lock, Reason};
use crate::sql::ServerVersion;

/// The answer of the rules.
pub(super) struct Decision {
    pub(super) algorithm: Algorithm,
    pub(super) lock: Lock,
    pub(super) reasons: Vec<Reason>,
    /// The answer rests on facts, not on the worst that is possible.
    pub(super) certain: bool,
}

pub(super) fn decide(mut known: Known, version: ServerVersion) -> Decision {
    follow(&mut known, version);
    let certain_algorithm = dearest(RULES, |rule| rule.holds(known, version));
    let algorithm = dearest(RULES, |rule| rule.possible(known, version));
    let asked =
        |rule: &Rule<_>, holds: bool| if holds { rule.holds(known, version) } else { rule.possible(known, version) };
    let lock_of = |algorithm: Algorithm, holds: bool| {
        LOCKS
            .iter()
            .filter(|rule| rule.then.when.contains(&algorithm) && asked(rule, holds))
            .map(|rule| rule.then.lock)
            .max()
            .unwrap_or(Lock::None)
    };
    let lock = lock_of(algorithm, false);
    let certain = algorithm == certain_algorithm && lock == lock_of(certain_algorithm, true);
    let mut reasons = vec![headline(algorithm)];
    let mut add = |code: &str, text: &str| {
        if !reasons.iter().any(|reason: &Reason| reason.code == code) {
            reasons.push(Reason { code: code.to_owned(), text: text.to_owned() });
        }
    };
    for rule in RULES
        .iter()
        .filter(|rule| rule.then == algorithm && algorithm > Algorithm::Instant && rule.holds(known, version))
    {
        add(rule.code, rule.text);
    }
    if algorithm == Algorithm::Inplace && known.holds(Fact::InstantColumnsBeside) {
        for rule in INSTANT_BLOCKERS.iter().filter(|rule| rule.holds(known, version)) {
            add(rule.code, rule.text);
        }
    }
    for rule in LOCKS
        .iter()
        .filter(|rule| rule.then.when.contains(&algorithm) && rule.then.lock == lock && rule.holds(known, version))
    {
        add(rule.code, rule.text);
    }
    Decision { algorithm, lock, reasons, certain }
}

/// Adds the facts that the tables of rules themselves yield.
fn follow(known: &mut Known, version: ServerVersion) {
    for rule in INSTANT_BLOCKERS {
        if rule.holds(*known, version) {
            known.insert(Fact::InstantBlocked);
        } else if rule.possible(*known, version) {
            known.allow(Fact::InstantBlocked);
        }
    }
    let only_columns = ![
        Fact::AddsNotNull,
        Fact::AddsClusteredKey,
        Fact::DropsClusteredKey,
        Fact::Forces,
        Fact::NamesRebuildOption,
        Fact::AddsVersioning,
        Fact::DropsVersioning,
        Fact::AddsAutoIncrement,
        Fact::AddsPlainKey,
        Fact::AddsUniqueKey,
        Fact::DropsKey,
        Fact::InstantBlocked,
    ]
    .iter()
    .any(|fact| known.possible(*fact));
    known.insert_if(only_columns, Fact::RebuildsInstantly);
}

fn dearest(rules: &[Rule<Algorithm>], applies: impl Fn(&Rule<Algorithm>) -> bool) -> Algorithm {
    rules.iter().filter(|rule| applies(rule)).map(|rule| rule.then).max().unwrap_or(Algorithm::Instant)
}

/// What the algorithm means, as the first reason.
pub(super) fn headline(algorithm: Algorithm) -> Reason {
    let (code, text) = match algorithm {
        Algorithm::Instant => ("metadata-only", "Only the definition changes; rows and indexes stay as they are."),
        Algorithm::Nocopy => ("index-build", "Only indexes are worked on; the rows stay where they are."),
        Algorithm::Inplace => ("rebuild", "InnoDB rebuilds the table with all its indexes."),
        Algorithm::Copy => ("copy", "The server makes a new table and copies every row."),
    };
    Reason { code: code.to_owned(), text: text.to_owned() }
}
