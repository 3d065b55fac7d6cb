//! Finished batches forgotten, and nothing else.

use enlist::domain::attempt::CallKind;
use enlist::domain::batch::{Counts, Tally};
use enlist::domain::ids::BatchId;
use enlist::domain::task::{Action, Outcome};
use enlist::engine::ports::{Kept, Ledger};

use super::fixture::{
    after_lease, at, attempt, batch, claim, commit, commit_with, faulty, feed, import, import_n, key, row,
    scope, settled, tallies, task_of,
};

/// Settles all tasks that are due.
async fn settle_all(ledger: &dyn Ledger, outcome: Outcome) {
    for claim in claim(ledger, 10_000, at(1)).await {
        let done = settled(&claim.task, outcome, at(2));
        let calls = vec![attempt(CallKind::Submit, 1, Some(201))];
        assert_eq!(commit_with(ledger, &claim, done, calls, at(2)).await, Kept::Yes);
    }
}

async fn is_gone(ledger: &dyn Ledger, id: &BatchId) {
    assert_eq!(ledger.batch(id).await.unwrap(), None);
    assert_eq!(ledger.rows(id, 0, 9).await.unwrap(), []);
    assert_eq!(ledger.counts(id).await.unwrap(), Counts::default());
    assert!(
        ledger
            .batches()
            .await
            .unwrap()
            .iter()
            .all(|batch| batch.id != *id)
    );
}

pub(crate) async fn a_finished_batch_is_forgotten(ledger: &dyn Ledger) {
    let id = import(ledger, "one", &[row(0, "a"), faulty(1), row(2, "b")]).await;
    settle_all(ledger, Outcome::Active).await;
    assert!(ledger.forget(&id).await.unwrap());
    is_gone(ledger, &id).await;
    assert_eq!(
        ledger.history(&scope(), Action::Create, &key("a")).await.unwrap(),
        []
    );
    let (again, appended) = feed(ledger, "one", &[row(0, "a"), faulty(1), row(2, "b")], 3).await;
    assert_eq!(
        (again, appended.new, appended.faulty),
        (id.clone(), 2, 1),
        "fed again, rows are new"
    );
    assert_eq!(ledger.counts(&id).await.unwrap(), tallies(&[(Tally::Queued, 2)]));
    assert_eq!(claim(ledger, 9, at(4)).await.len(), 2);
}

pub(crate) async fn an_unfinished_batch_is_not_forgotten(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 3).await;
    assert!(!ledger.forget(&id).await.unwrap(), "it has open tasks");
    let held = claim(ledger, 9, at(1)).await;
    assert!(!ledger.forget(&id).await.unwrap(), "somebody has them");
    for claim in &held {
        commit(ledger, claim, settled(&claim.task, Outcome::Active, at(2)), at(2)).await;
    }
    let half = import(ledger, "half", &[row(0, "h")]).await;
    settle_all(ledger, Outcome::Rejected).await;
    assert!(
        !ledger.forget(&half).await.unwrap(),
        "two of its rows are still to come"
    );
    ledger.cancel(&half).await.unwrap();
    assert!(
        ledger.forget(&half).await.unwrap(),
        "nor will they, now that it is cancelled"
    );
    assert_eq!(ledger.rows(&id, 0, 9).await.unwrap().len(), 3);
}

pub(crate) async fn what_another_batch_took_over_stays(ledger: &dyn Ledger) {
    let one = import_n(ledger, "one", 3).await;
    settle_all(ledger, Outcome::Exhausted).await;
    let (two, appended) = feed(ledger, "two", &[row(0, "one-0"), row(1, "one-2"), row(2, "x")], 3).await;
    assert_eq!((appended.resumed, appended.new), (2, 1));
    assert!(ledger.forget(&one).await.unwrap());
    is_gone(ledger, &one).await;
    let task = task_of(ledger, &two, 0).await;
    let claims = claim(ledger, 9, at(4)).await;
    assert_eq!(claims.len(), 3);
    assert!(
        claims
            .iter()
            .all(|claim| claim.payload.is_some() && claim.batch == two)
    );
    assert!(claims.iter().any(|claim| claim.task == task));
    assert_eq!(
        ledger
            .history(&scope(), Action::Create, &key("one-0"))
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        ledger
            .history(&scope(), Action::Create, &key("one-1"))
            .await
            .unwrap(),
        []
    );
}

/// Whose rows another batch had taken over, and was forgotten with them, is told so and nothing else: what became of the
/// row is not known here any more, so it must be neither a fault of the file nor somebody else's account.
pub(crate) async fn what_was_forgotten_with_another_batch_is_said_to_be(ledger: &dyn Ledger) {
    let one = import_n(ledger, "one", 3).await;
    let (two, _) = feed(ledger, "two", &[row(0, "one-0"), row(1, "one-2"), row(2, "x")], 0).await;
    settle_all(ledger, Outcome::Active).await;
    assert!(ledger.forget(&two).await.unwrap());
    // Neither rows that are new nor the same keys fed again are taken for what was forgotten.
    import_n(ledger, "three", 3).await;
    let (_, appended) = feed(ledger, "four", &[row(0, "one-0"), row(1, "one-1")], 3).await;
    assert_eq!((appended.new, appended.unchanged), (1, 1));
    let rows = ledger.rows(&one, 0, 9).await.unwrap();
    let forgotten: Vec<bool> = rows.iter().map(|row| row.forgotten).collect();
    assert_eq!(forgotten, [true, false, true]);
    for row in rows.iter().filter(|row| row.forgotten) {
        assert!(
            row.task.is_none() && row.unreadable.is_none() && row.faults.is_empty(),
            "{row:?}"
        );
        assert!(!row.cells.is_empty());
    }
    assert!(rows[1].task.is_some());
}

/// Data fed again unchanged leave a lease alone, and with it the row whose payload its holder sends.
pub(crate) async fn what_somebody_still_sends_stays(ledger: &dyn Ledger) {
    let one = import_n(ledger, "one", 3).await;
    let held = claim(ledger, 1, at(1)).await;
    let (two, _) = feed(ledger, "two", &[row(0, "one-0")], 2).await;
    settle_all(ledger, Outcome::Active).await;
    assert!(ledger.forget(&one).await.unwrap());
    let again = claim(ledger, 9, after_lease(1)).await;
    assert_eq!(again.len(), 1);
    assert_eq!(
        (&again[0].key, &again[0].payload),
        (&held[0].key, &held[0].payload)
    );
    commit(
        ledger,
        &again[0],
        settled(&again[0].task, Outcome::Active, after_lease(2)),
        after_lease(2),
    )
    .await;
    ledger.cancel(&two).await.unwrap();
    assert!(ledger.forget(&two).await.unwrap());
    assert!(ledger.forget(&one).await.unwrap(), "what it left goes now");
    is_gone(ledger, &one).await;
    is_gone(ledger, &two).await;
    assert_eq!(
        ledger
            .history(&scope(), Action::Create, &key("one-0"))
            .await
            .unwrap(),
        []
    );
}

pub(crate) async fn a_long_batch_is_forgotten_to_its_end(ledger: &dyn Ledger) {
    let mut long = batch("long");
    long.rows_total = 1_200;
    ledger.open_batch(&long).await.unwrap();
    let rows: Vec<_> = (0..1_200).map(|seq| row(seq, &format!("l-{seq}"))).collect();
    ledger.append(&long.id, &rows, at(0)).await.unwrap();
    settle_all(ledger, Outcome::Rejected).await;
    assert!(ledger.forget(&long.id).await.unwrap());
    is_gone(ledger, &long.id).await;
    ledger.open_batch(&long).await.unwrap();
    assert_eq!(ledger.append(&long.id, &rows, at(3)).await.unwrap().new, 1_200);
}
