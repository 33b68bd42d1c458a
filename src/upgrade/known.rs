//! What is known to go wrong with named versions: a table to be held against the release notes.

use serde::Serialize;

use super::ProviderVersion;
use crate::sql::ServerVersion;

const fn v(major: u16, minor: u16, patch: u16) -> ServerVersion {
    ServerVersion::new(major, minor, patch)
}

/// Who must run a broken version for the trouble to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// The nodes that are not upgraded yet: they live through the whole upgrade as they are.
    Before,
    /// The upgraded nodes.
    After,
    /// Both: a full state transfer goes from the one to the other.
    Either,
}

/// How the trouble comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// Always possible.
    Always,
    /// Only when `wsrep_sst_method` begins with this.
    StateTransferBy(&'static str),
    /// Only when the upgrade moves from Galera 3 to Galera 4.
    FromGalera3,
}

/// One bug that a rolling upgrade can meet.
#[derive(Clone, Copy, Debug)]
struct Known {
    id: &'static str,
    who: Who,
    when: When,
    /// The first broken release of each series, where only some series ever had it; empty: all before the fix.
    since: &'static [ServerVersion],
    /// The first sound release of each series that was mended. A series that is not named and is older than one of
    /// these never was; one that is newer than all of these always had the fix. Empty: no sound release is known.
    fixed: &'static [ServerVersion],
    /// Whether the upgrade must not be done this way.
    refuse: bool,
    what: &'static str,
}

/// From the vendor's release notes and issue tracker.
#[rustfmt::skip]
const SERVERS: &[Known] = &[
    Known {
        id: "MDEV-35526", who: Who::After, when: When::StateTransferBy("mariabackup"),
        since: &[v(10, 5, 27), v(10, 6, 20), v(10, 11, 10), v(11, 4, 4)],
        fixed: &[v(10, 5, 28), v(10, 6, 21), v(10, 11, 11), v(11, 4, 5)],
        refuse: false,
        what: "the mariabackup state transfer crashes the joining node, so every node must come back incrementally",
    },
    Known {
        id: "MDEV-21002", who: Who::Either, when: When::Always, since: &[],
        fixed: &[v(10, 4, 13), v(10, 5, 2)], refuse: false,
        what: "a node can bounce between Synced and Joining after it came back",
    },
    Known {
        id: "MDEV-24956", who: Who::After, when: When::Always,
        since: &[v(10, 4, 18), v(10, 5, 9)], fixed: &[v(10, 4, 19), v(10, 5, 10)], refuse: true,
        what: "ALTER TABLE is not replicated to the other nodes",
    },
    Known {
        id: "MDEV-38579", who: Who::After, when: When::Always,
        since: &[v(11, 4, 4)], fixed: &[], refuse: false,
        what: "an incremental transfer can end with a wrong position, and the node then needs a full one",
    },
    Known {
        id: "MDEV-29293", who: Who::Either, when: When::Always, since: &[],
        fixed: &[v(10, 4, 31), v(10, 5, 22), v(10, 6, 15), v(10, 9, 8), v(10, 10, 6), v(10, 11, 5), v(11, 0, 3)],
        refuse: false,
        what: "a node can hang for good in commit order when a connection is killed while it commits",
    },
    Known {
        id: "MDEV-32115", who: Who::Either, when: When::StateTransferBy("rsync"), since: &[],
        fixed: &[v(10, 11, 17), v(11, 4, 11), v(11, 8, 7)], refuse: false,
        what: "a full state transfer by rsync can corrupt tables with FULLTEXT indexes, so every node must come back incrementally",
    },
    Known {
        id: "MDEV-29375", who: Who::After, when: When::FromGalera3, since: &[],
        fixed: &[v(10, 4, 27), v(10, 5, 18), v(10, 6, 11)], refuse: true,
        what: "nodes crash while Galera 3 and Galera 4 stand side by side",
    },
    Known {
        id: "MDEV-38843", who: Who::Before, when: When::Always, since: &[],
        fixed: &[v(10, 6, 28), v(10, 11, 19), v(11, 4, 13), v(11, 8, 9)], refuse: false,
        what: "a node on which a write set fails can stay in the cluster and lock it up; this upgrade fixes it",
    },
];

/// Bugs of the provider library; `release` is the first sound one of Galera 4.
#[rustfmt::skip]
const PROVIDERS: &[(&str, u16, &str)] = &[
    ("MDEV-31517", 25, "an error in a configuration file makes the node ask for a full transfer when it next starts; check the files before the start (`check_config`)"),
    ("galera 26.4.27", 27, "an incremental transfer can arrive without all its write sets, and the node then needs a full one"),
];

/// A bug that this upgrade can meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hazard {
    /// Where to read about it.
    pub id: String,
    /// Whether the upgrade is refused for it.
    pub refuse: bool,
    /// What happens, in a sentence.
    pub text: String,
}

/// The bugs that an upgrade between two versions can meet.
pub(super) fn hazards(
    from: ServerVersion,
    to: ServerVersion,
    provider: Option<ProviderVersion>,
    sst_method: &str,
) -> Vec<Hazard> {
    let broken = |known: &Known, version: ServerVersion| {
        let begun = known.since.is_empty()
            || known.since.iter().any(|since| since.series() == version.series() && version >= *since);
        begun && (known.fixed.is_empty() || !version.has_fix(known.fixed))
    };
    let affected = |known: &Known| -> Vec<ServerVersion> {
        let sides = match known.who {
            Who::Before => vec![from],
            Who::After => vec![to],
            Who::Either => vec![from, to],
        };
        sides.into_iter().filter(|version| broken(known, *version)).collect()
    };
    let servers = SERVERS.iter().filter(|known| {
        let applies = match known.when {
            When::Always => true,
            When::StateTransferBy(method) => sst_method.starts_with(method),
            When::FromGalera3 => from < v(10, 4, 0),
        };
        applies && !affected(known).is_empty()
    });
    let mut found: Vec<Hazard> = servers
        .map(|known| {
            let here = list(&affected(known));
            let text = format!("{} (here {here}; {})", known.what, remedy(known));
            Hazard { id: known.id.to_owned(), refuse: known.refuse, text }
        })
        .collect();
    if let Some(provider) = provider.filter(|provider| provider.generation == 4) {
        found.extend(PROVIDERS.iter().filter(|(_, sound, _)| provider.release < *sound).map(|(id, sound, what)| {
            Hazard {
                id: (*id).to_owned(),
                refuse: false,
                text: format!("{what} (fixed in provider 26.4.{sound}, here {provider})"),
            }
        }));
    }
    found
}

fn remedy(known: &Known) -> String {
    if known.fixed.is_empty() {
        "no sound release is known".to_owned()
    } else {
        format!("fixed in {}", list(known.fixed))
    }
}

fn list(versions: &[ServerVersion]) -> String {
    let mut versions: Vec<String> = versions.iter().map(ToString::to_string).collect();
    versions.dedup();
    versions.join(", ")
}

/// A server option that a later version does not start with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemovedOption {
    /// The variable's name.
    pub name: &'static str,
    /// The first version without it. Where that is not known, the first after the last one that is known to have it.
    pub removed_in: ServerVersion,
    /// What to do about it.
    pub advice: &'static str,
}

const LEAVE_OUT: &str = "leave it out";

/// Options whose presence in a configuration file keeps the new server from starting.
///
/// The first two are from MariaDB's documentation ("Upgrading from 10.6 to 11.8"), and 10.11.19 does not start with them.
/// The others were found by giving every option of 10.11.19 to 11.8.6, which does not start with these; in which version
/// between the two they went is not known. Most options that are gone are still accepted with a warning
/// ("was removed. It does nothing now").
#[rustfmt::skip]
const REMOVED: &[RemovedOption] = &[
    RemovedOption { name: "wsrep_strict_ddl", removed_in: v(10, 7, 0), advice: "write wsrep_mode=STRICT_REPLICATION" },
    RemovedOption { name: "wsrep_replicate_myisam", removed_in: v(10, 7, 0), advice: "write wsrep_mode=REPLICATE_MYISAM" },
    RemovedOption { name: "innodb_change_buffer_max_size", removed_in: v(11, 0, 0), advice: LEAVE_OUT },
    RemovedOption { name: "innodb_buffer_pool_in_core_dump", removed_in: v(11, 0, 0), advice: LEAVE_OUT },
    RemovedOption { name: "debug_no_thread_alarm", removed_in: v(11, 0, 0), advice: LEAVE_OUT },
    RemovedOption { name: "max_tmp_tables", removed_in: v(11, 0, 0), advice: LEAVE_OUT },
    RemovedOption { name: "old_alter_table", removed_in: v(11, 0, 0), advice: LEAVE_OUT },
];

/// The options among `configured` (names of variables that a file or the command line sets) that the step from one
/// version to the other removes.
pub(super) fn removed_options<'a>(
    from: ServerVersion,
    to: ServerVersion,
    configured: impl IntoIterator<Item = &'a str>,
) -> Vec<RemovedOption> {
    let gone: Vec<_> = REMOVED.iter().filter(|option| from < option.removed_in && option.removed_in <= to).collect();
    configured
        .into_iter()
        .filter_map(|name| gone.iter().find(|option| option.name.eq_ignore_ascii_case(name)).map(|option| **option))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(from: &str, to: &str, sst: &str) -> Vec<String> {
        hazards(from.parse().unwrap(), to.parse().unwrap(), None, sst).into_iter().map(|hazard| hazard.id).collect()
    }

    #[test]
    fn named_pairs_are_found_and_sound_ones_are_not() {
        assert!(ids("10.11.9", "10.11.10", "mariabackup").contains(&"MDEV-35526".to_owned()));
        assert!(!ids("10.11.9", "10.11.10", "rsync").contains(&"MDEV-35526".to_owned()));
        assert!(!ids("10.11.9", "10.11.11", "mariabackup").contains(&"MDEV-35526".to_owned()));
        assert!(ids("10.5.8", "10.5.9", "rsync").contains(&"MDEV-24956".to_owned()));
        assert_eq!(ids("10.11.18", "10.11.19", "rsync"), ["MDEV-38843"]);
        assert_eq!(ids("10.11.19", "10.11.20", "rsync"), [""; 0]);
    }

    #[test]
    fn the_older_version_and_the_first_sound_ones_are_named() {
        let found = hazards("10.11.4".parse().unwrap(), "10.11.19".parse().unwrap(), None, "rsync");
        let text = |id: &str| found.iter().find(|hazard| hazard.id == id).unwrap().text.clone();
        assert!(
            text("MDEV-29293")
                .ends_with("(here 10.11.4; fixed in 10.4.31, 10.5.22, 10.6.15, 10.9.8, 10.10.6, 10.11.5, 11.0.3)")
        );
        assert!(text("MDEV-32115").ends_with("(here 10.11.4; fixed in 10.11.17, 11.4.11, 11.8.7)"));
        // Mended at different times: one of them may be left.
        assert_eq!(ids("10.11.5", "10.11.16", "rsync"), ["MDEV-32115", "MDEV-38843"]);
        assert_eq!(ids("10.11.5", "10.11.16", "mariabackup"), ["MDEV-38843"]);
    }

    #[test]
    fn the_documented_table_is_this_one() {
        let page = include_str!("../../docs/upgrade.md");
        let row = |id: &str| {
            let row = page.lines().find(|line| line.starts_with(&format!("| {id} |")));
            row.unwrap_or_else(|| panic!("docs/upgrade.md has no row for {id}"))
        };
        for known in SERVERS {
            let fixed = if known.fixed.is_empty() { remedy(known) } else { list(known.fixed) };
            let refused = if known.refuse { "yes" } else { "no" };
            assert!(row(known.id).ends_with(&format!("| {fixed} | {refused} |")), "{}", row(known.id));
        }
        for (id, sound, _) in PROVIDERS {
            assert!(row(id).ends_with(&format!("| provider 26.4.{sound} | no |")), "{}", row(id));
        }
        for option in REMOVED {
            assert!(page.contains(option.name), "docs/upgrade.md does not name {}", option.name);
        }
    }

    #[test]
    fn options_that_the_target_does_not_know() {
        let names = |from: &str, to: &str| {
            removed_options(from.parse().unwrap(), to.parse().unwrap(), ["PORT", "WSREP_STRICT_DDL"]).len()
        };
        assert_eq!(names("10.6.20", "10.11.19"), 1);
        assert_eq!(names("10.11.18", "10.11.19"), 0);
    }
}
