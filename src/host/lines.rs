//! What a command prints, line by line.

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::mpsc;

/// Passes on every line of a stream, whatever bytes it holds, until the stream ends or nobody listens.
pub async fn each_line<T>(stream: impl AsyncRead + Unpin, to: mpsc::Sender<T>, wrap: impl Fn(String) -> T) {
    let mut reader = BufReader::new(stream);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        match reader.read_until(b'\n', &mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let line = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
                if to.send(wrap(line)).await.is_err() {
                    return;
                }
            }
        }
    }
}
