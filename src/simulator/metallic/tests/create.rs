//! providers.md 4.2 to 4.6: what is taken, what is refused, what is shown.

use super::*;

/// What a body gets: the fields that a 400 names, or nothing with 201.
fn refused(stage: &mut Stage, body: &Value) -> Vec<String> {
    let before = stage.brain.ledger().ledger.accounts_created;
    let reply = whole(&stage.create(body));
    let made = stage.brain.ledger().ledger.accounts_created - before;
    assert_eq!(made, u64::from(reply.status == 201), "{reply:?}");
    if reply.status == 201 {
        Vec::new()
    } else {
        fields(&reply)
    }
}

#[test]
fn fields_are_required_and_have_types() {
    let contact = "/contacts/0";
    let address = "/contacts/0/address";
    let table = [
        ("", "name", true),
        ("", "website", false),
        ("", "contacts", true),
        ("", "externalId", true),
        ("", "workloadAccess", true),
        (contact, "type", true),
        (contact, "email", true),
        (contact, "firstName", true),
        (contact, "lastName", true),
        (contact, "phone", false),
        (contact, "address", true),
        (address, "addressLine1", true),
        (address, "addressLine2", false),
        (address, "city", true),
        (address, "state", true),
        (address, "country", true),
        (address, "postalCode", true),
    ];
    for (at, field, required) in table {
        let mut stage = Stage::new(quiet());
        for absent in [None, Some(Value::Null)] {
            let mut body = seed_body();
            let object = body.pointer_mut(at).unwrap().as_object_mut().unwrap();
            object.shift_remove(field);
            object.extend(absent.map(|null| (field.to_owned(), null)));
            let wrong = if required { vec![field.to_owned()] } else { vec![] };
            let reply = refused(&mut Stage::new(quiet()), &body);
            assert_eq!(reply, wrong, "{at}/{field}");
        }
        for odd in [json!(7), json!({}), json!("x".repeat(256))] {
            let mut body = seed_body();
            body.pointer_mut(at).unwrap()[field] = odd.clone();
            let reply = refused(&mut stage, &body);
            // An empty object lacks everything that is required in it.
            assert!(!reply.is_empty(), "{at}/{field}: {odd}");
            if field != "address" || odd != json!({}) {
                assert_eq!(reply, [field], "{odd}");
            }
        }
    }
}

#[test]
fn values_that_do_not_fit() {
    let table = [
        ("/contacts/0/type", json!("billing"), "type"),
        ("/contacts/0/email", json!("nobody"), "email"),
        ("/contacts/0/address/country", json!("U5"), "country"),
        ("/contacts", json!([]), "contacts"),
        ("/contacts/0", json!("x"), "contacts[0]"),
        ("/workloadAccess", json!("true"), "workloadAccess"),
        ("/name", json!(" "), "name"),
    ];
    for (pointer, value, field) in table {
        let mut body = seed_body();
        *body.pointer_mut(pointer).unwrap() = value;
        assert_eq!(refused(&mut Stage::new(quiet()), &body), [field], "{pointer}");
    }
    for body in ["", "[]", "{", "\"x\""] {
        let mut stage = Stage::new(quiet());
        let request = stage.request("POST", "/api/v1/partner/resellers").with_body(body);
        assert_eq!(fields(&whole(&stage.send(&request))), ["body"], "{body:?}");
    }
    let mut stage = Stage::new(quiet());
    let all = refused(&mut stage, &json!({}));
    assert_eq!(
        all,
        ["name", "contacts", "externalId", "workloadAccess"],
        "all at once"
    );
    stage.set(json!({ "workload_access_required": false, "field_names": "path" }));
    let mut body = seed_body();
    body.as_object_mut().unwrap().shift_remove("workloadAccess");
    body["contacts"][0]["type"] = "other".into();
    assert_eq!(refused(&mut stage, &body), ["contacts[0].type"]);
    body["contacts"][0]["type"] = "primary".into();
    body["unheard-of"] = 1.into();
    let reply = json(&whole(&stage.create(&body)));
    assert_eq!(reply["data"]["workloadAccess"], false);
    assert!(reply["data"]["unheard-of"].is_null());
    assert_eq!(
        refused(&mut stage, &body),
        ["name", "contacts[0].email", "externalId"]
    );
}

#[test]
fn the_state_is_required_in_the_united_states_alone() {
    for (country, required) in [
        ("US", true),
        ("usa", true),
        ("United States", true),
        ("united states of america", true),
        ("DE", false),
        ("Germany", false),
    ] {
        let mut body = seed_body();
        let address = &mut body["contacts"][0]["address"];
        address["country"] = country.into();
        address.as_object_mut().unwrap().shift_remove("state");
        let wrong: &[&str] = if required { &["state"] } else { &[] };
        assert_eq!(refused(&mut Stage::new(quiet()), &body), wrong, "{country}");
    }
}

#[test]
fn any_subset_of_the_three_is_named() {
    let pointers = [
        ("name", "/name"),
        ("email", "/contacts/0/email"),
        ("externalId", "/externalId"),
    ];
    for subset in 0..8_u8 {
        let mut stage = Stage::new(quiet());
        stage.create(&row(1));
        let mut body = row(2);
        let mut expected = Vec::new();
        for (bit, (field, pointer)) in pointers.iter().enumerate() {
            if subset & (1 << bit) != 0 {
                *body.pointer_mut(pointer).unwrap() = row(1).pointer(pointer).unwrap().clone();
                expected.push(*field);
            }
        }
        assert_eq!(refused(&mut stage, &body), expected);
        if !expected.is_empty() {
            let word = expected.join("+");
            assert_eq!(stage.brain.ledger().ledger.tally.rejected[word.as_str()], 1);
        }
    }
}

#[test]
fn case_matters_for_the_external_id_alone_unless_told() {
    let mut shouted = row(1);
    for pointer in ["/name", "/contacts/0/email", "/externalId"] {
        let text = shouted.pointer(pointer).unwrap().as_str().unwrap().to_uppercase();
        *shouted.pointer_mut(pointer).unwrap() = text.into();
    }
    let mut stage = Stage::new(quiet());
    stage.create(&row(1));
    assert_eq!(refused(&mut stage, &shouted), ["name", "email"]);
    stage.set(json!({ "unique": ["name"] }));
    assert_eq!(refused(&mut stage, &shouted), ["name"]);
    stage.set(json!({ "unique": ["name", "email", "externalId"], "ignore_case": false }));
    assert_eq!(refused(&mut stage, &row(1)), ["name", "email", "externalId"]);
    assert!(refused(&mut stage, &shouted).is_empty());
}

#[test]
fn get_by_id_shows_capitals_and_there_is_no_list() {
    let mut stage = Stage::new(quiet());
    let made = json(&whole(&stage.create(&seed_body())));
    let id = made["data"]["id"].as_str().unwrap().to_owned();
    for asked in [id.clone(), id.to_uppercase()] {
        let mut got = json(&stage.get(&format!("resellers/{asked}")));
        assert_eq!(got["data"]["id"], id.to_uppercase());
        got["data"]["id"] = id.clone().into();
        assert_eq!(got, made);
    }
    stage.set(json!({ "upper_case_ids": false }));
    assert_eq!(json(&stage.get(&format!("resellers/{id}")))["data"]["id"], id);
    for missing in ["e4295015-6535-4989-9457-1ba12040a7ef", "1", &id.replace('-', "")] {
        let reply = stage.get(&format!("resellers/{missing}"));
        let expected = json!({ "error": { "code": 1006, "message": "Record not found" } });
        assert_eq!((reply.status, json(&reply)), (404, expected), "{missing}");
    }
    for (method, path, status) in [
        ("GET", "/api/v1/partner/resellers", 405),
        ("GET", "/api/v1/partner/resellers?externalId=row-1", 405),
        ("PATCH", "/api/v1/partner/resellers/1", 405),
        ("GET", "/api/v1/partner/resellersx", 404),
        ("GET", "/api/v1/partner/resellers/", 404),
        ("POST", "/api/v1/partner/partners", 404),
        ("GET", "/api/v1/authenticate", 405),
    ] {
        let request = stage.request(method, path);
        assert_eq!(whole(&stage.send(&request)).status, status, "{method} {path}");
    }
    stage.set(json!({ "path": "/api/v1/resellers" }));
    assert_eq!(
        said(&whole(&stage.create_at("/api/v1/resellers", &row(1)))),
        "201 active"
    );
    assert_eq!(whole(&stage.create(&row(2))).status, 404);
}

#[test]
fn a_partner_is_provisioned_in_the_background() {
    let mut stage = Stage::new(quiet());
    stage.set(json!({ "partners": true, "settle": "2s..2s", "created_as_200": true }));
    let reply = whole(&stage.create_at("/api/v1/partner/partners", &row(1)));
    assert_eq!(
        (said(&reply).as_str(), &json(&reply)["data"]["type"]),
        ("200 provisioning", &json!("partner"))
    );
    let id = json(&reply)["data"]["id"].as_str().unwrap().to_owned();
    stage.wait(Duration::from_secs(2));
    assert_eq!(said(&stage.get(&format!("partners/{id}"))), "200 active");
    assert_eq!(
        said(&stage.get(&format!("resellers/{id}"))),
        "404 1006",
        "it is no reseller"
    );
    assert_eq!(
        fields(&whole(&stage.create(&row(1)))),
        ["name", "email", "externalId"]
    );
    stage.set(json!({ "settle": "never" }));
    let reply = whole(&stage.create_at("/api/v1/partner/partners", &row(2)));
    let id = json(&reply)["data"]["id"].as_str().unwrap().to_owned();
    stage.wait(Duration::from_secs(1_000));
    assert_eq!(said(&stage.get(&format!("partners/{id}"))), "200 provisioning");
    assert_eq!(
        said(&whole(&stage.create(&row(3)))),
        "200 active",
        "a reseller never waits"
    );
}

#[test]
fn creates_can_be_refused_by_order_and_by_number() {
    let mut stage = Stage::new(quiet());
    stage.set(json!({ "reject_all": "website" }));
    assert_eq!(refused(&mut stage, &row(1)), ["website"]);
    stage.set(json!({ "reject_all": null, "accounts_max": 0 }));
    assert_eq!(whole(&stage.create(&row(1))).status, 503);
}
