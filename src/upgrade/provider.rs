//! The Galera provider: its versions and the group protocol that each can speak.

use std::fmt;

/// The version of the provider library, such as 26.4.23. The first number is the API and the same for all that this
/// program meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProviderVersion {
    /// 3 or 4: Galera 3 or Galera 4.
    pub generation: u16,
    /// The release, which fixes raise.
    pub release: u16,
}

impl ProviderVersion {
    /// Reads `wsrep_provider_version`: `26.4.23(r1234)`, or `4.23(rXXXX)` as Debian builds it.
    pub fn read(text: &str) -> Option<Self> {
        let bare = text.split(['(', '-', ' ']).next()?;
        let numbers: Vec<u16> = bare.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
        let [.., generation, release] = numbers[..] else { return None };
        (3..=4).contains(&generation).then_some(Self { generation, release })
    }

    /// The highest group protocol (`GCS_PROTO_MAX`) that this release speaks; `None` where the table does not say.
    ///
    /// Source: the provider's tagged sources; 26.4.19 from MariaDB/mariadb-docker issue 616. Releases between two
    /// known ones speak at least what the earlier one does, which is the worst case for a way back.
    pub fn highest_group_protocol(self) -> Option<u16> {
        if self.generation != 4 {
            return None;
        }
        match self.release {
            3..=17 => Some(2),
            18 => Some(3),
            19..=22 => Some(4),
            23.. => Some(5),
            _ => None,
        }
    }
}

impl fmt::Display for ProviderVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let api = if self.generation == 4 { 26 } else { 25 };
        write!(f, "{api}.{}.{}", self.generation, self.release)
    }
}

/// Whether a node with the provider `earlier` could still join after every node has run `later`.
///
/// The group speaks the highest protocol that all its members know. Once the last member knows a higher one the
/// group moves up, and never down again: an older provider is then refused with `Group requested gcs_proto_ver`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WayBack {
    /// The same protocol on both sides.
    Open,
    /// Until the last node is upgraded.
    ClosesWithTheLastNode {
        /// The highest protocol of the earlier provider.
        earlier: u16,
        /// The highest protocol of the later one.
        later: u16,
    },
    /// One of the versions is not known.
    Unknown,
}

/// What upgrading every node from one provider to the other does to the way back.
pub(super) fn way_back(earlier: Option<ProviderVersion>, later: Option<ProviderVersion>) -> WayBack {
    let (Some(earlier), Some(later)) = (earlier, later) else { return WayBack::Unknown };
    if earlier == later {
        return WayBack::Open;
    }
    match (earlier.highest_group_protocol(), later.highest_group_protocol()) {
        (Some(a), Some(b)) if b > a => WayBack::ClosesWithTheLastNode { earlier: a, later: b },
        (Some(_), Some(_)) => WayBack::Open,
        _ => WayBack::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_spelling() {
        for (text, expected) in [
            ("26.4.23(r1234)", Some("26.4.23")),
            ("4.23(rXXXX)", Some("26.4.23")),
            ("25.3.37(r7f2dcb7)", Some("25.3.37")),
            ("26.4.11-abc", Some("26.4.11")),
            ("", None),
            ("none", None),
        ] {
            assert_eq!(ProviderVersion::read(text).map(|v| v.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_higher_group_protocol_closes_the_way_back() {
        let version = |release| Some(ProviderVersion { generation: 4, release });
        assert_eq!(way_back(version(23), version(23)), WayBack::Open);
        assert_eq!(way_back(version(20), version(21)), WayBack::Open);
        assert_eq!(way_back(version(18), version(19)), WayBack::ClosesWithTheLastNode { earlier: 3, later: 4 });
        assert_eq!(way_back(version(18), None), WayBack::Unknown);
    }
}
