//! What the machine needs to know of a plan.

use std::time::Duration;

use crate::ddl::Verdict;
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
    /// Rows survive the time in which some nodes hold it and others do not: always, or while conditions hold that the
    /// user has accepted, and without a conversion window.
    pub rollable: bool,
    /// What it does, and to what, without its text: for messages only.
    pub name: String,
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
                    lines: statements.iter().map(|statement| Line::of(statement, &plan.accepted)).collect(),
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
    fn of(statement: &PlannedStatement, accepted: &[String]) -> Self {
        Self {
            index: statement.index,
            // What was written since a swap is not in the old table.
            invertible: statement.method != Method::PtOsc
                && statement.way_back.as_ref().is_some_and(|way| way.sql.is_some()),
            must_show: must_show(statement),
            repeatable: repeatable(statement),
            rollable: rollable(statement, accepted),
            name: name(statement),
        }
    }
}

fn operations(statement: &PlannedStatement) -> impl Iterator<Item = &str> {
    statement.operations.iter().filter_map(|operation| operation.get("op").and_then(|op| op.as_str()))
}

/// Whether the statement's text holds that word outside of any judgement what it means there: enough to be careful.
fn says(statement: &PlannedStatement, word: &str) -> bool {
    statement.sql.to_ascii_uppercase().split_whitespace().any(|one| one == word)
}

/// Whether a statement that succeeds must leave another definition behind. Only where that is certain: an operation
/// that adds, drops or renames something and is not made optional by IF [NOT] EXISTS.
fn must_show(statement: &PlannedStatement) -> bool {
    const CERTAIN: &[&str] =
        &["add_column", "drop_column", "rename_column", "add_index", "drop_index", "add_foreign_key"];
    !says(statement, "EXISTS") && operations(statement).any(|op| CERTAIN.contains(&op))
}

/// Whether a statement may be sent again when nobody knows whether it ran, and no definition shows it. Rows thrown away
/// twice, names swapped back or a sequence begun anew are no small thing, so only definitions and maintenance count.
fn repeatable(statement: &PlannedStatement) -> bool {
    const HEADS: &[&str] = &["alter_", "create_", "drop_", "rename_user", "optimize_", "analyze_", "grant", "revoke"];
    const NEVER: &[&str] = &["alter_sequence"];
    // Rows go, or change places: an exchange that is repeated is undone.
    const ONCE: &[&str] = &[
        "exchange_partition",
        "truncate_partition",
        "drop_partition",
        "convert_partition_to_table",
        "convert_table_to_partition",
        "discard_partition_tablespace",
        "import_partition_tablespace",
        "discard_tablespace",
        "import_tablespace",
        "rename_table",
        "opaque",
    ];
    let kind = statement.kind.as_str();
    // CREATE OR REPLACE of a table or a sequence throws away what was written to the first one.
    let replaces = matches!(kind, "create_table" | "create_sequence") && says(statement, "REPLACE");
    let once = replaces || NEVER.contains(&kind) || operations(statement).any(|op| ONCE.contains(&op));
    !once && HEADS.iter().any(|head| kind.starts_with(head))
}

fn rollable(statement: &PlannedStatement, accepted: &[String]) -> bool {
    let holds = match statement.rsu.verdict {
        Verdict::Safe => true,
        Verdict::Conditional => statement.rsu.conditions.iter().all(|condition| accepted.contains(&condition.code)),
        Verdict::Unsafe => false,
    };
    holds && statement.conversion_window.is_none()
}

fn name(statement: &PlannedStatement) -> String {
    let operations: Vec<&str> = operations(statement).collect();
    let what = if operations.is_empty() { statement.kind.clone() } else { operations.join(", ") }.replace('_', " ");
    match &statement.object {
        Some(object) => format!("{what} on {object}"),
        None => what,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(kind: &str, sql: &str, operations: &[&str], verdict: &str, accepted: &[String]) -> Line {
        let operations: Vec<_> = operations.iter().map(|op| json!({ "op": op })).collect();
        let statement: PlannedStatement = serde_json::from_value(json!({
            "index": 1, "file": "-e", "line": 1, "sql": sql, "kind": kind, "object": "d.t", "operations": operations,
            "algorithm": null, "lock": null, "method": "TOI", "reasons": [], "execute": sql, "estimate": {},
            "rsu": { "verdict": verdict, "old_to_new": "ok", "new_to_old": "ok",
                     "conditions": [{ "code": "no-nulls", "text": "" }] },
        }))
        .unwrap();
        Line::of(&statement, accepted)
    }

    #[test]
    fn what_moves_or_removes_rows_is_never_sent_again_on_a_guess() {
        let once = [
            ("alter_table", "alter table t exchange partition p with table s", "exchange_partition"),
            ("alter_table", "alter table t truncate partition p", "truncate_partition"),
            ("alter_table", "alter table t drop partition p", "drop_partition"),
            ("alter_table", "alter table t rename to s", "rename_table"),
            ("alter_table", "alter table t frobnicate", "opaque"),
            ("rename_table", "rename table t to x, s to t, x to s", "rename_table"),
        ];
        for (kind, sql, operation) in once {
            assert!(!line(kind, sql, &[operation], "safe", &[]).repeatable, "{sql}");
        }
        for (kind, sql) in [
            ("alter_sequence", "alter sequence s restart 1"),
            ("truncate_table", "truncate table t"),
            ("create_table", "create or  replace table t (a int)"),
            ("repair_table", "repair table t"),
        ] {
            assert!(!line(kind, sql, &[], "safe", &[]).repeatable, "{sql}");
        }
        for (kind, sql, operations) in [
            ("alter_table", "alter table t force", &["force"][..]),
            ("alter_table", "alter table t alter a set default 1", &["set_default"]),
            ("create_table", "create table t (a int)", &[]),
            ("create_view", "create or replace view v as select 1", &[]),
            ("grant", "grant select on d.* to u", &[]),
        ] {
            assert!(line(kind, sql, operations, "safe", &[]).repeatable, "{sql}");
        }
    }

    #[test]
    fn only_what_is_safe_or_accepted_may_stand_on_some_nodes_only() {
        let rollable = |verdict, accepted: &[&str]| {
            let accepted: Vec<String> = accepted.iter().map(|code| (*code).to_owned()).collect();
            line("alter_table", "alter table t add a int", &["add_column"], verdict, &accepted).rollable
        };
        assert!(rollable("safe", &[]) && rollable("conditional", &["no-nulls"]));
        assert!(!rollable("conditional", &[]) && !rollable("conditional", &["no-orphans"]));
        assert!(!rollable("unsafe", &["no-nulls"]));
    }
}
