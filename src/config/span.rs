//! A length of time as people write it: `1s`, `250ms`, `10m`, `6h`, `2d`, `1h30m`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Units, longest first, with their length in milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// The longest span that makes sense in a job file: a year.
const SPAN_MS_MAX: u64 = 366 * 86_400_000;

/// A length of time in whole milliseconds, at most 366 days. Text in job files: whole numbers with a unit out of
/// `ms s m h d`, one or several (`1h30m`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(Duration);

/// A text that is not a span.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a duration; write a whole number with a unit (ms, s, m, h, d), such as \"30s\" or \"1h30m\"{more}"
)]
pub struct SpanError {
    text: String,
    more: &'static str,
}

impl Span {
    /// From a duration; anything finer than a millisecond is dropped, anything over 366 days is cut to that.
    pub fn new(duration: Duration) -> Self {
        let ms = u64::try_from(duration.as_millis())
            .unwrap_or(u64::MAX)
            .min(SPAN_MS_MAX);
        Self(Duration::from_millis(ms))
    }

    /// The duration.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl From<Duration> for Span {
    fn from(duration: Duration) -> Self {
        Self::new(duration)
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |more| SpanError {
            text: text.chars().take(40).collect(),
            more,
        };
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(wrong(""));
        }
        let mut ms = 0_u64;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (number, after) = rest.split_at(digits);
            let letters = after
                .find(|c: char| !c.is_ascii_alphabetic())
                .unwrap_or(after.len());
            let (unit, after) = after.split_at(letters);
            let (_, unit_ms) = UNITS
                .iter()
                .find(|(name, _)| *name == unit)
                .ok_or_else(|| wrong(""))?;
            let number: u64 = number.parse().map_err(|_| wrong(""))?;
            ms = number
                .checked_mul(*unit_ms)
                .and_then(|more| ms.checked_add(more))
                .filter(|ms| *ms <= SPAN_MS_MAX)
                .ok_or_else(|| wrong("; at most 366 days"))?;
            rest = after.trim_start();
        }
        Ok(Self(Duration::from_millis(ms)))
    }
}

impl fmt::Display for Span {
    /// In the longest unit that needs no fraction: `90s`, `10m`, `2h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = u64::try_from(self.0.as_millis()).unwrap_or(SPAN_MS_MAX);
        let (unit, unit_ms) = UNITS
            .iter()
            .find(|(_, unit_ms)| ms > 0 && ms.is_multiple_of(*unit_ms))
            .unwrap_or(&("s", 1_000));
        write!(f, "{}{unit}", ms / unit_ms)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Span;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration as text, such as \"30s\", \"250ms\" or \"2h\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
                text.parse().map_err(E::custom)
            }
        }
        from.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_and_their_lengths() {
        let table = [
            ("1s", 1_000),
            ("250ms", 250),
            ("10m", 600_000),
            ("6h", 21_600_000),
            ("2d", 172_800_000),
            ("1h30m", 5_400_000),
            (" 1h 30m ", 5_400_000),
            ("0s", 0),
        ];
        for (text, ms) in table {
            assert_eq!(
                text.parse::<Span>().unwrap().get(),
                Duration::from_millis(ms),
                "{text}"
            );
        }
        for text in [
            "",
            " ",
            "1",
            "s",
            "1.5s",
            "-1s",
            "1 year",
            "1S",
            "99999999999999999999s",
            "367d",
            "1s2",
        ] {
            assert!(text.parse::<Span>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_span_reads_back_as_it_was_written(ms in 0..=SPAN_MS_MAX) {
            let span = Span::new(Duration::from_millis(ms));
            prop_assert_eq!(span.to_string().parse::<Span>(), Ok(span));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = text.parse::<Span>();
        }
    }
}
