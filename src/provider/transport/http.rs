//! The real transport: HTTP/1.1 over reqwest, with rustls.
//!
//! Every convenience that could send a request twice, or elsewhere, is off: no redirects, no proxy from the
//! environment, no retry policy. One repetition remains inside the HTTP library and is safe: a request that a reused
//! connection handed back *unstarted*, not a byte of it written.

use std::error::Error as _;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::ExposeSecret;

use super::held::{HeldBody, Lapsed};
use super::{Exchange, Head, HttpRequest, Method, RequestBody, Transport, clean};
use crate::provider::SettingError;

/// Limits of the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransportSettings {
    /// For name, connection and TLS together.
    pub connect_timeout: Duration,
    /// For a whole exchange. Longer than the provider's gateway waits (60 s, providers.md 2.10): an earlier cut throws
    /// away an answer that was on its way and makes one more unknown outcome.
    pub total_timeout: Duration,
    /// How long an idle connection is kept; shorter than the server keeps it, so that it seldom closes one under us.
    pub pool_idle: Duration,
    /// The longest body read.
    pub body_bytes_max: usize,
    /// Whether some address is `https`. If none is, a machine without root certificates will do.
    pub tls_needed: bool,
}

impl Default for TransportSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(75),
            pool_idle: Duration::from_secs(30),
            body_bytes_max: 1024 * 1024,
            tls_needed: true,
        }
    }
}

/// Sends over the network. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    client: reqwest::Client,
    body_bytes_max: usize,
}

impl HttpTransport {
    /// Makes the client, with the machine's root certificates.
    pub fn new(settings: &TransportSettings) -> Result<Self, SettingError> {
        // Fails only if one is installed already, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder()
            .user_agent(concat!("enlist/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.total_timeout)
            .pool_idle_timeout(settings.pool_idle)
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy();
        let builder = if settings.tls_needed {
            builder
        } else {
            builder.tls_certs_only([])
        };
        let client = builder.build().map_err(|error| {
            SettingError::new(
                "TLS",
                root_cause(&error),
                "install the system's root certificates (ca-certificates), or name them in SSL_CERT_FILE",
            )
        })?;
        Ok(Self {
            client,
            body_bytes_max: settings.body_bytes_max,
        })
    }

    fn build(&self, request: &HttpRequest) -> Result<reqwest::Request, String> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Patch => reqwest::Method::PATCH,
        };
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            headers.insert(
                *name,
                HeaderValue::from_str(value).map_err(|_| format!("header {name} is not sendable"))?,
            );
        }
        if let Some(token) = &request.bearer {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
                .map_err(|_| "the token is not sendable".to_owned())?;
            value.set_sensitive(true);
            headers.insert(reqwest::header::AUTHORIZATION, value);
        }
        let mut building = self.client.request(method, request.url.clone()).headers(headers);
        if !matches!(request.body, RequestBody::Empty) {
            let bytes = Bytes::copy_from_slice(request.body.bytes());
            building = match &request.held {
                Some(held) => building.body(reqwest::Body::wrap(HeldBody::new(bytes, held.clone()))),
                None => building.body(bytes),
            };
        }
        if let Some(timeout) = request.timeout {
            building = building.timeout(timeout);
        }
        building.build().map_err(|error| root_cause(&error.without_url()))
    }

    /// Reads the body in chunks, so that an endless one costs no more than its limit.
    async fn body(&self, mut response: reqwest::Response) -> Exchange {
        let head = head(&response);
        let too_long = |bytes: u64| usize::try_from(bytes).map_or(true, |bytes| bytes > self.body_bytes_max);
        if response.content_length().is_some_and(too_long) {
            return Exchange::BodyTooLong { head };
        }
        let mut body = BytesMut::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len().saturating_add(chunk.len()) > self.body_bytes_max => {
                    return Exchange::BodyTooLong { head };
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => {
                    return Exchange::Response {
                        head,
                        body: body.freeze(),
                    };
                }
                Err(_) => return Exchange::BodyCut { head },
            }
        }
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: HttpRequest) -> Exchange {
        let built = match self.build(&request) {
            Ok(built) => built,
            Err(why) => return Exchange::NotSent(why),
        };
        match self.client.execute(built).await {
            Ok(response) => self.body(response).await,
            Err(error) => failed(&error.without_url(), &request),
        }
    }
}

/// How far a request without a response got. What is not known to have stayed here counts as sent.
fn failed(error: &reqwest::Error, request: &HttpRequest) -> Exchange {
    if causes(error).any(|cause| cause.is::<Lapsed>()) {
        return Exchange::NotSent(Lapsed.to_string());
    }
    if error.is_builder() || error.is_connect() {
        let host = request.url.host_str().unwrap_or("the server");
        let port = request.url.port_or_known_default().unwrap_or_default();
        let cause = if error.is_timeout() {
            "no connection in time".to_owned()
        } else {
            root_cause(error)
        };
        return Exchange::NotSent(format!("cannot reach {host}:{port}: {cause}"));
    }
    if error.is_timeout() {
        Exchange::TimedOut
    } else {
        Exchange::Broken(root_cause(error))
    }
}

/// What lies behind an error, from the outside in.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |cause| (*cause).source())
}

/// The innermost cause, which is the one that says something (`Connection refused (os error 111)`).
fn root_cause(error: &reqwest::Error) -> String {
    let text = causes(error)
        .last()
        .map_or_else(|| error.to_string(), ToString::to_string);
    clean(&text, 200)
}

fn head(response: &reqwest::Response) -> Head {
    let text = |name: &str| {
        let value = response.headers().get(name)?.to_str().ok()?;
        Some(clean(value, 100))
    };
    Head {
        status: response.status().as_u16(),
        retry_after: text("retry-after"),
        rate_limit: text("x-ratelimit-limit"),
        rate_limit_period: text("x-ratelimit-period"),
        request_id: text("x-request-id"),
        content_type: text("content-type"),
        date: text("date"),
    }
}

#[cfg(test)]
mod tests;
