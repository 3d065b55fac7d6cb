//! providers.md 3.2, 3.3 and 3.5: the sign-up, its refusals, and what becomes of it.

use super::*;

#[test]
fn each_option_has_its_answer() {
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let five = [
        "activationstatus",
        "eaqid",
        "status",
        "resellerid",
        "minreceiptrequired",
    ];
    for (option, settle, auto, expected, status) in [
        ("manual", "never", "", &five[..], "PendingExecution"),
        ("receipts", "never", "false", &five, "PendingExecution"),
        ("manual", "at-once", "", &five, "Success"),
        ("direct", "never", "", &["status", "resellerid"], "Success"),
        ("manual", "never", "true", &["status", "resellerid"], "Success"),
        ("receipts", "1s..2s", "true", &["status", "resellerid"], "Success"),
    ] {
        let mut stage = Stage::new(plain());
        stage.set(json!({ "signup_option": option, "settle": settle }));
        let mut parameters = row("a@example.com");
        parameters.push(("auto-activate", auto.to_owned()));
        let reply = whole(&stage.sign_up(&parameters));
        let body = json(&reply);
        assert_eq!(keys(&body), expected, "{option} {settle} {auto}");
        assert_eq!(
            (&body["status"], &body["resellerid"]),
            (&json!(status), &json!("700001"))
        );
        let waits = status == "PendingExecution";
        let standing = stage.brain.accounts(None, START).next().unwrap().status;
        assert_eq!(standing == Standing::Waiting, waits, "{option} {settle} {auto}");
    }
    let mut stage = Stage::new(LogicBoxesSettings {
        numbers_as_text: false,
        ..plain()
    });
    assert_eq!(stage.signed_up("a@example.com")["eaqid"], 40_000_001);
}

#[test]
fn parameters_are_checked() {
    let all = [
        "username",
        "passwd",
        "name",
        "company",
        "address-line-1",
        "city",
        "state",
        "country",
        "zipcode",
        "phone-cc",
        "phone",
        "lang-pref",
        "accounting-currency-symbol",
        "selling-currency-symbol",
    ];
    let said = |parameters: &[(&str, String)], rules: FieldRules| {
        let mut stage = Stage::new(LogicBoxesSettings {
            field_rules: rules,
            ..plain()
        });
        let reply = whole(&stage.sign_up(parameters));
        let body = json(&reply);
        assert_eq!(reply.status == 200, stage.brain.ledger().accounts_created == 1);
        body["message"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(row("a@example.com").len(), all.len());
    for name in all {
        for blank in [None, Some(" ")] {
            let mut parameters = row("a@example.com");
            parameters.retain(|(key, _)| *key != name || blank.is_some());
            let place = parameters.iter_mut().find(|(key, _)| *key == name);
            if let (Some(place), Some(blank)) = (place, blank) {
                place.1 = blank.to_owned();
            }
            let expected = format!("Required parameter missing: {name}");
            assert_eq!(said(&parameters, FieldRules::Documented), expected);
        }
    }
    let table = [
        ("username", "nobody", true, true),
        ("username", "a b@example.com", true, true),
        ("country", "USA", true, true),
        ("country", "us", true, true),
        ("lang-pref", "eng", true, true),
        ("selling-currency-symbol", "$", true, true),
        ("phone", "617-555", true, true),
        ("phone", "617", false, true),
        ("phone-cc", "+1", true, true),
        ("passwd", "password9", false, true),
        ("passwd", "Passw0rd!Passw0rd!", false, true),
        ("passwd", "Passw0rd!", false, false),
        ("auto-activate", "yes", true, true),
        ("sms-consent", "true", false, false),
        ("sales-contact-id", "x", true, true),
        ("mobile", "12", false, true),
        ("unheard-of", "1", false, false),
    ];
    for (name, value, documented, strict) in table {
        let mut parameters = row("a@example.com");
        parameters.retain(|(key, _)| *key != name);
        parameters.push((name, value.to_owned()));
        for (rules, wrong) in [(FieldRules::Documented, documented), (FieldRules::Strict, strict)] {
            let expected = format!("Invalid value for parameter: {name}");
            assert_eq!(
                said(&parameters, rules) == expected,
                wrong,
                "{rules:?} {name}={value}"
            );
        }
    }
    let mut long = row("a@example.com");
    long.push(("address-line-2", "ü".repeat(256)));
    assert_eq!(
        said(&long, FieldRules::Documented),
        "Invalid value for parameter: address-line-2"
    );
}

#[test]
fn refusals_have_every_shape_under_every_status() {
    let table = [
        (
            ErrorShape::Message,
            json!({ "status": "ERROR", "message": "no" }),
            "ERROR",
        ),
        (
            ErrorShape::Error,
            json!({ "status": "error", "error": "no" }),
            "error",
        ),
        (
            ErrorShape::Failed,
            json!({ "status": "Failed", "actionstatusdesc": "no" }),
            "Failed",
        ),
        (
            ErrorShape::ActionStatus,
            json!({ "status": "Success", "actionstatus": "Failed", "actionstatusdesc": "no" }),
            "actionstatus",
        ),
        (ErrorShape::Bare, json!(false), "false"),
    ];
    for (shape, body, word) in table {
        for status in [200, 500] {
            let mut stage = Stage::new(LogicBoxesSettings {
                error_shapes: vec![shape],
                error_statuses: vec![status],
                reject_all: Some("no".to_owned()),
                ..plain()
            });
            let reply = whole(&stage.sign_up(&row("a@example.com")));
            assert_eq!((reply.status, json(&reply)), (status, body.clone()));
            assert_eq!(
                stage.brain.ledger().tally.answers[format!("{status} {word}").as_str()],
                1
            );
            let request = stage.post("/api/resellers/v2/signup.xml", &row("a@example.com"));
            let text = String::from_utf8(whole(&stage.send(&request)).body).unwrap();
            assert!(
                text.contains(if shape == ErrorShape::Bare {
                    ">false<"
                } else {
                    ">no<"
                }),
                "{text}"
            );
        }
    }
    let mut stage = Stage::new(LogicBoxesSettings {
        reject_all: Some("no".to_owned()),
        ..LogicBoxesSettings::default()
    });
    (0..100).for_each(|_| drop(stage.sign_up(&row("a@example.com"))));
    let answers = stage.brain.ledger().tally.answers;
    assert_eq!(
        answers.len(),
        8,
        "by default four shapes under two codes, by seed: {answers:?}"
    );
}

#[test]
fn a_username_is_taken_whoever_has_it() {
    let mut stage = Stage::new(plain());
    stage.signed_up("a@example.com");
    stage.user = "6";
    let reply = whole(&stage.sign_up(&row("A@Example.com")));
    assert_eq!(
        (reply.status, json(&reply)),
        (500, json!({ "status": "AlreadyReseller" }))
    );
    assert!(
        stage.found("username=a@example.com").is_empty(),
        "it is another reseller's"
    );
    stage.set(json!({ "taken": "message", "error_statuses": [200] }));
    let reply = whole(&stage.sign_up(&row("a@example.com")));
    assert_eq!(
        (reply.status, json(&reply)),
        (200, json!({ "status": "ERROR", "message": "AlreadyReseller" }))
    );
    assert_eq!(stage.brain.ledger().accounts_created, 1);
}

#[test]
fn who_waits_is_activated_or_deleted_after_90_days() {
    let mut stage = Stage::new(plain());
    for username in ["a@example.com", "b@example.com"] {
        stage.signed_up(username);
    }
    stage.wait(DAY * 89);
    stage.admin("POST", "accounts/700001/status", r#"{"status":"Active"}"#);
    stage.wait(DAY);
    assert_eq!(stage.found("status=Active"), ["a@example.com"]);
    assert_eq!(stage.found("status=Deleted"), ["b@example.com"]);
    assert_eq!(
        json(&stage.get("resellers/details", "reseller-id=700002"))["resellerstatus"],
        "Deleted"
    );
    stage.set(json!({ "deleted_frees_username": false }));
    assert_eq!(whole(&stage.sign_up(&row("b@example.com"))).status, 500);
    stage.set(json!({ "deleted_frees_username": true }));
    assert_eq!(stage.signed_up("b@example.com")["resellerid"], "700003");
}

#[test]
fn somebody_activates_in_time_and_a_row_meets_its_fate_in_any_order() {
    let fates = |names: &mut dyn Iterator<Item = u32>| {
        let mut stage = Stage::new(LogicBoxesSettings {
            settle: "1s..1h".parse().unwrap(),
            ..plain()
        });
        names.for_each(|n| drop(stage.signed_up(&format!("u{n}@example.com"))));
        let seen = stage.brain.accounts(None, START);
        let mut fates: Vec<_> = seen.map(|one| (one.reference, one.settles)).collect();
        fates.sort();
        fates
    };
    let forwards = fates(&mut (0..50));
    assert_eq!(forwards, fates(&mut (0..50).rev()));
    let times: std::collections::BTreeSet<_> = forwards.iter().map(|fate| fate.1).collect();
    assert!(times.len() > 40);

    let second = Duration::from_secs(1);
    let mut stage = Stage::new(LogicBoxesSettings {
        settle: "1s..1s".parse().unwrap(),
        ..plain()
    });
    stage.signed_up("a@example.com");
    assert!(stage.found("status=Active").is_empty());
    stage.wait(second);
    assert_eq!(stage.found("status=Active"), ["a@example.com"]);
    // Whoever would be activated later than he is deleted is not.
    let mut stage = Stage::new(LogicBoxesSettings {
        settle: "91d..91d".parse().unwrap(),
        ..plain()
    });
    stage.signed_up("a@example.com");
    stage.wait(DAY * 100);
    assert_eq!(stage.found("status=Deleted"), ["a@example.com"]);
}

#[test]
fn there_is_a_most_of_accounts() {
    let mut stage = Stage::new(LogicBoxesSettings {
        accounts_max: 1,
        ..plain()
    });
    stage.signed_up("a@example.com");
    assert_eq!(whole(&stage.sign_up(&row("b@example.com"))).status, 500);
    assert_eq!(stage.brain.ledger().tally.rejected["full"], 1);
}
