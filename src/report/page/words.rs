//! Numbers, times and foreign text as a person reads them.

use std::borrow::Cow;

pub(super) use crate::domain::words::{many, thousands};

/// A length of time in its two largest units: `850 ms`, `12.5 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`.
pub(super) fn span(ms: u64) -> String {
    const S: u64 = 1_000;
    const MIN: u64 = 60 * S;
    const H: u64 = 60 * MIN;
    const D: u64 = 24 * H;
    let two = |large: u64, name: &str, small: u64, of: &str| match (ms % large) / small {
        0 => format!("{} {name}", thousands(ms / large)),
        rest => format!("{} {name} {rest} {of}", thousands(ms / large)),
    };
    match ms {
        0..S => format!("{ms} ms"),
        S..MIN => match ms % S / 100 {
            0 => format!("{} s", ms / S),
            tenth => format!("{}.{tenth} s", ms / S),
        },
        MIN..H => two(MIN, "min", S, "s"),
        H..D => two(H, "h", MIN, "min"),
        D.. => two(D, "d", H, "h"),
    }
}

/// A share of `all`: `0%`, `<1%`, `37%`.
pub(super) fn percent(part: u64, all: u64) -> String {
    match part.saturating_mul(100).checked_div(all).unwrap_or(0) {
        0 if part > 0 => "<1%".to_owned(),
        share => format!("{share}%"),
    }
}

/// `2026-05-02T22:49:52.000Z` as `2026-05-02 22:49:52 UTC`.
pub(super) fn time(rfc_3339: &str) -> String {
    let seconds = rfc_3339.split(['.', 'Z']).next().unwrap_or(rfc_3339);
    format!("{} UTC", seconds.replace('T', " "))
}

/// Text of users and providers: nothing in it turns the writing direction or is invisible.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{00AD}' | '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
    };
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let visible = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        c if is_hidden(c) => '\u{FFFD}',
        c => c,
    };
    Cow::Owned(text.chars().map(visible).collect())
}

/// `AwaitingActivation` as `awaiting activation`.
pub(super) fn spaced(word: &str) -> String {
    let mut text = String::with_capacity(word.len() + 2);
    for (at, c) in word.char_indices() {
        if c.is_ascii_uppercase() && at > 0 {
            text.push(' ');
            text.push(c.to_ascii_lowercase());
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_in_two_units() {
        for (ms, text) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1 s"),
            (12_540, "12.5 s"),
            (59_999, "59.9 s"),
            (60_000, "1 min"),
            (200_000, "3 min 20 s"),
            (7_500_000, "2 h 5 min"),
            (86_400_000, "1 d"),
            (356_400_000, "4 d 3 h"),
        ] {
            assert_eq!(span(ms), text);
        }
    }

    #[test]
    fn shares_are_never_told_as_none_or_all_when_they_are_not() {
        for (part, all, text) in [
            (0, 0, "0%"),
            (0, 9, "0%"),
            (1, 1_000, "<1%"),
            (999, 1_000, "99%"),
            (9, 9, "100%"),
        ] {
            assert_eq!(percent(part, all), text);
        }
    }

    #[test]
    fn what_hides_or_turns_text_is_shown() {
        assert_eq!(shown("plain Ünï <b>"), "plain Ünï <b>");
        assert_eq!(shown("a\u{202e}b\nc\u{0}"), "a\u{FFFD}b c\u{FFFD}");
        assert_eq!(time("2026-05-02T22:49:52.123Z"), "2026-05-02 22:49:52 UTC");
        assert_eq!(spaced("CreatedIdUnknown"), "Created id unknown");
        assert_eq!(
            (thousands(1_234_567).as_str(), many(1, "row").as_str()),
            ("1,234,567", "1 row")
        );
    }
}
