//! What the token service said, read (pure). Answers as in providers.md 2.2.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::TokenFailure;
use crate::domain::answer::RowError;
use crate::provider::transport::{Exchange, clean};

/// No token is believed to live longer. IMS tokens live about a day; a greater number is one in milliseconds, as an
/// older exchange gave it.
const LIFE_MAX: Duration = Duration::from_secs(24 * 3600);
/// A token that does not say, in a way that can be believed, how long it lives.
const LIFE_UNSAID: Duration = Duration::from_secs(3600);

/// A token as given.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) bearer: SecretString,
    pub(super) life: Duration,
}

#[derive(Deserialize)]
struct Given {
    access_token: String,
    #[serde(default)]
    expires_in: Value,
}

#[derive(Deserialize)]
struct Denial {
    error: String,
    #[serde(default)]
    error_description: Option<String>,
}

pub(super) fn read(exchange: &Exchange, asked: &Url) -> Result<Grant, TokenFailure> {
    let host = asked.host_str().unwrap_or("the token service");
    let unavailable = |what: String| Err(TokenFailure::Unavailable(format!("{host} {what}")));
    match exchange {
        Exchange::NotSent(why) => Err(TokenFailure::Unavailable(why.clone())),
        Exchange::TimedOut => unavailable("did not answer in time".to_owned()),
        Exchange::Broken(why) => unavailable(format!("broke the connection: {why}")),
        Exchange::BodyCut { head } | Exchange::BodyTooLong { head } => unavailable(format!(
            "answered HTTP {} with a body that cannot be read",
            head.status
        )),
        Exchange::Response { head, body } => match head.status {
            200..=299 => {
                grant(body).map_or_else(|| unavailable("gave no token that can be read".to_owned()), Ok)
            }
            status @ (408 | 429) => unavailable(format!("answered HTTP {status}")),
            status @ 400..=499 => Err(TokenFailure::Denied(denial(status, body, asked))),
            status => unavailable(format!("answered HTTP {status}")),
        },
    }
}

fn grant(body: &[u8]) -> Option<Grant> {
    let given: Given = serde_json::from_slice(body).ok()?;
    let bearer = given.access_token;
    // Anything else could not stand in a header, and would fail every call that follows.
    let sendable = !bearer.is_empty() && bearer.bytes().all(|byte| byte.is_ascii_graphic());
    let seconds = match &given.expires_in {
        Value::Number(seconds) => seconds.as_f64(),
        Value::String(seconds) => seconds.trim().parse().ok(),
        _ => None,
    };
    let life = seconds
        .filter(|seconds| *seconds > 0.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds.min(LIFE_MAX.as_secs_f64())).ok());
    sendable.then(|| Grant {
        bearer: bearer.into(),
        life: life.unwrap_or(LIFE_UNSAID),
    })
}

fn denial(status: u16, body: &[u8], asked: &Url) -> RowError {
    match serde_json::from_slice::<Denial>(body) {
        Ok(denial) => {
            let described = denial.error_description.unwrap_or_default();
            let message = format!("the token service refused the client: {}", clean(&described, 300));
            RowError::new(clean(&denial.error, 60), message.trim_end_matches([':', ' ']))
        }
        Err(_) => {
            let message = format!("{asked} answered HTTP {status}; is connection.token_url right?");
            RowError::new(format!("HTTP {status}"), message)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;
    use crate::provider::transport::Head;

    fn told(exchange: &Exchange) -> String {
        match read(exchange, &Url::parse("https://ims.example/ims/token/v3").unwrap()) {
            Ok(grant) => format!("{} for {} s", grant.bearer.expose_secret(), grant.life.as_secs()),
            Err(TokenFailure::Denied(error)) => format!("denied {}: {}", error.code, error.message),
            Err(TokenFailure::Unavailable(why)) => format!("none: {why}"),
        }
    }

    #[test]
    fn every_answer_of_the_token_service() {
        let table: [(u16, &str, &str); 22] = [
            (
                200,
                r#"{"access_token":"abc","token_type":"bearer","expires_in":86399}"#,
                "abc for 86399 s",
            ),
            (
                200,
                r#"{"access_token":"abc","expires_in":"3600"}"#,
                "abc for 3600 s",
            ),
            (
                200,
                r#"{"access_token":"abc","expires_in":86399999}"#,
                "abc for 86400 s",
            ),
            (200, r#"{"access_token":"abc","expires_in":-1}"#, "abc for 3600 s"),
            (
                200,
                r#"{"access_token":"abc","expires_in":"x"}"#,
                "abc for 3600 s",
            ),
            (
                200,
                r#"{"access_token":"abc","expires_in":"NaN"}"#,
                "abc for 3600 s",
            ),
            (200, r#"{"access_token":"abc"}"#, "abc for 3600 s"),
            (
                200,
                r#"{"access_token":""}"#,
                "none: ims.example gave no token that can be read",
            ),
            (
                200,
                "{\"access_token\":\"a\\nb\"}",
                "none: ims.example gave no token that can be read",
            ),
            (
                200,
                r#"{"access_token":7}"#,
                "none: ims.example gave no token that can be read",
            ),
            (
                200,
                r#"{"access_tok"#,
                "none: ims.example gave no token that can be read",
            ),
            (200, "", "none: ims.example gave no token that can be read"),
            (
                400,
                r#"{"error":"invalid_client","error_description":"invalid client_secret parameter"}"#,
                "denied invalid_client: the token service refused the client: invalid client_secret parameter",
            ),
            (
                401,
                r#"{"error":"invalid_client"}"#,
                "denied invalid_client: the token service refused the client",
            ),
            (
                400,
                r#"{"error":"invalid_scope"}"#,
                "denied invalid_scope: the token service refused the client",
            ),
            (
                404,
                "<html>",
                "denied HTTP 404: https://ims.example/ims/token/v3 answered HTTP 404; is connection.token_url right?",
            ),
            (429, "", "none: ims.example answered HTTP 429"),
            (408, "", "none: ims.example answered HTTP 408"),
            (302, "", "none: ims.example answered HTTP 302"),
            (
                500,
                r#"{"error":"server_error"}"#,
                "none: ims.example answered HTTP 500",
            ),
            (503, "<html>", "none: ims.example answered HTTP 503"),
            (
                504,
                r#"{"error_code":"504001","message":"Gateway Timeout"}"#,
                "none: ims.example answered HTTP 504",
            ),
        ];
        for (status, body, wanted) in table {
            assert_eq!(
                told(&Exchange::response(status, body.to_owned())),
                wanted,
                "{status} {body}"
            );
        }
        let head = Head::of(200);
        assert_eq!(
            told(&Exchange::TimedOut),
            "none: ims.example did not answer in time"
        );
        assert_eq!(
            told(&Exchange::Broken("reset".into())),
            "none: ims.example broke the connection: reset"
        );
        assert_eq!(
            told(&Exchange::NotSent("cannot reach x".into())),
            "none: cannot reach x"
        );
        let unreadable = "none: ims.example answered HTTP 200 with a body that cannot be read";
        assert_eq!(told(&Exchange::BodyCut { head: head.clone() }), unreadable);
        assert_eq!(told(&Exchange::BodyTooLong { head }), unreadable);
    }

    proptest! {
        #[test]
        fn nothing_the_token_service_says_panics(status in any::<u16>(), body in prop::collection::vec(any::<u8>(), 0..200)) {
            told(&Exchange::response(status, body));
        }
    }
}
