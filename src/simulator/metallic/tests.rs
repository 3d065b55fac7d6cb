//! The rules of the contract, one by one, at the brain.

mod create;
mod gateway;
mod properties;
mod trouble;

use serde_json::{Value, json};

use crate::simulator::fault::{Fault, Faults};
use crate::simulator::testing::{json, whole};
use crate::simulator::wire::Reply;

use super::*;

/// 2022-09-20T08:42:52Z.
const START: Timestamp = Timestamp::from_ms(1_663_663_372_000);

/// The response body of the contract's page on creating a reseller, word for word.
const SEED_RESPONSE: &str = r#"{
"data": {
"id": "e4295015-6535-4989-9457-1ba12040a7ef",
"insertTs": "2022-09-20T08:42:52",
"updateTs": "2022-09-20T08:42:52",
"name": "testreseller",
"type": "reseller",
"status": "active",
"contacts": [
{
"email": "admin@testreseller.com",
"firstName": "Brooks",
"lastName": "Price",
"phone": "201-200-5904",
"address": {
"addressLine1": "1 Commvault",
"city": "Tinton Fall",
"state": "New York",
"country": "United States",
"postalCode": "508001"
},
"type": "primary"
}
],
"website": "www.testreseller.com",
"externalId": "c36c7995-cddb-459b-b145-f6385e92b844",
"workloadAccess": false
}
}"#;

/// The 400 of the same page, word for word.
const SEED_REFUSAL: &str = r#"{
"error": {
"code": 1002,
"message": "Request validation failed!",
"errors": [
{
"field": "name",
"message": "name already exists."
},
{
"field": "email",
"message": "email already exists in Metallic."
},
{
"field": "externalId",
"message": "externalId is required and should be unique in Partner system."
}
]
}
}"#;

/// What must have been sent to get the seed's response.
fn seed_body() -> Value {
    let mut body: Value = serde_json::from_str::<Value>(SEED_RESPONSE).unwrap()["data"].take();
    for read_only in ["id", "insertTs", "updateTs", "type", "status"] {
        body.as_object_mut().unwrap().shift_remove(read_only);
    }
    body
}

/// The seed's reseller as another row.
fn row(n: u32) -> Value {
    let mut body = seed_body();
    body["name"] = format!("Reseller {n}").into();
    body["externalId"] = format!("row-{n}").into();
    body["contacts"][0]["email"] = format!("r{n}@example.com").into();
    body
}

/// A brain with a caller that keeps time.
struct Stage {
    brain: Metallic,
    now: Timestamp,
    token: String,
}

impl Stage {
    fn new(settings: MetallicSettings) -> Self {
        Self::seeded(settings, 7)
    }

    fn seeded(settings: MetallicSettings, seed: u64) -> Self {
        let mut brain = Metallic::new(settings, seed);
        let token = brain.token(START);
        Self {
            brain,
            now: START,
            token,
        }
    }

    fn wait(&mut self, span: Duration) {
        self.now = self.now.plus(span);
    }

    fn set(&mut self, changes: Value) {
        let settings = self.brain.settings().changed(&changes).unwrap();
        self.brain.set_settings(settings);
    }

    fn request(&self, method: &str, target: &str) -> Request {
        Request::new(method, target)
            .with_header("Content-Type", "application/json")
            .with_header("Authorization", &format!("Bearer {}", self.token))
    }

    fn send(&mut self, request: &Request) -> Delivery {
        self.brain.handle(request, self.now)
    }

    fn create_at(&mut self, path: &str, body: &Value) -> Delivery {
        let request = self.request("POST", path).with_body(body.to_string());
        self.send(&request)
    }

    fn create(&mut self, body: &Value) -> Delivery {
        self.create_at("/api/v1/partner/resellers", body)
    }

    fn get(&mut self, target: &str) -> Reply {
        whole(&self.send(&self.request("GET", &format!("/api/v1/partner/{target}"))))
    }

    fn admin(&mut self, method: &str, path: &str, body: &str) -> Value {
        let request = Request::new(method, &format!("/_simulator/{path}")).with_body(body);
        json(&whole(&self.send(&request)))
    }
}

/// `201 active` or `400 1002`: the HTTP status code and what the body says.
fn said(reply: &Reply) -> String {
    let body = json(reply);
    let word = body["data"]["status"].as_str().map(str::to_owned);
    let code = body["error"]["code"].as_u64().map(|code| code.to_string());
    format!("{} {}", reply.status, word.or(code).unwrap_or_default())
}

/// The fields that a 400 names.
fn fields(reply: &Reply) -> Vec<String> {
    let body = json(reply);
    let errors = body["error"]["errors"].as_array().unwrap().iter();
    errors
        .map(|error| error["field"].as_str().unwrap().to_owned())
        .collect()
}

/// Nothing is limited.
fn quiet() -> MetallicSettings {
    MetallicSettings {
        write_windows: vec![],
        read_windows: vec![],
        ..MetallicSettings::default()
    }
}

fn only(fault: Fault) -> MetallicSettings {
    MetallicSettings {
        faults: Faults::from([(fault, 1.0)]),
        ..quiet()
    }
}

#[test]
fn the_seeds_answers() {
    let mut stage = Stage::new(quiet());
    let reply = whole(&stage.create(&seed_body()));
    assert_eq!(reply.status, 201);
    let (mut answer, mut expected) = (
        json(&reply),
        serde_json::from_str::<Value>(SEED_RESPONSE).unwrap(),
    );
    let names = |body: &Value| {
        body["data"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&answer), names(&expected), "the order is the page's too");
    let id = answer["data"]["id"].take();
    expected["data"]["id"].take();
    assert_eq!(answer, expected);
    assert!(
        id.as_str()
            .is_some_and(|id| id.len() == 36 && id.to_lowercase() == id)
    );

    let reply = whole(&stage.create(&seed_body()));
    let expected: Value = serde_json::from_str(SEED_REFUSAL).unwrap();
    assert_eq!((reply.status, json(&reply)), (400, expected));
}

#[test]
fn the_ledger_counts_by_each_key() {
    let mut stage = Stage::new(quiet());
    stage.set(json!({ "unique": ["externalId"] }));
    stage.create(&row(1));
    let mut twin = row(2);
    twin["name"] = "RESELLER 1".into();
    twin["contacts"][0]["email"] = "R1@example.com".into();
    stage.create(&twin);
    stage.create(&row(2));
    stage.get("resellers/x");
    let ledger = stage.admin("GET", "ledger", "");
    assert_eq!(ledger["accounts_created"], 2);
    assert_eq!(
        ledger["accounts_per_reference"],
        json!({ "max": 1, "duplicates": [] })
    );
    for (key, value) in [
        ("accounts_per_name", "reseller 1"),
        ("accounts_per_email", "r1@example.com"),
    ] {
        let expected = json!({ "max": 2, "duplicates": [{ "reference": value, "count": 2 }] });
        assert_eq!(ledger[key], expected);
    }
    assert_eq!(ledger["calls"], json!({ "create": 3, "get": 1 }));
    assert_eq!(
        ledger["answers"],
        json!({ "201": 2, "400 1002": 1, "404 1006": 1 })
    );
    assert_eq!(ledger["rejected"], json!({ "externalId": 1 }));
    let typed: Ledger = serde_json::from_value(ledger).unwrap();
    assert_eq!(typed, stage.brain.ledger());
}

#[test]
fn a_tester_can_set_statuses_and_settings() {
    let mut stage = Stage::new(quiet());
    let id = json(&whole(&stage.create(&row(1))))["data"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    stage.wait(Duration::from_secs(5));
    stage.admin(
        "POST",
        &format!("accounts/{id}/status"),
        r#"{"status":"updating"}"#,
    );
    let reply = stage.get(&format!("resellers/{id}"));
    assert_eq!(said(&reply), "200 updating");
    assert_eq!(json(&reply)["data"]["updateTs"], "2022-09-20T08:42:57");
    assert_eq!(
        stage.admin("GET", "accounts?reference=row-1", "")["accounts"][0]["status"],
        "updating"
    );
    assert_eq!(stage.admin("GET", "accounts?reference=row-2", "")["total"], 0);
    let settings = stage.admin("POST", "settings", r#"{"write_windows":["7/1s"]}"#);
    assert_eq!(stage.admin("GET", "settings", ""), settings);
    for (method, path, body, status) in [
        ("POST", "settings", r#"{"write_window":[]}"#, 400),
        ("POST", "settings", r#"{"path":"x"}"#, 400),
        ("POST", "accounts/1/status", r#"{"status":"active"}"#, 404),
        ("GET", "nothing", "", 404),
    ] {
        let request = Request::new(method, &format!("/_simulator/{path}")).with_body(body);
        assert_eq!(whole(&stage.send(&request)).status, status, "{method} {path}");
    }
}

#[test]
fn a_journal_brings_everything_back() {
    let mut stage = Stage::new(quiet());
    stage.brain.keep_journal();
    for n in 0..3 {
        stage.create(&row(n));
    }
    let id = stage.brain.accounts(None, START).next().unwrap().id;
    stage.admin("POST", &format!("accounts/{id}/status"), r#"{"status":"odd"}"#);
    let mut again = Metallic::new(quiet(), 7);
    for entry in stage.brain.take_journal() {
        let line = serde_json::to_string(&entry).unwrap();
        again.restore(serde_json::from_str(&line).unwrap()).unwrap();
    }
    let seen = |brain: &Metallic| brain.accounts(None, START).collect::<Vec<_>>();
    assert_eq!(seen(&stage.brain), seen(&again));
    let token = stage.token.clone();
    let mut stage = Stage::new(quiet());
    stage.brain = again;
    stage.token = token;
    assert_eq!(
        fields(&whole(&stage.create(&row(1)))),
        ["name", "email", "externalId"]
    );
    assert_eq!(said(&whole(&stage.create(&row(9)))), "201 active", "a fresh id");
    let stray = Entry::Status {
        id: id.replace('-', ""),
        at: START,
        status: "x".into(),
    };
    assert!(stage.brain.restore(stray).is_err());
}
