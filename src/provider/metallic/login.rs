//! Tokens: user name and password of a service principal for a bearer token (providers.md 4.1).

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;

use super::classify::Problem;
use crate::domain::answer::RowError;
use crate::provider::secrets::Secrets;
use crate::provider::token::{ASK_TIMEOUT, Grant, TokenFailure, TokenService, bearer, read};
use crate::provider::transport::{Exchange, HttpRequest, Method, RequestBody};

/// Where tokens are had, below the base address.
pub(super) const PATH: &str = "/api/v1/authenticate";

/// A service principal, as the provider gave it.
#[derive(Clone)]
pub(super) struct ServicePrincipal {
    /// Where tokens are had.
    pub(super) url: Url,
    pub(super) username: String,
    pub(super) password: SecretString,
    /// How long a token is used; it says nothing of its life itself.
    pub(super) renew_after: Duration,
}

impl fmt::Debug for ServicePrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServicePrincipal")
            .field("url", &self.url.as_str())
            .finish_non_exhaustive()
    }
}

impl TokenService for ServicePrincipal {
    fn request(&self) -> HttpRequest {
        let (username, password) = (&self.username, self.password.expose_secret());
        let body = json!({ "username": username, "password": password }).to_string();
        HttpRequest {
            method: Method::Post,
            url: self.url.clone(),
            headers: vec![
                ("accept", "application/json".to_owned()),
                ("content-type", "application/json".to_owned()),
            ],
            bearer: None,
            body: RequestBody::SecretJson(body.into()),
            timeout: Some(ASK_TIMEOUT),
            held: None,
        }
    }

    fn read(&self, exchange: &Exchange) -> Result<Grant, TokenFailure> {
        let secrets = Secrets::of([self.password.expose_secret()]);
        let problem = |body: &[u8]| Problem::parse_without(body, &secrets);
        // A success that says why it is none.
        if let Some(problem) = exchange.body().and_then(|body| problem(body))
            && exchange
                .head()
                .is_some_and(|head| (200..300).contains(&head.status))
        {
            return Err(TokenFailure::Denied(refused(&problem)));
        }
        let denied = |status, body: &[u8]| match problem(body) {
            Some(problem) if status != 404 => refused(&problem),
            _ => {
                let message = format!(
                    "{} answered HTTP {status}; is connection.base_url right?",
                    self.url
                );
                RowError::new(format!("HTTP {status}"), message)
            }
        };
        read(exchange, &self.url, |body| self.grant(body), denied)
    }
}

impl ServicePrincipal {
    /// The token stands in `data.authToken`, in the schema in `data.data.authToken`.
    fn grant(&self, body: &[u8]) -> Option<Grant> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let text = ["/data/authToken", "/data/data/authToken"]
            .into_iter()
            .find_map(|place| body.pointer(place)?.as_str())?;
        Some(Grant {
            bearer: bearer(text.to_owned())?,
            // After a pause of hours sixty-four callers must not all try a token that is long dead: a refused call counts
            // against the hour's budget.
            life: self.renew_after * 6 / 5,
            renew_after: self.renew_after,
        })
    }
}

fn refused(problem: &Problem) -> RowError {
    let RowError { code, message, .. } = problem.one();
    let message = format!("the provider did not take user name and password: {message}");
    RowError::new(code, message.trim_end_matches([':', ' ']))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn principal() -> ServicePrincipal {
        ServicePrincipal {
            url: Url::parse("https://api.example/api/v1/authenticate").unwrap(),
            username: "enl\"ist".to_owned(),
            password: "s3cr\\t".to_owned().into(),
            renew_after: Duration::from_secs(1_500),
        }
    }

    fn told(exchange: &Exchange) -> String {
        match principal().read(exchange) {
            Ok(grant) => {
                let (renewed, over) = (grant.renew_after.as_secs(), grant.life.as_secs());
                format!("{} for {renewed} to {over} s", grant.bearer.expose_secret())
            }
            Err(TokenFailure::Denied(error)) => format!("denied {}: {}", error.code, error.message),
            Err(TokenFailure::Unavailable(why)) => format!("none: {why}"),
        }
    }

    #[test]
    fn the_request_holds_everything_in_its_body() {
        let request = principal().request();
        assert_eq!(
            (request.method, request.url.as_str()),
            (Method::Post, "https://api.example/api/v1/authenticate")
        );
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(
            request.body.bytes(),
            br#"{"username":"enl\"ist","password":"s3cr\\t"}"#
        );
        let shown = format!("{:?} {request:?}", principal());
        assert!(!shown.contains("s3cr") && !shown.contains("enl"), "{shown}");
    }

    #[rustfmt::skip]
    #[test]
    fn every_answer_to_a_log_in() {
        const NONE: &str = "none: api.example gave no token that can be read";
        let table: [(u16, &str, &str); 17] = [
            (200, r#"{"data":{"authToken":"abc"}}"#, "abc for 1500 to 1800 s"),
            (200, r#"{"data":{"data":{"authToken":"abc"}}}"#, "abc for 1500 to 1800 s"),
            (201, r#"{"data":{"authToken":"abc","userName":"x"}}"#, "abc for 1500 to 1800 s"),
            (200, r#"{"data":{"authToken":""}}"#, NONE),
            (200, "{\"data\":{\"authToken\":\"a\\nb\"}}", NONE),
            (200, r#"{"data":{"authToken":7}}"#, NONE),
            (200, r#"{"authToken":"abc"}"#, NONE),
            (200, r#"{"data":{"authTok"#, NONE),
            (200, "", NONE),
            (200, r#"{"error":{"code":5,"message":"Wrong password"}}"#,
                "denied 5: the provider did not take user name and password: Wrong password"),
            (401, r#"{"error":{"code":401,"message":"Invalid username or password"}}"#,
                "denied 401: the provider did not take user name and password: Invalid username or password"),
            (400, r#"{"error":{"code":1002}}"#, "denied 1002: the provider did not take user name and password"),
            (403, "<html>",
                "denied HTTP 403: https://api.example/api/v1/authenticate answered HTTP 403; is connection.base_url right?"),
            (404, r#"{"error":{"code":404,"message":"Not found"}}"#,
                "denied HTTP 404: https://api.example/api/v1/authenticate answered HTTP 404; is connection.base_url right?"),
            (429, "", "none: api.example answered HTTP 429"),
            (302, "", "none: api.example answered HTTP 302"),
            (500, r#"{"error":{"code":500,"message":"m"}}"#, "none: api.example answered HTTP 500"),
        ];
        for (status, body, wanted) in table {
            assert_eq!(told(&Exchange::response(status, body.to_owned())), wanted, "{status} {body}");
        }
        assert_eq!(told(&Exchange::TimedOut), "none: api.example did not answer in time");
    }

    #[test]
    fn what_was_secret_is_not_repeated() {
        let body = |code: &str, message: String| {
            json!({ "error": { "code": code, "message": message, "errors": [{ "field": "s3cr\\t", "message": "s3cr%5Ct" }] } })
                .to_string()
        };
        for (message, wanted) in [
            (
                "Wrong password s3cr\\t".to_owned(),
                "Wrong password (secret) (secret)".to_owned(),
            ),
            (
                r#"Wrong: {"password":"s3cr\\t"}"#.to_owned(),
                r#"Wrong: {"password":"(secret)"} (secret)"#.to_owned(),
            ),
            // Cut off only after it is gone.
            (
                format!("{}s3cr\\t", "x".repeat(497)),
                format!("{}(se", "x".repeat(497)),
            ),
        ] {
            for status in [200, 401] {
                let told = told(&Exchange::response(status, body("1", message.clone())));
                let wanted = format!("denied 1: the provider did not take user name and password: {wanted}");
                assert_eq!(told, wanted, "{status} {message}");
            }
        }
        let told = told(&Exchange::response(401, body("s3cr\\t", "m".to_owned())));
        assert!(told.starts_with("denied (secret): "), "{told}");
    }

    proptest! {
        #[test]
        fn nothing_the_provider_says_panics(status in any::<u16>(), body in prop::collection::vec(any::<u8>(), 0..200)) {
            told(&Exchange::response(status, body));
        }
    }
}
