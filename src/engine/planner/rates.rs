//! How fast this cluster's servers are, from its own journal.

use serde_json::Value;

use crate::cluster::Connector;
use crate::cluster::journal::{Journal, RunRow};
use crate::config::Settings;
use crate::plan::{RateSource, Rates, Sample};

/// Runs that are looked at. Hardware and data change; old runs say little about today.
const RUNS: u32 = 40;

/// The rates that past runs show, else those of the last calibration, else the defaults. A journal that is not there, or
/// cannot be read, holds no run.
pub(super) async fn learn(connector: &Connector, settings: &Settings) -> Rates {
    let mut journal = Journal::new(connector.clone(), &settings.journal.database);
    let runs = match journal.exists().await {
        Ok(true) => journal.history(RUNS).await.unwrap_or_default(),
        _ => Vec::new(),
    };
    journal.close().await;
    // The journal tells the newest first; the newest sample is to come last.
    let of_kind = |kind: &'static str, samples: fn(&RunRow) -> Vec<Sample>| -> Vec<Sample> {
        runs.iter().rev().filter(|run| run.kind == kind).flat_map(samples).collect()
    };
    let learned = Rates::learned(&of_kind("apply", of_apply), RateSource::History);
    if learned.source == RateSource::History {
        return learned;
    }
    Rates::learned(&of_kind("calibrate", of_calibration), RateSource::Calibrated)
}

/// What a run measured, beside what its plan knew of the statements.
fn of_apply(run: &RunRow) -> Vec<Sample> {
    let measured = run.summary["measured"].as_array().map_or(&[][..], Vec::as_slice);
    let sample = |one: &Value| {
        let index = one["statement"].as_u64()?;
        let statements = run.plan["statements"].as_array()?;
        let statement = statements.iter().find(|statement| statement["index"].as_u64() == Some(index))?;
        Some(Sample {
            algorithm: serde_json::from_value(statement["algorithm"].clone()).ok()?,
            bytes: statement["estimate"]["bytes"].as_u64()?,
            seconds: one["seconds"].as_f64()?,
        })
    };
    measured.iter().filter_map(sample).collect()
}

fn of_calibration(run: &RunRow) -> Vec<Sample> {
    serde_json::from_value(run.summary["samples"].clone()).unwrap_or_default()
}
