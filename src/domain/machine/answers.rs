//! What follows from what came back: for a submit, a look-up, a poll.

mod looks;
mod updates;

use std::time::Duration;

use super::orders::{REST, new_generation};
use super::{Effect, IdempotencyContract, Rules};
use crate::domain::answer::{AccountSeen, Answer, Answered, Meaning, Refused, RowError, Silence};
use crate::domain::batch::PauseReason;
use crate::domain::policy::spread;
use crate::domain::task::{Outcome, ParkReason, State, Task, Then};
use crate::domain::time::Timestamp;

/// A task being moved.
pub(super) struct Next<'a> {
    pub(super) task: Task,
    pub(super) effect: Option<Effect>,
    pub(super) rules: &'a Rules,
    pub(super) now: Timestamp,
    pub(super) seed: u64,
}

impl Next<'_> {
    pub(super) fn sent(&mut self) {
        self.task.first_sent_at.get_or_insert(self.now);
        self.task.trying_since.get_or_insert(self.now);
        self.task.tries.sends += 1;
        self.task.state = State::Submitting;
    }

    pub(super) fn submitted(&mut self, answer: &Answer) {
        let is_update = self.rules.contract == IdempotencyContract::Repeatable;
        match answer {
            Answer::Answered(Answered::Account(seen)) => self.account(seen),
            Answer::Answered(Answered::Unchanged(seen)) if is_update => {
                self.updated(seen, &[], Outcome::Unchanged);
            }
            Answer::Answered(Answered::Updated { seen, drift }) if is_update => {
                self.updated(seen, drift, Outcome::Updated);
            }
            Answer::Answered(Answered::NotYet(seen)) if is_update => self.not_yet(seen),
            Answer::Answered(Answered::Rejected(errors)) => self.rejected(errors),
            Answer::Answered(Answered::Taken(error)) => self.taken(error),
            Answer::Answered(Answered::Ambiguous(error)) => self.ambiguous(answer, error),
            Answer::Answered(Answered::Misfit(error)) => {
                new_generation(&mut self.task);
                self.task.state = State::Queued;
                self.task.trying_since = None;
                self.pause(PauseReason::Configuration, error);
                self.task.due_at = self.now.plus(REST);
            }
            Answer::Refused(refused) => {
                self.step_back();
                self.refused(refused);
            }
            Answer::NotSent(_) | Answer::NoLeave => {
                self.task.tries.sends = self.task.tries.sends.saturating_sub(1);
                self.step_back();
                self.unsent();
            }
            Answer::Answered(Answered::NotFound) if is_update => {
                let error = RowError::new("no_account", "the provider has no account for this row");
                self.rejected(&[error]);
            }
            // Another call's words for this one: an adapter's slip, read as if nothing had been said.
            Answer::Silent(_) | Answer::Answered(_) => self.silent(answer),
        }
    }

    /// The row's data were refused, so nothing came of any send of them. Data that came meanwhile are tried next.
    fn rejected(&mut self, errors: &[RowError]) {
        self.task.unknown = false;
        self.task.errors = errors.to_vec();
        match self.task.staged.take() {
            Some(staged) => {
                new_generation(&mut self.task);
                self.task.payload = staged;
                self.task.state = State::Queued;
                self.task.trying_since = None;
                self.due_in(REST);
            }
            None => self.settle(Outcome::Rejected),
        }
    }

    /// There is such an account already, and its id was not told.
    fn taken(&mut self, error: &RowError) {
        match self.rules.contract {
            IdempotencyContract::NaturalKey { .. } => {
                self.task.errors = vec![error.clone()];
                self.task.unknown = true;
                self.reconcile(Then::Park);
            }
            IdempotencyContract::UniqueFields => {
                self.task.errors = vec![error.clone()];
                self.task.unknown = false;
                self.task.quiet_at = None;
                self.task.changed |= self.task.staged.take().is_some();
                self.settle(Outcome::CreatedIdUnknown);
            }
            IdempotencyContract::Replay { .. } | IdempotencyContract::Repeatable => {
                self.rejected(std::slice::from_ref(error));
            }
        }
    }

    /// The service failed and said so.
    fn ambiguous(&mut self, answer: &Answer, error: &RowError) {
        self.task.errors = vec![error.clone()];
        match self.rules.contract {
            IdempotencyContract::Replay { .. } | IdempotencyContract::NaturalKey { .. } => {
                self.task.unknown = true;
                self.reconcile(Then::SendAgain);
            }
            IdempotencyContract::UniqueFields => self.silent(answer),
            IdempotencyContract::Repeatable => self.next_generation(),
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
        if self.rules.contract.looks_first() {
            // Nothing is remembered there under an id: asked again blindly, it might make a second account.
            return self.reconcile(Then::SendAgain);
        }
        if silences >= self.rules.retry.attempts_max {
            return self.give_up();
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
            self.task.due_at = self.task.due_at.max(self.now.plus(REST));
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

    pub(super) fn polled(&mut self, answer: &Answer) {
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
            Answer::Answered(_) | Answer::Silent(_) | Answer::NotSent(_) | Answer::NoLeave => {}
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
    fn shown(&mut self, seen: &AccountSeen) {
        let task = &mut self.task;
        task.unknown = false;
        task.quiet_at = None;
        task.account = Some(seen.account.clone());
        task.status = Some(seen.status.clone());
        task.created_at.get_or_insert(self.now);
        task.changed |= task.staged.take().is_some();
        task.errors.clear();
        task.tries.read_failures = 0;
        task.tries.refusals = 0;
        task.tries.missing = 0;
    }

    fn account(&mut self, seen: &AccountSeen) {
        self.shown(seen);
        match seen.meaning {
            Meaning::Awaiting => self.settle(Outcome::AwaitingActivation),
            Meaning::Active => {
                self.task.errors.clone_from(&seen.kept);
                self.settle(Outcome::Active);
            }
            Meaning::Inactive(reason) => self.settle(Outcome::Inactive(reason)),
            Meaning::Unrecognised => self.settle(Outcome::Parked(ParkReason::UnknownStatus)),
            Meaning::Pending => {
                self.task.state = State::Pending;
                let polls = self.task.tries.polls;
                self.due_in(self.rules.poll.pause.pause(polls, spread(self.seed, polls)));
            }
        }
    }

    pub(super) fn settle(&mut self, outcome: Outcome) {
        self.task.state = State::Settled(outcome);
        self.task.settled_at = Some(self.now);
    }

    fn due_in(&mut self, pause: Duration) {
        self.task.due_at = self.now.plus(pause);
    }
}
