//! The scenarios of providers.md 7.5 that concern Adobe, by name, and two rules of design 4. One process, a calm
//! provider, and one thing that goes wrong.

use std::time::Duration;

use enlist::domain::attempt::{Attempt, CallKind};
use enlist::domain::batch::{PauseReason, Tally};
use enlist::domain::machine::Order;
use enlist::domain::task::{Outcome, ParkReason, State, Task};
use enlist::simulator::adobe::{AdobeSettings, Settle, Status};
use enlist::simulator::wire::Request;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::far::{revoke_tokens, set, strike};
use crate::fate::{Fate, Point};
use crate::judge::{Looks, judge};
use crate::process::{End, Process};
use crate::rig::{Plan, Rig};
use crate::rows::{Flaw, SimRow};
use crate::seeds::simulate;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Some sound rows at a provider that settles every account to `1000` after 20 s and limits nothing.
fn calm(rows: usize) -> Rig {
    rig(7, rows, &[], Plan::calm())
}

fn rig(seed: u64, rows: usize, deaths: &[(Point, u32)], plan: Plan) -> Rig {
    let rows = (0..rows).map(|number| SimRow::new(number, "Fairmont", None));
    of_rows(seed, rows.collect(), deaths, plan)
}

fn of_rows(seed: u64, rows: Vec<SimRow>, deaths: &[(Point, u32)], plan: Plan) -> Rig {
    let seconds = Duration::from_secs(20);
    let settings = AdobeSettings {
        settle: Settle::Between(seconds, seconds),
        settle_as: [].into(),
        windows: Vec::new(),
        ..AdobeSettings::default()
    };
    Rig::new(seed, plan, Fate::by_script(deaths), settings, rows)
}

impl Rig {
    /// The first creates meet these faults, those after them none.
    fn creates_meet(&self, faults: &'static [&'static str]) {
        let mut left = faults.iter();
        self.far.set_hook(move |brain, request, _| {
            if request.method == "POST" && request.path == "/v3/resellers" {
                strike(brain, left.next().copied());
            }
        });
    }

    /// Imports the file and works until all is settled as it must be.
    async fn run(&self) {
        self.import().await;
        self.work().await;
        judge(self, Looks::Answered).await;
    }

    async fn task(&self, number: usize) -> Task {
        self.tasks().await.remove(number).1
    }

    async fn state(&self, number: usize) -> State {
        self.task(number).await.state
    }

    async fn attempts_of(&self, number: usize) -> Vec<Attempt> {
        self.attempts(&self.file().rows[number].key).await
    }

    /// How many creates left, and under how many ids.
    fn sends_and_ids(&self) -> (usize, usize) {
        let mut ids: Vec<String> = self
            .far
            .sent()
            .into_iter()
            .map(|sent| sent.correlation_id)
            .collect();
        let sends = ids.len();
        ids.sort();
        ids.dedup();
        (sends, ids.len())
    }

    fn calls(&self, kind: &'static str) -> u64 {
        self.far
            .ledger()
            .tally
            .calls
            .get(kind)
            .copied()
            .unwrap_or_default()
    }
}

fn kinds(attempts: &[Attempt]) -> Vec<(CallKind, &str)> {
    attempts.iter().map(|one| (one.kind, &*one.read_as)).collect()
}

#[test]
fn t1_dropped_after_commit_is_found_by_replay() {
    simulate(async {
        let rig = calm(1);
        rig.creates_meet(&["dropped_after_commit"]);
        rig.run().await;
        assert_eq!(rig.state(0).await, State::Settled(Outcome::Active));
        assert_eq!(rig.sends_and_ids(), (2, 1));
        assert_eq!(rig.far.ledger().tally.replayed, 1);
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

/// The seed of a calm world whose first 500 had made the account, or had not.
fn seed_where_the_500_had_committed(committed: bool) -> u64 {
    let had_committed = |seed: &u64| {
        simulate(async {
            let rig = rig(*seed, 1, &[(Point::Answered, 1)], Plan::calm());
            rig.creates_meet(&["error_500_stored"]);
            rig.import().await;
            assert_eq!(Process::new(&rig).live().await, End::Died);
            rig.far.ledger().accounts_created == 1
        })
    };
    (0..100).find(|seed| had_committed(seed) == committed).unwrap()
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
fn left_for_eleven_days(point: Point) -> Rig {
    let down = (11 * DAY, 11 * DAY);
    rig(7, 1, &[(point, 1)], Plan { down, ..Plan::calm() })
}

#[test]
fn t6_after_eleven_days_nothing_is_sent_blindly() {
    let parked = State::Settled(Outcome::Parked(ParkReason::UnknownOutcome));
    simulate(async {
        let rig = left_for_eleven_days(Point::OnTheWay);
        rig.run().await;
        assert_eq!(
            rig.state(0).await,
            State::Settled(Outcome::Active),
            "it was listed"
        );
        assert_eq!(rig.sends_and_ids(), (1, 1));
    });
    simulate(async {
        let rig = left_for_eleven_days(Point::OnTheWay);
        rig.far.set(&json!({ "settle_as": { "1010": 1.0 } }));
        rig.import().await;
        rig.work().await;
        assert_eq!(rig.state(0).await, parked, "it cannot be listed");
        assert_eq!(rig.sends_and_ids(), (1, 1));
    });
    simulate(async {
        let rig = left_for_eleven_days(Point::BeforeLeaving);
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
        assert_eq!(rig.far.ledger().tally.replayed, 0);
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
