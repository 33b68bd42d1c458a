//! `schema lint`.

mod baseline;
mod context;
mod files;
mod git;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::ValueEnum;

use self::files::Input;
use super::{Global, output};
use crate::config::Offline;
use crate::failure::{ExitCode, Failure};
use crate::lint::{Context, LintConfig, LintedFile, Settings, Severity, fix, lint};
use crate::report::lint as report;

/// Pre-flight lint of migration files and folders, for code review.
///
/// Folders are searched for *.sql files, except what .gitignore names. Ends with 1 when there are findings at or above
/// --fail-on. `schema rules` lists the rules.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files and folders; `-` is standard input. [default: .]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How findings are printed.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// The mildest severity that makes the command end with 1: info, warning, error, or never. [default: error]
    #[arg(long, value_name = "SEVERITY", value_parser = ["info", "warning", "error", "never"])]
    fail_on: Option<String>,
    /// The tables as they are before the first file: a dump, as `mariadb-dump --no-data` makes it.
    #[arg(long, value_name = "DUMP")]
    schema: Option<PathBuf>,
    /// The sizes of the tables, from `schema status --export-stats FILE`.
    #[arg(long, value_name = "FILE")]
    stats: Option<PathBuf>,
    /// The version of the servers: 11.8, 10.11.19, or what SELECT VERSION() prints.
    #[arg(long, value_name = "VERSION")]
    server_version: Option<String>,
    /// Only files that git says were added or changed since REV, and those that it does not know yet.
    #[arg(long, value_name = "REV")]
    since: Option<String>,
    /// Findings in FILE, the output of an earlier `--format json`, are not reported again. Written when there is none.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Apply the rewrites that are certain, and report what is left.
    #[arg(long)]
    fix: bool,
    /// The name under which standard input is reported and its framework recognised.
    #[arg(long, value_name = "NAME")]
    stdin_filename: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
    Sarif,
    Github,
    Gitlab,
    Junit,
}

pub(super) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let config = Offline::load(global.config.as_deref())?.lint;
    let settings = Settings::new(&config).map_err(|why| Failure::usage(format!("{why}.")))?;
    let fail_on = fail_on(args.fail_on.as_deref(), &config);
    let context = context::read_context(&args, &config)?;
    let base = global.config.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    let mut inputs = files::inputs(&args, base)?;
    if let Some(rev) = &args.since {
        let (all, changed) = (inputs.len(), git::changed_since(rev)?);
        inputs.retain(|input| input.path.is_none() || input.real_path().is_some_and(|path| changed.contains(&path)));
        if inputs.is_empty() && all > 0 {
            output::note(&format!("Files given: {all}; added or changed since {rev}: none."));
        }
    }
    let mut linted = lint_all(&inputs, &context, &settings, args.fix)?;
    if let Some(path) = &args.baseline {
        baseline::apply(path, &mut linted)?;
    }
    print(args.format, &linted)?;
    let bad =
        |file: &LintedFile| file.findings.iter().any(|finding| fail_on.is_some_and(|least| finding.severity >= least));
    Ok(if linted.iter().any(bad) { ExitCode::No } else { ExitCode::Done })
}

/// The severity from which on the answer is no; `None` for never.
fn fail_on(typed: Option<&str>, config: &LintConfig) -> Option<Severity> {
    match typed {
        Some("never") => None,
        // Clap lets only severities pass.
        Some(word) => Some(word.parse().unwrap_or(Severity::Error)),
        None => Some(config.fail_on.unwrap_or(Severity::Error)),
    }
}

/// Lints the files on as many threads as there are processors; results keep the order of the files.
fn lint_all(
    inputs: &[Input],
    context: &Context,
    settings: &Settings,
    fixing: bool,
) -> Result<Vec<LintedFile>, Failure> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(inputs.len().div_ceil(16)).max(1);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(input) = inputs.get(index) else { return done };
            done.push((index, lint_one(input, context, settings, fixing)));
        }
    };
    let mut all = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for other in others {
            // A thread that panicked has said so; its files are missing below.
            all.extend(other.join().unwrap_or_default());
        }
        all
    });
    if all.len() != inputs.len() {
        return Err(Failure::unobservable("Not every file could be looked at: the program failed within a rule."));
    }
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, linted)| linted).collect()
}

fn lint_one(input: &Input, context: &Context, settings: &Settings, fixing: bool) -> Result<LintedFile, Failure> {
    let (mut text, exact) = input.read()?;
    if fixing
        && exact
        && let Some(fixed) = fix(&input.key, &text, context, settings)
    {
        input.write(&fixed.text)?;
        text = fixed.text;
    }
    let findings = lint(&input.key, &text, context, settings);
    Ok(LintedFile { path: input.name.clone(), key: input.key.clone(), text, findings })
}

fn print(format: Format, linted: &[LintedFile]) -> Result<(), Failure> {
    let text = match format {
        Format::Human => report::human(linted),
        Format::Json => report::json(linted),
        Format::Sarif => report::sarif(linted),
        Format::Github => report::github(linted),
        Format::Gitlab => report::gitlab(linted),
        Format::Junit => report::junit(linted),
    };
    match format {
        Format::Human => output::print(&text)?,
        _ => output::print_exactly(&text)?,
    }
    if format == Format::Github
        && let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty())
    {
        let summary = report::github_summary(linted);
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(summary.as_bytes()))
            .map_err(|error| {
                let path = PathBuf::from(&path);
                Failure::usage(format!("The job summary {} cannot be written: {error}.", path.display()))
            })?;
    }
    Ok(())
}
