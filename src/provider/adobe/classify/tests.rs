mod reads;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::provider::testing::NOON;

/// An answer in a line, to be read in a table.
fn short(answer: &Answer) -> String {
    let error = |error: &RowError| format!("{} {} {}", error.code, error.field, error.message);
    match answer {
        Answer::Answered(Answered::Account(seen)) => {
            format!("account {} {} {:?}", seen.account, seen.status, seen.meaning)
        }
        Answer::Answered(Answered::Taken(about)) => format!("taken {}", error(about)),
        Answer::Answered(Answered::Unchanged(seen)) => format!("unchanged {}", seen.account),
        Answer::Answered(Answered::Updated { seen, drift }) => {
            format!(
                "updated {} {}",
                seen.account,
                drift.iter().map(error).collect::<Vec<_>>().join(" | ")
            )
        }
        Answer::Answered(Answered::NotYet(seen)) => format!("not yet {}", seen.account),
        Answer::Answered(Answered::NotFound) => "not found".to_owned(),
        Answer::Answered(Answered::Missing) => "missing".to_owned(),
        Answer::Answered(Answered::Rejected(errors)) => {
            format!(
                "rejected {}",
                errors.iter().map(error).collect::<Vec<_>>().join(" | ")
            )
        }
        Answer::Answered(Answered::Ambiguous(about)) => format!("ambiguous {}", error(about)),
        Answer::Answered(Answered::Misfit(about)) => format!("misfit {}", error(about)),
        Answer::Refused(Refused::Throttled { retry_after }) => format!("throttled {retry_after:?}"),
        Answer::Refused(Refused::TokenStale) => "token stale".to_owned(),
        Answer::Refused(Refused::Denied(about)) => format!("denied {}", error(about)),
        Answer::Refused(Refused::WrongAddress(about)) => format!("wrong address {}", error(about)),
        Answer::Refused(Refused::IdsRefused(about)) => format!("ids refused {}", error(about)),
        Answer::Silent(silence) => format!("silent {silence:?}"),
        Answer::NotSent(why) => format!("not sent {why}"),
        Answer::NoLeave => "no leave".to_owned(),
    }
}

const HTML: &str = "<html><body>Bad Gateway</body></html>";
const CREATED: &str = r#"{"resellerId":"5556667778","status":"1002"}"#;

fn service(code: &str) -> String {
    format!(r#"{{"code":"{code}","message":"m"}}"#)
}

fn from_gateway(code: &str) -> String {
    format!(r#"{{"error_code":"{code}","message":"m"}}"#)
}

fn on_create(status: u16, body: &str) -> String {
    short(&create(&Exchange::response(status, body.to_owned()), NOON))
}

/// Every row of providers.md 2.11, and of 2.9 for a create.
#[test]
fn answers_to_a_create() {
    let table: Vec<(u16, String, &str)> = vec![
        (201, CREATED.into(), "account 5556667778 1002 Pending"),
        (200, CREATED.into(), "account 5556667778 1002 Pending"),
        (
            201,
            r#"{"resellerId":"5556667778","status":"1000"}"#.into(),
            "account 5556667778 1000 Active",
        ),
        (
            201,
            r#"{"resellerId":"1","status":"1004"}"#.into(),
            "account 1 1004 Inactive(Unspecified)",
        ),
        (
            201,
            r#"{"resellerId":"1","status":"1010"}"#.into(),
            "account 1 1010 Inactive(InvalidAddress)",
        ),
        (
            201,
            r#"{"resellerId":"1","status":"1012"}"#.into(),
            "account 1 1012 Inactive(Blocked)",
        ),
        (
            201,
            r#"{"resellerId":"1","status":"1014"}"#.into(),
            "account 1 1014 Unrecognised",
        ),
        (
            201,
            r#"{"resellerId":"1","status":"1026"}"#.into(),
            "account 1 1026 Unrecognised",
        ),
        (
            201,
            r#"{"resellerId":"1","status":"active"}"#.into(),
            "account 1 active Unrecognised",
        ),
        (
            201,
            r#"{"resellerId":1,"status":1000}"#.into(),
            "account 1 1000 Active",
        ),
        (201, r#"{"resellerId":"1"}"#.into(), "account 1  Pending"),
        (
            201,
            r#"{"status":"1002"}"#.into(),
            "silent Unreadable { http: 201 }",
        ),
        (
            201,
            r#"{"resellerId":{},"status":"1002"}"#.into(),
            "silent Unreadable { http: 201 }",
        ),
        (
            201,
            r#"{"resellerId":"555666"#.into(),
            "silent Unreadable { http: 201 }",
        ),
        (201, "[]".into(), "silent Unreadable { http: 201 }"),
        (201, String::new(), "silent Unreadable { http: 201 }"),
        (201, HTML.into(), "silent Unreadable { http: 201 }"),
        (200, service("1117"), "silent Unreadable { http: 200 }"),
        (204, String::new(), "silent Unreadable { http: 204 }"),
        (301, HTML.into(), "silent Unreadable { http: 301 }"),
        (302, CREATED.into(), "silent Unreadable { http: 302 }"),
        (100, String::new(), "silent Unreadable { http: 100 }"),
        (600, String::new(), "silent Unreadable { http: 600 }"),
        (400, service("1117"), "rejected 1117  m"),
        (
            400,
            r#"{"code":"1117","message":"m","additionalDetails":["companyProfile.companyName","address"]}"#
                .into(),
            "rejected 1117 companyProfile.companyName m | 1117 address m",
        ),
        (400, service("1118"), "rejected 1118  m"),
        (400, service("1119"), "rejected 1119  m"),
        (400, service("1122"), "rejected 1122  m"),
        (400, service("1123"), "rejected 1123  m"),
        (400, service("1125"), "rejected 1125  m"),
        (400, service("1126"), "rejected 1126  m"),
        (400, service("1134"), "rejected 1134  m"),
        (400, service("2126"), "rejected 2126  m"),
        (400, service("2135"), "rejected 2135  m"),
        (400, service("5122"), "rejected 5122  m"),
        (400, service("9999"), "rejected 9999  m"),
        (404, service("1115"), "rejected 1115  m"),
        (409, service("9999"), "rejected 9999  m"),
        (422, service("9999"), "rejected 9999  m"),
        (400, service("1114"), "misfit 1114  m"),
        (400, service("1121"), "misfit 1121  m"),
        (400, service("4119"), "misfit 4119  m"),
        (400, service("4120"), "ids refused 4120  m"),
        (400, service("4122"), "silent Busy"),
        (400, service("1127"), "ambiguous 1127  m"),
        (400, service("1124"), "ambiguous 1124  m"),
        (400, service("4115"), "denied 4115  m"),
        (400, service("4118"), "throttled None"),
        (
            400,
            from_gateway("400001"),
            "silent Gateway { http: 400, retry_after: None }",
        ),
        (400, HTML.into(), "silent Unreadable { http: 400 }"),
        (400, String::new(), "silent Unreadable { http: 400 }"),
        (
            400,
            r#"{"code":"1117","mess"#.into(),
            "silent Unreadable { http: 400 }",
        ),
        (401, service("4116"), "token stale"),
        (401, from_gateway("401013"), "token stale"),
        (
            401,
            r#"{"error":"invalid_token","error_description":"d"}"#.into(),
            "token stale",
        ),
        (401, String::new(), "token stale"),
        (403, service("4115"), "denied 4115  m"),
        (403, service("4117"), "denied 4117  m"),
        (403, service("4121"), "denied 4121  m"),
        (403, from_gateway("403000"), "denied 403000  m"),
        (403, from_gateway("403003"), "denied 403003  m"),
        (403, from_gateway("403010"), "denied 403010  m"),
        (403, from_gateway("403011"), "denied 403011  m"),
        (403, from_gateway("403012"), "denied 403012  m"),
        (403, from_gateway("403013"), "denied 403013  m"),
        (
            403,
            HTML.into(),
            "denied HTTP 403  the provider's gateway refused the request without a reason",
        ),
        (
            404,
            HTML.into(),
            "wrong address HTTP 404  /v3/resellers is not served at this address (HTTP 404); is connection.base_url right?",
        ),
        (
            405,
            String::new(),
            "wrong address HTTP 405  /v3/resellers is not served at this address (HTTP 405); is connection.base_url right?",
        ),
        (
            413,
            from_gateway("413001"),
            "wrong address HTTP 413  /v3/resellers is not served at this address (HTTP 413); is connection.base_url right?",
        ),
        (
            408,
            service("9999"),
            "silent Gateway { http: 408, retry_after: None }",
        ),
        (409, HTML.into(), "silent Unreadable { http: 409 }"),
        (429, service("4118"), "throttled None"),
        (429, from_gateway("429050"), "throttled None"),
        (429, HTML.into(), "throttled None"),
        (500, service("1124"), "ambiguous 1124  m"),
        (500, service("9999"), "ambiguous 9999  m"),
        (
            500,
            from_gateway("500000"),
            "silent Gateway { http: 500, retry_after: None }",
        ),
        (
            500,
            HTML.into(),
            "silent Gateway { http: 500, retry_after: None }",
        ),
        (
            500,
            String::new(),
            "silent Gateway { http: 500, retry_after: None }",
        ),
        (
            500,
            r#"{"code":"11"#.into(),
            "silent Gateway { http: 500, retry_after: None }",
        ),
        (
            502,
            HTML.into(),
            "silent Gateway { http: 502, retry_after: None }",
        ),
        (
            503,
            from_gateway("503030"),
            "silent Gateway { http: 503, retry_after: None }",
        ),
        (
            503,
            service("1124"),
            "silent Gateway { http: 503, retry_after: None }",
        ),
        (
            504,
            from_gateway("504001"),
            "silent Gateway { http: 504, retry_after: None }",
        ),
        (
            504,
            CREATED.into(),
            "silent Gateway { http: 504, retry_after: None }",
        ),
        (
            599,
            String::new(),
            "silent Gateway { http: 599, retry_after: None }",
        ),
    ];
    for (status, body, wanted) in table {
        assert_eq!(on_create(status, &body), wanted, "{status} {body}");
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
        (cut(401), "token stale"),
        (
            cut(403),
            "denied HTTP 403  the provider's gateway refused the request without a reason",
        ),
        (cut(429), "throttled None"),
        (cut(500), "silent Gateway { http: 500, retry_after: None }"),
        (long(500), "silent Gateway { http: 500, retry_after: None }"),
        (cut(503), "silent Gateway { http: 503, retry_after: None }"),
    ];
    for (exchange, wanted) in table {
        assert_eq!(short(&create(&exchange, NOON)), wanted, "{exchange:?}");
    }
}

#[test]
fn waits_that_were_asked_for() {
    let told = |status, retry_after: &str| {
        let head = Head {
            retry_after: Some(retry_after.to_owned()),
            ..Head::of(status)
        };
        short(&create(
            &Exchange::Response {
                head,
                body: Bytes::new(),
            },
            NOON,
        ))
    };
    assert_eq!(told(429, "7"), "throttled Some(7s)");
    assert_eq!(told(429, "Sat, 02 May 2026 22:50:00 GMT"), "throttled Some(8s)");
    assert_eq!(told(429, "soon"), "throttled None");
    assert_eq!(
        told(503, "7"),
        "silent Gateway { http: 503, retry_after: Some(7s) }"
    );
}

/// Bodies that look like the contract's, and are not.
fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let key = prop::sample::select(vec![
        "code",
        "message",
        "additionalDetails",
        "resellerId",
        "status",
        "accounts",
    ]);
    let value = prop::sample::select(vec![
        "\"1117\"",
        "7",
        "null",
        "[]",
        "[{}]",
        "{}",
        "[[\"a.b[0]\"]]",
        "\"a.b: \"",
    ]);
    let json = prop::collection::vec((key, value), 0..5).prop_map(|pairs| {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(key, value)| format!("\"{key}\":{value}"))
            .collect();
        format!("{{{}}}", pairs.join(",")).into_bytes()
    });
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        json,
        ".{0,80}".prop_map(String::into_bytes)
    ]
}

proptest! {
    #[test]
    fn nothing_the_provider_says_panics(status in any::<u16>(), body in any_body(), wait in ".{0,40}") {
        let head = Head { retry_after: Some(wait), ..Head::of(status) };
        let exchange = Exchange::Response { head, body: body.into() };
        let asked = AccountId::new("1");
        let answers = [create(&exchange, NOON), read(&exchange, &asked, NOON)];
        let _ = (list(&exchange, 0, NOON), code(&exchange), refusal(&exchange));
        for answer in answers {
            // Only a success makes an account, and only a 4xx of the service rejects a row.
            if matches!(answer, Answer::Answered(Answered::Account(_))) {
                prop_assert!((200..300).contains(&status));
            }
            if let Answer::Answered(Answered::Rejected(errors)) = answer {
                prop_assert!((400..500).contains(&status) && !errors.is_empty());
            }
        }
    }
}
