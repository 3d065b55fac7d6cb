//! The rules of the contract, one by one, at the brain.

mod gateway;
mod properties;
mod reads;
mod signup;
mod trouble;

use serde_json::{Value, json};

use crate::simulator::fault::{Fault, Faults};
use crate::simulator::testing::{json, whole};
use crate::simulator::wire::Reply;

use super::*;

/// 2026-05-02T22:49:52Z.
const START: Timestamp = Timestamp::from_ms(1_777_762_192_000);

/// The example request of the contract's page, word for word.
const SEED_TARGET: &str = "/api/resellers/v2/signup.xml?auth-userid=0&api-key=key&username=email@email.com&passwd=password9&name=name%20&company=company&address-line-1=address-line-1&city=city&state=state&country=US&zipcode=0000&phone-cc=0&phone=000000&sales-contact-id=0&accounting-currency-symbol=USD&selling-currency-symbol=USD&lang-pref=en";

/// The parameters of a sound sign-up.
fn row(username: &str) -> Vec<(&'static str, String)> {
    let with = |name, value: &str| (name, value.to_owned());
    vec![
        with("username", username),
        with("passwd", "Passw0rd!x"),
        with("name", "Grace Pratt"),
        with("company", "Beacon Ltd"),
        with("address-line-1", "12 Beacon Street"),
        with("city", "Boston"),
        with("state", "MA"),
        with("country", "US"),
        with("zipcode", "02108"),
        with("phone-cc", "1"),
        with("phone", "6175550102"),
        with("lang-pref", "en"),
        with("accounting-currency-symbol", "USD"),
        with("selling-currency-symbol", "USD"),
    ]
}

fn encoded(parameters: &[(&str, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish()
}

/// A brain with a caller that keeps time.
struct Stage {
    brain: LogicBoxes,
    now: Timestamp,
    /// The caller's `auth-userid`.
    user: &'static str,
}

impl Stage {
    fn new(settings: LogicBoxesSettings) -> Self {
        Self::seeded(settings, 7)
    }

    fn seeded(settings: LogicBoxesSettings, seed: u64) -> Self {
        Self {
            brain: LogicBoxes::new(settings, seed),
            now: START,
            user: "5",
        }
    }

    fn wait(&mut self, span: Duration) {
        self.now = self.now.plus(span);
    }

    fn set(&mut self, changes: Value) {
        let settings = self.brain.settings().changed(&changes).unwrap();
        self.brain.set_settings(settings);
    }

    fn send(&mut self, request: &Request) -> Delivery {
        self.brain.handle(request, self.now)
    }

    fn post(&self, target: &str, parameters: &[(&str, String)]) -> Request {
        let mut all = vec![("auth-userid", self.user.to_owned()), ("api-key", "k".to_owned())];
        all.extend(parameters.iter().cloned());
        Request::new("POST", target)
            .with_header("Content-Type", "application/x-www-form-urlencoded")
            .with_body(encoded(&all))
    }

    fn sign_up(&mut self, parameters: &[(&str, String)]) -> Delivery {
        let request = self.post("/api/resellers/v2/signup.json", parameters);
        self.send(&request)
    }

    /// A sound sign-up that is answered; the answer.
    fn signed_up(&mut self, username: &str) -> Value {
        let reply = whole(&self.sign_up(&row(username)));
        assert_eq!(reply.status, 200, "{reply:?}");
        json(&reply)
    }

    /// `resellers/search?QUERY` and the like, as JSON.
    fn get(&mut self, call: &str, query: &str) -> Reply {
        let target = format!(
            "/api/{call}.json?auth-userid={}&api-key=k&no-of-records=10&page-no=1&{query}",
            self.user
        );
        whole(&self.send(&Request::new("GET", &target)))
    }

    /// The usernames that a search finds.
    fn found(&mut self, query: &str) -> Vec<String> {
        hits(&json(&self.get("resellers/search", query)))
            .iter()
            .map(|hit| hit["reseller.username"].as_str().unwrap().to_owned())
            .collect()
    }

    fn admin(&mut self, method: &str, path: &str, body: &str) -> Value {
        let request = Request::new(method, &format!("/_simulator/{path}")).with_body(body);
        json(&whole(&self.send(&request)))
    }
}

/// The numbered hits, in order.
fn hits(body: &Value) -> Vec<Value> {
    let map = body.as_object().unwrap();
    let numbered = map.iter().filter(|(key, _)| key.parse::<u32>().is_ok());
    let hits: Vec<_> = numbered.map(|(_, hit)| hit.clone()).collect();
    assert_eq!(body["recsonpage"], hits.len().to_string(), "{body}");
    hits
}

/// One shape and one HTTP status code of refusals.
fn plain() -> LogicBoxesSettings {
    LogicBoxesSettings {
        error_shapes: vec![ErrorShape::Message],
        error_statuses: vec![500],
        ..LogicBoxesSettings::default()
    }
}

fn only(fault: Fault) -> LogicBoxesSettings {
    LogicBoxesSettings {
        faults: Faults::from([(fault, 1.0)]),
        ..plain()
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn the_seed_request_is_taken() {
    let mut stage = Stage::new(plain());
    let reply = whole(&stage.send(&Request::new("POST", SEED_TARGET)));
    let body = String::from_utf8(reply.body).unwrap();
    assert_eq!(reply.status, 200, "{body}");
    assert!(
        body.contains("<resellerid>700001</resellerid>") && body.contains("<eaqid>40000001</eaqid>"),
        "{body}"
    );
    stage.set(json!({ "field_rules": "strict" }));
    let reply = whole(&stage.send(&Request::new("POST", SEED_TARGET)));
    let body = String::from_utf8(reply.body).unwrap();
    assert!(
        body.contains("<message>Invalid value for parameter: passwd</message>"),
        "the page's own password breaks the rule that a consumer found: {body}"
    );
}

#[test]
fn the_ledger_counts_by_username_whatever_its_case() {
    let mut stage = Stage::new(plain());
    stage.signed_up("One@example.com");
    stage.signed_up("two@example.com");
    stage.sign_up(&row("ONE@example.com"));
    stage.get("resellers/search", "");
    let ledger = stage.admin("GET", "ledger", "");
    assert_eq!(ledger["accounts_created"], 2);
    assert_eq!(
        ledger["accounts_per_reference"],
        json!({ "max": 1, "duplicates": [] })
    );
    assert_eq!(ledger["calls"], json!({ "search": 1, "signup": 3 }));
    assert_eq!(ledger["answers"], json!({ "200": 3, "500 AlreadyReseller": 1 }));
    assert_eq!(ledger["rejected"], json!({ "AlreadyReseller": 1 }));
    let typed: crate::simulator::tally::Ledger = serde_json::from_value(ledger).unwrap();
    assert_eq!(typed, stage.brain.ledger());

    stage.wait(DAY * 90);
    stage.signed_up("one@example.com");
    let per = stage.brain.ledger().accounts_per_reference;
    assert_eq!(
        (per.max, per.duplicates[0].reference.as_str()),
        (2, "one@example.com"),
        "made twice, the first was deleted"
    );
}

#[test]
fn a_tester_can_set_standings_and_settings() {
    let mut stage = Stage::new(plain());
    for n in 0..3 {
        stage.signed_up(&format!("u{n}@example.com"));
    }
    stage.admin("POST", "accounts/700001/status", r#"{"status":"Suspended"}"#);
    assert_eq!(stage.admin("POST", "activate", ""), json!({ "activated": 2 }));
    assert_eq!(stage.found("status=Active"), ["u1@example.com", "u2@example.com"]);
    assert_eq!(
        stage.admin("GET", "accounts?reference=U0@example.com", "")["accounts"][0]["status"],
        "Suspended"
    );
    assert_eq!(stage.admin("GET", "accounts?limit=1", "")["total"], 3);
    let settings = stage.admin("POST", "settings", r#"{"ip_listed":false}"#);
    assert_eq!(stage.admin("GET", "settings", ""), settings);
    for (method, path, body, status) in [
        ("POST", "settings", r#"{"ip_lsited":false}"#, 400),
        ("POST", "settings", r#"{"error_statuses":[]}"#, 400),
        ("POST", "accounts/1/status", r#"{"status":"Active"}"#, 404),
        ("POST", "accounts/+700001/status", r#"{"status":"Active"}"#, 404),
        ("POST", "accounts/700001/status", r#"{"status":"active"}"#, 400),
        ("GET", "nothing", "", 404),
    ] {
        let request = Request::new(method, &format!("/_simulator/{path}")).with_body(body);
        assert_eq!(whole(&stage.send(&request)).status, status, "{method} {path}");
    }
}

#[test]
fn a_journal_brings_everything_back() {
    let mut stage = Stage::new(plain());
    stage.brain.keep_journal();
    for n in 0..3 {
        stage.signed_up(&format!("u{n}@example.com"));
    }
    stage.admin("POST", "accounts/700002/status", r#"{"status":"Active"}"#);
    let mut again = LogicBoxes::new(plain(), 7);
    for entry in stage.brain.take_journal() {
        let line = serde_json::to_string(&entry).unwrap();
        assert!(!line.contains("Passw0rd"), "{line}");
        again.restore(serde_json::from_str(&line).unwrap()).unwrap();
    }
    let seen = |brain: &LogicBoxes| brain.accounts(None, START.plus(DAY)).collect::<Vec<_>>();
    assert_eq!(seen(&stage.brain), seen(&again));
    let stray = Entry::Status {
        id: "700009".to_owned(),
        at: START,
        status: Standing::Active,
    };
    assert!(again.restore(stray).is_err());
}
