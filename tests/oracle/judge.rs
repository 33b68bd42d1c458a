//! The prediction for an observation, from the text of the tables alone, and how the two compare.

use std::collections::BTreeMap;

use galera_schema::ddl::model::{Catalog, Settings};
use galera_schema::ddl::{Algorithm, Judgement, ServerProfile, judge, parse};

use crate::observe::Observation;

/// What `ddl` says about an observed statement.
pub(crate) fn predict(observation: &Observation) -> Judgement {
    let version = observation.version.parse().unwrap();
    let mut profile = ServerProfile::of(version);
    for (name, value) in &observation.variables {
        profile.set(name, value);
    }
    let mut settings = Settings { ..profile.settings.clone() };
    settings.charset = observation.variables.get("character_set_database").cloned();
    settings.collation = observation.variables.get("collation_database").cloned();
    profile.settings = settings.clone();
    let mut catalog = Catalog::from_dump(&observation.dump, settings);
    let statement = parse(&observation.statement, profile.settings.dialect);
    let applied = catalog.apply(&statement, &observation.statement, Some(&observation.database));
    judge(&statement, &observation.statement, &applied, &profile)
}

/// How predictions fared.
#[derive(Default)]
pub(crate) struct Score {
    pub(crate) all: usize,
    pub(crate) algorithm_right: usize,
    pub(crate) lock_asked: usize,
    pub(crate) lock_right: usize,
    pub(crate) too_cheap: usize,
    pub(crate) uncertain: usize,
    /// Mismatches by kind, with examples.
    pub(crate) misses: BTreeMap<String, Vec<String>>,
}

impl Score {
    pub(crate) fn add(&mut self, observation: &Observation) {
        let predicted = predict(observation);
        let algorithm = predicted.algorithm.unwrap_or(Algorithm::Instant);
        self.all += 1;
        self.uncertain += usize::from(!predicted.certain);
        let right = algorithm == observation.algorithm;
        self.algorithm_right += usize::from(right);
        let cheap = algorithm < observation.algorithm;
        self.too_cheap += usize::from(cheap);
        let mut lock_wrong = false;
        // Where the user wrote a LOCK, the weakest one was not observed.
        let upper = observation.statement.to_ascii_uppercase();
        let own_lock = upper.contains("LOCK") || upper.contains("ONLINE") || upper.contains("ALGORITHM");
        if observation.lock.is_some() && !own_lock {
            self.lock_asked += 1;
            lock_wrong = predicted.lock != observation.lock;
            self.lock_right += usize::from(!lock_wrong);
        }
        if !right || lock_wrong {
            let kind = format!(
                "{}: {:?}/{:?} predicted, {:?}/{:?} seen",
                if cheap {
                    "TOO CHEAP"
                } else if !right {
                    "too dear"
                } else {
                    "lock"
                },
                algorithm,
                predicted.lock,
                observation.algorithm,
                observation.lock
            );
            let table: String = observation.dump.chars().take(3000).collect();
            let text = format!(
                "  {} {}\n    {}\n    reasons: {}\n    seen: {}\n{}",
                observation.version,
                observation.origin,
                observation.statement.replace('\n', " "),
                predicted.reasons.iter().map(|r| format!("{} ({})", r.code, r.text)).collect::<Vec<_>>().join("; "),
                observation.note,
                table.lines().map(|line| format!("      {line}")).collect::<Vec<_>>().join("\n"),
            );
            self.misses.entry(kind).or_default().push(text);
        }
    }

    pub(crate) fn report(&self, name: &str, examples: usize) {
        let percent = |part: usize, all: usize| if all == 0 { 100.0 } else { 100.0 * part as f64 / all as f64 };
        eprintln!(
            "{name}: {} statements; algorithm right {:.2} %, lock right {:.2} %, predicted too cheap {}, worst case for want of a fact {}",
            self.all,
            percent(self.algorithm_right, self.all),
            percent(self.lock_right, self.lock_asked),
            self.too_cheap,
            self.uncertain
        );
        for (kind, texts) in &self.misses {
            eprintln!("{kind}: {}", texts.len());
            for text in texts.iter().take(examples) {
                eprintln!("{text}");
            }
        }
    }

    /// What the project promises.
    pub(crate) fn verdict(&self) -> bool {
        self.too_cheap == 0
            && self.algorithm_right * 100 >= self.all * 99
            && self.lock_right * 100 >= self.lock_asked * 97
    }
}
