//! Addresses as they may be shown.

use url::Url;

/// The address without what must not be logged: user and password, the values of the query (names of companies,
/// keys), the fragment. A text that is no address is not shown at all.
pub fn redact_url(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else {
        return "(not an address)".to_owned();
    };
    if url.cannot_be_a_base() {
        return format!("{}:…", url.scheme());
    }
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    let names: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    url.set_query(None);
    if names.is_empty() {
        return url.to_string();
    }
    let shown: Vec<String> = names
        .iter()
        .map(|name| {
            let plain = name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
            if plain {
                format!("{name}=…")
            } else {
                "…".to_owned()
            }
        })
        .collect();
    format!("{url}?{}", shown.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_what_must_not_be_logged() {
        let table = [
            (
                "https://partners.adobe.io/v3/resellers/10",
                "https://partners.adobe.io/v3/resellers/10",
            ),
            ("https://u:p@h/x#frag", "https://h/x"),
            (
                "https://h/v3/resellers?company-name=Zo%C3%AB%20Ltd&status=1002",
                "https://h/v3/resellers?company-name=…&status=…",
            ),
            ("https://h/x?just-a-secret%20value", "https://h/x?…"),
            ("mailto:somebody@example.com", "mailto:…"),
            ("secret", "(not an address)"),
        ];
        for (url, shown) in table {
            assert_eq!(redact_url(url), shown);
        }
    }
}
