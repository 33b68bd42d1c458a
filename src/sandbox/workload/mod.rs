//! An application to run against a sandbox, and an honest record of what it went through.
//!
//! The clients behave like the connections of an application's pool: they come through HAProxy, work at a steady
//! pace, renew their connection every few seconds, and never retry, so that each failed statement shows. Each
//! client writes rows of its own, as the users of an application do; two nodes therefore never fight over a row, and
//! an idle cluster gives no errors.
//!
//! Every statement's start, latency and error are recorded ([`Recording`]), [`Figures`] says what they come to in a
//! stretch of time, and the [`Ledger`] knows which writes were acknowledged, to show that none was lost.

mod client;
mod figures;
mod ledger;
mod record;
mod tables;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mysql_async::Opts;

pub use figures::Figures;
pub use ledger::{Ledger, Losses};
pub use record::{Kind, Recording, Sample, Window};
pub use tables::{fill, prepare};

/// What the clients do.
#[derive(Clone, Debug)]
pub struct Profile {
    /// How many connections the pool holds.
    pub clients: u32,
    /// The time from one cycle of a client to its next; a cycle is a few statements. One that is late starts its
    /// next at once and does not catch up on what it missed.
    pub pace: Duration,
    /// The least and the greatest age at which a connection is renewed, between two cycles.
    pub renew: (Duration, Duration),
    /// How long a client waits for one statement before it gives its connection up.
    pub patience: Duration,
    /// The database, made by [`prepare`].
    pub database: String,
    /// Rows of the big table that the clients read and change, as filled by [`fill`].
    pub rows: u64,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            clients: 12,
            pace: Duration::from_millis(20),
            renew: (Duration::from_secs(2), Duration::from_secs(4)),
            patience: Duration::from_secs(60),
            database: "app".into(),
            rows: 0,
        }
    }
}

/// Clients at work, on a thread of their own so that whatever else this process does disturbs them little.
#[derive(Debug)]
pub struct Workload {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the clients and their owner share.
#[derive(Debug)]
struct Shared {
    started: Instant,
    stop: AtomicBool,
    /// Ends the clients in the middle of whatever they are at.
    abandon: tokio::sync::Notify,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    recording: Recording,
    ledger: Ledger,
}

impl Workload {
    /// Starts the clients. `opts` is how they log in, such as [`super::Sandbox::app_opts`].
    ///
    /// # Errors
    /// The thread or its runtime cannot be started.
    pub fn start(opts: Opts, profile: Profile) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shared = Arc::new(Shared {
            started: Instant::now(),
            stop: AtomicBool::new(false),
            abandon: tokio::sync::Notify::new(),
            state: Mutex::new(State::default()),
        });
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("workload".into()).spawn(move || {
            let clients = (0..profile.clients).map(|number| client::run(number, &opts, &profile, &of_thread));
            runtime.block_on(async {
                tokio::select! {
                    _ = futures_util::future::join_all(clients) => {}
                    () = of_thread.abandon.notified() => {}
                }
            });
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// The moment that all times of the recording count from.
    pub fn started(&self) -> Instant {
        self.shared.started
    }

    /// The time since the start.
    pub fn now(&self) -> Duration {
        self.shared.started.elapsed()
    }

    /// What was recorded so far.
    pub fn recording(&self) -> Recording {
        self.shared.with(|state| state.recording.clone())
    }

    /// The figures of a stretch of time.
    pub fn figures(&self, window: Window) -> Figures {
        self.shared.with(|state| Figures::of(&state.recording, window))
    }

    /// Lets the clients finish what they are at, and gives what they recorded.
    pub fn stop(mut self) -> (Recording, Ledger) {
        self.end();
        self.shared.with(|state| (std::mem::take(&mut state.recording), std::mem::take(&mut state.ledger)))
    }

    fn end(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Whoever drops a workload is in no mood to wait: statements may hang for a long time in a stalled cluster.
impl Drop for Workload {
    fn drop(&mut self) {
        self.shared.abandon.notify_one();
        self.end();
    }
}

impl Shared {
    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
