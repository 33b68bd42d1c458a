//! Comments that do not say why. The linter itself finds them, when all rules have spoken.

use crate::lint::{Group, Rule, Severity};

pub(in crate::lint) const RULE: Rule = Rule {
    id: "ignore-without-reason",
    group: Group::Lint,
    severity: Severity::Warning,
    on_the_way_down: true,
    needs_context: false,
    page: include_str!("../../../docs/rules/ignore-without-reason.md"),
    check: None,
};
