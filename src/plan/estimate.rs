//! What a statement will cost, in seconds: its job, the table's size, and rates, nothing else.
//!
//! The stall of a TOI statement is the time of the slowest node, because a node holds its commit monitor for the
//! whole statement (galera-facts 0.4). A roll stalls nobody; its price is time.

use std::time::Duration;

use super::Policy;
use super::facts::TableFacts;
use super::job::{Job, Labour};
use super::rates::{Costs, Rates, as_f64};

/// Seconds that a statement costs beside its work on one node: a round of group communication, and the slowest of several
/// nodes. Three idle servers on one machine took 5 to 10 ms for what one does in 3; under load it was 20 to 30 ms
/// (galera-facts 1.8).
const EVERYWHERE: f64 = 0.006;

/// What one more tablespace file costs, as a part of the fixed cost: a definition changed, keys built, a table rebuilt, one
/// copied. Measured on tables of 100 and 400 partitions: 0.1 to 0.5, 0.8, 2.8 and 3.2 ms, where a statement on a table of one
/// file had 4 ms for its definition and 7 ms for its work.
const ONE_MORE_FILE: [f64; 4] = [0.1, 0.12, 0.4, 0.45];

/// What one more table costs that is removed, as a part of the fixed cost. DROP DATABASE with 300 small tables took 2.4 s,
/// three servers on one busy machine.
const ONE_MORE_TABLE: f64 = 0.6;

/// By how much dearer work is on rows that are not in memory: measured on tables of two and eight times the buffer pool,
/// three servers on one disk (docs/plan.md). Keys are read once and sorted in files.
const OUT_OF_MEMORY: [f64; 3] = [2.4, 1.8, 1.8];

/// Seconds for an entry that a copy puts into a page of a key that is not in memory: it is read, and written back soon. On a
/// table of 2 GB with one key of 250 MB and 256 MB of buffer pool that was nearly all of the time (docs/plan.md).
const MISSED_PAGE: f64 = 25e-6;

/// The part of the buffer pool that stays with the keys while rows are copied through it.
const FOR_KEYS: f64 = 0.5;

/// Bytes of a key's entry beside its columns, and how full a page is in which entries came at random.
const ENTRY: (f64, f64) = (15.0, 0.75);

/// Seconds for a byte of a file that is removed: the file system gives its blocks back, and InnoDB its pages. Measured on
/// tables of 0.5 and 2 GB, three servers on one disk with ext4.
const REMOVAL: f64 = 0.5e-9;

/// Bytes of a tablespace file that may hold nothing yet: InnoDB makes room in steps of some MB.
const SLACK: u64 = 8_000_000;

/// By how much a file is larger than the statistics say before they are taken for old: a dropped index and an interrupted
/// change leave room in a file, and InnoDB counts anew when a tenth of the rows have changed.
const OLD: f64 = 2.5;

/// Bytes of a row, keys included, where statistics are so old that they count hardly any.
const LONG_ROW: f64 = 400.0;

/// Bytes of the shortest row in InnoDB: a header of 5, the transaction, the roll pointer, and a key of one byte. InnoDB counts
/// rows as they come and go (`stat_n_rows`) but pages only now and then, at most each ten seconds: behind a load, rows that
/// seem to be shorter than this are today's, and their bytes are those of a table that was nearly empty.
const SHORTEST_ROW: f64 = 19.0;

/// How much there is of a table, on the node where there is most.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Amount {
    /// Rows.
    pub rows: f64,
    /// Bytes of them, without secondary keys.
    pub data: f64,
    /// Bytes of everything.
    pub bytes: f64,
}

impl Amount {
    /// What is there of a table; `None` when nothing tells. Where the file is much larger than the statistics say, they
    /// are old, and the file counts.
    pub fn of(facts: &TableFacts) -> Option<Self> {
        let data = as_f64(facts.data_bytes?);
        let all = data + as_f64(facts.index_bytes.unwrap_or(0));
        let rows = as_f64(facts.rows?);
        if !Self::statistics_are_old(facts) {
            return Some(Self { rows, data, bytes: all });
        }
        let file = filled(facts);
        let factor = if all > 0.0 { file / all } else { 0.0 };
        let compressed = facts.row_format.as_deref() == Some("Compressed");
        let rows_of_today = data < rows * SHORTEST_ROW && !compressed;
        let counted = if rows_of_today { rows } else { rows * factor };
        Some(Self { rows: counted.max(file / LONG_ROW), data: (data * factor).max(file / 2.0), bytes: file })
    }

    /// Whether the files of a table are much larger than its statistics say.
    pub fn statistics_are_old(facts: &TableFacts) -> bool {
        filled(facts) > OLD * as_f64(facts.data_bytes.unwrap_or(0) + facts.index_bytes.unwrap_or(0))
    }

    /// Rows and bytes, where it is not known which of the bytes are keys.
    pub fn new(rows: u64, bytes: u64) -> Self {
        Self { rows: as_f64(rows), data: as_f64(bytes), bytes: as_f64(bytes) }
    }

    /// Two tables together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { rows: self.rows + other.rows, data: self.data + other.data, bytes: self.bytes + other.bytes }
    }
}

/// Bytes of a table's files that may hold something.
fn filled(facts: &TableFacts) -> f64 {
    as_f64(facts.file_bytes.unwrap_or(0).saturating_sub(SLACK * facts.partitions.max(1)))
}

impl Job {
    /// Seconds on one node whose InnoDB has `memory` bytes of buffer pool; `None` when the amount is not known.
    pub fn seconds(&self, amount: Option<Amount>, memory: Option<f64>, rates: &Rates) -> Option<f64> {
        let always = self.overhead(&rates.costs);
        if self.labour == Labour::Nothing {
            return Some(always + self.gone * REMOVAL * amount.unwrap_or_default().bytes);
        }
        let bare = self.warm(amount?, rates) * self.cold(amount?, memory) + self.missed(amount?, memory);
        Some(always + bare * rates.factor(self.labour))
    }

    /// Seconds that it costs however few rows there are.
    pub fn overhead(&self, costs: &Costs) -> f64 {
        let (once, more) = match self.labour {
            Labour::Nothing => (costs.brief, ONE_MORE_FILE[0]),
            Labour::Keys => (costs.fixed, ONE_MORE_FILE[1]),
            Labour::Rebuild => (costs.fixed, ONE_MORE_FILE[2]),
            Labour::Copy => (costs.fixed, ONE_MORE_FILE[3]),
        };
        let more =
            more * f64::from(self.files.saturating_sub(1)) + ONE_MORE_TABLE * f64::from(self.tables.saturating_sub(1));
        EVERYWHERE + once * (1.0 + more)
    }

    /// Seconds while everything is in memory.
    fn warm(&self, amount: Amount, rates: &Rates) -> f64 {
        let Amount { rows, data, .. } = amount;
        let costs = rates.costs;
        let sorted = costs.key.of(rows * f64::from(self.keys), rows * as_f64(self.key_bytes));
        let text = (data - rows * as_f64(self.not_text)).max(0.0) * self.text_share * costs.fulltext;
        text + match self.labour {
            Labour::Nothing => 0.0,
            Labour::Keys => costs.scan * data + sorted,
            Labour::Rebuild => costs.rebuild.of(rows, data) + sorted,
            Labour::Copy => costs.copy.of(rows, data) + costs.copy_key * rows * f64::from(self.keys),
        }
    }

    /// Seconds for the pages of keys that a copy fills at random and that memory does not hold.
    fn missed(&self, amount: Amount, memory: Option<f64>) -> f64 {
        let (Labour::Copy, Some(memory)) = (self.labour, memory) else { return 0.0 };
        let entries = amount.rows * f64::from(self.keys);
        let bytes = (amount.rows * as_f64(self.key_bytes) + entries * ENTRY.0) / ENTRY.1;
        let outside = if bytes > 0.0 { (1.0 - FOR_KEYS * memory / bytes).max(0.0) } else { 0.0 };
        entries * outside * MISSED_PAGE
    }

    /// How much dearer it is because not all of the table is in memory.
    fn cold(&self, amount: Amount, memory: Option<f64>) -> f64 {
        let Some(memory) = memory else { return 1.0 };
        let outside = if amount.bytes > 0.0 { (1.0 - memory / amount.bytes).clamp(0.0, 1.0) } else { 0.0 };
        let dearer = match self.labour {
            Labour::Nothing => return 1.0,
            Labour::Keys => OUT_OF_MEMORY[0],
            Labour::Rebuild => OUT_OF_MEMORY[1],
            Labour::Copy => OUT_OF_MEMORY[2],
        };
        1.0 + outside * dearer
    }
}

/// Seconds of a roll: for every node the DDL, the catch-up behind it, and the settling before the next node.
pub fn roll_seconds(ddl_seconds: f64, nodes: usize, rates: &Rates, policy: &Policy) -> f64 {
    // A drain ends when the application's pools renew; a second is what ProxySQL and HAProxy needed with pools that
    // do. The policy's time-out bounds it.
    let drain = policy.drain_timeout.min(Duration::from_secs(1)).as_secs_f64();
    let catch_up = ddl_seconds / (rates.catch_up - 1.0).max(0.5);
    let nodes = nodes.max(1) as f64;
    // Nobody waits for the last node to settle.
    nodes * (drain + ddl_seconds + catch_up) + (nodes - 1.0) * policy.settle.as_secs_f64()
}

/// How long writes wait at most, in seconds, while a copying tool is at work: the longest gap was 0.12 s under load
/// (galera-facts 1.1), for the triggers' and the swap's definitions, which are TOI.
pub const COPY_STALL_SECONDS: f64 = 0.1;

/// Seconds that a copying tool needs, `None` when the size is not known: every row goes into a new table and its keys, chunk
/// after chunk, each replicated, with pauses. That was 2.3 times as slow as the server's own copy (870 MB in 68 s, where a copy
/// inside the server did 30 MB/s; galera-facts 1.1).
pub fn copy_seconds(job: &Job, amount: Option<Amount>, memory: Option<f64>, rates: &Rates) -> Option<f64> {
    const SLOWER: f64 = 2.3;
    let copy = Job { labour: Labour::Copy, ..*job };
    Some(1.0 + SLOWER * copy.seconds(amount, memory, rates)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABOURS: [Labour; 4] = [Labour::Nothing, Labour::Keys, Labour::Rebuild, Labour::Copy];

    fn seconds(labour: Labour, amount: Option<Amount>, memory: Option<f64>) -> Option<f64> {
        Job { labour, keys: 1, key_bytes: 4, ..Job::default() }.seconds(amount, memory, &Rates::default())
    }

    fn rows(rows: f64) -> Option<Amount> {
        Some(Amount { rows, data: rows * 100.0, bytes: rows * 130.0 })
    }

    #[test]
    fn a_dearer_algorithm_never_costs_less() {
        for amount in [0.0, 10.0, 10_000_000.0] {
            let costs = LABOURS.map(|labour| seconds(labour, rows(amount), Some(256e6)).unwrap());
            assert!(costs.is_sorted(), "{amount} rows: {costs:?}");
        }
    }

    #[test]
    fn a_table_that_memory_does_not_hold_is_dearer_without_a_jump() {
        for labour in &LABOURS[1..] {
            let at = |count: f64| seconds(*labour, rows(count), Some(130e6)).unwrap() / count;
            assert!((at(1_001_000.0) / at(1_000_000.0) - 1.0).abs() < 0.01, "{labour:?}");
            assert!(at(10_000_000.0) > 2.0 * at(1_000_000.0), "{labour:?}");
        }
    }

    #[test]
    fn an_unknown_size_has_no_price_unless_no_row_is_touched() {
        assert_eq!(seconds(Labour::Rebuild, None, None), None);
        assert_eq!(seconds(Labour::Nothing, None, None), Some(0.02));
    }

    #[test]
    fn many_files_cost_time_although_they_hold_nothing() {
        for labour in LABOURS {
            let of = |files| Job { labour, files, ..Job::default() };
            let seconds = |files| of(files).seconds(Some(Amount::default()), None, &Rates::default()).unwrap();
            assert!(seconds(400) > 5.0 * seconds(1), "{labour:?}");
            assert!((seconds(0) - seconds(1)).abs() < 1e-9, "{labour:?}");
        }
    }

    #[test]
    fn a_file_of_new_extents_is_no_table_and_old_statistics_are_not_believed() {
        let facts = |rows, data, file| TableFacts {
            rows: Some(rows),
            data_bytes: Some(data),
            index_bytes: Some(0),
            file_bytes: Some(file),
            ..TableFacts::default()
        };
        let small = Amount::of(&facts(5_000, 1_600_000, 9_400_000)).unwrap();
        assert!((small.rows - 5_000.0).abs() < 1e-9 && (small.data - 1.6e6).abs() < 1e-9, "{small:?}");
        for stale in [facts(0, 16_384, 508_000_000), facts(10, 0, 508_000_000)] {
            let stale = Amount::of(&stale).unwrap();
            assert!(stale.rows >= 1e6 && stale.data >= 250e6, "{stale:?}");
        }
        // Behind a load the rows are counted already, and the pages are not.
        let loaded = Amount::of(&facts(400_000, 16_384, 63_000_000)).unwrap();
        assert!((loaded.rows - 400_000.0).abs() < 1e-9 && loaded.data >= 27e6, "{loaded:?}");
        // Rows of a hundred bytes, and five times as many of them as when they were counted.
        let grown = Amount::of(&facts(1_000_000, 100_000_000, 508_000_000)).unwrap();
        assert!((grown.rows - 5e6).abs() < 1.0 && (grown.bytes - 5e8).abs() < 1.0, "{grown:?}");
    }

    #[test]
    fn a_roll_settles_between_nodes_and_not_after_the_last() {
        let policy = Policy { settle: Duration::from_secs(10), drain_timeout: Duration::ZERO, ..Policy::default() };
        let rates = Rates { catch_up: f64::INFINITY, ..Rates::default() };
        assert!((roll_seconds(1.0, 3, &rates, &policy) - 23.0).abs() < 1e-9);
    }
}
