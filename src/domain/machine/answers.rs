//! What follows from what came back: for a submit, a look-up, a poll.

use std::time::Duration;

use super::orders::{AT_WORK_MAX, REST, new_generation};
use super::{Effect, Rules};
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

    pub(super) fn looked(&mut self, answer: &Answer, misses: u8, then: Then) {
        self.task.trying_since.get_or_insert(self.now);
        match answer {
            Answer::Answered(Answered::Account(seen)) => self.account(seen),
            Answer::Answered(Answered::NotFound) if misses == 0 => {
                self.task.tries.read_failures = 0;
                self.task.state = State::Reconciling { misses: 1, then };
                let [_, second] = self.rules.retry.look_after;
                self.due_in(second);
                // What is still at work at the provider is not there yet.
                self.task.due_at = self.task.due_at.max(self.task.quiet_at.unwrap_or_default());
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
    fn account(&mut self, seen: &AccountSeen) {
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
    pub(super) fn reconcile(&mut self, then: Then) {
        self.task.state = State::Reconciling { misses: 0, then };
        self.task.tries.read_failures = 0;
        self.task.trying_since = Some(self.now);
        // The last send went unanswered, unless it is an answer that has to be understood.
        self.task.quiet_at = (then != Then::SendAgain).then(|| self.now.plus(AT_WORK_MAX));
        let [first, _] = self.rules.retry.look_after;
        self.due_in(first);
    }

    pub(super) fn settle(&mut self, outcome: Outcome) {
        self.task.state = State::Settled(outcome);
        self.task.settled_at = Some(self.now);
    }

    fn due_in(&mut self, pause: Duration) {
        self.task.due_at = self.now.plus(pause);
    }
}
