//! PARTITION BY SYSTEM_TIME on a table that is partitioned so already.

use crate::ddl::ast::{Operation, PartitionMethod};
use crate::ddl::model::Table;

/// Whether history is cut anew into its partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Only the definition changes.
    Kept,
    /// The table is copied if the interval begins at the same moment as before, which its text does not tell.
    Unknown,
    /// The table is copied.
    Anew,
}

/// Why [`Cut::Unknown`] is taken for a copy.
pub(super) const UNKNOWN: &str = "The partitions keep their interval. Whether it also begins at the same moment as before depends on the time zone and the day, and only then the table is copied, so the worst that is possible is assumed: COPY.";

/// What becomes of history; `None` where the statement is about something else.
///
/// Strange as it is, the same interval again costs a copy, and another one only a definition. Source:
/// prep_alter_part_table() in sql/sql_partition.cc, Vers_part_info::interval_t; measured.
pub(super) fn cut(operations: &[&Operation], before: Option<&Table>, text: &str) -> Option<Cut> {
    let by = before?.partitioning.as_ref()?;
    let [Operation::PartitionBy(new)] = operations else { return None };
    let (PartitionMethod::SystemTime(span), PartitionMethod::SystemTime(_)) = (&new.method, &by.method) else {
        return None;
    };
    if !new.partitions.is_empty() || new.count.is_some() {
        return Some(Cut::Anew);
    }
    Some(match (interval(&by.text), interval(span.of(text))) {
        (_, None) => Cut::Kept,
        (None, Some(_)) => Cut::Anew,
        (Some(old), Some(new)) if may_be_the_same(&old, &new) => Cut::Unknown,
        (Some(_), Some(_)) => Cut::Kept,
    })
}

/// What stands behind INTERVAL, up to STARTS: number and unit, in upper case.
fn interval(words: &str) -> Option<Vec<String>> {
    let words = words.to_ascii_uppercase();
    let (_, behind) = words.split_once("INTERVAL")?;
    let step = behind.split("STARTS").next().unwrap_or_default().replace(['\'', '"', '(', ')'], " ");
    Some(step.split_whitespace().filter(|word| *word != "AUTO").map(str::to_owned).collect())
}

/// Number and unit are compared by the server, 24 HOUR is not 1 DAY. A number that is none is not understood here.
fn may_be_the_same(old: &[String], new: &[String]) -> bool {
    match (old, new) {
        ([old_number, old_unit], [new_number, new_unit]) => {
            match (old_number.parse::<u64>(), new_number.parse::<u64>()) {
                (Ok(old_number), Ok(new_number)) => old_number == new_number && old_unit == new_unit,
                _ => old_unit == new_unit,
            }
        }
        _ => true,
    }
}
