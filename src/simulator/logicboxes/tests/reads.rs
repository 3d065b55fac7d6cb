//! providers.md 3.4: search, details, actions.

use super::*;

#[test]
fn search_pages_and_numbers_its_hits() {
    let mut stage = Stage::new(plain());
    for n in 0..25 {
        stage.signed_up(&format!("u{n:02}@example.com"));
    }
    let mut all = Vec::new();
    for (page, on_page) in [(1, 10), (2, 10), (3, 5), (4, 0)] {
        let target =
            format!("/api/resellers/search.json?auth-userid=5&api-key=k&no-of-records=10&page-no={page}");
        let body = json(&whole(&stage.send(&Request::new("GET", &target))));
        assert_eq!((&body["recsindb"], hits(&body).len()), (&json!("25"), on_page));
        if on_page > 0 {
            assert!(body["1"].is_object() && body[on_page.to_string()].is_object());
        }
        all.extend(hits(&body));
    }
    let ids: Vec<_> = all
        .iter()
        .map(|hit| hit["reseller.resellerid"].as_str().unwrap())
        .collect();
    assert_eq!((ids.len(), ids[0], ids[24]), (25, "700001", "700025"));
    assert_eq!(all[0]["reseller.resellerstatus"], "InActive");
}

#[test]
fn search_refuses_what_is_not_documented() {
    let mut stage = Stage::new(plain());
    for (query, fits) in [
        ("no-of-records=10&page-no=1", true),
        ("no-of-records=500&page-no=1", true),
        ("no-of-records=9&page-no=1", false),
        ("no-of-records=501&page-no=1", false),
        ("no-of-records=10&page-no=0", false),
        ("no-of-records=10&page-no=99999999999999999999", false),
        ("no-of-records=10&page-no=9999999999999999999", true),
        ("no-of-records=ten&page-no=1", false),
        ("no-of-records=10", false),
        ("page-no=1", false),
        ("no-of-records=10&page-no=1&status=Suspended", true),
        ("no-of-records=10&page-no=1&status=Pending", false),
        ("no-of-records=10&page-no=1&status=InActive", false),
        ("no-of-records=10&page-no=1&creation-date-start=soon", false),
        ("no-of-records=10&page-no=1&total-receipt-end=1.5", true),
    ] {
        let target = format!("/api/resellers/search.json?auth-userid=5&api-key=k&{query}");
        let status = whole(&stage.send(&Request::new("GET", &target))).status;
        assert_eq!(status == 200, fits, "{query}");
    }
}

#[test]
fn search_filters() {
    let mut stage = Stage::new(plain());
    for (n, username) in ["ann@example.com", "joann@example.com", "bob@example.com"]
        .iter()
        .enumerate()
    {
        let mut parameters = row(username);
        parameters.retain(|(name, _)| *name != "company");
        parameters.push(("company", format!("Company {n}")));
        stage.sign_up(&parameters);
        stage.wait(Duration::from_secs(100));
    }
    let start = START.as_ms() / 1_000;
    let table = [
        (String::new(), 3),
        ("username=ann@example.com".to_owned(), 2),
        ("username=ANN@EXAMPLE.COM".to_owned(), 2),
        ("username=example".to_owned(), 3),
        ("username=carl".to_owned(), 0),
        ("company=company%201".to_owned(), 1),
        ("company=Company&username=bob".to_owned(), 1),
        ("city=boston&state=ma".to_owned(), 3),
        (
            "reseller-id=700001&reseller-id=700003&reseller-id=1".to_owned(),
            2,
        ),
        (format!("creation-date-start={}", start + 100), 2),
        (format!("creation-date-end={}", start + 100), 2),
        ("total-receipt-start=1".to_owned(), 0),
        ("status=Active".to_owned(), 0),
    ];
    for (query, expected) in table {
        assert_eq!(stage.found(&query).len(), expected, "{query}");
    }
    stage.set(json!({ "text_match": "exact" }));
    assert_eq!(stage.found("username=Ann@example.com"), ["ann@example.com"]);
    assert!(stage.found("username=ann@example.com&company=Company").is_empty());
    stage.user = "6";
    assert!(stage.found("").is_empty(), "another reseller has none");
}

#[test]
fn search_may_lag_and_may_not_show_who_waits() {
    let mut stage = Stage::new(plain());
    stage.set(json!({ "search_lag": "10s", "pending_word": "" }));
    stage.signed_up("a@example.com");
    assert!(stage.found("").is_empty());
    stage.wait(Duration::from_secs(10));
    let body = json(&stage.get("resellers/search", ""));
    assert_eq!(hits(&body)[0]["reseller.resellerstatus"], "");
    stage.set(json!({ "pending_visible": false }));
    assert!(stage.found("").is_empty());
    stage.admin("POST", "activate", "");
    assert_eq!(stage.found(""), ["a@example.com"]);
}

#[test]
fn details_without_an_id_are_the_callers_own() {
    let mut stage = Stage::new(plain());
    let id = stage.signed_up("a@example.com")["resellerid"].clone();
    let sub = json(&stage.get("resellers/details", "reseller-id=700001"));
    assert_eq!((&sub["resellerid"], &sub["parentid"]), (&id, &json!("5")));
    assert_eq!(
        (&sub["username"], &sub["zip"], &sub["telno"], &sub["address1"]),
        (
            &json!("a@example.com"),
            &json!("02108"),
            &json!("6175550102"),
            &json!("12 Beacon Street")
        )
    );
    for query in ["", "reseller-id=", "reseller-id=5"] {
        let own = json(&stage.get("resellers/details", query));
        assert_eq!(own["resellerid"], "5", "{query}");
        assert!(own["password"].is_string() && own["pin"].is_string());
    }
    assert!(
        sub["password"]
            .as_str()
            .is_some_and(|text| !text.contains("Passw0rd"))
    );
    for (query, message) in [
        ("reseller-id=700002", "No Entity found"),
        ("reseller-id=%2B700001", "No Entity found"),
        ("reseller-id=abc", "Invalid value for parameter: reseller-id"),
    ] {
        assert_eq!(json(&stage.get("resellers/details", query))["message"], message);
    }
    stage.user = "6";
    let reply = stage.get("resellers/details", "reseller-id=700001");
    assert_eq!(json(&reply)["message"], "No Entity found", "another reseller's");
}

#[test]
fn an_action_is_current_while_the_sign_up_waits_and_archived_after() {
    let mut stage = Stage::new(plain());
    stage.set(json!({ "archive_after": "1d" }));
    let eaq = stage.signed_up("a@example.com")["eaqid"]
        .as_str()
        .unwrap()
        .to_owned();
    stage.signed_up("b@example.com");
    let query = format!("eaq-id={eaq}&eaq-id={eaq}&eaq-id=1");
    let seen = |stage: &mut Stage| {
        ["actions/search-current", "actions/search-archived"].map(|call| {
            let hits = hits(&json(&stage.get(call, &query)));
            hits.iter()
                .map(|hit| hit["actionstatus"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(seen(&mut stage), [vec!["PendingExecution".to_owned()], vec![]]);
    stage.admin("POST", "accounts/700001/status", r#"{"status":"Active"}"#);
    assert_eq!(
        seen(&mut stage),
        [vec!["Success".to_owned()], vec![]],
        "for a day"
    );
    stage.wait(DAY);
    assert_eq!(seen(&mut stage), [vec![], vec!["Success".to_owned()]]);
    let hit = hits(&json(&stage.get("actions/search-archived", ""))).remove(0);
    let second = (START.as_ms() / 1_000).to_string();
    assert_eq!(
        (&hit["entityid"], &hit["eaqid"], &hit["actioncompleted"]),
        (&json!("700001"), &json!(eaq), &json!(second))
    );
    stage.wait(DAY * 90);
    let failed = hits(&json(
        &stage.get("actions/search-archived", "action-status=Failed"),
    ));
    assert_eq!((failed.len(), &failed[0]["entityid"]), (1, &json!("700002")));
    for (query, count) in [
        ("order-id=700001", 1),
        ("action-type=AddReseller", 2),
        ("entity-type-id=9", 0),
    ] {
        let found = hits(&json(&stage.get("actions/search-archived", query)));
        assert_eq!(found.len(), count, "{query}");
    }
    let bare = Request::new("GET", "/api/actions/search-current.json?auth-userid=5&api-key=k");
    assert_eq!(whole(&stage.send(&bare)).status, 500, "the page is required");
}
