//! The programs that the demo needs, installed when it may.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::sandbox::{DEBIAN_PACKAGES, missing_packages};

/// The one way in which this project installs packages: no service is left running or enabled that was not before.
const SCRIPT: &str = include_str!("../../sandbox/install-packages.sh");

/// Sees that everything is there, installing what is missing if `install` says so.
pub(super) fn ensure(install: bool) -> Result<(), Failure> {
    let missing = missing_packages(None);
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    let by_hand = format!("sudo apt-get install -y --no-install-recommends {names}");
    if !install {
        return Err(Failure::unobservable(format!("This machine lacks the packages {names}."))
            .hint("`schema demo --install-packages` installs them and leaves no service running.")
            .next("schema demo --install-packages"));
    }
    if !Path::new("/usr/bin/apt-get").exists() {
        return Err(Failure::unobservable(format!(
            "This machine lacks {names}, and has no apt-get to install them with."
        ))
        .hint(format!("The demo needs what Debian calls {}.", DEBIAN_PACKAGES.join(", "))));
    }
    let root = nix::unistd::geteuid().is_root();
    if !root && !may_use_sudo() {
        return Err(Failure::unobservable(format!(
            "This machine lacks the packages {names}, and installing them needs root."
        ))
        .hint("Debian then starts a MariaDB server on port 3306; `sudo systemctl disable --now mariadb` ends it.")
        .next(by_hand));
    }
    let _ = writeln!(anstream::stderr(), "installing {names}");
    let mut command = Command::new(if root { "sh" } else { "sudo" });
    if !root {
        command.arg("sh");
    }
    // The script is an argument, not standard input: a package's own script could read that away.
    let status = command
        .args(["-c", SCRIPT, "install-packages"])
        .args(&missing)
        .stdin(Stdio::null())
        .stdout(std::io::stderr())
        .status()
        .map_err(|error| {
            Failure::unobservable(format!("Packages cannot be installed: {error}.")).next(by_hand.clone())
        })?;
    if !status.success() {
        return Err(Failure::unobservable(format!("Installing {names} failed: the installation ended with {status}."))
            .next(by_hand));
    }
    let left = missing_packages(None);
    if left.is_empty() {
        return Ok(());
    }
    Err(Failure::unobservable(format!(
        "{} was installed, but its programs are not where they were looked for.",
        left.join(" ")
    )))
}

/// Whether sudo is there and either needs no password or can ask for one.
fn may_use_sudo() -> bool {
    let silent = Command::new("sudo").args(["-n", "true"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    match silent {
        Ok(status) => status.success() || std::io::stdin().is_terminal(),
        Err(_) => false,
    }
}
