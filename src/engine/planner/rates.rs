//! How fast this cluster's servers are, from its own journal.

use serde_json::Value;

use crate::cluster::Connector;
use crate::cluster::journal::{Journal, RunRow};
use crate::config::Settings;
use crate::ddl::Algorithm;
use crate::plan::{Costs, Labour, Method, Rates, Sample};

/// Runs that are looked at. Hardware and data change; old runs say little about today.
const RUNS: u32 = 40;

/// The rates of the last calibration, else the defaults, corrected by the runs since. A journal that is not there, or
/// cannot be read, holds no run.
pub(super) async fn learn(connector: &Connector, settings: &Settings) -> Rates {
    let mut journal = Journal::new(connector.clone(), &settings.journal.database);
    let runs = match journal.exists().await {
        Ok(true) => journal.history(RUNS).await.unwrap_or_default(),
        _ => Vec::new(),
    };
    journal.close().await;
    let calibrated = runs.iter().filter(|run| run.kind == "calibrate").find_map(of_calibration);
    let rates = calibrated.map_or_else(Rates::default, Rates::calibrated);
    // The journal tells the newest first; the newest sample is to come last.
    let samples: Vec<Sample> =
        runs.iter().rev().filter(|run| run.kind == "apply").flat_map(|run| of_apply(run, &rates)).collect();
    rates.corrected(&samples)
}

/// What a run measured, beside what its plan had foretold with the same costs.
fn of_apply(run: &RunRow, now: &Rates) -> Vec<Sample> {
    let then = serde_json::from_value::<Rates>(run.plan["rates"].clone());
    let Some(then) = then.ok().filter(|then| alike(&then.costs, &now.costs)) else { return Vec::new() };
    let measured = run.summary["measured"].as_array().map_or(&[][..], Vec::as_slice);
    let sample = |one: &Value| {
        let index = one["statement"].as_u64()?;
        let statements = run.plan["statements"].as_array()?;
        let statement = statements.iter().find(|statement| statement["index"].as_u64() == Some(index))?;
        // A copying tool's pace says nothing about the server's own.
        if serde_json::from_value(statement["method"].clone()).ok() == Some(Method::PtOsc) {
            return None;
        }
        let algorithm = serde_json::from_value(statement["algorithm"].clone()).ok()?;
        let factor = then.factor(match algorithm {
            Algorithm::Instant => return None,
            Algorithm::Nocopy => Labour::Keys,
            Algorithm::Inplace => Labour::Rebuild,
            Algorithm::Copy => Labour::Copy,
        });
        // What it costs without any row says nothing about the pace.
        let fixed = statement["estimate"]["fixed_seconds"].as_f64()?;
        let foretold = (statement["estimate"]["node_seconds"].as_f64()? - fixed) / factor;
        Some(Sample { algorithm, foretold, seconds: one["seconds"].as_f64()? - fixed })
    };
    measured.iter().filter_map(sample).collect()
}

/// Whether two plans reckoned with the same costs; a figure that went through the journal may differ in its last digit.
fn alike(one: &Costs, other: &Costs) -> bool {
    let near = |one: f64, other: f64| (one - other).abs() <= one.abs() * 1e-9;
    near(one.copy.row, other.copy.row) && near(one.rebuild.row, other.rebuild.row) && near(one.key.row, other.key.row)
}

fn of_calibration(run: &RunRow) -> Option<Costs> {
    serde_json::from_value(run.summary["costs"].clone()).ok()
}
