//! A cancelled batch sends nothing more, and no task of it stays open once nobody has it.

use enlist::domain::batch::Tally;
use enlist::domain::machine::Order;
use enlist::domain::task::{Outcome, State};
use enlist::engine::ports::{Kept, Ledger};

use super::fixture::{
    after_lease, at, claim, claim_one, claimed, commit, import_n, pending, row, settled, tallies, task_of,
};

const CANCELLED: State = State::Settled(Outcome::Cancelled);

pub(crate) async fn a_cancelled_batch_lends_nothing(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 700).await;
    ledger.cancel(&id).await.unwrap();
    assert!(ledger.batch(&id).await.unwrap().unwrap().cancelled);
    // Whoever cancelled may die before the order is through: claims finish the work.
    for _ in 0..3 {
        assert_eq!(claim(ledger, 9, at(1)).await, []);
    }
    assert_eq!(
        ledger.counts(&id).await.unwrap(),
        tallies(&[(Tally::Cancelled, 700)])
    );
    assert_eq!(claimed(ledger, 9, at(1)).await.next_due, None);
}

/// One claim settles no more than a few hundred in passing, however many batches are cancelled: whoever claims waits for it.
pub(crate) async fn a_claim_settles_so_many_over_all_cancelled_batches(ledger: &dyn Ledger) {
    let mut batches = Vec::new();
    for name in ["one", "two", "three"] {
        let id = import_n(ledger, name, 300).await;
        ledger.cancel(&id).await.unwrap();
        batches.push(id);
    }
    for wanted in [500, 900] {
        assert_eq!(claim(ledger, 9, at(1)).await, []);
        let mut settled = 0;
        for id in &batches {
            settled += ledger.counts(id).await.unwrap().tasks[Tally::Cancelled as usize];
        }
        assert_eq!(settled, wanted);
    }
}

pub(crate) async fn open_tasks_are_settled_by_the_order(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 4).await;
    let mut claims = claim(ledger, 3, at(0)).await;
    let (watched, done) = (claims.remove(0), claims.remove(0));
    commit(ledger, &watched, pending(&watched.task, at(99_000)), at(1)).await;
    commit(
        ledger,
        &done,
        settled(&done.task, Outcome::Rejected, at(1)),
        at(1),
    )
    .await;
    ledger.cancel(&id).await.unwrap();
    let changed = ledger.apply_to_batch(&id, &Order::Cancel, at(2)).await.unwrap();
    assert_eq!(changed, 2, "the one waiting and the one watched");
    let counts = ledger.counts(&id).await.unwrap();
    assert_eq!(
        counts.tasks,
        tallies(&[(Tally::Cancelled, 2), (Tally::Rejected, 1), (Tally::Queued, 1)]).tasks
    );
    let task = task_of(ledger, &id, 3).await;
    assert_eq!((task.state, task.settled_at), (CANCELLED, Some(at(2))));
}

pub(crate) async fn a_task_in_flight_is_settled_by_its_commit(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 2).await;
    let claims = claim(ledger, 2, at(0)).await;
    ledger.cancel(&id).await.unwrap();
    ledger.apply_to_batch(&id, &Order::Cancel, at(1)).await.unwrap();
    let counts = ledger.counts(&id).await.unwrap();
    assert_eq!(counts, tallies(&[(Tally::Queued, 2)]), "their workers have them");
    let given_back = claims[0].task.clone();
    assert_eq!(commit(ledger, &claims[0], given_back, at(2)).await, Kept::Yes);
    let watched = pending(&claims[1].task, at(9));
    assert_eq!(commit(ledger, &claims[1], watched, at(2)).await, Kept::Yes);
    let task = task_of(ledger, &id, 1).await;
    assert_eq!((task.state, task.settled_at), (CANCELLED, Some(at(2))));
    assert!(task.account.is_some(), "what was learned is kept");
    assert_eq!(
        ledger.counts(&id).await.unwrap(),
        tallies(&[(Tally::Cancelled, 2)])
    );
}

pub(crate) async fn what_settled_in_flight_stays_as_it_settled(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 1).await;
    let claim = claim_one(ledger, at(0)).await;
    ledger.cancel(&id).await.unwrap();
    let done = settled(&claim.task, Outcome::Active, at(1));
    commit(ledger, &claim, done.clone(), at(1)).await;
    ledger.apply_to_batch(&id, &Order::Cancel, at(2)).await.unwrap();
    assert_eq!(task_of(ledger, &id, 0).await, done);
}

pub(crate) async fn what_a_dead_worker_left_is_settled_and_may_have_been_sent(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 1).await;
    let dead = claim_one(ledger, at(0)).await;
    ledger.cancel(&id).await.unwrap();
    assert_eq!(claim(ledger, 9, after_lease(0)).await, []);
    let task = task_of(ledger, &id, 0).await;
    assert_eq!(task.state, CANCELLED);
    assert!(task.unknown, "a later order must look before it sends");
    assert_eq!(task.first_sent_at, Some(at(0)));
    let late = settled(&dead.task, Outcome::Rejected, at(9));
    assert_eq!(commit(ledger, &dead, late, after_lease(9)).await, Kept::Fenced);
}

pub(crate) async fn rows_that_come_later_are_cancelled_too(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 1).await;
    ledger.cancel(&id).await.unwrap();
    ledger.append(&id, &[row(1, "later")], at(1)).await.unwrap();
    assert_eq!(task_of(ledger, &id, 1).await.state, CANCELLED);
    let elsewhere = import_n(ledger, "two", 1).await;
    ledger.append(&id, &[row(2, "two-0")], at(2)).await.unwrap();
    assert_eq!(
        task_of(ledger, &elsewhere, 0).await.state,
        CANCELLED,
        "it was fed to the cancelled one"
    );
}

pub(crate) async fn an_order_to_go_on_takes_it_back(ledger: &dyn Ledger) {
    for (name, order) in [
        ("one", Order::Retry),
        ("two", Order::Fed(super::fixture::digest_of("any"))),
    ] {
        let id = import_n(ledger, name, 3).await;
        ledger.cancel(&id).await.unwrap();
        ledger.apply_to_batch(&id, &Order::Cancel, at(1)).await.unwrap();
        assert!(
            ledger.batch(&id).await.unwrap().unwrap().cancelled,
            "a cancel does not undo itself"
        );
        assert_eq!(ledger.apply_to_batch(&id, &order, at(2)).await.unwrap(), 3);
        assert!(!ledger.batch(&id).await.unwrap().unwrap().cancelled);
        let claims = claim(ledger, 9, at(3)).await;
        assert_eq!(claims.len(), 3);
        for claim in claims {
            assert_eq!(claim.task.state, State::Queued);
            commit(
                ledger,
                &claim,
                settled(&claim.task, Outcome::Active, at(4)),
                at(4),
            )
            .await;
        }
    }
}
