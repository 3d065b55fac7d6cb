//! Updates: what is refused, what is kept, what is replayed.

use super::*;

const ACCOUNT: &str = "/v3/resellers/5556667778";

/// The request body of the contract's page on updating a reseller, as a change of the seed's.
fn update() -> Value {
    let mut body = seed_body();
    body.as_object_mut().unwrap().shift_remove("distributorId");
    body["externalReferenceId"] = "999".into();
    body
}

fn changed(pointer: &str, value: Value) -> Value {
    let mut body = update();
    *body.pointer_mut(pointer).unwrap() = value;
    body
}

impl Stage {
    /// With the seed's account, which has settled.
    fn with_account(settings: AdobeSettings) -> Self {
        let mut stage = Self::new(AdobeSettings {
            settle: Settle::AtOnce,
            ..settings
        });
        stage.create("c1", &seed_body());
        stage
    }

    fn patch(&mut self, correlation: &str, body: &Value) -> Delivery {
        let request = self
            .request("PATCH", ACCOUNT, correlation)
            .with_body(body.to_string());
        self.send(&request)
    }
}

#[test]
fn an_update_replaces_what_the_account_says() {
    let mut stage = Stage::with_account(quiet());
    let mut body = changed("/companyProfile/marketSegments", json!(["GOV", "EDU", "COM"]));
    body["companyProfile"]["address"]["city"] = "Santa Clara".into();
    body["companyProfile"]["address"]
        .as_object_mut()
        .unwrap()
        .shift_remove("addressLine2");
    let answer = whole(&stage.patch("u1", &body));
    assert_eq!(said(&answer), "200 1000");
    let shown = json(&stage.read(ACCOUNT));
    assert_eq!(json(&answer), shown);
    assert_eq!(shown["companyProfile"], body["companyProfile"]);
    assert_eq!(
        (
            &shown["externalReferenceId"],
            &shown["distributorId"],
            &shown["creationDate"]
        ),
        (&json!("999"), &json!("345434543"), &json!("2019-05-02T22:49:52Z"))
    );
    let list = json(&stage.read("/v3/resellers?company-name=Fairmont"));
    assert_eq!(list["accounts"][0]["externalReferenceId"], "999");
    let ledger = stage.admin("GET", "ledger", "");
    assert_eq!(ledger["accounts_created"], 1);
    assert_eq!(
        (&ledger["updates"], &ledger["updates_per_account_max"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        ledger["calls"],
        json!({ "create": 1, "update": 1, "get": 1, "list": 1 })
    );
    assert_eq!(stage.admin("GET", "accounts?reference=888", "")["total"], 0);
    assert_eq!(
        stage.admin("GET", "accounts?reference=999", "")["accounts"][0]["updates"],
        1
    );
}

#[test]
fn what_is_refused() {
    let table = [
        (
            changed("/companyProfile/companyName", "Fairmount".into()),
            "400 1119",
        ),
        (
            changed("/companyProfile/address/country", "CA".into()),
            "400 1118",
        ),
        (changed("/companyProfile/address/region", "NV".into()), "400 1119"),
        (
            changed("/companyProfile/marketSegments", json!(["COM", "GOV"])),
            "400 5122",
        ),
        (changed("/companyProfile/marketSegments", Value::Null), "400 1122"),
        (
            changed("/companyProfile/marketSegments", json!(["XXX"])),
            "400 2135",
        ),
        (changed("/companyProfile/contacts", json!([])), "400 1122"),
        (changed("/companyProfile/address/city", "<".into()), "400 1118"),
        (changed("/externalReferenceId", "x".repeat(36).into()), "400 2126"),
        (seed_body(), "400 1121"),
    ];
    let mut stage = Stage::with_account(quiet());
    for (n, (body, expected)) in table.iter().enumerate() {
        assert_eq!(
            said(&whole(&stage.patch(&format!("u{n}"), body))),
            *expected,
            "{body}"
        );
    }
    let region = json(&whole(&stage.patch("u2", &table[2].0)));
    assert_eq!(
        region["additionalDetails"],
        json!(["companyProfile.address.region"])
    );
    for (status, expected) in [("1002", "400 1125"), ("1012", "400 1125"), ("1004", "200 1004")] {
        stage.admin(
            "POST",
            "accounts/5556667778/status",
            &json!({ "status": status }).to_string(),
        );
        assert_eq!(said(&whole(&stage.patch(status, &update()))), expected);
    }
    let request = stage
        .request("PATCH", "/v3/resellers/1", "u")
        .with_body(update().to_string());
    assert_eq!(said(&whole(&stage.send(&request))), "404 1115");
    assert_eq!(stage.admin("GET", "ledger", "")["updates"], 1);
}

#[test]
fn names_of_known_contacts_are_echoed_and_not_kept() {
    let mut stage = Stage::with_account(quiet());
    let contacts = json!([
        { "firstName": "Minnie", "lastName": "Mouse", "email": "mickey@mouse.com" },
        { "firstName": "Daisy", "lastName": "Duck", "email": "daisy@duck.com" },
    ]);
    let names = |reply: &Reply| {
        let contacts = json(reply)["companyProfile"]["contacts"].clone();
        [0, 1].map(|n| contacts[n]["firstName"].as_str().unwrap_or_default().to_owned())
    };
    let body = changed("/companyProfile/contacts", contacts);
    assert_eq!(names(&whole(&stage.patch("u1", &body))), ["Minnie", "Daisy"]);
    assert_eq!(names(&stage.read(ACCOUNT)), ["Mickey", "Daisy"]);
}

#[test]
fn answers_are_replayed_as_they_were() {
    let mut stage = Stage::with_account(quiet());
    stage.adobe.keep_journal();
    let second = changed("/companyProfile/address/city", "Santa Clara".into());
    let first = whole(&stage.patch("u1", &update()));
    let read = stage.request("GET", ACCOUNT, "read");
    let read_first = whole(&stage.send(&read));
    let then = whole(&stage.patch("u2", &second));
    assert_ne!(first.body, then.body);
    for _ in 0..2 {
        assert_eq!(whole(&stage.patch("u1", &update())).body, first.body);
        assert_eq!(whole(&stage.patch("u2", &second)).body, then.body);
    }
    let read_again = stage.request("GET", ACCOUNT, "read");
    assert_eq!(whole(&stage.send(&read_again)).body, read_first.body);
    let own = stage.adobe.ledger().tally.own;
    assert_eq!(
        (own.updates, own.updates_per_account_max, own.reused_ids),
        (2, 2, 4)
    );

    // And after a restart.
    let lines = stage.adobe.take_journal();
    let mut again = Stage::with_account(quiet());
    again.calls = 1_000;
    for line in lines {
        let line = serde_json::to_string(&line).unwrap();
        again.adobe.restore(serde_json::from_str(&line).unwrap()).unwrap();
    }
    assert_eq!(whole(&again.patch("u1", &update())).body, first.body);
    assert_eq!(whole(&again.patch("u2", &second)).body, then.body);
    assert!(
        stage
            .adobe
            .accounts(None, stage.now)
            .eq(again.adobe.accounts(None, again.now))
    );
}

#[test]
fn faults_strike_updates_too() {
    let mut stage = Stage::with_account(only(Fault::DroppedAfterCommit));
    stage.set(json!({ "fault_on": ["update"] }));
    stage.create("c2", &seed_body());
    assert_eq!(stage.patch("u1", &update()), Delivery::Drop);
    assert_eq!(json(&stage.read(ACCOUNT))["externalReferenceId"], "999");
    stage.set(json!({ "fault_on": [] }));
    assert_eq!(said(&whole(&stage.patch("u1", &update()))), "200 1000");
    let own = stage.adobe.ledger().tally.own;
    assert_eq!((own.updates, own.reused_ids, own.replayed), (1, 0, 1));
}
