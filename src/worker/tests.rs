//! What a worker does when its ledger, or its own process, is in trouble.

mod rig;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use self::rig::{DRAIN, LEASE, Rig};
use crate::domain::ids::AccountId;
use crate::domain::task::State;
use crate::engine::lease::{LeaseWatch, Moment};
use crate::engine::ports::{Commit, Ledger, LedgerError};
use crate::ledger::testing::Asked;
use crate::provider::testing::Log;
use crate::world::World;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn down() -> Option<LedgerError> {
    Some(LedgerError::Unavailable("gone; hint: wait".into()))
}

fn upgraded() -> Option<LedgerError> {
    Some(LedgerError::Format {
        at: "moody".into(),
        found: "99 (of enlist 7.0.1)".into(),
        wanted: "2".into(),
    })
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_does_not_answer_is_waited_for_and_that_is_said_once() {
    let (log, _guard) = Log::capture();
    let rig = Rig::new(40, 8, Duration::ZERO, 30 * MS).await;
    rig.mood(|_, passed| (50 * MS..20 * SECOND).contains(&passed).then(down).flatten());
    let working = rig.work();
    tokio::time::sleep(20 * SECOND - MS).await;
    let asked: u32 = rig.ledger.asked.lock().unwrap().values().sum();
    assert!(asked < 100, "asked {asked} times in 20 s");
    rig.settled().await;
    rig.provider.sent_once(40);
    working.stop();
    working.ended().await.unwrap();
    let text = log.text();
    for said in ["nothing is lost", "answers again"] {
        assert_eq!(text.matches(said).count(), 1, "{text}");
    }
    assert!(!text.contains("had run out"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn leases_are_kept_while_a_commit_is_tried_again() {
    let rig = Rig::new(4, 4, Duration::ZERO, 30 * MS).await;
    rig.mood(|asked, passed| {
        (matches!(asked, Asked::Commit(_)) && passed < 30 * SECOND)
            .then(down)
            .flatten()
    });
    let working = rig.work();
    rig.until("all to leave", async || rig.provider.calls() == 4)
        .await;
    rig.until("30 s to pass", async || {
        assert_eq!(rig.others_claim().await, []);
        rig.world.passed() > 30 * SECOND
    })
    .await;
    rig.settled().await;
    rig.provider.sent_once(4);
    working.stop();
    working.ended().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn leases_are_kept_while_what_is_on_its_way_is_waited_for() {
    let rig = Rig::new(9, 4, Duration::ZERO, 4 * LEASE).await;
    let working = rig.work();
    rig.until("four to leave", async || rig.provider.calls() == 4)
        .await;
    working.stop();
    tokio::time::sleep(SECOND).await;
    let free = rig.others_claim().await;
    assert_eq!(free.len(), 5, "what was not claimed");
    rig.until("the four to be saved", async || {
        let taken = rig.others_claim().await;
        let was_free = |key| free.iter().any(|claim| claim.key == key);
        assert!(taken.into_iter().all(|claim| was_free(claim.key)));
        rig.open().await == 5
    })
    .await;
    working.ended().await.unwrap();
    rig.provider.sent_once(4);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_could_not_be_prolonged_is_prolonged_in_time() {
    let (log, _guard) = Log::capture();
    let rig = Rig::new(4, 4, 3 * LEASE, MS).await;
    // The second try of three fails, and what comes after it; until shortly before the leases run out.
    rig.mood(|asked, passed| {
        (matches!(asked, Asked::Extend) && (2 * SECOND..6 * SECOND).contains(&passed))
            .then(down)
            .flatten()
    });
    let working = rig.work();
    tokio::time::sleep(6 * SECOND).await;
    let tries = rig.ledger.times("extend");
    assert!(
        (8..30).contains(&tries),
        "soon, and not all the time: {tries} tries"
    );
    rig.settled().await;
    rig.provider.sent_once(4);
    working.stop();
    working.ended().await.unwrap();
    assert_eq!(log.text().matches("answers again").count(), 1, "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn one_task_that_cannot_be_saved_holds_no_other_up() {
    let (log, _guard) = Log::capture();
    let rig = Rig::new(20, 20, Duration::ZERO, 30 * MS).await;
    let refused_alone = Arc::new(Mutex::new(false));
    let once = Arc::clone(&refused_alone);
    rig.mood(move |asked, _| {
        let Asked::Commit(commits) = asked else {
            return None;
        };
        let is_third = |commit: &Commit| commit.lease.task == 3;
        let mut refused_alone = once.lock().unwrap();
        if *refused_alone || !commits.iter().any(is_third) {
            return None;
        }
        *refused_alone = commits.len() == 1;
        Some(LedgerError::Corrupt("task 3".into()))
    });
    let working = rig.work();
    rig.until("the others to settle", async || rig.open().await == 1)
        .await;
    assert!(rig.world.passed() < SECOND, "{:?}", rig.world.passed());
    rig.settled().await;
    assert!(
        rig.world.passed() < LEASE + SECOND,
        "found again: {:?}",
        rig.world.passed()
    );
    assert_eq!(
        rig.provider.calls(),
        21,
        "and asked for once more, under the same id"
    );
    working.stop();
    working.ended().await.unwrap();
    let text = log.text();
    assert_eq!(text.matches("ERROR").count(), 1, "{text}");
    assert!(text.contains("task=3"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_a_newer_version_took_over_ends_the_work() {
    let rig = Rig::new(100, 8, Duration::ZERO, 300 * MS).await;
    let working = rig.work();
    rig.until("a few to leave", async || rig.provider.calls() >= 20)
        .await;
    let (at, calls) = (rig.world.passed(), rig.provider.calls());
    rig.mood(|_, _| upgraded());
    let error = working.ended().await.unwrap_err();
    assert!(matches!(error, LedgerError::Format { .. }), "{error:?}");
    assert!(error.to_string().contains("enlist 7.0.1"), "{error}");
    assert!(
        rig.world.passed() - at < SECOND,
        "as soon as what was on its way is there"
    );
    assert!(rig.provider.calls() <= calls + 8, "nothing new is begun");
}

#[tokio::test(start_paused = true)]
async fn once_it_is_taken_over_nothing_that_waits_is_sent() {
    // Whoever hears of it first: the pump, which has room for one more, or the keeper.
    for (in_flight, leave) in [(9, 1_500 * MS), (8, 2 * SECOND)] {
        let rig = Rig::new(8, in_flight, leave, MS).await;
        let working = rig.work();
        tokio::time::sleep(SECOND).await;
        rig.mood(|_, _| upgraded());
        working.ended().await.unwrap_err();
        assert_eq!(rig.provider.calls(), 0, "with {in_flight} in flight");
        assert!(rig.world.passed() < 3 * SECOND, "{:?}", rig.world.passed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_was_stopped_for_longer_than_its_lease_sends_nothing_late() {
    // Leave comes after the keeper has been there again, which does not know whose the leases are either.
    let rig = Rig::new(4, 4, 2 * SECOND, MS).await;
    let working = rig.work();
    tokio::time::sleep(1_600 * MS).await;
    rig.world.jump(LEASE);
    let taken = rig.others_claim().await;
    assert_eq!(taken.len(), 4);
    let asked = |what| rig.ledger.asked.lock().unwrap().get(what).copied();
    let before = asked("extend");
    rig.until("what it held to be given back", async || {
        asked("commit").is_some()
    })
    .await;
    assert!(asked("extend") > before, "the keeper was there");
    assert_eq!(rig.provider.calls(), 0, "somebody else has them");
    let now = rig.world.now();
    let kept: Vec<_> = taken
        .iter()
        .map(|claim| Commit {
            lease: claim.lease,
            task: claim.task.clone(),
            attempts: Vec::new(),
        })
        .collect();
    rig.ledger.commit(&kept, now).await.unwrap();
    rig.settled().await;
    rig.provider.sent_once(4);
    working.stop();
    working.ended().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn no_call_is_made_under_a_lease_that_is_over() {
    let rig = Rig::new(1, 1, Duration::ZERO, MS).await;
    let mut claim = rig.others_claim().await.remove(0);
    // What the provider of this test cannot be asked.
    claim.task.state = State::Pending;
    claim.task.account = Some(AccountId::new("P1"));
    let lease = LeaseWatch::new(Moment::now(&*rig.world), LEASE);
    rig.world.jump(LEASE);
    let commit = rig.desk().advance(claim.clone(), &lease).await;
    assert_eq!((commit.task.state, commit.attempts), (State::Pending, Vec::new()));
    assert!(commit.task.due_at > rig.world.now());
}

#[tokio::test(start_paused = true)]
async fn a_hand_that_panics_leaves_its_row_to_be_found_again() {
    let rig = Rig::new(6, 3, Duration::ZERO, 30 * MS).await;
    rig.provider.panics.store(1, Ordering::SeqCst);
    let working = rig.work();
    rig.settled().await;
    assert!(
        rig.world.passed() < LEASE + 2 * SECOND,
        "{:?}",
        rig.world.passed()
    );
    assert_eq!(rig.provider.calls(), 7);
    let at = rig.world.passed();
    working.stop();
    working.ended().await.unwrap();
    assert!(rig.world.passed() - at < SECOND, "nobody is waited for");
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_though_the_ledger_takes_nothing() {
    let rig = Rig::new(4, 4, Duration::ZERO, 30 * MS).await;
    rig.mood(|asked, _| matches!(asked, Asked::Commit(_)).then(down).flatten());
    let working = rig.work();
    rig.until("all to leave", async || rig.provider.calls() == 4)
        .await;
    working.stop();
    working.ended().await.unwrap();
    assert!(
        rig.world.passed() < DRAIN + 3 * SECOND,
        "{:?}",
        rig.world.passed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_stops_no_idle_worker() {
    let rig = Rig::new(3, 3, Duration::ZERO, MS).await;
    let working = rig.work();
    rig.settled().await;
    tokio::time::sleep(SECOND).await;
    rig.world.set_back(3_600 * SECOND);
    rig.feed(3..6).await;
    let began = rig.world.passed();
    rig.settled().await;
    let took = rig.world.passed() - began;
    assert!(took < SECOND, "new rows waited {took:?}");
    rig.provider.sent_once(6);
    working.stop();
    working.ended().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn rows_whose_batch_cannot_be_read_come_back_at_a_walk() {
    let rig = Rig::new(8, 8, Duration::ZERO, MS).await;
    let working = rig.work_from(3 * SECOND);
    rig.until("a desk", async || rig.world.passed() >= 3 * SECOND)
        .await;
    let claims = rig.ledger.times("claim");
    assert!(claims < 40, "claimed {claims} times in 3 s");
    rig.settled().await;
    rig.provider.sent_once(8);
    assert!(rig.world.passed() < 4 * SECOND, "{:?}", rig.world.passed());
    working.stop();
    working.ended().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn whatever_becomes_of_a_row_it_is_counted_as_held_no_longer() {
    let corrupt = || Some(LedgerError::Corrupt("task 3".into()));
    for (case, ends) in [
        ("its hand panics", true),
        ("it cannot be saved", true),
        ("the ledger is another's", false),
    ] {
        let rig = Rig::new(6, 3, Duration::ZERO, 30 * MS).await;
        let held = || (rig.shown)("enlist_leases_held");
        let mut left = 3;
        match case {
            "its hand panics" => rig.provider.panics.store(1, Ordering::SeqCst),
            "it cannot be saved" => rig.mood(move |asked, _| {
                let is_commit = matches!(asked, Asked::Commit(_));
                left -= i32::from(is_commit);
                (is_commit && left >= 0).then(corrupt).flatten()
            }),
            _ => rig.mood(|_, passed| (passed > 40 * MS).then(upgraded).flatten()),
        }
        let working = rig.work();
        rig.until("rows in hand", async || held() == Some(3.0)).await;
        if ends {
            rig.settled().await;
            working.stop();
        }
        assert_eq!(working.ended().await.is_ok(), ends, "{case}");
        assert_eq!(held(), Some(0.0), "{case}");
    }
}
