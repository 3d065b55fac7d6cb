//! Over a real line: what a server on loopback sees, and what is logged and traced of it.

use std::sync::Mutex;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;

use super::*;
use crate::provider::testing::Log;
use crate::provider::transport::{HttpTransport, TransportSettings, WatchedTransport};
use crate::telemetry::metrics::Metrics;

/// As a server saw it: method and address, content type, body.
type Seen = Arc<Mutex<Vec<(String, String, String)>>>;

/// A provider on loopback that signs up, finds nothing, and shows what nobody may see.
async fn provider() -> (String, Seen) {
    let seen = Seen::default();
    let log = seen.clone();
    let serve = move |request: Request| {
        let log = log.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = String::from_utf8(to_bytes(body, 10_000).await.unwrap().to_vec()).unwrap();
            let content_type = head
                .headers
                .get("content-type")
                .map_or("", |value| value.to_str().unwrap());
            let path = head.uri.path();
            let answer = if path.ends_with("signup.json") {
                MADE
            } else if path.ends_with("search.json") {
                r#"{"recsonpage":"0","recsindb":"0"}"#
            } else {
                r#"{"resellerid":"7","resellerstatus":"Active","username":"c4nary@mouse.com","password":"c4nary","pin":"c4nary"}"#
            };
            let line = format!("{} {}", head.method, head.uri);
            log.lock().unwrap().push((line, content_type.to_owned(), body));
            answer
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/api", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(serve)).await });
    (base, seen)
}

fn over_loopback(base: &str, credentials_in: CredentialsIn) -> LogicBoxes {
    let transport = HttpTransport::new(&TransportSettings {
        tls_needed: false,
        ..TransportSettings::default()
    });
    let world = TestWorld::new();
    let metrics = Arc::new(Metrics::off());
    let watched = WatchedTransport::new(Arc::new(transport.unwrap()), metrics, world.clone());
    let settings = LogicBoxesSettings {
        credentials_in,
        ..settings(base)
    };
    LogicBoxes::new(
        settings,
        Arc::new(watched),
        Arc::new(CountingBudget::default()),
        world,
    )
    .unwrap()
}

#[tokio::test]
async fn every_call_on_the_line_and_nothing_secret_in_the_log() {
    let (log, _guard) = Log::capture();
    let (base, seen) = provider().await;
    let known = "auth-userid=4711&api-key=k3y-k3y";
    for place in [CredentialsIn::Body, CredentialsIn::Query] {
        let logicboxes = over_loopback(&base, place);
        let call = LookUpCall {
            key: RowKey::new("R-1").unwrap(),
            payload: PAYLOAD.into(),
            sent_after: NOON,
            any_age: false,
        };
        assert_eq!(
            logicboxes.look_up(&call).await.answer,
            Answer::Answered(Answered::NotFound)
        );
        assert_eq!(logicboxes.submit(&submit()).await.http, Some(200));
        let shown = logicboxes.poll(&account()).await;
        assert!(
            !format!("{shown:?} {logicboxes:?}").contains("c4nary"),
            "{shown:?}"
        );

        let seen = std::mem::take(&mut *seen.lock().unwrap());
        let lines: Vec<&str> = seen.iter().map(|(line, _, _)| line.as_str()).collect();
        let since = NOON.as_ms() / 1000 - 600;
        let (query, body) = match place {
            CredentialsIn::Body => (String::new(), format!("{known}&{PAYLOAD}")),
            CredentialsIn::Query => (format!("?{known}"), PAYLOAD.to_owned()),
        };
        assert_eq!(
            lines,
            [
                &format!(
                    "GET {SEARCH}?no-of-records=50&page-no=1&username=Mickey%2Br%40mouse.com&creation-date-start={since}&{known}"
                ),
                &format!("POST {SIGNUP}{query}"),
                &format!("GET {DETAILS}?reseller-id=7&{known}"),
            ]
        );
        assert_eq!(
            (seen[1].1.as_str(), &seen[1].2),
            ("application/x-www-form-urlencoded", &body)
        );
    }
    let log = log.text();
    assert!(
        log.contains("auth-userid=…&api-key=…") && log.contains(&intent().to_string()),
        "{log}"
    );
    for secret in ["k3y", "4711", "Abcdef1", "c4nary", "ickey"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
