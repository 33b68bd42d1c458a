//! HAProxy's runtime API: one command, one answer, over a unix socket or TCP.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use crate::balancer::{Error, Trouble};
use crate::config::Address;

/// How long a socket may be away while HAProxy reloads.
const RELOAD: Duration = Duration::from_millis(800);
/// The pause before a command is sent again.
const AGAIN: Duration = Duration::from_millis(100);
/// Longest answer that is taken. `show stat` of a thousand servers is well below 1 MB.
const MAX_ANSWER: u64 = 64 << 20;

/// Sends commands to one HAProxy. Each command has a connection of its own: HAProxy closes it after the answer, and
/// a connection that was interrupted is never used again.
#[derive(Clone, Debug)]
pub(super) struct Socket {
    address: Address,
    label: String,
    timeout: Duration,
}

impl Socket {
    pub(super) fn new(address: Address, label: String, timeout: Duration) -> Self {
        Self { address, label, timeout }
    }

    /// The answer to `command`, word for word, without the blank line at its end.
    ///
    /// While HAProxy reloads, its sockets refuse, or take a command and never answer; so a command is sent again until
    /// the time is over. Every command of ours may be repeated.
    pub(super) async fn ask(&self, command: &str) -> Result<String, Error> {
        let started = tokio::time::Instant::now();
        loop {
            let (error, patience) = match tokio::time::timeout(self.timeout / 4, self.exchange(command)).await {
                Ok(Ok(answer)) if is_whole(command, &answer) => return Ok(answer.trim_end_matches('\n').to_owned()),
                Ok(Ok(answer)) => (self.silent(command, answer.trim()), self.timeout),
                // A socket that is not there will hardly come; but a reload makes it anew.
                Ok(Err(error)) => (self.unreachable(&error), RELOAD),
                Err(_) => (self.silent(command, "nothing"), self.timeout),
            };
            if started.elapsed() >= patience {
                return Err(error);
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    fn silent(&self, command: &str, said: &str) -> Error {
        let (address, seconds) = (&self.address, self.timeout.as_secs_f64());
        self.error(format!("HAProxy did not answer `{command}` at {address} within {seconds} s; it said: {said}."))
    }

    async fn exchange(&self, command: &str) -> std::io::Result<String> {
        match &self.address {
            Address::Unix(path) => talk(UnixStream::connect(path).await?, command).await,
            Address::Tcp { host, port } => talk(TcpStream::connect((host.as_str(), *port)).await?, command).await,
        }
    }

    fn unreachable(&self, error: &std::io::Error) -> Error {
        use std::io::ErrorKind::{ConnectionRefused, NotFound, PermissionDenied};
        let address = &self.address;
        match error.kind() {
            NotFound => self
                .error(format!("There is no HAProxy runtime socket at {address}."))
                .hint("Check `address` in the configuration, and `stats socket ... level admin` in haproxy.cfg."),
            PermissionDenied => self
                .error(format!("The HAProxy runtime socket {address} may not be opened by this user."))
                .hint("Run as a user of the socket's group, or set `mode 660 group ...` on its line in haproxy.cfg."),
            ConnectionRefused => self
                .error(format!("Nobody listens at the HAProxy runtime socket {address}."))
                .hint("Is HAProxy running? Its service log says why it stopped."),
            _ => self.error(format!("The HAProxy runtime socket {address} failed: {error}.")),
        }
    }

    fn error(&self, message: String) -> Error {
        Error::new(Trouble::Unreachable, &self.label, message)
    }
}

/// Whether an answer is one: what is shown is never empty but for stick tables, of which there may be none, and a
/// master that has lost its worker has a new one in a moment.
fn is_whole(command: &str, answer: &str) -> bool {
    let shows = command.contains("show ") && !command.contains("show table");
    !(shows && answer.trim().is_empty() || answer.starts_with("Can't find the target") && !command.starts_with("@!"))
}

async fn talk(
    mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    command: &str,
) -> std::io::Result<String> {
    stream.write_all(format!("{command}\n").as_bytes()).await?;
    // A worker closes after one answer by itself; a master waits for more unless it hears that there is none.
    stream.shutdown().await?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
