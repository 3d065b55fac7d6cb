//! Watching accounts, tokens and keys (T7, T8, T9, T14, T15).

use std::time::Duration;

use enlist::domain::attempt::CallKind;
use enlist::domain::batch::{PauseReason, Tally};
use enlist::domain::machine::Order;
use enlist::domain::task::{Outcome, ParkReason, State};
use enlist::simulator::wire::Request;
use serde_json::{Value, json};

use super::{calm, kinds, rig};
use crate::far::{revoke_tokens, set};
use crate::judge::{Looks, judge};
use crate::rig::{Plan, Rig};
use crate::seeds::simulate;

#[test]
fn t7_polling_sees_a_change_though_answers_are_replayed() {
    simulate(async {
        let rig = calm(1);
        rig.run().await;
        assert_eq!(rig.state(0).await, State::Settled(Outcome::Active));
        let attempts = rig.attempts_of(0).await;
        assert_eq!(
            kinds(&attempts),
            [
                (CallKind::Submit, "pending"),
                (CallKind::Poll, "pending"),
                (CallKind::Poll, "active")
            ]
        );
        assert_ne!(attempts[1].correlation_id, attempts[2].correlation_id);
        // Under the first look's id the provider would still say what it said then.
        let id = attempts[1].correlation_id.to_string();
        assert_eq!(rig.read_under(&id, "5556667778")["status"], "1002");
        assert_eq!(rig.read_under("another", "5556667778")["status"], "1000");
    });
}

impl Rig {
    /// What a look at the account under this correlation id brings.
    fn read_under(&self, correlation_id: &str, account: &str) -> Value {
        let reply = self.far.brain(|brain, now| {
            let bearer = format!("Bearer {}", brain.token("simulator", now));
            let request = Request::new("GET", &format!("/v3/resellers/{account}"))
                .with_header("accept", "application/json")
                .with_header("content-type", "application/json")
                .with_header("x-api-key", "simulator")
                .with_header("authorization", &bearer)
                .with_header("x-correlation-id", correlation_id);
            brain.handle(&request, now).reply().cloned().unwrap()
        });
        serde_json::from_slice(&reply.body).unwrap()
    }
}

#[test]
fn t8_one_token_for_sixty_four_calls_at_once() {
    let plan = || Plan {
        in_flight: 64,
        in_sets: false,
        ..Plan::calm()
    };
    // Refused in the middle: renewed once for all.
    simulate(async {
        let rig = rig(7, 64, &[], plan());
        let now = rig.far.brain(|_, now| now);
        rig.far.set_hook(move |brain, _, number| {
            if number == 20 {
                revoke_tokens(brain, now);
            }
        });
        rig.run().await;
        assert_eq!(rig.calls("token"), 2);
        assert!(
            rig.far.ledger().tally.answers["401 4116"] > 10,
            "many were refused"
        );
        assert_eq!(rig.counts().await.of(Tally::Active), 64);
        assert_eq!(rig.batch().await.pause, None);
    });
    // Runs out again and again: renewed before, once each time, and never refused.
    simulate(async {
        let rig = rig(7, 64, &[], plan());
        rig.far.set(&json!({ "token_lifetime": "60s", "settle": "100s" }));
        let began = rig.far.brain(|_, now| now);
        rig.run().await;
        let lives = rig.far.brain(|_, now| now.since(began)).as_secs() / 54 + 1;
        assert!(
            (2..=lives).contains(&rig.calls("token")),
            "{}",
            rig.calls("token")
        );
        assert!(!rig.far.ledger().tally.answers.contains_key("401 4116"));
    });
}

#[test]
fn t9_a_revoked_key_pauses_the_batch_and_fails_no_row() {
    simulate(async {
        let rig = calm(40);
        rig.far.set_hook(|brain, _, number| {
            if number == 20 {
                set(brain, &json!({ "api_key_valid": false }));
            }
        });
        rig.import().await;
        rig.work_alone(Duration::from_secs(3_600)).await;
        let pause = rig.batch().await.pause.unwrap();
        assert_eq!(pause.reason, PauseReason::Auth);
        assert!(pause.detail.contains("4115"), "{}", pause.detail);
        let counts = rig.counts().await;
        assert_eq!(counts.open() + counts.of(Tally::Active), 40, "{counts:?}");
        assert!(counts.open() > 0);
        let refused = rig.far.ledger().tally.answers["403 4115"];
        assert!(
            refused <= rig.plan.in_flight as u64,
            "{refused} calls with a bad key"
        );
        rig.put_right().await;
        rig.work().await;
        judge(&rig, Looks::Answered).await;
        assert_eq!(rig.counts().await.of(Tally::Active), 40);
    });
}

#[test]
fn t14_what_never_settles_is_still_pending_at_the_deadline_and_can_be_resumed() {
    simulate(async {
        let rig = calm(1);
        rig.far.set(&json!({ "settle": "never" }));
        rig.run().await;
        let task = rig.task(0).await;
        assert_eq!(task.state, State::Settled(Outcome::StillPending));
        let watched = task.settled_at.unwrap().since(task.polling_since.unwrap());
        let deadline = Rig::rules().poll.deadline;
        assert!(
            watched >= deadline && watched < deadline * 2,
            "watched for {watched:?}"
        );
        rig.far.settle_pending("row-0", "1000");
        assert_eq!(rig.order(&Order::Fed(task.payload)).await, 1);
        rig.work().await;
        judge(&rig, Looks::Answered).await;
        assert_eq!(rig.state(0).await, State::Settled(Outcome::Active));
        assert_eq!(rig.sends_and_ids(), (1, 1));
    });
}

#[test]
fn t15_an_unknown_status_is_parked() {
    simulate(async {
        let rig = calm(1);
        rig.far.set(&json!({ "settle_as": { "1099": 1.0 } }));
        rig.run().await;
        let task = rig.task(0).await;
        assert_eq!(
            task.state,
            State::Settled(Outcome::Parked(ParkReason::UnknownStatus))
        );
        assert_eq!(task.status.unwrap().as_str(), "1099");
        assert_eq!(rig.counts().await.of(Tally::Parked), 1);
    });
}
