//! Ctrl-C, SIGTERM and a closed terminal ask a run to stop; they never end it half-way.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;

/// The signals that ask to stop. From its making on they no longer end the process by themselves.
pub struct Signals {
    streams: Vec<Signal>,
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the system does not let us.
    pub fn listen() -> Result<Self, Failure> {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let streams = kinds
            .into_iter()
            .map(signal)
            .collect::<Result<_, _>>()
            .map_err(|error| Failure::unobservable(format!("Signals cannot be listened to: {error}.")))?;
        Ok(Self { streams })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        let next = self.streams.iter_mut().map(|stream| Box::pin(stream.recv()));
        futures_util::future::select_all(next).await;
    }
}
