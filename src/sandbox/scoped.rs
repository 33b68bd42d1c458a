//! Sandboxes that go down with the value that holds them, whatever ends it.

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::Mutex;

use super::{Error, Options, Place, Sandbox};

/// The folders of all scoped sandboxes of this process, those that are coming up included.
static SCOPED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A sandbox that is taken down when the value is dropped, also by a panic.
#[derive(Debug)]
pub struct Scoped {
    sandbox: Sandbox,
}

impl Scoped {
    /// Brings up a sandbox in a temporary folder of its own. `name` helps people to tell it from others.
    ///
    /// # Errors
    /// As [`Sandbox::up`].
    pub async fn up(name: &str, options: &Options) -> Result<Self, Error> {
        let unique = format!("{name}-{}", super::files::random_hex(3)?);
        let place = Place::choose(Some(&unique), None)?;
        // Noted before anything is started, so that a signal in between finds it.
        note(&place.dir);
        match Sandbox::up(&place, options, |_| ()).await {
            Ok(sandbox) => Ok(Self { sandbox }),
            Err(error) => {
                forget(&place.dir);
                Err(error)
            }
        }
    }
}

impl Deref for Scoped {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}

impl DerefMut for Scoped {
    fn deref_mut(&mut self) -> &mut Sandbox {
        &mut self.sandbox
    }
}

impl Drop for Scoped {
    fn drop(&mut self) {
        if let Err(error) = Sandbox::down(self.sandbox.dir()) {
            tracing::error!("the sandbox in {} was not taken down: {error}", self.sandbox.dir().display());
        }
        forget(self.sandbox.dir());
    }
}

/// Takes down every scoped sandbox of this process, and lets it start no further server: for the moment when it is
/// about to end, by a signal or otherwise.
pub fn down_all_scoped() {
    super::process::close_the_door();
    let dirs = std::mem::take(&mut *SCOPED.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    for dir in dirs {
        match Sandbox::down(&dir) {
            Ok(()) | Err(Error::Absent(_)) => {}
            Err(error) => tracing::error!("the sandbox in {} was not taken down: {error}", dir.display()),
        }
    }
}

fn note(dir: &std::path::Path) {
    SCOPED.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(dir.into());
}

fn forget(dir: &std::path::Path) {
    SCOPED.lock().unwrap_or_else(std::sync::PoisonError::into_inner).retain(|other| other != dir);
}
