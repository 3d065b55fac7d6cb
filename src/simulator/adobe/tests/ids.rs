//! providers.md 2.4: the rules of correlation and request ids.

use super::*;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

#[test]
fn a_known_id_gets_the_same_answer_byte_for_byte() {
    let mut stage = Stage::new(quiet());
    let first = whole(&stage.create("c1", &seed_body()));
    stage.wait(5 * DAY_MS);
    stage.set(json!({ "extra_fields": true, "created_as_200": true }));
    stage.token = stage.adobe.token(CLIENT, stage.now);
    let again = whole(&stage.create("c1", &seed_body()));
    assert_eq!(
        (again.status, &again.body),
        (first.status, &first.body),
        "still 1002, though it has settled"
    );
    assert_eq!(stage.adobe.ledger().accounts_created, 1);
    assert_eq!(stage.adobe.ledger().tally.own.replayed, 1);
}

#[test]
fn an_error_is_replayed_too_and_a_corrected_row_needs_a_new_id() {
    let mut stage = Stage::new(quiet());
    let mut wrong = seed_body();
    wrong["companyProfile"]["companyName"] = "x".into();
    assert_eq!(said(&whole(&stage.create("c1", &wrong))), "400 1117");
    assert_eq!(said(&whole(&stage.create("c1", &seed_body()))), "400 1117");
    assert_eq!(stage.adobe.ledger().tally.own.other_body, 1);
    assert_eq!(said(&whole(&stage.create("c2", &seed_body()))), "201 1002");
}

#[test]
fn another_body_can_be_refused() {
    let mut stage = Stage::new(AdobeSettings {
        other_body: OtherBody::Refuse,
        ..quiet()
    });
    stage.create("c1", &seed_body());
    assert_eq!(said(&whole(&stage.create("c1", &row("889")))), "400 4119");
    assert_eq!(said(&whole(&stage.create("c1", &seed_body()))), "201 1002");
}

#[test]
fn after_ten_days_the_id_is_new() {
    let mut stage = Stage::new(quiet());
    stage.create("c1", &seed_body());
    stage.wait(10 * DAY_MS - 1);
    stage.token = stage.adobe.token(CLIENT, stage.now);
    stage.create("c1", &seed_body());
    assert_eq!(stage.adobe.ledger().accounts_created, 1);
    stage.wait(1);
    stage.create("c1", &seed_body());
    assert_eq!(stage.adobe.ledger().accounts_created, 2);
    assert_eq!(stage.adobe.ledger().tally.own.reused_ids, 2);
}

#[test]
fn ids_belong_to_a_client_and_a_call() {
    let mut stage = Stage::new(quiet());
    stage.create("c1", &seed_body());
    let list = stage.request("GET", "/v3/resellers?status=1002", "c1");
    assert_eq!(
        json(&whole(&stage.send(&list)))["count"],
        1,
        "the list call is another call"
    );
    stage.token = stage.adobe.token("another", stage.now);
    let mut other = stage
        .request("POST", "/v3/resellers", "c1")
        .with_body(SEED_REQUEST);
    other.headers.retain(|(name, _)| name != "X-Api-Key");
    stage.send(&other.with_header("x-api-key", "another"));
    assert_eq!(stage.adobe.ledger().accounts_created, 2);
    assert_eq!(stage.adobe.ledger().tally.own.reused_ids, 0);
}

#[test]
fn a_correlation_id_is_required() {
    let mut stage = Stage::new(quiet());
    for id in ["", "a b", "ä", &"x".repeat(256)] {
        assert_eq!(
            said(&whole(&stage.create(id, &seed_body()))),
            "400 4119",
            "{id:?}"
        );
    }
    let mut missing = stage.request("GET", "/v3/resellers", "");
    missing.headers.retain(|(name, _)| name != "X-Correlation-Id");
    assert_eq!(said(&whole(&stage.send(&missing))), "400 4119");
    assert_eq!(stage.adobe.ledger().accounts_created, 0);
}

#[test]
fn an_old_request_id_under_a_new_correlation_id_is_refused() {
    let mut stage = Stage::new(quiet());
    let first = stage
        .request("POST", "/v3/resellers", "c1")
        .with_body(row("1").to_string());
    let mut second = stage
        .request("POST", "/v3/resellers", "c2")
        .with_body(row("2").to_string());
    for (name, value) in &mut second.headers {
        if name == "X-Request-Id" {
            "request-1".clone_into(value);
        }
    }
    assert_eq!(said(&whole(&stage.send(&first))), "201 1002");
    assert_eq!(said(&whole(&stage.send(&second))), "400 4120");
    assert_eq!(
        said(&whole(&stage.send(&first))),
        "201 1002",
        "a replay does not look at it"
    );
    assert_eq!(
        said(&whole(&stage.create("c2", &row("2")))),
        "201 1002",
        "a 4120 closes nothing"
    );
    let tally = stage.adobe.ledger().tally;
    assert_eq!(
        (
            tally.own.request_ids_reused,
            tally.own.reused_ids,
            tally.own.replayed
        ),
        (2, 1, 1)
    );
}

#[test]
fn a_request_id_may_be_left_out() {
    let mut stage = Stage::new(quiet());
    for n in 0..2 {
        let mut request = stage
            .request("POST", "/v3/resellers", &format!("c{n}"))
            .with_body(SEED_REQUEST);
        request.headers.retain(|(name, _)| name != "X-Request-Id");
        let reply = whole(&stage.send(&request));
        assert_eq!(reply.status, 201);
        let made = reply
            .headers
            .iter()
            .find(|(name, _)| name == "X-Request-Id")
            .unwrap();
        assert!(made.1.starts_with("sim-"), "{made:?}");
    }
    assert_eq!(stage.adobe.ledger().tally.own.request_ids_reused, 0);
}

#[test]
fn an_id_whose_call_is_still_running_is_busy_waits_or_runs_twice() {
    for (rule, expected, accounts) in [
        ("busy", "400 4122", 1),
        ("wait", "201 1002", 1),
        ("run_twice", "201 1002", 2),
    ] {
        let mut stage = Stage::new(only(Fault::Slow));
        stage.set(json!({ "slow_min": "2s", "slow_max": "2s", "while_running": rule }));
        let first = whole(&stage.create("c1", &seed_body()));
        assert_eq!((first.status, first.delay), (201, Duration::from_secs(2)));
        stage.set(json!({ "faults": { "slow": 0.0 } }));
        stage.wait(500);
        let second = whole(&stage.create("c1", &seed_body()));
        assert_eq!(said(&second), expected, "{rule}");
        assert_eq!(stage.adobe.ledger().accounts_created, accounts, "{rule}");
        if rule == "wait" {
            assert_eq!(second.delay, Duration::from_millis(1_500));
        }
        stage.wait(1_500);
        assert_eq!(
            said(&whole(&stage.create("c1", &seed_body()))),
            "201 1002",
            "{rule}"
        );
    }
}

#[test]
fn a_slow_create_commits_as_it_answers() {
    let mut stage = Stage::new(only(Fault::Slow));
    stage.set(json!({ "slow_min": "2s", "slow_max": "2s" }));
    stage.create("c1", &seed_body());
    stage.wait(1_999);
    assert_eq!(stage.status_of("5556667778"), "404 1115");
    assert_eq!(json(&stage.read("/v3/resellers?status=1002"))["totalCount"], 0);
    stage.wait(1);
    assert_eq!(stage.status_of("5556667778"), "200 1002");
}

#[test]
fn an_id_is_spent_when_its_answer_has_arrived() {
    let mut stage = Stage::new(only(Fault::Slow));
    stage.set(json!({ "slow_min": "2s", "slow_max": "2s" }));
    stage.create("c1", &seed_body());
    stage.set(json!({ "faults": { "slow": 0.0 } }));
    stage.wait(1_000);
    stage.create("c1", &seed_body());
    assert_eq!(
        stage.adobe.ledger().tally.own.reused_ids,
        0,
        "the caller gave up before the answer"
    );
    stage.wait(1_000);
    let receipt = whole(&stage.create("c1", &seed_body())).receipt.unwrap();
    assert_eq!(
        stage.adobe.ledger().tally.own.reused_ids,
        1,
        "the caller had the answer"
    );
    stage.adobe.lost(&receipt);
    stage.adobe.lost(&receipt);
    stage.create("c1", &seed_body());
    assert_eq!(
        stage.adobe.ledger().tally.own.reused_ids,
        1,
        "no delivery is left that arrived"
    );
    stage.read("/v3/resellers");
    let again = stage.request("GET", "/v3/resellers", &format!("read-{}", stage.calls - 1));
    stage.send(&again);
    assert_eq!(stage.adobe.ledger().tally.own.reused_read_ids, 1);
}

#[test]
fn polling_under_one_id_sees_nothing_new() {
    let mut stage = Stage::new(quiet());
    stage.create("c1", &seed_body());
    let poll = stage.request("GET", "/v3/resellers/5556667778", "poll");
    assert_eq!(said(&whole(&stage.send(&poll))), "200 1002");
    stage.wait(10_000);
    assert_eq!(said(&whole(&stage.send(&poll))), "200 1002");
    assert_eq!(stage.status_of("5556667778"), "200 1000", "a fresh id sees it");
}
