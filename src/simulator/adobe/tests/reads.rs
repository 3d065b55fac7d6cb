//! providers.md 2.5 and 2.7: get and list.

use super::*;

fn names(page: &Value) -> Vec<String> {
    let accounts = page["accounts"].as_array().unwrap();
    accounts
        .iter()
        .map(|one| one["companyProfile"]["companyName"].as_str().unwrap().to_owned())
        .collect()
}

/// Company c, a and b, a second apart; c has settled, the others have not.
fn three() -> Stage {
    let mut stage = Stage::new(quiet());
    stage.set(json!({ "settle": "10s..10s" }));
    for (n, name) in ["Company c", "Company a", "Company b"].into_iter().enumerate() {
        let mut body = row(&n.to_string());
        body["companyProfile"]["companyName"] = name.into();
        stage.create(&format!("c{n}"), &body);
        stage.wait(5_000);
    }
    stage.wait(4_999);
    stage
}

#[test]
fn an_item_of_the_list_has_the_documented_fields() {
    let mut stage = three();
    let page = json(&stage.read("/v3/resellers?company-name=Company+a&limit=1"));
    assert_eq!(
        page,
        json!({
            "totalCount": 1, "count": 1, "offset": 0, "limit": 1,
            "accounts": [{
                "externalReferenceId": "1",
                "resellerId": "5556667779",
                "distributorId": "345434543",
                "status": "1000",
                "companyProfile": { "companyName": "Company a" },
                "creationDate": "2019-05-02T22:49:57Z",
                "links": { "self": { "uri": "/v3/resellers/5556667779", "method": "GET", "headers": [] } }
            }]
        })
    );
    stage.set(json!({ "list_key": "resellers" }));
    assert_eq!(
        json(&stage.read("/v3/resellers"))["resellers"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn the_list_filters_sorts_and_pages() {
    let mut stage = three();
    for (query, total, expected) in [
        ("", 2, &["Company a", "Company c"][..]),
        ("status=1002", 1, &["Company b"]),
        ("status=1026", 0, &[]),
        ("order-by=ASC", 2, &["Company c", "Company a"]),
        ("sort-by=companyName&order-by=asc", 2, &["Company a", "Company c"]),
        ("sort-by=companyName", 2, &["Company c", "Company a"]),
        ("limit=1", 2, &["Company a"]),
        ("limit=1&offset=1", 2, &["Company c"]),
        ("offset=9", 2, &[]),
        ("company-name=Company%20c", 1, &["Company c"]),
        ("company-name=company%20c", 0, &[]),
        ("company-name=Comp", 0, &[]),
        ("company-name=*c", 1, &["Company c"]),
        ("company-name=Company*&status=1002", 1, &["Company b"]),
        ("company-name=&colour=blue", 2, &["Company a", "Company c"]),
    ] {
        let page = json(&stage.read(&format!("/v3/resellers?{query}")));
        assert_eq!(names(&page), expected, "{query}");
        assert_eq!(
            (&page["totalCount"], &page["count"]),
            (&json!(total), &json!(expected.len())),
            "{query}"
        );
    }
    for query in [
        "status=1010",
        "status=1002,1004",
        "limit=0",
        "limit=51",
        "limit=x",
        "offset=-1",
        "sort-by=name",
        "order-by=up",
    ] {
        assert_eq!(
            said(&stage.read(&format!("/v3/resellers?{query}"))),
            "400 1132",
            "{query}"
        );
    }
    for (rule, query) in [("ignore_case", "COMPANY%20C"), ("prefix", "Company")] {
        stage.set(json!({ "name_match": rule }));
        let page = json(&stage.read(&format!("/v3/resellers?company-name={query}")));
        assert!(names(&page).contains(&"Company c".to_owned()), "{rule}");
    }
}

#[test]
fn pages_are_twenty_unless_asked_for_and_hold_everyone_once() {
    let mut stage = Stage::new(AdobeSettings {
        settle: Settle::Never,
        ..quiet()
    });
    for n in 0..120 {
        stage.create(&format!("c{n}"), &row(&n.to_string()));
    }
    assert_eq!(json(&stage.read("/v3/resellers?status=1002"))["count"], 20);
    let pages = [0, 50, 100].map(|offset| {
        names(&json(&stage.read(&format!(
            "/v3/resellers?status=1002&limit=50&offset={offset}"
        ))))
    });
    assert_eq!(pages.each_ref().map(Vec::len), [50, 50, 20]);
    let all: std::collections::BTreeSet<_> = pages.concat().into_iter().collect();
    assert_eq!(all.len(), 120);
}

#[test]
fn reads_can_lag() {
    let mut stage = Stage::new(AdobeSettings {
        visible_after: Duration::from_millis(300),
        list_lag: Duration::from_millis(700),
        ..quiet()
    });
    stage.create("c1", &seed_body());
    let totals = |stage: &mut Stage| {
        ["1002", "1000"].map(|status| {
            json(&stage.read(&format!("/v3/resellers?status={status}")))["totalCount"]
                .as_u64()
                .unwrap()
        })
    };
    assert_eq!(
        (stage.status_of("5556667778"), totals(&mut stage)),
        ("404 1115".into(), [0, 0])
    );
    stage.wait(300);
    assert_eq!(
        (stage.status_of("5556667778"), totals(&mut stage)),
        ("200 1002".into(), [0, 0])
    );
    stage.wait(400);
    assert_eq!(totals(&mut stage), [1, 0]);
    stage.wait(300);
    assert_eq!(
        (stage.status_of("5556667778"), totals(&mut stage)),
        ("200 1000".into(), [1, 0])
    );
    stage.wait(700);
    assert_eq!(totals(&mut stage), [0, 1]);
}
