//! What a rule is.

use super::finding::Severity;
use super::script::Script;
use super::sink::Sink;

/// The chapters of the list of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The statement holds up every write of the cluster.
    Stall,
    /// Old and new schema, or old and new application, do not get along.
    Compatibility,
    /// Rows are lost, or nodes end up with different rows.
    Data,
    /// Galera does not do, or does differently, what the statement asks for.
    Galera,
    /// The file runs badly as a migration: half-way, twice, or on another version.
    Migration,
    /// About the comments that tell the linter something.
    Lint,
}

impl Group {
    /// The word in lists: `stall`, `data`, ...
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stall => "stall",
            Self::Compatibility => "compatibility",
            Self::Data => "data",
            Self::Galera => "galera",
            Self::Migration => "migration",
            Self::Lint => "lint",
        }
    }
}

/// One rule: one file, one page, one name to ignore it by.
#[derive(Debug)]
pub struct Rule {
    /// Kebab case, stable.
    pub id: &'static str,
    /// Its chapter.
    pub group: Group,
    /// What it reports when the settings say nothing and the rule is sure. A rule may report a milder finding where
    /// it is not.
    pub severity: Severity,
    /// Whether it also speaks about ways down, which run only when somebody wants a change undone. There its findings
    /// are warnings at most.
    pub on_the_way_down: bool,
    /// Whether it may keep silent only because `--schema`, `--stats` or `--server-version` was not given.
    pub needs_context: bool,
    /// Its page in Markdown: what happens, why, the safe rewrite, a wrong and a right example.
    pub page: &'static str,
    /// Looks at one file. `None` for the rules about the linter's own comments, which the linter itself applies.
    pub check: Option<fn(&Script<'_>, &mut Sink)>,
}

impl Rule {
    /// The page's heading.
    pub fn title(&self) -> &'static str {
        self.page.lines().next().unwrap_or_default().trim_start_matches("# ")
    }

    /// The page's first paragraph.
    pub fn summary(&self) -> &'static str {
        self.page.split("\n\n").nth(1).unwrap_or_default()
    }
}
