//! Orders about a whole batch.

use enlist::domain::batch::Tally;
use enlist::domain::machine::Order;
use enlist::domain::task::{Outcome, ParkReason, State};
use enlist::engine::ports::{Kept, Ledger, payload_digest};

use super::fixture::{
    after_lease, at, claim, claim_one, commit, faulty, feed, import, import_n, row, settled, tallies, task_of,
};

pub(crate) async fn a_retry_reopens_what_can_be_tried_again(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 5).await;
    let outcomes = [
        Outcome::Active,
        Outcome::Rejected,
        Outcome::Exhausted,
        Outcome::Parked(ParkReason::UnknownOutcome),
        Outcome::StillPending,
    ];
    let mut before = Vec::new();
    for (claim, outcome) in claim(ledger, 5, at(0)).await.into_iter().zip(outcomes) {
        let task = settled(&claim.task, outcome, at(1));
        commit(ledger, &claim, task.clone(), at(1)).await;
        before.push(task);
    }
    assert_eq!(ledger.apply_to_batch(&id, &Order::Retry, at(2)).await.unwrap(), 4);
    for (seq, task) in (0..).zip(before) {
        let wanted = enlist::domain::machine::order(&task, &Order::Retry, at(2));
        assert_eq!(task_of(ledger, &id, seq).await, wanted);
    }
    let counts = ledger.counts(&id).await.unwrap();
    let wanted = tallies(&[(Tally::Active, 1), (Tally::Queued, 3), (Tally::Pending, 1)]);
    assert_eq!(counts.tasks, wanted.tasks);
    assert_eq!(claim(ledger, 9, at(2)).await.len(), 2, "new ids rest");
    assert_eq!(claim(ledger, 9, at(3_002)).await.len(), 2);
    assert_eq!(
        ledger
            .apply_to_batch(&id, &Order::Retry, at(3_003))
            .await
            .unwrap(),
        0,
        "all in hand"
    );
}

pub(crate) async fn an_order_passes_by_what_is_in_flight(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 3).await;
    let held = claim_one(ledger, at(0)).await;
    assert_eq!(
        ledger.apply_to_batch(&id, &Order::Cancel, at(1)).await.unwrap(),
        2
    );
    assert_eq!(task_of(ledger, &id, 0).await, held.task);
    let done = settled(&held.task, Outcome::Active, at(2));
    assert_eq!(commit(ledger, &held, done.clone(), at(2)).await, Kept::Yes);
    assert_eq!(task_of(ledger, &id, 0).await, done);
}

pub(crate) async fn an_order_takes_what_was_left_lying(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 1).await;
    let dead = claim_one(ledger, at(5)).await;
    assert_eq!(
        ledger
            .apply_to_batch(&id, &Order::Retry, after_lease(5))
            .await
            .unwrap(),
        1
    );
    let task = task_of(ledger, &id, 0).await;
    assert_eq!(
        (task.state, task.unknown, task.first_sent_at),
        (State::Unknown, true, Some(at(5)))
    );
    assert_eq!(
        commit(ledger, &dead, dead.task.clone(), after_lease(6)).await,
        Kept::Fenced
    );
    let again = claim_one(ledger, after_lease(7)).await;
    assert_eq!(again.abandoned, None, "its silence is in the task already");
}

pub(crate) async fn an_order_leaves_other_batches_tasks_alone(ledger: &dyn Ledger) {
    let one = import(ledger, "one", &[row(0, "a"), row(1, "b")]).await;
    let (two, _) = feed(ledger, "two", &[row(0, "b")], 1).await;
    assert_eq!(
        ledger.apply_to_batch(&one, &Order::Cancel, at(2)).await.unwrap(),
        1
    );
    assert_eq!(task_of(ledger, &one, 1).await.state, State::Queued);
    assert_eq!(
        ledger.apply_to_batch(&two, &Order::Cancel, at(2)).await.unwrap(),
        1
    );
}

pub(crate) async fn fed_means_with_the_data_each_task_has(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 3).await;
    let outcomes = [Outcome::Exhausted, Outcome::Rejected, Outcome::Active];
    for (claim, outcome) in claim(ledger, 3, at(0)).await.into_iter().zip(outcomes) {
        commit(ledger, &claim, settled(&claim.task, outcome, at(1)), at(1)).await;
    }
    let any = Order::Fed(payload_digest("not looked at"));
    assert_eq!(
        ledger.apply_to_batch(&id, &any, at(2)).await.unwrap(),
        1,
        "the one that was given up"
    );
    let claim = claim_one(ledger, at(2)).await;
    assert_eq!(claim.key.as_str(), "one-0");
    assert_eq!(
        claim.payload.as_deref().map(payload_digest),
        Some(claim.task.payload)
    );
    assert!(!task_of(ledger, &id, 2).await.changed);
}

pub(crate) async fn an_order_reaches_every_row_of_a_long_file(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 1_500).await;
    let mut rows: Vec<_> = (1_500..2_100).map(faulty).collect();
    rows.extend((2_100..2_200).map(|seq| row(seq, &format!("late-{seq}"))));
    ledger.append(&id, &rows, at(0)).await.unwrap();
    assert_eq!(
        ledger.apply_to_batch(&id, &Order::Cancel, at(1)).await.unwrap(),
        1_600
    );
    assert_eq!(
        ledger.counts(&id).await.unwrap(),
        tallies(&[(Tally::Cancelled, 1_600)])
    );
}
