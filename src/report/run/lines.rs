//! One event a line.

use crate::run::Stamped;

/// The event as one line of JSON, with the newline.
pub fn ndjson(event: &Stamped) -> String {
    let mut line = serde_json::to_string(event).unwrap_or_else(|error| {
        serde_json::json!({ "v": event.v, "kind": "hint", "text": error.to_string() }).to_string()
    });
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{EVENT_VERSION, Event};

    #[test]
    fn kind_and_stamp_stand_on_one_level() {
        let event = Stamped {
            v: EVENT_VERSION,
            ts: "2026-11-21T01:02:03.004Z".into(),
            run: "r".into(),
            at: 0.5,
            event: Event::DrainStarted { node: "n1".into() },
        };
        assert_eq!(
            ndjson(&event),
            "{\"v\":1,\"ts\":\"2026-11-21T01:02:03.004Z\",\"run\":\"r\",\"at\":0.5,\"kind\":\"drain_started\",\"node\":\"n1\"}\n"
        );
    }
}
