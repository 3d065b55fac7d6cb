//! What comes of an update.

use super::Next;
use crate::domain::answer::{AccountSeen, RowError};
use crate::domain::machine::orders::new_generation;
use crate::domain::policy::spread;
use crate::domain::task::{Outcome, State};

impl Next<'_> {
    /// An update came to its end.
    pub(super) fn updated(&mut self, seen: &AccountSeen, drift: &[RowError], outcome: Outcome) {
        let may_be_ours = self.task.unknown;
        self.shown(seen);
        self.task.errors = drift.to_vec();
        // What was sent without an answer may be why there was nothing left to change.
        self.settle(match outcome {
            Outcome::Unchanged if may_be_ours => Outcome::Updated,
            outcome => outcome,
        });
    }

    /// The account has to settle before it can be updated: that is waited for as long as accounts are watched.
    pub(super) fn not_yet(&mut self, seen: &AccountSeen) {
        self.shown(seen);
        new_generation(&mut self.task);
        self.task.state = State::Queued;
        self.task.trying_since = None;
        self.task.polling_since.get_or_insert(self.now);
        self.task.tries.polls += 1;
        if self.rules.poll.is_over(&self.task, self.now) {
            return self.settle(Outcome::StillPending);
        }
        let polls = self.task.tries.polls;
        self.due_in(self.rules.poll.pause.pause(polls - 1, spread(self.seed, polls)));
    }
}
