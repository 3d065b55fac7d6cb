//! Addresses from settings: checked once, before any secret is sent to one.

use url::{Host, Url};

use crate::provider::SettingError;

/// Reads the address in `setting`.
///
/// `https` is taken anywhere; plain `http` only to this machine, unless `plain_http` allows it, because the client
/// secret and personal data would cross the network readable. No credentials, query or fragment.
pub fn parse(setting: &'static str, text: &str, plain_http: bool) -> Result<Url, SettingError> {
    let wrong = |problem: &str, hint| Err(SettingError::new(setting, problem, hint));
    let url = match Url::parse(text.trim()) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => url,
        Ok(_) => return wrong("not an http or https address", "write https://HOST"),
        Err(error) => return wrong(&format!("not an address: {error}"), "write https://HOST"),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return wrong(
            "holds a user name or password",
            "credentials come from client_id and client_secret alone",
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return wrong("holds a `?` or `#` part", "give scheme, host and path only");
    }
    if url.scheme() == "http" && !plain_http && !is_loopback(&url) {
        return wrong(
            "plain http to another machine would send the client secret readable",
            "use https, or set connection.insecure_http = true if the network is trusted",
        );
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        let table = [
            ("https://partners.adobe.io", false, true),
            ("https://partners.adobe.io/prefix/", false, true),
            ("http://127.0.0.1:8080", false, true),
            ("http://127.9.9.9", false, true),
            ("http://[::1]:1", false, true),
            ("http://[::ffff:127.0.0.1]:1", false, true),
            ("http://localhost:8080/ims/token/v3", false, true),
            ("http://adobe.localhost", false, true),
            ("http://LOCALHOST", false, true),
            ("http://localhost.example.com", false, false),
            ("http://127.0.0.1.example.com", false, false),
            ("http://10.0.0.1", false, false),
            ("http://10.0.0.1", true, true),
            ("http://partners.adobe.io", false, false),
            ("ftp://127.0.0.1", true, false),
            ("partners.adobe.io", true, false),
            ("https://", true, false),
            ("", true, false),
            ("https://user:secret@host", true, false),
            ("https://host/?a=b", true, false),
            ("https://host/#a", true, false),
        ];
        for (text, plain_http, fine) in table {
            assert_eq!(
                parse("connection.base_url", text, plain_http).is_ok(),
                fine,
                "{text}"
            );
        }
    }

    #[test]
    fn the_error_names_the_setting_and_keeps_the_password_to_itself() {
        let error = parse("connection.base_url", "https://user:hunter2@host", false)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("connection.base_url: ") && error.contains("\nhint: "),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
    }
}
