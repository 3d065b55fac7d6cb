//! Answers to details and to searches (providers.md 3.4, 3.5).

use super::*;

fn on_read(status: u16, body: &str) -> String {
    short(&read(
        &Heard::of(Exchange::response(status, body.to_owned())),
        &AccountId::new("7"),
        &asked(),
        NOON,
    ))
}

#[test]
fn how_an_account_stands() {
    for (status, wanted) in [
        ("Active", "Active Active"),
        ("ACTIVE", "ACTIVE Active"),
        ("Suspended", "Suspended Inactive(Blocked)"),
        ("Deleted", "Deleted Inactive(Unspecified)"),
        ("InActive", "InActive Awaiting"),
        ("", " Awaiting"),
        ("PendingActivation", "PendingActivation Awaiting"),
        ("Waiting for receipts", "Waiting for receipts Awaiting"),
        ("Success", "Success Unrecognised"),
        ("1", "1 Unrecognised"),
    ] {
        let json = serde_json::json!({ "resellerid": "7", "parentid": "4711", "resellerstatus": status });
        assert_eq!(on_read(200, &json.to_string()), format!("account 7 {wanted}"));
        let xml = format!("<r><resellerstatus>{status}</resellerstatus><resellerid>7</resellerid></r>");
        assert_eq!(on_read(200, &xml), format!("account 7 {wanted}"));
    }
}

#[test]
fn another_account_is_no_answer() {
    let unreadable = "Silent(Unreadable { http: 200 })";
    for body in [
        r#"{"resellerid":"8","resellerstatus":"Active"}"#,
        r#"{"resellerid":"4711","resellerstatus":"Active"}"#,
        r#"{"resellerstatus":"Active"}"#,
        r#"{"resellerid":"7"}"#,
        r#"{"status":"ERROR","message":"m"}"#,
        "true",
    ] {
        assert_eq!(on_read(200, body), unreadable, "{body}");
    }
    // Asked for by its own id, which no row has.
    let own = Exchange::response(200, r#"{"resellerid":"4711","resellerstatus":"Active"}"#);
    assert_eq!(
        short(&read(&Heard::of(own), &AccountId::new("4711"), &asked(), NOON)),
        unreadable
    );
}

#[test]
fn reads_that_fail() {
    for (status, body, wanted) in [
        (
            500,
            r#"{"status":"ERROR","message":"No Entity found"}"#,
            "missing",
        ),
        (
            200,
            r#"{"status":"error","error":"No Entity found for resellerid 7"}"#,
            "missing",
        ),
        (
            500,
            DENIED,
            "denied ERROR  Authentication failed: invalid auth-userid or api-key",
        ),
        (
            500,
            r#"{"status":"ERROR","message":"m"}"#,
            "Silent(Gateway { http: 500, retry_after: None })",
        ),
        (
            500,
            r#"{"status":"ERROR","message":"Too many requests"}"#,
            "throttled None",
        ),
        (404, HTML, "wrong address HTTP 404"),
        (502, HTML, "Silent(Gateway { http: 502, retry_after: None })"),
    ] {
        assert_eq!(on_read(status, body), wanted, "{status} {body}");
    }
}

#[test]
fn pages_of_a_search() {
    let on_page = |status: u16, body: &str| {
        let page = page(
            &Heard::of(Exchange::response(status, body.to_owned())),
            &asked(),
            NOON,
        );
        page.map(|page| page.rows.len()).map_err(|answer| short(&answer))
    };
    for (status, body, wanted) in [
        (200, r#"{"recsonpage":"0","recsindb":"0"}"#, Ok(0)),
        (
            200,
            r#"{"recsonpage":"1","1":{"reseller.resellerid":"7"}}"#,
            Ok(1),
        ),
        (500, r#"{"status":"ERROR","message":"No Entity found"}"#, Ok(0)),
        (
            500,
            DENIED,
            Err("denied ERROR  Authentication failed: invalid auth-userid or api-key"),
        ),
        (
            200,
            r#"{"status":"ERROR","message":"m"}"#,
            Err("Silent(Unreadable { http: 200 })"),
        ),
        (200, "{}", Err("Silent(Unreadable { http: 200 })")),
        (503, "", Err("Silent(Gateway { http: 503, retry_after: None })")),
    ] {
        assert_eq!(
            on_page(status, body),
            wanted.map_err(str::to_owned),
            "{status} {body}"
        );
    }
}

#[test]
fn hits() {
    let hit = |id: Option<&str>, status: Option<&str>| Hit {
        account: id.map(AccountId::new),
        username: None,
        status: status.map(str::to_owned),
    };
    let meaning = |hit: &Hit| seen(hit, &asked()).map(|seen| seen.meaning);
    assert_eq!(meaning(&hit(Some("7"), Some("Active"))), Some(Meaning::Active));
    assert_eq!(meaning(&hit(Some("7"), None)), Some(Meaning::Pending));
    assert_eq!(meaning(&hit(Some("4711"), Some("Active"))), None);
    assert_eq!(meaning(&hit(None, Some("Active"))), None);
}
