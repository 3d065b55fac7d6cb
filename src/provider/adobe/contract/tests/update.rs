//! What an update takes otherwise.

use super::*;

fn rules_of(row: &[(Field, &str)]) -> Vec<String> {
    let sheet = Sheet(
        row.iter()
            .map(|(field, text)| (*field, (*text).to_owned()))
            .collect(),
    );
    let mut faults = Vec::new();
    let record = UPDATE.validate(&sheet, &Ruling::default(), &mut faults);
    assert_eq!(record.is_some(), faults.is_empty());
    faults.into_iter().map(|fault| fault.rule.into_owned()).collect()
}

const LEAST: [(Field, &str); 4] = [
    (Field::Key, "888"),
    (Field::Company, "Fairmont"),
    (Field::Country, "US"),
    (Field::Region, "CA"),
];

#[test]
fn what_identifies_is_enough_and_cannot_be_left_out() {
    assert_eq!(rules_of(&LEAST), [] as [&str; 0]);
    let rest = |without: Field| -> Vec<(Field, &str)> {
        LEAST.into_iter().filter(|(field, _)| *field != without).collect()
    };
    for (field, rule) in [
        (Field::Key, "key.required"),
        (Field::Company, "company.required"),
        (Field::Country, "country.required"),
        (Field::Region, "region.required"),
    ] {
        assert_eq!(rules_of(&rest(field)), [rule]);
    }
}

#[test]
fn a_contact_is_given_whole_or_not_at_all() {
    let with = |more: &[(Field, &'static str)]| rules_of(&[LEAST.as_slice(), more].concat());
    let whole = [
        (Field::FirstName(0), "Mickey"),
        (Field::LastName(0), "Mouse"),
        (Field::Email(0), "mickey@mouse.com"),
    ];
    assert_eq!(with(&whole), [] as [&str; 0]);
    assert_eq!(with(&whole[..2]), ["email.required"]);
    assert_eq!(with(&whole[2..]), ["first_name.required", "last_name.required"]);
    assert_eq!(
        with(&[(Field::ContactPhone(0), "1")]),
        ["first_name.required", "last_name.required", "email.required"]
    );
    assert_eq!(with(&[(Field::Email(1), "a@b.example")]).len(), 2);
}

#[test]
fn the_accounts_own_id_and_the_rules_of_values() {
    let with = |field, text| rules_of(&[LEAST.as_slice(), &[(field, text)]].concat());
    for good in ["5556667778", "ab-12", "1234"] {
        assert_eq!(with(Field::Account, good), [] as [&str; 0], "{good}");
    }
    for (bad, rule) in [
        ("123", "account.length"),
        ("5.55667E+09", "account.characters"),
        ("12/34", "account.characters"),
        ("..", "account.length"),
    ] {
        assert!(with(Field::Account, bad).contains(&rule.to_owned()), "{bad}");
    }
    assert_eq!(with(Field::Language, "english"), ["language.locale"]);
    assert_eq!(with(Field::Segments, "COM;XXX"), ["segments.value"]);
    assert_eq!(with(Field::PostalCode, "9511"), ["postal_code.pattern"]);
    assert!(CONTRACT.rule(Field::Account).is_none(), "a create takes no id");
}
