//! SET of the variables that decide how statements replicate.

use crate::ddl::ast::{Assignment, Body, Scope};
use crate::lint::script::Unit;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "replication-switch",
    group: Group::Galera,
    severity: Severity::Error,
    on_the_way_down: true,
    needs_context: false,
    page: include_str!("../../../docs/rules/replication-switch.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for unit in &script.units {
        if let Body::Set(assignments) = &unit.ast.body {
            for assignment in assignments {
                judge(unit, assignment, sink);
            }
        }
        for assignment in &unit.ast.set_statement {
            judge(unit, assignment, sink);
        }
    }
}

fn judge(unit: &Unit<'_>, assignment: &Assignment, sink: &mut Sink) {
    if assignment.scope == Scope::User {
        return;
    }
    let value = unit.text(assignment.value).trim().trim_matches(['\'', '"', '`']).to_ascii_lowercase();
    let off = matches!(value.as_str(), "0" | "off" | "false");
    let global = assignment.scope == Scope::Global;
    let (severity, message) = match assignment.name.as_str() {
        "wsrep_osu_method" if value == "toi" || value == "default" => return,
        "wsrep_osu_method" if global => (
            Severity::Error,
            "With this as the global method every later schema change happens on one node only, and reports success.",
        ),
        "wsrep_osu_method" => (
            Severity::Error,
            "In RSU the change happens on whichever node the balancer chose, and on no other; the server may even run \
             it without desync and say nothing.",
        ),
        "wsrep_on" if off => (
            Severity::Error,
            "With wsrep_on=OFF nothing that follows reaches the other nodes: their schema and rows differ from then on.",
        ),
        "wsrep_desync" => (
            Severity::Error,
            "A migration desyncs whichever node the balancer chose, and nobody brings it back if it fails.",
        ),
        "sql_log_bin" if off => (
            Severity::Warning,
            "What follows is missing in the binary log, so asynchronous replicas and point-in-time recovery never see \
             it; it does not keep it from the cluster's other nodes.",
        ),
        _ => return,
    };
    let span = unit.offset..unit.range(assignment.value).end;
    sink.report(span, message).severity(severity).help("Leave the method to `schema apply`, and write plain DDL.");
}
