//! `Retry-After` in both its forms, seconds and date, with sense knocked into it.

use std::time::Duration;

use super::Head;
use super::date::date;
use crate::domain::time::Timestamp;

/// No wait is taken for longer than this; whoever asks for more meant something else.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(24 * 3600);

impl Head {
    /// How long the provider asks to wait, at most a day. `None` if it did not say, said something unreadable, or
    /// named a time that is already over (then our own pause is the better guess).
    pub fn wait(&self, now: Timestamp) -> Option<Duration> {
        let text = self.retry_after.as_deref()?.trim();
        let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            text.parse().map_or(WAIT_MAX, Duration::from_secs)
        } else {
            date(text)?.since(now)
        };
        (!wait.is_zero()).then_some(wait.min(WAIT_MAX))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn head(text: &str) -> Head {
        Head {
            retry_after: Some(text.to_owned()),
            ..Head::of(429)
        }
    }

    #[test]
    fn both_forms_and_nonsense() {
        // Sun, 06 Nov 1994 08:49:07 GMT
        let now = Timestamp::from_ms(784_111_747_000);
        let s = |seconds| Some(Duration::from_secs(seconds));
        let table = [
            ("120", s(120)),
            (" 7 ", s(7)),
            ("0", None),
            ("86401", s(86_400)),
            ("99999999999999999999999999", s(86_400)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", s(30)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", s(30)),
            ("Sun Nov  6 08:49:37 1994", s(30)),
            ("Sun, 06 Nov 1994 08:49:07 GMT", None),
            ("Sun, 06 Nov 1994 08:00:00 GMT", None),
            ("Fri, 06 Nov 2093 08:49:37 GMT", s(86_400)),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
            ("Sun, 99 Nov 1994 08:49:37 GMT", None),
        ];
        for (text, wanted) in table {
            assert_eq!(head(text).wait(now), wanted, "{text}");
        }
        assert_eq!(Head::of(429).wait(now), None);
    }

    proptest! {
        #[test]
        fn any_text_is_a_bounded_wait_or_none(text in ".{0,60}", now in any::<i64>()) {
            let wait = head(&text).wait(Timestamp::from_ms(now));
            prop_assert!(wait.is_none_or(|wait| !wait.is_zero() && wait <= WAIT_MAX));
        }
    }
}
