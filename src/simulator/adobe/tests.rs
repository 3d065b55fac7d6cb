//! The rules of the contract, one by one, at the brain.

mod fields;
mod gateway;
mod ids;
mod properties;
mod reads;
mod trouble;
mod update;

use serde_json::{Value, json};

use crate::simulator::fault::{Fault, Faults};
use crate::simulator::testing::{json, whole};

use super::*;

const CLIENT: &str = "simulator";
/// 2019-05-02T22:49:52Z.
const START: Timestamp = Timestamp::from_ms(1_556_837_392_000);

/// The request body of the contract's page on creating a reseller, word for word.
const SEED_REQUEST: &str = r#"{"distributorId": "345434543","externalReferenceId": "888","companyProfile": {"companyName": "Fairmont","preferredLanguage": "en-US","marketSegments": ["COM", "EDU"],"address": {"country": "US","region": "CA","city": "San Jose","addressLine1": "200 Fairmont Ave","addressLine2": "Apt 123","postalCode": "95110-1234","phoneNumber": "800-123-4567"},"contacts": [{"firstName": "Mickey","lastName": "Mouse","email": "mickey@mouse.com","phoneNumber": "408-123-4567"}]}}"#;

/// The response body of the same page.
const SEED_RESPONSE: &str = r#"{"distributorId": "345434543","externalReferenceId": "888","resellerId": "5556667778","companyProfile": {"companyName": "Fairmont","preferredLanguage": "en-US","marketSegments": ["COM", "EDU"],"address": {"country": "US","region": "CA","city": "San Jose","addressLine1": "200 Fairmont Ave","addressLine2": "Apt 123","postalCode": "95110-1234","phoneNumber": "800-123-4567"},"contacts": [{"firstName": "Mickey","lastName": "Mouse","email": "mickey@mouse.com","phoneNumber": "408-123-4567"}]},"creationDate": "2019-05-02T22:49:52Z","status": "1000","links": {"self": {"uri": "/v3/resellers/5556667778","method": "GET","headers": []}}}"#;

fn seed_body() -> Value {
    serde_json::from_str(SEED_REQUEST).unwrap()
}

/// The seed's reseller as another row.
fn row(reference: &str) -> Value {
    let mut body = seed_body();
    body["externalReferenceId"] = reference.into();
    body["companyProfile"]["companyName"] = format!("Company {reference}").into();
    body
}

/// A brain with a caller: keeps time and makes fresh request ids.
struct Stage {
    adobe: Adobe,
    now: Timestamp,
    token: String,
    calls: u64,
}

impl Stage {
    fn new(settings: AdobeSettings) -> Self {
        Self::seeded(settings, 7)
    }

    fn seeded(settings: AdobeSettings, seed: u64) -> Self {
        let mut adobe = Adobe::new(settings, seed);
        let token = adobe.token(CLIENT, START);
        Self {
            adobe,
            now: START,
            token,
            calls: 0,
        }
    }

    fn wait(&mut self, ms: u64) {
        self.now = self.now.plus(Duration::from_millis(ms));
    }

    fn set(&mut self, changes: Value) {
        let settings = self.adobe.settings().changed(&changes).unwrap();
        self.adobe.set_settings(settings);
    }

    fn request(&mut self, method: &str, target: &str, correlation: &str) -> Request {
        self.calls += 1;
        Request::new(method, target)
            .with_header("Accept", "application/json")
            .with_header("Content-Type", "application/json")
            .with_header("Authorization", &format!("Bearer {}", self.token))
            .with_header("X-Api-Key", CLIENT)
            .with_header("X-Correlation-Id", correlation)
            .with_header("X-Request-Id", &format!("request-{}", self.calls))
    }

    fn send(&mut self, request: &Request) -> Delivery {
        self.adobe.handle(request, self.now)
    }

    fn create(&mut self, correlation: &str, body: &Value) -> Delivery {
        let request = self
            .request("POST", "/v3/resellers", correlation)
            .with_body(body.to_string());
        self.send(&request)
    }

    /// A read under a correlation id of its own.
    fn read(&mut self, target: &str) -> Reply {
        let correlation = format!("read-{}", self.calls);
        let request = self.request("GET", target, &correlation);
        whole(&self.send(&request))
    }

    fn status_of(&mut self, id: &str) -> String {
        said(&self.read(&format!("/v3/resellers/{id}")))
    }

    fn admin(&mut self, method: &str, path: &str, body: &str) -> Value {
        let request = Request::new(method, &format!("/_simulator/{path}")).with_body(body);
        json(&whole(&self.send(&request)))
    }
}

/// `201 1002` or `400 1117`: the HTTP status code and what the body says.
fn said(reply: &Reply) -> String {
    let body = json(reply);
    let word = ["status", "code", "error_code", "error"]
        .iter()
        .find_map(|key| body[key].as_str());
    format!("{} {}", reply.status, word.unwrap_or_default())
}

fn only(fault: Fault) -> AdobeSettings {
    AdobeSettings {
        faults: Faults::from([(fault, 1.0)]),
        ..quiet()
    }
}

/// Everybody settles to `1000` after a second, and nothing is limited.
fn quiet() -> AdobeSettings {
    let second = Duration::from_secs(1);
    AdobeSettings {
        settle: Settle::Between(second, second),
        settle_as: [].into(),
        windows: vec![],
        ..AdobeSettings::default()
    }
}

#[test]
fn the_seed_request_gives_the_seed_response() {
    let mut stage = Stage::new(AdobeSettings {
        settle: Settle::AtOnce,
        ..quiet()
    });
    let request = stage
        .request("POST", "/v3/resellers", "c1")
        .with_body(SEED_REQUEST);
    let reply = whole(&stage.send(&request));
    assert_eq!(reply.status, 201);
    assert_eq!(
        json(&reply),
        serde_json::from_str::<Value>(SEED_RESPONSE).unwrap()
    );
    let names = |text: &[u8]| {
        let body: Value = serde_json::from_slice(text).unwrap();
        body.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(
        names(&reply.body),
        names(SEED_RESPONSE.as_bytes()),
        "the order is the page's too"
    );
    assert!(
        reply
            .headers
            .contains(&("X-Request-Id".to_owned(), "request-1".to_owned()))
    );
}

#[test]
fn an_account_is_pending_and_settles_in_time() {
    let mut stage = Stage::new(quiet());
    assert_eq!(said(&whole(&stage.create("c1", &seed_body()))), "201 1002");
    stage.wait(999);
    assert_eq!(stage.status_of("5556667778"), "200 1002");
    stage.wait(1);
    assert_eq!(stage.status_of("5556667778"), "200 1000");
    for missing in [
        "5556667779",
        "5556667777",
        "+5556667778",
        "05556667778",
        "abc",
        "99999999999999999999",
    ] {
        assert_eq!(stage.status_of(missing), "404 1115", "{missing}");
    }
}

#[test]
fn settling_can_be_never_and_a_row_meets_its_fate_in_any_order() {
    let mut stage = Stage::new(AdobeSettings {
        settle: Settle::Never,
        ..quiet()
    });
    stage.create("c1", &seed_body());
    stage.wait(86_000_000);
    assert_eq!(stage.status_of("5556667778"), "200 1002");

    let shares = [
        (Status::BLOCKED, 0.3),
        (Status::PENDING, 0.2),
        (Status::INVALID_ADDRESS, 0.2),
    ];
    let settings = AdobeSettings {
        settle_as: shares.into(),
        ..AdobeSettings::default()
    };
    let fates = |references: &mut dyn Iterator<Item = u32>| {
        let mut stage = Stage::new(AdobeSettings {
            windows: vec![],
            ..settings.clone()
        });
        references.for_each(|n| drop(stage.create(&format!("c{n}"), &row(&n.to_string()))));
        let mut seen: Vec<_> = stage
            .adobe
            .accounts(None, START)
            .map(|account| (account.reference, account.settled, account.settles))
            .collect();
        seen.sort();
        seen
    };
    let forwards = fates(&mut (0..100));
    assert_eq!(forwards, fates(&mut (0..100).rev()));
    let settled: std::collections::BTreeSet<_> = forwards.iter().map(|fate| fate.1.to_string()).collect();
    assert_eq!(settled, ["1000", "1002", "1010", "1012"].map(String::from).into());
}

#[test]
fn known_contacts_keep_their_names() {
    let mut stage = Stage::new(quiet());
    stage.create("c1", &row("1"));
    let mut other = row("2");
    other["companyProfile"]["contacts"][0]["firstName"] = "Minnie".into();
    other["companyProfile"]["contacts"][0]["email"] = "MICKEY@mouse.com".into();
    let first_name = |reply: &Reply| json(reply)["companyProfile"]["contacts"][0]["firstName"].clone();
    assert_eq!(
        first_name(&whole(&stage.create("c2", &other))),
        "Minnie",
        "the answer echoes"
    );
    assert_eq!(
        first_name(&whole(&stage.create("c2", &other))),
        "Minnie",
        "and is replayed as it was"
    );
    assert_eq!(first_name(&stage.read("/v3/resellers/5556667779")), "Mickey");
}

#[test]
fn nothing_is_unique_but_the_id() {
    let mut stage = Stage::new(quiet());
    for correlation in ["c1", "c2", "c3"] {
        stage.create(correlation, &seed_body());
    }
    stage.create("c4", &row("889"));
    let mut anonymous = seed_body();
    anonymous.as_object_mut().unwrap().remove("externalReferenceId");
    stage.create("c5", &anonymous);
    let ledger = stage.admin("GET", "ledger", "");
    assert_eq!(ledger["accounts_created"], 5);
    assert_eq!(ledger["accounts_without_reference"], 1);
    assert_eq!(
        ledger["accounts_per_reference"],
        json!({ "max": 3, "duplicates": [{ "reference": "888", "count": 3 }] })
    );
    assert_eq!(ledger["calls"], json!({ "create": 5 }));
    assert_eq!(
        stage.admin("GET", "accounts?reference=888&offset=1", "")["accounts"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        stage.admin("GET", "accounts?limit=1", "")["accounts"][0]["reference"],
        "888"
    );
    let typed: Ledger = serde_json::from_value(ledger).unwrap();
    assert_eq!(typed, stage.adobe.ledger());
}

#[test]
fn options_change_the_shape_of_answers() {
    let mut stage = Stage::new(AdobeSettings {
        created_as_200: true,
        extra_fields: true,
        ..quiet()
    });
    let reply = whole(&stage.create("c1", &seed_body()));
    assert_eq!(said(&reply), "200 1002");
    assert_eq!(json(&reply)["tags"], json!([]));

    let mut without = seed_body();
    without["companyProfile"]
        .as_object_mut()
        .unwrap()
        .remove("marketSegments");
    let reply = whole(&stage.create("c2", &without));
    assert_eq!(json(&reply)["companyProfile"]["marketSegments"], json!(["COM"]));

    stage.set(json!({ "reject_all": "1114" }));
    assert_eq!(said(&whole(&stage.create("c3", &seed_body()))), "400 1114");
    stage.set(json!({ "reject_all": null, "accounts_max": 2 }));
    assert_eq!(said(&whole(&stage.create("c4", &seed_body()))), "503 503000");
    stage.set(json!({ "accounts_max": 3 }));
    assert_eq!(
        said(&whole(&stage.create("c4", &seed_body()))),
        "200 1002",
        "the 503 closed nothing"
    );
}

#[test]
fn a_tester_can_set_a_status_and_settings() {
    let mut stage = Stage::new(quiet());
    stage.create("c1", &seed_body());
    stage.admin("POST", "accounts/5556667778/status", r#"{"status":"1099"}"#);
    assert_eq!(stage.status_of("5556667778"), "200 1099");
    let settings = stage.admin("POST", "settings", r#"{"api_key_valid":false,"settle":"never"}"#);
    assert_eq!(
        (&settings["api_key_valid"], &settings["settle"]),
        (&json!(false), &json!("never"))
    );
    assert_eq!(stage.admin("GET", "settings", ""), settings);
    for (method, path, body, status) in [
        ("POST", "settings", r#"{"api_key_vaild":false}"#, 400),
        ("POST", "settings", "{", 400),
        ("POST", "accounts/1/status", r#"{"status":"1000"}"#, 404),
        (
            "POST",
            "accounts/5556667778/status",
            r#"{"status":"Active"}"#,
            400,
        ),
        ("GET", "accounts?limit=x", "", 400),
        ("GET", "nothing", "", 404),
        ("DELETE", "ledger", "", 404),
    ] {
        let request = Request::new(method, &format!("/_simulator/{path}")).with_body(body);
        assert_eq!(whole(&stage.send(&request)).status, status, "{method} {path}");
    }
}
