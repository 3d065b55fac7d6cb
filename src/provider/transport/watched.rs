//! Every exchange measured and traced, as OpenTelemetry's conventions for HTTP clients have it. What was sent and what
//! came back are not looked at, but for ids and the status code.

use std::sync::Arc;

use async_trait::async_trait;
use tracing::{Instrument as _, Span};

use super::{Exchange, HttpRequest, Transport};
use crate::telemetry::metrics::{HttpExchange, Metrics};
use crate::telemetry::redact_url;
use crate::world::World;

/// A transport, watched.
pub struct WatchedTransport {
    transport: Arc<dyn Transport>,
    metrics: Arc<Metrics>,
    world: Arc<dyn World>,
}

impl WatchedTransport {
    /// `transport`, watched.
    pub fn new(transport: Arc<dyn Transport>, metrics: Arc<Metrics>, world: Arc<dyn World>) -> Self {
        Self {
            transport,
            metrics,
            world,
        }
    }
}

#[async_trait]
impl Transport for WatchedTransport {
    async fn send(&self, request: HttpRequest) -> Exchange {
        let span = span(&request);
        let (method, url) = (request.method.as_str(), request.url.clone());
        let began = self.world.stopwatch();
        let exchange = self.transport.send(request).instrument(span.clone()).await;
        let took = self.world.stopwatch().saturating_sub(began);
        let told = HttpExchange {
            method,
            host: url.host_str().unwrap_or_default(),
            port: url.port_or_known_default().unwrap_or_default(),
            status: exchange.head().map(|head| head.status),
            broken: broken(&exchange),
        };
        self.metrics.exchanged(&told, took);
        if !span.is_disabled() {
            tell(&span, &told);
        }
        exchange
    }
}

/// A span for whoever traces. No trace context goes to the provider: it is nobody's business there.
fn span(request: &HttpRequest) -> Span {
    tracing::debug_span!(
        "exchange",
        otel.name = request.method.as_str(),
        otel.kind = "client",
        otel.status_code = tracing::field::Empty,
        http.request.method = request.method.as_str(),
        url.full = redact_url(request.url.as_str()),
        server.address = request.url.host_str(),
        server.port = request.url.port_or_known_default(),
        http.response.status_code = tracing::field::Empty,
        error.type = tracing::field::Empty,
        correlation_id = request.header("x-correlation-id"),
        request_id = request.header("x-request-id"),
    )
}

fn tell(span: &Span, exchange: &HttpExchange<'_>) {
    if let Some(status) = exchange.status {
        span.record("http.response.status_code", status);
    }
    if let Some(error) = exchange.error_type() {
        span.record("error.type", error);
        span.record("otel.status_code", "error");
    }
}

/// What went wrong with an exchange whose response did not come whole.
const fn broken(exchange: &Exchange) -> Option<&'static str> {
    match exchange {
        Exchange::Response { .. } => None,
        Exchange::NotSent(_) => Some("not_sent"),
        Exchange::TimedOut => Some("timeout"),
        Exchange::Broken(_) => Some("broken"),
        Exchange::BodyCut { .. } => Some("body_cut"),
        Exchange::BodyTooLong { .. } => Some("body_too_long"),
    }
}
