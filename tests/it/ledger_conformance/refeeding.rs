//! Every state a task can lie in, fed again: with the same data, with changed data, at rest and in flight.

use enlist::domain::answer::InactiveReason;
use enlist::domain::machine::{Order, abandoned, order};
use enlist::domain::task::{Outcome, ParkReason, State, Task, Then};
use enlist::domain::time::Timestamp;
use enlist::engine::ports::{Appended, Claim, Kept, Ledger, payload_digest};

use super::fixture::{at, claim, claim_one, commit, feed, import, pending, row_with, settled, task_of};

/// A task in each of its states, due at `due` where it is open.
fn states(task: &Task, due: Timestamp) -> Vec<(String, Task)> {
    let mut states = vec![("Queued".to_owned(), task.clone())];
    let mut sent = task.clone();
    sent.unknown = true;
    sent.tries.sends = 2;
    sent.first_sent_at = Some(at(0));
    let open = |state| Task {
        state,
        due_at: due,
        ..sent.clone()
    };
    states.push(("Unknown".into(), open(State::Unknown)));
    for then in [Then::SendAgain, Then::SendAnyway, Then::GiveUp, Then::Park] {
        states.push((
            format!("Reconciling {then:?}"),
            open(State::Reconciling { misses: 1, then }),
        ));
    }
    states.push(("Pending".into(), pending(task, due)));
    let changed = Task {
        changed: true,
        ..pending(task, due)
    };
    states.push(("Pending, changed".into(), changed));
    for outcome in [
        Outcome::Active,
        Outcome::Inactive(InactiveReason::Blocked),
        Outcome::Rejected,
        Outcome::StillPending,
        Outcome::Parked(ParkReason::UnknownOutcome),
        Outcome::Exhausted,
        Outcome::Cancelled,
    ] {
        states.push((format!("{outcome:?}"), settled(task, outcome, at(3))));
        if !matches!(
            outcome,
            Outcome::Active | Outcome::Inactive(_) | Outcome::StillPending
        ) {
            let unknown = settled(&sent, outcome, at(3));
            states.push((format!("{outcome:?}, unknown"), unknown));
        }
    }
    states
}

const N: usize = 19;

/// Puts the key `name`, imported with the payload "old", into its `n`th state.
async fn put(ledger: &dyn Ledger, name: &str, n: usize) -> Option<(String, Task)> {
    import(ledger, &format!("first-{name}"), &[row_with(0, name, "old")]).await;
    let claim = claim_one(ledger, at(1)).await;
    let (what, task) = states(&claim.task, at(5)).into_iter().nth(n)?;
    assert_eq!(
        commit(ledger, &claim, task.clone(), at(2)).await,
        Kept::Yes,
        "{what}"
    );
    Some((what, task))
}

/// When an id that is new has rested, and a lease given at the beginning still holds.
const RESTED: Timestamp = at(4_000);

/// When nothing that was sent can still be at work.
const QUIET: Timestamp = at(130_000);

/// Whatever is due at `now`: its payload is what its digest says, and is there when it may be needed.
async fn check_payloads(ledger: &dyn Ledger, what: &str, now: Timestamp) -> Vec<Claim> {
    let claims = claim(ledger, 9, now).await;
    for claim in &claims {
        let digest = claim.payload.as_deref().map(payload_digest);
        let wanted = claim.task.account.is_none().then_some(claim.task.payload);
        assert_eq!(digest, wanted, "{what}");
    }
    claims
}

/// Settles what is open, so that the next state starts alone.
async fn clear(ledger: &dyn Ledger, claims: Vec<Claim>) {
    for claim in claims {
        let done = settled(&claim.task, Outcome::Active, RESTED);
        commit(ledger, &claim, done, RESTED).await;
    }
}

pub(crate) async fn every_state_is_fed_as_the_machine_says(ledger: &dyn Ledger) {
    for payload in ["old", "new"] {
        for n in 0..N {
            let name = format!("{payload}-{n}");
            let Some((what, task)) = put(ledger, &name, n).await else {
                panic!("there are {n} states, not {N}");
            };
            let wanted = order(&task, &Order::Fed(payload_digest(payload)), at(10));
            let (second, _) = feed(
                ledger,
                &format!("second-{name}"),
                &[row_with(0, &name, payload)],
                10,
            )
            .await;
            assert_eq!(task_of(ledger, &second, 0).await, wanted, "{what}, fed {payload}");
            assert_eq!(ledger.counts(&second).await.unwrap().total(), 1, "{what}");
            let claims = check_payloads(ledger, &what, QUIET).await;
            assert_eq!(
                claims.len(),
                usize::from(!wanted.state.is_settled()),
                "{what}, fed {payload}"
            );
            clear(ledger, claims).await;
        }
    }
}

pub(crate) async fn every_state_in_flight_is_fed_as_the_machine_says(ledger: &dyn Ledger) {
    for payload in ["old", "new"] {
        for n in 0..N {
            let name = format!("{payload}-{n}");
            let Some((what, task)) = put(ledger, &name, n).await else {
                panic!("there are {n} states, not {N}");
            };
            if task.state.is_settled() {
                continue;
            }
            let held = claim_one(ledger, at(6)).await;
            let feed_it = Order::Fed(payload_digest(payload));
            let changes = order(&task, &feed_it, at(10)) != task;
            let wanted = if changes {
                order(&abandoned(&task, at(6), at(10)), &feed_it, at(10))
            } else {
                task
            };
            let (second, _) = feed(
                ledger,
                &format!("second-{name}"),
                &[row_with(0, &name, payload)],
                10,
            )
            .await;
            assert_eq!(task_of(ledger, &second, 0).await, wanted, "{what}, fed {payload}");
            let claims = check_payloads(ledger, &what, RESTED).await;
            assert_eq!(
                claims.len(),
                usize::from(changes),
                "{what}, fed {payload}: the lease stands or ends"
            );
            let back = held.task.clone();
            let kept = if changes { Kept::Fenced } else { Kept::Yes };
            assert_eq!(
                commit(ledger, &held, back, at(20)).await,
                kept,
                "{what}, fed {payload}"
            );
            clear(ledger, claims).await;
            let rest = check_payloads(ledger, &what, RESTED).await;
            clear(ledger, rest).await;
        }
    }
}

pub(crate) async fn what_was_fed_is_told_in_five_words(ledger: &dyn Ledger) {
    let told = |appended: Appended| {
        let Appended {
            new,
            resumed,
            unchanged,
            changed,
            faulty,
        } = appended;
        [new, resumed, unchanged, changed, faulty]
    };
    for n in 0..N {
        let name = format!("k-{n}");
        let (what, task) = put(ledger, &name, n).await.unwrap();
        let fed = order(&task, &Order::Fed(task.payload), at(10));
        let (_, same) = feed(ledger, &format!("same-{name}"), &[row_with(0, &name, "old")], 10).await;
        let wanted = if fed.state.is_settled() {
            [0, 0, 1, 0, 0]
        } else {
            [0, 1, 0, 0, 0]
        };
        assert_eq!(told(same), wanted, "{what}");
        let (_, other) = feed(ledger, &format!("other-{name}"), &[row_with(0, &name, "new")], 11).await;
        assert_eq!(told(other), [0, 0, 0, 1, 0], "{what}");
        let claims = claim(ledger, 9, RESTED).await;
        clear(ledger, claims).await;
    }
}
