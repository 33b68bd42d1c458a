//! The version that an upgrade goes to, as a package manager and as a server call it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::sql::ServerVersion;

/// The version to install.
///
/// Package managers want their own spelling (`1:10.11.19-0+deb12u1`), servers report another
/// (`10.11.19-MariaDB-0+deb12u1-log`). Both come down to three numbers, and those are what is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// What `{version}` stands for in the commands, exactly as it was given or offered.
    pub text: String,
    /// The three numbers in it.
    #[serde(with = "as_text")]
    pub version: ServerVersion,
}

impl Target {
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
        let numbers = bare.split(['-', '+', '~', '_']).next().unwrap_or_default();
        if numbers.split('.').count() != 3 {
            return Err(expected());
        }
        let version = numbers.parse().map_err(|_| expected())?;
        Ok(Self { text: text.to_owned(), version })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.version)
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
        for text in
            ["10.11.19", "1:10.11.19-0+deb12u1", "10.11.19-1.el9", "10.11.19-MariaDB-log", " 1:10.11.19+maria~deb12 "]
        {
            let target = Target::parse(text).unwrap();
            assert_eq!(target.version, ServerVersion::new(10, 11, 19), "{text}");
            assert_eq!(target.text, text.trim());
        }
        for text in ["", "10.11", "latest", "10.11.19; reboot", "10.11.19 x", "x:10.11.19"] {
            assert!(Target::parse(text).is_err(), "{text}");
        }
    }
}
