//! What the engine asks of a provider's system, and what it hears back.

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::answer::Answer;
use crate::domain::ids::{AccountId, CorrelationId, RequestId, RowKey};
use crate::domain::time::Timestamp;
use crate::engine::lease::LeaseWatch;
use crate::world::World;

/// A provider's system: how to ask it for each step. Answers are classified values; there is no error.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Asks for the account.
    async fn submit(&self, call: &SubmitCall) -> Reply;

    /// Finds out whether the account asked for since `sent_after` exists. Answers `Account`, `NotFound` or neither.
    async fn look_up(&self, call: &LookUpCall) -> Reply;

    /// Looks at one account.
    async fn poll(&self, account: &AccountId) -> Reply;

    /// One page of the accounts that are still pending, oldest first; `None` if the provider cannot list.
    async fn list_pending(&self, offset: u64) -> Option<PendingPage>;
}

/// A request for an account.
#[derive(Clone, Debug)]
pub struct SubmitCall {
    /// Names the intent.
    pub correlation_id: CorrelationId,
    /// The request body.
    pub payload: Arc<str>,
    /// The lease of the task it is for. Nothing is sent once it may have run out: the answer is [`Answer::NoLeave`].
    pub lease: LeaseWatch,
}

/// A question whether an account exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookUpCall {
    /// The row's key, which the provider keeps as its external reference.
    pub key: RowKey,
    /// The request body that was sent.
    pub payload: Arc<str>,
    /// No account made before this is ours.
    pub sent_after: Timestamp,
}

/// What came back, and how it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The classified answer.
    pub answer: Answer,
    /// The `X-Correlation-Id` sent: the intent's for a submit, a fresh one for reads.
    pub correlation_id: CorrelationId,
    /// The `X-Request-Id` of the last exchange.
    pub request_id: RequestId,
    /// The HTTP status code of the last exchange, if one came.
    pub http: Option<u16>,
    /// The provider's own code, if it gave one.
    pub code: Option<String>,
    /// HTTP exchanges made.
    pub exchanges: u32,
}

impl Reply {
    /// The reply to a poll that the list of pending accounts answered.
    pub fn of_list(answer: Answer, exchanges: u32, world: &dyn World) -> Self {
        Self {
            answer,
            correlation_id: CorrelationId::fresh(world.dice()),
            request_id: RequestId::fresh(world.dice()),
            http: Some(200),
            code: None,
            exchanges,
        }
    }
}

/// One page of pending accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingPage {
    /// The accounts on it; empty with `answered == false` when the call failed.
    pub accounts: Vec<AccountId>,
    /// All pending accounts at the provider, ours and others'.
    pub total: u64,
    /// Whether the provider answered. If not, single looks take over.
    pub answered: bool,
}
