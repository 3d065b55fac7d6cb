//! A Redis that lost the last it was told, with processes that still remember it.

use std::sync::Arc;

use enlist::domain::task::Outcome;
use enlist::engine::ports::{Kept, Ledger};
use enlist::ledger::redis::RedisLedger;

use crate::ledger_conformance::fixture::{
    after_lease, at, claim_one, commit, import_n, pending, settled, task_of,
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

/// Waits until the ledger's line stands again.
async fn answers(ledger: &dyn Ledger) {
    while ledger.batches().await.is_err() {
        tokio::task::yield_now().await;
    }
}
