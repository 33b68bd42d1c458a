//! Operations to findings: what a reviewer who knows Galera would say about a migration file.
//!
//! One rule is one file in `rules`, one page in `docs/rules` and one id. [`lint`] is pure: a text and what is known
//! besides it go in, findings come out. Reading files, git and settings is the command line's work.

mod context;
mod cost;
mod deeds;
mod dml;
mod finding;
mod fix;
mod framework;
mod mask;
mod rule;
mod rules;
mod script;
mod settings;
mod sink;
mod stats;
mod suppress;
mod tables;

use std::collections::HashSet;
use std::ops::Range;

pub use context::{Context, Stall};
pub use cost::Cost;
pub use deeds::Deed;
pub use dml::{Dml, Verb};
pub use finding::{Edit, Finding, LintedFile, Severity};
pub use fix::{Fixed, fix};
pub use framework::{Direction, Framework, Layout};
pub use rule::{Group, Rule};
pub use rules::{RULES, find};
pub use script::{Script, Unit};
pub use settings::{Level, LintConfig, PathConfig, Settings};
pub use sink::{Draft, Sink};
pub use stats::{TableSize, TableStats};

use suppress::Ignore;

/// Looks at one file. `path` has `/` between its parts; findings come in the order of the text.
pub fn lint(path: &str, text: &str, context: &Context, settings: &Settings) -> Vec<Finding> {
    let masked = mask::mask(text);
    let script = Script::read(path, text, &masked.code, context);
    let mut sink = Sink::new(RULES[0]);
    for rule in RULES {
        if let Some(check) = rule.check {
            sink.set_rule(rule);
            check(&script, &mut sink);
        }
    }
    let mut findings = sink.into_findings();
    findings.retain_mut(|finding| on_its_way(&script, finding));
    findings.retain_mut(|finding| match settings.severity(finding.rule, path, finding.severity) {
        Some(severity) => {
            finding.severity = severity;
            true
        }
        None => false,
    });
    obey_ignores(&script, &masked.comments, settings, &mut findings);
    findings.sort_by(|a, b| (a.span.start, a.rule, a.span.end).cmp(&(b.span.start, b.rule, b.span.end)));
    findings
}

/// On the way down only some rules speak, and none is sure to hurt: it runs when somebody wants a change undone.
fn on_its_way(script: &Script<'_>, finding: &mut Finding) -> bool {
    if script.layout.direction(finding.span.start) == Direction::Up {
        return true;
    }
    finding.severity = finding.severity.min(Severity::Warning);
    find(finding.rule).is_some_and(|rule| rule.on_the_way_down)
}

/// Drops what comments ask to ignore, and reports comments that give no reason or ignore nothing.
fn obey_ignores(script: &Script<'_>, glued: &[Range<usize>], settings: &Settings, findings: &mut Vec<Finding>) {
    let ignores = ignores(script, glued);
    if ignores.is_empty() {
        return;
    }
    let statements: Vec<Range<usize>> = script.units.iter().map(Unit::whole).collect();
    let ignored = drop_ignored(script, &ignores, &statements, findings);
    let mut about_ignores = Vec::new();
    for ignore in &ignores {
        if ignore.reason.is_empty() || ignore.rules.is_empty() {
            let message = "The comment gives no reason, so it is not obeyed.";
            about_ignores.push(about(&rules::IGNORE_WITHOUT_REASON, ignore, message.to_owned()));
            continue;
        }
        let target = ignore.target(&statements, script.text);
        for rule in &ignore.rules {
            let found = target.is_some_and(|target| ignored.contains(&(target, rule.as_str())));
            let message = match find(rule) {
                None => format!("No rule is called `{rule}`; `schema rules` lists them."),
                Some(known) if !found && script.could_know(known) => {
                    format!("The comment ignores `{rule}`, which has nothing to say here.")
                }
                Some(_) => continue,
            };
            if settings.severity(rule, script.path, Severity::Error).is_some() {
                about_ignores.push(about(&rules::UNUSED_IGNORE, ignore, message));
            }
        }
    }
    about_ignores.retain_mut(|finding| match settings.severity(finding.rule, script.path, finding.severity) {
        Some(severity) => {
            finding.severity = severity;
            true
        }
        None => false,
    });
    findings.append(&mut about_ignores);
}

/// Drops what is to be ignored, and says which statements it stood on, and its rules.
fn drop_ignored<'i>(
    script: &Script<'_>,
    ignores: &'i [Ignore],
    statements: &[Range<usize>],
    findings: &mut Vec<Finding>,
) -> HashSet<(usize, &'i str)> {
    let obeyed = ignores.iter().filter(|ignore| !ignore.reason.is_empty());
    let wanted: HashSet<(usize, &str)> = obeyed
        .filter_map(|ignore| Some((ignore, ignore.target(statements, script.text)?)))
        .flat_map(|(ignore, target)| ignore.rules.iter().map(move |rule| (target, rule.as_str())))
        .collect();
    let mut found = HashSet::new();
    findings.retain(|finding| {
        let at = statements.partition_point(|range| range.end <= finding.span.start);
        let stands_there = statements.get(at).is_some_and(|range| range.contains(&finding.span.start));
        match wanted.get(&(at, finding.rule)).filter(|_| stands_there) {
            Some(ignored) => {
                found.insert(*ignored);
                false
            }
            None => true,
        }
    });
    found
}

fn about(rule: &Rule, ignore: &Ignore, message: String) -> Finding {
    let help = Some("-- schema: ignore[rule] reason".to_owned());
    Finding { rule: rule.id, severity: rule.severity, span: ignore.span.clone(), message, help, fix: None }
}

/// The comments of a file that speak to the linter.
fn ignores(script: &Script<'_>, glued: &[Range<usize>]) -> Vec<Ignore> {
    // Hardly a file has one, and reading comments is dear.
    if memchr::memmem::find(script.text.as_bytes(), b"schema:").is_none() {
        return Vec::new();
    }
    let read = |range: Range<usize>| Ignore::read(script.text.get(range.clone())?, range.start);
    let mut all: Vec<Ignore> = script.comments().chain(glued.iter().cloned()).filter_map(read).collect();
    all.sort_by_key(|ignore| ignore.span.start);
    all
}
