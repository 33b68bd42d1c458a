//! Rows written under mixed schemas, on a real cluster: what `ddl::rolling` says against what happens.
//!
//! For each experiment one node is changed in RSU, then rows are inserted, updated and deleted on an unchanged node; the
//! others are changed, and every row is compared. Then the same again with rows from the changed node. What is written
//! keeps the conditions that are named, or breaks them where the experiment says so.
//!
//! `SCHEMA_COMPAT_ALL=1` runs all of them, else a few. `SCHEMA_TEST_SERVER=PREFIX` takes a server of
//! `tests/fetch-servers`, `SCHEMA_COMPAT_ONLY=TEXT` the experiments whose statement holds that text.

mod certify;
mod clauses;
mod lab;
mod types;

use std::collections::BTreeMap;
use std::time::Instant;

use galera_schema::ddl::{Flow, Rolling, Verdict};
use galera_schema::sandbox::Error;
use libtest_mimic::Trial;

use self::lab::{Direction, Experiment, Lab, Outcome};
use crate::support::{other_server, trial};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    vec![trial("compat::verdicts_hold_on_a_live_cluster", verdicts_hold_on_a_live_cluster)]
}

async fn verdicts_hold_on_a_live_cluster() -> Result<(), Error> {
    let mut lab = Lab::up(other_server()).await?;
    let mut wrong = Vec::new();
    races(&mut lab, &mut wrong).await?;
    experiments(&mut lab, &mut wrong).await?;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Whether a statement is wanted now.
fn wanted(alter: &str, daily: bool) -> bool {
    match std::env::var("SCHEMA_COMPAT_ONLY") {
        Ok(text) => alter.contains(text.as_str()),
        Err(_) => daily || std::env::var_os("SCHEMA_COMPAT_ALL").is_some(),
    }
}

/// Conflicting writes: whether `single-writer` is asked for where they pass unnoticed, and only there.
async fn races(lab: &mut Lab, wrong: &mut Vec<String>) -> Result<(), Error> {
    for race in certify::RACES.iter().filter(|race| wanted(race.alter, race.daily)) {
        let (prediction, answer, outcome) = lab.race(race).await?;
        let noticed = answer.as_ref().is_err_and(|why| why.contains("Deadlock"));
        let single = prediction.compatibility.conditions.iter().any(|condition| condition.code == "single-writer");
        let seen = if noticed { "noticed" } else { "unnoticed" };
        eprintln!(
            "{seen} ({answer:?}), {outcome:?}  {:?} single-writer: {single}  {}",
            prediction.compatibility.verdict, race.alter
        );
        if noticed != race.noticed {
            wrong.push(format!("{}: a conflict was {seen}", race.alter));
        }
        if !noticed && !single && prediction.compatibility.verdict != Verdict::Unsafe {
            wrong.push(format!("{}: a conflict passes unnoticed, and single-writer is not asked for", race.alter));
        }
        if noticed && single {
            wrong.push(format!("{}: single-writer is asked for, but conflicts are noticed", race.alter));
        }
        if outcome == Outcome::Lost || !lab.settled().await {
            lab.renew().await?;
        } else {
            lab.clear().await?;
        }
    }
    Ok(())
}

/// Rows of both sides: what was predicted for them against what became of them.
async fn experiments(lab: &mut Lab, wrong: &mut Vec<String>) -> Result<(), Error> {
    let mut experiments = types::experiments();
    experiments.extend(clauses::experiments());
    let mut tally = BTreeMap::new();
    // Those that lose a node take the longest.
    experiments.sort_by_key(|experiment| experiment.expected.contains(&Outcome::Lost));
    for experiment in experiments.iter().filter(|one| wanted(&one.alter, one.daily)) {
        let started = Instant::now();
        let mut seen = [None; 2];
        let mut prediction = None;
        for (place, direction) in [Direction::OldToNew, Direction::NewToOld].into_iter().enumerate() {
            if experiment.one_way.is_some_and(|only| only != direction) {
                continue;
            }
            let (predicted, outcome) = lab.measure(experiment, direction).await?;
            prediction = predicted.or(prediction);
            if outcome == Ok(Outcome::Lost) || !lab.settled().await {
                lab.renew().await?;
            }
            match outcome {
                Ok(outcome) => seen[place] = Some(outcome),
                Err(why) => wrong.push(format!("{}: {direction:?}: says nothing: {why}", title(experiment))),
            }
        }
        let Some(prediction) = prediction else { continue };
        let verdict = prediction.compatibility.verdict;
        eprintln!("{:>5} ms  {}  {verdict:?}  {}", started.elapsed().as_millis(), shown(seen), title(experiment));
        *tally.entry(format!("{verdict:?}, {}", if harmless(seen) { "harmless" } else { "harm" })).or_insert(0) += 1;
        let expected = lab.expected(experiment);
        let differs = |(expected, seen): (&Outcome, Option<Outcome>)| {
            *expected != Outcome::Chance && seen.is_some_and(|seen| seen != *expected)
        };
        if expected.iter().zip(seen).any(differs) {
            wrong.push(format!("{}: {} seen, {expected:?} expected", title(experiment), shown(seen)));
        }
        judge(experiment, &prediction, seen, wrong);
    }
    eprintln!("{tally:?}");
    lab.clear().await
}

fn title(experiment: &Experiment) -> String {
    let old = experiment.setup.iter().rev().find(|sql| sql.starts_with("CREATE")).map_or("", String::as_str);
    let old = old.split_once(" v ").and_then(|(_, rest)| rest.split_once(", w")).map_or("", |(old, _)| old);
    let cut = |text: &str| text.chars().take(100).collect::<String>();
    format!(
        "{}{}{}{}{}",
        if old.is_empty() { String::new() } else { format!("{} : ", cut(old)) },
        cut(&experiment.alter),
        if experiment.window { " [window]" } else { "" },
        experiment.image.map(|image| format!(" [{image}]")).unwrap_or_default(),
        if experiment.broken { " [broken]" } else { "" }
    )
}

fn harmless(seen: [Option<Outcome>; 2]) -> bool {
    seen.into_iter().flatten().all(|outcome| outcome == Outcome::Same)
}

fn shown(seen: [Option<Outcome>; 2]) -> String {
    seen.map(|outcome| outcome.map_or_else(|| "-".to_owned(), |outcome| format!("{outcome:?}"))).join("/")
}

/// What a verdict promises.
fn judge(experiment: &Experiment, prediction: &Rolling, seen: [Option<Outcome>; 2], wrong: &mut Vec<String>) {
    let compatibility = &prediction.compatibility;
    let mut note = |text: String| wrong.push(format!("{}: {text}", title(experiment)));
    let harmless = harmless(seen);
    let kept = !experiment.broken && (experiment.window || prediction.window.is_none());
    match compatibility.verdict {
        Verdict::Safe if !harmless => note(format!("called safe, but {}", shown(seen))),
        Verdict::Conditional if !harmless && kept => note(format!("its conditions were kept, but {}", shown(seen))),
        Verdict::Unsafe if harmless => note("called unsafe, but nothing happened".to_owned()),
        _ => {}
    }
    if experiment.window && prediction.window.is_none() && compatibility.verdict != Verdict::Unsafe {
        note("no conversion window was asked for".to_owned());
    }
    for (flow, seen, way) in
        [(compatibility.old_to_new, seen[0], "old to new"), (compatibility.new_to_old, seen[1], "new to old")]
    {
        if flow == Flow::Ok && seen.is_some_and(|seen| seen != Outcome::Same) && !named(prediction) {
            note(format!("rows {way} were said to arrive, but {}", shown([seen, None])));
        }
    }
}

/// Conditions under which rows of both directions arrive although the statement is only conditional: what the
/// application must not touch meanwhile.
fn named(prediction: &Rolling) -> bool {
    prediction.compatibility.conditions.iter().any(|condition| condition.code.ends_with("-unused"))
}
