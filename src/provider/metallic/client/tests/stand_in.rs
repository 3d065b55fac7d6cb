//! Against the stand-in, which writes the contract down a second time: what is rendered is taken, what is answered is
//! understood.

use std::sync::Mutex;

use serde_json::{Value, json};

use super::*;
use crate::domain::answer::RowError;
use crate::provider::metallic::contract::CONTRACT;
use crate::provider::metallic::render::{self, Defaults, ExternalId};
use crate::simulator::metallic::{Metallic as StandIn, MetallicSettings as Knobs};
use crate::simulator::wire::{Delivery, Reply as Said, Request};

struct Stage {
    metallic: Metallic,
    world: Arc<TestWorld>,
    brain: Arc<Mutex<StandIn>>,
    transport: Arc<ScriptedTransport>,
}

impl Stage {
    fn new() -> Self {
        let brain = Arc::new(Mutex::new(StandIn::new(Knobs::default(), 7)));
        let world = TestWorld::new();
        let (there, clock) = (Arc::clone(&brain), Arc::clone(&world));
        let transport = ScriptedTransport::new(move |request| {
            match there.lock().unwrap().handle(&as_heard(request), clock.now()) {
                Delivery::Respond(said) => heard(said),
                _ => Exchange::Broken("closed without a byte".to_owned()),
            }
        });
        let metallic = Metallic::new(
            settings("http://127.0.0.1:1"),
            transport.clone(),
            Arc::new(CountingBudget::default()),
            world.clone(),
        );
        Self {
            metallic: metallic.unwrap(),
            world,
            brain,
            transport,
        }
    }

    fn set(&self, changes: Value) {
        let mut brain = self.brain.lock().unwrap();
        let changed = brain.settings().changed(&changes).unwrap();
        brain.set_settings(changed);
    }

    async fn submit(&self, row: &Value) -> Answer {
        let record = serde_json::from_value(row.clone()).unwrap();
        let defaults = Defaults {
            external_id: ExternalId::Uuid,
            ..Defaults::default()
        };
        let call = SubmitCall {
            payload: render::create(&record, &defaults).unwrap(),
            ..submit()
        };
        self.metallic.submit(&call).await.answer
    }
}

fn as_heard(request: &HttpRequest) -> Request {
    let mut heard = Request::new(request.method.as_str(), request.url.path()).with_body(request.body.bytes());
    for (name, value) in &request.headers {
        heard = heard.with_header(name, value);
    }
    match &request.bearer {
        Some(bearer) => heard.with_header("authorization", &format!("Bearer {}", bearer.expose_secret())),
        None => heard,
    }
}

fn heard(said: Said) -> Exchange {
    let header = |wanted: &str| {
        let mut headers = said.headers.iter();
        headers
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.clone())
    };
    let head = Head {
        retry_after: header("retry-after"),
        rate_limit: header("x-ratelimit-limit"),
        rate_limit_period: header("x-ratelimit-period"),
        ..Head::of(said.status)
    };
    Exchange::Response {
        head,
        body: said.body.into(),
    }
}

fn row(n: u32) -> Value {
    json!({
        "key": format!("R-{n}"), "company": format!("Reseller {n}"), "country": "US", "region": "NY", "city": "Tinton Fall",
        "address_line_1": "1 Commvault", "postal_code": "07724", "first_name": "Brooks", "last_name": "Price",
        "email": format!("r{n}@example.com")
    })
}

fn changed(mut row: Value, changes: Value) -> Value {
    row.as_object_mut()
        .unwrap()
        .extend(changes.as_object().unwrap().clone());
    row
}

fn account_of(answer: &Answer) -> AccountId {
    match answer {
        Answer::Answered(Answered::Account(seen)) if seen.meaning == Meaning::Active => seen.account.clone(),
        other => panic!("{other:?}"),
    }
}

/// The columns that a refusal names.
fn columns(answer: &Answer) -> Vec<String> {
    let Answer::Answered(Answered::Rejected(errors)) = answer else {
        panic!("{answer:?}")
    };
    let column = |error: &RowError| CONTRACT.field_of_wire_path(&error.field).unwrap().to_string();
    errors.iter().map(column).collect()
}

#[tokio::test(start_paused = true)]
async fn a_row_becomes_an_account_that_can_be_looked_at() {
    for nested in [false, true] {
        let stage = Stage::new();
        stage.set(json!({ "token_nested": nested }));
        let account = account_of(&stage.submit(&row(1)).await);
        // It is shown in capitals; the row keeps the id it has.
        assert_eq!(account_of(&stage.metallic.poll(&account).await.answer), account);
        let missing = AccountId::new(ID);
        assert_eq!(
            stage.metallic.poll(&missing).await.answer,
            Answer::Answered(Answered::Missing)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_without_an_answer_is_told_by_the_next_one() {
    for (fault, made) in [("dropped_after_commit", true), ("dropped_before_commit", false)] {
        let stage = Stage::new();
        stage.set(json!({ "faults": { fault: 1.0 } }));
        let silent = stage.submit(&row(1)).await;
        assert!(matches!(silent, Answer::Silent(Silence::Broken(_))), "{silent:?}");
        stage.set(json!({ "faults": { fault: 0.0 } }));
        let told = stage.submit(&row(1)).await;
        let is_taken = matches!(&told, Answer::Answered(Answered::Taken(error)) if error.code == "1002");
        assert_eq!(is_taken, made, "{told:?}");
        let accounts = stage.brain.lock().unwrap().ledger().ledger.accounts_created;
        assert_eq!(accounts, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_another_reseller_has_is_named_by_column() {
    for names in ["short", "path"] {
        let stage = Stage::new();
        stage.set(json!({ "field_names": names }));
        account_of(&stage.submit(&row(1)).await);
        for (changes, named) in [
            (json!({ "company": "Reseller 1" }), vec!["company"]),
            (json!({ "email": "R1@example.com" }), vec!["email"]),
            (json!({ "key": "R-1" }), vec!["key"]),
            (
                json!({ "key": "R-1", "company": "Reseller 1" }),
                vec!["company", "key"],
            ),
            (
                json!({ "company": "Reseller 1", "first_name": "x".repeat(256) }),
                vec!["first_name", "company"],
            ),
        ] {
            assert_eq!(
                columns(&stage.submit(&changed(row(2), changes)).await),
                named,
                "{names}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_field_that_is_required_there_is_required_here() {
    let stage = Stage::new();
    let all = row(1);
    for field in all.as_object().unwrap().keys().filter(|name| *name != "key") {
        let mut without = all.clone();
        without.as_object_mut().unwrap().shift_remove(field);
        assert_eq!(&columns(&stage.submit(&without).await), &[field.as_str()]);
    }
    stage.set(json!({ "reject_all": "workloadAccess" }));
    let misfit = stage.submit(&row(2)).await;
    assert!(
        matches!(misfit, Answer::Answered(Answered::Misfit(_))),
        "{misfit:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn tokens_end_limits_are_waited_for_and_a_wrong_path_fails_no_row() {
    let stage = Stage::new();
    stage.set(json!({ "write_windows": ["2/1h"] }));
    account_of(&stage.submit(&row(1)).await);
    stage.world.pass(RENEW_TOKEN_AFTER * 2);
    account_of(&stage.submit(&row(2)).await);
    assert_eq!(
        stage.transport.calls(TOKEN_PATH).len(),
        2,
        "and no call with the old one"
    );
    let hour = Some(Duration::from_secs(3_600));
    let throttled = Answer::Refused(Refused::Throttled { retry_after: hour });
    assert_eq!(stage.submit(&row(3)).await, throttled);
    stage.set(json!({ "write_windows": [], "path": "/api/v1/resellers" }));
    let astray = stage.submit(&row(4)).await;
    assert!(
        matches!(astray, Answer::Refused(Refused::WrongAddress(_))),
        "{astray:?}"
    );
    stage.set(json!({ "path": RESELLERS_PATH, "credentials_valid": false }));
    let stale = stage.metallic.poll(&account()).await.answer;
    assert_eq!(stale, Answer::Refused(Refused::TokenStale));
    let denied = stage.metallic.poll(&account()).await.answer;
    let is_denied = matches!(&denied, Answer::Refused(Refused::Denied(error)) if error.code == "401");
    assert!(is_denied, "{denied:?}");
}
