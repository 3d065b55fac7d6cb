//! A look at the provider before rows are sent: whether it answers, lets us in, and what time it has there. One call, a
//! search for an account that cannot be among our resellers: our own. Nothing of anybody comes back.

use super::classify::{self, Heard};
use super::client::LogicBoxes;
use super::wire::{Ask, Search};
use crate::domain::answer::{Answer, Refused};
use crate::domain::diagnosis::Diagnosis;
use crate::domain::ids::{CorrelationId, RequestId};
use crate::domain::time::Timestamp;
use crate::provider::examine::{self, NETWORK, TIMEOUT};
use crate::provider::transport::Head;

impl LogicBoxes {
    /// Looks at the provider, as whom we are known there. `clock` is this machine's own.
    pub async fn examine(&self, clock: &(dyn Fn() -> Timestamp + Sync)) -> Vec<Diagnosis> {
        let own = self.credentials.auth_userid.as_str();
        let search = Search {
            username: None,
            account: Some(own),
            since: None,
            page: 1,
        };
        let ask = Ask::search(&self.base, self.format, &search);
        let (correlation_id, request_id) = (self.sender.world.dice(), self.sender.world.dice());
        let ids = (CorrelationId::fresh(correlation_id), RequestId::fresh(request_id));
        let mut request = ask.request(&self.credentials, ids.0, ids.1);
        request.timeout = Some(TIMEOUT);
        let heard = Heard::of(self.sender.transport.send(request).await);
        let at = clock();
        let mut found = vec![self.reached(&heard, at)];
        found.extend(
            heard
                .as_ref()
                .head()
                .and_then(Head::time)
                .map(|there| examine::clock(at, there)),
        );
        found.extend(self.test_system());
        found
    }

    fn reached(&self, heard: &Heard, now: Timestamp) -> Diagnosis {
        let part = "provider";
        let base = &self.base;
        match classify::page(heard, &self.asked(""), now) {
            Ok(_) => Diagnosis::ok(part, format!("{base} answers and knows us")),
            Err(Answer::Refused(Refused::Denied(error))) => Diagnosis::misconfigured(
                part,
                format!(
                    "the provider does not let us in: {}: {}",
                    error.code, error.message
                ),
                "see to connection.client_id and the API key, and that the control panel lists this machine's address; \
                 what is changed there acts after up to an hour",
            ),
            Err(Answer::Refused(Refused::WrongAddress(error))) => Diagnosis::misconfigured(
                part,
                error.message,
                "write connection.base_url with /api at its end: https://httpapi.com/api",
            ),
            Err(Answer::Refused(_)) => Diagnosis::warning(
                part,
                format!("{base} answers, and takes no more calls now"),
                "try again later",
            ),
            Err(Answer::NotSent(why)) => Diagnosis::failing(part, why, NETWORK),
            Err(_) => match heard.as_ref().head() {
                Some(head) => Diagnosis::failing(
                    part,
                    format!(
                        "{base} answers HTTP {}, and nothing that can be read",
                        head.status
                    ),
                    "see that connection.base_url is the provider's, and that nothing between here and there answers for it",
                ),
                None => Diagnosis::failing(part, format!("{base}: {}", heard.as_ref().as_str()), NETWORK),
            },
        }
    }

    /// Live credentials act on the live account there too (providers.md 3.1).
    fn test_system(&self) -> Option<Diagnosis> {
        let host = self.base.host_str()?;
        host.starts_with("test.").then(|| {
            Diagnosis::warning(
                "provider's test system",
                format!("{host} acts on the live account if it is given live credentials"),
                "use credentials of a demo account",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::diagnosis::Verdict;
    use crate::provider::logicboxes::client::tests::settings;
    use crate::provider::testing::{CountingBudget, ScriptedTransport, TestWorld};
    use crate::provider::transport::Exchange;
    use crate::world::World as _;

    #[tokio::test(start_paused = true)]
    async fn how_the_provider_is() {
        let denied = r#"{"status":"ERROR","message":"Access denied: your IP address is not on the list"}"#;
        for (exchange, verdict, words) in [
            (
                Exchange::response(200, r#"{"recsonpage":"0","recsindb":"0"}"#),
                Verdict::Ok,
                "knows us",
            ),
            (
                Exchange::response(500, denied),
                Verdict::Misconfigured,
                "not on the list",
            ),
            (
                Exchange::response(404, "<html>"),
                Verdict::Misconfigured,
                "connection.base_url",
            ),
            (Exchange::response(429, ""), Verdict::Warning, "no more calls"),
            (Exchange::response(502, "<html>"), Verdict::Failing, "HTTP 502"),
            (
                Exchange::response(200, "{}"),
                Verdict::Failing,
                "nothing that can be read",
            ),
            (Exchange::TimedOut, Verdict::Failing, "timed out"),
            (
                Exchange::NotSent("cannot reach it".to_owned()),
                Verdict::Failing,
                "cannot reach it",
            ),
        ] {
            let told = format!("{exchange:?}");
            let transport = ScriptedTransport::new(move |_| exchange.clone());
            let world = TestWorld::new();
            let budget = Arc::new(CountingBudget::default());
            let logicboxes = LogicBoxes::new(
                settings("http://127.0.0.1:1/api"),
                transport.clone(),
                budget,
                world.clone(),
            )
            .unwrap();
            let found = logicboxes.examine(&|| world.now()).await;
            assert_eq!((found.len(), found[0].verdict), (1, verdict), "{told}: {found:?}");
            assert!(found[0].message.contains(words), "{told}: {found:?}");
            let query = transport.calls("/api/resellers/search.json")[0]
                .url
                .query()
                .unwrap()
                .to_owned();
            assert!(query.contains("reseller-id=4711"), "{query}");
        }
    }

    #[test]
    fn the_test_system_is_told_of() {
        let at = |base: &str| {
            let transport = ScriptedTransport::new(|_| Exchange::TimedOut);
            let budget = Arc::new(CountingBudget::default());
            LogicBoxes::new(settings(base), transport, budget, TestWorld::new())
                .unwrap()
                .test_system()
        };
        assert!(
            at("https://test.httpapi.com/api")
                .unwrap()
                .hint
                .contains("demo account")
        );
        assert_eq!(at("https://httpapi.com/api"), None);
    }
}
