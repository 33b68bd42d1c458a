//! Findings that were there before: a project adopts the linter without mending everything at once.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;

use serde::Deserialize;

use crate::failure::Failure;
use crate::lint::LintedFile;
use crate::report::lint as report;

/// What is read of the output of `--format json`.
#[derive(Deserialize)]
struct Baseline {
    v: u32,
    findings: Vec<Known>,
}

#[derive(Deserialize)]
struct Known {
    fingerprint: String,
}

/// Drops the findings that the file knows. Where there is no file it is written, and nothing is dropped: the first run
/// still says what it found.
pub(super) fn apply(path: &Path, linted: &mut [LintedFile]) -> Result<(), Failure> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return write(path, linted),
        Err(error) => return Err(Failure::usage(format!("The baseline {} cannot be read: {error}.", path.display()))),
    };
    let baseline: Baseline = serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("{} is no output of --format json: {error}.", path.display())))?;
    if baseline.v != 1 {
        return Err(Failure::usage(format!("{} has version {}, which is not known.", path.display(), baseline.v)));
    }
    let known: HashSet<String> = baseline.findings.into_iter().map(|finding| finding.fingerprint).collect();
    for file in linted {
        let mut prints = report::fingerprints(file).into_iter();
        file.findings.retain(|_| prints.next().is_none_or(|print| !known.contains(&print)));
    }
    Ok(())
}

fn write(path: &Path, linted: &[LintedFile]) -> Result<(), Failure> {
    std::fs::write(path, report::json(linted))
        .map_err(|error| Failure::usage(format!("The baseline {} cannot be written: {error}.", path.display())))?;
    let count: usize = linted.iter().map(|file| file.findings.len()).sum();
    // Nobody is left to tell when stderr is gone.
    let _ = writeln!(
        anstream::stderr(),
        "{} is new and holds the {count} findings of this run; the next run reports only others.",
        path.display()
    );
    Ok(())
}
