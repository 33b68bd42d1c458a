//! What the process's environment says.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

/// The part of the process's environment that settings depend on. Tests build one of their own.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `HOME`, for `~`.
    pub home: Option<PathBuf>,
    /// `MYSQL_PWD`.
    pub mysql_pwd: Option<SecretString>,
    /// The user that runs the program, who is the database user unless something says otherwise.
    pub user: Option<String>,
}

impl Environment {
    /// Reads the process's environment.
    pub fn of_process() -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten().map(|user| user.name);
        Self {
            home: text("HOME").map(PathBuf::from),
            mysql_pwd: text("MYSQL_PWD").map(SecretString::from),
            user: user.or_else(|| text("USER")),
        }
    }

    /// `~/x` under the home folder; every other path as it is, relative ones from `base`.
    pub(super) fn resolve(&self, path: &str, base: &Path) -> PathBuf {
        match (path.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => base.join(path),
        }
    }
}
