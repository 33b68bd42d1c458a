//! Which statements run together: a drain is the dearest part of a small roll, so neighbours share one.

use super::{Method, Pass, PlannedStatement};
use crate::ddl::Verdict;

/// Groups the statements of a plan in which nothing is refused.
///
/// Statements that touch nothing (`SET`, `USE`) belong to no pass. TOI statements run one by one. Neighbouring RSU
/// statements share one roll: while it lasts, a node that is done holds the schema behind the last of them and the
/// others the schema before the first, so two statements may share a roll when they concern different tables, or
/// when both are safe whatever the rows are.
pub fn passes<'a>(statements: impl IntoIterator<Item = &'a PlannedStatement>) -> Vec<Pass> {
    let mut passes: Vec<Pass> = Vec::new();
    let mut rolling: Vec<&PlannedStatement> = Vec::new();
    for statement in statements.into_iter().filter(|statement| statement.touches_cluster()) {
        if statement.method == Method::Rsu && !rolling.is_empty() && rolling.iter().all(|one| share(one, statement)) {
            rolling.push(statement);
            if let Some(pass) = passes.last_mut() {
                pass.statements.push(statement.index);
            }
            continue;
        }
        rolling.clear();
        if statement.method == Method::Rsu {
            rolling.push(statement);
        }
        passes.push(Pass { method: statement.method, statements: vec![statement.index] });
    }
    passes
}

fn share(one: &PlannedStatement, other: &PlannedStatement) -> bool {
    let apart = match (&one.object, &other.object) {
        (Some(one), Some(other)) => !one.eq_ignore_ascii_case(other),
        // An object that is not known may be any.
        _ => false,
    };
    let safe = |statement: &PlannedStatement| statement.rsu.verdict == Verdict::Safe;
    // A conversion window is opened for the shortest time that does, so such a statement rolls alone.
    let windowless = one.conversion_window.is_none() && other.conversion_window.is_none();
    windowless && (apart || (safe(one) && safe(other)))
}
