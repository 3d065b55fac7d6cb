//! Spans of time as people write them, `250ms`, `5s`, `10m`, `10d`, on the command line and in settings.

use std::time::Duration;

use serde::{Deserialize as _, Deserializer, Serializer};

/// The longest span a setting may have; longer ones are slips of the pen.
const SPAN_MAX: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);

/// Reads a span. A unit is required, except for `0`.
///
/// # Errors
///
/// Not a span, negative, or longer than ten years.
pub fn parse(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    // The library reads days only into calendar spans; here a day has 24 hours.
    let span = match text
        .strip_suffix('d')
        .map(str::trim)
        .and_then(|days| days.parse::<u32>().ok())
    {
        Some(days) => Duration::from_secs(u64::from(days) * 24 * 60 * 60),
        None => text
            .parse::<jiff::SignedDuration>()
            .ok()
            .and_then(|span| Duration::try_from(span).ok())
            .ok_or_else(|| {
                format!("{text:?} is not a span of time\n  hint: write 250ms, 5s, 10m, 2h or 10d")
            })?,
    };
    if span > SPAN_MAX {
        return Err(format!("{text:?} is longer than ten years"));
    }
    Ok(span)
}

/// Writes a span so that [`parse`] reads the same one.
pub fn show(span: Duration) -> String {
    jiff::SignedDuration::try_from(span).map_or_else(|_| format!("{span:?}"), |span| format!("{span:#}"))
}

/// For `#[serde(with = "span")]`.
///
/// # Errors
///
/// The serializer's own.
pub fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&show(*span))
}

/// For `#[serde(with = "span")]`.
///
/// # Errors
///
/// As [`parse`].
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    parse(&String::deserialize(from)?).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_read_back() {
        for ms in [0, 1, 250, 1_000, 1_500, 61_000, 86_399_000, 864_000_000] {
            let span = Duration::from_millis(ms);
            assert_eq!(parse(&show(span)), Ok(span), "{}", show(span));
        }
    }

    #[test]
    fn spans_are_read() {
        for (text, ms) in [
            ("0", 0),
            ("250ms", 250),
            ("1s", 1_000),
            (" 10m ", 600_000),
            ("2h", 7_200_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        assert_eq!(parse("10d"), Ok(Duration::from_secs(864_000)));
        for bad in ["", "5", "-1s", "s", "9999999999h", "99999999d", "1 fortnight"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
