//! providers.md 3.1: what is answered before the service is asked.

use super::*;

fn signup_with(query: &str, body: &str) -> Request {
    let target = format!(
        "/api/resellers/v2/signup.json?{query}&{}",
        encoded(&row("a@example.com"))
    );
    Request::new("POST", &target)
        .with_header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        .with_body(body)
}

#[test]
fn credentials_on_every_call_and_where_they_may_be() {
    const GOOD: &str = "auth-userid=7&api-key=secret";
    let table = [
        (CredentialsIn::Either, GOOD, "", true),
        (CredentialsIn::Either, "", GOOD, true),
        (CredentialsIn::Either, "auth-userid=7", "api-key=secret", true),
        (CredentialsIn::Either, "auth-userid=7&api-key=", "", false),
        (CredentialsIn::Either, "auth-userid=7&api-key=wrong", "", false),
        (CredentialsIn::Either, "auth-userid=8&api-key=secret", "", false),
        (CredentialsIn::Either, "auth-userid=x&api-key=secret", "", false),
        (CredentialsIn::Either, "", "", false),
        (CredentialsIn::Query, GOOD, "", true),
        (CredentialsIn::Query, "", GOOD, false),
        (CredentialsIn::Body, "", GOOD, true),
        (CredentialsIn::Body, GOOD, "", false),
    ];
    for (credentials_in, query, body, good) in table {
        let mut stage = Stage::new(LogicBoxesSettings {
            any_credentials: false,
            auth_userid: "7".to_owned(),
            api_key: "secret".to_owned(),
            credentials_in,
            ..plain()
        });
        let reply = whole(&stage.send(&signup_with(query, body)));
        let expected = if good { 200 } else { 401 };
        assert_eq!(reply.status, expected, "{credentials_in:?} {query:?} {body:?}");
        assert_eq!(stage.brain.ledger().accounts_created, u64::from(good));
        if !good {
            assert_eq!(json(&reply)["status"], "ERROR");
        }
    }
    let mut stage = Stage::new(LogicBoxesSettings {
        credentials_in: CredentialsIn::Body,
        ..plain()
    });
    assert_eq!(
        stage.get("resellers/search", "").status,
        200,
        "a read has no body"
    );
    let bare = Request::new("GET", "/api/resellers/search.json?no-of-records=10&page-no=1");
    assert_eq!(whole(&stage.send(&bare)).status, 401);
}

#[test]
fn a_body_of_another_type_holds_no_parameters() {
    let mut stage = Stage::new(plain());
    let mut request = stage.post("/api/resellers/v2/signup.json", &row("a@example.com"));
    request.headers.clear();
    assert_eq!(whole(&stage.send(&request)).status, 401);
}

#[test]
fn verbs_paths_and_suffixes_that_are_not_offered() {
    let mut stage = Stage::new(plain());
    for (method, target, status, kind) in [
        ("GET", "/api/resellers/v2/signup.json", 405, "wrong_method"),
        ("POST", "/api/resellers/search.json", 405, "wrong_method"),
        ("POST", "/api/actions/search-current.xml", 405, "wrong_method"),
        ("POST", "/api/resellers/v2/signup.yaml", 404, "other"),
        ("POST", "/api/resellers/v2/signup", 404, "other"),
        ("POST", "/resellers/v2/signup.json", 404, "other"),
        ("GET", "/", 404, "other"),
    ] {
        let before = stage.brain.ledger().tally.calls.get(kind).copied().unwrap_or(0);
        let request = Request::new(method, &format!("{target}?auth-userid=5&api-key=k"));
        assert_eq!(whole(&stage.send(&request)).status, status, "{method} {target}");
        assert_eq!(stage.brain.ledger().tally.calls[kind], before + 1);
    }
}

#[test]
fn an_address_that_is_not_listed_is_refused_until_it_is() {
    let mut stage = Stage::new(plain());
    stage.set(json!({ "ip_listed": false }));
    let reply = whole(&stage.sign_up(&row("a@example.com")));
    assert_eq!((reply.status, &json(&reply)["status"]), (403, &json!("ERROR")));
    stage.set(json!({ "ip_listed": true }));
    stage.signed_up("a@example.com");
}

#[test]
fn limits_are_off_unless_told_and_each_user_has_its_own() {
    let mut stage = Stage::new(plain());
    for _ in 0..1_000 {
        stage.get("resellers/search", "");
    }
    assert_eq!(stage.brain.ledger().tally.calls_over_limit, 0);
    stage.set(json!({ "windows": ["1/1s"] }));
    stage.user = "6";
    assert_eq!(stage.get("resellers/search", "").status, 200);
    for (body, start) in [
        ("error", &b"{\"status\":\"ERROR\""[..]),
        ("html", b"<html>"),
        ("empty", b""),
    ] {
        stage.set(json!({ "limit_status": 503, "limit_body": body }));
        let reply = stage.get("resellers/search", "");
        assert!(reply.status == 503 && reply.body.starts_with(start), "{reply:?}");
        assert_eq!(reply.body.is_empty(), body == "empty");
    }
    assert_eq!(stage.brain.ledger().tally.calls_over_limit, 3);
    stage.user = "7";
    assert_eq!(stage.get("resellers/search", "").status, 200);
    stage.user = "6";
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.get("resellers/search", "").status, 200);
}
