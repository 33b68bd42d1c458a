//! What clauses say that the tables before and after do not, and what they say alone.

use super::sides::Sides;
use super::tables::NEVER;
use crate::ddl::Flow::{Conditional, Differs, Lost, Ok};
use crate::ddl::ast::{KeyType, Operation, PartitionMethod, PartitionOp, PartitionValues};
use crate::ddl::knowledge::Fact;
use crate::ddl::model::Table;
use crate::sql::{Dialect, ServerVersion, TokenKind, tokens};

const UNTIL: &str = "until all nodes have changed";

/// Clauses whose effect on rows is not seen by holding two tables against each other.
pub(super) fn beside_tables(sides: &mut Sides, operations: &[&Operation], before: Option<&Table>, text: &str) {
    for operation in operations {
        match operation {
            Operation::Opaque => never(sides, Fact::Opaque),
            Operation::DiscardTablespace | Operation::ImportTablespace => {
                sides.never(Lost, Lost, "tablespace", "The files of a table belong to one node.");
            }
            Operation::RemovePartitioning => left_behind(sides, before),
            Operation::PartitionBy(partitioning) => {
                left_behind(sides, before);
                let catch_all = partitioning.partitions.iter().any(|partition| match &partition.values {
                    Some(PartitionValues::MaxValue | PartitionValues::Default) => true,
                    Some(PartitionValues::LessThan(span) | PartitionValues::In(span)) => takes_the_rest(span.of(text)),
                    _ => false,
                });
                let ranges = matches!(
                    partitioning.method,
                    PartitionMethod::Range(_)
                        | PartitionMethod::RangeColumns(_)
                        | PartitionMethod::List(_)
                        | PartitionMethod::ListColumns(_)
                );
                if ranges && !catch_all {
                    sides.flows(Conditional, Ok);
                    sides.condition(
                        "rows-in-partitions",
                        format!("Nothing writes a row that no partition takes, {UNTIL}."),
                    );
                }
            }
            Operation::Partition(operation) => partition(sides, operation, before),
            _ => {}
        }
    }
}

/// Whether the values of a partition, `(10, MAXVALUE)` or `LESS THAN MAXVALUE`, take every row that the partitions before
/// it do not. Of several columns the first one counts: a row of (11, 0) is not below (10, MAXVALUE).
fn takes_the_rest(values: &str) -> bool {
    let tokens = tokens(values, Dialect::new(ServerVersion::new(10, 6, 0)));
    let heads = ["VALUES", "LESS", "THAN", "IN"];
    let first = tokens
        .iter()
        .find(|token| token.kind != TokenKind::Punct(b'(') && !heads.iter().any(|head| token.is_word(values, head)));
    first.is_some_and(|first| first.is_word(values, "MAXVALUE") || first.is_word(values, "DEFAULT"))
}

/// Rows that the old partitions do not take, and that whatever replaces them does.
fn left_behind(sides: &mut Sides, before: Option<&Table>) {
    let every_row = match before {
        Some(table) => table.partitioning.as_ref().is_none_or(|by| {
            // HASH and KEY name no values.
            by.partitions.iter().all(|one| one.values.is_none())
                || by.partitions.iter().filter_map(|one| one.values.as_deref()).any(takes_the_rest)
        }),
        None => false,
    };
    if !every_row {
        sides.flows(Ok, Conditional);
        sides.condition(
            "rows-in-partitions",
            format!(
                "Nothing writes a row that the old partitions do not take, {UNTIL}: unchanged nodes are lost on it."
            ),
        );
    }
}

fn never(sides: &mut Sides, fact: Fact) {
    if let Some((_, code, text)) = NEVER.iter().find(|(known, ..)| *known == fact) {
        sides.never(Lost, Lost, code, *text);
    }
}

fn partition(sides: &mut Sides, operation: &PartitionOp, before: Option<&Table>) {
    match operation {
        PartitionOp::Add { partitions, .. } => {
            let hashed = before.and_then(|table| table.partitioning.as_ref()).is_some_and(|by| {
                matches!(
                    by.method,
                    PartitionMethod::Hash { .. } | PartitionMethod::Key { .. } | PartitionMethod::SystemTime(_)
                )
            });
            if !hashed && partitions.iter().any(|one| one.values.is_some()) {
                sides.flows(Ok, Conditional);
                sides.condition("new-partition-unused", format!("Nothing writes a row that only the new partition takes, {UNTIL}: unchanged nodes are lost on it."));
            }
        }
        PartitionOp::Coalesce(_)
        | PartitionOp::Rebuild(_)
        | PartitionOp::Analyze { .. }
        | PartitionOp::Check(_)
        | PartitionOp::Optimize(_)
        | PartitionOp::Repair(_) => {}
        PartitionOp::Reorganize { partitions, .. } => {
            // Hash partitions are named by number only, and take every row.
            if partitions.iter().any(|one| one.values.is_some()) {
                sides.flows(Conditional, Conditional);
                sides.condition(
                    "rows-in-partitions",
                    format!("Nothing writes a row that the old or the new partitions do not take, {UNTIL}."),
                );
            }
        }
        PartitionOp::Drop { .. }
        | PartitionOp::Truncate(_)
        | PartitionOp::Exchange { .. }
        | PartitionOp::ConvertToTable { .. }
        | PartitionOp::ConvertFromTable { .. }
        | PartitionOp::Discard(_)
        | PartitionOp::Import(_) => {
            sides.never(
                Lost,
                Lost,
                "partition-gone",
                "Rows that are gone on some nodes are written, updated and deleted on others.",
            );
        }
    }
}

/// Clauses without a table: what can be said of any table, else the worst.
pub(super) fn alone(sides: &mut Sides, operations: &[&Operation], text: &str) {
    beside_tables(sides, operations, None, text);
    for operation in operations {
        match operation {
            Operation::AddColumn { column, position: None, .. } => alone_added(sides, column),
            Operation::AddKey(key) => match key.key_type {
                KeyType::Primary | KeyType::Unique => {
                    sides.flows(Conditional, Ok);
                    sides.condition("no-duplicates", format!("Nothing writes a duplicate of the new key, {UNTIL}."));
                    single_writer(sides);
                }
                _ => {}
            },
            Operation::DropPrimaryKey { .. } => {
                sides.flows(Ok, Conditional);
                sides.condition("no-duplicates", format!("Nothing writes a duplicate of the primary key, {UNTIL}."));
                single_writer(sides);
            }
            Operation::DropKey { name, .. } => {
                sides.flows(Ok, Conditional);
                sides.condition(
                    "no-duplicates",
                    format!(
                        "If key `{}` is unique, nothing writes a duplicate of it, {UNTIL}; the table is not known.",
                        name.value
                    ),
                );
                single_writer(sides);
            }
            Operation::AddCheck(_) => {
                sides.flows(Conditional, Ok);
                sides.condition("rows-satisfy-check", format!("Every row satisfies the check, {UNTIL}."));
            }
            Operation::RenameColumn { from, to, .. } => {
                sides.condition(
                    "renamed-column-unused",
                    format!("Nothing names `{}` or `{}`, {UNTIL}.", from.value, to.value),
                );
            }
            Operation::SetDefault { .. }
            | Operation::DropDefault { .. }
            | Operation::RenameKey { .. }
            | Operation::AlterKey { .. }
            | Operation::Force
            | Operation::Keys(_)
            | Operation::OrderBy(_)
            | Operation::Algorithm(_)
            | Operation::Lock(_)
            | Operation::PartitionBy(_)
            | Operation::RemovePartitioning
            | Operation::Partition(_)
            | Operation::Opaque
            | Operation::DiscardTablespace
            | Operation::ImportTablespace => {}
            Operation::Option(option) if option.name != "engine" => {}
            _ => sides.never(
                Lost,
                Lost,
                "missing-fact",
                "The table's definition is not known, and without it this clause cannot be judged.",
            ),
        }
    }
}

/// A unique key that comes or goes may change the places of others, by which conflicts are noticed.
fn single_writer(sides: &mut Sides) {
    sides.condition(
        "single-writer",
        format!("Only one node is written to, {UNTIL}: conflicting writes on changed and unchanged nodes may not be noticed."),
    );
}

fn alone_added(sides: &mut Sides, column: &crate::ddl::ast::ColumnDef) {
    use crate::ddl::ast::DefaultValue;
    let own_value = match &column.default {
        Some(DefaultValue::Now(_)) => true,
        Some(DefaultValue::Expression(expr)) => expr.facts.is_volatile() || !expr.facts.columns.is_empty(),
        _ => false,
    };
    if own_value || column.on_update.is_some() || column.auto_increment {
        sides.never(
            Differs,
            Differs,
            "filled-by-each-node",
            format!("Each node would fill `{}` with a value of its own.", column.name.value),
        );
    } else if let Some(generated) = &column.generated {
        if generated.expr.facts.is_volatile() {
            sides.never(
                Differs,
                Differs,
                "computed-by-each-node",
                format!("Each node would compute `{}` for itself, and differently.", column.name.value),
            );
        }
    } else {
        sides.condition(
            "new-column-unused",
            format!("Nothing writes `{}`, {UNTIL}: rows that reach unchanged nodes lose it.", column.name.value),
        );
    }
    if column.key.is_some() {
        sides.flows(Conditional, Ok);
        sides.condition("no-duplicates", format!("Nothing writes a duplicate of the new key, {UNTIL}."));
        single_writer(sides);
    }
    if column.references.is_some() {
        sides.never(
            Differs,
            Differs,
            "missing-fact",
            "The table's definition is not known, and without it the foreign key cannot be judged.",
        );
    }
}
