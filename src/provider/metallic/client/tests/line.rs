//! Over a real line: what a server on loopback sees, and what a look at it finds.

use std::sync::Mutex;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::IntoResponse;

use super::*;
use crate::domain::diagnosis::Verdict;
use crate::provider::testing::Log;
use crate::provider::transport::{HttpTransport, TransportSettings};

/// As a server saw it: method and address, header, body.
type Seen = Arc<Mutex<Vec<(String, axum::http::HeaderMap, String)>>>;

/// A provider on loopback that lets in whoever has the password.
async fn provider() -> (String, Seen) {
    let seen = Seen::default();
    let log = seen.clone();
    let serve = move |request: Request| {
        let log = log.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = String::from_utf8(to_bytes(body, 10_000).await.unwrap().to_vec()).unwrap();
            let line = format!("{} {}", head.method, head.uri);
            let (status, answer) = match head.uri.path() {
                TOKEN_PATH if body.contains("s3cret") => (200, r#"{"data":{"authToken":"t0ken"}}"#),
                TOKEN_PATH => (401, r#"{"error":{"code":401,"message":"no"}}"#),
                "/" => (404, "nothing here"),
                RESELLERS_PATH => (201, CREATED),
                _ => (200, CREATED),
            };
            log.lock().unwrap().push((line, head.headers, body));
            let status = axum::http::StatusCode::from_u16(status).unwrap();
            (status, [("date", "Sat, 02 May 2026 22:49:52 GMT")], answer).into_response()
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(serve)).await });
    (base, seen)
}

fn over_loopback(settings: MetallicSettings) -> Metallic {
    let transport = HttpTransport::new(&TransportSettings {
        tls_needed: false,
        ..TransportSettings::default()
    });
    let budget = Arc::new(CountingBudget::default());
    Metallic::new(settings, Arc::new(transport.unwrap()), budget, TestWorld::new()).unwrap()
}

#[tokio::test]
async fn every_call_on_the_line() {
    let (log, _guard) = Log::capture();
    let (base, seen) = provider().await;
    let metallic = over_loopback(settings(&base));
    assert_eq!(metallic.submit(&submit()).await.http, Some(201));
    assert!(matches!(
        metallic.poll(&account()).await.answer,
        Answer::Answered(Answered::Account(_))
    ));
    let seen = seen.lock().unwrap();
    let lines: Vec<_> = seen.iter().map(|(line, _, _)| line.as_str()).collect();
    assert_eq!(
        lines,
        [
            "POST /api/v1/authenticate",
            "POST /api/v1/partner/resellers",
            &format!("GET /api/v1/partner/resellers/{ID}"),
        ]
    );
    assert_eq!(seen[0].2, r#"{"username":"enlist-7","password":"s3cret"}"#);
    assert_eq!(seen[1].2, PAYLOAD);
    assert_eq!(seen[2].2, "");
    for (line, headers, _) in &seen[..2] {
        assert_eq!(headers["content-type"], "application/json", "{line}");
    }
    for (line, headers, _) in &seen[1..] {
        assert_eq!(headers["authorization"], "Bearer t0ken", "{line}");
    }
    assert_eq!(seen[1].1["x-correlation-id"], intent().to_string().as_str());
    let shown = format!("{metallic:?} {}", log.text());
    assert!(shown.contains(&intent().to_string()), "{shown}");
    for kept in ["s3cret", "enlist-7", "t0ken", "A&B", "R-17"] {
        assert!(!shown.contains(kept), "{kept} in {shown}");
    }
}

#[tokio::test]
async fn a_look_at_the_provider() {
    let (base, seen) = provider().await;
    let examined = async |settings| {
        let found = over_loopback(settings).examine(&|| NOON).await;
        let told: Vec<_> = found
            .iter()
            .map(|found| (found.part.clone(), found.verdict))
            .collect();
        told
    };
    let part = |part: &str, verdict| (part.to_owned(), verdict);
    let fine = [
        part("provider", Verdict::Ok),
        part("provider's clock", Verdict::Ok),
        part("token", Verdict::Ok),
    ];
    assert_eq!(examined(settings(&base)).await, fine);
    assert!(
        seen.lock().unwrap()[0].1.get("authorization").is_none(),
        "the front door is shown no credentials"
    );
    let mut stranger = settings(&base);
    stranger.password = "other".to_owned().into();
    let found = examined(stranger).await;
    assert_eq!(found[2], part("token", Verdict::Misconfigured));
    let away = examined(settings("http://127.0.0.1:1")).await;
    assert_eq!(away, [part("provider", Verdict::Failing)]);
}
