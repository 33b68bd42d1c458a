//! The version that an upgrade goes to, as a package manager and as a server call it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::sql::ServerVersion;

/// The version to install.
///
/// Package managers want their own spelling (`1:10.11.19-0+deb12u1`, `10.6.5_2-1.el9`), servers report another
/// (`10.11.19-MariaDB-0+deb12u1-log`, `10.6.5-2-MariaDB-enterprise-log`). Both begin with three numbers; what follows
/// is compared as far as the server shows it ([`Target::runs_on`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// What `{version}` stands for in the commands, exactly as it was given or offered.
    pub text: String,
    /// The three numbers in it.
    #[serde(with = "as_text")]
    pub version: ServerVersion,
    /// What the package's version has after the three numbers and was asked for: the release of an enterprise server
    /// (`2`), the revision of a package (`0+deb12u1`, `1.el9`). `None` where the three numbers are all that is wanted.
    #[serde(default)]
    pub revision: Option<String>,
}

/// Whether a server runs a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// It does.
    Yes,
    /// It runs another version, or another release or package revision of this one.
    No,
    /// The three numbers agree, and of the revision that was asked for it says nothing.
    Unknown,
}

impl Target {
    /// Three numbers and nothing else.
    pub fn numbers(version: ServerVersion) -> Self {
        Self { text: version.to_string(), version, revision: None }
    }

    /// Reads a version as people and package managers write it. A version without its last number is refused: an
    /// upgrade must be able to check that it arrived.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let expected = || {
            format!(
                "`{text}` is not a full version; expected something like 10.11.19, or the package's 1:10.11.19-0+deb12u1"
            )
        };
        let safe = |c: char| c.is_ascii_alphanumeric() || ".+-~:_".contains(c);
        if text.is_empty() || !text.chars().all(safe) {
            return Err(expected());
        }
        // The package's epoch is no part of the server's version.
        let bare = match text.split_once(':') {
            Some((epoch, rest)) if epoch.chars().all(|c| c.is_ascii_digit()) => rest,
            _ => text,
        };
        let (numbers, rest) = split_numbers(bare).ok_or_else(expected)?;
        let version = numbers.parse().map_err(|_| expected())?;
        Ok(Self { text: text.to_owned(), version, revision: revision(rest) })
    }

    /// Whether a server whose `VERSION()` is `reported` runs this, as far as that shows.
    ///
    /// An enterprise server shows its release: `10.6.20-16-MariaDB-enterprise-log`. Debian and Ubuntu build the
    /// package's revision in: `10.11.19-MariaDB-0+deb12u1-log`. MariaDB's own RPM packages show neither.
    pub fn runs_on(&self, reported: &str) -> Runs {
        let bare = reported.strip_prefix("5.5.5-").unwrap_or(reported);
        let Some((numbers, rest)) = split_numbers(bare) else { return Runs::No };
        if numbers.parse() != Ok(self.version) {
            return Runs::No;
        }
        let Some(asked) = &self.revision else { return Runs::Yes };
        let same = |yes: bool| if yes { Runs::Yes } else { Runs::No };
        let Some((release, built)) = rest.split_once("MariaDB") else { return Runs::Unknown };
        if built.starts_with("-enterprise") {
            let numbers = (leading_number(release.trim_matches('-')), leading_number(asked));
            return if let (Some(runs), Some(asked)) = numbers { same(runs == asked) } else { Runs::Unknown };
        }
        // `-0+deb12u1-log`, `-0+deb13u1 from Debian-log`
        let built = built.strip_prefix('-').unwrap_or(built);
        let built = built.split([' ', '-']).next().unwrap_or_default();
        if built.starts_with(|c: char| c.is_ascii_digit()) && !built.contains(':') {
            return same(built == asked || asked.strip_prefix(built).is_some_and(|more| more.starts_with("+b")));
        }
        Runs::Unknown
    }
}

/// The first three numbers of a version, and what follows them. A fourth number is an enterprise release.
fn split_numbers(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let mut dots = text[..end].match_indices('.').map(|(at, _)| at);
    let (_, second) = (dots.next()?, dots.next()?);
    let end = dots.next().unwrap_or(end);
    if end == second + 1 || text[end..].starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    Some((&text[..end], &text[end..]))
}

/// What a package's version says after its numbers. `+maria~deb12` names the system that it was built for, and
/// `-MariaDB-log` is the end of what a server says of itself.
fn revision(rest: &str) -> Option<String> {
    let rest = rest.trim_start_matches(['-', '_', '.', '+', '~']);
    let counts = rest.starts_with(|c: char| c.is_ascii_digit());
    counts.then(|| rest.to_owned())
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.revision {
            None => write!(f, "{}", self.version),
            Some(_) => write!(f, "{}", self.text),
        }
    }
}

/// A server's version as text in JSON.
pub(super) mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::sql::ServerVersion;

    pub(in crate::upgrade) fn serialize<S: Serializer>(version: &ServerVersion, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(version)
    }

    pub(in crate::upgrade) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<ServerVersion, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_package_managers_offer() {
        for (text, revision) in [
            ("10.11.19", None),
            ("1:10.11.19-0+deb12u1", Some("0+deb12u1")),
            ("10.11.19-1.el9", Some("1.el9")),
            ("10.11.19_16-1.el9", Some("16-1.el9")),
            ("10.11.19.16", Some("16")),
            ("10.11.19-MariaDB-log", None),
            (" 1:10.11.19+maria~deb12 ", None),
        ] {
            let target = Target::parse(text).unwrap();
            assert_eq!(target.version, ServerVersion::new(10, 11, 19), "{text}");
            assert_eq!(target.text, text.trim());
            assert_eq!(target.revision.as_deref(), revision, "{text}");
        }
        for text in
            ["", "10.11", "10.11.", "latest", "(none)", "10.11.19; reboot", "10.11.19 x", "x:10.11.19", "10.11.19rc"]
        {
            assert!(Target::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_release_and_a_revision_are_compared_where_the_server_shows_them() {
        use Runs::{No, Unknown, Yes};
        for (target, reported, expected) in [
            ("10.11.19", "10.11.19-MariaDB-0+deb12u1-log", Yes),
            ("10.11.19", "5.5.5-10.11.18-MariaDB", No),
            ("10.11.19", "a build of our own", No),
            ("10.6.20", "10.6.20-16-MariaDB-enterprise-log", Yes),
            ("10.6.20-16", "10.6.20-16-MariaDB-enterprise-log", Yes),
            ("10.6.20-17", "10.6.20-16-MariaDB-enterprise-log", No),
            ("10.6.20_17-1.el9", "10.6.20-17-MariaDB-enterprise", Yes),
            ("1:10.6.20.17+maria~deb12", "10.6.20-16-MariaDB-enterprise", No),
            ("10.6.20-16", "10.6.20-MariaDB-enterprise", Unknown),
            ("1:10.11.19-0+deb12u1", "10.11.19-MariaDB-0+deb12u1-log", Yes),
            ("1:10.11.19-0+deb12u1+b1", "10.11.19-MariaDB-0+deb12u1", Yes),
            ("1:10.11.19-0+deb12u2", "10.11.19-MariaDB-0+deb12u1-log", No),
            ("1:11.8.3-0+deb13u1", "11.8.3-MariaDB-0+deb13u1 from Debian-log", Yes),
            ("10.11.19-1.el9", "10.11.19-MariaDB-log", Unknown),
            ("10.11.19-1.el9", "10.11.19-MariaDB", Unknown),
            ("1:10.11.19+maria~deb12", "10.11.19-MariaDB-deb12-log", Yes),
            ("10.11.19-1.el9", "10.11.19-MariaDB-1:10.11.19+maria~ubu2204", Unknown),
        ] {
            assert_eq!(Target::parse(target).unwrap().runs_on(reported), expected, "{target} on {reported}");
        }
    }
}
