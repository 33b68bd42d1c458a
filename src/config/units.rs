//! Durations as people write them.

use std::time::Duration;

/// Reads `500ms`, `1s`, `1.5s`, `2m`, `1h`. A bare number is refused, because nobody agrees on its unit; `0` is no
/// time in any of them.
///
/// # Errors
/// In words, when it is none.
pub fn duration(text: &str) -> Result<Duration, String> {
    let bare = text.trim();
    if bare == "0" {
        return Ok(Duration::ZERO);
    }
    let split = bare.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(bare.len());
    let (number, unit) = bare.split_at(split);
    let seconds = match unit.trim() {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => {
            return Err(format!("`{text}` is not a duration; write a number with ms, s, m or h, such as 500ms or 60s"));
        }
    };
    number
        .parse::<f64>()
        .ok()
        .and_then(|number| Duration::try_from_secs_f64(number * seconds).ok())
        .ok_or_else(|| format!("`{text}` is not a duration; write something like 500ms or 60s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_durations() {
        for (text, millis) in
            [("500ms", 500), ("1s", 1000), ("1.5s", 1500), ("2m", 120_000), ("1h", 3_600_000), ("0", 0)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "5", "s", "-1s", "1 week", "1..2s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
