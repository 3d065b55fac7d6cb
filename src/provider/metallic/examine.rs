//! A look at the provider before rows are sent: whether it answers, lets us in, and what time it has there. No page
//! names a call for that (providers.md 4.1), so its front door is knocked at, without credentials and outside of what a
//! budget counts; then a token is asked for.

use super::client::Metallic;
use crate::domain::diagnosis::Diagnosis;
use crate::domain::time::Timestamp;
use crate::provider::examine::{self, NETWORK, TIMEOUT};
use crate::provider::token::TokenFailure;
use crate::provider::transport::{Exchange, Head, HttpRequest, Method, RequestBody};

impl Metallic {
    /// Looks at the provider, as whom we are known there. `clock` is this machine's own.
    pub async fn examine(&self, clock: &(dyn Fn() -> Timestamp + Sync)) -> Vec<Diagnosis> {
        let knocked = self.sender.transport.send(self.knock()).await;
        let at = clock();
        let mut found = vec![self.reached(&knocked)];
        if knocked.head().is_none() {
            return found;
        }
        let there = knocked.head().and_then(Head::time);
        found.extend(there.map(|there| examine::clock(at, there)));
        found.push(self.token().await);
        found
    }

    fn knock(&self) -> HttpRequest {
        HttpRequest {
            method: Method::Get,
            url: self.base.clone(),
            headers: vec![("accept", "*/*".to_owned())],
            bearer: None,
            body: RequestBody::Empty,
            timeout: Some(TIMEOUT),
            held: None,
        }
    }

    /// Any answer will do: what the front door says is not public.
    fn reached(&self, knocked: &Exchange) -> Diagnosis {
        let (part, base) = ("provider", &self.base);
        match knocked {
            Exchange::NotSent(why) => Diagnosis::failing(part, why.as_str(), NETWORK),
            other if other.head().is_some() => Diagnosis::ok(part, format!("{base} answers")),
            other => Diagnosis::failing(part, format!("{base}: {}", other.as_str()), NETWORK),
        }
    }

    async fn token(&self) -> Diagnosis {
        let part = "token";
        match self.tokens.get().await {
            Ok(_) => Diagnosis::ok(part, "the provider knows us"),
            Err(TokenFailure::Denied(error)) => Diagnosis::misconfigured(
                part,
                format!(
                    "the provider does not let us in: {}: {}",
                    error.code, error.message
                ),
                "see to the service principal's user name and password, and connection.base_url",
            ),
            Err(TokenFailure::Unavailable(why)) => {
                Diagnosis::failing(part, format!("no token: {why}"), NETWORK)
            }
        }
    }
}
