//! An attempt: one HTTP exchange (or one look-up's exchanges) of a task, kept for the row's history.

use serde::{Deserialize, Serialize};

use super::ids::{CorrelationId, RequestId};
use super::time::Timestamp;

/// What the call was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallKind {
    /// Makes or changes an account.
    Submit,
    /// Finds out whether an account exists.
    LookUp,
    /// Looks at an account's status.
    Poll,
}

impl CallKind {
    /// The word in history and summaries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::LookUp => "look_up",
            Self::Poll => "poll",
        }
    }
}

/// One exchange as it went. Holds no payload, no credential, no personal datum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// What it was for.
    pub kind: CallKind,
    /// When it left.
    pub at: Timestamp,
    /// From leaving to the answer, or to giving up, in milliseconds.
    pub took_ms: u64,
    /// The id sent as `X-Correlation-Id`.
    pub correlation_id: CorrelationId,
    /// The id sent as `X-Request-Id`, of the last exchange where there were several.
    pub request_id: RequestId,
    /// The HTTP status code, if one came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<u16>,
    /// What the answer was taken for, in a word or two: `created`, `timed out`, `throttled`.
    pub read_as: String,
    /// The provider's own code, if it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// HTTP exchanges made; more than one for a look-up over several pages.
    pub exchanges: u32,
}
