//! Which series may stand side by side in one cluster while it is upgraded.

use super::window::TransferForecast;
use crate::sql::ServerVersion;

/// 10 and 11 for 10.11.
type Series = (u16, u16);

/// The series in the order of their release. Galera promises mixed versions only between neighbours
/// (MariaDB documentation, "Upgrading between major versions with Galera Cluster").
#[rustfmt::skip]
const SERIES: &[Series] = &[
    (10, 3), (10, 4), (10, 5), (10, 6), (10, 7), (10, 8), (10, 9), (10, 10), (10, 11),
    (11, 0), (11, 1), (11, 2), (11, 3), (11, 4), (11, 5), (11, 6), (11, 7), (11, 8),
    (12, 0), (12, 1), (12, 2), (12, 3),
];

/// Jumps over short-lived series that the vendor documents as rolling upgrades: between long-term releases.
const DOCUMENTED: &[(Series, Series)] =
    &[((10, 6), (10, 11)), ((10, 6), (11, 4)), ((10, 11), (11, 4)), ((11, 4), (11, 8)), ((11, 8), (12, 3))];

/// How far an upgrade goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Jump {
    /// The same version.
    None,
    /// A later release of the same series.
    Minor,
    /// To the next series, or over a documented distance.
    Series,
    /// Further than mixed versions are promised to work.
    TooFar,
    /// To an earlier release of the same series.
    Back,
    /// To an earlier series: its servers cannot read the files of the later one.
    BackOverSeries,
}

/// What going `from` one version `to` another is.
pub(super) fn jump(from: ServerVersion, to: ServerVersion) -> Jump {
    if from == to {
        return Jump::None;
    }
    if from.series() == to.series() {
        return if to > from { Jump::Minor } else { Jump::Back };
    }
    if to < from {
        return Jump::BackOverSeries;
    }
    let place = |version: ServerVersion| SERIES.iter().position(|series| *series == version.series());
    let neighbours = matches!((place(from), place(to)), (Some(a), Some(b)) if b == a + 1);
    if neighbours || DOCUMENTED.contains(&(from.series(), to.series())) { Jump::Series } else { Jump::TooFar }
}

/// Whether the two versions write redo logs of different formats (10.8 changed it): a server cannot start on files
/// of the earlier format unless it was shut down cleanly, and a full state transfer across the boundary fails.
pub(super) fn crosses_redo_format(from: ServerVersion, to: ServerVersion) -> bool {
    let boundary = ServerVersion::new(10, 8, 0);
    (from < boundary) != (to < boundary)
}

/// Whether a node must not be begun because it may need a full transfer, and between these versions there is none.
/// `from` is what it runs; what is not known is taken as the worst.
pub fn needs_what_fails(expected: TransferForecast, from: Option<ServerVersion>, to: ServerVersion) -> bool {
    expected != TransferForecast::Incremental && from.is_none_or(|from| crosses_redo_format(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_transfer_over_the_redo_format_is_not_begun() {
        use TransferForecast::{Full, Incremental, Unknown};
        let (old, new) = (ServerVersion::new(10, 6, 20), ServerVersion::new(10, 11, 19));
        for (expected, from, fails) in [
            (Full, Some(old), true),
            (Unknown, Some(old), true),
            (Incremental, Some(old), false),
            (Full, Some(ServerVersion::new(10, 11, 18)), false),
            (Full, None, true),
        ] {
            assert_eq!(needs_what_fails(expected, from, new), fails, "{expected:?} {from:?}");
        }
    }

    #[test]
    fn only_promised_jumps_roll() {
        for (from, to, expected) in [
            ("10.11.18", "10.11.19", Jump::Minor),
            ("10.11.19", "10.11.18", Jump::Back),
            ("10.11.19", "10.11.19", Jump::None),
            ("10.6.20", "10.11.19", Jump::Series),
            ("10.11.19", "11.4.9", Jump::Series),
            ("10.6.20", "11.8.6", Jump::TooFar),
            ("10.5.29", "10.11.19", Jump::TooFar),
            ("11.4.2", "10.11.19", Jump::BackOverSeries),
            ("12.3.1", "13.0.1", Jump::TooFar),
        ] {
            assert_eq!(jump(from.parse().unwrap(), to.parse().unwrap()), expected, "{from} to {to}");
        }
    }
}
