//! Ids: silence and refusal keep them, answers spend them (T1 to T6).

use std::time::Duration;

use enlist::domain::attempt::CallKind;
use enlist::domain::machine::Order;
use enlist::domain::task::{Outcome, ParkReason, State};
use serde_json::json;

use super::{calm, kinds, rig, seed_where_the_500_had_committed};
use crate::fate::Point;
use crate::judge::{Looks, judge};
use crate::rig::{Plan, Rig};
use crate::seeds::simulate;
use crate::store::{self, Store};

const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn t1_dropped_after_commit_is_found_by_replay() {
    simulate(async {
        let rig = calm(1);
        rig.creates_meet(&["dropped_after_commit"]);
        rig.run().await;
        assert_eq!(rig.state(0).await, State::Settled(Outcome::Active));
        assert_eq!(rig.sends_and_ids(), (2, 1));
        assert_eq!(rig.far.ledger().tally.own.replayed, 1);
        assert_eq!(rig.calls("list"), 0);
    });
}

#[test]
fn t2_a_429_after_a_drop_does_not_change_the_id() {
    simulate(async {
        let rig = calm(1);
        rig.creates_meet(&["dropped_after_commit", "throttled_429"]);
        rig.run().await;
        assert_eq!(rig.sends_and_ids(), (3, 1));
        assert_eq!(rig.far.ledger().accounts_created, 1);
    });
}

#[test]
fn t3_a_500_that_had_committed_is_reconciled() {
    let seed = seed_where_the_500_had_committed(true);
    for stored in [true, false] {
        simulate(async {
            let rig = rig(seed, 1, &[], Plan::calm());
            rig.far.set(&json!({ "store_5xx": stored, "list_lag": "3s" }));
            rig.creates_meet(&["error_500_stored"]);
            rig.run().await;
            assert_eq!(rig.sends_and_ids(), (1, 1), "found, so not sent again");
            assert_eq!(rig.state(0).await, State::Settled(Outcome::Active));
            assert_eq!(
                kinds(&rig.attempts_of(0).await)[..3],
                [
                    (CallKind::Submit, "ambiguous"),
                    (CallKind::LookUp, "not found"),
                    (CallKind::LookUp, "pending")
                ]
            );
        });
    }
}

#[test]
fn t4_a_500_that_had_not_committed_takes_a_new_id_after_two_looks() {
    let seed = seed_where_the_500_had_committed(false);
    for stored in [true, false] {
        simulate(async {
            let rig = rig(seed, 1, &[], Plan::calm());
            rig.far.set(&json!({ "store_5xx": stored }));
            rig.creates_meet(&["error_500_stored"]);
            rig.run().await;
            assert_eq!(rig.sends_and_ids(), (2, 2));
            assert_eq!(rig.task(0).await.generation, 1);
            assert_eq!(
                kinds(&rig.attempts_of(0).await)[..4],
                [
                    (CallKind::Submit, "ambiguous"),
                    (CallKind::LookUp, "not found"),
                    (CallKind::LookUp, "not found"),
                    (CallKind::Submit, "pending")
                ]
            );
        });
    }
}

#[test]
fn t5_a_process_killed_between_send_and_answer_sends_the_same_id_again() {
    for point in [
        Point::BeforeLeaving,
        Point::OnTheWay,
        Point::Answered,
        Point::BeforeCommit,
    ] {
        simulate(async {
            let rig = rig(7, 1, &[(point, 1)], Plan::calm());
            rig.run().await;
            assert_eq!(rig.told()["deaths"], 1);
            let sends = if point == Point::BeforeLeaving { 1 } else { 2 };
            assert_eq!(rig.sends_and_ids(), (sends, 1), "{point:?}");
            assert_eq!(rig.far.ledger().accounts_created, 1);
        });
    }
}

/// A row whose only send went unanswered because the process died; eleven days later another one starts.
fn left_for_eleven_days(point: Point, store: &Store) -> Rig {
    let down = (11 * DAY, 11 * DAY);
    rig(7, 1, &[(point, 1)], Plan { down, ..Plan::calm() }).on(store.ledger())
}

#[test]
fn t6_after_eleven_days_nothing_is_sent_blindly() {
    store::on_each(nothing_is_sent_blindly);
}

fn nothing_is_sent_blindly(store: &Store) {
    let parked = State::Settled(Outcome::Parked(ParkReason::UnknownOutcome));
    simulate(async {
        let rig = left_for_eleven_days(Point::OnTheWay, store);
        rig.run().await;
        assert_eq!(
            rig.state(0).await,
            State::Settled(Outcome::Active),
            "it was listed"
        );
        assert_eq!(rig.sends_and_ids(), (1, 1));
    });
    simulate(async {
        let rig = left_for_eleven_days(Point::OnTheWay, store);
        rig.far.set(&json!({ "settle_as": { "1010": 1.0 } }));
        rig.import().await;
        rig.work().await;
        assert_eq!(rig.state(0).await, parked, "it cannot be listed");
        assert_eq!(rig.sends_and_ids(), (1, 1));
    });
    simulate(async {
        let rig = left_for_eleven_days(Point::BeforeLeaving, store);
        rig.import().await;
        rig.work().await;
        assert_eq!(
            rig.state(0).await,
            parked,
            "nobody can know that it was never sent"
        );
        assert_eq!(rig.calls("create"), 0);
        // A person has looked, and says so.
        assert_eq!(rig.order(&Order::Retry).await, 1);
        rig.work().await;
        judge(&rig, Looks::Answered).await;
        assert_eq!(rig.far.ledger().accounts_created, 1);
    });
}
