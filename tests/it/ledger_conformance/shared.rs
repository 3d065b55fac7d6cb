//! One ledger, more than one process.

use std::collections::HashSet;

use enlist::domain::attempt::CallKind;
use enlist::domain::batch::{PauseReason, Tally};
use enlist::domain::task::Action;
use enlist::engine::ports::{Kept, Which};
use futures_util::future::join;

use super::Home;
use super::fixture::{
    after_lease, at, attempt, batch, claim, claim_one, commit_with, full, import_n, key, pause, row, scope,
    task_of,
};

pub(crate) async fn all_is_there_after_opening_again(home: &dyn Home) {
    let ledger = home.open().await;
    let id = import_n(&*ledger, "one", 3).await;
    let claims = claim(&*ledger, 2, at(0)).await;
    let calls = vec![attempt(CallKind::Submit, 1, Some(201))];
    commit_with(&*ledger, &claims[0], full(&claims[0].task), calls, at(2)).await;
    let paused = pause(PauseReason::Auth, 3, None);
    ledger
        .set_pause(&Which::Batch(id.clone()), Some(&paused))
        .await
        .unwrap();
    let batches = ledger.batches().await.unwrap();
    let (counts, rows) = (
        ledger.counts(&id).await.unwrap(),
        ledger.rows(&id, 0, 9).await.unwrap(),
    );
    let history = ledger
        .history(&scope(), Action::Create, &key("one-0"))
        .await
        .unwrap();
    drop(ledger);

    let ledger = home.open().await;
    assert_eq!(ledger.batches().await.unwrap(), batches);
    assert_eq!(ledger.counts(&id).await.unwrap(), counts);
    assert_eq!(ledger.rows(&id, 0, 9).await.unwrap(), rows);
    assert_eq!(
        ledger
            .history(&scope(), Action::Create, &key("one-0"))
            .await
            .unwrap(),
        history
    );
    ledger.set_pause(&Which::Batch(id.clone()), None).await.unwrap();
    assert_eq!(
        claim(&*ledger, 9, at(5)).await.len(),
        1,
        "a lease outlives its process"
    );
    let claims = claim(&*ledger, 9, after_lease(0)).await;
    assert_eq!((claims.len(), claims[0].abandoned), (1, Some(at(0))));
}

pub(crate) async fn what_one_was_told_is_kept_the_other_sees(home: &dyn Home) {
    let (one, two) = (home.open().await, home.open().await);
    let id = batch("one").id;
    assert_eq!(two.batch(&id).await.unwrap(), None);
    import_n(&*one, "one", 2).await;
    assert_eq!(two.batch(&id).await.unwrap().unwrap().rows_imported, 2);
    assert_eq!(two.rows(&id, 0, 9).await.unwrap().len(), 2);
    let claim = claim_one(&*two, at(0)).await;
    let paused = pause(PauseReason::Operator, 1, None);
    one.set_pause(&Which::Batch(id.clone()), Some(&paused))
        .await
        .unwrap();
    assert_eq!(
        two.claim(&super::fixture::ask(9, at(2))).await.unwrap().claims,
        []
    );
    let task = full(&claim.task);
    assert_eq!(
        commit_with(&*two, &claim, task.clone(), Vec::new(), at(3)).await,
        Kept::Yes
    );
    assert_eq!(task_of(&*one, &id, 0).await, task);
    assert_eq!(one.counts(&id).await.unwrap().of(Tally::Inactive), 1);
}

pub(crate) async fn two_handles_never_share_a_task(home: &dyn Home) {
    let (one, two) = (home.open().await, home.open().await);
    import_n(&*one, "one", 500).await;
    let drain = |ledger: std::sync::Arc<dyn enlist::engine::ports::Ledger>| async move {
        let mut mine = Vec::new();
        loop {
            let claims = claim(&*ledger, 7, at(0)).await;
            if claims.is_empty() {
                return mine;
            }
            mine.extend(claims.into_iter().map(|claim| claim.key));
        }
    };
    let (first, second) = join(drain(one), drain(two)).await;
    let all: HashSet<_> = first.iter().chain(&second).collect();
    assert_eq!((all.len(), first.len() + second.len()), (500, 500));
}

pub(crate) async fn a_report_is_read_while_others_write(home: &dyn Home) {
    let (one, two) = (home.open().await, home.open().await);
    let id = import_n(&*one, "one", 300).await;
    let write = async {
        for block in 0..20_u64 {
            let from = 300 + block * 50;
            let rows: Vec<_> = (from..from + 50)
                .map(|seq| row(seq, &format!("late-{seq}")))
                .collect();
            one.append(&id, &rows, at(1)).await.unwrap();
            claim(&*one, 50, at(1)).await;
        }
    };
    let read = async {
        for _ in 0..20 {
            let rows = two.rows(&id, 0, u32::MAX).await.unwrap();
            assert!(
                rows.len() >= 300 && rows.len() % 50 == 0,
                "whole blocks: {}",
                rows.len()
            );
            let counts = two.counts(&id).await.unwrap();
            assert!(counts.total() >= rows.len() as u64);
        }
    };
    join(write, read).await;
}

/// Who knew a batch that another process forgot meets the one that took its place.
pub(crate) async fn a_batch_forgotten_elsewhere_is_met_anew(home: &dyn Home) {
    let (one, two) = (home.open().await, home.open().await);
    let id = import_n(&*one, "one", 3).await;
    assert_eq!(two.counts(&id).await.unwrap().total(), 3);
    for claim in claim(&*one, 9, at(1)).await {
        commit_with(&*one, &claim, full(&claim.task), Vec::new(), at(2)).await;
    }
    assert!(one.forget(&id).await.unwrap());
    assert_eq!(two.batch(&id).await.unwrap(), None);
    import_n(&*one, "one", 2).await;
    assert_eq!(two.batch(&id).await.unwrap().unwrap().rows_imported, 2);
    assert_eq!(two.counts(&id).await.unwrap().of(Tally::Queued), 2);
    two.cancel(&id).await.unwrap();
    assert!(one.batch(&id).await.unwrap().unwrap().cancelled);
}
