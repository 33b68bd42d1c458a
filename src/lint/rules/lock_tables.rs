//! LOCK TABLES.

use crate::ddl::ast::Kind;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "lock-tables",
    group: Group::Galera,
    severity: Severity::Warning,
    on_the_way_down: true,
    needs_context: false,
    page: include_str!("../../../docs/rules/lock-tables.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for unit in script.units.iter().filter(|unit| unit.ast.kind == Kind::LockTables) {
        // mysqldump locks the table that it has just created and fills it: nobody else knows the table yet.
        let locked = |name| script.is_new(unit, name);
        if !unit.ast.objects.is_empty() && unit.ast.objects.iter().all(locked) {
            continue;
        }
        sink.report(
            unit.head(),
            "LOCK TABLES locks one node only, and a schema change that reaches the node waits for it, with every write \
             of the cluster behind it.",
        )
        .help("Use a transaction; to keep other migrations out, run this one under `schema lock -- COMMAND`.");
    }
}
