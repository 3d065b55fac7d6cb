//! Leases: one holder at a time, the newest alone may commit, and nobody's silence is lost.

use std::collections::HashSet;
use std::time::Duration;

use enlist::domain::attempt::CallKind;
use enlist::domain::batch::{Counts, Tally};
use enlist::domain::ids::{BatchId, WorkerId};
use enlist::domain::task::{Action, Outcome, State, Task};
use enlist::engine::ports::{Claim, ClaimAsk, Commit, Kept, Lease, Ledger, payload_digest};
use futures_util::future::join_all;

use super::fixture::{
    LEASE, after_lease, ask, at, attempt, claim, claim_one, claimed, commit, commit_with, feed, full, import,
    import_n, key, pending, row_with, scope, settled, tallies, task_of, text,
};

pub(crate) async fn a_claim_holds_all_that_a_step_needs(ledger: &dyn Ledger) {
    let id = import(ledger, "one", &[row_with(0, "a", "{\"ü\":1}")]).await;
    let claim = claim_one(ledger, at(5)).await;
    let wanted = Claim {
        lease: claim.lease,
        batch: id,
        key: key("a"),
        task: Task::new(Action::Create, payload_digest("{\"ü\":1}"), at(0)),
        payload: text("{\"ü\":1}"),
        abandoned: None,
    };
    assert_eq!(claim, wanted);
}

pub(crate) async fn what_is_lent_is_not_lent_again(ledger: &dyn Ledger) {
    import_n(ledger, "one", 5).await;
    assert_eq!(claim(ledger, 3, at(0)).await.len(), 3);
    assert_eq!(claim(ledger, 9, at(0)).await.len(), 2);
    assert_eq!(claim(ledger, 9, at(1)).await, []);
    // Even a lease of no length keeps a task from being lent twice in one claim.
    let ask = ClaimAsk {
        lease: Duration::ZERO,
        ..ask(20, after_lease(0))
    };
    let claims = ledger.claim(&ask).await.unwrap().claims;
    assert_eq!(keys(&claims).len(), 5);
    assert_eq!(claims.len(), 5);
}

pub(crate) async fn eight_at_once_never_share_a_task(ledger: &dyn Ledger) {
    import_n(ledger, "one", 800).await;
    let worker = |no: usize| async move {
        let ask = ClaimAsk {
            worker: WorkerId::new(format!("w_{no}")),
            ..ask(7, at(0))
        };
        let mut mine = Vec::new();
        loop {
            let claims = ledger.claim(&ask).await.unwrap().claims;
            if claims.is_empty() {
                return mine;
            }
            mine.extend(claims);
        }
    };
    let all: Vec<Claim> = join_all((0..8).map(worker)).await.into_iter().flatten().collect();
    assert_eq!(all.len(), 800);
    assert_eq!(keys(&all).len(), 800);
    assert!(all.iter().all(|claim| claim.abandoned.is_none()));
}

pub(crate) async fn a_lease_that_ran_out_is_lent_again_with_word_of_it(ledger: &dyn Ledger) {
    import_n(ledger, "one", 1).await;
    let first = claim_one(ledger, at(5)).await;
    let just_before = after_lease(5).minus(Duration::from_millis(1));
    assert_eq!(claim(ledger, 1, just_before).await, []);
    let second = claim_one(ledger, after_lease(5)).await;
    assert_eq!(second.abandoned, Some(at(5)));
    assert_eq!(
        second.task, first.task,
        "what silence means is for the machine to say"
    );
    assert_eq!(second.lease.task, first.lease.task);
    assert!(second.lease.fence > first.lease.fence);
}

pub(crate) async fn of_leases_that_ran_out_in_a_row_the_first_is_told(ledger: &dyn Ledger) {
    import_n(ledger, "one", 1).await;
    claim_one(ledger, at(5)).await;
    claim_one(ledger, after_lease(5)).await;
    let third = claim_one(ledger, after_lease(100_000)).await;
    assert_eq!(third.abandoned, Some(at(5)), "a send may be as old as the first");
    let back = third.task.clone();
    commit(ledger, &third, back, after_lease(100_001)).await;
    assert_eq!(claim_one(ledger, after_lease(100_002)).await.abandoned, None);
}

pub(crate) async fn a_commit_is_fenced_once_somebody_else_has_the_task(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 1).await;
    let slow = claim_one(ledger, at(0)).await;
    let quick = claim_one(ledger, after_lease(0)).await;
    let done = settled(&slow.task, Outcome::Rejected, after_lease(1));
    let calls = vec![attempt(CallKind::Submit, 1, Some(400))];
    assert_eq!(
        commit_with(ledger, &slow, done, calls.clone(), after_lease(1)).await,
        Kept::Fenced
    );
    assert_eq!(task_of(ledger, &id, 0).await.state, State::Queued);
    let counts = Counts {
        calls: [1, 0, 0],
        ..tallies(&[(Tally::Queued, 1)])
    };
    assert_eq!(
        ledger.counts(&id).await.unwrap(),
        counts,
        "the call was made all the same"
    );
    assert_eq!(
        ledger
            .history(&scope(), Action::Create, &key("one-0"))
            .await
            .unwrap(),
        calls
    );
    let done = settled(&quick.task, Outcome::Active, after_lease(2));
    assert_eq!(
        commit(ledger, &quick, done.clone(), after_lease(2)).await,
        Kept::Yes
    );
    assert_eq!(task_of(ledger, &id, 0).await, done);
}

pub(crate) async fn a_late_commit_counts_while_nobody_has_the_task(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 1).await;
    let claim = claim_one(ledger, at(0)).await;
    let done = settled(&claim.task, Outcome::Active, after_lease(9));
    assert_eq!(
        commit(ledger, &claim, done.clone(), after_lease(9)).await,
        Kept::Yes
    );
    assert_eq!(task_of(ledger, &id, 0).await, done);
}

pub(crate) async fn a_commit_repeated_is_fenced_and_counts_once(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 1).await;
    let claim = claim_one(ledger, at(0)).await;
    let commit = Commit {
        lease: claim.lease,
        task: pending(&claim.task, at(9)),
        attempts: vec![
            attempt(CallKind::Submit, 1, Some(201)),
            attempt(CallKind::Poll, 2, Some(429)),
        ],
    };
    let twice = [commit.clone(), commit.clone()];
    assert_eq!(
        ledger.commit(&twice, at(3)).await.unwrap(),
        [Kept::Yes, Kept::Fenced]
    );
    assert_eq!(
        ledger.commit(&twice, at(3)).await.unwrap(),
        [Kept::Fenced, Kept::Fenced]
    );
    let counts = Counts {
        calls: [1, 0, 1],
        throttled: 1,
        ..tallies(&[(Tally::Pending, 1)])
    };
    assert_eq!(ledger.counts(&id).await.unwrap(), counts);
    assert_eq!(
        ledger
            .history(&scope(), Action::Create, &key("one-0"))
            .await
            .unwrap(),
        commit.attempts
    );
}

pub(crate) async fn a_lease_never_given_is_fenced(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 1).await;
    let claim = claim_one(ledger, at(0)).await;
    for (task, fence) in [(0, 1), (-1, 0), (1, -1), (claim.lease.fence + 1, 0)] {
        let commit = Commit {
            lease: Lease {
                task: claim.lease.task + task,
                fence: claim.lease.fence + fence,
            },
            task: settled(&claim.task, Outcome::Active, at(1)),
            attempts: Vec::new(),
        };
        assert_eq!(ledger.commit(&[commit], at(1)).await.unwrap(), [Kept::Fenced]);
    }
    assert_eq!(ledger.counts(&id).await.unwrap(), tallies(&[(Tally::Queued, 1)]));
}

pub(crate) async fn a_task_given_back_is_not_abandoned(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 1).await;
    let first = claim_one(ledger, at(0)).await;
    let back = first.task.clone();
    assert_eq!(commit(ledger, &first, back, at(1)).await, Kept::Yes);
    let again = claim_one(ledger, after_lease(5)).await;
    assert_eq!((again.abandoned, &again.task), (None, &first.task));
    assert_eq!(ledger.counts(&id).await.unwrap(), tallies(&[(Tally::Queued, 1)]));
}

pub(crate) async fn a_lease_is_prolonged_while_it_is_held(ledger: &dyn Ledger) {
    import_n(ledger, "one", 2).await;
    let claims = claim(ledger, 2, at(0)).await;
    let (kept, let_go) = (&claims[0], &claims[1]);
    let until = after_lease(20_000);
    ledger.extend(&[kept.lease], until).await.unwrap();
    ledger.extend(&[kept.lease], at(1)).await.unwrap();
    let due = claim(ledger, 9, after_lease(0)).await;
    assert_eq!(keys(&due), keys(std::slice::from_ref(let_go)), "never shortened");
    let again = claim_one(ledger, until).await;
    assert_eq!((&again.key, again.abandoned), (&kept.key, Some(at(0))));
}

pub(crate) async fn a_lease_is_prolonged_by_its_holder_alone(ledger: &dyn Ledger) {
    import_n(ledger, "one", 2).await;
    let slow = claim(ledger, 2, at(0)).await;
    commit(ledger, &slow[0], slow[0].task.clone(), at(1)).await;
    let until = after_lease(90_000);
    ledger.extend(&[slow[0].lease], until).await.unwrap();
    let again = claim_one(ledger, at(2)).await;
    assert_eq!(again.key, slow[0].key, "given back, so not to be prolonged");
    let quick = claim(ledger, 9, after_lease(2)).await;
    assert_eq!(quick.len(), 2);
    ledger
        .extend(&[slow[0].lease, slow[1].lease], until)
        .await
        .unwrap();
    assert_eq!(
        claim(ledger, 9, after_lease(2).plus(LEASE)).await.len(),
        2,
        "it is another's now"
    );
}

pub(crate) async fn nothing_is_lent_before_it_is_due(ledger: &dyn Ledger) {
    import_n(ledger, "one", 1).await;
    let first = claim_one(ledger, at(0)).await;
    commit(ledger, &first, pending(&first.task, at(500)), at(1)).await;
    let early = claimed(ledger, 1, at(499)).await;
    assert_eq!((early.claims, early.next_due), (Vec::new(), Some(at(500))));
    claim_one(ledger, at(500)).await;
}

pub(crate) async fn the_next_due_time_is_told(ledger: &dyn Ledger) {
    assert_eq!(claimed(ledger, 1, at(0)).await.next_due, None, "an empty ledger");
    import_n(ledger, "one", 3).await;
    assert_eq!(claimed(ledger, 0, at(5)).await.next_due, Some(at(0)));
    let two = claimed(ledger, 2, at(5)).await;
    assert_eq!(two.next_due, Some(at(0)), "one is left");
    let last = claimed(ledger, 9, at(6)).await;
    assert_eq!(last.next_due, Some(after_lease(5)), "all in hand");
    commit(
        ledger,
        &two.claims[0],
        pending(&two.claims[0].task, at(700)),
        at(7),
    )
    .await;
    assert_eq!(claimed(ledger, 9, at(8)).await.next_due, Some(at(700)));
    for (claim, ms) in [(&two.claims[0], 9), (&two.claims[1], 9), (&last.claims[0], 9)] {
        commit(
            ledger,
            claim,
            settled(&claim.task, Outcome::Rejected, at(ms)),
            at(ms),
        )
        .await;
    }
    assert_eq!(claimed(ledger, 9, at(9)).await.next_due, Some(at(700)));
    let watched = claim_one(ledger, at(700)).await;
    commit(
        ledger,
        &watched,
        settled(&watched.task, Outcome::Active, at(701)),
        at(701),
    )
    .await;
    assert_eq!(claimed(ledger, 9, at(9_999)).await.next_due, None, "all settled");
}

pub(crate) async fn a_task_is_kept_to_the_letter(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 1).await;
    let claim = claim_one(ledger, at(0)).await;
    let task = full(&claim.task);
    commit(ledger, &claim, task.clone(), at(1)).await;
    assert_eq!(task_of(ledger, &id, 0).await, task);
}

pub(crate) async fn the_payload_is_left_out_once_the_account_is_known(ledger: &dyn Ledger) {
    import_n(ledger, "one", 1).await;
    let claim = claim_one(ledger, at(0)).await;
    let watched = pending(&claim.task, at(5));
    commit(ledger, &claim, watched.clone(), at(1)).await;
    let again = claim_one(ledger, at(5)).await;
    assert_eq!((again.payload, again.task), (None, watched));
}

pub(crate) async fn counts_follow_every_commit(ledger: &dyn Ledger) {
    let id = import_n(ledger, "one", 2).await;
    let calls = |list: &[(CallKind, i64, Option<u16>)]| {
        list.iter()
            .map(|(kind, ms, http)| attempt(*kind, *ms, *http))
            .collect::<Vec<_>>()
    };
    let first = claim_one(ledger, at(0)).await;
    let mut unknown = first.task.clone();
    unknown.state = State::Unknown;
    unknown.unknown = true;
    unknown.tries.sends = 1;
    commit_with(
        ledger,
        &first,
        unknown,
        calls(&[(CallKind::Submit, 1, None)]),
        at(1),
    )
    .await;
    expect(
        ledger,
        &id,
        tallies(&[(Tally::Queued, 1), (Tally::Unknown, 1)]),
        [1, 0, 0],
        [0, 0, 0, 0],
    )
    .await;

    let again = of_key(claim(ledger, 9, at(2)).await, "one-0");
    let mut sent = again.task.clone();
    sent.tries.sends = 3;
    sent.created_at = Some(at(10));
    let mut look = attempt(CallKind::LookUp, 4, Some(200));
    look.exchanges = 5;
    let mut list = calls(&[(CallKind::Submit, 3, Some(429)), (CallKind::Submit, 5, Some(201))]);
    list.push(look);
    commit_with(ledger, &again, pending(&sent, at(20)), list, at(10)).await;
    expect(
        ledger,
        &id,
        tallies(&[(Tally::Queued, 1), (Tally::Pending, 1)]),
        [3, 5, 0],
        [2, 1, 0, 0],
    )
    .await;

    let watched = claim_one(ledger, at(20)).await;
    let done = settled(&watched.task, Outcome::Active, at(1_010));
    commit_with(
        ledger,
        &watched,
        done,
        calls(&[(CallKind::Poll, 21, Some(200))]),
        at(1_010),
    )
    .await;
    expect(
        ledger,
        &id,
        tallies(&[(Tally::Queued, 1), (Tally::Active, 1)]),
        [3, 5, 1],
        [2, 1, 1_000, 1],
    )
    .await;
}

async fn expect(ledger: &dyn Ledger, id: &BatchId, tallies: Counts, calls: [u64; 3], rest: [u64; 4]) {
    let [resends, throttled, settle_ms_sum, settle_n] = rest;
    let wanted = Counts {
        calls,
        resends,
        throttled,
        settle_ms_sum,
        settle_n,
        ..tallies
    };
    assert_eq!(ledger.counts(id).await.unwrap(), wanted);
}

fn of_key(claims: Vec<Claim>, name: &str) -> Claim {
    claims.into_iter().find(|claim| claim.key == key(name)).unwrap()
}

fn keys(claims: &[Claim]) -> HashSet<String> {
    claims.iter().map(|claim| claim.key.to_string()).collect()
}

pub(crate) async fn what_was_sent_can_be_had_once_the_account_is_known(ledger: &dyn Ledger) {
    import(
        ledger,
        "one",
        &[row_with(0, "a", "old"), row_with(1, "b", "other")],
    )
    .await;
    for sent in claim(ledger, 2, at(0)).await {
        let watched = pending(&sent.task, at(5));
        commit(ledger, &sent, watched, at(1)).await;
    }
    // An account that exists keeps what it was made with, whatever the file says later.
    feed(ledger, "two", &[row_with(0, "a", "new")], 2).await;
    let mut claims = claim(ledger, 2, at(5)).await;
    claims.sort_by(|a, b| a.key.cmp(&b.key));
    let had: Vec<_> = claims.iter().map(|claim| claim.payload.clone()).collect();
    assert_eq!(had, [None, None]);
    for (claim, sent) in claims.iter().zip(["old", "other"]) {
        assert_eq!(ledger.payload(claim).await.unwrap(), text(sent));
    }
    let nobody = Claim {
        lease: Lease {
            task: 1 << 39,
            fence: 1,
        },
        ..claims[0].clone()
    };
    assert_eq!(ledger.payload(&nobody).await.unwrap(), None);
}
