//! Looking for an account: before the first send, and when nothing is known of the last one.

use std::time::Duration;

use super::Next;
use crate::domain::answer::{Answer, Answered};
use crate::domain::machine::IdempotencyContract;
use crate::domain::machine::orders::{AT_WORK_MAX, new_generation};
use crate::domain::policy::spread;
use crate::domain::task::{Outcome, ParkReason, State, Then};

impl Next<'_> {
    pub(in crate::domain::machine) fn looked(&mut self, answer: &Answer, misses: u8, then: Then) {
        self.task.trying_since.get_or_insert(self.now);
        match answer {
            Answer::Answered(Answered::Account(seen)) => {
                self.task.existed |= then == Then::SendFirst;
                self.account(seen);
            }
            Answer::Answered(Answered::NotFound) => match self.look_wait(misses.saturating_add(1)) {
                Some(wait) if then != Then::SendFirst => {
                    self.task.tries.read_failures = 0;
                    let misses = misses.saturating_add(1);
                    self.task.state = State::Reconciling { misses, then };
                    self.due_in(wait);
                    // What is still at work at the provider is not there yet.
                    self.task.due_at = self.task.due_at.max(self.task.quiet_at.unwrap_or_default());
                }
                _ => self.not_there(then),
            },
            other => self.unread(other),
        }
    }

    /// The wait before the look-up that comes after so many misses; `None` if there were enough.
    fn look_wait(&self, misses: u8) -> Option<Duration> {
        let waits: &[Duration] = match &self.rules.contract {
            IdempotencyContract::NaturalKey { looks } => looks,
            _ => &self.rules.retry.look_after,
        };
        waits.get(usize::from(misses)).copied()
    }

    /// The look-ups found nothing.
    fn not_there(&mut self, then: Then) {
        match then {
            Then::Park => return self.settle(Outcome::Parked(ParkReason::UnknownOutcome)),
            Then::GiveUp => {
                self.task.unknown = false;
                return self.settle(Outcome::Exhausted);
            }
            Then::SendFirst => {
                self.task.looked = true;
                if let Some(staged) = self.task.staged.take() {
                    self.task.payload = staged;
                }
                self.task.tries.read_failures = 0;
                self.task.trying_since = None;
                self.task.state = State::Queued;
                return self.due_in(Duration::ZERO);
            }
            // Sent twice without a word: the account may be where no look-up sees it.
            Then::SendAgain if self.rules.contract.looks_first() && self.task.tries.generations > 0 => {
                return self.settle(Outcome::Parked(ParkReason::UnknownOutcome));
            }
            Then::SendAgain | Then::SendAnyway => {}
        }
        self.next_generation();
    }

    /// A new intent, if there may be one more; its data are those that came meanwhile, if any did.
    pub(super) fn next_generation(&mut self) {
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

    /// Nothing is known of the last send, and it is time to stop.
    pub(in crate::domain::machine) fn give_up(&mut self) {
        match self.rules.contract {
            IdempotencyContract::Replay { .. } | IdempotencyContract::NaturalKey { .. } => {
                self.reconcile(Then::GiveUp);
            }
            IdempotencyContract::UniqueFields => self.settle(Outcome::Parked(ParkReason::UnknownOutcome)),
            IdempotencyContract::Repeatable => self.settle(Outcome::Exhausted),
        }
    }

    /// Look before the first send.
    pub(in crate::domain::machine) fn look_first(&mut self) {
        self.task.state = State::Reconciling {
            misses: 0,
            then: Then::SendFirst,
        };
        self.task.trying_since.get_or_insert(self.now);
        self.due_in(Duration::ZERO);
    }

    /// Look before anything is sent. Has a deadline of its own, since the one for sending may be what ended.
    pub(in crate::domain::machine) fn reconcile(&mut self, then: Then) {
        self.task.state = State::Reconciling { misses: 0, then };
        self.task.tries.read_failures = 0;
        self.task.trying_since = Some(self.now);
        // The last send went unanswered, unless it is an answer that has to be understood.
        let is_answered = then == Then::SendAgain && !self.rules.contract.looks_first();
        self.task.quiet_at = (!is_answered).then(|| self.now.plus(AT_WORK_MAX));
        let first = self.look_wait(0).unwrap_or_default();
        self.due_in(first);
    }
}
