//! Whatever arrives, the brain answers; and no username is ever two accounts at once.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,60}", ".{0,8}", any::<String>()]
}

fn any_target() -> impl Strategy<Value = String> {
    let path = prop_oneof![
        "/api/(resellers/(v2/signup|search|details)|actions/search-(current|archived))\\.(json|xml)",
        "/_simulator/(ledger|accounts|settings|activate|accounts/700001/status)",
        any_text(),
    ];
    let query = vec(
        prop_oneof![
            "(no-of-records|page-no|reseller-id|eaq-id|status|username|limit|offset)=[0-9+a-zA-Z]{0,6}",
            Just("auth-userid=5&api-key=k".to_owned()),
            any_text(),
        ],
        0..5,
    );
    (path, query).prop_map(|(path, query)| format!("{path}?{}", query.join("&")))
}

/// A sound sign-up with one parameter changed.
fn near_row() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    (any::<proptest::sample::Index>(), any_text(), 0..5_u8).prop_map(|(place, text, user)| {
        let mut parameters = row(&format!("u{user}@example.com"));
        let at = place.index(parameters.len());
        parameters[at].1 = text;
        parameters
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn nothing_that_arrives_is_too_much(
        sent in vec((prop_oneof![Just("POST"), Just("GET"), Just("PUT")], any_target(), vec(any::<u8>(), 0..200)), 1..6),
        rows in vec(near_row(), 1..4),
        seed: u64,
        times in vec(any::<i64>(), 10),
    ) {
        let settings = LogicBoxesSettings {
            faults: FAULTS.map(|fault| (fault, 0.02)).into(),
            fault_on: Call::ALL.into(),
            xml_shape: if seed % 2 == 0 { XmlShape::Pairs } else { XmlShape::Elements },
            ..LogicBoxesSettings::default()
        };
        let mut stage = Stage::seeded(settings, seed);
        let rows = rows.iter().map(|row| stage.post("/api/resellers/v2/signup.xml", row)).collect::<Vec<_>>();
        let others = sent.into_iter().map(|(method, target, body)| Request::new(method, &target)
            .with_header("Content-Type", "application/x-www-form-urlencoded").with_body(body));
        for (request, time) in rows.into_iter().chain(others).zip(times) {
            stage.now = Timestamp::from_ms(time);
            if let Delivery::Truncate { reply, bytes } = stage.send(&request) {
                prop_assert!(bytes < reply.body.len());
            }
        }
        prop_assert!(stage.brain.settings().check().is_ok());
    }

    /// Search finds what was answered with an id, exactly once, whatever went wrong on the way.
    #[test]
    fn a_username_is_one_account(users in vec(0..6_u8, 1..40), seed: u64) {
        let settings = LogicBoxesSettings {
            faults: FAULTS.map(|fault| (fault, 0.04)).into(),
            ..LogicBoxesSettings::default()
        };
        let mut stage = Stage::seeded(settings, seed);
        for user in users {
            let username = format!("u{user}@example.com");
            let delivery = stage.sign_up(&row(&username));
            stage.wait(Duration::from_secs(6));
            if let Some(reply) = delivery.reply()
                && let Ok(body) = serde_json::from_slice::<Value>(&reply.body)
                && body["resellerid"].is_string()
            {
                prop_assert_eq!(stage.found(&format!("username={username}")).len(), 1);
            }
        }
        prop_assert!(stage.brain.ledger().accounts_per_reference.max <= 1);
    }
}
