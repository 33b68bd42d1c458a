//! Where a sandbox lives: one folder that holds everything about it.

use std::path::{Path, PathBuf};

use super::error::{Error, Result};
use super::ports;

/// The folder of a sandbox, chosen by name, by folder, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The sandbox's name; also the name of its Galera cluster.
    pub name: String,
    /// The absolute path of its folder.
    pub dir: PathBuf,
}

impl Place {
    /// `name` alone: a folder of that name under [`default_base`]. `dir` alone: exactly that folder. Both: the folder
    /// `name` inside `dir`, so that several sandboxes can share a `dir`.
    ///
    /// # Errors
    /// The name is not made of ASCII letters, digits, `-` and `_`.
    pub fn choose(name: Option<&str>, dir: Option<&Path>) -> Result<Self> {
        let good = |name: &str| {
            !name.is_empty()
                && name.len() <= 32
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        if let Some(bad) = name.filter(|name| !good(name)) {
            return Err(Error::Usage(format!(
                "`{bad}` cannot be a sandbox's name: use up to 32 ASCII letters, digits, `-` and `_`."
            )));
        }
        let dir = match (name, dir) {
            (None, Some(dir)) => dir.into(),
            (Some(name), Some(dir)) => dir.join(name),
            (name, None) => default_base().join(name.unwrap_or("default")),
        };
        let dir = std::path::absolute(&dir)
            .map_err(|source| Error::Io { doing: format!("Cannot make {} absolute", dir.display()), source })?;
        Ok(Self { name: name.unwrap_or("default").into(), dir })
    }
}

/// Where sandboxes live that were given no folder: one per user in the system's temporary folder.
pub fn default_base() -> PathBuf {
    std::env::temp_dir().join(format!("schema-sandbox-{}", nix::unistd::geteuid()))
}

/// The folders of all sandboxes on this machine, whoever started them.
pub fn running() -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> =
        ports::all().into_iter().map(|(_, reservation)| reservation.dir).filter(|dir| dir.exists()).collect();
    dirs.sort();
    dirs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_folder() {
        let check = |name: Option<&str>, dir: Option<&str>, expected: PathBuf| {
            assert_eq!(Place::choose(name, dir.map(Path::new)).unwrap().dir, expected);
        };
        check(None, None, default_base().join("default"));
        check(Some("a"), None, default_base().join("a"));
        check(None, Some("/x"), "/x".into());
        check(Some("a"), Some("/x"), "/x/a".into());
        assert!(Place::choose(Some("../a"), None).is_err());
        assert!(Place::choose(Some(""), None).is_err());
    }
}
