use serde_json::json;

use super::*;
use crate::provider::testing::NOON;

const REQUEST_000: &str = include_str!("seed/000-request.json");
const RESPONSE_000: &str = include_str!("seed/000-response.json");
/// The page's own text, which lacks the last brace.
const REQUEST_001: &str = include_str!("seed/001-request.json");
const RESPONSE_001: &str = include_str!("seed/001-response.json");

fn base() -> Url {
    Url::parse("https://partners.adobe.io").unwrap()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn fairmont() -> CreateReseller {
    CreateReseller {
        distributor_id: "345434543".to_owned(),
        external_reference_id: some("888"),
        company_profile: CompanyProfile {
            company_name: "Fairmont".to_owned(),
            preferred_language: "en-US".to_owned(),
            market_segments: vec!["COM".to_owned(), "EDU".to_owned()],
            address: Address {
                country: "US".to_owned(),
                region: "CA".to_owned(),
                city: "San Jose".to_owned(),
                address_line1: "200 Fairmont Ave".to_owned(),
                address_line2: some("Apt 123"),
                postal_code: "95110-1234".to_owned(),
                phone_number: some("800-123-4567"),
            },
            contacts: vec![Contact {
                first_name: "Mickey".to_owned(),
                last_name: "Mouse".to_owned(),
                email: "mickey@mouse.com".to_owned(),
                phone_number: some("408-123-4567"),
            }],
        },
    }
}

#[test]
fn the_seeds_request_bodies() {
    let rendered: Value = serde_json::from_str(&fairmont().render().unwrap()).unwrap();
    for page in [REQUEST_000.to_owned(), format!("{REQUEST_001}}}")] {
        assert_eq!(rendered, serde_json::from_str::<Value>(&page).unwrap());
        assert_eq!(serde_json::from_str::<CreateReseller>(&page).unwrap(), fairmont());
    }
}

#[test]
fn the_request_body_byte_for_byte() {
    assert_eq!(
        &*fairmont().render().unwrap(),
        concat!(
            r#"{"distributorId":"345434543","externalReferenceId":"888","companyProfile":{"companyName":"Fairmont","#,
            r#""preferredLanguage":"en-US","marketSegments":["COM","EDU"],"address":{"country":"US","region":"CA","#,
            r#""city":"San Jose","addressLine1":"200 Fairmont Ave","addressLine2":"Apt 123","#,
            r#""postalCode":"95110-1234","phoneNumber":"800-123-4567"},"contacts":[{"firstName":"Mickey","#,
            r#""lastName":"Mouse","email":"mickey@mouse.com","phoneNumber":"408-123-4567"}]}}"#
        )
    );
}

#[test]
fn what_is_absent_or_empty_is_left_out() {
    let mut reseller = fairmont();
    reseller.external_reference_id = None;
    let profile = &mut reseller.company_profile;
    profile.company_name = "\"Ä & Ö\" ＆ Co".to_owned();
    profile.market_segments.clear();
    (profile.address.address_line2, profile.address.phone_number) = (some(""), None);
    profile.contacts[0].phone_number = None;
    assert_eq!(
        &*reseller.render().unwrap(),
        concat!(
            r#"{"distributorId":"345434543","companyProfile":{"companyName":"\"Ä & Ö\" ＆ Co","#,
            r#""preferredLanguage":"en-US","address":{"country":"US","region":"CA","city":"San Jose","#,
            r#""addressLine1":"200 Fairmont Ave","postalCode":"95110-1234"},"contacts":[{"firstName":"Mickey","#,
            r#""lastName":"Mouse","email":"mickey@mouse.com"}]}}"#
        )
    );
}

#[test]
fn the_seeds_response_bodies() {
    for page in [RESPONSE_000, RESPONSE_001] {
        let reseller = Reseller::parse(page.as_bytes()).unwrap();
        let wanted = Reseller {
            reseller_id: Some(AccountId::new("5556667778")),
            status: some("1000"),
            external_reference_id: some("888"),
            creation_date: some("2019-05-02T22:49:52Z"),
            company_name: some("Fairmont"),
        };
        assert_eq!(reseller, wanted);
        assert_eq!(
            reseller.created().unwrap().to_string(),
            "2019-05-02T22:49:52.000Z"
        );
    }
}

#[test]
fn answers_are_read_leniently() {
    let read = |body: Value| Reseller::parse(body.to_string().as_bytes());
    let id = |body: Value| read(body).unwrap().reseller_id.map(|id| id.to_string());
    assert_eq!(
        id(json!({ "resellerId": "P1-ä_9", "tags": [1], "benefits": {} })),
        some("P1-ä_9")
    );
    assert_eq!(id(json!({ "resellerId": 5_556_667_778_u64 })), some("5556667778"));
    for odd in [
        json!(""),
        json!(" "),
        json!("a/b"),
        json!(".."),
        json!("a b"),
        json!(null),
        json!([]),
        json!(true),
    ] {
        assert_eq!(id(json!({ "resellerId": odd })), None, "{odd}");
    }
    assert_eq!(id(json!({ "resellerId": "9".repeat(65) })), None);
    assert_eq!(read(json!({ "status": 1002 })).unwrap().status, some("1002"));
    assert_eq!(
        read(json!({ "companyProfile": [] })).unwrap(),
        Reseller::default()
    );
    for odd in [
        json!([]),
        json!(["a", "b", "c", "d", {}]),
        json!("text"),
        json!(null),
        json!(7),
    ] {
        assert_eq!(read(odd.clone()), None, "{odd}");
    }
    let created = |text: &str| {
        Reseller {
            creation_date: some(text),
            ..Reseller::default()
        }
        .created()
    };
    assert_eq!(created("2026-05-02T22:49:52Z"), Some(NOON));
    assert_eq!(created("2026-05-03T00:49:52+02:00"), Some(NOON));
    assert_eq!(created("yesterday"), None);
}

#[test]
fn pages_under_either_name() {
    let page = |body: Value| ListPage::parse(body.to_string().as_bytes());
    let ids = |body: Value| -> Vec<Option<String>> {
        let rows = page(body).unwrap().rows;
        rows.into_iter()
            .map(|row| row.map(|row| row.reseller_id.unwrap().to_string()))
            .collect()
    };
    let rows = json!([{ "resellerId": "1001" }, "odd", { "resellerId": "1002" }]);
    let wanted = vec![some("1001"), None, some("1002")];
    assert_eq!(ids(json!({ "totalCount": 3, "accounts": rows })), wanted);
    assert_eq!(ids(json!({ "totalCount": 3, "resellers": rows })), wanted);
    assert_eq!(ids(json!({ "accounts": null, "resellers": rows })), wanted);
    let whole =
        page(json!({ "totalCount": "7", "count": 0, "offset": 50, "limit": 50, "accounts": [] })).unwrap();
    assert_eq!(
        (whole.total, whole.offset, whole.rows.len()),
        (Some(7), Some(50), 0)
    );
    assert!(
        page(json!({ "totalCount": 0, "count": 0 }))
            .unwrap()
            .rows
            .is_empty()
    );
    for odd in [
        json!({ "totalCount": 1 }),
        json!({}),
        json!([]),
        json!(null),
        json!({ "accounts": {} }),
    ] {
        assert_eq!(page(odd.clone()), None, "{odd}");
    }
}

#[test]
fn every_call_with_its_headers() {
    let ids = (
        CorrelationId::fresh(uuid::Uuid::from_u128(1)),
        RequestId::fresh(uuid::Uuid::from_u128(2)),
    );
    let account = AccountId::new("5556667778");
    let query = ListQuery {
        status: "1002",
        company_name: None,
        order: Order::Oldest,
        offset: 100,
    };
    let table = [
        (
            Ask::create(&base(), "{}".into()),
            Method::Post,
            "https://partners.adobe.io/v3/resellers",
            "{}",
        ),
        (
            Ask::read(&base(), &account),
            Method::Get,
            "https://partners.adobe.io/v3/resellers/5556667778",
            "",
        ),
        (
            Ask::list(&base(), &query),
            Method::Get,
            "https://partners.adobe.io/v3/resellers?status=1002&sort-by=creationDate&order-by=asc&limit=50&offset=100",
            "",
        ),
    ];
    for (ask, method, url, body) in table {
        let request = ask.request("key", "token".to_owned().into(), ids.0, ids.1);
        assert_eq!((request.method, request.url.as_str()), (method, url));
        assert_eq!(request.body.bytes(), body.as_bytes());
        assert_eq!(
            request.headers,
            [
                ("accept", "application/json".to_owned()),
                ("content-type", "application/json".to_owned()),
                ("x-api-key", "key".to_owned()),
                (
                    "x-correlation-id",
                    "00000000-0000-0000-0000-000000000001".to_owned()
                ),
                ("x-request-id", "00000000-0000-0000-0000-000000000002".to_owned()),
            ]
        );
    }
}

#[test]
fn addresses_keep_their_prefix_and_names_are_encoded() {
    let account = AccountId::new("a/../b?c");
    for (base, wanted) in [
        ("https://h/", "https://h/v3/resellers/a%2F..%2Fb%3Fc"),
        ("https://h/p", "https://h/p/v3/resellers/a%2F..%2Fb%3Fc"),
        ("https://h/p/", "https://h/p/v3/resellers/a%2F..%2Fb%3Fc"),
    ] {
        assert_eq!(
            Ask::read(&Url::parse(base).unwrap(), &account).url.as_str(),
            wanted
        );
    }
    let name = "A&B + \"C\" ＆ D's #1/2 100%";
    let query = ListQuery {
        status: "1000",
        company_name: Some(name),
        order: Order::Newest,
        offset: 0,
    };
    assert_eq!(
        Ask::list(&base(), &query).url.query().unwrap(),
        "status=1000&company-name=A%26B%20%2B%20%22C%22%20%EF%BC%86%20D%27s%20%231%2F2%20100%25\
         &sort-by=creationDate&order-by=desc&limit=50&offset=0"
    );
}
