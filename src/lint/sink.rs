//! Where rules put their findings.

use std::ops::Range;

use super::finding::{Edit, Finding, Severity};
use super::rule::Rule;

/// Collects the findings of one file.
#[derive(Debug)]
pub struct Sink {
    rule: &'static Rule,
    findings: Vec<Finding>,
}

impl Sink {
    /// An empty one; findings are reported in the name of `rule`.
    pub(super) const fn new(rule: &'static Rule) -> Self {
        Self { rule, findings: Vec::new() }
    }

    /// From here on findings are reported in the name of `rule`.
    pub(super) fn set_rule(&mut self, rule: &'static Rule) {
        self.rule = rule;
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    /// A finding of the rule's own severity. `span` counts bytes of the file.
    pub fn report(&mut self, span: Range<usize>, message: impl Into<String>) -> Draft<'_> {
        let finding = Finding {
            rule: self.rule.id,
            severity: self.rule.severity,
            span,
            message: message.into(),
            help: None,
            fix: None,
        };
        self.findings.push(finding);
        let last = self.findings.len() - 1;
        Draft(&mut self.findings[last])
    }
}

/// A finding that was just reported, for its rule to add to.
#[derive(Debug)]
pub struct Draft<'a>(&'a mut Finding);

impl Draft<'_> {
    /// The safe way to write it.
    pub fn help(self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Another severity than the rule's own.
    pub fn severity(self, severity: Severity) -> Self {
        self.0.severity = severity;
        self
    }

    /// The rewrite, where it is certain.
    pub fn fix(self, fix: Option<Edit>) -> Self {
        self.0.fix = fix;
        self
    }
}
