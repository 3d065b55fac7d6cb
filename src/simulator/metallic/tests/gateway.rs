//! providers.md 4.1: tokens and limits.

use super::*;

const HOUR: Duration = Duration::from_secs(3_600);

fn authenticate(stage: &mut Stage, body: &Value) -> Reply {
    let request = Request::new("POST", "/api/v1/authenticate")
        .with_header("Content-Type", "application/json")
        .with_body(body.to_string());
    whole(&stage.send(&request))
}

fn credentials() -> Value {
    json!({ "username": "simulator", "password": "simulator" })
}

#[test]
fn tokens_are_given_used_and_end() {
    let mut stage = Stage::new(quiet());
    stage.set(json!({ "token_lifetime": "60s" }));
    let body = json(&authenticate(&mut stage, &credentials()));
    stage.token = body["data"]["authToken"].as_str().unwrap().to_owned();
    assert_eq!(said(&stage.get("resellers/1")), "404 1006");
    stage.wait(Duration::from_secs(60));
    assert_eq!(said(&stage.get("resellers/1")), "401 401");
    stage.set(json!({ "token_nested": true }));
    let body = json(&authenticate(&mut stage, &credentials()));
    stage.token = body["data"]["data"]["authToken"].as_str().unwrap().to_owned();
    assert_eq!(said(&whole(&stage.create(&row(1)))), "201 active");
    stage.admin("POST", "tokens/revoke", "");
    assert_eq!(said(&whole(&stage.create(&row(2)))), "401 401");
    for bad in ["", "Bearer", "Bearer ", "Basic abc", "Bearer 1.2.3"] {
        let mut request = stage.request("GET", "/api/v1/partner/resellers/1");
        request.headers.retain(|(name, _)| name != "Authorization");
        let request = request.with_header("Authorization", bad);
        assert_eq!(said(&whole(&stage.send(&request))), "401 401", "{bad:?}");
    }
}

#[test]
fn wrong_credentials_are_refused() {
    let mut stage = Stage::new(quiet());
    for (any, body, expected) in [
        (true, json!({ "username": "a", "password": "b" }), "200 "),
        (true, json!({ "username": "", "password": "b" }), "401 401"),
        (false, credentials(), "200 "),
        (
            false,
            json!({ "username": "simulator", "password": "b" }),
            "401 401",
        ),
        (
            false,
            json!({ "username": "b", "password": "simulator" }),
            "401 401",
        ),
        (false, json!({ "username": "simulator" }), "400 1002"),
        (false, json!([]), "400 1002"),
    ] {
        stage.set(json!({ "any_credentials": any }));
        assert_eq!(said(&authenticate(&mut stage, &body)), expected, "{any} {body}");
    }
    stage.set(json!({ "credentials_valid": false }));
    assert_eq!(said(&authenticate(&mut stage, &credentials())), "401 401");
    assert_eq!(
        said(&whole(&stage.create(&row(1)))),
        "401 401",
        "tokens end with them"
    );
    stage.set(json!({ "credentials_valid": true }));
    assert_eq!(said(&whole(&stage.create(&row(1)))), "201 active");
    let form = Request::new("POST", "/api/v1/authenticate").with_body("username=a&password=b");
    assert_eq!(said(&whole(&stage.send(&form))), "415 415");
}

#[test]
fn a_hundred_writes_and_a_thousand_reads_in_a_rolling_hour() {
    let mut stage = Stage::new(MetallicSettings {
        token_lifetime: HOUR * 10,
        ..MetallicSettings::default()
    });
    for n in 0..100 {
        assert_eq!(said(&whole(&stage.create(&row(n)))), "201 active");
    }
    for _ in 0..1_000 {
        assert_eq!(
            said(&stage.get("resellers/1")),
            "404 1006",
            "reads have a limit of their own"
        );
    }
    for (reply, limit) in [
        (whole(&stage.create(&row(100))), "100"),
        (stage.get("resellers/1"), "1000"),
    ] {
        assert_eq!(said(&reply), "429 429");
        let header = |name: &str| {
            reply
                .headers
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        assert_eq!(header("X-RateLimit-Limit"), Some(limit));
        assert_eq!(header("X-RateLimit-Period"), Some("3600"));
        assert_eq!(header("Retry-After"), None);
    }
    assert_eq!(stage.brain.ledger().ledger.tally.calls_over_limit, 2);
    stage.wait(HOUR - Duration::from_millis(1));
    assert_eq!(said(&whole(&stage.create(&row(100)))), "429 429");
    stage.wait(Duration::from_millis(1));
    assert_eq!(said(&whole(&stage.create(&row(100)))), "201 active");
}

#[test]
fn calls_that_fail_count_unless_told() {
    for (count, third) in [(true, "429 429"), (false, "201 active")] {
        let mut stage = Stage::new(quiet());
        stage.set(json!({ "write_windows": ["2/1h"], "failed_calls_count": count }));
        assert_eq!(said(&whole(&stage.create(&row(1)))), "201 active");
        assert_eq!(said(&whole(&stage.create(&row(1)))), "400 1002");
        assert_eq!(said(&whole(&stage.create(&row(2)))), third, "{count}");
        stage.token = "1.2.3".to_owned();
        assert_eq!(
            said(&whole(&stage.create(&row(3)))),
            "401 401",
            "asked first, and counts for nobody"
        );
    }
    let mut stage = Stage::new(quiet());
    stage.set(json!({ "write_windows": ["1/1h"], "period": "text" }));
    for _ in 0..3 {
        assert_eq!(said(&authenticate(&mut stage, &credentials())), "200 ");
    }
    stage.set(json!({ "authenticate_counts": true }));
    assert_eq!(said(&authenticate(&mut stage, &credentials())), "200 ");
    let refused = whole(&stage.create(&row(1)));
    assert!(
        refused
            .headers
            .contains(&("X-RateLimit-Period".to_owned(), "1h".to_owned())),
        "{refused:?}"
    );
}

#[test]
fn the_period_has_many_forms() {
    for (form, text) in [
        (PeriodForm::Seconds, "90"),
        (PeriodForm::Milliseconds, "90000"),
        (PeriodForm::Minutes, "2"),
        (PeriodForm::Text, "1m30s"),
    ] {
        assert_eq!(form.write(Duration::from_secs(90)), text);
    }
}
