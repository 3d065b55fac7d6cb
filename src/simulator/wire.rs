//! What a brain is told and what it says: HTTP without a socket.

use std::time::Duration;

/// A request as it arrived, whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `POST`, in capitals.
    pub method: String,
    /// The path without the query, `/v3/resellers`.
    pub path: String,
    /// The query without the question mark; empty when there is none.
    pub query: String,
    /// Names and values, in any case and order.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers and body. `target` is the path, with a query if it has one.
    pub fn new(method: &str, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            ..Self::default()
        }
    }

    /// This request with one header more.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// This request with a body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The first value of a header, trimmed; names compare without regard to case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    /// The first value of a query parameter, decoded.
    pub fn query_value(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status code.
    pub status: u16,
    /// Names and values. `Content-Length` is the shell's business.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// How long after the request arrived the answer leaves.
    pub delay: Duration,
    /// Close the connection a moment after the answer, without having said so: the next request on it may be lost.
    pub close_after: bool,
    /// For [`super::Brain::lost`], should this answer not reach its caller; `None` when nobody keeps count.
    pub receipt: Option<Receipt>,
}

impl Reply {
    /// An answer with a JSON body.
    pub fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::typed(status, "application/json;charset=UTF-8", body)
    }

    /// An answer with a body of the given content type.
    pub fn typed(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
        Self {
            status,
            headers,
            body: body.into(),
            ..Self::default()
        }
    }

    /// This answer with one header more.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// Names one delivery of one answer to the brain that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Receipt(pub(crate) u128);

/// What the network does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The answer arrives, after its delay.
    Respond(Reply),
    /// The connection is closed without a byte.
    Drop,
    /// The headers and the first `bytes` of the body arrive, then the connection is closed.
    Truncate {
        /// The answer as it was meant; its headers promise all of it.
        reply: Reply,
        /// How much of the body is sent; less than all of it.
        bytes: usize,
    },
    /// Nothing is sent, and the connection stays open for so long.
    Hang(Duration),
}

impl Delivery {
    /// The answer if it arrives whole.
    pub fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Respond(reply) => Some(reply),
            Self::Drop | Self::Truncate { .. } | Self::Hang(_) => None,
        }
    }
}
