//! Faults of released servers that a schema change can run into, with the releases that no longer have them.

use crate::sql::ServerVersion;

/// What a fault concerns, so that only those are named that a plan can meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BugArea {
    /// Rolling Schema Upgrade.
    Rsu,
    /// Total Order Isolation.
    Toi,
    /// ALTER TABLE whichever way it is sent.
    Alter,
    /// Partitions.
    Partition,
    /// Sequences.
    Sequence,
    /// Views and stored programs.
    View,
    /// Foreign keys.
    ForeignKey,
    /// Appliers and membership.
    Applier,
    /// Backups, FLUSH TABLES WITH READ LOCK.
    Backup,
    /// Instantly altered tables.
    Instant,
}

/// One fault.
#[derive(Clone, Copy, Debug)]
pub struct Bug {
    /// The issue.
    pub id: &'static str,
    /// What it concerns.
    pub area: BugArea,
    /// What happens, as a sentence.
    pub text: &'static str,
    /// The first release of each series without it.
    pub fixed_in: &'static [ServerVersion],
    /// The first release with it, where it came late.
    pub since: Option<ServerVersion>,
}

impl Bug {
    /// Whether a server of this version has it.
    pub fn is_in(&self, version: ServerVersion) -> bool {
        !version.has_fix(self.fixed_in) && self.since.is_none_or(|since| version >= since)
    }
}

const fn v(major: u16, minor: u16, patch: u16) -> ServerVersion {
    ServerVersion::new(major, minor, patch)
}

const fn bug(id: &'static str, area: BugArea, text: &'static str, fixed_in: &'static [ServerVersion]) -> Bug {
    Bug { id, area, text, fixed_in, since: None }
}

/// The table. Source of each row: the release notes of the versions named (galera-facts, section 8).
pub const BUGS: &[Bug] = &[
    bug(
        "MDEV-21189",
        BugArea::Partition,
        "DROP PARTITION in RSU with sql_log_bin=0 hangs the node.",
        &[v(10, 2, 31), v(10, 3, 22), v(10, 4, 12)],
    ),
    bug("MDEV-24956", BugArea::Alter, "ALTER TABLE is not replicated.", &[v(10, 4, 19), v(10, 5, 10)]),
    bug(
        "MDEV-19353",
        BugArea::Sequence,
        "ALTER SEQUENCE is not replicated.",
        &[v(10, 4, 23), v(10, 5, 14), v(10, 6, 6)],
    ),
    bug(
        "MDEV-32938",
        BugArea::ForeignKey,
        "An ALTER TABLE that fails before it is replicated leaves nodes that differ, on tables with foreign keys.",
        &[v(10, 4, 33), v(10, 5, 24), v(10, 6, 17), v(10, 11, 7), v(11, 4, 1)],
    ),
    bug(
        "MDEV-32282",
        BugArea::Backup,
        "A node stays paused after interleaved FLUSH TABLES WITH READ LOCK.",
        &[v(10, 4, 32), v(10, 5, 23), v(10, 6, 16), v(10, 11, 6)],
    ),
    bug(
        "MDEV-31737",
        BugArea::Backup,
        "A node stays Donor/Desynced with wsrep_mode=BF_ABORT_MARIABACKUP.",
        &[v(10, 6, 15), v(10, 11, 5)],
    ),
    bug(
        "MDEV-33064",
        BugArea::Toi,
        "An INPLACE ALTER TABLE in TOI does not abort INSERTs that are in its way.",
        &[v(10, 5, 28), v(10, 6, 21), v(10, 11, 11), v(11, 4, 5)],
    ),
    bug(
        "MDEV-34836",
        BugArea::ForeignKey,
        "TOI on a parent table hangs on a streaming transaction of its child.",
        &[v(10, 6, 20), v(10, 11, 10), v(11, 4, 4)],
    ),
    bug(
        "MDEV-35486",
        BugArea::Rsu,
        "A statement in RSU fails with a time-out that nobody set.",
        &[v(10, 5, 28), v(10, 6, 21), v(10, 11, 11), v(11, 4, 5)],
    ),
    bug(
        "MDEV-32631",
        BugArea::Rsu,
        "The server crashes, for instance on OPTIMIZE of an Aria table in RSU.",
        &[v(10, 5, 29), v(10, 6, 22), v(10, 11, 12), v(11, 4, 6), v(11, 8, 2)],
    ),
    bug("MDEV-33850", BugArea::Sequence, "Sequences crash or fail.", &[v(10, 6, 22), v(10, 11, 12), v(11, 4, 6)]),
    bug("MDEV-34124", BugArea::Sequence, "Sequences crash or fail.", &[v(10, 11, 16), v(11, 4, 10), v(11, 8, 6)]),
    bug(
        "MDEV-27861",
        BugArea::Partition,
        "Partitioned tables are refused under wsrep_mode=STRICT_REPLICATION.",
        &[v(10, 6, 22), v(10, 11, 12), v(11, 4, 6)],
    ),
    bug(
        "MDEV-35096",
        BugArea::Partition,
        "The history of a table that is versioned and partitioned differs from node to node.",
        &[v(10, 5, 28), v(10, 6, 21), v(10, 11, 11), v(11, 4, 5)],
    ),
    bug("MDEV-31905", BugArea::Applier, "GTIDs of write sets are not consistent.", &[v(10, 6, 17), v(10, 11, 7)]),
    bug("MDEV-34924", BugArea::Applier, "GTIDs of write sets are not consistent.", &[v(10, 6, 21), v(10, 11, 11)]),
    Bug {
        since: Some(v(10, 11, 11)),
        ..bug(
            "MDEV-38260",
            BugArea::Applier,
            "DDL or a sequence that arrives by asynchronous replication hangs.",
            &[v(10, 11, 19), v(11, 4, 13), v(11, 8, 9), v(12, 3, 3)],
        )
    },
    bug(
        "MDEV-36360",
        BugArea::Applier,
        "Parallel appliers deadlock when foreign key or unique checks are off.",
        &[v(10, 11, 12), v(11, 4, 6), v(11, 8, 2)],
    ),
    bug(
        "MDEV-37857",
        BugArea::View,
        "Views and stored programs lose their character set in TOI.",
        &[v(10, 11, 15), v(11, 4, 9), v(11, 8, 4)],
    ),
    bug("MDEV-37056", BugArea::Sequence, "ALTER of a sequence crashes the server.", &[v(10, 11, 15)]),
    bug(
        "MDEV-38787",
        BugArea::ForeignKey,
        "wsrep_slave_FK_checks=OFF lets nodes diverge.",
        &[v(10, 11, 17), v(11, 4, 11), v(11, 8, 7)],
    ),
    bug(
        "MDEV-38843",
        BugArea::Applier,
        "A node whose applier failed stays in the cluster and locks it up.",
        &[v(10, 6, 28), v(10, 11, 19), v(11, 4, 13), v(11, 8, 9)],
    ),
    bug(
        "MDEV-18519",
        BugArea::Instant,
        "Tables that were altered instantly can be corrupted; a rebuild is safer.",
        &[v(10, 6, 9)],
    ),
];

/// The faults that a server of this version has.
pub fn known_bugs(version: ServerVersion) -> impl Iterator<Item = &'static Bug> {
    BUGS.iter().filter(move |bug| bug.is_in(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_has_the_faults_that_were_fixed_after_it() {
        let ids = |version| known_bugs(version).map(|bug| bug.id).collect::<Vec<_>>();
        assert!(ids(v(10, 11, 10)).contains(&"MDEV-35486"));
        assert!(!ids(v(10, 11, 19)).contains(&"MDEV-35486"));
        assert!(ids(v(10, 11, 18)).contains(&"MDEV-38843"));
        assert!(!ids(v(10, 11, 5)).contains(&"MDEV-38260"), "it came with 10.11.11");
    }
}
