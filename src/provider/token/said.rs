//! What a token service said, as far as all of them say the same (pure).

use secrecy::SecretString;
use url::Url;

use super::{Grant, TokenFailure};
use crate::domain::answer::RowError;
use crate::provider::transport::Exchange;

/// Reads the answer of the service at `asked`: `grant` the body of a success, `denial` status and body of a refusal.
/// Whatever is neither may be better the next time.
pub(in crate::provider) fn read(
    exchange: &Exchange,
    asked: &Url,
    grant: impl FnOnce(&[u8]) -> Option<Grant>,
    denial: impl FnOnce(u16, &[u8]) -> RowError,
) -> Result<Grant, TokenFailure> {
    let host = asked.host_str().unwrap_or("the token service");
    let unavailable = |what: String| Err(TokenFailure::Unavailable(format!("{host} {what}")));
    match exchange {
        Exchange::NotSent(why) => Err(TokenFailure::Unavailable(why.clone())),
        Exchange::TimedOut => unavailable("did not answer in time".to_owned()),
        Exchange::Broken(why) => unavailable(format!("broke the connection: {why}")),
        Exchange::BodyCut { head } | Exchange::BodyTooLong { head } => unavailable(format!(
            "answered HTTP {} with a body that cannot be read",
            head.status
        )),
        Exchange::Response { head, body } => match head.status {
            200..=299 => {
                grant(body).map_or_else(|| unavailable("gave no token that can be read".to_owned()), Ok)
            }
            status @ (408 | 429) => unavailable(format!("answered HTTP {status}")),
            status @ 400..=499 => Err(TokenFailure::Denied(denial(status, body))),
            status => unavailable(format!("answered HTTP {status}")),
        },
    }
}

/// A token's text, if it can stand in a header; any other would fail every call that follows.
pub(in crate::provider) fn bearer(text: String) -> Option<SecretString> {
    let sendable = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    sendable.then(|| text.into())
}
