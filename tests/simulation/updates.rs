//! The update adapter against the simulator's brain: whatever an account says and whatever a row says, a second submit finds
//! nothing more to send.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use enlist::domain::answer::{Answer, Answered, Silence};
use enlist::domain::ids::{CorrelationId, RowKey};
use enlist::domain::record::Record;
use enlist::engine::budget::LocalBudget;
use enlist::engine::lease::{LeaseWatch, Moment};
use enlist::engine::ports::{Provider, SubmitCall};
use enlist::provider::adobe::{AdobeSettings, AdobeUpdate, render};
use enlist::provider::transport::{Exchange, HttpRequest, Transport};
use enlist::simulator::adobe::{self as simulated, ListKey, NameMatch, Settle};
use enlist::simulator::wire::{Delivery, Request};
use enlist::world::World;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::wire::{as_heard, head};
use crate::world::SimWorld;

/// A line without length, faults or limits but the brain's own.
struct Near {
    brain: Mutex<simulated::Adobe>,
    world: Arc<SimWorld>,
}

#[async_trait]
impl Transport for Near {
    async fn send(&self, request: HttpRequest) -> Exchange {
        let heard = as_heard(&request);
        match self.brain.lock().unwrap().handle(&heard, self.world.now()) {
            Delivery::Respond(reply) => Exchange::Response {
                head: head(&reply),
                body: reply.body.into(),
            },
            _ => Exchange::Broken("closed".to_owned()),
        }
    }
}

struct Stage {
    near: Arc<Near>,
    update: AdobeUpdate,
    calls: Mutex<u64>,
}

impl Stage {
    fn new(settings: simulated::AdobeSettings) -> Self {
        let world = Arc::new(SimWorld::new(Dice::of(7, 0)));
        let brain = Mutex::new(simulated::Adobe::new(settings, 7));
        let near = Arc::new(Near {
            brain,
            world: Arc::clone(&world),
        });
        let update = AdobeUpdate::new(
            AdobeSettings {
                base_url: "http://127.0.0.1:1".to_owned(),
                token_url: "http://127.0.0.1:1/ims/token/v3".to_owned(),
                client_id: "client".to_owned(),
                client_secret: "secret".to_owned().into(),
                scopes: "openid".to_owned(),
                plain_http: true,
            },
            near.clone(),
            Arc::new(LocalBudget::new(&[], false, world.clone())),
            world,
        );
        Self {
            near,
            update: update.unwrap(),
            calls: Mutex::new(0),
        }
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let mut calls = self.calls.lock().unwrap();
        *calls += 1;
        let now = self.near.world.now();
        let mut brain = self.near.brain.lock().unwrap();
        let token = brain.token("client", now);
        let mut request = Request::new(method, path);
        for (name, value) in [
            ("Accept", "application/json".to_owned()),
            ("Content-Type", "application/json".to_owned()),
            ("Authorization", format!("Bearer {token}")),
            ("X-Api-Key", "client".to_owned()),
            ("X-Correlation-Id", format!("test-{calls}")),
            ("X-Request-Id", format!("test-{calls}")),
        ] {
            request = request.with_header(name, &value);
        }
        let delivery = brain.handle(&request.with_body(body.to_string()), now);
        serde_json::from_slice(&delivery.reply().unwrap().body).unwrap()
    }

    async fn submit(&self, row: &Value) -> Answer {
        let record: Record = serde_json::from_value(row.clone()).unwrap();
        let world = &self.near.world;
        let call = SubmitCall {
            correlation_id: CorrelationId::fresh(world.dice()),
            key: RowKey::new(record.key().as_str()).unwrap(),
            account: None,
            payload: render::update(&record).unwrap(),
            lease: LeaseWatch::new(Moment::now(&**world), Duration::from_secs(60)),
        };
        self.update.submit(&call).await.answer
    }

    fn patches(&self) -> (u64, u64) {
        let ledger = self.near.brain.lock().unwrap().ledger();
        let calls = ledger.tally.calls.get("update").copied().unwrap_or_default();
        (calls, ledger.tally.own.updates)
    }
}

fn calm() -> simulated::AdobeSettings {
    simulated::AdobeSettings {
        settle: Settle::AtOnce,
        settle_as: [].into(),
        windows: vec![],
        ..simulated::AdobeSettings::default()
    }
}

fn contact((email, first_name, phone): &(&str, &str, Option<&str>)) -> Value {
    let mut contact = json!({ "firstName": first_name, "lastName": "Mouse", "email": email });
    if let Some(phone) = phone {
        contact["phoneNumber"] = (*phone).into();
    }
    contact
}

type Person = (&'static str, &'static str, Option<&'static str>);

fn person() -> impl Strategy<Value = Person> {
    (
        prop_oneof![
            Just("a@x.example"),
            Just("A@x.example"),
            Just("b@x.example"),
            Just("c@x.example"),
            Just("d@x.example")
        ],
        prop_oneof![Just("Ann"), Just("Bob"), Just("Cid")],
        option::of(prop_oneof![Just("1"), Just("2")]),
    )
}

fn segments() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(vec!["COM", "EDU", "GOV"], 1..=3)
}

fn account() -> impl Strategy<Value = Value> {
    let city = prop_oneof![Just("San Jose"), Just("Bay")];
    let optional = option::of(prop_oneof![Just("Apt 1"), Just("Apt 2")]);
    (
        city,
        optional,
        segments(),
        vec(person(), 1..4),
        option::of(Just("888")),
    )
        .prop_map(|(city, line2, segments, people, reference)| {
            let contacts: Vec<Value> = people.iter().map(contact).collect();
            let mut body = json!({ "distributorId": "345434543", "companyProfile": {
                "companyName": "Fairmont", "preferredLanguage": "en-US", "marketSegments": segments,
                "address": { "country": "US", "region": "CA", "city": city, "addressLine1": "1 Ave",
                             "postalCode": "95110" }, "contacts": contacts } });
            if let Some(line2) = line2 {
                body["companyProfile"]["address"]["addressLine2"] = line2.into();
            }
            if let Some(reference) = reference {
                body["externalReferenceId"] = reference.into();
            }
            body
        })
}

fn row() -> impl Strategy<Value = Value> {
    let often = |usual: &'static str, other: &'static str| prop_oneof![9 => Just(usual), 1 => Just(other)];
    let identity = (
        often("Fairmont", "Elsewhere"),
        often("CA", "NV"),
        option::of(often("5556667778", "9999")),
    );
    let texts = (
        option::of(prop_oneof![Just("San Jose"), Just("Bay")]),
        option::of(prop_oneof![Just("Apt 1"), Just("Apt 2")]),
        option::of(prop_oneof![Just("en-US"), Just("de-DE")]),
        option::of(segments()),
    );
    (often("888", "999"), identity, texts, vec(person(), 0..4)).prop_map(
        |(key, (company, region, account), (city, line2, language, segments), people)| {
            let mut row = json!({ "key": key, "company": company, "country": "US", "region": region });
            let mut put = |name: &str, text: Option<&str>| {
                if let Some(text) = text {
                    row[name] = text.into();
                }
            };
            put("account", account);
            put("city", city);
            put("address_line_2", line2);
            put("language", language);
            put("segments", segments.map(|segments| segments.join(";")).as_deref());
            for (n, (email, first_name, phone)) in people.into_iter().enumerate() {
                let of = |name: &str| match n {
                    0 if name == "phone" => "contact_phone".to_owned(),
                    0 => name.to_owned(),
                    n => format!("contact_{}_{name}", n + 1),
                };
                put(&of("first_name"), Some(first_name));
                put(&of("last_name"), Some("Mouse"));
                put(&of("email"), Some(email));
                put(&of("phone"), phone);
            }
            row
        },
    )
}

fn ways() -> impl Strategy<Value = simulated::AdobeSettings> {
    let settle = prop_oneof![8 => Just(Settle::AtOnce), 1 => Just(Settle::Never)];
    let names = prop_oneof![
        Just(NameMatch::Exact),
        Just(NameMatch::IgnoreCase),
        Just(NameMatch::Prefix)
    ];
    (settle, names, any::<bool>(), any::<bool>()).prop_map(|(settle, name_match, extra_fields, other_key)| {
        simulated::AdobeSettings {
            settle,
            name_match,
            extra_fields,
            list_key: if other_key {
                ListKey::Resellers
            } else {
                ListKey::Accounts
            },
            ..calm()
        }
    })
}

/// What the first answer promises of the second.
fn again(first: &Answer) -> Answer {
    match first.clone() {
        Answer::Answered(Answered::Updated { seen, drift }) if drift.is_empty() => {
            Answer::Answered(Answered::Unchanged(seen))
        }
        other => other,
    }
}

fn simulated<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_second_submit_finds_nothing_more_to_send(
        settings in ways(), known in account(), stored in account(), row in row(),
    ) {
        simulated(async {
            let stage = Stage::new(settings);
            // The account that the row means is the first; the names of its contacts can be known from a later one's.
            stage.ask("POST", "/v3/resellers", &stored);
            let mut other = known;
            other["externalReferenceId"] = "777".into();
            stage.ask("POST", "/v3/resellers", &other);
            let path = "/v3/resellers/5556667778";
            let before = stage.ask("GET", path, &Value::Null);

            let first = stage.submit(&row).await;
            let (calls, updates) = stage.patches();
            let after = stage.ask("GET", path, &Value::Null);
            // What was known to be refused was not sent.
            prop_assert_eq!(calls, updates, "{:?}", first);
            prop_assert!(updates <= 1);
            prop_assert_eq!(updates == 1, before != after, "{:?}", first);
            prop_assert_eq!(&before["companyProfile"]["companyName"], &after["companyProfile"]["companyName"]);

            let second = stage.submit(&row).await;
            prop_assert_eq!(&second, &again(&first));
            prop_assert_eq!(stage.patches(), (calls, updates), "sent again: {:?}", second);
            if let Answer::Answered(Answered::Unchanged(_)) = second {
                let says = |path: &str, name: &str| row.get(name).is_none_or(|said| after.pointer(path) == Some(said));
                prop_assert!(says("/companyProfile/address/city", "city"));
                prop_assert!(says("/companyProfile/address/addressLine2", "address_line_2"));
                prop_assert!(says("/companyProfile/preferredLanguage", "language"));
                prop_assert!(says("/externalReferenceId", "key"));
            }
            Ok(())
        })?;
    }
}

#[test]
fn an_update_whose_answer_was_lost_is_found_done() {
    simulated(async {
        let stage = Stage::new(calm());
        let account = json!({ "distributorId": "345434543", "externalReferenceId": "888", "companyProfile": {
            "companyName": "Fairmont", "preferredLanguage": "en-US",
            "address": { "country": "US", "region": "CA", "city": "San Jose", "addressLine1": "1 Ave", "postalCode": "95110" },
            "contacts": [contact(&("a@x.example", "Ann", None))] } });
        stage.ask("POST", "/v3/resellers", &account);
        let row =
            json!({ "key": "888", "company": "Fairmont", "country": "US", "region": "CA", "city": "Bay" });
        let fault = |share: f64| {
            let changes = json!({ "faults": { "dropped_after_commit": share }, "fault_on": ["update"] });
            let mut brain = stage.near.brain.lock().unwrap();
            let settings = brain.settings().changed(&changes).unwrap();
            brain.set_settings(settings);
        };
        fault(1.0);
        let first = stage.submit(&row).await;
        assert!(matches!(first, Answer::Silent(Silence::Broken(_))), "{first:?}");
        fault(0.0);
        let second = stage.submit(&row).await;
        assert!(
            matches!(second, Answer::Answered(Answered::Unchanged(_))),
            "{second:?}"
        );
        assert_eq!(stage.patches(), (1, 1));
    });
}
