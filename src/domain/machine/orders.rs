//! What people and files ask of a task, and what a lease that ran out means. Needs no rules.

use std::time::Duration;

use super::Order;
use crate::domain::ids::Digest;
use crate::domain::task::{Action, Outcome, State, Task, Then, Tries};
use crate::domain::time::Timestamp;

/// How long a request that nobody has an answer to may still be at work at the provider: a call is given up after 75 s
/// (providers.md 2.10). An account that is only being made is found by no look-up.
pub(super) const AT_WORK_MAX: Duration = Duration::from_secs(120);

/// An id that no look-ups lead to rests so long before it is sent: one that follows from refusals, from changed data, from an
/// order. A ledger that writes to its disk every second may lose the note of it together with the send. The row would then
/// go out under the id before, and make a second account. (Where look-ups lead to a new id they are made again after such a
/// loss, and find what was sent.)
pub(super) const REST: Duration = Duration::from_secs(3);

/// A lease ran out: a submit may have left since `claimed_at`, and nothing is known of it. Reads are simply due again. A
/// task that was cancelled before that came out stays cancelled, and is known to be unknown.
pub fn abandoned(task: &Task, claimed_at: Timestamp, now: Timestamp) -> Task {
    let mut task = task.clone();
    task.due_at = now;
    let is_cancelled = task.state == State::Settled(Outcome::Cancelled) && task.account.is_none();
    if !task.next_is_submit() && !is_cancelled {
        return task;
    }
    if task.state != State::Submitting {
        task.tries.sends += 1;
    }
    task.unknown = true;
    task.first_sent_at = Some(
        task.first_sent_at
            .map_or(claimed_at, |first| first.min(claimed_at)),
    );
    if !is_cancelled {
        task.state = State::Unknown;
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
    if task.action == Action::Update {
        return fed_to_update(task, payload, now);
    }
    if task.account.is_some() {
        // Never created again. Whether it is watched again depends on how it settled.
        task.changed = differs;
        if matches!(
            task.state,
            State::Settled(Outcome::StillPending | Outcome::Cancelled | Outcome::AwaitingActivation)
        ) {
            watch_again(task, now);
        }
        return;
    }
    match task.state {
        State::Queued if differs => replace(task, payload, now),
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
        State::Settled(Outcome::CreatedIdUnknown) => task.changed = differs,
        State::Settled(Outcome::Rejected) if differs => reopen(task, payload, now),
        State::Settled(Outcome::Cancelled | Outcome::Exhausted | Outcome::Parked(_)) if task.unknown => {
            task.staged = differs.then_some(payload);
            look_first(task, Then::SendAgain, now);
        }
        State::Settled(Outcome::Cancelled | Outcome::Exhausted) => reopen(task, payload, now),
        State::Settled(Outcome::Parked(_)) if differs => reopen(task, payload, now),
        State::Queued | State::Submitting | State::Unknown | State::Pending | State::Settled(_) => {}
    }
}

/// An update of an account that was updated before is a new intent; it can be done at any time, only not while an older one
/// may still be at work.
fn fed_to_update(task: &mut Task, payload: Digest, now: Timestamp) {
    let differs = payload != task.payload;
    match task.state {
        State::Queued if differs => return replace(task, payload, now),
        State::Settled(Outcome::Cancelled | Outcome::Exhausted | Outcome::StillPending) => {}
        State::Submitting
        | State::Unknown
        | State::Reconciling { .. }
        | State::Pending
        | State::Settled(_)
            if differs => {}
        _ => return,
    }
    reopen(task, payload, now);
}

/// Other data for what was never sent under its present id.
fn replace(task: &mut Task, payload: Digest, now: Timestamp) {
    task.payload = payload;
    task.errors.clear();
    task.due_at = task.due_at.max(now.plus(REST));
}

fn retried(task: &mut Task, now: Timestamp) {
    match task.state {
        State::Settled(Outcome::Updated | Outcome::Unchanged) => {}
        State::Settled(_) if task.action == Action::Update => reopen(task, task.payload, now),
        State::Settled(Outcome::Active | Outcome::Inactive(_)) => {}
        State::Settled(_) if task.account.is_some() => watch_again(task, now),
        State::Settled(_) if task.unknown => look_first(task, Then::SendAnyway, now),
        State::Settled(_) => reopen(task, task.payload, now),
        // A look-up that waits does so for a reason.
        State::Reconciling { .. } => {}
        State::Queued | State::Submitting | State::Unknown | State::Pending => task.due_at = now,
    }
}

/// Starts over. An intent that was answered is closed, so the next one has an id of its own. One that was given up, or
/// cancelled, without an answer is still open, and keeps its id: should a send have been forgotten with a lost ledger, it
/// is met again.
fn reopen(task: &mut Task, payload: Digest, now: Timestamp) {
    let is_given_up = matches!(
        task.state,
        State::Settled(Outcome::Cancelled | Outcome::Exhausted)
    );
    let is_open = is_given_up && !task.unknown;
    // What was sent without an answer must not come after what is sent next.
    let may_be_at_work = task.unknown || task.state == State::Submitting;
    let last_sent = task.settled_at.unwrap_or(now);
    let is_new = !is_open || payload != task.payload;
    task.payload = payload;
    task.staged = None;
    task.looked = false;
    if !is_open {
        new_generation(task);
    }
    task.first_sent_at = None;
    task.quiet_at = None;
    task.tries = Tries {
        sends: task.tries.sends,
        ..Tries::default()
    };
    task.state = State::Queued;
    task.errors.clear();
    task.settled_at = None;
    task.trying_since = None;
    task.due_at = if is_new { now.plus(REST) } else { now };
    if may_be_at_work {
        task.due_at = task.due_at.max(last_sent.plus(AT_WORK_MAX));
    }
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
