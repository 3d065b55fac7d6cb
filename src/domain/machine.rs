//! The heart: what to do next, and what follows from what happened. Total, pure, told the time.
//!
//! `docs/states.md` has the drawing; the table of every state against every event is a snapshot in the tests.
//! An illegal move is a value ([`Transition::illegal`]), not a panic.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::answer::{AccountSeen, Answer, Answered, Meaning, Refused, RowError, Silence};
use super::batch::PauseReason;
use super::ids::Digest;
use super::policy::poll::PollPolicy;
use super::policy::retry::RetryPolicy;
use super::policy::spread;
use super::task::{Outcome, ParkReason, State, Task, Then, Tries};
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
    let IdempotencyContract::Replay { trusted_for } = rules.contract;
    let sent_at = task.first_sent_at.unwrap_or(now);
    let forgotten = now.since(sent_at) >= trusted_for;
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
        State::Queued | State::Unknown => Step::Submit,
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
        (State::Unknown, Event::MemoryOver) => next.reconcile(Then::Park),
        (State::Reconciling { misses, .. }, Event::MemoryOver) => {
            next.task.state = State::Reconciling {
                misses: *misses,
                then: Then::Park,
            };
        }
        (State::Queued, Event::DeadlineOver) => next.settle(Outcome::Exhausted),
        (State::Unknown, Event::DeadlineOver) => next.reconcile(Then::GiveUp),
        (State::Reconciling { .. }, Event::DeadlineOver) => {
            next.settle(Outcome::Parked(ParkReason::UnknownOutcome))
        }
        (State::Pending, Event::DeadlineOver) => next.settle(Outcome::StillPending),
        (State::Queued | State::Unknown, Event::Answer(_))
        | (State::Submitting | State::Reconciling { .. } | State::Pending, Event::Sent)
        | (State::Queued | State::Submitting | State::Pending, Event::MemoryOver)
        | (State::Submitting, Event::DeadlineOver)
        | (
            State::Settled(_),
            Event::Sent
            | Event::Abandoned { .. }
            | Event::Answer(_)
            | Event::MemoryOver
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

/// A lease ran out: a submit may have left since `claimed_at`, and nothing is known of it. Reads are simply due again.
pub fn abandoned(task: &Task, claimed_at: Timestamp, now: Timestamp) -> Task {
    let mut task = task.clone();
    task.due_at = now;
    if task.next_is_submit() {
        if task.state != State::Submitting {
            task.tries.sends += 1;
        }
        task.state = State::Unknown;
        task.unknown = true;
        task.first_sent_at = Some(
            task.first_sent_at
                .map_or(claimed_at, |first| first.min(claimed_at)),
        );
        task.trying_since.get_or_insert(claimed_at);
    }
    task
}

/// What a person or a file asks of a task that nobody has in hand.
pub fn order(task: &Task, order: &Order, now: Timestamp) -> Task {
    let mut task = task.clone();
    match order {
        Order::Fed(payload) => fed(&mut task, *payload, now),
        Order::Retry => retried(&mut task, now),
        Order::Cancel if task.state.is_settled() => {}
        Order::Cancel => {
            task.unknown |= task.state == State::Submitting;
            task.state = State::Settled(Outcome::Cancelled);
            task.settled_at = Some(now);
        }
    }
    task
}

fn fed(task: &mut Task, payload: Digest, now: Timestamp) {
    let differs = payload != task.payload;
    if task.account.is_some() {
        // Never created again. Whether it is watched again depends on how it settled.
        task.changed = differs;
        if matches!(
            task.state,
            State::Settled(Outcome::StillPending | Outcome::Cancelled)
        ) {
            watch_again(task, now);
        }
        return;
    }
    match task.state {
        State::Queued => {
            task.payload = payload;
            if differs {
                task.errors.clear();
            }
        }
        State::Submitting | State::Unknown if differs => {
            task.staged = Some(payload);
            task.state = State::Reconciling {
                misses: 0,
                then: Then::SendAgain,
            };
            task.trying_since = Some(now);
            task.due_at = now;
        }
        State::Reconciling { .. } => task.staged = differs.then_some(payload),
        State::Settled(Outcome::Rejected) if differs => {
            task.payload = payload;
            reopen(task, now);
        }
        State::Settled(Outcome::Cancelled | Outcome::Exhausted | Outcome::Parked(_)) if task.unknown => {
            task.staged = differs.then_some(payload);
            look_first(task, Then::SendAgain, now);
        }
        State::Settled(Outcome::Cancelled | Outcome::Exhausted) => {
            task.payload = payload;
            reopen(task, now);
        }
        State::Settled(Outcome::Parked(_)) if differs => {
            task.payload = payload;
            reopen(task, now);
        }
        State::Submitting | State::Unknown | State::Pending | State::Settled(_) => {}
    }
}

fn retried(task: &mut Task, now: Timestamp) {
    match task.state {
        State::Settled(Outcome::Active | Outcome::Inactive(_)) => {}
        State::Settled(_) if task.account.is_some() => watch_again(task, now),
        State::Settled(_) if task.unknown => look_first(task, Then::SendAnyway, now),
        State::Settled(_) => reopen(task, now),
        State::Queued | State::Submitting | State::Unknown | State::Reconciling { .. } | State::Pending => {
            task.due_at = now;
        }
    }
}

/// Starts over with a new intent: the old one was answered or never sent.
fn reopen(task: &mut Task, now: Timestamp) {
    if task.tries.sends > 0 {
        new_generation(task);
    }
    task.tries = Tries {
        sends: task.tries.sends,
        ..Tries::default()
    };
    task.state = State::Queued;
    task.errors.clear();
    task.settled_at = None;
    task.trying_since = None;
    task.due_at = now;
}

fn watch_again(task: &mut Task, now: Timestamp) {
    task.tries = Tries {
        sends: task.tries.sends,
        ..Tries::default()
    };
    task.state = State::Pending;
    task.polling_since = None;
    task.settled_at = None;
    task.due_at = now;
}

fn look_first(task: &mut Task, then: Then, now: Timestamp) {
    task.tries = Tries {
        sends: task.tries.sends,
        ..Tries::default()
    };
    task.state = State::Reconciling { misses: 0, then };
    task.trying_since = Some(now);
    task.settled_at = None;
    task.due_at = now;
}

/// The old id is closed: nothing under it is unknown any more.
fn new_generation(task: &mut Task) {
    task.generation += 1;
    task.unknown = false;
    task.first_sent_at = None;
    task.tries.silences = 0;
}

/// A task being moved.
struct Next<'a> {
    task: Task,
    effect: Option<Effect>,
    rules: &'a Rules,
    now: Timestamp,
    seed: u64,
}

impl Next<'_> {
    fn sent(&mut self) {
        self.task.first_sent_at.get_or_insert(self.now);
        self.task.trying_since.get_or_insert(self.now);
        self.task.tries.sends += 1;
        self.task.state = State::Submitting;
    }

    fn submitted(&mut self, answer: &Answer) {
        match answer {
            Answer::Answered(Answered::Account(seen)) => self.account(seen),
            Answer::Answered(Answered::Rejected(errors)) => {
                self.task.unknown = false;
                self.task.errors.clone_from(errors);
                self.settle(Outcome::Rejected);
            }
            Answer::Answered(Answered::Ambiguous(error)) => {
                self.task.errors = vec![error.clone()];
                self.task.unknown = true;
                self.reconcile(Then::SendAgain);
            }
            Answer::Answered(Answered::Misfit(error)) => {
                new_generation(&mut self.task);
                self.task.state = State::Queued;
                self.task.trying_since = None;
                self.pause(PauseReason::Configuration, error);
            }
            Answer::Refused(refused) => {
                self.step_back();
                self.refused(refused);
            }
            Answer::NotSent(_) => {
                self.task.tries.sends = self.task.tries.sends.saturating_sub(1);
                self.step_back();
                self.unsent();
            }
            // A look-up's words for a submit: an adapter's slip, read as if nothing had been said.
            Answer::Silent(_) | Answer::Answered(Answered::NotFound | Answered::Missing) => {
                self.silent(answer)
            }
        }
    }

    /// Nothing came of this send: whatever was unknown before still is.
    fn step_back(&mut self) {
        self.task.state = if self.task.unknown {
            State::Unknown
        } else {
            State::Queued
        };
        if !self.task.unknown {
            self.task.first_sent_at = None;
        }
    }

    fn silent(&mut self, answer: &Answer) {
        let tries = &mut self.task.tries;
        tries.silences += 1;
        tries.refusals = 0;
        tries.unsent = 0;
        let silences = tries.silences;
        self.task.unknown = true;
        if silences >= self.rules.retry.attempts_max {
            self.reconcile(Then::GiveUp);
            return;
        }
        self.task.state = State::Unknown;
        let asked = match answer {
            Answer::Silent(Silence::Gateway { retry_after, .. }) => retry_after.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        let pause = self
            .rules
            .retry
            .pause
            .pause(silences - 1, spread(self.seed, self.task.tries.sends));
        self.due_in(pause.max(asked.min(self.rules.retry.throttle_max)));
    }

    fn unsent(&mut self) {
        self.task.tries.unsent += 1;
        let unsent = self.task.tries.unsent;
        self.due_in(
            self.rules
                .retry
                .pause
                .pause(unsent - 1, spread(self.seed, unsent)),
        );
    }

    /// A refusal of a submit or a read: nobody's fault here, so only the wait differs.
    fn refused(&mut self, refused: &Refused) {
        self.task.tries.refusals += 1;
        let refusals = self.task.tries.refusals;
        let pause = self
            .rules
            .retry
            .pause
            .pause(refusals - 1, spread(self.seed, refusals));
        let mut patience = self.rules.retry.refusals_max;
        match refused {
            Refused::Throttled { retry_after } => self.throttled(*retry_after),
            Refused::TokenStale => self.task.due_at = self.now,
            // A pause is not time spent trying.
            Refused::Denied(error) => {
                self.task.trying_since = None;
                self.pause(PauseReason::Auth, error);
            }
            Refused::WrongAddress(error) => {
                self.task.trying_since = None;
                self.pause(PauseReason::Configuration, error);
            }
            Refused::IdsRefused(_) => {
                patience = patience.min(2);
                self.due_in(pause);
            }
        }
        if refusals.is_multiple_of(patience.max(1)) && self.task.state == State::Queued {
            new_generation(&mut self.task);
        }
    }

    fn throttled(&mut self, asked: Option<Duration>) {
        let retry = &self.rules.retry;
        let until = self.now.plus(asked.unwrap_or(retry.throttle_default));
        self.task.due_at = until;
        self.effect = Some(match asked {
            Some(wait) if wait > retry.throttle_max => {
                let detail = format!("the provider asked to wait {} s", wait.as_secs());
                Effect::Pause {
                    reason: PauseReason::Quota,
                    detail,
                    until: Some(until),
                }
            }
            asked => Effect::Throttle { asked },
        });
    }

    fn pause(&mut self, reason: PauseReason, error: &RowError) {
        self.task.due_at = self.now;
        let detail = format!("{}: {}", error.code, error.message);
        self.effect = Some(Effect::Pause {
            reason,
            detail,
            until: None,
        });
    }

    fn looked(&mut self, answer: &Answer, misses: u8, then: Then) {
        self.task.trying_since.get_or_insert(self.now);
        match answer {
            Answer::Answered(Answered::Account(seen)) => self.account(seen),
            Answer::Answered(Answered::NotFound) if misses == 0 => {
                self.task.tries.read_failures = 0;
                self.task.state = State::Reconciling { misses: 1, then };
                let [_, second] = self.rules.retry.look_after;
                self.due_in(second);
            }
            Answer::Answered(Answered::NotFound) => self.not_there(then),
            other => self.unread(other),
        }
    }

    /// Two look-ups found nothing.
    fn not_there(&mut self, then: Then) {
        match then {
            Then::Park => return self.settle(Outcome::Parked(ParkReason::UnknownOutcome)),
            Then::GiveUp => {
                self.task.unknown = false;
                return self.settle(Outcome::Exhausted);
            }
            Then::SendAgain | Then::SendAnyway => {}
        }
        new_generation(&mut self.task);
        if let Some(staged) = self.task.staged.take() {
            self.task.payload = staged;
        }
        self.task.tries.generations += 1;
        let generations = self.task.tries.generations;
        if generations >= self.rules.retry.generations_max {
            return self.settle(Outcome::Exhausted);
        }
        self.task.state = State::Queued;
        self.task.trying_since = None;
        self.due_in(
            self.rules
                .retry
                .pause
                .pause(generations - 1, spread(self.seed, generations)),
        );
    }

    fn polled(&mut self, answer: &Answer) {
        self.task.polling_since.get_or_insert(self.now);
        match answer {
            Answer::Answered(Answered::Account(seen))
                if Some(&seen.account) == self.task.account.as_ref() =>
            {
                self.task.tries.polls += 1;
                self.account(seen);
                if self.task.state == State::Pending && self.rules.poll.is_over(&self.task, self.now) {
                    self.settle(Outcome::StillPending);
                }
            }
            Answer::Answered(Answered::Missing) => {
                self.task.tries.missing += 1;
                let missing = self.task.tries.missing;
                if missing > self.rules.poll.missing_max {
                    return self.settle(Outcome::Parked(ParkReason::AccountMissing));
                }
                self.due_in(
                    self.rules
                        .poll
                        .pause
                        .pause(missing - 1, spread(self.seed, missing)),
                );
            }
            other => self.unread(other),
        }
    }

    /// A read that brought nothing: it is made again, bounded by its deadline.
    fn unread(&mut self, answer: &Answer) {
        match answer {
            Answer::Refused(refused) => return self.refused(refused),
            Answer::Answered(Answered::Misfit(error)) => self.pause(PauseReason::Configuration, error),
            Answer::Answered(_) | Answer::Silent(_) | Answer::NotSent(_) => {}
        }
        self.task.tries.read_failures += 1;
        let failures = self.task.tries.read_failures;
        self.due_in(
            self.rules
                .retry
                .pause
                .pause(failures - 1, spread(self.seed, failures)),
        );
    }

    /// The provider shows the account: whatever was unknown is known.
    fn account(&mut self, seen: &AccountSeen) {
        let task = &mut self.task;
        task.unknown = false;
        task.account = Some(seen.account.clone());
        task.status = Some(seen.status.clone());
        task.created_at.get_or_insert(self.now);
        task.changed |= task.staged.take().is_some();
        task.errors.clear();
        task.tries.read_failures = 0;
        task.tries.refusals = 0;
        task.tries.missing = 0;
        match seen.meaning {
            Meaning::Active => self.settle(Outcome::Active),
            Meaning::Inactive(reason) => self.settle(Outcome::Inactive(reason)),
            Meaning::Unrecognised => self.settle(Outcome::Parked(ParkReason::UnknownStatus)),
            Meaning::Pending => {
                self.task.state = State::Pending;
                let polls = self.task.tries.polls;
                self.due_in(self.rules.poll.pause.pause(polls, spread(self.seed, polls)));
            }
        }
    }

    /// Look before anything is sent. Has a deadline of its own, since the one for sending may be what ended.
    fn reconcile(&mut self, then: Then) {
        self.task.state = State::Reconciling { misses: 0, then };
        self.task.tries.read_failures = 0;
        self.task.trying_since = Some(self.now);
        let [first, _] = self.rules.retry.look_after;
        self.due_in(first);
    }

    fn settle(&mut self, outcome: Outcome) {
        self.task.state = State::Settled(outcome);
        self.task.settled_at = Some(self.now);
    }

    fn due_in(&mut self, pause: Duration) {
        self.task.due_at = self.now.plus(pause);
    }
}

#[cfg(test)]
mod tests;
