//! A look at the provider before rows are sent: whether it answers, is well, lets us in, and what time it has there.
//! Three calls, none to the paths that a budget counts (providers.md 2.1).

use serde_json::Value;
use url::Url;

use super::line::Line;
use crate::domain::diagnosis::Diagnosis;
use crate::domain::time::Timestamp;
use crate::provider::examine::{self, NETWORK, TIMEOUT};
use crate::provider::token::TokenFailure;
use crate::provider::transport::{Exchange, Head, HttpRequest, Method, RequestBody};

/// The part of the provider's health that making accounts needs.
const OURS: &str = "customerManagement";

impl Line {
    /// Looks at the provider, as whom we are known there. `clock` is this machine's own.
    pub(super) async fn examine(&self, clock: &(dyn Fn() -> Timestamp + Sync)) -> Vec<Diagnosis> {
        let pinged = self.look_at("partnerservice/ping", None).await;
        let at = clock();
        let mut found = vec![self.reached(&pinged)];
        if matches!(pinged, Exchange::NotSent(_) | Exchange::TimedOut) {
            return found;
        }
        found.extend(
            pinged
                .head()
                .and_then(Head::time)
                .map(|there| examine::clock(at, there)),
        );
        let asked = format!("api_key={}", self.client_id);
        found.push(health(&self.look_at("v1/health", Some(&asked)).await));
        found.push(self.token().await);
        found
    }

    fn reached(&self, pinged: &Exchange) -> Diagnosis {
        let part = "provider";
        let base = &self.base;
        match pinged {
            Exchange::Response { head, .. } if head.status == 200 => {
                Diagnosis::ok(part, format!("{base} answers"))
            }
            Exchange::Response { head, .. } => Diagnosis::failing(
                part,
                format!("{base}partnerservice/ping answers {}", head.status),
                "see that connection.base_url is the provider's, and that nothing between here and there answers for it",
            ),
            Exchange::NotSent(why) => Diagnosis::failing(part, why.as_str(), NETWORK),
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
                "see to the client id, its secret, and connection.token_url",
            ),
            Err(TokenFailure::Unavailable(why)) => {
                Diagnosis::failing(part, format!("no token: {why}"), NETWORK)
            }
        }
    }

    async fn look_at(&self, path: &str, query: Option<&str>) -> Exchange {
        let request = HttpRequest {
            method: Method::Get,
            url: below(&self.base, path, query),
            headers: vec![
                ("accept", "application/json, text/plain".to_owned()),
                ("x-api-key", self.client_id.clone()),
            ],
            bearer: None,
            body: RequestBody::Empty,
            timeout: Some(TIMEOUT),
            held: None,
        };
        self.sender.transport.send(request).await
    }
}

fn below(base: &Url, path: &str, query: Option<&str>) -> Url {
    let mut url = base.clone();
    // Fails only for addresses without a path, which settings do not let through.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path.split('/'));
    }
    url.set_query(query);
    url
}

/// `{"status":"UP","components":{"customerManagement":"UP", …}}`; shown for the sandbox alone.
fn health(exchange: &Exchange) -> Diagnosis {
    let part = "provider's health";
    let unknown = |what: &str| Diagnosis::ok(part, format!("not told here ({what})"));
    let (Some(head), Some(body)) = (exchange.head(), exchange.body()) else {
        return unknown(exchange.as_str());
    };
    let components = serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|body| body.get("components")?.as_object().cloned());
    let Some(components) = components.filter(|_| matches!(head.status, 200 | 503)) else {
        return unknown(&head.status.to_string());
    };
    let down: Vec<&str> = components
        .iter()
        .filter(|(_, state)| state.as_str() == Some("DOWN"))
        .map(|(name, _)| name.as_str())
        .collect();
    let hint = "wait until the provider is well; rows that meet it meanwhile are tried again";
    match down.as_slice() {
        [] => Diagnosis::ok(part, "all components are up"),
        down if down.contains(&OURS) => Diagnosis::failing(part, format!("down: {}", shown(down)), hint),
        down => Diagnosis::warning(part, format!("down: {}", shown(down)), "accounts do not need it"),
    }
}

/// Foreign words, fit to show.
fn shown(names: &[&str]) -> String {
    crate::provider::transport::clean(&names.join(", "), 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::diagnosis::Verdict;

    #[test]
    fn how_the_provider_is() {
        let up = r#"{"status":"UP","components":{"customerManagement":"UP","orderManagement":"UP"}}"#;
        let (ours, other) = (
            up.replace(r#"Management":"UP","order"#, r#"Management":"DOWN","order"#),
            up.replace(r#"orderManagement":"UP"#, r#"orderManagement":"DOWN"#),
        );
        for (exchange, verdict, words) in [
            (Exchange::response(200, up), Verdict::Ok, "all components"),
            (
                Exchange::response(503, ours),
                Verdict::Failing,
                "down: customerManagement",
            ),
            (
                Exchange::response(503, other),
                Verdict::Warning,
                "down: orderManagement",
            ),
            (Exchange::response(404, "{}"), Verdict::Ok, "not told here (404)"),
            (Exchange::response(200, "<html>"), Verdict::Ok, "not told here"),
            (Exchange::TimedOut, Verdict::Ok, "not told here (timed out)"),
        ] {
            let found = health(&exchange);
            assert_eq!(found.verdict, verdict, "{exchange:?}");
            assert!(found.message.contains(words), "{found:?}");
        }
    }
}
