//! A task: one record's work, with all that was learned of it. Stored as it stands; changed by [`super::machine`] alone.

use std::fmt;

use serde::{Deserialize, Serialize};

pub use super::action::Action;
use super::answer::{InactiveReason, RowError};
use super::ids::{AccountId, CorrelationId, Digest, RowKey, Scope, StatusCode};
use super::time::Timestamp;

/// Where a task stands. `docs/states.md` has the drawing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Nothing under the current correlation id is unknown; next is a submit.
    Queued,
    /// A submit is on its way. Held in memory only: the ledger's lease on a queued or unknown task is what
    /// says it on disk, so that a crash here reads as silence.
    Submitting,
    /// A submit went unanswered; next is the same submit under the same id.
    Unknown,
    /// A look-up must say whether the account exists before anything is sent.
    Reconciling {
        /// Look-ups in a row that found nothing.
        misses: u8,
        /// What to do when nothing is found.
        then: Then,
    },
    /// The account exists; its status has not settled.
    Pending,
    /// Done.
    Settled(Outcome),
}

impl State {
    /// The state's word in reports and messages.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Queued => "Queued",
            Self::Submitting => "Submitting",
            Self::Unknown => "Unknown",
            Self::Reconciling { .. } => "Reconciling",
            Self::Pending => "Pending",
            Self::Settled(outcome) => outcome.as_str(),
        }
    }

    /// Whether no further step is due.
    pub const fn is_settled(&self) -> bool {
        matches!(self, Self::Settled(_))
    }
}

/// What follows when look-ups find no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Then {
    /// Send under a new generation.
    SendAgain,
    /// The same, even when the unknown send is older than the provider's memory: a person has looked.
    SendAnyway,
    /// Send for the first time.
    SendFirst,
    /// Settle as exhausted.
    GiveUp,
    /// Leave it to a person: the send is older than the provider's memory, and an account that has gone Inactive
    /// cannot be listed.
    Park,
}

/// How a task settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// The account is usable: the wanted end of a create.
    Active,
    /// The account says what the record says: the wanted end of an update.
    Updated,
    /// The account said so already; nothing was sent.
    Unchanged,
    /// The account exists and is not usable.
    Inactive(InactiveReason),
    /// The account is made and waits for a person at the provider to activate it.
    AwaitingActivation,
    /// The account exists and the provider does not tell its id.
    CreatedIdUnknown,
    /// The provider refused this row's data.
    Rejected,
    /// The deadline for polling passed; the account exists and may still settle. Can be resumed.
    StillPending,
    /// A person must look.
    Parked(ParkReason),
    /// Retries or their time are used up, and no account exists as far as can be known. Can be retried.
    Exhausted,
    /// The operator cancelled the batch before this task settled.
    Cancelled,
}

impl Outcome {
    /// The word in the report's `_outcome` column.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Updated => "Updated",
            Self::Unchanged => "Unchanged",
            Self::Inactive(_) => "Inactive",
            Self::AwaitingActivation => "AwaitingActivation",
            Self::CreatedIdUnknown => "CreatedIdUnknown",
            Self::Rejected => "Rejected",
            Self::StillPending => "StillPending",
            Self::Parked(_) => "Parked",
            Self::Exhausted => "Exhausted",
            Self::Cancelled => "Cancelled",
        }
    }

    /// Whether this is the state the user wanted.
    pub const fn is_wanted(self) -> bool {
        matches!(self, Self::Active | Self::Updated | Self::Unchanged)
    }
}

/// Why a person must look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ParkReason {
    /// The account has a status code that is not in the contract.
    UnknownStatus,
    /// A create's outcome could not be found out within the limits; the account may exist.
    UnknownOutcome,
    /// The provider no longer knows the account it made.
    AccountMissing,
}

/// How often things were done for a task under its present intent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tries {
    /// Submits that left, or may have left; over all generations.
    #[serde(skip_serializing_if = "is_default")]
    pub sends: u32,
    /// Submits that went unanswered since the last answer: the retry budget.
    #[serde(skip_serializing_if = "is_default")]
    pub silences: u32,
    /// Equal refusals in a row.
    #[serde(skip_serializing_if = "is_default")]
    pub refusals: u32,
    /// Calls in a row that never left.
    #[serde(skip_serializing_if = "is_default")]
    pub unsent: u32,
    /// Generations opened by ourselves since a person or a file last asked.
    #[serde(skip_serializing_if = "is_default")]
    pub generations: u32,
    /// Polls answered.
    #[serde(skip_serializing_if = "is_default")]
    pub polls: u32,
    /// Polls or look-ups in a row without an answer.
    #[serde(skip_serializing_if = "is_default")]
    pub read_failures: u32,
    /// Polls in a row that were told the account is not known.
    #[serde(skip_serializing_if = "is_default")]
    pub missing: u32,
}

/// One record's work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Where it stands.
    pub state: State,
    /// What is asked.
    pub action: Action,
    /// Digest of the payload in force.
    pub payload: Digest,
    /// How many intents were closed by an answer before this one; part of the correlation id.
    #[serde(default, skip_serializing_if = "is_default")]
    pub generation: u32,
    /// When the next step is due.
    pub due_at: Timestamp,
    /// The first send under the current correlation id that may have reached the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_sent_at: Option<Timestamp>,
    /// Whether some send under the current correlation id has an unknown outcome. While it is so the id does not change.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unknown: bool,
    /// Until then a send that went unanswered may still be at work at the provider, so that a look-up which finds nothing
    /// says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_at: Option<Timestamp>,
    /// Start of the retry deadline: the first send since the task was queued, fed or retried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trying_since: Option<Timestamp>,
    /// Start of the poll deadline: the first poll since the account was found pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polling_since: Option<Timestamp>,
    /// When the provider said that the account exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When the task settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<Timestamp>,
    /// The provider's id of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The provider's status code as last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusCode>,
    /// Changed data fed while the outcome was unknown: what to send if it turns out that no account exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staged: Option<Digest>,
    /// The account was looked for before the first send, and was not there.
    #[serde(default, skip_serializing_if = "is_default")]
    pub looked: bool,
    /// The account was there before anything was sent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub existed: bool,
    /// The account exists and the file now says something else; an update can take it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub changed: bool,
    /// Counters.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tries: Tries,
    /// What the provider last found wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<RowError>,
}

/// What says nothing is not stored: a ledger holds millions of tasks.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Task {
    /// A task that has never been sent.
    pub fn new(action: Action, payload: Digest, now: Timestamp) -> Self {
        Self {
            state: State::Queued,
            action,
            payload,
            generation: 0,
            due_at: now,
            first_sent_at: None,
            unknown: false,
            quiet_at: None,
            trying_since: None,
            polling_since: None,
            created_at: None,
            settled_at: None,
            account: None,
            status: None,
            staged: None,
            looked: false,
            existed: false,
            changed: false,
            tries: Tries::default(),
            errors: Vec::new(),
        }
    }

    /// The correlation id of the present intent.
    pub fn correlation_id(&self, scope: &Scope, key: &RowKey) -> CorrelationId {
        CorrelationId::of_intent(scope, key, self.action, &self.payload, self.generation)
    }

    /// When the next step is due; `None` once settled.
    pub fn due(&self) -> Option<Timestamp> {
        (!self.state.is_settled()).then_some(self.due_at)
    }

    /// Whether the next step goes before looks at statuses. A submit starts the provider's clock; a look-up must come
    /// while the account can still be found (an account that has gone Inactive is not listed, providers.md 2.7).
    pub const fn goes_first(&self) -> bool {
        self.next_is_submit() || matches!(self.state, State::Reconciling { .. })
    }

    /// Whether its steps need its payload. An account once known is not asked for again, but it can be changed.
    pub fn needs_payload(&self) -> bool {
        self.account.is_none() || self.action == Action::Update
    }

    /// Whether no time bounds the making of an account that is looked for: nothing was sent yet, or an intent before the
    /// present one may have made it.
    pub const fn seeks_any_age(&self) -> bool {
        let then_send_first = matches!(
            self.state,
            State::Reconciling {
                then: Then::SendFirst,
                ..
            }
        );
        then_send_first || self.generation > 0
    }

    /// Whether the next step makes an account, as against looking for or at one.
    pub const fn next_is_submit(&self) -> bool {
        matches!(self.state, State::Queued | State::Submitting | State::Unknown)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_the_age_of_an_account_tells_nothing() {
        for (then, generation, any_age) in [
            (Then::SendFirst, 0, true),
            (Then::SendAgain, 0, false),
            (Then::Park, 0, false),
            (Then::SendAgain, 1, true),
            (Then::SendAnyway, 1, true),
        ] {
            let mut task = Task::new(Action::Create, Digest::of(b"p"), Timestamp::from_ms(0));
            task.state = State::Reconciling { misses: 0, then };
            task.generation = generation;
            assert_eq!(task.seeks_any_age(), any_age, "{then:?} {generation}");
        }
    }
}
