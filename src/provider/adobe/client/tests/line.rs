//! Over a real line: what a server on loopback sees.

use std::collections::HashSet;
use std::sync::Mutex;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::IntoResponse;
use serde_json::json;

use super::*;
use crate::domain::ids::RowKey;
use crate::provider::testing::Log;
use crate::provider::transport::{HttpTransport, TransportSettings};

/// As a server saw it: method and address, header, body.
type Seen = Arc<Mutex<Vec<(String, axum::http::HeaderMap, String)>>>;

/// A provider on loopback that grants tokens, creates, and lists nothing.
async fn provider() -> (String, Seen) {
    let seen = Seen::default();
    let log = seen.clone();
    let serve = move |request: Request| {
        let log = log.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = String::from_utf8(to_bytes(body, 10_000).await.unwrap().to_vec()).unwrap();
            let line = format!("{} {}", head.method, head.uri);
            let answer = match (line.as_str(), head.uri.path()) {
                (_, TOKEN_PATH) => (200, r#"{"access_token":"t0ken","expires_in":86399}"#.to_owned()),
                ("POST /v3/resellers", _) => (201, CREATED.to_owned()),
                (_, "/v3/resellers") => (200, json!({ "totalCount": 0, "accounts": [] }).to_string()),
                _ => (200, CREATED.to_owned()),
            };
            log.lock().unwrap().push((line, head.headers, body));
            (
                axum::http::StatusCode::from_u16(answer.0).unwrap(),
                [("x-request-id", "theirs-1")],
                answer.1,
            )
                .into_response()
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(serve)).await });
    (base, seen)
}

fn over_loopback(base: &str) -> Arc<Adobe> {
    let transport = HttpTransport::new(&TransportSettings {
        tls_needed: false,
        ..TransportSettings::default()
    });
    let budget = Arc::new(CountingBudget::default());
    Arc::new(
        Adobe::new(
            settings(base),
            Arc::new(transport.unwrap()),
            budget,
            TestWorld::new(),
        )
        .unwrap(),
    )
}

#[tokio::test]
async fn every_call_on_the_line() {
    let (log, _guard) = Log::capture();
    let (base, seen) = provider().await;
    let adobe = over_loopback(&base);
    let created = adobe.submit(&submit()).await;
    assert!(
        matches!(created.answer, Answer::Answered(Answered::Account(_))),
        "{created:?}"
    );
    assert_eq!(
        (created.correlation_id, created.http, created.exchanges),
        (intent(), Some(201), 1)
    );
    assert!(matches!(
        adobe.poll(&account()).await.answer,
        Answer::Answered(Answered::Account(_))
    ));
    let key = RowKey::new("888").unwrap();
    let sought = adobe
        .look_up(&LookUpCall {
            key,
            payload: PAYLOAD.into(),
            sent_after: NOON,
            any_age: false,
        })
        .await;
    assert_eq!(
        (sought.answer, sought.exchanges),
        (Answer::Answered(Answered::NotFound), 3)
    );
    assert!(adobe.list_pending(50).await.unwrap().answered);

    let seen = seen.lock().unwrap();
    let lines: Vec<_> = seen.iter().map(|(line, _, _)| line.as_str()).collect();
    let name =
        "company-name=A%26B%20%2B%20%22C%22%20%EF%BC%86&sort-by=creationDate&order-by=desc&limit=50&offset=0";
    assert_eq!(
        lines,
        [
            "POST /ims/token/v3",
            "POST /v3/resellers",
            "GET /v3/resellers/5556667778",
            &format!("GET /v3/resellers?status=1002&{name}"),
            &format!("GET /v3/resellers?status=1000&{name}"),
            &format!("GET /v3/resellers?status=1004&{name}"),
            "GET /v3/resellers?status=1002&sort-by=creationDate&order-by=asc&limit=50&offset=50",
        ]
    );
    assert_eq!(seen[1].2, PAYLOAD);
    let mut met = HashSet::new();
    for (line, headers, _) in &seen[1..] {
        for (name, value) in [
            ("accept", "application/json"),
            ("content-type", "application/json"),
            ("authorization", "Bearer t0ken"),
            ("x-api-key", "client-7"),
        ] {
            assert_eq!(headers[name], value, "{line}");
        }
        assert!(met.insert(headers["x-request-id"].clone()), "a request id twice");
        assert!(
            met.insert(headers["x-correlation-id"].clone()),
            "a correlation id twice"
        );
    }
    assert_eq!(seen[1].1["x-correlation-id"], intent().to_string().as_str());

    let log = log.text();
    assert!(
        log.contains("answer_request_id=\"theirs-1\"") && log.contains(&intent().to_string()),
        "{log}"
    );
    for kept in ["s3cret", "t0ken", "A&B", "A%26B", "888"] {
        assert!(!log.contains(kept), "{kept} in {log}");
        assert!(!format!("{adobe:?}").contains(kept));
    }
}

#[tokio::test]
async fn sixty_four_first_calls_need_one_token() {
    let (base, seen) = provider().await;
    let adobe = over_loopback(&base);
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let adobe = Arc::clone(&adobe);
            tokio::spawn(async move { adobe.submit(&submit()).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().http, Some(201));
    }
    let tokens = seen
        .lock()
        .unwrap()
        .iter()
        .filter(|(line, _, _)| line.ends_with(TOKEN_PATH))
        .count();
    assert_eq!(tokens, 1);
}
