use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::provider::testing::NOON;

const CREATED: &str = include_str!("../wire/seed/response.json");
const REFUSAL: &str = include_str!("../wire/seed/refusal.json");
const HTML: &str = "<html><body>Bad Gateway</body></html>";
const NOT_FOUND: &str = r#"{"error":{"code":1006,"message":"Record not found"}}"#;
const SERVICE: &str = r#"{"error":{"code":500,"message":"m"}}"#;
const ID: &str = "e4295015-6535-4989-9457-1ba12040a7ef";

const READING: Reading = Reading {
    now: NOON,
    period_unit: SpanUnit::Seconds,
};

/// An answer in a line, to be read in a table.
fn short(answer: &Answer) -> String {
    let error = |error: &RowError| format!("{}|{}|{}", error.code, error.field, error.message);
    match answer {
        Answer::Answered(Answered::Account(seen)) => {
            format!(
                "account {} {:?} {:?}",
                seen.account,
                seen.status.as_str(),
                seen.meaning
            )
        }
        Answer::Answered(Answered::Taken(about)) => format!("taken {}", error(about)),
        Answer::Answered(Answered::Missing) => "missing".to_owned(),
        Answer::Answered(Answered::Rejected(errors)) => {
            let errors: Vec<_> = errors.iter().map(error).collect();
            format!("rejected {}", errors.join(", "))
        }
        Answer::Answered(Answered::Misfit(about)) => format!("misfit {}", error(about)),
        Answer::Refused(Refused::Denied(about)) => format!("denied {}", error(about)),
        Answer::Refused(Refused::WrongAddress(about)) => format!("wrong address {}", about.code),
        Answer::Refused(other) => format!("{other:?}"),
        Answer::Silent(silence) => format!("silent {silence:?}"),
        Answer::NotSent(why) => format!("not sent {why}"),
        other => format!("{other:?}"),
    }
}

fn on_create(status: u16, body: &str) -> String {
    short(&create(&Exchange::response(status, body.to_owned()), READING))
}

fn on_read(status: u16, body: &str) -> String {
    let asked = AccountId::new(ID);
    short(&read(
        &Exchange::response(status, body.to_owned()),
        &asked,
        READING,
    ))
}

fn shown(id: &str, status: &str) -> String {
    format!(r#"{{"data":{{"id":"{id}","status":"{status}"}}}}"#)
}

/// A 400 that names these fields.
fn naming(fields: &[&str]) -> String {
    let errors: Vec<_> = fields
        .iter()
        .map(|field| format!(r#"{{"field":"{field}","message":"no {field}"}}"#))
        .collect();
    let errors = errors.join(",");
    format!(r#"{{"error":{{"code":1002,"message":"m","errors":[{errors}]}}}}"#)
}

#[rustfmt::skip]
#[test]
fn answers_to_a_create() {
    let active = format!("account {ID} \"active\" Active");
    let gateway = |http: u16| format!("silent Gateway {{ http: {http}, retry_after: None }}");
    let unreadable = |http: u16| format!("silent Unreadable {{ http: {http} }}");
    let wrong = |http: u16| format!("wrong address HTTP {http}");
    let no_reason = "denied HTTP 403||the provider refused the request without a reason";
    let table: Vec<(u16, String, String)> = vec![
        (201, CREATED.into(), active.clone()),
        (200, CREATED.into(), active),
        (201, shown("1", "provisioning"), "account 1 \"provisioning\" Pending".into()),
        (201, shown("1", "updating"), "account 1 \"updating\" Pending".into()),
        (201, shown("1", "Active"), "account 1 \"Active\" Unrecognised".into()),
        (201, shown("1", "1002"), "account 1 \"1002\" Unrecognised".into()),
        (201, shown("1", "deactivated"), "account 1 \"deactivated\" Unrecognised".into()),
        (201, r#"{"data":{"id":"1"}}"#.into(), "account 1 \"\" Pending".into()),
        (201, r#"{"data":{"status":"active"}}"#.into(), unreadable(201)),
        (201, r#"{"id":"1","status":"active"}"#.into(), unreadable(201)),
        (201, r#"{"data":{"id":"e42"#.into(), unreadable(201)),
        (201, "[]".into(), unreadable(201)),
        (201, String::new(), unreadable(201)),
        (200, HTML.into(), unreadable(200)),
        (200, REFUSAL.into(), unreadable(200)),
        (302, CREATED.into(), unreadable(302)),
        (100, String::new(), unreadable(100)),
        (600, String::new(), unreadable(600)),
        (400, HTML.into(), unreadable(400)),
        (400, String::new(), unreadable(400)),
        (400, r#"{"code":1002,"message":"m"}"#.into(), unreadable(400)),
        (400, r#"{"error":{"code":1001,"message":"m"}}"#.into(), "rejected 1001||m".into()),
        (409, SERVICE.into(), "rejected 500||m".into()),
        (409, HTML.into(), unreadable(409)),
        (413, HTML.into(), wrong(413)),
        (401, SERVICE.into(), "TokenStale".into()),
        (401, String::new(), "TokenStale".into()),
        (403, SERVICE.into(), "denied 500||m".into()),
        (403, HTML.into(), no_reason.into()),
        (404, HTML.into(), wrong(404)),
        (404, NOT_FOUND.into(), wrong(404)),
        (405, SERVICE.into(), wrong(405)),
        (429, SERVICE.into(), "Throttled { retry_after: None }".into()),
        (408, SERVICE.into(), gateway(408)),
        (500, SERVICE.into(), gateway(500)),
        (500, String::new(), gateway(500)),
        (502, HTML.into(), gateway(502)),
        (503, SERVICE.into(), gateway(503)),
        (504, CREATED.into(), gateway(504)),
    ];
    for (status, body, wanted) in table {
        assert_eq!(on_create(status, &body), wanted, "{status} {body}");
    }
}

/// providers.md 4.5, row by row.
#[rustfmt::skip]
#[test]
fn what_is_taken_is_decided_by_field() {
    let email = "contacts[0].email";
    let table: [(&[&str], &str); 16] = [
        (&["name", "email", "externalId"], "taken 1002||m no name no email no externalId"),
        (&["externalId", "email", "name"], "taken 1002||m no externalId no email no name"),
        (&["name", "contacts[0].email", "externalId"], "taken 1002||m no name no contacts[0].email no externalId"),
        (&["Name", "EMAIL", "externalid"], "taken 1002||m no Name no EMAIL no externalid"),
        (&["name", "email", "email", "externalId"], "taken 1002||m no name no email no email no externalId"),
        (&["name"], "rejected 1002|name|no name"),
        (&["email"], &format!("rejected 1002|{email}|no email")),
        (&["externalId"], "rejected 1002|externalId|no externalId"),
        (&["name", "email"], &format!("rejected 1002|name|no name, 1002|{email}|no email")),
        (&["name", "externalId"], "rejected 1002|name|no name, 1002|externalId|no externalId"),
        (&["email", "externalId"], &format!("rejected 1002|{email}|no email, 1002|externalId|no externalId")),
        // What is wrong beside them was not wrong when the account was made: another one has these values.
        (&["name", "email", "externalId", "state"],
            &format!("rejected 1002|name|no name, 1002|{email}|no email, 1002|externalId|no externalId, \
                      1002|contacts[0].address.state|no state")),
        (&["workloadAccess"], "misfit 1002||m no workloadAccess"),
        (&["contacts[0].type", "workloadAccess"], "misfit 1002||m no contacts[0].type no workloadAccess"),
        (&["type", "firstName"], "rejected 1002|type|no type, 1002|contacts[0].firstName|no firstName"),
        (&[], "rejected 1002||m"),
    ];
    for (fields, wanted) in table {
        assert_eq!(on_create(400, &naming(fields)), wanted, "{fields:?}");
        // The words of a code or a status do not matter.
        assert_eq!(on_create(409, &naming(fields)), wanted, "{fields:?}");
    }
    assert_eq!(
        on_create(400, REFUSAL),
        "taken 1002||Request validation failed! name already exists. email already exists in Metallic. \
         externalId is required and should be unique in Partner system."
    );
}

#[test]
fn the_fields_named_become_columns() {
    let every = [
        "externalId",
        "name",
        "website",
        "email",
        "firstName",
        "lastName",
        "phone",
        "addressLine1",
        "addressLine2",
        "city",
        "state",
        "country",
        "postalCode",
    ];
    for field in every {
        let answer = create(&Exchange::response(400, naming(&[field])), READING);
        let Answer::Answered(Answered::Rejected(errors)) = answer else {
            panic!("{answer:?}")
        };
        let column = super::super::contract::CONTRACT.field_of_wire_path(&errors[0].field);
        assert!(column.is_some(), "{field}");
    }
}

#[rustfmt::skip]
#[test]
fn answers_to_a_look_at_one_account() {
    let unreadable = |http: u16| format!("silent Unreadable {{ http: {http} }}");
    let table: Vec<(u16, String, String)> = vec![
        (200, CREATED.into(), format!("account {ID} \"active\" Active")),
        (200, shown(&ID.to_uppercase(), "active"), format!("account {ID} \"active\" Active")),
        (200, shown(ID, "provisioning"), format!("account {ID} \"provisioning\" Pending")),
        (200, shown(&ID.replace("ef", "ee"), "active"), unreadable(200)),
        (200, r#"{"data":{"status":"active"}}"#.into(), unreadable(200)),
        (200, format!(r#"{{"data":{{"id":"{ID}"}}}}"#), unreadable(200)),
        (200, HTML.into(), unreadable(200)),
        (404, NOT_FOUND.into(), "missing".into()),
        (404, r#"{"error":{"code":"1006"}}"#.into(), "missing".into()),
        (404, SERVICE.into(), "wrong address HTTP 404".into()),
        (404, HTML.into(), "wrong address HTTP 404".into()),
        (400, NOT_FOUND.into(), "rejected 1006||Record not found".into()),
        (400, naming(&["name", "email", "externalId"]),
            "rejected 1002|name|no name, 1002|contacts[0].email|no email, 1002|externalId|no externalId".into()),
        (401, String::new(), "TokenStale".into()),
        (403, SERVICE.into(), "denied 500||m".into()),
        (500, SERVICE.into(), "silent Gateway { http: 500, retry_after: None }".into()),
    ];
    for (status, body, wanted) in table {
        assert_eq!(on_read(status, &body), wanted, "{status} {body}");
    }
}

#[test]
fn exchanges_without_a_whole_response() {
    let cut = |status| Exchange::BodyCut {
        head: Head::of(status),
    };
    let long = |status| Exchange::BodyTooLong {
        head: Head::of(status),
    };
    let table = [
        (Exchange::NotSent("refused".into()), "not sent refused"),
        (Exchange::TimedOut, "silent TimedOut"),
        (Exchange::Broken("reset".into()), "silent Broken(\"reset\")"),
        (cut(201), "silent Unreadable { http: 201 }"),
        (long(201), "silent Unreadable { http: 201 }"),
        (cut(400), "silent Unreadable { http: 400 }"),
        (cut(404), "silent Unreadable { http: 404 }"),
        (cut(401), "TokenStale"),
        (cut(429), "Throttled { retry_after: None }"),
        (long(500), "silent Gateway { http: 500, retry_after: None }"),
    ];
    for (exchange, wanted) in table {
        assert_eq!(short(&create(&exchange, READING)), wanted, "{exchange:?}");
    }
}

#[test]
fn waits_that_were_asked_for() {
    let told = |status, retry_after: Option<&str>, period: Option<&str>, period_unit| {
        let head = Head {
            retry_after: retry_after.map(str::to_owned),
            rate_limit: Some("100".to_owned()),
            rate_limit_period: period.map(str::to_owned),
            ..Head::of(status)
        };
        let body = Bytes::new();
        let reading = Reading {
            period_unit,
            ..READING
        };
        short(&create(&Exchange::Response { head, body }, reading))
    };
    let throttled = |wait: &str| format!("Throttled {{ retry_after: {wait} }}");
    for (retry_after, period, unit, wanted) in [
        (None, Some("3600"), SpanUnit::Seconds, "Some(3600s)"),
        (None, Some("60"), SpanUnit::Minutes, "Some(3600s)"),
        (None, Some("1h"), SpanUnit::Seconds, "Some(3600s)"),
        (None, Some("soon"), SpanUnit::Seconds, "None"),
        (None, None, SpanUnit::Seconds, "None"),
        (Some("7"), Some("3600"), SpanUnit::Seconds, "Some(7s)"),
        (Some("0"), Some("3600"), SpanUnit::Seconds, "Some(3600s)"),
    ] {
        assert_eq!(told(429, retry_after, period, unit), throttled(wanted));
    }
    assert_eq!(
        told(503, Some("7"), Some("3600"), SpanUnit::Seconds),
        "silent Gateway { http: 503, retry_after: Some(7s) }"
    );
    assert_eq!(
        told(503, None, Some("3600"), SpanUnit::Seconds),
        "silent Gateway { http: 503, retry_after: None }"
    );
}

/// Bodies that look like the contract's, and are not.
fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let key = prop::sample::select(vec!["code", "message", "errors", "field", "id", "status"]);
    let value = prop::sample::select(vec![
        "1002",
        "\"name\"",
        "null",
        "[]",
        "[{}]",
        "{}",
        r#"[{"field":"name"},{"field":"email"},{"field":"externalId"}]"#,
        r#"[{"field":"a.b[0]./.","message":[]}]"#,
    ]);
    let json = (
        prop::sample::select(vec!["error", "data", "x"]),
        prop::collection::vec((key, value), 0..5),
    )
        .prop_map(|(envelope, pairs)| {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(key, value)| format!("\"{key}\":{value}"))
                .collect();
            format!("{{\"{envelope}\":{{{}}}}}", pairs.join(",")).into_bytes()
        });
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        json,
        ".{0,80}".prop_map(String::into_bytes)
    ]
}

proptest! {
    #[test]
    fn nothing_the_provider_says_panics(
        status in prop_oneof![any::<u16>(), 199..505_u16],
        body in any_body(),
        wait in ".{0,40}",
    ) {
        let head = Head { retry_after: Some(wait.clone()), rate_limit_period: Some(wait), ..Head::of(status) };
        let exchange = Exchange::Response { head, body: body.into() };
        let _ = (code(&exchange), refusal(&exchange));
        for answer in [create(&exchange, READING), read(&exchange, &AccountId::new("1"), READING)] {
            // Only a success makes an account; only an error of the service says anything of a row.
            match answer {
                Answer::Answered(Answered::Account(_)) => prop_assert!((200..300).contains(&status)),
                Answer::Answered(Answered::Rejected(errors)) => {
                    prop_assert!((400..500).contains(&status) && !errors.is_empty());
                }
                Answer::Answered(_) => {
                    prop_assert!((400..500).contains(&status) && code(&exchange).is_some());
                }
                _ => {}
            }
        }
    }
}
