//! The heart: what to do next, and what follows from what happened. Total, pure, told the time.
//!
//! `docs/states.md` has the drawing; the table of every state against every event is a snapshot in the tests.
//! An illegal move is a value ([`Transition::illegal`]), not a panic.

mod answers;
mod orders;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::answer::{Answer, Silence};
use super::batch::PauseReason;
use super::ids::Digest;
use super::policy::poll::PollPolicy;
use super::policy::retry::RetryPolicy;
use super::task::{Outcome, ParkReason, State, Task, Then};
use super::time::Timestamp;
use answers::Next;
pub use orders::{abandoned, order};

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
    /// The account must be looked for before anything is sent.
    LookFirst,
    /// There is no looking for the account: sending again has to tell.
    CannotLook,
    /// The time for trying, or for watching, is over.
    DeadlineOver,
    /// A person or a file asks for something.
    Order(Order),
}

/// What a person or a file asks for. Needs no rules, so that a ledger can apply it where the task lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The row was in a file again, with this payload.
    Fed(Digest),
    /// Try again.
    Retry,
    /// Stop: the batch was cancelled.
    Cancel,
}

/// How a second send is kept from doing harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IdempotencyContract {
    /// The provider stores its answer under the correlation id and replays it.
    Replay {
        /// How long an id can be trusted; less than the provider's memory (Adobe: 10 days, trusted for 9).
        trusted_for: Duration,
    },
    /// The provider remembers nothing, but an account can be found by a name that only it has. It is looked for before the
    /// first send and after silence, and asked for once more at most (LogicBoxes, providers.md 3.6).
    NaturalKey {
        /// Waits before each look-up after silence. What none of them finds is not there.
        looks: [Duration; 3],
    },
    /// The provider refuses a second account with the same unique fields, and cannot be asked for the first. Sending again
    /// does no harm, and tells (Metallic, providers.md 4.5).
    UniqueFields,
    /// Doing it again comes to the same (an update).
    Repeatable,
}

impl IdempotencyContract {
    /// Whether an account can be looked for. Where it cannot, sending again tells as much.
    pub const fn can_look(&self) -> bool {
        matches!(self, Self::Replay { .. } | Self::NaturalKey { .. })
    }

    /// Whether an account is looked for before anything is sent.
    pub const fn looks_first(&self) -> bool {
        matches!(self, Self::NaturalKey { .. })
    }
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

/// What a task became, and what follows beyond it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The task as it now stands.
    pub task: Task,
    /// What concerns more than this task.
    pub effect: Option<Effect>,
    /// The event has no place in the state; the task is as it was.
    pub illegal: bool,
}

/// What an answer means for everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nobody sends for a while.
    Throttle {
        /// How long the provider asked to wait, if it said.
        asked: Option<Duration>,
    },
    /// The batch, or all that use the credentials, stand still. Fails no rows.
    Pause {
        /// The pause's name.
        reason: PauseReason,
        /// What the provider said.
        detail: String,
        /// Its end, if it ends by itself.
        until: Option<Timestamp>,
    },
}

/// What to do next for `task`.
pub fn plan(task: &Task, rules: &Rules, now: Timestamp) -> Step {
    if task.state.is_settled() {
        return Step::Nothing;
    }
    if now < task.due_at {
        return Step::Wait(task.due_at);
    }
    let sent_at = task.first_sent_at.unwrap_or(now);
    let forgotten = match rules.contract {
        IdempotencyContract::Replay { trusted_for } => now.since(sent_at) >= trusted_for,
        _ => false,
    };
    let over = rules.retry.is_over(task, now);
    match task.state {
        State::Settled(_) => Step::Nothing,
        State::Submitting => Step::Learn(Event::Answer(Answer::Silent(Silence::Abandoned))),
        State::Unknown if forgotten => Step::Learn(Event::MemoryOver),
        State::Reconciling {
            then: Then::SendAgain | Then::GiveUp,
            ..
        } if forgotten => Step::Learn(Event::MemoryOver),
        State::Queued | State::Unknown | State::Reconciling { .. } if over => {
            Step::Learn(Event::DeadlineOver)
        }
        State::Queued if rules.contract.looks_first() && !task.looked => Step::Learn(Event::LookFirst),
        State::Unknown if rules.contract.looks_first() => Step::Learn(Event::LookFirst),
        State::Queued | State::Unknown => Step::Submit,
        State::Reconciling { .. } if !rules.contract.can_look() => Step::Learn(Event::CannotLook),
        State::Reconciling { .. } => Step::LookUp { sent_after: sent_at },
        State::Pending if rules.poll.is_lost(task, now) => Step::Learn(Event::DeadlineOver),
        State::Pending => Step::Poll,
    }
}

/// What follows for `task` from `event`. `seed` is the row's own number, for jitter that replays.
pub fn apply(task: &Task, event: &Event, rules: &Rules, now: Timestamp, seed: u64) -> Transition {
    let mut next = Next {
        task: task.clone(),
        effect: None,
        rules,
        now,
        seed,
    };
    match (&task.state, event) {
        (_, Event::Order(order)) => next.task = self::order(task, order, now),
        (State::Queued | State::Unknown, Event::Sent) => next.sent(),
        (State::Submitting, Event::Answer(answer)) => next.submitted(answer),
        (State::Reconciling { misses, then }, Event::Answer(answer)) => next.looked(answer, *misses, *then),
        (State::Pending, Event::Answer(answer)) => next.polled(answer),
        (
            State::Queued | State::Submitting | State::Unknown | State::Reconciling { .. } | State::Pending,
            Event::Abandoned { claimed_at },
        ) => next.task = abandoned(task, *claimed_at, now),
        (State::Queued, Event::LookFirst) => next.look_first(),
        (State::Unknown, Event::LookFirst) => next.reconcile(Then::SendAgain),
        (State::Reconciling { .. }, Event::CannotLook) => {
            next.task.state = State::Unknown;
            next.task.due_at = now;
        }
        (State::Unknown, Event::MemoryOver) => next.reconcile(Then::Park),
        (State::Reconciling { misses, .. }, Event::MemoryOver) => {
            next.task.state = State::Reconciling {
                misses: *misses,
                then: Then::Park,
            };
        }
        (State::Queued, Event::DeadlineOver) => next.settle(Outcome::Exhausted),
        (State::Unknown, Event::DeadlineOver) => next.give_up(),
        (
            State::Reconciling {
                then: Then::SendFirst,
                ..
            },
            Event::DeadlineOver,
        ) => next.settle(Outcome::Exhausted),
        (State::Reconciling { .. }, Event::DeadlineOver) => {
            next.settle(Outcome::Parked(ParkReason::UnknownOutcome))
        }
        (State::Pending, Event::DeadlineOver) => next.settle(Outcome::StillPending),
        (State::Queued | State::Unknown, Event::Answer(_))
        | (State::Submitting | State::Reconciling { .. } | State::Pending, Event::Sent)
        | (State::Queued | State::Submitting | State::Pending, Event::MemoryOver)
        | (State::Submitting | State::Reconciling { .. } | State::Pending, Event::LookFirst)
        | (State::Queued | State::Submitting | State::Unknown | State::Pending, Event::CannotLook)
        | (State::Submitting, Event::DeadlineOver)
        | (
            State::Settled(_),
            Event::Sent
            | Event::Abandoned { .. }
            | Event::Answer(_)
            | Event::MemoryOver
            | Event::LookFirst
            | Event::CannotLook
            | Event::DeadlineOver,
        ) => {
            return Transition {
                task: task.clone(),
                effect: None,
                illegal: true,
            };
        }
    }
    Transition {
        task: next.task,
        effect: next.effect,
        illegal: false,
    }
}

#[cfg(test)]
mod tests;
