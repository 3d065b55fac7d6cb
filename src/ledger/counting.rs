//! What a change does to its batch's [`Counts`]: differences that any store can add up.

use std::collections::BTreeMap;

use crate::domain::attempt::Attempt;
use crate::domain::batch::{Counts, Tally};
use crate::domain::task::{Outcome, State, Task};

/// Too many requests (RFC 6585).
const HTTP_TOO_MANY: u16 = 429;

/// The first of the slots for calls; those before it are the tallies'.
const CALLS: i64 = 32;
const RESENDS: i64 = 40;
const THROTTLED: i64 = 41;
const SETTLE_MS_SUM: i64 = 42;
const SETTLE_N: i64 = 43;

/// Differences by batch (`B` names it in the store) and slot. The slots' numbers are part of the stored format.
#[derive(Clone, Debug)]
pub(super) struct Differences<B>(BTreeMap<(B, i64), i64>);

impl<B> Default for Differences<B> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<B: Copy + Ord> Differences<B> {
    /// A task that was not there.
    pub(super) fn came(&mut self, batch: B, task: &Task) {
        self.add(batch, tally(task), 1);
    }

    /// A task that moved from state to state, or from batch to batch.
    pub(super) fn moved(&mut self, from: B, old: &Task, to: B, new: &Task) {
        self.add(from, tally(old), -1);
        self.add(to, tally(new), 1);
        self.add(to, RESENDS, resends(new) - resends(old));
        if let Some(settle_ms) = settle_ms(old, new) {
            self.add(to, SETTLE_MS_SUM, settle_ms);
            self.add(to, SETTLE_N, 1);
        }
    }

    /// A call that was made for a task.
    pub(super) fn called(&mut self, batch: B, attempt: &Attempt) {
        self.add(
            batch,
            CALLS + slot(attempt.kind as usize),
            i64::from(attempt.exchanges),
        );
        self.add(batch, THROTTLED, i64::from(attempt.http == Some(HTTP_TOO_MANY)));
    }

    fn add(&mut self, batch: B, slot: i64, n: i64) {
        *self.0.entry((batch, slot)).or_default() += n;
    }

    /// Batch, slot and difference, without those that cancel out.
    pub(super) fn into_changes(self) -> impl Iterator<Item = (B, i64, i64)> {
        self.0
            .into_iter()
            .filter(|(_, n)| *n != 0)
            .map(|((batch, slot), n)| (batch, slot, n))
    }
}

/// The counts that stored slots add up to.
pub(super) fn counts(slots: impl IntoIterator<Item = (i64, i64)>) -> Counts {
    let mut counts = Counts::default();
    for (slot, n) in slots {
        let n = u64::try_from(n).unwrap_or(0);
        let at = usize::try_from(slot).unwrap_or(usize::MAX);
        let call = usize::try_from(slot - CALLS).unwrap_or(usize::MAX);
        match slot {
            RESENDS => counts.resends = n,
            THROTTLED => counts.throttled = n,
            SETTLE_MS_SUM => counts.settle_ms_sum = n,
            SETTLE_N => counts.settle_n = n,
            _ => {
                if let Some(of) = counts.tasks.get_mut(at).or(counts.calls.get_mut(call)) {
                    *of = n;
                }
            }
        }
    }
    counts
}

fn slot(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

fn tally(task: &Task) -> i64 {
    slot(Tally::of(&task.state) as usize)
}

fn resends(task: &Task) -> i64 {
    i64::from(task.tries.sends.saturating_sub(1))
}

fn settle_ms(old: &Task, new: &Task) -> Option<i64> {
    let usable = matches!(new.state, State::Settled(Outcome::Active | Outcome::Inactive(_)));
    let span = new.settled_at?.since(new.created_at?);
    (usable && !old.state.is_settled()).then(|| i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attempt::CallKind;
    use crate::domain::ids::Digest;
    use crate::domain::task::Action;
    use crate::domain::time::Timestamp;

    #[test]
    fn slots_keep_their_numbers() {
        let all = (0..14).chain(32..35).chain(40..44).map(|slot| (slot, slot + 1));
        let counts = counts(all);
        assert_eq!(counts.tasks, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
        assert_eq!(counts.calls, [33, 34, 35]);
        let rest = [
            counts.resends,
            counts.throttled,
            counts.settle_ms_sum,
            counts.settle_n,
        ];
        assert_eq!(rest, [41, 42, 43, 44]);
        assert_eq!(super::counts([(99, 1), (-1, 1), (3, -1)]), Counts::default());
        let read = Counts {
            calls: [0, 0, 1],
            ..Counts::default()
        };
        assert_eq!(super::counts([(CALLS + slot(CallKind::Poll as usize), 1)]), read);
    }

    #[test]
    fn a_settled_task_that_is_fed_again_does_not_count_its_settling_twice() {
        let mut open = Task::new(Action::Create, Digest::of(b"one"), Timestamp::from_ms(0));
        open.state = State::Pending;
        open.created_at = Some(Timestamp::from_ms(1_000));
        let mut settled = open.clone();
        settled.state = State::Settled(Outcome::Active);
        settled.settled_at = Some(Timestamp::from_ms(8_000));
        let mut differences = Differences::default();
        differences.came(1, &open);
        differences.moved(1, &open, 1, &settled);
        differences.moved(1, &settled, 2, &settled);
        let changes: Vec<_> = differences.into_changes().collect();
        assert_eq!(changes, [(1, 42, 7_000), (1, 43, 1), (2, 3, 1)]);
    }
}
