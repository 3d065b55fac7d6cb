//! What waits, for whoever watches: nothing is taken by looking.

use enlist::domain::batch::{Backlog, PauseReason, Tally};
use enlist::domain::task::Outcome;
use enlist::engine::ports::{Ledger, Which};

use super::fixture::{after_lease, at, claim, claim_one, claimed, commit, import_n, pause, pending, settled};

pub(crate) async fn what_waits_is_counted_over_all_batches(ledger: &dyn Ledger) {
    assert_eq!(ledger.backlog(at(0)).await.unwrap(), Backlog::default());
    import_n(ledger, "one", 3).await;
    import_n(ledger, "two", 2).await;
    let claims = claim(ledger, 2, at(1)).await;
    let watched = pending(&claims[0].task, at(500));
    commit(ledger, &claims[0], watched, at(2)).await;
    let done = settled(&claims[1].task, Outcome::Rejected, at(2));
    commit(ledger, &claims[1], done, at(2)).await;
    let backlog = ledger.backlog(at(3)).await.unwrap();
    for (tally, tasks) in [(Tally::Queued, 3), (Tally::Pending, 1), (Tally::Rejected, 1)] {
        assert_eq!(backlog.of(tally), tasks, "{tally:?}");
    }
    assert_eq!(backlog.tasks.iter().sum::<u64>(), 5);
    assert_eq!(
        backlog,
        ledger.backlog(at(3)).await.unwrap(),
        "looking changes nothing"
    );
    assert_eq!(claimed(ledger, 9, at(3)).await.claims.len(), 3);
}

pub(crate) async fn what_is_due_longest_is_known_without_claiming(ledger: &dyn Ledger) {
    let oldest = async |ms| ledger.backlog(at(ms)).await.unwrap().oldest_due;
    assert_eq!(oldest(0).await, None);
    let one = import_n(ledger, "one", 1).await;
    assert_eq!(oldest(70_000).await, Some(at(0)), "nobody came for it");
    let in_hand = claim_one(ledger, at(70_000)).await;
    assert_eq!(
        oldest(70_001).await,
        Some(after_lease(70_000)),
        "in hand until the lease ends"
    );
    commit(ledger, &in_hand, pending(&in_hand.task, at(75_000)), at(70_002)).await;
    assert_eq!(oldest(70_003).await, Some(at(75_000)));

    let which = Which::Batch(one);
    let until_80_000 = pause(PauseReason::Quota, 70_004, Some(80_000));
    ledger.set_pause(&which, Some(&until_80_000)).await.unwrap();
    assert_eq!(
        oldest(70_005).await,
        Some(at(80_000)),
        "not before the pause ends"
    );
    assert_eq!(
        oldest(80_000).await,
        Some(at(75_000)),
        "a pause that is over holds nothing"
    );
    let for_a_person = pause(PauseReason::Operator, 80_001, None);
    ledger.set_pause(&which, Some(&for_a_person)).await.unwrap();
    assert_eq!(oldest(90_000).await, None, "a person must resume it");
    import_n(ledger, "two", 1).await;
    assert_eq!(oldest(90_000).await, Some(at(0)));

    ledger.set_pause(&which, None).await.unwrap();
    for claim in claim(ledger, 2, at(90_001)).await {
        let done = settled(&claim.task, Outcome::Active, at(90_002));
        commit(ledger, &claim, done, at(90_002)).await;
    }
    assert_eq!(oldest(90_003).await, None, "nothing is open");
}

pub(crate) async fn pauses_in_force_are_counted_by_reason(ledger: &dyn Ledger) {
    for (name, reason, until) in [
        ("one", PauseReason::Auth, None),
        ("two", PauseReason::Auth, None),
        ("three", PauseReason::Quota, Some(9)),
    ] {
        let id = import_n(ledger, name, 1).await;
        let pause = pause(reason, 1, until);
        ledger.set_pause(&Which::Batch(id), Some(&pause)).await.unwrap();
    }
    import_n(ledger, "four", 1).await;
    let paused = async |ms| {
        let backlog = ledger.backlog(at(ms)).await.unwrap();
        PauseReason::ALL.map(|reason| backlog.paused_for(reason))
    };
    assert_eq!(paused(8).await, [2, 1, 0, 0, 0]);
    assert_eq!(paused(9).await, [2, 0, 0, 0, 0], "over by itself");
}
