//! providers.md 2.1, 2.2, 2.9 and 2.10: what is answered before the service is asked.

use super::*;

fn token_request(body: &str) -> Request {
    Request::new("POST", "/ims/token/v3")
        .with_header("Content-Type", "application/x-www-form-urlencoded")
        .with_body(body)
}

const GOOD: &str = "client_id=abc&client_secret=s&grant_type=client_credentials&scope=openid%2CAdobeID";

#[test]
fn tokens_are_given_used_and_end() {
    let mut stage = Stage::new(AdobeSettings {
        token_lifetime: Duration::from_secs(60),
        ..quiet()
    });
    let reply = json(&whole(&stage.send(&token_request(GOOD))));
    assert_eq!(
        (&reply["token_type"], &reply["expires_in"]),
        (&json!("bearer"), &json!(60))
    );
    let token = reply["access_token"].as_str().unwrap().to_owned();
    let with = |token: &str, key: &str| {
        Request::new("GET", "/v3/resellers")
            .with_header("accept", "application/json")
            .with_header("content-type", "application/json; charset=utf-8")
            .with_header("authorization", token)
            .with_header("x-api-key", key)
            .with_header("x-correlation-id", "c")
    };
    let said_to = |stage: &mut Stage, token: &str, key: &str| said(&whole(&stage.send(&with(token, key))));
    let bearer = format!("Bearer {token}");
    assert_eq!(said_to(&mut stage, &bearer, "abc"), "200 ");
    assert_eq!(said_to(&mut stage, &bearer, "another"), "401 4116");
    assert_eq!(said_to(&mut stage, "Bearer 1.2.3", "abc"), "401 4116");
    assert_eq!(said_to(&mut stage, "Bearer x", "abc"), "401 4116");
    for missing in ["", "Bearer ", "Basic x", "Bearer"] {
        assert_eq!(said_to(&mut stage, missing, "abc"), "403 4117", "{missing:?}");
    }
    assert_eq!(said_to(&mut stage, &bearer, ""), "403 4115");
    let second = json(&whole(&stage.send(&token_request(GOOD))))["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_ne!(second, token);
    assert_eq!(
        said_to(&mut stage, &bearer, "abc"),
        "200 ",
        "the old one stays good"
    );
    stage.wait(60_000);
    assert_eq!(said_to(&mut stage, &bearer, "abc"), "401 4116");

    let third = json(&whole(&stage.send(&token_request(GOOD))))["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    stage.admin("POST", "tokens/revoke", "");
    assert_eq!(said_to(&mut stage, &format!("Bearer {third}"), "abc"), "401 4116");
    let fourth = json(&whole(&stage.send(&token_request(GOOD))))["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(said_to(&mut stage, &format!("bearer {fourth}"), "abc"), "200 ");
    assert_eq!(stage.adobe.ledger().tally.calls["token"], 4);
}

#[test]
fn bad_token_requests_get_the_shape_of_ims() {
    let mut stage = Stage::new(AdobeSettings {
        any_credentials: false,
        ..quiet()
    });
    for (body, expected) in [
        ("", "400 invalid_request"),
        (
            "client_id=simulator&grant_type=client_credentials",
            "400 invalid_request",
        ),
        (
            "client_id=simulator&client_secret=simulator&grant_type=password&scope=x",
            "400 unsupported_grant_type",
        ),
        (
            "client_id=simulator&client_secret=simulator&grant_type=client_credentials",
            "400 invalid_scope",
        ),
        (
            "client_id=x&client_secret=simulator&grant_type=client_credentials&scope=x",
            "400 invalid_client",
        ),
        (
            "client_id=simulator&client_secret=x&grant_type=client_credentials&scope=x",
            "401 invalid_client",
        ),
        (
            "client_id=simulator&client_secret=simulator&grant_type=client_credentials&scope=x",
            "200 ",
        ),
    ] {
        let reply = whole(&stage.send(&token_request(body)));
        assert_eq!(said(&reply), expected, "{body}");
        assert_eq!(
            json(&reply)["error_description"].is_string(),
            reply.status != 200,
            "{body}"
        );
    }
    let as_json = Request::new("POST", "/ims/token/v3").with_body(GOOD);
    assert_eq!(said(&whole(&stage.send(&as_json))), "400 invalid_request");
    assert_eq!(
        whole(&stage.send(&Request::new("GET", "/ims/token/v3"))).status,
        405
    );
}

#[test]
fn keys_can_be_revoked_and_given_back() {
    let mut stage = Stage::new(quiet());
    stage.set(json!({ "api_key_valid": false }));
    assert_eq!(said(&whole(&stage.create("c1", &seed_body()))), "403 4115");
    stage.set(json!({ "api_key_valid": true }));
    assert_eq!(said(&whole(&stage.create("c1", &seed_body()))), "201 1002");
    stage.set(json!({ "any_credentials": false, "client_id": "another" }));
    assert_eq!(said(&whole(&stage.create("c2", &seed_body()))), "403 4115");
    assert_eq!(
        stage.adobe.ledger().tally.own.reused_ids,
        0,
        "a refusal spends no id"
    );
}

#[test]
fn the_gateway_can_speak_its_own_shape() {
    let mut stage = Stage::new(AdobeSettings {
        gateway_shape: GatewayShape::Gateway,
        ..quiet()
    });
    stage.set(json!({ "windows": ["0/1s"] }));
    assert_eq!(said(&whole(&stage.create("c1", &seed_body()))), "429 429050");
    stage.set(json!({ "windows": [] }));
    stage.token = "1.2.3".to_owned();
    assert_eq!(said(&whole(&stage.create("c1", &seed_body()))), "401 401013");
    stage.set(json!({ "api_key_valid": false }));
    assert_eq!(said(&whole(&stage.create("c1", &seed_body()))), "403 403003");
}

#[test]
fn paths_methods_and_media_types_that_are_not_offered() {
    let mut stage = Stage::new(quiet());
    for (method, path, status) in [
        ("DELETE", "/v3/resellers/1", 405),
        ("PUT", "/v3/resellers/1", 405),
        ("PUT", "/v3/resellers", 405),
        ("GET", "/v3/resellers/1/more", 404),
        ("GET", "/v3/resellers/", 404),
        ("GET", "/", 404),
        ("GET", "/partnerservice/ping", 200),
        ("GET", "/v1/health?api_key=x", 200),
    ] {
        let request = stage.request(method, path, "c");
        assert_eq!(whole(&stage.send(&request)).status, status, "{method} {path}");
    }
    let ping = Request::new("GET", "/partnerservice/ping");
    assert_eq!(whole(&stage.send(&ping)).body, b"pong", "without a token");
    stage.set(json!({ "healthy": false }));
    let health = whole(&stage.send(&Request::new("GET", "/v1/health")));
    assert_eq!(
        (health.status, &json(&health)["components"]["customerManagement"]),
        (503, &json!("DOWN"))
    );
    for (name, status) in [("Accept", 406), ("Content-Type", 415)] {
        let mut request = stage
            .request("POST", "/v3/resellers", "c1")
            .with_body(SEED_REQUEST);
        request.headers.retain(|(key, _)| key != name);
        assert_eq!(whole(&stage.send(&request)).status, status, "{name}");
    }
}

#[test]
fn the_limit_rolls_delays_and_refuses() {
    let mut stage = Stage::new(AdobeSettings {
        windows: vec!["2-3/5s".parse().unwrap()],
        ..quiet()
    });
    stage.set(json!({ "retry_after": "seconds", "soft_delay_max": "100ms" }));
    for n in 0..2 {
        assert_eq!(
            whole(&stage.create(&format!("c{n}"), &row("1"))).delay,
            Duration::ZERO
        );
    }
    stage.wait(1_500);
    assert!(whole(&stage.create("c2", &row("1"))).delay <= Duration::from_millis(100));
    let refused = whole(&stage.create("c3", &row("1")));
    assert_eq!(said(&refused), "429 4118");
    assert!(
        refused
            .headers
            .contains(&("Retry-After".to_owned(), "4".to_owned())),
        "{:?}",
        refused.headers
    );
    stage.wait(3_500);
    assert_eq!(said(&whole(&stage.create("c3", &row("1")))), "201 1002");
    let tally = stage.adobe.ledger().tally;
    assert_eq!(
        (tally.calls_over_limit, tally.calls_delayed, tally.calls["create"]),
        (1, 1, 5)
    );
}
