//! Will a node come back by incremental transfer, or would it need a full one?

use serde::{Deserialize, Serialize};

/// What the other nodes can hand over, from their caches and the rate at which these fill.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// `gcache.size` of the node that keeps least, in bytes.
    pub cache_bytes: u64,
    /// How fast write sets fill it: bytes a second.
    pub write_rate: f64,
    /// How long the node is expected to be away, in seconds.
    pub away_seconds: f64,
}

/// What a node will need to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransferForecast {
    /// The others will still hold everything that it missed.
    Incremental,
    /// It would miss more than the others keep.
    Full,
    /// A number is missing.
    Unknown,
}

/// A donor keeps a reserve: it does not offer an incremental transfer that its cache could lose while sending. The
/// provider's own reserve is one part in 128; the rest allows for headers and for a rate that is not steady.
const USABLE: f64 = 0.75;

impl Window {
    /// How long a node can be away, in seconds; `None` when nothing is written.
    pub fn seconds(&self) -> Option<f64> {
        (self.write_rate > 0.0).then(|| self.cache_bytes as f64 * USABLE / self.write_rate)
    }

    /// Whether the node's absence fits into the window.
    pub fn forecast(&self) -> TransferForecast {
        match self.seconds() {
            Some(seconds) if seconds < self.away_seconds => TransferForecast::Full,
            _ => TransferForecast::Incremental,
        }
    }
}

/// Reads one value of `wsrep_provider_options`, whose form is `a = 1; b = 2;`.
pub(super) fn provider_option<'a>(options: &'a str, name: &str) -> Option<&'a str> {
    options.split(';').find_map(|entry| {
        let (key, value) = entry.split_once('=')?;
        (key.trim() == name).then(|| value.trim())
    })
}

/// Reads a size as the provider prints it: `128M`, `2G`, `134217728`.
pub(super) fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let (digits, factor) = match text.chars().last()?.to_ascii_uppercase() {
        'K' => (&text[..text.len() - 1], 1 << 10),
        'M' => (&text[..text.len() - 1], 1 << 20),
        'G' => (&text[..text.len() - 1], 1 << 30),
        'T' => (&text[..text.len() - 1], 1 << 40),
        _ => (text, 1),
    };
    digits.trim().parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_that_fills_sooner_than_the_node_is_back_means_a_full_transfer() {
        let window = Window { cache_bytes: 128 << 20, write_rate: 1e6, away_seconds: 60.0 };
        assert_eq!(window.forecast(), TransferForecast::Incremental);
        assert_eq!(Window { away_seconds: 120.0, ..window }.forecast(), TransferForecast::Full);
        assert_eq!(Window { write_rate: 0.0, away_seconds: 1e9, ..window }.forecast(), TransferForecast::Incremental);
    }

    #[test]
    fn provider_options_and_their_sizes() {
        let options = "base_port = 4567; gcache.size = 16M; gcs.fc_limit = 16; ";
        assert_eq!(provider_option(options, "gcache.size").and_then(size), Some(16 << 20));
        assert_eq!(provider_option(options, "size"), None);
        for (text, expected) in
            [("134217728", Some(134_217_728)), ("2G", Some(2 << 30)), ("1k", Some(1024)), ("", None), ("M", None)]
        {
            assert_eq!(size(text), expected, "{text}");
        }
    }
}
