//! Several rebuilds of one table.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::lint::{Direction, Group, Rule, Script, Severity, Sink};
use crate::sql::LineIndex;

pub(super) const RULE: Rule = Rule {
    id: "join-alters",
    group: Group::Stall,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: true,
    page: include_str!("../../../docs/rules/join-alters.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    let mut rebuilt: HashMap<(Direction, String), usize> = HashMap::new();
    let mut lines = None;
    for (unit, alter) in script.alters() {
        if script.is_small(unit) || !script.cost(unit).is_some_and(super::Cost::is_rebuild) {
            continue;
        }
        let first = match rebuilt.entry((unit.direction, alter.table.qualified(unit.database.as_deref()))) {
            Entry::Occupied(first) => *first.get(),
            Entry::Vacant(place) => {
                place.insert(unit.offset);
                continue;
            }
        };
        let lines = lines.get_or_insert_with(|| LineIndex::new(script.text));
        let line = lines.position(script.text, first).line;
        sink.report(
            unit.head(),
            format!(
                "{} is written anew a second time; the statement in line {line} does it already.",
                unit.quoted(&alter.table)
            ),
        )
        .help("One ALTER TABLE with the clauses of both costs one rebuild.");
    }
}
