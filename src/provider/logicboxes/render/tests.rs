use url::form_urlencoded;

use super::*;

/// The record of these fields.
fn record(changes: &[(&str, &str)]) -> Record {
    let seed = [
        ("key", "R-1"),
        ("company", "Fairmont & Sons"),
        ("country", "US"),
        ("region", "California"),
        ("city", "San José"),
        ("address_line_1", "200 Fairmont Ave"),
        ("postal_code", "00951"),
        ("phone", "+1 (408) 555-0100"),
        ("first_name", "Mickey"),
        ("last_name", "Mouse"),
        ("email", "mickey+r@mouse.com"),
    ];
    let mut map = serde_json::Map::new();
    for (name, text) in seed.iter().chain(changes) {
        map.insert((*name).to_owned(), (*text).into());
    }
    map.retain(|_, text| text != "");
    serde_json::from_value(map.into()).unwrap()
}

fn defaults() -> SignupDefaults {
    SignupDefaults {
        accounting_currency: Some("USD".to_owned()),
        selling_currency: Some("EUR".to_owned()),
        ..SignupDefaults::default()
    }
}

/// One parameter a line.
fn rendered(record: &Record, defaults: &SignupDefaults, password: Option<&str>) -> String {
    let form = signup(record, defaults, password).unwrap();
    let lines = form_urlencoded::parse(form.as_bytes()).map(|(name, value)| format!("{name} = {value}"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_least_that_a_sign_up_has() {
    insta::assert_snapshot!(rendered(&record(&[]), &defaults(), Some("Abcdef1~x")), @r"
    username = mickey+r@mouse.com
    passwd = Abcdef1~x
    name = Mickey Mouse
    company = Fairmont & Sons
    address-line-1 = 200 Fairmont Ave
    city = San José
    state = California
    country = US
    zipcode = 00951
    phone-cc = 1
    phone = 4085550100
    lang-pref = en
    accounting-currency-symbol = USD
    selling-currency-symbol = EUR
    ");
    let form = signup(&record(&[]), &defaults(), Some("Abcdef1~x")).unwrap();
    assert!(
        form.starts_with(
            "username=mickey%2Br%40mouse.com&passwd=Abcdef1%7Ex&name=Mickey+Mouse&company=Fairmont+%26+Sons&"
        ),
        "{form}"
    );
}

#[test]
fn everything_a_row_can_say() {
    let all = record(&[
        ("language", "de-DE"),
        ("country", "DE"),
        ("region", ""),
        ("address_line_2", "Apt 123"),
        ("address_line_3", "Rear"),
        ("phone", "089 123456"),
        ("phone_cc", "+49"),
        ("alt_phone", "+43 1 234567"),
        ("fax", "123457"),
        ("fax_cc", "49"),
        ("mobile", "0049 171 2345678"),
        ("vat_id", "DE123456789"),
        ("accounting_currency", "EUR"),
        ("selling_currency", "CHF"),
        ("password", "Own0ne!!x"),
        ("accept_policy", "Yes"),
        ("sms_consent", "0"),
        ("marketing_consent", "false"),
        ("last_name", ""),
    ]);
    let job = SignupDefaults {
        sales_contact_id: Some(5),
        auto_activate: true,
        accept_policy: Some(false),
        sms_consent: Some(true),
        marketing_consent: Some(true),
        ..defaults()
    };
    insta::assert_snapshot!(rendered(&all, &job, Some("Abcdef1~x")), @r"
    username = mickey+r@mouse.com
    passwd = Own0ne!!x
    name = Mickey
    company = Fairmont & Sons
    address-line-1 = 200 Fairmont Ave
    address-line-2 = Apt 123
    address-line-3 = Rear
    city = San José
    state = Not Applicable
    country = DE
    zipcode = 00951
    phone-cc = 49
    phone = 089123456
    alt-phone-cc = 43
    alt-phone = 1234567
    fax-cc = 49
    fax = 123457
    mobile-cc = 49
    mobile = 1712345678
    lang-pref = de
    accounting-currency-symbol = EUR
    selling-currency-symbol = CHF
    sales-contact-id = 5
    vat-id = DE123456789
    sms-consent = false
    accept-policy = true
    marketing-email-consent = false
    auto-activate = true
    ");
}

#[test]
fn what_the_job_says_of_consents() {
    let job = SignupDefaults {
        accept_policy: Some(true),
        sms_consent: Some(false),
        ..defaults()
    };
    let text = rendered(&record(&[]), &job, Some("Abcdef1~x"));
    assert!(
        text.contains("\nsms-consent = false\naccept-policy = true"),
        "{text}"
    );
    assert!(
        !text.contains("marketing") && !text.contains("auto-activate"),
        "{text}"
    );
}

#[test]
fn what_is_missing_is_named() {
    let told = |record: &Record, defaults: &SignupDefaults, password| {
        let error = signup(record, defaults, password).unwrap_err();
        assert!(error.to_string().contains("\nhint: "), "{error}");
        error.field
    };
    let (sound, password) = (record(&[]), Some("Abcdef1~x"));
    assert_eq!(told(&sound, &defaults(), None), Field::Password);
    let bare = SignupDefaults::default();
    assert_eq!(told(&sound, &bare, password), Field::AccountingCurrency);
    let half = record(&[("accounting_currency", "USD")]);
    assert_eq!(told(&half, &bare, password), Field::SellingCurrency);
    for (name, text, field) in [
        ("phone", "", Field::Phone),
        ("phone", "555-0100", Field::Phone),
        ("alt_phone", "x", Field::AltPhone),
        ("sms_consent", "maybe", Field::SmsConsent),
        ("email", "", Field::Email(0)),
    ] {
        assert_eq!(
            told(&record(&[(name, text)]), &defaults(), password),
            field,
            "{name} {text}"
        );
    }
}

#[test]
fn defaults_are_checked() {
    assert_eq!(defaults().check(), Ok(()));
    let told = |change: fn(&mut SignupDefaults)| {
        let mut job = defaults();
        change(&mut job);
        job.check().unwrap_err().setting
    };
    assert_eq!(
        told(|job| job.language = "en-US".to_owned()),
        "logicboxes.language"
    );
    assert_eq!(
        told(|job| job.accounting_currency = Some("usd".to_owned())),
        "logicboxes.accounting_currency"
    );
    assert_eq!(
        told(|job| job.selling_currency = Some("XXX".to_owned())),
        "logicboxes.selling_currency"
    );
}
