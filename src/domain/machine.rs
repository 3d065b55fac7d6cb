//! The heart: what to do next, and what follows from what happened. Total, pure, told the time.
//!
//! `docs/states.md` has the drawing; the table of every state against every event is a snapshot in the tests.
//! An illegal move is a value ([`Transition::illegal`]), not a panic.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::answer::{AccountSeen, Answer, Answered, Meaning, Refused, RowError, Silence, wait_until};
use super::batch::PauseReason;
use super::ids::Digest;
use super::policy::poll::PollPolicy;
use super::policy::retry::RetryPolicy;
use super::policy::spread;
use super::task::{Outcome, ParkReason, State, Task, Tries};
use super::time::Timestamp;

/// What happened to a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The lease is saved and the submit leaves now.
    Sent,
    /// A lease ran out without a word: whoever had it since then may have sent.
    Abandoned {
        /// When that lease began.
        claimed_at: Timestamp,
    },
    /// What came back for the step that was planned.
    Answer(Answer),
    /// The provider may have forgotten the id of the unknown send (Adobe keeps ids 10 days).
    MemoryOver,
    /// The time for trying, or for watching, is over.
    DeadlineOver,
    /// The row was in a file again with this payload.
    Fed(Digest),
    /// The operator asks for another try.
    Retry,
    /// The operator cancelled the batch.
    Cancel,
}

/// How a provider keeps a second send from making a second account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IdempotencyContract {
    /// The provider stores its answer under the correlation id and replays it.
    Replay {
        /// How long an id can be trusted; less than the provider's memory (Adobe: 10 days, trusted for 9).
        trusted_for: Duration,
    },
}

/// The rules a task lives by: its job's policies and its provider's contract.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// How a second send is kept from making a second account.
    pub contract: IdempotencyContract,
    /// Limits of trying.
    pub retry: RetryPolicy,
    /// How settling is watched.
    pub poll: PollPolicy,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send the payload under the current correlation id.
    Submit,
    /// Find out whether the account exists.
    LookUp {
        /// When the unknown send left.
        sent_after: Timestamp,
    },
    /// Look at the account's status.
    Poll,
    /// Nothing to ask; time alone has decided: apply this and plan again.
    Learn(Event),
    /// Not due yet.
    Wait(Timestamp),
    /// Settled.
    Nothing,
}
