//! Triggers and events.

use crate::ddl::ast::Kind;
use crate::lint::{Deed, Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "trigger-or-event",
    group: Group::Galera,
    severity: Severity::Info,
    on_the_way_down: false,
    needs_context: false,
    page: include_str!("../../../docs/rules/trigger-or-event.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for unit in &script.units {
        match unit.ast.kind {
            Kind::CreateEvent => {
                let tokens = unit.tokens();
                let body = tokens.iter().position(|token| token.is_word(unit.sql, "DO")).unwrap_or(tokens.len());
                if tokens[..body].iter().any(|token| token.is_word(unit.sql, "DISABLE")) {
                    continue;
                }
                sink.report(
                    unit.head(),
                    "The event exists on all nodes, and each of them that runs the event scheduler runs it: the work is \
                     done once per node, in conflict with itself.",
                )
                .severity(Severity::Warning)
                .help("Create it with DISABLE and enable it on one node, or schedule the work outside of the cluster.");
            }
            Kind::CreateTrigger => {
                let Some(name) = unit.ast.objects.first() else { continue };
                if script.done_before(unit, Deed::DropsTrigger, &name.name) {
                    sink.report(
                        unit.head(),
                        format!("Between DROP TRIGGER and this statement writes pass without {}.", unit.quoted(name)),
                    )
                    .help("CREATE OR REPLACE TRIGGER leaves no gap.");
                }
            }
            _ => {}
        }
    }
}
