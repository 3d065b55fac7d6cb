//! One HTTP exchange: what goes out, what comes back, and above all how far it got.
//!
//! The idempotency rules rest on one distinction: a request that *never left* is repeated freely, one that *may have
//! been sent* is not. So an exchange is a value that says which ([`Exchange`]), not a success or an error.

pub mod address;
mod date;
mod held;
pub mod http;
pub mod rate_limit;
pub mod retry_after;
mod watched;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub use held::Held;
pub use http::{HttpTransport, TransportSettings};
pub use watched::WatchedTransport;

/// Sends requests. The program uses [`HttpTransport`]; simulations put their own behind this.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Makes one exchange. Never repeats a request that may have reached the server.
    async fn send(&self, request: HttpRequest) -> Exchange;
}

/// The method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Makes something.
    Post,
    /// Changes something.
    Patch,
}

impl Method {
    /// As it stands on the line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
        }
    }
}

/// The body of a request.
#[derive(Clone)]
pub enum RequestBody {
    /// None.
    Empty,
    /// A JSON document, sent as it stands.
    Json(Arc<str>),
    /// An encoded form that holds a secret.
    SecretForm(SecretString),
    /// A JSON document that holds a secret.
    SecretJson(SecretString),
}

impl RequestBody {
    /// The bytes as sent. May hold a secret or personal data: for the line only.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Empty => &[],
            Self::Json(text) => text.as_bytes(),
            Self::SecretForm(text) | Self::SecretJson(text) => text.expose_secret().as_bytes(),
        }
    }
}

/// A request. Its `Debug` shows neither secrets nor personal data: no header values, no query, no body.
#[derive(Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// The headers, names in lower case, without `authorization`.
    pub headers: Vec<(&'static str, String)>,
    /// The bearer token for `authorization`, if one is sent.
    pub bearer: Option<SecretString>,
    /// The body.
    pub body: RequestBody,
    /// How long the whole exchange may take, if less than the transport's own limit.
    pub timeout: Option<Duration>,
    /// Until when it may leave, if not for ever. Looked at when its body is written; one without a body leaves at once.
    pub held: Option<Held>,
}

impl HttpRequest {
    /// The value of a header (name in lower case), other than `authorization`.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .field("path", &self.url.path())
            .field(
                "headers",
                &self.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            )
            .field("body_bytes", &self.body.bytes().len())
            .finish_non_exhaustive()
    }
}

/// The part of a response before its body, as far as anything here reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The HTTP status code.
    pub status: u16,
    /// `Retry-After` as it stood; [`Head::wait`] reads it.
    pub retry_after: Option<String>,
    /// `X-RateLimit-Limit` as it stood: how many calls fit (providers.md 4.1).
    pub rate_limit: Option<String>,
    /// `X-RateLimit-Period` as it stood: into what span; [`Head::rate_limit_period`] reads it.
    pub rate_limit_period: Option<String>,
    /// `X-Request-Id`, which the provider's support asks for (providers.md 2.3).
    pub request_id: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Date`: the server's clock, as it stood; [`Head::time`] reads it.
    pub date: Option<String>,
}

impl Head {
    /// A head with nothing but a status code.
    pub fn of(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }
}

/// How an exchange went. The kinds before and after the request's leaving never mix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// A whole response.
    Response {
        /// Status code and headers.
        head: Head,
        /// The body, all of it.
        body: Bytes,
    },
    /// The request certainly never left: no address, connection refused, no TLS, not a valid request. Says why.
    NotSent(String),
    /// No response within the limit; the request may have been carried out.
    TimedOut,
    /// The connection ended before a response head; the request may have been carried out. Says why.
    Broken(String),
    /// The response ended, or the time did, before its body was whole.
    BodyCut {
        /// Status code and headers.
        head: Head,
    },
    /// The response's body is longer than any the contract knows.
    BodyTooLong {
        /// Status code and headers.
        head: Head,
    },
}

impl AsRef<Self> for Exchange {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Exchange {
    /// A whole response with this status code and body, and no header of note.
    pub fn response(status: u16, body: impl Into<Bytes>) -> Self {
        Self::Response {
            head: Head::of(status),
            body: body.into(),
        }
    }

    /// Status code and headers, if any came.
    pub const fn head(&self) -> Option<&Head> {
        match self {
            Self::Response { head, .. } | Self::BodyCut { head } | Self::BodyTooLong { head } => Some(head),
            Self::NotSent(_) | Self::TimedOut | Self::Broken(_) => None,
        }
    }

    /// The body if it came whole.
    pub const fn body(&self) -> Option<&Bytes> {
        match self {
            Self::Response { body, .. } => Some(body),
            _ => None,
        }
    }

    /// How it went in a word or two, for logs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Response { .. } => "response",
            Self::NotSent(_) => "not sent",
            Self::TimedOut => "timed out",
            Self::Broken(_) => "broken",
            Self::BodyCut { .. } => "body cut",
            Self::BodyTooLong { .. } => "body too long",
        }
    }
}

/// A foreign text made fit to keep and show: no control characters, at most `chars_max` characters.
pub fn clean(text: &str, chars_max: usize) -> String {
    text.trim()
        .chars()
        .take(chars_max)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// A foreign text that is no more than a code or an id, and so may be logged; `None` for anything that could be words.
pub fn plain(text: &str) -> Option<&str> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':');
    (text.len() <= 64 && text.bytes().all(is_plain)).then_some(text)
}
