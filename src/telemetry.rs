//! What the program says of itself: log lines on stderr, never on stdout, never with a secret or a person's data.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;
use url::Url;

/// The environment variable with a filter such as `enlist=debug,apalis=info`; it wins over the verbosity.
pub const LOG_VARIABLE: &str = "ENLIST_LOG";

/// Logging that could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("{LOG_VARIABLE}: {0}\n  hint: write it like enlist=debug,apalis=info")]
    Filter(String),
    /// Another part of the process has set it up already.
    #[error("logging is set up already")]
    Twice,
}

/// Sends log lines to stderr: warnings, with each step of `verbosity` more of our own (info, debug, trace), other
/// libraries' only from the fourth step on. `json_logs` writes one JSON object a line. Once a process.
pub fn init(verbosity: u8, json_logs: bool) -> Result<(), TelemetryError> {
    let filter = filter(std::env::var(LOG_VARIABLE).ok().as_deref(), verbosity)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    let done = if json_logs {
        lines.json().with_ansi(false).try_init()
    } else {
        let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        lines.with_ansi(colour).with_target(verbosity > 1).try_init()
    };
    done.map_err(|_| TelemetryError::Twice)
}

fn filter(asked: Option<&str>, verbosity: u8) -> Result<EnvFilter, TelemetryError> {
    let by_verbosity = match verbosity {
        0 => "warn",
        1 => "warn,enlist=info",
        2 => "warn,enlist=debug",
        3 => "warn,enlist=trace",
        _ => "debug,enlist=trace",
    };
    let text = asked
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .unwrap_or(by_verbosity);
    EnvFilter::builder()
        .parse(text)
        .map_err(|error| TelemetryError::Filter(error.to_string()))
}

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

    #[test]
    fn the_filter_asked_for_wins() {
        assert_eq!(filter(None, 1).unwrap().to_string(), "enlist=info,warn");
        assert_eq!(filter(Some(" "), 0).unwrap().to_string(), "warn");
        assert_eq!(
            filter(Some("enlist=trace"), 0).unwrap().to_string(),
            "enlist=trace"
        );
        let error = filter(Some("enlist=loud"), 0).unwrap_err().to_string();
        assert!(error.contains("ENLIST_LOG") && error.contains("hint:"), "{error}");
    }
}
