//! How telemetry is sent to a collector: over the HTTP library and the TLS that are there already, with a limit, and
//! with one word when it cannot be sent. Never a reason for anything else to wait.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::BytesMut;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;

/// For name, connection and TLS together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest answer that is read.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Posts from the exporters' own threads, on this program's runtime.
#[derive(Clone, Debug)]
pub(super) struct Post {
    client: reqwest::Client,
    runtime: Handle,
    failing: Arc<AtomicBool>,
}

impl Post {
    /// A client for exchanges of at most `timeout`. `tls_needed` says whether some collector is `https`: if none is, a
    /// machine without root certificates will do.
    pub(super) fn new(timeout: Duration, tls_needed: bool) -> Result<Self, String> {
        // Fails only if one is installed already, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder()
            .user_agent(concat!("enlist/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy();
        let builder = if tls_needed {
            builder
        } else {
            builder.tls_certs_only([])
        };
        Ok(Self {
            client: builder.build().map_err(|error| cause(&error))?,
            runtime: Handle::try_current().map_err(|error| error.to_string())?,
            failing: Arc::default(),
        })
    }

    /// Says once that nothing gets through, and once that it does again.
    fn tell(&self, failed: Option<&str>) {
        let failing = failed.is_some();
        if self.failing.swap(failing, Ordering::Relaxed) == failing {
            return;
        }
        match failed {
            Some(why) => tracing::warn!(
                why,
                "the telemetry collector does not take what is sent; it is dropped, the work goes on; \
                 hint: see OTEL_EXPORTER_OTLP_ENDPOINT"
            ),
            None => tracing::info!("the telemetry collector takes what is sent again"),
        }
    }
}

#[async_trait]
impl HttpClient for Post {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        // Built so that a password in the address goes into a header: libraries log addresses.
        let request = self.client.request(head.method, head.uri.to_string());
        let request = request.headers(head.headers).body(body);
        let sent = self.runtime.spawn(async move {
            let mut response = request.send().await.map_err(|error| cause(&error))?;
            let status = response.status();
            let retry_after = response.headers().get("retry-after").cloned();
            let mut body = BytesMut::new();
            while let Some(chunk) = response.chunk().await.map_err(|error| cause(&error))? {
                if body.len().saturating_add(chunk.len()) > BODY_BYTES_MAX {
                    return Err("its answer is too long".to_owned());
                }
                body.extend_from_slice(&chunk);
            }
            Ok((status, retry_after, body.freeze()))
        });
        let (status, retry_after, body) = match sent.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(why)) => {
                self.tell(Some(&why));
                return Err(why.into());
            }
            Err(error) => return Err(error.into()),
        };
        self.tell((!status.is_success()).then(|| status.as_str()));
        let mut response = Response::builder().status(status);
        if let Some(wait) = retry_after {
            response = response.header("retry-after", wait);
        }
        Ok(response.body(body)?)
    }
}

/// The innermost cause, which says something, and holds no address: one may have a password in it.
fn cause(error: &reqwest::Error) -> String {
    let mut inner = error.source();
    while let Some(next) = inner.and_then(std::error::Error::source) {
        inner = Some(next);
    }
    match inner {
        _ if error.is_timeout() => "no answer in time".to_owned(),
        Some(inner) => inner.to_string(),
        None => "the request cannot be made".to_owned(),
    }
}
