//! `/metrics`, `/healthz`, `/readyz`: what a process tells those who watch it. Nothing here is personal or secret, and
//! nobody is asked who he is.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::engine::watched::{Depths, Pulse};
use crate::telemetry::{EXPOSITION_TYPE, Exposition};

/// What is watched.
pub struct Watch {
    /// The numbers.
    pub exposition: Exposition,
    /// Whether the process works.
    pub pulse: Arc<Pulse>,
    /// Whether its ledger answers, and what it holds.
    pub depths: Arc<Depths>,
}

/// The three addresses.
///
/// * `/metrics`: all numbers, in Prometheus' format. Those of the ledger are at most a second old, and missing while it
///   does not answer.
/// * `/healthz`: 200 while the process is alive.
/// * `/readyz`: 200 while it works; 503 with the reason in one line while its ledger does not answer, its claims fail, or
///   it is stopping.
pub fn routes(watch: Watch) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .with_state(Arc::new(watch))
}

async fn metrics(State(watch): State<Arc<Watch>>) -> Response {
    // A ledger that does not answer is told by what is missing, and by /readyz.
    let _ = watch.depths.refresh().await;
    match watch.exposition.text() {
        Ok(text) => ([(CONTENT_TYPE, EXPOSITION_TYPE)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

async fn ready(State(watch): State<Arc<Watch>>) -> Response {
    let unready = match watch.pulse.unready() {
        Some(why) => Some(why),
        None => watch.depths.refresh().await.err(),
    };
    match unready {
        None => "ready\n".into_response(),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")).into_response(),
    }
}
