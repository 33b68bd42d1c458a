//! What `schema.toml` says about the lint: severities, for all files or for some.

use std::collections::BTreeMap;

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde::Deserialize;

use super::finding::Severity;
use super::rules::find;

/// The `[lint]` table, as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LintConfig {
    /// The mildest severity that makes the command end with 1.
    pub fail_on: Option<Severity>,
    /// The version of the servers that the files are for, as `--server-version`.
    pub server_version: Option<String>,
    /// Rule ids, or `all`, with `off`, `info`, `warning` or `error`.
    pub rules: BTreeMap<String, Level>,
    /// Settings for some files; later entries win over earlier ones.
    pub path: Vec<PathConfig>,
}

/// One `[[lint.path]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathConfig {
    /// Globs, matched against the path from the folder of `schema.toml`.
    pub paths: Vec<String>,
    /// As `[lint.rules]`.
    pub rules: BTreeMap<String, Level>,
}

/// What a setting makes of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The rule is silent.
    Off,
    /// Its findings become notes.
    Info,
    /// Its findings become warnings.
    Warning,
    /// Its findings become errors.
    Error,
}

impl Level {
    const fn severity(self) -> Option<Severity> {
        match self {
            Self::Off => None,
            Self::Info => Some(Severity::Info),
            Self::Warning => Some(Severity::Warning),
            Self::Error => Some(Severity::Error),
        }
    }
}

/// The settings, checked and ready to be asked.
#[derive(Debug, Default)]
pub struct Settings {
    rules: BTreeMap<String, Level>,
    paths: Vec<(GlobSet, BTreeMap<String, Level>)>,
}

impl Settings {
    /// Checks the globs and the rules' names.
    ///
    /// # Errors
    /// A sentence that names the glob or the rule that is not one.
    pub fn new(config: &LintConfig) -> Result<Self, String> {
        known(&config.rules)?;
        let mut paths = Vec::new();
        for entry in &config.path {
            known(&entry.rules)?;
            let mut globs = GlobSetBuilder::new();
            for text in &entry.paths {
                globs.add(Glob::new(text).map_err(|error| format!("lint.path: {error}"))?);
            }
            let globs = globs.build().map_err(|error| format!("lint.path: {error}"))?;
            paths.push((globs, entry.rules.clone()));
        }
        Ok(Self { rules: config.rules.clone(), paths })
    }

    /// What becomes of a finding of `rule` in the file at `path`; `None` when it is to be dropped.
    pub fn severity(&self, rule: &str, path: &str, found: Severity) -> Option<Severity> {
        let for_path = self.paths.iter().rev().filter(|(globs, _)| globs.is_match(path)).map(|(_, rules)| rules);
        for rules in for_path.chain(std::iter::once(&self.rules)) {
            if let Some(level) = rules.get(rule).or_else(|| rules.get("all")) {
                return level.severity();
            }
        }
        Some(found)
    }
}

fn known(rules: &BTreeMap<String, Level>) -> Result<(), String> {
    match rules.keys().find(|id| *id != "all" && find(id).is_none()) {
        Some(id) => Err(format!("`{id}` in the lint settings is no rule; `schema rules` lists them")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Result<Settings, String> {
        Settings::new(&toml::from_str(text).map_err(|error| error.to_string())?)
    }

    #[test]
    fn the_last_matching_path_wins_over_the_rest() {
        let settings = settings(
            "rules = { missing-primary-key = 'warning' }
             [[path]]
             paths = ['legacy/**']
             rules = { all = 'info' }
             [[path]]
             paths = ['legacy/dump/**']
             rules = { missing-primary-key = 'off' }",
        )
        .unwrap();
        for (rule, path, expected) in [
            ("missing-primary-key", "new/a.sql", Some(Severity::Warning)),
            ("missing-primary-key", "legacy/a.sql", Some(Severity::Info)),
            ("missing-primary-key", "legacy/dump/a.sql", None),
            ("explicit-algorithm", "legacy/dump/a.sql", Some(Severity::Info)),
            ("explicit-algorithm", "new/a.sql", Some(Severity::Error)),
        ] {
            assert_eq!(settings.severity(rule, path, Severity::Error), expected, "{rule} in {path}");
        }
    }

    #[test]
    fn what_is_no_rule_and_no_key_is_refused() {
        assert!(settings("rules = { primary-kee = 'off' }").unwrap_err().contains("primary-kee"));
        assert!(settings("rule = { }").is_err());
        assert!(settings("[[path]]\npaths = ['[']\nrules = {}").is_err());
    }
}
