use serde_json::json;

use super::*;

const RESPONSE: &str = include_str!("seed/response.json");

fn resellers() -> Url {
    Url::parse("https://api.metallic.io/api/v1/partner/resellers").unwrap()
}

fn seed() -> CreateReseller {
    let some = |text: &str| Some(text.to_owned());
    CreateReseller {
        external_id: "c36c7995-cddb-459b-b145-f6385e92b844".to_owned(),
        name: "testreseller".to_owned(),
        website: some("www.testreseller.com"),
        contacts: [Contact {
            kind: ContactType::Primary,
            email: "admin@testreseller.com".to_owned(),
            first_name: "Brooks".to_owned(),
            last_name: "Price".to_owned(),
            phone: some("201-200-5904"),
            address: Address {
                address_line1: "1 Commvault".to_owned(),
                address_line2: None,
                city: "Tinton Fall".to_owned(),
                state: some("New York"),
                country: "United States".to_owned(),
                postal_code: "508001".to_owned(),
            },
        }],
        workload_access: false,
    }
}

/// The page shows no request, but says of every field of its response that it is "same as input".
#[test]
fn the_request_that_the_seeds_response_echoes() {
    let mut echoed = serde_json::from_str::<Value>(RESPONSE).unwrap()["data"].take();
    for own in ["id", "insertTs", "updateTs", "type", "status"] {
        echoed.as_object_mut().unwrap().shift_remove(own);
    }
    assert_eq!(
        serde_json::from_str::<Value>(&seed().render().unwrap()).unwrap(),
        echoed
    );
}

#[test]
fn what_is_absent_or_empty_is_left_out_and_workload_access_never() {
    let mut reseller = seed();
    reseller.website = Some(String::new());
    let [contact] = &mut reseller.contacts;
    (contact.phone, contact.address.state) = (None, Some(String::new()));
    let body: Value = serde_json::from_str(&reseller.render().unwrap()).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&body), ["externalId", "name", "contacts", "workloadAccess"]);
    assert_eq!(
        keys(&body["contacts"][0]),
        ["type", "email", "firstName", "lastName", "address"]
    );
    assert_eq!(
        keys(&body["contacts"][0]["address"]),
        ["addressLine1", "city", "country", "postalCode"]
    );
}

#[test]
fn the_seeds_response() {
    let reseller = Reseller::parse(RESPONSE.as_bytes()).unwrap();
    let wanted = Reseller {
        id: Some(AccountId::new("e4295015-6535-4989-9457-1ba12040a7ef")),
        status: Some("active".to_owned()),
    };
    assert_eq!(reseller, wanted);
}

#[test]
fn answers_are_read_leniently() {
    let read = |body: Value| Reseller::parse(body.to_string().as_bytes());
    let id = |id: Value| {
        let reseller = read(json!({ "data": { "id": id, "insertTs": 7, "more": [] } })).unwrap();
        reseller.id.map(|id| id.to_string())
    };
    assert_eq!(id(json!("E4-x_9")).as_deref(), Some("E4-x_9"));
    assert_eq!(id(json!(4_711)).as_deref(), Some("4711"));
    let no_ids = [
        json!(""),
        json!(" "),
        json!("a/b"),
        json!(".."),
        json!("a b"),
        json!("ä"),
        json!(null),
        json!([]),
        json!("9".repeat(65)),
    ];
    for odd in no_ids {
        assert_eq!(id(odd.clone()), None, "{odd}");
    }
    for odd in [
        json!([]),
        json!("text"),
        json!(null),
        json!({ "id": "1", "status": "active" }),
        json!({ "data": null }),
        json!({ "data": [1, 2] }),
        json!({ "data": "text" }),
    ] {
        assert_eq!(read(odd.clone()), None, "{odd}");
    }
    assert_eq!(read(json!({ "data": {} })), Some(Reseller::default()));
}

#[test]
fn ids_are_compared_as_uuids() {
    let table = [
        (
            "e4295015-6535-4989-9457-1ba12040a7ef",
            "E4295015-6535-4989-9457-1BA12040A7EF",
            true,
        ),
        ("e4295015653549899457", "E4295015653549899457", false),
        (
            "e42950156535498994571ba12040a7ef",
            "E4295015-6535-4989-9457-1BA12040A7EF",
            true,
        ),
        (
            "e4295015-6535-4989-9457-1ba12040a7ef",
            "e4295015-6535-4989-9457-1ba12040a7ee",
            false,
        ),
        ("4711", "4711", true),
        ("4711", "4712", false),
    ];
    for (a, b, same) in table {
        assert_eq!(
            same_account(&AccountId::new(a), &AccountId::new(b)),
            same,
            "{a} {b}"
        );
    }
}

#[test]
fn calls_have_addresses_and_headers() {
    let ids = |n| {
        (
            CorrelationId::fresh(Uuid::from_u128(n)),
            RequestId::fresh(Uuid::from_u128(n + 1)),
        )
    };
    let (correlation_id, request_id) = ids(7);
    let create = Ask::create(&resellers(), "{}".into()).request("t0ken".into(), correlation_id, request_id);
    assert_eq!(
        (create.method, create.url.as_str(), create.body.bytes()),
        (Method::Post, resellers().as_str(), &b"{}"[..])
    );
    let read =
        Ask::read(&resellers(), &AccountId::new("E4-1")).request("t0ken".into(), correlation_id, request_id);
    assert_eq!(
        (read.method, read.url.as_str(), read.body.bytes()),
        (
            Method::Get,
            "https://api.metallic.io/api/v1/partner/resellers/E4-1",
            &b""[..]
        )
    );
    assert_eq!(create.header("content-type"), Some("application/json"));
    assert_eq!(read.header("content-type"), None);
    for request in [&create, &read] {
        assert_eq!(request.header("accept"), Some("application/json"));
        assert_eq!(
            request.header("x-correlation-id"),
            Some(correlation_id.to_string().as_str())
        );
        assert_eq!(
            request.header("x-request-id"),
            Some(request_id.to_string().as_str())
        );
        assert!(request.bearer.is_some());
    }
}
