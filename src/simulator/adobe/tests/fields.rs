//! providers.md 2.6 and 2.9: what is wrong with a body, and the code that says so.

use super::*;

/// The seed's body with the value at a JSON pointer replaced; `Value::Null` takes it away.
fn with(pointer: &str, value: Value) -> Value {
    let mut body = seed_body();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap();
    match (parent, value) {
        (Value::Object(parent), Value::Null) => drop(parent.shift_remove(key)),
        (Value::Object(parent), value) => drop(parent.insert(key.to_owned(), value)),
        (parent, value) => parent[key.parse::<usize>().unwrap()] = value,
    }
    body
}

fn refusal(body: &Value) -> (String, Value) {
    let reply = whole(&Stage::new(quiet()).create("c1", body));
    (said(&reply), json(&reply)["additionalDetails"].clone())
}

#[test]
fn every_rule_has_its_code_and_path() {
    let long = |chars: usize| Value::from("a".repeat(chars));
    let profile = "/companyProfile";
    for (pointer, value, code, path) in [
        ("/distributorId", Value::Null, "1122", "distributorId"),
        ("/distributorId", "123".into(), "1114", "distributorId"),
        ("/distributorId", 345_434_543.into(), "1117", "distributorId"),
        ("/externalReferenceId", long(36), "2126", "externalReferenceId"),
        ("/externalReferenceId", 888.into(), "1117", "externalReferenceId"),
        (
            "/externalReferenceId",
            "a<b".into(),
            "1117",
            "externalReferenceId",
        ),
        ("/resellerId", "1".into(), "1121", "resellerId"),
        (profile, Value::Null, "1122", "companyProfile"),
        (profile, json!([]), "1117", "companyProfile"),
        ("/companyProfile/vat", "1".into(), "1121", "companyProfile.vat"),
        (
            "/companyProfile/companyName",
            Value::Null,
            "1122",
            "companyProfile.companyName",
        ),
        (
            "/companyProfile/companyName",
            "abc".into(),
            "1117",
            "companyProfile.companyName",
        ),
        (
            "/companyProfile/companyName",
            long(81),
            "1117",
            "companyProfile.companyName",
        ),
        (
            "/companyProfile/companyName",
            "A*B*C".into(),
            "1117",
            "companyProfile.companyName",
        ),
        (
            "/companyProfile/preferredLanguage",
            "en".into(),
            "1117",
            "companyProfile.preferredLanguage",
        ),
        (
            "/companyProfile/marketSegments",
            json!(["com"]),
            "2135",
            "companyProfile.marketSegments",
        ),
        (
            "/companyProfile/marketSegments",
            json!([]),
            "2135",
            "companyProfile.marketSegments",
        ),
        (
            "/companyProfile/marketSegments",
            "COM".into(),
            "1117",
            "companyProfile.marketSegments",
        ),
        (
            "/companyProfile/address",
            Value::Null,
            "1122",
            "companyProfile.address",
        ),
        (
            "/companyProfile/address/zip",
            "1".into(),
            "1121",
            "companyProfile.address.zip",
        ),
        (
            "/companyProfile/address/country",
            Value::Null,
            "1122",
            "companyProfile.address.country",
        ),
        (
            "/companyProfile/address/region",
            "US-CA".into(),
            "1118",
            "companyProfile.address.region",
        ),
        (
            "/companyProfile/address/city",
            long(41),
            "1118",
            "companyProfile.address.city",
        ),
        (
            "/companyProfile/address/city",
            "".into(),
            "1118",
            "companyProfile.address.city",
        ),
        (
            "/companyProfile/address/addressLine1",
            "a\"b".into(),
            "1118",
            "companyProfile.address.addressLine1",
        ),
        (
            "/companyProfile/address/addressLine2",
            long(61),
            "1118",
            "companyProfile.address.addressLine2",
        ),
        (
            "/companyProfile/address/postalCode",
            "9511".into(),
            "1118",
            "companyProfile.address.postalCode",
        ),
        (
            "/companyProfile/address/postalCode",
            95_110.into(),
            "1118",
            "companyProfile.address.postalCode",
        ),
        (
            "/companyProfile/address/phoneNumber",
            long(41),
            "1118",
            "companyProfile.address.phoneNumber",
        ),
        (
            "/companyProfile/contacts",
            Value::Null,
            "1122",
            "companyProfile.contacts",
        ),
        (
            "/companyProfile/contacts",
            json!([]),
            "1122",
            "companyProfile.contacts",
        ),
        (
            "/companyProfile/contacts",
            json!({}),
            "1117",
            "companyProfile.contacts",
        ),
        (
            "/companyProfile/contacts/0",
            json!(1),
            "1117",
            "companyProfile.contacts[0]",
        ),
        (
            "/companyProfile/contacts/0/title",
            "Dr".into(),
            "1121",
            "companyProfile.contacts[0].title",
        ),
        (
            "/companyProfile/contacts/0/firstName",
            Value::Null,
            "1122",
            "companyProfile.contacts[0].firstName",
        ),
        (
            "/companyProfile/contacts/0/firstName",
            long(36),
            "1117",
            "companyProfile.contacts[0].firstName",
        ),
        (
            "/companyProfile/contacts/0/lastName",
            "".into(),
            "1117",
            "companyProfile.contacts[0].lastName",
        ),
        (
            "/companyProfile/contacts/0/email",
            "mickey".into(),
            "1117",
            "companyProfile.contacts[0].email",
        ),
        (
            "/companyProfile/contacts/0/phoneNumber",
            long(41),
            "1117",
            "companyProfile.contacts[0].phoneNumber",
        ),
    ] {
        let expected = (format!("400 {code}"), json!([path]));
        assert_eq!(
            refusal(&with(pointer, value.clone())),
            expected,
            "{pointer} = {value}"
        );
    }
}

#[test]
fn what_may_be_absent_may_be_absent_and_limits_are_inclusive() {
    for (pointer, value) in [
        ("/externalReferenceId", Value::Null),
        ("/externalReferenceId", "ä".repeat(35).into()),
        ("/companyProfile/marketSegments", Value::Null),
        ("/companyProfile/address/addressLine2", Value::Null),
        ("/companyProfile/address/phoneNumber", Value::Null),
        ("/companyProfile/contacts/0/phoneNumber", Value::Null),
        ("/companyProfile/companyName", "社".repeat(80).into()),
        ("/companyProfile/companyName", "ABCD".into()),
    ] {
        assert_eq!(
            refusal(&with(pointer, value.clone())).0,
            "201 1002",
            "{pointer} = {value}"
        );
    }
}

#[test]
fn fields_hide_the_address_and_other_codes_hide_fields() {
    let mut body = with("/companyProfile/address/postalCode", "x".into());
    body["companyProfile"]["address"]["region"] = "XX".into();
    let address = json!([
        "companyProfile.address.region",
        "companyProfile.address.postalCode"
    ]);
    assert_eq!(refusal(&body), ("400 1118".to_owned(), address));
    body["companyProfile"]["companyName"] = "x".into();
    assert_eq!(
        refusal(&body),
        ("400 1117".to_owned(), json!(["companyProfile.companyName"]))
    );
    body["companyProfile"]["marketSegments"] = json!(["X"]);
    assert_eq!(refusal(&body).0, "400 2135");
    body["distributorId"] = "1".into();
    assert_eq!(refusal(&body).0, "400 1114");
    body["companyProfile"].as_object_mut().unwrap().remove("contacts");
    assert_eq!(refusal(&body).0, "400 1122");
    body["status"] = "1000".into();
    assert_eq!(refusal(&body).0, "400 1121");
}

#[test]
fn a_body_that_is_no_object_is_refused() {
    let mut stage = Stage::new(quiet());
    for (n, body) in [
        "",
        "{",
        "[]",
        "null",
        "\u{0}",
        "{\"distributorId\": \"345434543\"",
    ]
    .iter()
    .enumerate()
    {
        let request = stage
            .request("POST", "/v3/resellers", &format!("c{n}"))
            .with_body(*body);
        assert_eq!(said(&whole(&stage.send(&request))), "400 1117", "{body:?}");
    }
    assert_eq!(stage.adobe.ledger().tally.rejected, [("1117".into(), 6)].into());
    assert_eq!(stage.adobe.ledger().accounts_created, 0);
}

#[test]
fn distributors_can_be_named() {
    let mut stage = Stage::new(AdobeSettings {
        distributors: ["P1000".to_owned()].into(),
        ..quiet()
    });
    assert_eq!(said(&whole(&stage.create("c1", &seed_body()))), "400 1114");
    assert_eq!(
        said(&whole(
            &stage.create("c2", &with("/distributorId", "P1000".into()))
        )),
        "201 1002"
    );
}
