//! Data that change (T16, design 4), and the limits that are known.

use std::time::Duration;

use enlist::domain::attempt::CallKind;
use enlist::domain::policy::rate::Window;
use enlist::domain::task::{Outcome, State};
use enlist::simulator::adobe::Status;
use futures_util::future::join;
use serde_json::json;
use tokio::time::sleep;

use super::{calm, rig, seed_where_the_500_had_committed};
use crate::far::strike;
use crate::fate::Point;
use crate::judge::{Looks, judge};
use crate::process::{End, Process};
use crate::rig::Plan;
use crate::rows::{Flaw, SimRow};
use crate::seeds::simulate;

#[test]
fn t16_a_corrected_row_is_a_new_intent() {
    simulate(async {
        let rig = calm(0);
        rig.feed(vec![SimRow::new(0, "Fairmont", Some(Flaw::Company))])
            .await;
        rig.work().await;
        judge(&rig, Looks::Answered).await;
        let task = rig.task(0).await;
        assert_eq!(task.state, State::Settled(Outcome::Rejected));
        assert_eq!(task.errors[0].code, "1117");
        rig.feed(vec![SimRow::new(0, "Fairmont", None)]).await;
        rig.work().await;
        judge(&rig, Looks::Answered).await;
        let task = rig.task(0).await;
        assert_eq!(
            (task.state, task.generation),
            (State::Settled(Outcome::Active), 1)
        );
        assert_eq!(rig.sends_and_ids(), (2, 2));
        assert_eq!(rig.far.ledger().tally.own.replayed, 0);
    });
}

/// Design 4: changed data wait until it is known what became of the old.
#[test]
fn changed_data_wait_for_what_became_of_the_old() {
    for (point, made) in [(Point::OnTheWay, true), (Point::BeforeLeaving, false)] {
        simulate(async {
            let rig = rig(7, 1, &[(point, 1)], Plan::calm());
            rig.import().await;
            assert_eq!(Process::new(&rig).live().await, End::Died);
            sleep(Duration::from_secs(60)).await;
            rig.feed(vec![SimRow::new(0, "Fairmont Hotels", None)]).await;
            rig.work().await;
            judge(&rig, Looks::Answered).await;
            let company = &rig.far.accounts("row-0")[0].company;
            assert_eq!(
                company,
                if made { "Fairmont" } else { "Fairmont Hotels" },
                "{point:?}"
            );
            assert_eq!(rig.task(0).await.changed, made, "it is told as changed");
            let looks = rig.attempts_of(0).await;
            assert_eq!(looks[0].kind, CallKind::LookUp, "nothing is sent before a look");
        });
    }
}

/// The provider may still be at work on what a dead process sent: finding nothing says nothing yet.
#[test]
fn changed_data_wait_for_a_create_that_is_still_running() {
    simulate(async {
        let rig = rig(7, 1, &[(Point::OnTheWay, 1)], Plan::calm());
        rig.far.set(&json!({ "slow_min": "70s", "slow_max": "70s" }));
        rig.far.brain(|brain, _| strike(brain, Some("slow")));
        rig.import().await;
        assert_eq!(Process::new(&rig).live().await, End::Died);
        rig.far.brain(|brain, _| strike(brain, None));
        rig.feed(vec![SimRow::new(0, "Fairmont Hotels", None)]).await;
        rig.work().await;
        judge(&rig, Looks::Answered).await;
        assert_eq!(rig.far.accounts("row-0")[0].company, "Fairmont");
        assert!(rig.task(0).await.changed);
    });
}

/// A process that has a task in hand while its data change is fenced when it commits, and not before. It must not wait
/// for leave for longer than look-ups wait for it, or it would send the old data after all.
#[test]
fn data_changed_under_a_lease_are_not_sent_beside_the_old() {
    simulate(async {
        let (calls, per) = (20, Duration::from_secs(300));
        let plan = Plan {
            in_flight: 21,
            windows: vec![Window { calls, per }],
            in_sets: false,
            feeds: vec![(per, 1.0)],
            ..Plan::calm()
        };
        let rig = rig(7, 21, &[], plan);
        rig.import().await;
        let corrected = async {
            sleep(Duration::from_secs(10)).await;
            let row = |number| SimRow::new(number, &format!("Fairmont Hotels {number}"), None);
            rig.feed((0..21).map(row).collect()).await;
            Process::new(&rig).live().await
        };
        join(Process::new(&rig).live(), corrected).await;
        judge(&rig, Looks::Answered).await;
    });
}

/// The limit that providers.md 2.7 leaves: an account that has gone Inactive before the first look after a 500 is
/// listed nowhere. Looking at once makes it rare; nothing makes it impossible.
#[test]
fn limit_an_account_that_cannot_be_listed_is_made_again_after_a_500() {
    let seed = seed_where_the_500_had_committed(true);
    let after = |settle: &'static str| {
        simulate(async {
            let rig = rig(seed, 1, &[], Plan::calm());
            rig.far
                .set(&json!({ "settle": settle, "settle_as": { "1010": 1.0 } }));
            rig.creates_meet(&["error_500_stored"]);
            rig.import().await;
            rig.work().await;
            assert_eq!(
                rig.far.accounts("row-0")[0].status,
                "1010".parse::<Status>().unwrap()
            );
            rig.far.ledger().accounts_created
        })
    };
    assert_eq!(after("at-once"), 2, "the limit");
    assert_eq!(after("1s"), 1, "a second is enough for the first look");
}
