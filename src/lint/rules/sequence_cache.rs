//! Sequences that cache values and count by themselves.

use crate::ddl::ast::{Body, Kind};
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "sequence-cache",
    group: Group::Galera,
    severity: Severity::Warning,
    on_the_way_down: false,
    needs_context: false,
    page: include_str!("../../../docs/rules/sequence-cache.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for unit in &script.units {
        let Body::Sequence(sequence) = &unit.ast.body else { continue };
        if sequence.temporary {
            continue;
        }
        let value = |name: &str| sequence.options.iter().rev().find(|option| option.name == name);
        let cache = value("cache");
        let cached = match cache {
            Some(option) => option.value != "0",
            // The default is 1000. ALTER keeps what it does not name, which is not known here.
            None => unit.ast.kind == Kind::CreateSequence,
        };
        let increment = value("increment");
        let own_increment = match increment {
            Some(option) => option.value != "0",
            None => unit.ast.kind == Kind::CreateSequence,
        };
        if cached && own_increment {
            let span = cache.or(increment).map_or_else(|| unit.head(), |option| unit.range(option.span));
            sink.report(
                span,
                format!(
                    "Galera refuses {} on servers that check it, and gives out values twice on those that do not: each \
                     node caches values for itself.",
                    unit.quoted(&sequence.sequence)
                ),
            )
            .help("INCREMENT BY 0, which keeps the nodes apart, or NOCACHE.");
        }
    }
}
