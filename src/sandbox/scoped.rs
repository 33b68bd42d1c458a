//! Sandboxes that go down with the value that holds them, whatever ends it.

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Error, Options, Place, Sandbox, UpEvent};

/// The folders of all scoped sandboxes of this process, those that are coming up included.
static SCOPED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A sandbox that is taken down when the value is dropped, also by a panic.
#[derive(Debug)]
pub struct Scoped {
    sandbox: Sandbox,
    note: Note,
}

impl Scoped {
    /// Brings up a sandbox in a temporary folder of its own. `name` helps people to tell it from others.
    ///
    /// # Errors
    /// As [`Sandbox::up`].
    pub async fn up(name: &str, options: &Options) -> Result<Self, Error> {
        let unique = format!("{name}-{}", super::files::random_hex(3)?);
        Self::up_at(&Place::choose(Some(&unique), None)?, options, |_| ()).await
    }

    /// Brings up a sandbox at a place of the caller's choice.
    ///
    /// # Errors
    /// As [`Sandbox::up`].
    pub async fn up_at(place: &Place, options: &Options, watch: impl FnMut(UpEvent)) -> Result<Self, Error> {
        // Noted before anything is started, so that a signal in between finds it.
        let mut note = Note::write(&place.dir);
        match Sandbox::up(place, options, watch).await {
            Ok(sandbox) => Ok(Self { sandbox, note }),
            Err(error) => {
                // What was there before, or could not come up, is not this value's to take down.
                note.keep = true;
                Err(error)
            }
        }
    }

    /// Lets the sandbox live on after all.
    pub fn keep(mut self) -> Sandbox {
        self.note.keep = true;
        self.sandbox.clone()
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

/// Takes down every scoped sandbox of this process, and lets it start no further server: for the moment when it is
/// about to end, by a signal or otherwise.
pub fn down_all_scoped() {
    super::process::close_the_door();
    let dirs = std::mem::take(&mut *scoped());
    for dir in dirs {
        down(&dir);
    }
}

/// From now on SIGINT, SIGTERM and SIGHUP take down every scoped sandbox of this process and end it with 130.
///
/// # Errors
/// The signals cannot be listened to.
pub fn down_all_on_signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    // A runtime of its own: the process's may be busy, or not there yet.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let guard = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    drop(guard);
    std::thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {}, _ = hangup.recv() => {} }
        });
        down_all_scoped();
        std::process::exit(130);
    });
    Ok(())
}

/// The entry of one sandbox in [`SCOPED`].
#[derive(Debug)]
struct Note {
    dir: PathBuf,
    keep: bool,
}

impl Note {
    fn write(dir: &Path) -> Self {
        scoped().push(dir.into());
        Self { dir: dir.into(), keep: false }
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        scoped().retain(|other| *other != self.dir);
        if !self.keep {
            down(&self.dir);
        }
    }
}

fn scoped() -> MutexGuard<'static, Vec<PathBuf>> {
    SCOPED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn down(dir: &Path) {
    match Sandbox::down(dir) {
        Ok(()) | Err(Error::Absent(_)) => {}
        Err(error) => tracing::error!("the sandbox in {} was not taken down: {error}", dir.display()),
    }
}
