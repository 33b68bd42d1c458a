//! The version of a MariaDB server.

use std::fmt;
use std::str::FromStr;

/// A MariaDB server's version, such as 10.11.19.
///
/// Read from `11.8`, `10.11.19`, or what `SELECT VERSION()` prints (`10.11.19-MariaDB-0+deb12u1-log`, also with
/// the `5.5.5-` prefix that servers of the 10 series send in their greeting). A version given without its last
/// number is taken for the first release of its series, because that is the worst case: it lacks every later fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerVersion {
    /// The first number: 10, 11, 12.
    pub major: u16,
    /// The second number; `major.minor` is the series.
    pub minor: u16,
    /// The third number, which fixes raise.
    pub patch: u16,
}

impl ServerVersion {
    /// The version with these three numbers.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }

    /// The number that executable comments compare with: 101119 for 10.11.19.
    pub const fn comment_number(self) -> u32 {
        self.major as u32 * 10_000 + self.minor as u32 * 100 + self.patch as u32
    }

    /// The release series, such as (10, 11).
    pub const fn series(self) -> (u16, u16) {
        (self.major, self.minor)
    }

    /// Whether this release, or a later one of its series, holds a fix that first appeared in `fixed_in`, one
    /// release for each maintained series. A series older than all of them lacks the fix; one younger than all
    /// of them has it.
    pub fn has_fix(self, fixed_in: &[ServerVersion]) -> bool {
        match fixed_in.iter().find(|fix| fix.series() == self.series()) {
            Some(fix) => self >= *fix,
            None => fixed_in.iter().all(|fix| self.series() > fix.series()),
        }
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// The text is not a MariaDB version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a MariaDB version; expected something like 11.8, 10.11.19 or what SELECT VERSION() prints")]
pub struct NotAVersion(pub String);

impl FromStr for ServerVersion {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let error = || NotAVersion(text.to_owned());
        let bare = text.trim();
        let bare = bare.strip_prefix("5.5.5-").unwrap_or(bare);
        let numbers = bare.split(['-', '+', '~', ' ', ':']).next().unwrap_or_default();
        let mut parts = numbers.split('.');
        let mut number = |required: bool| match parts.next() {
            Some(part) => part.parse::<u16>().map_err(|_| error()),
            None if required => Err(error()),
            None => Ok(0),
        };
        let version = Self::new(number(true)?, number(true)?, number(false)?);
        let known = parts.next().is_none() && (10..100).contains(&version.major);
        if known { Ok(version) } else { Err(error()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_and_servers_write() {
        for (text, expected) in [
            ("11.8", ServerVersion::new(11, 8, 0)),
            ("10.11.19", ServerVersion::new(10, 11, 19)),
            ("10.11.19-MariaDB-0+deb12u1", ServerVersion::new(10, 11, 19)),
            ("5.5.5-10.6.4-MariaDB-log", ServerVersion::new(10, 6, 4)),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for text in ["", "ten", "8.0.36", "10", "10.x", "10.11.19.2"] {
            assert!(text.parse::<ServerVersion>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_fix_counts_in_its_own_series_and_in_all_younger_ones() {
        let fix = [ServerVersion::new(10, 6, 21), ServerVersion::new(10, 11, 11)];
        assert!(ServerVersion::new(10, 6, 21).has_fix(&fix));
        assert!(!ServerVersion::new(10, 11, 10).has_fix(&fix));
        assert!(!ServerVersion::new(10, 5, 29).has_fix(&fix));
        assert!(!ServerVersion::new(10, 8, 1).has_fix(&fix));
        assert!(ServerVersion::new(11, 8, 2).has_fix(&fix));
    }
}
