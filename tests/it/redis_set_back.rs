//! A Redis that lost the last it was told, with processes that still remember it.

use std::sync::Arc;

use enlist::domain::task::{Outcome, State, Then};
use enlist::engine::ports::{Kept, Ledger, payload_digest};
use enlist::ledger::redis::RedisLedger;

use crate::ledger_conformance::fixture::{
    after_lease, at, claim_one, commit, feed, import_n, pending, row_with, settled, task_of,
};
use crate::redis_server::RedisServer;

async fn open(redis: &RedisServer) -> Arc<dyn Ledger> {
    let address = redis.address("back").parse().unwrap();
    Arc::new(RedisLedger::open(&address).await.unwrap())
}

/// A task lent, forgotten, and lent again: its first holder's word counts for nothing, and prolongs nothing.
#[tokio::test]
async fn a_lease_that_was_forgotten_is_fenced() {
    let mut redis = RedisServer::start_with(&["--appendfsync", "always"]);
    let (one, two) = (open(&redis).await, open(&redis).await);
    let batch = import_n(&*one, "one", 1).await;
    let files = redis.files();
    let forgotten = claim_one(&*one, at(0)).await;
    redis.set_back(&files);
    answers(&*one).await;
    answers(&*two).await;
    let held = claim_one(&*two, at(1_000)).await;
    assert_eq!(held.lease.task, forgotten.lease.task);
    assert_eq!(held.abandoned, None, "nobody knows of the first");

    one.extend(&[forgotten.lease], at(999_000)).await.unwrap();
    let held = claim_one(&*two, after_lease(1_000)).await;
    assert_eq!(held.abandoned, Some(at(1_000)), "it ran out in its time");
    let late = settled(&forgotten.task, Outcome::Rejected, at(1_001));
    assert_eq!(commit(&*one, &forgotten, late, at(1_001)).await, Kept::Fenced);
    let done = pending(&held.task, at(2_000));
    assert_eq!(commit(&*two, &held, done.clone(), at(1_002)).await, Kept::Yes);
    assert_eq!(task_of(&*two, &batch, 0).await, done);
}

/// A batch of another file under the number of one that was forgotten: nothing of the first passes for it.
#[tokio::test]
async fn a_batch_that_was_forgotten_leaves_its_number_and_nothing_else() {
    let mut redis = RedisServer::start_with(&["--appendfsync", "always"]);
    let (one, two) = (open(&redis).await, open(&redis).await);
    let files = redis.files();
    let first = import_n(&*one, "first", 3).await;
    let old = claim_one(&*one, at(0)).await;
    redis.set_back(&files);
    answers(&*one).await;
    answers(&*two).await;
    assert_eq!(one.batch(&first).await.unwrap(), None);
    let second = import_n(&*two, "second", 3).await;
    let new = claim_one(&*one, at(1_000)).await;
    assert_eq!((&new.batch, new.lease.task), (&second, old.lease.task));
    assert_eq!(new.payload.as_deref(), Some("payload of second-0"));
    let late = pending(&old.task, at(2_000));
    assert_eq!(commit(&*one, &old, late, at(1_001)).await, Kept::Fenced);
    assert_eq!(task_of(&*two, &second, 0).await, new.task);
}

/// Sent, and the note of it lost: changed data must not go out as if nothing had.
#[tokio::test]
async fn changed_data_of_a_row_that_may_have_been_sent_wait_for_a_look() {
    let mut redis = RedisServer::start_with(&["--appendfsync", "always"]);
    let ledger = open(&redis).await;
    import_n(&*ledger, "old", 2).await;
    let files = redis.files();
    let sent = claim_one(&*ledger, at(10)).await;
    redis.set_back(&files);
    answers(&*ledger).await;
    import_n(&*ledger, "new", 1).await;
    let changed = [
        row_with(0, "old-0", "changed"),
        row_with(1, "old-1", "payload of old-1"),
        row_with(2, "new-0", "changed"),
    ];
    let (batch, appended) = feed(&*ledger, "changed", &changed, 1_000).await;
    assert_eq!((appended.changed, appended.resumed), (2, 1));
    let doubted = task_of(&*ledger, &batch, 0).await;
    let then = Then::SendAgain;
    assert_eq!(doubted.state, State::Reconciling { misses: 0, then });
    assert!(doubted.unknown);
    assert_eq!(doubted.first_sent_at, Some(at(0)), "when it was due");
    assert_eq!(
        doubted.payload, sent.task.payload,
        "what may have been sent stays in force"
    );
    assert_eq!(doubted.staged, Some(payload_digest("changed")));
    let same = task_of(&*ledger, &batch, 1).await;
    assert_eq!(same.state, State::Queued, "the same data do no harm");
    let later = task_of(&*ledger, &batch, 2).await;
    assert_eq!(
        (later.state, later.payload),
        (State::Queued, payload_digest("changed")),
        "nothing of it can have been lost"
    );
}

/// Waits until the ledger's line stands again.
async fn answers(ledger: &dyn Ledger) {
    while ledger.batches().await.is_err() {
        tokio::task::yield_now().await;
    }
}
