//! `X-RateLimit-Period`: into what span the calls of `X-RateLimit-Limit` must fit (providers.md 4.1). Its unit is not
//! public, so whoever reads it says which one is meant where none is written.

use std::time::Duration;

pub use crate::config::providers::SpanUnit;

use super::Head;
use super::retry_after::WAIT_MAX;

impl SpanUnit {
    const fn ms(self) -> u64 {
        match self {
            Self::Milliseconds => 1,
            Self::Seconds => 1_000,
            Self::Minutes => 60_000,
            Self::Hours => 3_600_000,
        }
    }

    /// The unit that is written behind a number.
    fn of(suffix: &str) -> Option<Self> {
        match suffix.to_ascii_lowercase().as_str() {
            "ms" => Some(Self::Milliseconds),
            "s" | "sec" => Some(Self::Seconds),
            "m" | "min" => Some(Self::Minutes),
            "h" => Some(Self::Hours),
            _ => None,
        }
    }
}

impl Head {
    /// The span, at most a day: a number of `unit`, unless a unit stands behind it (`1h`). `None` if there is none, or
    /// none that can be read.
    pub fn rate_limit_period(&self, unit: SpanUnit) -> Option<Duration> {
        let text = self.rate_limit_period.as_deref()?.trim();
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, suffix) = text.split_at_checked(end)?;
        let unit = match suffix.trim() {
            "" => unit,
            suffix => SpanUnit::of(suffix)?,
        };
        if number.is_empty() {
            return None;
        }
        let count = number.parse().unwrap_or(u64::MAX);
        let span = Duration::from_millis(count.saturating_mul(unit.ms())).min(WAIT_MAX);
        (!span.is_zero()).then_some(span)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn head(text: &str) -> Head {
        Head {
            rate_limit_period: Some(text.to_owned()),
            ..Head::of(429)
        }
    }

    #[test]
    fn numbers_with_and_without_a_unit_and_nonsense() {
        use SpanUnit::{Hours, Milliseconds, Minutes, Seconds};
        let s = |seconds| Some(Duration::from_secs(seconds));
        let table = [
            ("3600", Seconds, s(3_600)),
            (" 3600 ", Seconds, s(3_600)),
            ("60", Minutes, s(3_600)),
            ("1", Hours, s(3_600)),
            ("3600000", Milliseconds, s(3_600)),
            ("1h", Seconds, s(3_600)),
            ("60 min", Hours, s(3_600)),
            ("90S", Minutes, s(90)),
            ("1500ms", Hours, Some(Duration::from_millis(1_500))),
            ("3600000", Seconds, s(86_400)),
            ("99999999999999999999999", Milliseconds, s(86_400)),
            ("18446744073709551615", Hours, s(86_400)),
            ("0", Seconds, None),
            ("", Seconds, None),
            ("h", Seconds, None),
            ("-5", Seconds, None),
            ("1.5", Seconds, None),
            ("PT1H", Seconds, None),
            ("1 hour", Seconds, None),
        ];
        for (text, unit, wanted) in table {
            assert_eq!(head(text).rate_limit_period(unit), wanted, "{text} {unit:?}");
        }
        assert_eq!(Head::of(429).rate_limit_period(Seconds), None);
    }

    proptest! {
        #[test]
        fn any_text_is_a_bounded_span_or_none(text in ".{0,60}") {
            let span = head(&text).rate_limit_period(SpanUnit::Hours);
            prop_assert!(span.is_none_or(|span| !span.is_zero() && span <= WAIT_MAX));
        }
    }
}
