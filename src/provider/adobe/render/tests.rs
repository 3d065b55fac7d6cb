use super::*;

fn record(json: &str) -> Record {
    serde_json::from_str(json).unwrap()
}

#[test]
fn an_update_asks_for_what_the_row_gives() {
    let row = record(
        r#"{"key":"888","company":"Fairmont","language":"en-US","segments":"COM;EDU","country":"US","region":"CA",
            "city":"San Jose","address_line_1":"200 Fairmont Ave","address_line_2":"Apt 123","postal_code":"95110-1234",
            "phone":"800-123-4567","distributor":"345434543","account":"5556667778","first_name":"Mickey",
            "last_name":"Mouse","email":"mickey@mouse.com","contact_phone":"408-123-4567"}"#,
    );
    assert_eq!(
        &*update(&row).unwrap(),
        concat!(
            r#"{"reseller":"5556667778","reference":"888","body":{"externalReferenceId":"888","companyProfile":{"#,
            r#""companyName":"Fairmont","preferredLanguage":"en-US","marketSegments":["COM","EDU"],"#,
            r#""address":{"country":"US","region":"CA","city":"San Jose","addressLine1":"200 Fairmont Ave","#,
            r#""addressLine2":"Apt 123","postalCode":"95110-1234","phoneNumber":"800-123-4567"},"#,
            r#""contacts":[{"firstName":"Mickey","lastName":"Mouse","email":"mickey@mouse.com","phoneNumber":"408-123-4567"}]}}}"#
        )
    );
    let least = record(r#"{"key":"888","company":"Fairmont","country":"US","region":"CA"}"#);
    assert_eq!(
        &*update(&least).unwrap(),
        concat!(
            r#"{"reseller":null,"reference":"888","body":{"externalReferenceId":"888","companyProfile":"#,
            r#"{"companyName":"Fairmont","address":{"country":"US","region":"CA"}}}}"#
        )
    );
}

#[test]
fn a_derived_key_finds_and_does_not_replace() {
    let key = derived_key("Fairmont", "US", "a@b.example").unwrap();
    let row = record(&format!(
        r#"{{"key":"{key}","company":"Fairmont","country":"US","region":"CA","first_name":"A","last_name":"B","email":"a@b.example"}}"#
    ));
    let payload = update(&row).unwrap();
    assert!(payload.starts_with(&format!(
        r#"{{"reseller":null,"reference":"{key}","body":{{"companyProfile""#
    )));
}
