//! Partition maintenance. The grammar takes neither ALGORITHM nor LOCK here, so only the algorithm is known.

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
        PartitionOp::Truncate(_) | PartitionOp::Optimize(_) if before.is_some_and(|table| !table.is_innodb()) => {
            Algorithm::Instant
        }
        PartitionOp::Truncate(_) | PartitionOp::Optimize(_) | PartitionOp::Import(_) | PartitionOp::Discard(_) => {
            Algorithm::Inplace
        }
        PartitionOp::Drop { .. }
        | PartitionOp::Exchange { .. }
        | PartitionOp::ConvertToTable { .. }
        | PartitionOp::ConvertFromTable { .. }
        | PartitionOp::Analyze(_)
        | PartitionOp::Check(_)
        | PartitionOp::Repair(_) => Algorithm::Instant,
    }
}
