//! What came back from a provider, classified. An answer is a value, never an `Err`.
//!
//! Three kinds, because the idempotency rules need exactly these three (docs/states.md): *answered* closes
//! the intent, *refused* and *silent* keep its correlation id.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::{AccountId, StatusCode};

/// What came back for one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The provider's service decided.
    Answered(Answered),
    /// A gateway said no before the service saw the request; nothing was done under the id by this send.
    Refused(Refused),
    /// No answer that can be trusted: anything may have happened.
    Silent(Silence),
    /// The request never left (DNS, connection refused, TLS, no token): certainly nothing happened.
    NotSent(String),
    /// The budget gave no leave in time, or the program is stopping: nothing was tried, the task goes back as it was.
    NoLeave,
}

impl Answer {
    /// Whether a submit was told that its row is wrong, an update that there is no account for it included; `None` when that
    /// was not decided.
    pub const fn refused_row(&self) -> Option<bool> {
        match self {
            Self::Answered(Answered::Rejected(_) | Answered::NotFound) => Some(true),
            Self::Answered(Answered::Account(_) | Answered::Unchanged(_) | Answered::Updated { .. }) => {
                Some(false)
            }
            _ => None,
        }
    }
}

/// What the provider's service decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answered {
    /// The account exists with this status: the answer to a create, a poll, or a look-up that found it.
    Account(AccountSeen),
    /// A create was told that there is such an account already, without its id: all that must be unique is taken (Metallic),
    /// or the name it is known by is (LogicBoxes `AlreadyReseller`).
    Taken(RowError),
    /// An update found the account as the record says: nothing was sent.
    Unchanged(AccountSeen),
    /// An update was carried out, or nothing is left of it to send but what the provider is known to keep.
    Updated {
        /// The account.
        seen: AccountSeen,
        /// What the provider kept otherwise than it was sent, one error a field.
        drift: Vec<RowError>,
    },
    /// The account cannot be updated yet: it has not settled (Adobe 1125).
    NotYet(AccountSeen),
    /// A look-up found nothing that could be ours. To an update: there is no account to update.
    NotFound,
    /// A poll was told that the account is not known (Adobe 1115).
    Missing,
    /// This row is wrong, and why.
    Rejected(Vec<RowError>),
    /// The service failed and said so: the account may or may not exist, and the id is spent (Adobe 1124).
    Ambiguous(RowError),
    /// The job is wrong, not the row: a bad distributor, an unknown field (Adobe 1114, 1121). Stops the batch.
    Misfit(RowError),
}

/// An account as the provider showed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSeen {
    /// The provider's id.
    pub account: AccountId,
    /// The status code as it stood.
    pub status: StatusCode,
    /// What that code means.
    pub meaning: Meaning,
    /// What it has otherwise than it was sent, one error a field, each with the code [`KEPT`]; known of accounts that are
    /// usable, where what was sent is at hand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<RowError>,
}

/// The code of what a provider keeps otherwise than it was sent, without a word.
pub const KEPT: &str = "kept";

/// What an account status means to us. A closed list: what is not known is never taken for success or for
/// pending-for-ever (providers.md 2.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Meaning {
    /// Not settled yet.
    Pending,
    /// Settled, usable.
    Active,
    /// Settled, not usable.
    Inactive(InactiveReason),
    /// Made, and waits for a person at the provider, perhaps for months (LogicBoxes, providers.md 3.5). Not looked at again.
    Awaiting,
    /// A code that is not in the contract.
    Unrecognised,
}

/// Why an account is inactive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum InactiveReason {
    /// No finer reason given (Adobe 1004).
    Unspecified,
    /// The address was found invalid (Adobe 1010).
    InvalidAddress,
    /// The account was blocked (Adobe 1012).
    Blocked,
}

/// Why a gateway refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refused {
    /// Too many calls: everybody waits, no retry budget is spent.
    Throttled {
        /// How long the provider asked to wait, if it said.
        retry_after: Option<Duration>,
    },
    /// The token was stale; it has been renewed, the same call goes again at once.
    TokenStale,
    /// The credentials do not open the door (revoked key, blocked address): the batch pauses, no row fails.
    Denied(RowError),
    /// No service answers at this address (a gateway's 404): the job is probably wrong, and the batch pauses.
    WrongAddress(RowError),
    /// The provider refused our ids, not the row (Adobe 4120): the same intent goes again with a new request id.
    IdsRefused(RowError),
}

/// Why nothing is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Silence {
    /// No response within the limit.
    TimedOut,
    /// The connection broke after the request may have been sent.
    Broken(String),
    /// 502, 503, 504 or another gateway's answer in the service's place.
    Gateway {
        /// The HTTP status code.
        http: u16,
        /// The wait it asked for, if any.
        retry_after: Option<Duration>,
    },
    /// A body that is cut or is not what the contract says.
    Unreadable {
        /// The HTTP status code.
        http: u16,
    },
    /// The provider is still working on an earlier send of the same id (Adobe 4122).
    Busy,
    /// The lease ran out: the worker that had the task said nothing more.
    Abandoned,
}

/// Something wrong with a row, in the provider's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowError {
    /// The provider's code, `1117`.
    pub code: String,
    /// The provider's field path, `companyProfile.address.postalCode`; empty when none was named.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// The provider's message.
    pub message: String,
}

impl RowError {
    /// An error without a field.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            field: String::new(),
            message: message.into(),
        }
    }
}
