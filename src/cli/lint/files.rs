//! Which files are linted, and what their bytes say.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use ignore::WalkBuilder;

use super::Args;
use crate::failure::Failure;
use crate::sql::Source;

/// One file, or standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Input {
    /// The name under which it is reported, with `/` between its parts.
    pub(super) name: String,
    /// The path from the folder of the settings, with `/` between its parts; as it was typed where the file stands
    /// elsewhere. Globs of the settings and fingerprints go by it.
    pub(super) key: String,
    /// Where it is read from; `None` for standard input.
    pub(super) path: Option<PathBuf>,
}

impl Input {
    fn file(path: &Path, base: &Path) -> Self {
        let path = path.strip_prefix("./").unwrap_or(path);
        Self { name: slashed(path), key: key(path, base), path: Some(path.to_owned()) }
    }

    fn stdin(name: Option<&str>, base: &Path) -> Self {
        let key = name.map_or_else(|| "-".to_owned(), |name| key(Path::new(name), base));
        Self { name: name.unwrap_or("-").to_owned(), key, path: None }
    }

    /// The folder without links, and the file's own name in it, as git has it.
    pub(super) fn real_path(&self) -> Option<PathBuf> {
        let path = std::path::absolute(self.path.as_ref()?).ok()?;
        Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?))
    }

    /// The text, and whether it is the file's own bytes, so that it can be written back.
    pub(super) fn read(&self) -> Result<(String, bool), Failure> {
        let bytes = match &self.path {
            Some(path) => std::fs::read(path),
            None => {
                let mut bytes = Vec::new();
                std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
            }
        };
        let bytes = bytes.map_err(|error| Failure::usage(format!("{} cannot be read: {error}.", self.name)))?;
        Ok(decode(bytes))
    }

    /// Puts a new text in the file's place at once, so that a power cut leaves the old or the new one. The text of
    /// standard input goes nowhere: standard output holds the findings.
    pub(super) fn write(&self, text: &str) -> Result<(), Failure> {
        let Some(path) = &self.path else { return Ok(()) };
        let failure = |error: std::io::Error| Failure::usage(format!("{} cannot be written: {error}.", self.name));
        // A link stays a link.
        let path = path.canonicalize().map_err(failure)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failure)?;
        std::io::Write::write_all(&mut file, text.as_bytes()).map_err(failure)?;
        let permissions = std::fs::metadata(&path).map_err(failure)?.permissions();
        file.as_file().set_permissions(permissions).map_err(failure)?;
        file.as_file().sync_all().map_err(failure)?;
        file.persist(&path).map_err(|error| failure(error.error))?;
        Ok(())
    }
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

/// The path from `base`, as it was typed where it stands elsewhere. Links count only where the names alone do not lead
/// there, so that a path that was typed from `base` stays what it is.
fn key(path: &Path, base: &Path) -> String {
    let by_name = || {
        let (path, base) = (std::path::absolute(path).ok()?, std::path::absolute(base.join(".")).ok()?);
        without_dots(&path).strip_prefix(without_dots(&base)).ok().map(slashed)
    };
    let by_links = || path.canonicalize().ok()?.strip_prefix(base.join(".").canonicalize().ok()?).ok().map(slashed);
    by_name().or_else(by_links).unwrap_or_else(|| slashed(path))
}

/// Without `.` and `..`, as the names stand.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

/// UTF-8 as it is; UTF-16 by its byte order mark; any other byte becomes one character, so that columns stay right.
fn decode(bytes: Vec<u8>) -> (String, bool) {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return (text, true),
        Err(error) => error.into_bytes(),
    };
    let utf16 = |read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    let text = match bytes.get(..2) {
        Some([0xff, 0xfe]) => utf16(u16::from_le_bytes),
        Some([0xfe, 0xff]) => utf16(u16::from_be_bytes),
        _ => Source::new(&bytes).text().to_owned(),
    };
    (text, false)
}

/// The files that the arguments name or hold, each once, in the order of the arguments and then of the names. `base` is
/// the folder of the settings, empty for the current one.
pub(super) fn inputs(args: &Args, base: &Path) -> Result<Vec<Input>, Failure> {
    let here = [PathBuf::from(".")];
    let stdin = Input::stdin(args.stdin_filename.as_deref(), base);
    // `--stdin-filename` alone means standard input, as editors call it.
    if args.paths.is_empty() && args.stdin_filename.is_some() {
        return Ok(vec![stdin]);
    }
    let paths = if args.paths.is_empty() { &here[..] } else { &args.paths };
    let mut inputs = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            inputs.push(stdin.clone());
        } else if path.is_dir() {
            inputs.extend(search(path, base)?);
        } else if path.exists() {
            inputs.push(Input::file(path, base));
        } else {
            return Err(Failure::usage(format!("{} does not exist.", path.display())));
        }
    }
    let mut seen = std::collections::HashSet::new();
    inputs.retain(|input| seen.insert(input.name.clone()));
    Ok(inputs)
}

fn search(folder: &Path, base: &Path) -> Result<Vec<Input>, Failure> {
    let mut found = Vec::new();
    // Names that begin with a dot are looked at only when they are named; .gitignore counts outside of a repository
    // too.
    for entry in WalkBuilder::new(folder).require_git(false).build() {
        let entry =
            entry.map_err(|error| Failure::usage(format!("{} cannot be searched: {error}.", folder.display())))?;
        let is_sql = entry.path().extension().is_some_and(|extension| extension.eq_ignore_ascii_case("sql"));
        if is_sql && entry.file_type().is_some_and(|kind| !kind.is_dir()) {
            found.push(Input::file(entry.path(), base));
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_is_read() {
        for (bytes, text, exact) in [
            (&b"SELECT 1"[..], "SELECT 1", true),
            (b"-- gr\xfc\xdfe", "-- gr\u{fffd}\u{fffd}e", false),
            (b"\xff\xfeS\0E\0", "SE", false),
            (b"\xfe\xff\0S\0E", "SE", false),
        ] {
            assert_eq!(decode(bytes.to_vec()), (text.to_owned(), exact));
        }
    }
}
