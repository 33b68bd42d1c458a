//! The group communication's timers: why writes stall when a node comes back, and how a run makes that short.
//!
//! From the source of provider 26.4.23 (`gcomm/src/evs_proto.cpp`, `pc.cpp`), and seen with `evs.debug_log_mask`: no
//! write set is ordered from the first message of the returning node until the new view is primary. Under load that
//! takes one to three rounds of waiting for a message to be sent again:
//! 1. The members' state messages disagree about what is still on its way. A corrected one is held back by a fixed
//!    100 ms (`join_rate_limit`) and then sent after `evs.join_retrans_period`.
//! 2. A commit message that arrives before the one that it answers is dropped; `evs.join_retrans_period`.
//! 3. The first message of a member that was quicker into the new view is dropped (`handle_user_from_different_view`);
//!    `evs.keepalive_period`.
//!
//! With `pc.wait_prim` the returning node looks only every half second whether it belongs to the primary component.
//! The provider takes no period below 0.1 s (`EvsRetransPeriodMin`), so 0.1 to 0.3 s is the least.

use std::collections::BTreeMap;

use super::facts::NodeFacts;
use super::window::provider_option;

/// The options with which a node comes back quickly, to be given at its start.
pub const JOIN_OPTIONS: &str = "evs.keepalive_period=PT0.1S;evs.join_retrans_period=PT0.1S;pc.wait_prim=no";

/// Those of them that a running server takes.
const TIMERS: [&str; 2] = ["evs.keepalive_period", "evs.join_retrans_period"];

/// The least that the provider takes, in its spelling and in seconds.
const LEAST: (&str, f64) = ("PT0.1S", 0.1);

/// The time between two looks at the primary component, in seconds (`gcomm/src/pc.cpp`).
const WAIT_PRIM: f64 = 0.5;

/// Of a node's provider options, the timers that are longer than they need be, with their values.
pub fn slow_timers(options: &str) -> BTreeMap<String, String> {
    let slow = |name: &&str| {
        let value = provider_option(options, name)?;
        seconds(value).is_some_and(|time| time > LEAST.1).then(|| ((*name).to_owned(), value.to_owned()))
    };
    TIMERS.iter().filter_map(slow).collect()
}

/// These timers at their least, as a value for `wsrep_provider_options`.
pub fn shortened<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|name| format!("{name}={}", LEAST.0)).collect::<Vec<_>>().join(";")
}

/// Timers with their values, as a value for `wsrep_provider_options`.
pub fn timers_as_option(timers: &BTreeMap<String, String>) -> String {
    timers.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(";")
}

/// Whether the group puts out members that are late (`evs.auto_evict`). With shorter timers it would judge them more
/// harshly, so these are left alone.
pub fn evicts(options: &str) -> bool {
    provider_option(options, "evs.auto_evict").is_some_and(|value| value != "0")
}

/// The longest stall of writes when a node with these options comes back, in seconds; `None` when they are not known.
pub(super) fn stall(node: &NodeFacts) -> Option<f64> {
    let [keepalive, retrans] = TIMERS.map(|name| seconds(node.provider_option(name)?));
    let waits = !node.provider_option("pc.wait_prim").is_some_and(is_off);
    Some(2.0 * retrans? + keepalive? + if waits { WAIT_PRIM } else { 0.0 })
}

/// The stall with [`JOIN_OPTIONS`] on every node, in seconds.
pub(super) const LEAST_STALL: f64 = 3.0 * LEAST.1;

/// The provider prints a switch as it was written.
pub(super) fn is_off(value: &str) -> bool {
    ["no", "false", "off", "0"].contains(&value.to_lowercase().as_str())
}

/// Reads the provider's way to write times: `PT0.1S`, `PT1S`, `PT1M`.
fn seconds(text: &str) -> Option<f64> {
    let bare = text.strip_prefix("PT")?;
    let (number, factor) = match bare.chars().last()? {
        'S' => (&bare[..bare.len() - 1], 1.0),
        'M' => (&bare[..bare.len() - 1], 60.0),
        'H' => (&bare[..bare.len() - 1], 3600.0),
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_timers_are_found_and_can_be_put_back() {
        let options = "evs.join_retrans_period = PT1S; evs.keepalive_period = PT0.1S; evs.auto_evict = 0; ";
        let slow = slow_timers(options);
        assert_eq!(timers_as_option(&slow), "evs.join_retrans_period=PT1S");
        assert_eq!(shortened(slow.keys()), "evs.join_retrans_period=PT0.1S");
        assert!(!evicts(options));
        assert!(evicts("evs.auto_evict = 3; "));
        // What cannot be read is left alone.
        assert!(slow_timers("evs.join_retrans_period = soon; ").is_empty());
    }
}
