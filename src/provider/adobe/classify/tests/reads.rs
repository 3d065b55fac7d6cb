use super::*;

#[test]
fn answers_to_a_look_at_one_account() {
    let asked = AccountId::new("5556667778");
    let told = |status, body: &str| short(&read(&Exchange::response(status, body.to_owned()), &asked, NOON));
    let table: [(u16, &str, &str); 14] = [
        (200, CREATED, "account 5556667778 1002 Pending"),
        (
            200,
            r#"{"resellerId":"5556667778","status":"1000"}"#,
            "account 5556667778 1000 Active",
        ),
        (
            200,
            r#"{"resellerId":"5556667779","status":"1000"}"#,
            "silent Unreadable { http: 200 }",
        ),
        (
            200,
            r#"{"resellerId":"5556667778"}"#,
            "silent Unreadable { http: 200 }",
        ),
        (200, r#"{"status":"1000"}"#, "silent Unreadable { http: 200 }"),
        (200, "", "silent Unreadable { http: 200 }"),
        (404, r#"{"code":"1115","message":"m"}"#, "missing"),
        (404, r#"{"code":"1116","message":"m"}"#, "rejected 1116  m"),
        (400, r#"{"code":"1115","message":"m"}"#, "rejected 1115  m"),
        (
            404,
            r#"{"error_code":"1115"}"#,
            "wrong address HTTP 404  /v3/resellers is not served at this address (HTTP 404); is connection.base_url right?",
        ),
        (401, "", "token stale"),
        (429, "", "throttled None"),
        (500, r#"{"code":"1124","message":"m"}"#, "ambiguous 1124  m"),
        (502, HTML, "silent Gateway { http: 502, retry_after: None }"),
    ];
    for (status, body, wanted) in table {
        assert_eq!(told(status, body), wanted, "{status} {body}");
    }
    assert_eq!(short(&read(&Exchange::TimedOut, &asked, NOON)), "silent TimedOut");
}

#[test]
fn answers_to_a_list() {
    let told = |status, body: &str| match list(&Exchange::response(status, body.to_owned()), 50, NOON) {
        Ok(page) => format!("page {:?} {}", page.total, page.rows.len()),
        Err(answer) => short(&answer),
    };
    let table: [(u16, &str, &str); 14] = [
        (
            200,
            r#"{"totalCount":51,"count":1,"offset":50,"limit":50,"accounts":[{}]}"#,
            "page Some(51) 1",
        ),
        (200, r#"{"totalCount":51,"resellers":[{}]}"#, "page Some(51) 1"),
        (200, r#"{"accounts":[]}"#, "page None 0"),
        (
            200,
            r#"{"totalCount":51,"offset":0,"accounts":[{}]}"#,
            "silent Unreadable { http: 200 }",
        ),
        (200, r#"{"totalCount":51}"#, "silent Unreadable { http: 200 }"),
        (200, HTML, "silent Unreadable { http: 200 }"),
        (200, "", "silent Unreadable { http: 200 }"),
        (
            400,
            r#"{"code":"1132","message":"m"}"#,
            "silent Unreadable { http: 400 }",
        ),
        (
            400,
            r#"{"code":"1133","message":"m"}"#,
            "silent Unreadable { http: 400 }",
        ),
        (400, r#"{"code":"1114","message":"m"}"#, "misfit 1114  m"),
        (401, "", "token stale"),
        (403, r#"{"code":"4115","message":"m"}"#, "denied 4115  m"),
        (429, "", "throttled None"),
        (
            500,
            r#"{"code":"1124","message":"m"}"#,
            "silent Unreadable { http: 500 }",
        ),
    ];
    for (status, body, wanted) in table {
        assert_eq!(told(status, body), wanted, "{status} {body}");
    }
}

#[test]
fn codes_for_the_history() {
    let told = |status, body: &str| code(&Exchange::response(status, body.to_owned()));
    assert_eq!(told(400, &service("1117")).as_deref(), Some("1117"));
    assert_eq!(told(504, &from_gateway("504001")).as_deref(), Some("504001"));
    assert_eq!(told(400, HTML), None);
    assert_eq!(told(201, r#"{"code":"x"}"#), None);
    assert_eq!(code(&Exchange::TimedOut), None);
}
