//! What must not leave a plan, neither for people nor into the journal.

use super::{Plan, PlannedStatement};
use crate::ddl::Reason;
use crate::sql::{may_hold_secret, without_secrets};

impl Plan {
    /// The plan as it may be shown: what may be a secret is left out of the statements' texts. It cannot be run.
    #[must_use]
    pub fn shown(&self) -> Self {
        let mut plan = self.clone();
        for statement in plan.statements.iter_mut().filter(|statement| tells(statement)) {
            hide(&mut statement.sql);
            hide(&mut statement.execute);
            statement.session.iter_mut().for_each(hide);
            for operation in &mut statement.operations {
                if let Some(entries) = operation.as_object_mut() {
                    entries.retain(|key, _| matches!(key.as_str(), "op" | "name"));
                }
            }
            statement.alternatives.iter_mut().chain(&mut statement.reasons).for_each(|Reason { text, .. }| hide(text));
            if let Some(way) = &mut statement.way_back {
                way.sql.iter_mut().for_each(hide);
            }
            // How a copy is done names the clauses.
            statement.copy = None;
            statement.split = None;
        }
        plan.hide_basis();
        plan
    }

    /// The plan as it may be kept in the journal: without the text of statements that may hold a secret. A run that
    /// stops before such a statement can only go on from the file that it came from.
    #[must_use]
    pub fn kept(&self) -> Self {
        let mut plan = self.clone();
        for statement in plan.statements.iter_mut().filter(|statement| tells(statement)) {
            statement.sql = format!("-- {}: the text is not kept, because it may hold a secret", statement.kind);
            statement.execute.clear();
            statement.operations.clear();
            if let Some(copy) = &mut statement.copy {
                // What is left of a copy can be removed without it.
                copy.alter.clear();
                copy.guards.clear();
            }
            if let Some(way) = &mut statement.way_back {
                way.sql = None;
            }
        }
        plan.hide_basis();
        plan
    }

    fn hide_basis(&mut self) {
        self.basis.iter_mut().flat_map(|basis| basis.parts.values_mut()).for_each(hide);
    }
}

fn tells(statement: &PlannedStatement) -> bool {
    may_hold_secret(&statement.sql) || may_hold_secret(&statement.execute)
}

fn hide(text: &mut String) {
    *text = without_secrets(text).into_owned();
}
