//! FLUSH TABLES WITH READ LOCK.

use crate::ddl::ast::Kind;
use crate::lint::{Group, Rule, Script, Severity, Sink};

pub(super) const RULE: Rule = Rule {
    id: "read-lock",
    group: Group::Galera,
    severity: Severity::Error,
    on_the_way_down: true,
    needs_context: false,
    page: include_str!("../../../docs/rules/read-lock.md"),
    check: Some(check),
};

fn check(script: &Script<'_>, sink: &mut Sink) {
    for unit in script.units.iter().filter(|unit| unit.ast.kind == Kind::Flush) {
        let tokens = unit.tokens();
        let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is_word(unit.sql, word));
        let all_tables = (1..tokens.len()).find(|at| is(*at, "TABLES") || is(*at, "TABLE"));
        let locks = all_tables.is_some_and(|at| {
            let rest = at + 1..tokens.len();
            rest.clone().any(|at| is(at, "WITH") && is(at + 1, "READ") && is(at + 2, "LOCK"))
                || rest.into_iter().any(|at| is(at, "FOR") && is(at + 1, "EXPORT"))
        });
        if locks {
            sink.report(
                unit.whole(),
                "The lock pauses this node's replication: its queue grows until flow control stops the writes of the \
                 whole cluster, and schema changes wait for it without a limit.",
            )
            .help("A migration needs no global lock; take backups with mariadb-backup on a node out of the balancer.");
        }
    }
}
