//! Free ports, found in a way that several sandboxes may do at the same moment.
//!
//! A port is free when nobody listens on it *and* no sandbox has reserved it: a stopped node keeps its ports. The
//! reservations are files in one folder, one per sandbox, read and written under a lock on that folder. The last
//! sandbox to go removes it.

use std::collections::HashSet;
use std::fs::{DirBuilder, File, Permissions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use super::error::{Doing, Error, Result};

/// Not `temp_dir()`: sandboxes with different TMPDIR share the machine's ports all the same.
const REGISTRY: &str = "/tmp/schema-sandbox-ports";

/// Below the range that Linux hands out to outgoing connections (32768 and up), above most well-known services.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// What a sandbox keeps others from taking.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Reservation {
    /// The sandbox's folder.
    pub(super) dir: PathBuf,
    /// The process that reserved them. While it lives the sandbox may be still without a folder.
    pid: u32,
    ports: Vec<u16>,
}

/// Reserves `count` ports for the sandbox `id` in `dir`, besides those that it has already.
pub(super) fn reserve(id: &str, dir: &Path, count: usize) -> Result<Vec<u16>> {
    let lock = lock()?;
    let file = Path::new(REGISTRY).join(id);
    let mut mine = read(&file).unwrap_or(Reservation { dir: dir.into(), pid: std::process::id(), ports: Vec::new() });
    let mut taken: HashSet<u16> = mine.ports.iter().copied().collect();
    for (other, reservation) in all() {
        if reservation.is_stale() {
            let _ = std::fs::remove_file(Path::new(REGISTRY).join(other));
        } else {
            taken.extend(reservation.ports);
        }
    }
    let free: Vec<u16> = RANGE
        .filter(|port| !taken.contains(port) && TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .take(count)
        .collect();
    if free.len() < count {
        return Err(Error::Usage(format!(
            "Fewer than {count} ports between {} and {} are free.",
            RANGE.start, RANGE.end
        )));
    }
    mine.ports.extend(&free);
    let json = serde_json::to_vec(&mine).map_err(std::io::Error::from).doing(|| "Cannot write ports".into())?;
    std::fs::write(&file, json).doing(|| format!("Cannot write {}", file.display()))?;
    drop(lock);
    Ok(free)
}

/// Gives the sandbox's ports back.
pub(super) fn release(id: &str) {
    if let Ok(lock) = lock() {
        let _ = std::fs::remove_file(Path::new(REGISTRY).join(id));
        // Fails while others have reservations, and should.
        let _ = std::fs::remove_dir(REGISTRY);
        drop(lock);
    }
}

/// All reservations on this machine with their sandbox's id.
pub(super) fn all() -> Vec<(String, Reservation)> {
    let Ok(entries) = std::fs::read_dir(REGISTRY) else { return Vec::new() };
    entries.flatten().filter_map(|entry| Some((entry.file_name().into_string().ok()?, read(&entry.path())?))).collect()
}

impl Reservation {
    /// Left over from a sandbox whose folder was removed by hand.
    fn is_stale(&self) -> bool {
        !self.dir.exists() && !Path::new("/proc").join(self.pid.to_string()).exists()
    }
}

fn read(file: &Path) -> Option<Reservation> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}

/// Locks the registry, making it when there is none.
fn lock() -> Result<Flock<File>> {
    let doing = || format!("Cannot lock {REGISTRY}");
    loop {
        match DirBuilder::new().mode(0o777).create(REGISTRY) {
            // Any user may have sandboxes; the umask must not decide. Sticky, so that each removes only its own.
            Ok(()) => std::fs::set_permissions(REGISTRY, Permissions::from_mode(0o1777)).doing(doing)?,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(Error::Io { doing: doing(), source }),
        }
        let Ok(folder) = File::open(REGISTRY) else { continue };
        let lock = Flock::lock(folder, FlockArg::LockExclusive).map_err(|(_, errno)| errno).doing(doing)?;
        // The last sandbox may have removed the folder while we waited: then we hold a lock on nothing.
        let held = lock.metadata().doing(doing)?.ino();
        if std::fs::metadata(REGISTRY).is_ok_and(|there| there.ino() == held) {
            return Ok(lock);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parallel_reservations_never_overlap() {
        let dir = std::env::temp_dir();
        let ids: Vec<String> = (0..8).map(|n| format!("test-ports-{}-{n}", std::process::id())).collect();
        let threads: Vec<_> = ids
            .iter()
            .map(|id| {
                let (id, dir) = (id.clone(), dir.clone());
                std::thread::spawn(move || reserve(&id, &dir, 10).unwrap())
            })
            .collect();
        let ports: Vec<u16> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(ports.len(), 80);
        assert_eq!(ports.iter().collect::<HashSet<_>>().len(), 80);
        let more = reserve(&ids[0], &dir, 1).unwrap();
        assert!(!ports.contains(&more[0]));
        ids.iter().for_each(|id| release(id));
        assert!(all().iter().all(|(id, _)| !ids.contains(id)));
    }
}
