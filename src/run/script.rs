//! What the machine needs to know of a plan.

use std::time::Duration;

use crate::plan::{Method, Plan, PlannedStatement};

/// A statement as the machine sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The statement's index in the plan, 1-based.
    pub index: usize,
    /// There is DDL that undoes it.
    pub invertible: bool,
    /// The definition of its object must be a different one afterwards.
    pub must_show: bool,
    /// Running it twice does no harm: at worst the server says that it is done already.
    pub repeatable: bool,
}

/// One pass as the machine sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    /// Any but `Refuse`.
    pub method: Method,
    /// The statements, in order.
    pub lines: Vec<Line>,
    /// A conversion window must be open while the nodes differ.
    pub window: bool,
}

/// The machine's view of a plan: no text of statements, no names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The passes, in order.
    pub chapters: Vec<Chapter>,
    /// The names of the nodes, in the order of the plan. For messages only.
    pub nodes: Vec<String>,
    /// How many must stay in service.
    pub min_serving: usize,
    /// How long a node that is away may take to come back before the run stops.
    pub patience: Duration,
}

impl Script {
    /// Reads a plan.
    pub fn of(plan: &Plan) -> Self {
        let chapters = plan
            .passes
            .iter()
            .map(|pass| {
                let statements: Vec<&PlannedStatement> = pass
                    .statements
                    .iter()
                    .filter_map(|index| plan.statements.iter().find(|statement| statement.index == *index))
                    .collect();
                Chapter {
                    method: pass.method,
                    lines: statements.iter().map(|statement| Line::of(statement)).collect(),
                    window: pass.method == Method::Rsu
                        && statements.iter().any(|statement| statement.conversion_window.is_some()),
                }
            })
            .collect();
        Self {
            chapters,
            nodes: plan.nodes.clone(),
            min_serving: plan.policy.min_serving,
            patience: plan.policy.drain_timeout,
        }
    }
}

impl Line {
    fn of(statement: &PlannedStatement) -> Self {
        Self {
            index: statement.index,
            // What was written since a swap is not in the old table.
            invertible: statement.method != Method::PtOsc
                && statement.way_back.as_ref().is_some_and(|way| way.sql.is_some()),
            must_show: must_show(statement),
            repeatable: repeatable(&statement.kind),
        }
    }
}

/// Whether a statement that succeeds must leave another definition behind. Only where that is certain: an operation
/// that adds, drops or renames something and is not made optional by IF [NOT] EXISTS.
fn must_show(statement: &PlannedStatement) -> bool {
    const CERTAIN: &[&str] =
        &["add_column", "drop_column", "rename_column", "add_index", "drop_index", "add_foreign_key"];
    let optional = statement.sql.to_ascii_uppercase().split_whitespace().any(|word| word == "EXISTS");
    !optional
        && statement
            .operations
            .iter()
            .any(|operation| operation.get("op").and_then(|op| op.as_str()).is_some_and(|op| CERTAIN.contains(&op)))
}

/// Whether a statement of that kind may be sent again when nobody knows whether it ran. Rows written or thrown away
/// twice are no small thing, so only definitions and maintenance count.
fn repeatable(kind: &str) -> bool {
    const HEADS: &[&str] =
        &["alter_", "create_", "drop_", "rename_", "optimize_", "analyze_", "grant", "revoke", "comment_"];
    HEADS.iter().any(|head| kind.starts_with(head))
}
