//! Rows coming in, new and known.

use enlist::domain::attempt::CallKind;
use enlist::domain::batch::{Batch, PauseReason, Tally};
use enlist::domain::ids::{AccountId, BatchId, Digest, Scope};
use enlist::domain::task::{Action, Outcome, State, Task, Then};
use enlist::engine::ports::{Appended, Kept, Ledger, LedgerError, NewRowBody, Which, payload_digest};

use super::fixture::{
    after_lease, at, attempt, batch, batch_in, claim, claim_one, commit, commit_with, digest_of, faulty,
    feed, import, import_n, pause, pending, row, row_with, scope, settled, tallies, task_of, text,
};

pub(crate) async fn a_new_key_makes_a_task(ledger: &dyn Ledger) {
    let (id, appended) = feed(ledger, "one", &[row(0, "a"), row(1, "b")], 7).await;
    assert_eq!(
        appended,
        Appended {
            new: 2,
            ..Appended::default()
        }
    );
    assert_eq!(
        task_of(ledger, &id, 1).await,
        Task::new(Action::Create, digest_of("b"), at(7))
    );
    assert_eq!(ledger.counts(&id).await.unwrap(), tallies(&[(Tally::Queued, 2)]));
    assert_eq!(ledger.batch(&id).await.unwrap().unwrap().rows_imported, 2);
}

pub(crate) async fn a_payload_goes_by_the_digest_it_came_with(ledger: &dyn Ledger) {
    let of = |name: &str, payload: &str, digest: &str| {
        let mut row = row_with(0, "a", payload);
        if let NewRowBody::Sound { digest: given, .. } = &mut row.body {
            *given = payload_digest(digest);
        }
        (name.to_owned(), row)
    };
    let (one, first) = of("one", "sealed once", "plain");
    let (two, again) = of("two", "sealed twice", "plain");
    feed(ledger, &one, &[first], 0).await;
    let appended = feed(ledger, &two, &[again], 1).await.1;
    assert_eq!((appended.resumed, appended.changed), (1, 0));
    let claimed = claim_one(ledger, at(2)).await;
    assert_eq!(claimed.task.payload, payload_digest("plain"));
    assert!(
        [text("sealed once"), text("sealed twice")].contains(&claimed.payload),
        "either is what the digest names"
    );
}

/// An account once known is not asked for again, but it can be changed: a task that waits for it keeps its payload.
pub(crate) async fn an_update_has_its_payload_however_much_is_known(ledger: &dyn Ledger) {
    let update = Batch {
        id: BatchId::derive(&scope(), Action::Update, &Digest::of(b"file")),
        action: Action::Update,
        ..batch("file")
    };
    ledger.open_batch(&update).await.unwrap();
    ledger.append(&update.id, &[row(0, "a")], at(0)).await.unwrap();
    for ms in [1, 2] {
        let claim = claim_one(ledger, at(ms)).await;
        assert_eq!(claim.payload, text("payload of a"), "{:?}", claim.task.account);
        let known = Task {
            account: Some(AccountId::new("1001")),
            due_at: at(ms + 1),
            ..claim.task.clone()
        };
        assert_eq!(commit(ledger, &claim, known, at(ms)).await, Kept::Yes);
    }
}

pub(crate) async fn rows_that_are_there_are_left_as_they_are(ledger: &dyn Ledger) {
    let id = import(ledger, "one", &[row(0, "a"), row(1, "b")]).await;
    let before = ledger.rows(&id, 0, 9).await.unwrap();
    let again = [row_with(0, "a", "other"), row(1, "x"), row(2, "c")];
    let appended = ledger.append(&id, &again, at(1)).await.unwrap();
    assert_eq!(
        appended,
        Appended {
            new: 1,
            ..Appended::default()
        }
    );
    let after = ledger.rows(&id, 0, 9).await.unwrap();
    assert_eq!(after[..2], before);
    assert_eq!(after.len(), 3);
    assert_eq!(
        ledger.append(&id, &again, at(2)).await.unwrap(),
        Appended::default()
    );
    assert_eq!(ledger.append(&id, &[], at(2)).await.unwrap(), Appended::default());
    assert_eq!(ledger.batch(&id).await.unwrap().unwrap().rows_imported, 3);
    assert_eq!(ledger.counts(&id).await.unwrap(), tallies(&[(Tally::Queued, 3)]));
}

pub(crate) async fn a_gap_is_filled_later(ledger: &dyn Ledger) {
    let id = import(ledger, "one", &[row(0, "a"), row(5, "f")]).await;
    assert_eq!(ledger.batch(&id).await.unwrap().unwrap().rows_imported, 6);
    let appended = ledger
        .append(&id, &[row(0, "a"), row(2, "c")], at(1))
        .await
        .unwrap();
    assert_eq!(appended.new, 1);
    let there: Vec<u64> = ledger
        .rows(&id, 0, 9)
        .await
        .unwrap()
        .iter()
        .map(|row| row.seq)
        .collect();
    assert_eq!(there, [0, 2, 5]);
}

/// A ledger that was set back while a file is imported: the rows that it lost would never come.
pub(crate) async fn rows_beyond_the_next_are_refused(ledger: &dyn Ledger) {
    let id = import(ledger, "one", &[row(0, "a"), row(1, "b")]).await;
    let late: Vec<_> = (3..900).map(|seq| row(seq, &format!("k-{seq}"))).collect();
    let error = ledger.append(&id, &late, at(1)).await.unwrap_err();
    assert!(
        matches!(&error, LedgerError::Behind { batch, imported: 2 } if *batch == id),
        "{error:?}"
    );
    assert_eq!(ledger.batch(&id).await.unwrap().unwrap().rows_imported, 2);
    assert_eq!(ledger.rows(&id, 0, 9).await.unwrap().len(), 2);
    ledger.append(&id, &[row(2, "c")], at(1)).await.unwrap();
    assert_eq!(ledger.append(&id, &late, at(1)).await.unwrap().new, 897);
}

pub(crate) async fn an_append_that_failed_is_repeated(ledger: &dyn Ledger) {
    let batch = batch("one");
    let rows = [row(0, "a"), faulty(1), row(2, "b")];
    ledger.append(&batch.id, &rows, at(0)).await.unwrap_err();
    ledger.open_batch(&batch).await.unwrap();
    assert_eq!(
        ledger.rows(&batch.id, 0, 9).await.unwrap(),
        [],
        "nothing of it was kept"
    );
    let appended = ledger.append(&batch.id, &rows, at(1)).await.unwrap();
    let wanted = Appended {
        new: 2,
        faulty: 1,
        ..Appended::default()
    };
    assert_eq!(appended, wanted);
}

pub(crate) async fn a_faulty_row_makes_no_task(ledger: &dyn Ledger) {
    let (id, appended) = feed(ledger, "one", &[faulty(0), row(1, "a")], 0).await;
    assert_eq!((appended.faulty, appended.new), (1, 1));
    assert_eq!(ledger.rows(&id, 0, 1).await.unwrap()[0].task, None);
    assert_eq!(ledger.counts(&id).await.unwrap(), tallies(&[(Tally::Queued, 1)]));
    assert_eq!(claim(ledger, 9, at(1)).await.len(), 1);
    assert_eq!(ledger.batch(&id).await.unwrap().unwrap().rows_imported, 2);
}

pub(crate) async fn a_key_belongs_to_its_scope(ledger: &dyn Ledger) {
    import(ledger, "one", &[row(0, "a")]).await;
    for (provider, account) in [
        ("adobe", "345434543@https://sandbox.example"),
        ("other", &scope().account),
    ] {
        let elsewhere = Scope {
            provider: provider.into(),
            account: account.into(),
        };
        let other = batch_in(&elsewhere, "two");
        ledger.open_batch(&other).await.unwrap();
        let appended = ledger.append(&other.id, &[row(0, "a")], at(0)).await.unwrap();
        assert_eq!(appended.new, 1, "{elsewhere:?}");
    }
    assert_eq!(claim(ledger, 9, at(1)).await.len(), 3);
}

pub(crate) async fn the_same_key_twice_in_a_file_corrupts_nothing(ledger: &dyn Ledger) {
    let rows = [row(0, "a"), row(1, "a"), row_with(2, "a", "third"), row(3, "b")];
    let (id, appended) = feed(ledger, "one", &rows, 0).await;
    let wanted = Appended {
        new: 2,
        resumed: 1,
        changed: 1,
        ..Appended::default()
    };
    assert_eq!(appended, wanted);
    assert_eq!(ledger.counts(&id).await.unwrap(), tallies(&[(Tally::Queued, 2)]));
    assert_eq!(task_of(ledger, &id, 0).await, task_of(ledger, &id, 2).await);
    let order = enlist::domain::machine::Order::Cancel;
    assert_eq!(ledger.apply_to_batch(&id, &order, at(1)).await.unwrap(), 2);
    assert_eq!(
        ledger.counts(&id).await.unwrap(),
        tallies(&[(Tally::Cancelled, 2)])
    );
}

pub(crate) async fn the_batch_that_fed_last_owns_the_task(ledger: &dyn Ledger) {
    let one = import(ledger, "one", &[row(0, "a"), row(1, "b"), row(2, "c")]).await;
    let done = claim_one(ledger, at(0)).await;
    commit(ledger, &done, settled(&done.task, Outcome::Active, at(1)), at(1)).await;
    let (two, appended) = feed(ledger, "two", &[row(0, "a"), row(1, "b")], 2).await;
    let wanted = Appended {
        resumed: 1,
        unchanged: 1,
        ..Appended::default()
    };
    assert_eq!(appended, wanted);
    let first = ledger.counts(&one).await.unwrap();
    assert_eq!(first.tasks, tallies(&[(Tally::Queued, 1)]).tasks);
    assert_eq!(first.settle_n, 1, "what it cost stays with the batch that paid");
    let both = tallies(&[(Tally::Queued, 1), (Tally::Active, 1)]);
    assert_eq!(ledger.counts(&two).await.unwrap(), both);
    let paused = pause(PauseReason::Operator, 3, None);
    ledger.set_pause(&Which::Batch(one), Some(&paused)).await.unwrap();
    let claim = claim_one(ledger, at(4)).await;
    assert_eq!((claim.key.as_str(), claim.batch), ("b", two));
}

pub(crate) async fn the_same_data_leave_a_lease_alone(ledger: &dyn Ledger) {
    let one = import_n(ledger, "one", 1).await;
    let held = claim_one(ledger, at(0)).await;
    let (two, appended) = feed(ledger, "two", &[row(0, "one-0")], 1).await;
    assert_eq!(appended.resumed, 1);
    assert_eq!(claim(ledger, 9, at(2)).await, []);
    assert_eq!(ledger.counts(&one).await.unwrap(), tallies(&[]));
    assert_eq!(ledger.counts(&two).await.unwrap(), tallies(&[(Tally::Queued, 1)]));
    let calls = vec![attempt(CallKind::Submit, 3, Some(201))];
    let watched = pending(&held.task, at(9));
    assert_eq!(commit_with(ledger, &held, watched, calls, at(3)).await, Kept::Yes);
    assert_eq!(ledger.counts(&two).await.unwrap().of(Tally::Pending), 1);
    assert_eq!(ledger.counts(&two).await.unwrap().calls, [1, 0, 0]);
}

pub(crate) async fn changed_data_fence_the_holder(ledger: &dyn Ledger) {
    let one = import(ledger, "one", &[row_with(0, "a", "old")]).await;
    let held = claim_one(ledger, at(5)).await;
    let (two, appended) = feed(ledger, "two", &[row_with(0, "a", "new")], 6).await;
    assert_eq!(
        appended,
        Appended {
            changed: 1,
            ..Appended::default()
        }
    );
    let late = settled(&held.task, Outcome::Active, at(7));
    let calls = vec![attempt(CallKind::Submit, 7, Some(201))];
    assert_eq!(commit_with(ledger, &held, late, calls, at(7)).await, Kept::Fenced);
    let task = task_of(ledger, &two, 0).await;
    let then = Then::SendAgain;
    assert_eq!(
        task.state,
        State::Reconciling { misses: 0, then },
        "the old data may have been sent"
    );
    assert_eq!((task.first_sent_at, task.unknown), (Some(at(5)), true));
    assert_eq!(
        (task.payload, task.staged),
        (payload_digest("old"), Some(payload_digest("new")))
    );
    assert_eq!(ledger.counts(&one).await.unwrap(), tallies(&[]));
    assert_eq!(
        ledger.counts(&two).await.unwrap().tasks,
        tallies(&[(Tally::Unknown, 1)]).tasks
    );
    let again = claim_one(ledger, after_lease(9)).await;
    assert_eq!(again.abandoned, None, "its silence is in the task already");
    assert_eq!(again.payload, text("old"), "what the look-up asks for");
}

pub(crate) async fn data_staged_again_leave_a_lease_alone(ledger: &dyn Ledger) {
    import(ledger, "one", &[row_with(0, "a", "old")]).await;
    claim_one(ledger, at(0)).await;
    import(ledger, "two", &[row_with(0, "a", "new")]).await;
    let looking = claim_one(ledger, at(1)).await;
    let (_, appended) = feed(ledger, "three", &[row_with(0, "a", "new")], 2).await;
    assert_eq!(appended.changed, 1);
    let mut found_nothing = looking.task.clone();
    found_nothing.due_at = at(9);
    assert_eq!(commit(ledger, &looking, found_nothing, at(3)).await, Kept::Yes);
}

pub(crate) async fn staged_data_come_into_force_with_the_commit_that_says_so(ledger: &dyn Ledger) {
    import(ledger, "one", &[row_with(0, "a", "old")]).await;
    claim_one(ledger, at(0)).await;
    let two = import(ledger, "two", &[row_with(0, "a", "new")]).await;
    let looking = claim_one(ledger, at(1)).await;
    let mut task = looking.task.clone();
    task.state = State::Queued;
    task.payload = task.staged.take().unwrap();
    task.generation += 1;
    task.unknown = false;
    task.due_at = at(2);
    assert_eq!(commit(ledger, &looking, task.clone(), at(2)).await, Kept::Yes);
    let sending = claim_one(ledger, at(2)).await;
    assert_eq!(
        (sending.payload, &sending.task, sending.batch),
        (text("new"), &task, two)
    );
}

pub(crate) async fn staged_data_can_be_taken_back(ledger: &dyn Ledger) {
    import(ledger, "one", &[row_with(0, "a", "old")]).await;
    claim_one(ledger, at(0)).await;
    import(ledger, "two", &[row_with(0, "a", "new")]).await;
    let looking = claim_one(ledger, at(1)).await;
    let (three, appended) = feed(ledger, "three", &[row_with(0, "a", "old")], 2).await;
    assert_eq!(appended.resumed, 1);
    let task = task_of(ledger, &three, 0).await;
    assert_eq!((task.staged, task.payload), (None, payload_digest("old")));
    let mut late = looking.task.clone();
    late.payload = late.staged.take().unwrap();
    late.state = State::Queued;
    assert_eq!(
        commit(ledger, &looking, late, at(3)).await,
        Kept::Fenced,
        "it would send what was taken back"
    );
    assert_eq!(claim_one(ledger, at(4)).await.payload, text("old"));
}
