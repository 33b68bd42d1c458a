//! LOCK TABLES.

use crate::ddl::ast::{Kind, ObjectName};
use crate::lint::script::Unit;
use crate::lint::{Group, Rule, Script, Severity, Sink};
use crate::sql::TokenKind;

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
        // A dump locks the table that it has just created and fills it: nobody else knows the table yet.
        let tables = locked(unit);
        if !tables.is_empty() && tables.iter().all(|name| script.is_new(unit, name)) {
            continue;
        }
        sink.report(
            unit.whole(),
            "LOCK TABLES locks one node only, and a schema change that reaches the node waits for it, with every write \
             of the cluster behind it.",
        )
        .help("Use a transaction; to keep other migrations out, run this one under `schema lock -- COMMAND`.");
    }
}

/// The tables behind LOCK TABLES, each the first word of its part.
fn locked(unit: &Unit<'_>) -> Vec<ObjectName> {
    let tokens = unit.tokens();
    let parts = tokens.get(2..).unwrap_or_default().split(|token| token.kind == TokenKind::Punct(b','));
    parts
        .filter_map(|part| {
            // `db.table READ LOCAL`, `table AS t WRITE`
            let dotted = part.get(1).is_some_and(|token| token.kind == TokenKind::Punct(b'.'));
            let name = unit.ident(*part.get(if dotted { 2 } else { 0 })?)?;
            let database = if dotted { unit.ident(*part.first()?) } else { None };
            Some(ObjectName { database, name })
        })
        .collect()
}
