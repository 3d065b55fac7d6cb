//! Every refusal, in the words and shapes of providers.md 2.9: of the service, of the gateway, of IMS.

use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::time::Timestamp;
use crate::simulator::wire::Reply;

use super::settings::{AdobeSettings, GatewayShape, RetryAfter};

/// The most paths that one answer names.
const DETAILS_MAX: usize = 100;

/// HTTP status code and message by code, as far as creates, updates and reads can meet them.
const SERVICE: &[(&str, u16, &str)] = &[
    ("1114", 400, "Invalid Distributor"),
    ("1115", 404, "Invalid Reseller"),
    ("1117", 400, "Some Fields are Invalid"),
    ("1118", 400, "Invalid Address"),
    ("1119", 400, "Field is not Editable"),
    ("1121", 400, "Unexpected Extra Fields"),
    ("1122", 400, "Required Fields are Missing"),
    ("1124", 500, "Internal Server Error"),
    ("1125", 400, "Account is Pending or Blocked"),
    ("1132", 400, "Invalid Search Value"),
    ("2126", 400, "External Reference Id is Too Long"),
    ("2135", 400, "Invalid Market Segment"),
    ("5122", 400, "Market Segments Cannot be Removed"),
    ("4119", 400, "Missing or Invalid Correlation Id"),
    ("4120", 400, "Duplicate Request Id"),
    ("4121", 403, "Not Allowed on this Resource"),
    ("4122", 400, "Already being Processed, Wait and Try Again"),
];

/// An error of the service. A code that is not in the table comes with 400.
pub(super) fn service(code: &str, mut details: Vec<String>) -> Reply {
    let (status, message) = SERVICE
        .iter()
        .find(|row| row.0 == code)
        .map_or((400, "Bad Request"), |row| (row.1, row.2));
    details.truncate(DETAILS_MAX);
    let mut body = json!({ "code": code, "message": message });
    if let (false, Some(body)) = (details.is_empty(), body.as_object_mut()) {
        body.insert("additionalDetails".to_owned(), details.into());
    }
    Reply::json(status, body.to_string())
}

/// Why the gateway does not let a call through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    KeyMissing,
    KeyInvalid,
    TokenMissing,
    TokenInvalid,
    TooMany,
    Unavailable,
    TimedOut,
    NoSuchPath,
    WrongMethod,
    NotAcceptable,
    WrongMedia,
}

impl Gate {
    /// HTTP status code, documented code (empty: there is none), the gateway's own code, message.
    const fn row(self) -> (u16, &'static str, &'static str, &'static str) {
        match self {
            Self::KeyMissing => (403, "4115", "403000", "Api Key is required"),
            Self::KeyInvalid => (403, "4115", "403003", "Api Key is invalid"),
            Self::TokenMissing => (403, "4117", "403010", "Oauth token is missing"),
            Self::TokenInvalid => (401, "4116", "401013", "Oauth token is not valid"),
            Self::TooMany => (429, "4118", "429050", "Too many requests"),
            Self::Unavailable => (503, "", "503000", "Service Unavailable"),
            Self::TimedOut => (504, "", "504001", "Gateway Timeout"),
            Self::NoSuchPath => (404, "", "404000", "Not Found"),
            Self::WrongMethod => (405, "", "405000", "Method Not Allowed"),
            Self::NotAcceptable => (406, "", "406000", "Not Acceptable"),
            Self::WrongMedia => (415, "", "415000", "Unsupported Media Type"),
        }
    }

    /// The gateway's answer.
    pub(super) fn reply(self, settings: &AdobeSettings) -> Reply {
        let (status, documented, own, message) = self.row();
        let body = match settings.gateway_shape {
            GatewayShape::Documented if !documented.is_empty() => {
                json!({ "code": documented, "message": message })
            }
            GatewayShape::Documented | GatewayShape::Gateway => {
                json!({ "error_code": own, "message": message })
            }
        };
        Reply::json(status, body.to_string())
    }

    /// The gateway's answer with the wait it asks for, if it is told to ask.
    pub(super) fn reply_with_wait(self, settings: &AdobeSettings, now: Timestamp, wait: Duration) -> Reply {
        let reply = self.reply(settings);
        // Rounded up: a caller that comes exactly then is let in.
        let whole_seconds = u64::try_from(wait.as_millis().div_ceil(1_000))
            .unwrap_or(u64::MAX)
            .max(1);
        match settings.retry_after {
            RetryAfter::Never => reply,
            RetryAfter::Seconds => reply.with_header("Retry-After", whole_seconds.to_string()),
            RetryAfter::Date => {
                // A date has no fractions either, and the second that has begun does not count.
                let at = now.plus(Duration::from_secs(whole_seconds.saturating_add(1)));
                reply.with_header("Retry-After", http_date(at))
            }
        }
    }
}

/// An error of the token endpoint.
pub(super) fn ims(status: u16, error: &str, description: &str) -> Reply {
    Reply::json(
        status,
        json!({ "error": error, "error_description": description }).to_string(),
    )
}

/// The code in an error's body, whichever of the shapes it has.
pub(super) fn code_of(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    ["code", "error_code", "error"]
        .iter()
        .find_map(|key| body.get(key)?.as_str().map(str::to_owned))
}

/// A time as HTTP writes it, `Thu, 02 May 2019 22:49:52 GMT`.
fn http_date(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.as_ms()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use crate::simulator::way;

    use super::*;

    #[test]
    fn the_wait_is_asked_for_in_both_forms() {
        let wait = |retry_after, ms| {
            let settings = AdobeSettings {
                retry_after,
                ..AdobeSettings::default()
            };
            let now = Timestamp::from_ms(1_556_837_392_000);
            let reply = Gate::TooMany.reply_with_wait(&settings, now, Duration::from_millis(ms));
            reply
                .headers
                .into_iter()
                .find(|(name, _)| name == "Retry-After")
                .map(|(_, value)| value)
        };
        assert_eq!(wait(RetryAfter::Never, 1_500), None);
        assert_eq!(wait(RetryAfter::Seconds, 1_500).as_deref(), Some("2"));
        assert_eq!(wait(RetryAfter::Seconds, 0).as_deref(), Some("1"));
        assert_eq!(
            wait(RetryAfter::Date, 1_500).as_deref(),
            Some("Thu, 02 May 2019 22:49:55 GMT")
        );
    }

    #[test]
    fn codes_are_found_in_every_shape() {
        let settings = AdobeSettings {
            gateway_shape: GatewayShape::Gateway,
            ..AdobeSettings::default()
        };
        assert_eq!(code_of(&service("1117", vec![]).body).as_deref(), Some("1117"));
        assert_eq!(
            code_of(&Gate::TokenInvalid.reply(&settings).body).as_deref(),
            Some("401013")
        );
        assert_eq!(
            code_of(&ims(401, "invalid_client", "no").body).as_deref(),
            Some("invalid_client")
        );
        assert_eq!(code_of(&way::html(502, "Bad Gateway").body), None);
    }
}
