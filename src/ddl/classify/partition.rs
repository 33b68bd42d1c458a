//! Partition maintenance. The grammar takes neither ALGORITHM nor LOCK here, so only the algorithm is known.

use super::Moves;
use crate::ddl::Algorithm;
use crate::ddl::ast::{PartitionMethod, PartitionOp};
use crate::ddl::model::{Table, same_name};

/// What a maintenance clause does, as measured: the rows of the partitions that it touches are copied, or nothing.
///
/// Sources: measured on 10.11.19 and 11.8.6; sql_partition.cc fast_alter_partition_table.
pub(super) fn algorithm(operation: &PartitionOp, before: Option<&Table>) -> Algorithm {
    let by_hash = before
        .and_then(|table| table.partitioning.as_ref())
        .map(|partitioning| matches!(partitioning.method, PartitionMethod::Hash { .. } | PartitionMethod::Key { .. }));
    // History that is cut by time is sorted into the new partitions.
    let by_interval = before
        .and_then(|table| table.partitioning.as_ref())
        .is_some_and(|by| by.text.to_ascii_uppercase().contains("INTERVAL"));
    let there = |name: &str| {
        before
            .and_then(|table| table.partitioning.as_ref())
            .is_some_and(|by| by.partitions.iter().any(|partition| same_name(&partition.name, name)))
    };
    match operation {
        PartitionOp::Add { if_not_exists: true, partitions, .. }
            if !partitions.is_empty() && partitions.iter().all(|partition| there(&partition.name.value)) =>
        {
            Algorithm::Instant
        }
        PartitionOp::Add { .. } if by_interval => Algorithm::Copy,
        PartitionOp::Add { partitions, .. } => match by_hash {
            Some(false) => Algorithm::Instant,
            Some(true) => Algorithm::Copy,
            // Named partitions with values can only belong to RANGE and LIST.
            None if partitions.iter().any(|partition| partition.values.is_some()) => Algorithm::Instant,
            None => Algorithm::Copy,
        },
        PartitionOp::Coalesce(_) | PartitionOp::Reorganize { .. } | PartitionOp::Rebuild(_) => Algorithm::Copy,
        PartitionOp::Truncate(_) if before.is_some_and(|table| !table.is_innodb()) => Algorithm::Instant,
        PartitionOp::Truncate(_) | PartitionOp::Import(_) | PartitionOp::Discard(_) => Algorithm::Inplace,
        PartitionOp::Drop { .. }
        | PartitionOp::Exchange { .. }
        | PartitionOp::ConvertToTable { .. }
        | PartitionOp::ConvertFromTable { .. }
        | PartitionOp::Analyze { .. }
        | PartitionOp::Check(_)
        // Not of InnoDB, which rebuilds the table: see `judge::optimize`.
        | PartitionOp::Optimize(_)
        | PartitionOp::Repair(_) => Algorithm::Instant,
    }
}

/// What a maintenance clause has the server read and write.
///
/// Sources: sql_partition_admin.cc, exchange and convert read each row of the table to see that it belongs into the
/// partition (galera-facts 1.6); ha_partition.cc, where InnoDB has neither OPTIMIZE nor REPAIR of a partition: the first
/// rebuilds and analyses the whole table, see `judge::optimize`, the second is not done.
pub(super) fn moves(operation: &PartitionOp, algorithm: Algorithm, before: Option<&Table>) -> Moves {
    match operation {
        _ if algorithm == Algorithm::Copy => Moves::Partitions,
        _ if operation.reads_the_other() => Moves::Reads,
        PartitionOp::Analyze { persistent: true, .. } | PartitionOp::Check(_) => Moves::Reads,
        PartitionOp::Optimize(_) => Moves::Partitions,
        PartitionOp::Repair(_) if before.is_none_or(|table| !table.is_innodb()) => Moves::Rows,
        _ => Moves::Nothing,
    }
}
