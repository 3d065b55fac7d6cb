//! What the table gives, rule by rule.

use std::collections::HashMap;

use super::*;
use crate::domain::contract::{Cells, Ruling};
use crate::domain::fault::{Fault, Place};
use crate::domain::record::Record;

/// A row by field: what a test says, else a sound one's.
struct Sheet(HashMap<Field, String>);

impl Sheet {
    fn with(changes: &[(Field, &str)]) -> Self {
        let seed = [
            (Field::Key, "R-1"),
            (Field::Company, "Fairmont"),
            (Field::Country, "US"),
            (Field::Region, "California"),
            (Field::City, "San Jose"),
            (Field::Line1, "200 Fairmont Ave"),
            (Field::PostalCode, "95110"),
            (Field::Phone, "+1 408 555 0100"),
            (Field::FirstName(0), "Mickey"),
            (Field::LastName(0), "Mouse"),
            (Field::Email(0), "mickey@mouse.com"),
        ];
        let all = seed.iter().chain(changes);
        Self(all.map(|(field, text)| (*field, (*text).to_owned())).collect())
    }

    fn without(field: Field) -> Self {
        let mut sheet = Self::with(&[]);
        sheet.0.remove(&field);
        sheet
    }

    fn validate(&self, ruling: &Ruling<'_>) -> (Option<Record>, Vec<Fault>) {
        let mut faults = Vec::new();
        (CONTRACT.validate(self, ruling, &mut faults), faults)
    }

    /// `rule: hint` of every fault.
    fn told(&self) -> Vec<String> {
        let (_, faults) = self.validate(&Ruling::default());
        faults
            .into_iter()
            .map(|fault| format!("{}: {}", fault.rule, fault.hint))
            .collect()
    }
}

impl Cells for Sheet {
    fn text(&self, field: Field) -> Option<&str> {
        self.0.get(&field).map(String::as_str)
    }

    fn place(&self, field: Field) -> Place {
        Place {
            column: field.to_string(),
            ..Place::record(&"test".into(), 2, 1)
        }
    }

    fn contacts(&self) -> u8 {
        1
    }
}

#[rustfmt::skip]
#[test]
fn values_that_pass() {
    for changes in [
        &[][..],
        &[(Field::Language, "en")],
        &[(Field::Language, "zh-HANS")],
        &[(Field::Country, "SG"), (Field::Region, "")],
        &[(Field::Country, "DE"), (Field::Region, "Bayern")],
        &[(Field::Phone, "0044 20 7946 0000")],
        &[(Field::Phone, "020 7946 0000"), (Field::PhoneCc, "44")],
        &[(Field::AltPhone, "+44 20 7946 0000")],
        &[(Field::Fax, "5550"), (Field::FaxCc, "+1")],
        &[(Field::Mobile, "+491712345678"), (Field::MobileCc, "49")],
        &[(Field::AccountingCurrency, "USD"), (Field::SellingCurrency, "EUR")],
        &[(Field::Password, "Abcdef1~x")],
        &[(Field::Password, "Aa1{}bcdefghijkl")],
        &[(Field::AcceptPolicy, "YES"), (Field::SmsConsent, "0"), (Field::MarketingConsent, "False")],
        &[(Field::AcceptPolicy, "y"), (Field::SmsConsent, "1"), (Field::MarketingConsent, "true")],
        &[(Field::Line2, "x"), (Field::Line3, "y"), (Field::VatId, "DE123456789")],
    ] {
        assert_eq!(Sheet::with(changes).told(), [""; 0], "{changes:?}");
    }
}

#[rustfmt::skip]
#[test]
fn values_that_do_not() {
    let long = "a".repeat(256);
    for (changes, rule, hint) in [
        (&[(Field::Key, " ")][..], "key.required", "your own id"),
        (&[(Field::Key, &"x".repeat(36))], "key.length", "shorter"),
        (&[(Field::Key, "a<b")], "key.characters", "leave out"),
        (&[(Field::Key, "4.91512E+11")], "key.sheet_number", "as text"),
        (&[(Field::Company, "")], "company.required", "write"),
        (&[(Field::Company, &long)], "company.length", "shorten"),
        (&[(Field::Company, "a\nb")], "text.control", "one line"),
        (&[(Field::Company, "#REF!")], "text.sheet_error", "formula"),
        (&[(Field::Language, "english")], "language.code", "such as en"),
        (&[(Field::Language, "EN")], "language.code", "write en"),
        (&[(Field::Language, "xx")], "language.code", "such as en"),
        (&[(Field::Country, "")], "country.required", "ISO 3166-1"),
        (&[(Field::Country, "USA")], "country.code", "write US"),
        (&[(Field::Region, "")], "region.required", "the state or province"),
        (&[(Field::Country, "IN"), (Field::PostalCode, "560001"), (Field::Region, "")], "region.required", "the state or province"),
        (&[(Field::Region, &long)], "region.length", "shorten"),
        (&[(Field::City, "")], "city.required", "write"),
        (&[(Field::City, &long)], "city.length", "shorten"),
        (&[(Field::Line1, "")], "address_line_1.required", "street"),
        (&[(Field::Line1, &long)], "address_line_1.length", "shorten"),
        (&[(Field::Line2, &long)], "address_line_2.length", "shorten"),
        (&[(Field::Line3, &long)], "address_line_3.length", "shorten"),
        (&[(Field::PostalCode, "")], "postal_code.required", "leading zeros"),
        (&[(Field::Country, "HK"), (Field::PostalCode, &long)], "postal_code.length", "shorten"),
        (&[(Field::Country, "HK"), (Field::PostalCode, "4.9E+11")], "postal_code.sheet_number", "as text"),
        (&[(Field::PostalCode, "2110")], "postal_code.pattern", "write 02110"),
        (&[(Field::Country, "FR"), (Field::PostalCode, "1000")], "postal_code.leading_zero", "write 01000"),
        (&[(Field::Phone, "")], "phone.required", "+44 20 7946 0000"),
        (&[(Field::Phone, "408 555 0100")], "phone.number", "+1 and the number without its first 0"),
        (&[(Field::Country, "HK"), (Field::Phone, "3069 0000")], "phone.number", "+852 and the number"),
        (&[(Field::Phone, "+999 1234567")], "phone.number", "international form"),
        (&[(Field::Phone, "+1 555")], "phone.number", "one whole number"),
        (&[(Field::Phone, "+1 408 555 0100 x5")], "phone.number", "without an extension"),
        (&[(Field::PhoneCc, "44")], "phone.number", "write 1 into"),
        (&[(Field::PhoneCc, "UK")], "phone_cc.code", "such as 44"),
        (&[(Field::AltPhone, "555 0100")], "alt_phone.number", "international form"),
        (&[(Field::AltPhoneCc, "999")], "alt_phone_cc.code", "such as 44"),
        (&[(Field::Fax, "x")], "fax.number", "the number alone"),
        (&[(Field::FaxCc, "0")], "fax_cc.code", "such as 44"),
        (&[(Field::Mobile, "1")], "mobile.number", "international form"),
        (&[(Field::MobileCc, "++1")], "mobile_cc.code", "such as 44"),
        (&[(Field::VatId, &long)], "vat_id.length", "shorten"),
        (&[(Field::AccountingCurrency, "usd")], "accounting_currency.code", "write USD"),
        (&[(Field::SellingCurrency, "Dollar")], "selling_currency.code", "such as USD"),
        (&[(Field::Password, "password9")], "password.rule", "9 to 16 characters"),
        (&[(Field::AcceptPolicy, "maybe")], "accept_policy.word", "yes or no"),
        (&[(Field::SmsConsent, "2")], "sms_consent.word", "yes or no"),
        (&[(Field::MarketingConsent, "ja")], "marketing_consent.word", "yes or no"),
        (&[(Field::FirstName(0), "")], "first_name.required", "whole name"),
        (&[(Field::FirstName(0), &long)], "first_name.length", "shorten"),
        (&[(Field::LastName(0), "")], "last_name.required", "whole names"),
        (&[(Field::LastName(0), &long)], "last_name.length", "shorten"),
        (&[(Field::Email(0), "")], "email.required", "username"),
        (&[(Field::Email(0), "mickey")], "email.shape", "name@example.com"),
    ] {
        let told = Sheet::with(changes).told();
        let [one] = told.as_slice() else { panic!("{changes:?}: {told:?}") };
        assert!(one.starts_with(&format!("{rule}: ")) && one.contains(hint), "{changes:?}: {told:?}");
    }
}

#[test]
fn columns_that_a_file_can_do_without() {
    for field in [Field::LastName(0), Field::Key] {
        let (record, faults) = Sheet::without(field).validate(&Ruling::default());
        // A key is derived before this is asked.
        assert_eq!(record.is_some(), field != Field::Key, "{field}: {faults:?}");
    }
    assert_eq!(Sheet::without(Field::Phone).told().len(), 1);
}

#[test]
fn a_bad_country_does_not_drag_the_region_along() {
    let told = Sheet::with(&[(Field::Country, "Murica"), (Field::Region, "")]).told();
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn the_password_alone_is_secret_and_its_rule_can_be_lowered() {
    assert_eq!(CONTRACT.secret, [Field::Password]);
    let sheet = Sheet::with(&[(Field::Password, "hunter2")]);
    let (record, faults) = sheet.validate(&Ruling::default());
    assert!(
        record.is_none() && !format!("{faults:?}").contains("hunter2"),
        "{faults:?}"
    );
    let warn_only = ["password.rule", "phone.number", "accept_policy.word"].map(str::to_owned);
    let ruling = Ruling {
        warn_only: &warn_only,
        ..Ruling::default()
    };
    assert_eq!(
        sheet.validate(&ruling).0.unwrap().get(Field::Password),
        Some("hunter2")
    );
    for firm in [
        (Field::Phone, "555 0100"),
        (Field::AcceptPolicy, "maybe"),
        (Field::PhoneCc, "x"),
    ] {
        assert!(
            Sheet::with(&[firm]).validate(&ruling).0.is_none(),
            "{firm:?}: what is sent is made of it"
        );
    }
}

#[test]
fn the_providers_names_lead_back_to_columns() {
    for (path, field) in [
        ("username", Some(Field::Email(0))),
        ("passwd", Some(Field::Password)),
        ("name", Some(Field::FirstName(0))),
        ("phone-cc", Some(Field::PhoneCc)),
        ("zipcode", Some(Field::PostalCode)),
        ("state", Some(Field::Region)),
        ("", None),
        ("auto-activate", None),
    ] {
        assert_eq!(CONTRACT.field_of_wire_path(path), field, "{path}");
    }
}

#[test]
fn usernames_and_keys_are_unique_in_a_file() {
    let unique: Vec<FileTest> = CONTRACT.file_rules.iter().map(|rule| rule.test).collect();
    assert_eq!(
        unique,
        [FileTest::Unique(Field::Key), FileTest::Unique(Field::Email(0))]
    );
    assert!(
        CONTRACT
            .file_rules
            .iter()
            .all(|rule| rule.severity == Severity::Error)
    );
}

#[test]
fn the_table_is_sound() {
    assert!(LANGUAGES.len() == 183 && LANGUAGES.is_sorted());
    assert!(CURRENCIES.len() > 150 && CURRENCIES.is_sorted());
    assert!(
        FIELD_RULES.is_sorted_by_key(|rule| rule.field.slot()),
        "records are in canonical order"
    );
    for rule in FIELD_RULES {
        let field = rule.field.base_name();
        assert!(rule.need != Need::Required || !rule.hint.is_empty(), "{field}");
        for check in rule.checks {
            assert!(
                check.id.starts_with(field) && !check.hint.is_empty(),
                "{}",
                check.id
            );
        }
    }
    let ids: Vec<&str> = CONTRACT.check_ids().collect();
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(ids.len(), once.len(), "an id names one check");
}

/// What `enlist template` writes.
#[test]
fn the_example_is_one_that_would_be_taken() {
    for all in [false, true] {
        let row: HashMap<Field, String> = CONTRACT
            .template(all)
            .into_iter()
            .map(|(field, text)| (field, text.to_owned()))
            .collect();
        assert_eq!(Sheet(row).told(), [""; 0], "{all}");
    }
}
