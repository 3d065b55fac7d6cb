//! What people and files ask of a task, and what a lease that ran out means. Needs no rules.

use std::time::Duration;

use super::Order;
use crate::domain::ids::Digest;
use crate::domain::task::{Outcome, State, Task, Then, Tries};
use crate::domain::time::Timestamp;

/// How long a request that nobody has an answer to may still be at work at the provider: a call is given up after 75 s
/// (providers.md 2.10). An account that is only being made is found by no look-up.
pub(super) const AT_WORK_MAX: Duration = Duration::from_secs(120);

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
            task.quiet_at = Some(now.plus(AT_WORK_MAX));
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
        // A look-up that waits does so for a reason.
        State::Reconciling { .. } => {}
        State::Queued | State::Submitting | State::Unknown | State::Pending => task.due_at = now,
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
    task.quiet_at = task.settled_at.take().map(|at| at.plus(AT_WORK_MAX));
    task.due_at = now;
}

/// The old id is closed: nothing under it is unknown any more.
pub(super) fn new_generation(task: &mut Task) {
    task.generation += 1;
    task.unknown = false;
    task.first_sent_at = None;
    task.quiet_at = None;
    task.tries.silences = 0;
}
