//! What git says changed.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// Files, as absolute paths, that were added or changed between `rev` and the working tree, and those
/// that git does not know yet but does not ignore either. `rev...HEAD`, as code hosts write it, counts from where the
/// branch began.
pub(super) fn changed_since(rev: &str) -> Result<HashSet<PathBuf>, Failure> {
    // A revision that begins with a dash would be an option.
    if rev.starts_with('-') || rev.is_empty() {
        return Err(Failure::usage(format!("`{rev}` is no git revision.")));
    }
    let top = git(Path::new("."), &["rev-parse", "--show-toplevel"])?;
    let top = path(top.strip_suffix(b"\n").unwrap_or(&top));
    let changed = ["diff", "--name-only", "-z", "--diff-filter=d", rev, "--"];
    let unknown = ["ls-files", "-z", "--others", "--exclude-standard"];
    let mut files = HashSet::new();
    for arguments in [&changed[..], &unknown[..]] {
        // There, and so for the whole repository and with names from there.
        let output = git(&top, arguments)?;
        let names = output.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        files.extend(names.map(|name| top.join(path(name))));
    }
    Ok(files)
}

fn git(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, Failure> {
    let output = Command::new("git")
        .current_dir(folder)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Failure::usage(format!("--since needs git, which did not start: {error}.")))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().next().unwrap_or("it gave no reason").trim_end_matches('.');
    Err(Failure::usage(format!("git does not say what changed: {said}."))
        .hint("In a shallow clone the revision may be missing; fetch it first."))
}

#[cfg(unix)]
fn path(name: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    Path::new(std::ffi::OsStr::from_bytes(name)).to_owned()
}

#[cfg(not(unix))]
fn path(name: &[u8]) -> PathBuf {
    Path::new(&*String::from_utf8_lossy(name)).to_owned()
}
