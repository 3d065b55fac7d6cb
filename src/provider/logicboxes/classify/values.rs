//! What of a message is the provider's own: a company may be called "API Key Systems", and a message that repeats its name
//! says nothing of our key.

use url::form_urlencoded;

/// Values shorter than this are let be: as words of a message they are rather the provider's (`no`, `US`).
const CHARS_MIN: usize = 4;

/// The values that a call sent. Has no `Debug`: they are persons' data.
#[derive(Clone, Default)]
pub struct Values(Vec<String>);

impl Values {
    /// Those of a rendered sign-up, as they are and as they were sent.
    pub fn of(payload: &str) -> Self {
        let sent = payload.split('&').filter_map(|pair| pair.split_once('='));
        let sent = sent.map(|(_, value)| value.to_owned());
        let meant = form_urlencoded::parse(payload.as_bytes()).map(|(_, value)| value.into_owned());
        let mut all: Vec<String> = sent.chain(meant).map(|value| folded(&value)).collect();
        all.retain(|value| value.chars().count() >= CHARS_MIN);
        // One may stand within another.
        all.sort_unstable_by_key(|value| std::cmp::Reverse(value.len()));
        all.dedup();
        Self(all)
    }

    /// The words of `text` that are none of these, in lower case.
    pub(super) fn taken_from(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(folded(text), |text, value| without(&text, value))
    }
}

/// In lower case, with single spaces: how the provider keeps either is not public.
fn folded(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// `text` without `value`, where that stands as words of its own.
fn without(text: &str, value: &str) -> String {
    let mut left = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in text.match_indices(value) {
        let to = at + value.len();
        let (before, after) = (text.get(..at), text.get(to..));
        let is_part = before.is_some_and(|before| before.ends_with(char::is_alphanumeric))
            || after.is_some_and(|after| after.starts_with(char::is_alphanumeric));
        if !is_part {
            left.push_str(text.get(from..at).unwrap_or_default());
            left.push(' ');
            from = to;
        }
    }
    left.push_str(text.get(from..).unwrap_or_default());
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_out_whole() {
        let values =
            Values::of("company=API+Key+Systems&city=api+key&name=%C3%89va+%26+Co&state=CA&empty=&odd");
        for (text, left) in [
            ("The API Key  Systems", "the  "),
            ("The API key system", "the   system"),
            ("api keys are used up", "api keys are used up"),
            ("ÉVA & CO: CA", " : ca"),
            (
                "company=API+Key+Systems&name=%C3%89va+%26+Co&x",
                "company= &name= &x",
            ),
            ("", ""),
        ] {
            assert_eq!(values.taken_from(text), left, "{text}");
        }
    }
}
