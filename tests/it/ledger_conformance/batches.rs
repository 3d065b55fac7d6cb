//! Batches: known, listed, paused, resumed.

use enlist::domain::batch::{Batch, Counts, PauseReason, Weight};
use enlist::domain::ids::Scope;
use enlist::domain::machine::Order;
use enlist::domain::task::{Action, Outcome};
use enlist::engine::ports::{ClaimAsk, Ledger, LedgerError, Which};

use super::fixture::{
    ask, at, batch, batch_in, claim, claim_one, claimed, commit, import, import_n, pause, row, scope,
    settled, weigh,
};

pub(crate) async fn a_batch_is_found_as_it_was_made(ledger: &dyn Ledger) {
    let made = Batch {
        columns: vec!["key".into(), "Straße; \"quoted\"".into(), String::new()],
        derived_keys: true,
        rows_total: 1 << 40,
        pause: Some(pause(PauseReason::Quota, 5, Some(10))),
        weight: Weight::new(7).unwrap(),
        ..batch("one")
    };
    assert_eq!(ledger.open_batch(&made).await.unwrap(), made);
    assert_eq!(ledger.batch(&made.id).await.unwrap(), Some(made.clone()));
    assert_eq!(ledger.batches().await.unwrap(), [made]);
}

pub(crate) async fn opening_it_again_replaces_the_job_text_alone(ledger: &dyn Ledger) {
    let made = batch("one");
    ledger.open_batch(&made).await.unwrap();
    ledger.append(&made.id, &[row(0, "a")], at(0)).await.unwrap();
    let paused = pause(PauseReason::Operator, 1, None);
    ledger
        .set_pause(&Which::Batch(made.id.clone()), Some(&paused))
        .await
        .unwrap();
    ledger.cancel(&made.id).await.unwrap();
    let again = Batch {
        job: "other".into(),
        job_text: "new text".into(),
        rows_imported: 99,
        created_at: at(9),
        ..made.clone()
    };
    let wanted = Batch {
        job_text: "new text".into(),
        rows_imported: 1,
        pause: Some(paused),
        cancelled: true,
        ..made
    };
    assert_eq!(ledger.open_batch(&again).await.unwrap(), wanted);
    assert_eq!(ledger.batch(&wanted.id).await.unwrap(), Some(wanted));
}

pub(crate) async fn a_weight_is_kept_when_it_is_opened_again(ledger: &dyn Ledger) {
    let made = ledger.open_batch(&batch("one")).await.unwrap();
    assert_eq!(made.weight, Weight::default());
    weigh(ledger, &made.id, 7).await;
    let again = ledger.open_batch(&batch("one")).await.unwrap();
    assert_eq!(again.weight.get(), 7);
    assert_eq!(ledger.batches().await.unwrap(), std::slice::from_ref(&again));
    assert_eq!(ledger.batch(&made.id).await.unwrap(), Some(again));
    weigh(ledger, &made.id, 1).await;
    assert_eq!(ledger.batch(&made.id).await.unwrap(), Some(made));
}

pub(crate) async fn the_newest_comes_first(ledger: &dyn Ledger) {
    for (name, ms) in [("middle", 5), ("oldest", 1), ("newest", 9)] {
        let made = Batch {
            created_at: at(ms),
            ..batch(name)
        };
        ledger.open_batch(&made).await.unwrap();
    }
    let names: Vec<String> = ledger
        .batches()
        .await
        .unwrap()
        .into_iter()
        .map(|b| b.file_name)
        .collect();
    assert_eq!(names, ["newest.csv", "middle.csv", "oldest.csv"]);
}

pub(crate) async fn what_is_not_known_is_said_to_be_unknown(ledger: &dyn Ledger) {
    let id = batch("none").id;
    let no_batch = |result: Result<(), LedgerError>| match result {
        Err(LedgerError::NoBatch(which)) => assert_eq!(which, id),
        other => panic!("{other:?}"),
    };
    no_batch(ledger.append(&id, &[row(0, "a")], at(0)).await.map(|_| ()));
    no_batch(ledger.cancel(&id).await);
    no_batch(ledger.set_weight(&id, Weight::default()).await);
    no_batch(ledger.apply_to_batch(&id, &Order::Retry, at(0)).await.map(|_| ()));
    assert_eq!(ledger.batch(&id).await.unwrap(), None);
    assert_eq!(ledger.batches().await.unwrap(), []);
    assert_eq!(ledger.counts(&id).await.unwrap(), Counts::default());
    assert_eq!(ledger.rows(&id, 0, 10).await.unwrap(), []);
    let which = Which::Batch(id.clone());
    assert_eq!(ledger.set_pause(&which, None).await.unwrap(), []);
    let history = ledger
        .history(&scope(), Action::Create, &super::fixture::key("a"))
        .await
        .unwrap();
    assert_eq!(history, []);
    let ask = ClaimAsk {
        only: Some(id.clone()),
        ..ask(9, at(0))
    };
    let claimed = ledger.claim(&ask).await.unwrap();
    assert_eq!((claimed.claims, claimed.next_due), (Vec::new(), None));
}

pub(crate) async fn a_paused_batch_lends_nothing_until_it_is_resumed(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 4).await;
    let in_hand = claim_one(ledger, at(0)).await;
    let which = Which::Batch(id.clone());
    let paused = pause(PauseReason::Operator, 1, None);
    let changed = ledger.set_pause(&which, Some(&paused)).await.unwrap();
    assert_eq!(changed, std::slice::from_ref(&id));
    assert_eq!(ledger.batch(&id).await.unwrap().unwrap().pause, Some(paused));
    let nothing = claimed(ledger, 9, at(2)).await;
    assert_eq!(nothing.claims, []);
    assert_eq!(nothing.next_due, None, "nothing falls due by itself");
    // What is in flight is finished and saved: a pause fails no rows.
    let done = settled(&in_hand.task, Outcome::Active, at(3));
    commit(ledger, &in_hand, done, at(3)).await;
    assert_eq!(
        ledger.set_pause(&which, None).await.unwrap(),
        std::slice::from_ref(&id)
    );
    assert_eq!(
        ledger.set_pause(&which, None).await.unwrap(),
        [],
        "nothing to resume"
    );
    assert_eq!(ledger.batch(&id).await.unwrap().unwrap().pause, None);
    assert_eq!(claim(ledger, 9, at(4)).await.len(), 3);
}

pub(crate) async fn the_first_pause_stands(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 1).await;
    let which = Which::Batch(id.clone());
    let first = pause(PauseReason::Auth, 1, None);
    ledger.set_pause(&which, Some(&first)).await.unwrap();
    let second = pause(PauseReason::Operator, 2, None);
    assert_eq!(ledger.set_pause(&which, Some(&second)).await.unwrap(), []);
    assert_eq!(ledger.batch(&id).await.unwrap().unwrap().pause, Some(first));
}

pub(crate) async fn a_pause_with_an_end_ends(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 1).await;
    let until_9 = pause(PauseReason::Quota, 1, Some(9));
    ledger.set_pause(&Which::Batch(id), Some(&until_9)).await.unwrap();
    let nothing = claimed(ledger, 1, at(8)).await;
    assert_eq!((nothing.claims, nothing.next_due), (Vec::new(), Some(at(9))));
    claim_one(ledger, at(9)).await;
}

pub(crate) async fn a_pause_that_is_over_gives_way_to_a_new_one(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 1).await;
    let which = Which::Batch(id.clone());
    let until_9 = pause(PauseReason::Quota, 1, Some(9));
    ledger.set_pause(&which, Some(&until_9)).await.unwrap();
    let meanwhile = pause(PauseReason::Auth, 8, None);
    assert_eq!(ledger.set_pause(&which, Some(&meanwhile)).await.unwrap(), []);
    let later = pause(PauseReason::Auth, 9, None);
    assert_eq!(
        ledger.set_pause(&which, Some(&later)).await.unwrap(),
        std::slice::from_ref(&id)
    );
    assert_eq!(ledger.batch(&id).await.unwrap().unwrap().pause, Some(later));
}

pub(crate) async fn a_scope_is_paused_where_work_is_left_and_nowhere_else(ledger: &dyn Ledger) {
    let other_scope = Scope {
        account: "1@https://sandbox.example".into(),
        ..scope()
    };
    let stranger = batch_in(&other_scope, "stranger");
    ledger.open_batch(&stranger).await.unwrap();
    ledger.append(&stranger.id, &[row(0, "s")], at(0)).await.unwrap();
    let done = Batch {
        rows_total: 1,
        ..batch("done")
    };
    ledger.open_batch(&done).await.unwrap();
    import(ledger, "done", &[row(0, "d")]).await;
    let ask = ClaimAsk {
        only: Some(done.id.clone()),
        ..ask(1, at(0))
    };
    let claims = ledger.claim(&ask).await.unwrap().claims;
    let end = settled(&claims[0].task, Outcome::Active, at(1));
    commit(ledger, &claims[0], end, at(1)).await;
    let cancelled = import(ledger, "cancelled", &[]).await;
    ledger.cancel(&cancelled).await.unwrap();
    let importing = import(ledger, "importing", &[]).await;
    let open = Batch {
        rows_total: 1,
        ..batch("open")
    };
    ledger.open_batch(&open).await.unwrap();
    import(ledger, "open", &[row(0, "o")]).await;

    let paused = pause(PauseReason::Auth, 2, None);
    let mut changed = ledger
        .set_pause(&Which::Scope(scope()), Some(&paused))
        .await
        .unwrap();
    changed.sort();
    let mut wanted = vec![importing, open.id];
    wanted.sort();
    assert_eq!(changed, wanted);
    for batch in ledger.batches().await.unwrap() {
        let is_meant = wanted.contains(&batch.id);
        assert_eq!(batch.pause.is_some(), is_meant, "{}", batch.file_name);
    }
}

pub(crate) async fn a_scope_is_resumed_as_a_whole(ledger: &dyn Ledger) {
    let one = import_n(ledger, "one", 1).await;
    let two = import_n(ledger, "two", 1).await;
    import_n(ledger, "three", 1).await;
    for (id, reason) in [(&one, PauseReason::Auth), (&two, PauseReason::Operator)] {
        let paused = pause(reason, 1, None);
        ledger
            .set_pause(&Which::Batch(id.clone()), Some(&paused))
            .await
            .unwrap();
    }
    let mut resumed = ledger.set_pause(&Which::Scope(scope()), None).await.unwrap();
    resumed.sort();
    let mut wanted = vec![one, two];
    wanted.sort();
    assert_eq!(resumed, wanted);
    assert_eq!(claim(ledger, 9, at(2)).await.len(), 3);
}
