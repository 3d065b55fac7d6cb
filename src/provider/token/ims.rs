//! Tokens of Adobe's IMS: OAuth client credentials (providers.md 2.2). Lifetimes are seconds.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::{ASK_TIMEOUT, Grant, TokenFailure, TokenService, bearer, read};
use crate::domain::answer::RowError;
use crate::provider::limits::{CODE_CHARS_MAX, MESSAGE_CHARS_MAX};
use crate::provider::secrets::Secrets;
use crate::provider::transport::{Exchange, HttpRequest, Method, RequestBody, clean};

/// No token is believed to live longer. IMS tokens live about a day; a greater number is one in milliseconds, as an
/// older exchange gave it.
const LIFE_MAX: Duration = Duration::from_secs(24 * 3600);
/// A token that does not say, in a way that can be believed, how long it lives.
const LIFE_UNSAID: Duration = Duration::from_secs(3600);
/// A token with a long life is renewed this long before its end.
const RENEW_BEFORE: Duration = Duration::from_secs(300);

/// What names us to the token service.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Where tokens are had.
    pub token_url: Url,
    /// The OAuth client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// What is asked for, comma separated.
    pub scopes: String,
}

impl TokenService for Credentials {
    /// Everything stands in the body (providers.md 2.2, 6.3).
    fn request(&self) -> HttpRequest {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &self.client_id)
            .append_pair("client_secret", self.client_secret.expose_secret())
            .append_pair("scope", &self.scopes)
            .finish();
        HttpRequest {
            method: Method::Post,
            url: self.token_url.clone(),
            headers: vec![
                ("accept", "application/json".to_owned()),
                ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ],
            bearer: None,
            body: RequestBody::SecretForm(form.into()),
            timeout: Some(ASK_TIMEOUT),
            held: None,
        }
    }

    fn read(&self, exchange: &Exchange) -> Result<Grant, TokenFailure> {
        let secrets = Secrets::of([self.client_secret.expose_secret()]);
        let denied = |status, body: &[u8]| denial(status, body, &self.token_url, &secrets);
        read(exchange, &self.token_url, grant, denied)
    }
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

fn grant(body: &[u8]) -> Option<Grant> {
    let given: Given = serde_json::from_slice(body).ok()?;
    let seconds = match &given.expires_in {
        Value::Number(seconds) => seconds.as_f64(),
        Value::String(seconds) => seconds.trim().parse().ok(),
        _ => None,
    };
    let life = seconds
        .filter(|seconds| *seconds > 0.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds.min(LIFE_MAX.as_secs_f64())).ok())
        .unwrap_or(LIFE_UNSAID);
    Some(Grant {
        bearer: bearer(given.access_token)?,
        life,
        renew_after: renew_after(life),
    })
}

/// How long after asking a token of this life is renewed: five minutes before its end, but not before nine tenths of
/// a short life have gone.
fn renew_after(life: Duration) -> Duration {
    (life * 9 / 10).max(life.saturating_sub(RENEW_BEFORE))
}

fn denial(status: u16, body: &[u8], asked: &Url, secrets: &Secrets) -> RowError {
    match serde_json::from_slice::<Denial>(body) {
        Ok(denial) => {
            let kept = |text: &str, chars_max| clean(&secrets.hidden(text), chars_max);
            let described = kept(&denial.error_description.unwrap_or_default(), MESSAGE_CHARS_MAX);
            let message = format!("the token service refused the client: {described}");
            RowError::new(
                kept(&denial.error, CODE_CHARS_MAX),
                message.trim_end_matches([':', ' ']),
            )
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

    use super::*;
    use crate::provider::transport::Head;

    fn told(exchange: &Exchange) -> String {
        let service = Credentials {
            token_url: Url::parse("https://ims.example/ims/token/v3").unwrap(),
            client_id: String::new(),
            client_secret: "s3cr&t +".to_owned().into(),
            scopes: String::new(),
        };
        match service.read(exchange) {
            Ok(grant) => format!("{} for {} s", grant.bearer.expose_secret(), grant.life.as_secs()),
            Err(TokenFailure::Denied(error)) => format!("denied {}: {}", error.code, error.message),
            Err(TokenFailure::Unavailable(why)) => format!("none: {why}"),
        }
    }

    #[test]
    fn when_a_token_is_renewed() {
        let after = |life_s| renew_after(Duration::from_secs(life_s)).as_secs();
        assert_eq!(
            [
                after(86_399),
                after(3_600),
                after(3_000),
                after(1_000),
                after(60),
                after(0)
            ],
            [86_099, 3_300, 2_700, 900, 54, 0]
        );
    }

    #[test]
    fn every_answer_of_the_token_service() {
        let table: [(u16, &str, &str); 23] = [
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
                400,
                r#"{"error":"s3cr&t +","error_description":"client_secret=s3cr%26t+%2B is not s3cr&t +"}"#,
                "denied (secret): the token service refused the client: client_secret=(secret) is not (secret)",
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
        // Cut off only after it is gone.
        let described = format!("{}s3cr&t +", "x".repeat(497));
        let body = serde_json::json!({ "error": "e", "error_description": described }).to_string();
        let cut = told(&Exchange::response(400, body));
        assert!(cut.ends_with("x(se"), "{cut}");
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
