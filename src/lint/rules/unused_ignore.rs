//! Comments that ignore nothing. The linter itself finds them, when all rules have spoken.

use crate::lint::{Group, Rule, Severity};

pub(in crate::lint) const RULE: Rule = Rule {
    id: "unused-ignore",
    group: Group::Lint,
    severity: Severity::Warning,
    on_the_way_down: true,
    needs_context: false,
    page: include_str!("../../../docs/rules/unused-ignore.md"),
    check: None,
};
