//! What was secret in a request, taken out of what came back: an answer may repeat it, and answers are kept and shown.

use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded;

use crate::domain::contract::SECRET_SHOWN;

/// Texts that must not be kept, should an answer repeat them. Its `Debug` does not show them.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// In every spelling in which requests carry them, or what lies between writes them down; longest first.
    spellings: Vec<SecretString>,
}

impl Secrets {
    /// These. Short ones could be parts of words and are let be.
    pub fn of<'a>(all: impl IntoIterator<Item = &'a str>) -> Self {
        let long = all.into_iter().filter(|secret| secret.chars().count() >= 4);
        let mut spellings: Vec<String> = long.flat_map(spellings).collect();
        // One may stand within another.
        spellings.sort_unstable_by_key(|spelling| std::cmp::Reverse(spelling.len()));
        spellings.dedup();
        Self {
            spellings: spellings.into_iter().map(SecretString::from).collect(),
        }
    }

    /// `text` without them. To be asked before a text is cut: what is left of a secret would not be known again.
    pub fn hidden(&self, text: &str) -> String {
        let hide = |text: String, secret: &SecretString| without(&text, secret.expose_secret());
        self.spellings.iter().fold(text.to_owned(), hide)
    }
}

/// A text as it is, in a form or a query, in an address, and in JSON.
fn spellings(text: &str) -> [String; 4] {
    let form: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    // A form leaves `*` and encodes `~` and the space its own way; RFC 3986 does not.
    let address = form.replace('+', "%20").replace("%7E", "~").replace('*', "%2A");
    let quoted = serde_json::Value::from(text).to_string();
    let json = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    [text.to_owned(), form, address, json.unwrap_or(text).to_owned()]
}

/// `text` without `secret`. The digits of `%2F` come in both cases, so case is let go.
fn without(text: &str, secret: &str) -> String {
    let (haystack, needle) = (text.to_ascii_lowercase(), secret.to_ascii_lowercase());
    let mut left = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in haystack.match_indices(&needle) {
        left.push_str(text.get(from..at).unwrap_or_default());
        left.push_str(SECRET_SHOWN);
        from = at + secret.len();
    }
    left.push_str(text.get(from..).unwrap_or_default());
    left
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_spelling_of_a_secret_is_hidden() {
        let secrets = Secrets::of(["\"A&b \"c~*/", "k3y-k3y", "Abcdef1~x", "abc", "k3y-k3y-2"]);
        for (text, shown) in [
            ("\"A&b \"c~*/!", "(secret)!"),
            ("passwd=%22A%26b+%22c%7E*%2F&x=1", "passwd=(secret)&x=1"),
            ("passwd=%22A%26b%20%22c~%2A%2f&x=1", "passwd=(secret)&x=1"),
            (r#"{"p":"\"A&b \"c~*/"}"#, r#"{"p":"(secret)"}"#),
            ("Abcdef1%7Ex Abcdef1%7ex Abcdef1~x", "(secret) (secret) (secret)"),
            (
                "k3y-k3y-2, k3y-k3y and K3Y-K3Y",
                "(secret), (secret) and (secret)",
            ),
            ("abc is short", "abc is short"),
            ("", ""),
        ] {
            assert_eq!(secrets.hidden(text), shown, "{text}");
        }
        assert_eq!(Secrets::default().hidden("k3y-k3y"), "k3y-k3y");
        assert!(!format!("{secrets:?}").contains("k3y"), "{secrets:?}");
    }

    proptest! {
        #[test]
        fn no_text_shows_a_secret(before in ".{0,20}", secret in "\\PC{4,20}", after in ".{0,20}") {
            let secrets = Secrets::of([secret.as_str()]);
            for spelling in spellings(&secret) {
                let hidden = secrets.hidden(&format!("{before}{spelling}{after}"));
                // The word for a secret may be one.
                prop_assert!(!hidden.contains(&spelling) || SECRET_SHOWN.contains(&spelling), "{hidden}");
            }
        }
    }
}
