//! What becomes of a task where it lies, with a lease on it or not: the same in every store.

use crate::domain::ids::Digest;
use crate::domain::machine::{Order, abandoned, order};
use crate::domain::task::Task;
use crate::domain::time::Timestamp;

/// Somebody's hold on a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hold {
    /// Since when somebody may have sent for this task and has not said so.
    pub(super) since: Timestamp,
    /// Its end; the holder may prolong it.
    pub(super) until: Timestamp,
}

/// A task moved by something else than its holder's commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moved {
    /// The task as it now stands.
    pub(super) task: Task,
    /// Whether the hold has ended by it, so that the holder's commit must not count.
    pub(super) hold_ends: bool,
}

/// The task's row was in a file again, with `payload`.
///
/// Under a hold, data that change nothing leave task and hold alone; data that do end the hold, since its holder
/// may have sent the old ones: from then on it counts as silent.
pub(super) fn fed(
    task: &Task,
    hold: Option<Hold>,
    payload: Digest,
    cancelled: bool,
    now: Timestamp,
) -> Moved {
    let feed = Order::Fed(payload);
    let fed = order(task, &feed, now);
    match hold {
        None => Moved {
            task: cancel_if(cancelled, fed, now),
            hold_ends: false,
        },
        Some(_) if fed == *task => Moved {
            task: fed,
            hold_ends: false,
        },
        Some(hold) => Moved {
            task: cancel_if(
                cancelled,
                order(&abandoned(task, hold.since, now), &feed, now),
                now,
            ),
            hold_ends: true,
        },
    }
}

/// A whole batch was ordered about: `None` while somebody has the task. [`Order::Fed`] means with the data it has.
pub(super) fn ordered(task: &Task, hold: Option<Hold>, given: &Order, now: Timestamp) -> Option<Moved> {
    let free = match hold {
        None => task.clone(),
        Some(hold) if hold.until <= now => abandoned(task, hold.since, now),
        Some(_) => return None,
    };
    let given = match given {
        Order::Fed(_) => Order::Fed(task.payload),
        other => *other,
    };
    Some(Moved {
        task: order(&free, &given, now),
        hold_ends: hold.is_some(),
    })
}

/// The task as it is saved from its holder's commit.
pub(super) fn committed(task: &Task, cancelled: bool, now: Timestamp) -> Task {
    cancel_if(cancelled, task.clone(), now)
}

/// In a cancelled batch no task stays open once nobody has it.
fn cancel_if(cancelled: bool, task: Task, now: Timestamp) -> Task {
    if cancelled {
        order(&task, &Order::Cancel, now)
    } else {
        task
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::task::{Action, Outcome, State, Then};

    const NOW: Timestamp = Timestamp::from_ms(100_000);
    const HELD: Hold = Hold {
        since: Timestamp::from_ms(90_000),
        until: Timestamp::from_ms(120_000),
    };
    const EXPIRED: Hold = Hold {
        since: Timestamp::from_ms(50_000),
        until: Timestamp::from_ms(99_000),
    };

    fn digest(text: &str) -> Digest {
        Digest::of(text.as_bytes())
    }

    fn queued() -> Task {
        Task::new(Action::Create, digest("one"), Timestamp::from_ms(0))
    }

    #[test]
    fn the_same_data_leave_a_held_task_to_its_holder() {
        for hold in [HELD, EXPIRED] {
            let moved = fed(&queued(), Some(hold), digest("one"), false, NOW);
            assert_eq!(moved.task, queued());
            assert!(!moved.hold_ends);
        }
    }

    #[test]
    fn changed_data_end_the_hold_and_what_was_sent_is_unknown() {
        let moved = fed(&queued(), Some(HELD), digest("two"), false, NOW);
        assert!(moved.hold_ends);
        assert!(moved.task.unknown);
        assert_eq!(moved.task.first_sent_at, Some(HELD.since));
        assert_eq!(
            moved.task.payload,
            digest("one"),
            "what may have been sent stays in force"
        );
        assert_eq!(moved.task.staged, Some(digest("two")));
        let then = Then::SendAgain;
        assert_eq!(moved.task.state, State::Reconciling { misses: 0, then });
    }

    #[test]
    fn taking_staged_data_back_is_a_change_too() {
        let mut task = fed(&queued(), Some(HELD), digest("two"), false, NOW).task;
        task = fed(&task, Some(HELD), digest("one"), false, NOW).task;
        assert_eq!(task.staged, None);
    }

    #[test]
    fn an_order_passes_by_what_is_held_and_takes_what_was_left_lying() {
        assert_eq!(ordered(&queued(), Some(HELD), &Order::Cancel, NOW), None);
        let moved = ordered(&queued(), Some(EXPIRED), &Order::Cancel, NOW).unwrap();
        assert!(moved.hold_ends);
        assert_eq!(moved.task.state, State::Settled(Outcome::Cancelled));
        assert!(moved.task.unknown, "it may have been sent");
    }

    #[test]
    fn fed_to_a_batch_means_with_its_own_data() {
        let mut task = queued();
        task.state = State::Settled(Outcome::Rejected);
        let moved = ordered(&task, None, &Order::Fed(digest("other")), NOW).unwrap();
        assert_eq!(moved.task, task);
    }

    #[test]
    fn a_cancelled_batch_takes_no_open_task() {
        let cancelled = State::Settled(Outcome::Cancelled);
        assert_eq!(
            fed(&queued(), None, digest("one"), true, NOW).task.state,
            cancelled
        );
        assert_eq!(committed(&queued(), true, NOW).state, cancelled);
        assert_eq!(committed(&queued(), false, NOW).state, State::Queued);
        let moved = fed(&queued(), Some(HELD), digest("one"), true, NOW);
        assert_eq!(
            moved.task.state,
            State::Queued,
            "left to its holder, whose commit settles it"
        );
    }
}
