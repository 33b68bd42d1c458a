//! Which writes were acknowledged, and whether the cluster still has them.

use std::collections::{BTreeMap, BTreeSet};

use mysql_async::prelude::Queryable;

use super::super::Node;
use super::super::error::Error;

/// The numbers that each client wrote into the table `ledger`, by what became of them.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    acknowledged: BTreeMap<u32, BTreeSet<u64>>,
    /// The connection broke while the answer was awaited: the row may be there or not.
    unknown: BTreeMap<u32, BTreeSet<u64>>,
}

/// What a node's `ledger` lacks or has too much of, as (client, number).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Acknowledged, and not there.
    pub lost: Vec<(u32, u64)>,
    /// There, although the server had answered with an error.
    pub ghosts: Vec<(u32, u64)>,
}

impl Losses {
    /// Whether the node holds exactly what it should.
    pub fn is_none(&self) -> bool {
        self.lost.is_empty() && self.ghosts.is_empty()
    }
}

impl Ledger {
    pub(super) fn acknowledge(&mut self, client: u32, number: u64) {
        self.acknowledged.entry(client).or_default().insert(number);
    }

    pub(super) fn cannot_tell(&mut self, client: u32, number: u64) {
        self.unknown.entry(client).or_default().insert(number);
    }

    /// How many writes were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.values().map(BTreeSet::len).sum()
    }

    /// Holds what a node has in `database`.`ledger` against what the clients were told.
    ///
    /// # Errors
    /// The node cannot be asked.
    pub async fn check(&self, node: &Node, database: &str) -> Result<Losses, Error> {
        let sql = |source| Error::Sql { node: node.name().into(), source };
        let mut conn = node.connect().await?;
        // Read what the cluster has, not what this node has got to applying.
        conn.query_drop("set wsrep_sync_wait = 1").await.map_err(sql)?;
        let rows: Vec<(u32, u64)> =
            conn.query(format!("select client, number from `{database}`.ledger")).await.map_err(sql)?;
        let _ = conn.disconnect().await;
        Ok(self.compare(rows))
    }

    fn compare(&self, rows: impl IntoIterator<Item = (u32, u64)>) -> Losses {
        let there: BTreeSet<(u32, u64)> = rows.into_iter().collect();
        let all = |of: &BTreeMap<u32, BTreeSet<u64>>| -> BTreeSet<(u32, u64)> {
            of.iter().flat_map(|(client, numbers)| numbers.iter().map(|number| (*client, *number))).collect()
        };
        let (acknowledged, unknown) = (all(&self.acknowledged), all(&self.unknown));
        Losses {
            lost: acknowledged.difference(&there).copied().collect(),
            ghosts: there.iter().filter(|row| !acknowledged.contains(row) && !unknown.contains(row)).copied().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_losses_from_what_nobody_can_know() {
        let mut ledger = Ledger::default();
        ledger.acknowledge(1, 1);
        ledger.acknowledge(1, 2);
        ledger.cannot_tell(2, 1);
        assert_eq!(ledger.acknowledged(), 2);
        assert!(ledger.compare([(1, 1), (1, 2)]).is_none());
        assert!(ledger.compare([(1, 1), (1, 2), (2, 1)]).is_none());
        let losses = ledger.compare([(1, 2), (3, 7)]);
        assert_eq!(losses, Losses { lost: vec![(1, 1)], ghosts: vec![(3, 7)] });
    }
}
