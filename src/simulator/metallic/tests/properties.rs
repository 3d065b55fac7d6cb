//! Whatever arrives, the brain answers; and what is unique is unique.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,60}", ".{0,8}", any::<String>()]
}

/// The seed's body with something in it changed.
fn near_body() -> impl Strategy<Value = Vec<u8>> {
    let pointers = [
        "/name",
        "/website",
        "/externalId",
        "/workloadAccess",
        "/contacts",
        "/contacts/0",
        "/contacts/0/type",
        "/contacts/0/email",
        "/contacts/0/address",
        "/contacts/0/address/country",
        "/contacts/0/address/state",
    ];
    let value = prop_oneof![
        any_text().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Value::Null),
        vec(any_text(), 0..3).prop_map(Value::from),
        Just(json!([{ "email": "a@b.cd" }, {}])),
    ];
    (proptest::sample::select(pointers.to_vec()), value).prop_map(|(pointer, value)| {
        let mut body = seed_body();
        *body.pointer_mut(pointer).unwrap() = value;
        body.to_string().into_bytes()
    })
}

fn any_target() -> impl Strategy<Value = String> {
    let path = prop_oneof![
        "/api/v1/(authenticate|partner/(resellers|partners)(/[0-9a-f-]{0,36})?)",
        "/_simulator/(ledger|accounts|settings|tokens/revoke|accounts/x/status)",
        any_text(),
    ];
    (path, any_text()).prop_map(|(path, query)| format!("{path}?{query}"))
}

/// A row whose unique values are taken from a few, in any case.
fn crowded_row() -> impl Strategy<Value = Value> {
    (0..4_u8, 0..4_u8, 0..4_u8, any::<bool>()).prop_map(|(name, email, id, shout)| {
        let mut body = seed_body();
        let text = |text: String| Value::from(if shout { text.to_uppercase() } else { text });
        body["name"] = text(format!("name {name}"));
        body["contacts"][0]["email"] = text(format!("e{email}@example.com"));
        body["externalId"] = format!("id-{id}").into();
        body
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn nothing_that_arrives_is_too_much(
        sent in vec((prop_oneof![Just("POST"), Just("GET"), Just("PUT")], any_target(), near_body()), 1..6),
        bodies in vec(prop_oneof![near_body(), vec(any::<u8>(), 0..200)], 1..4),
        seed: u64,
        times in vec(any::<i64>(), 10),
    ) {
        let settings = MetallicSettings {
            faults: FAULTS.map(|fault| (fault, 0.02)).into(),
            fault_on: Call::FAULTY.into(),
            partners: true,
            ..MetallicSettings::default()
        };
        let mut stage = Stage::seeded(settings, seed);
        let bodies = bodies.into_iter().map(|body| ("POST", "/api/v1/partner/resellers".to_owned(), body));
        for ((method, target, body), time) in bodies.chain(sent).zip(times) {
            stage.now = Timestamp::from_ms(time);
            stage.token = stage.brain.token(stage.now);
            let request = stage.request(method, &target).with_body(body);
            if let Delivery::Truncate { reply, bytes } = stage.send(&request) {
                prop_assert!(bytes < reply.body.len());
            }
        }
        prop_assert!(stage.brain.settings().check().is_ok());
    }

    /// No value that is to be unique has two accounts, and a 400 names exactly those that were taken.
    #[test]
    fn what_is_unique_is_unique(rows in vec(crowded_row(), 1..40), seed: u64) {
        let mut stage = Stage::seeded(quiet(), seed);
        let mut had: std::collections::HashSet<(&str, String)> = std::collections::HashSet::new();
        for row in rows {
            let keys = [
                ("name", row["name"].as_str().unwrap().to_lowercase()),
                ("email", row["contacts"][0]["email"].as_str().unwrap().to_lowercase()),
                ("externalId", row["externalId"].as_str().unwrap().to_owned()),
            ];
            let expected: Vec<_> = keys.iter().filter(|key| had.contains(*key)).map(|key| key.0).collect();
            let reply = whole(&stage.create(&row));
            if expected.is_empty() {
                prop_assert_eq!(reply.status, 201);
                had.extend(keys);
            } else {
                prop_assert_eq!(fields(&reply), expected);
            }
        }
        let ledger = stage.brain.ledger();
        for per in [&ledger.ledger.accounts_per_reference, &ledger.accounts_per_name, &ledger.accounts_per_email] {
            prop_assert_eq!(per.max, 1);
        }
    }
}
