//! Whatever arrives, the brain answers, and an answer of 201 to a fresh id is one account more.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,60}", ".{0,8}", any::<String>()]
}

/// The seed's body with something in it changed.
fn near_body() -> impl Strategy<Value = Vec<u8>> {
    let pointers = [
        "/distributorId",
        "/externalReferenceId",
        "/companyProfile",
        "/companyProfile/companyName",
        "/companyProfile/preferredLanguage",
        "/companyProfile/marketSegments",
        "/companyProfile/address",
        "/companyProfile/address/country",
        "/companyProfile/address/region",
        "/companyProfile/address/postalCode",
        "/companyProfile/contacts",
        "/companyProfile/contacts/0/email",
        "/companyProfile/contacts/0/firstName",
    ];
    let value = prop_oneof![
        any_text().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Value::Null),
        vec(any_text(), 0..3).prop_map(Value::from),
        Just(json!([{ "email": "a@b.cd", "firstName": "A", "lastName": "B" }, {}])),
    ];
    (proptest::sample::select(pointers.to_vec()), value).prop_map(|(pointer, value)| {
        let mut body = seed_body();
        *body.pointer_mut(pointer).unwrap() = value;
        body.to_string().into_bytes()
    })
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        1 => Just(SEED_REQUEST.as_bytes().to_vec()),
        2 => near_body(),
        1 => vec(any::<u8>(), 0..200),
    ]
}

fn any_target() -> impl Strategy<Value = String> {
    let path = prop_oneof![
        Just("/v3/resellers".to_owned()),
        "/v3/resellers/[0-9+]{0,12}",
        Just("/v3/resellers/5556667778".to_owned()),
        "/_simulator/(ledger|accounts|settings|accounts/5556667778/status)",
        Just("/ims/token/v3".to_owned()),
        any_text(),
    ];
    let query = prop_oneof![
        "(status|company-name|limit|offset|sort-by|order-by|reference)=[0-9*a-z%+]{0,6}",
        any_text(),
    ];
    (path, query).prop_map(|(path, query)| format!("{path}?{query}"))
}

#[derive(Debug, Clone)]
struct Sent {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    replaced: bool,
}

fn any_sent() -> impl Strategy<Value = Sent> {
    let method = prop_oneof![Just("POST".to_owned()), Just("GET".to_owned()), any_text()];
    let name = prop_oneof![
        "(?i)x-correlation-id",
        "(?i)authorization",
        "(?i)x-api-key",
        "(?i)accept",
        any_text()
    ];
    let headers = vec((name, any_text()), 0..3);
    (method, any_target(), headers, any_body(), any::<bool>()).prop_map(
        |(method, target, headers, body, replaced)| Sent {
            method,
            target,
            headers,
            body,
            replaced,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_that_arrives_is_too_much(
        sent in vec(any_sent(), 1..6),
        seed: u64,
        times in vec(any::<i64>(), 6),
    ) {
        let shares = FAULTS.map(|fault| (fault, 0.02));
        let settings = AdobeSettings { faults: shares.into(), fault_on: Call::FAULTY.into(), ..AdobeSettings::default() };
        let mut stage = Stage::seeded(settings, seed);
        for (sent, time) in sent.into_iter().zip(times) {
            stage.now = Timestamp::from_ms(time);
            let mut request = stage.request(&sent.method, &sent.target, "c").with_body(sent.body);
            if sent.replaced {
                request.headers = sent.headers;
            } else {
                request.headers.extend(sent.headers);
            }
            let delivery = stage.send(&request);
            if let Delivery::Truncate { reply, bytes } = delivery {
                prop_assert!(bytes < reply.body.len());
            }
        }
        prop_assert!(stage.adobe.settings().check().is_ok());
    }

    #[test]
    fn a_201_to_a_fresh_id_is_one_account_more(bodies in vec(any_body(), 1..8), seed: u64) {
        let mut stage = Stage::seeded(AdobeSettings { windows: vec![], ..AdobeSettings::default() }, seed);
        for (n, body) in bodies.into_iter().enumerate() {
            let before = stage.adobe.ledger().accounts_created;
            let request = stage.request("POST", "/v3/resellers", &format!("c{n}")).with_body(body);
            let reply = whole(&stage.send(&request));
            let more = stage.adobe.ledger().accounts_created - before;
            prop_assert_eq!(more, u64::from(reply.status == 201));
            if reply.status == 201 {
                let id = json(&reply)["resellerId"].as_str().unwrap().to_owned();
                prop_assert_eq!(stage.status_of(&id), "200 1002");
                let again = whole(&stage.send(&request));
                prop_assert_eq!(again.body, reply.body);
            }
        }
    }
}
