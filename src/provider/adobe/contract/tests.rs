//! What the table gives, rule by rule.

mod update;
mod values;

use std::collections::HashMap;

use super::places::{NOT_ACCEPTED, REGIONS};
use super::*;
use crate::domain::contract::{Cells, Ruling};
use crate::domain::country::is_code;
use crate::domain::fault::{Fault, Place};
use crate::domain::record::Record;
use crate::provider::cells::{FIXED_DIGITS, POSTAL_FORMS};

/// A row by field: what a test says, else the seed's.
struct Sheet(HashMap<Field, String>);

impl Sheet {
    /// The seed's reseller (seed 000), changed.
    fn with(changes: &[(Field, &str)]) -> Self {
        let seed = [
            (Field::Key, "888"),
            (Field::Company, "Fairmont"),
            (Field::Language, "en-US"),
            (Field::Segments, "COM;EDU"),
            (Field::Country, "US"),
            (Field::Region, "CA"),
            (Field::City, "San Jose"),
            (Field::Line1, "200 Fairmont Ave"),
            (Field::Line2, "Apt 123"),
            (Field::PostalCode, "95110-1234"),
            (Field::Phone, "800-123-4567"),
            (Field::FirstName(0), "Mickey"),
            (Field::LastName(0), "Mouse"),
            (Field::Email(0), "mickey@mouse.com"),
            (Field::ContactPhone(0), "408-123-4567"),
        ];
        Self(
            seed.iter()
                .chain(changes)
                .map(|(field, text)| (*field, (*text).to_owned()))
                .collect(),
        )
    }

    fn validate(&self, ruling: &Ruling<'_>) -> (Option<Record>, Vec<Fault>) {
        let mut faults = Vec::new();
        (CONTRACT.validate(self, ruling, &mut faults), faults)
    }

    /// `rule -> hint` of every fault.
    fn rules(&self) -> Vec<(String, String)> {
        self.validate(&Ruling::default())
            .1
            .into_iter()
            .map(|fault| (fault.rule.into_owned(), fault.hint))
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
        3
    }
}

#[test]
fn a_bad_country_does_not_drag_region_and_postal_code_along() {
    let rules = Sheet::with(&[
        (Field::Country, "Germany"),
        (Field::Region, "Bayern"),
        (Field::PostalCode, "x"),
    ])
    .rules();
    assert_eq!(rules.len(), 1, "{rules:?}");
}

#[test]
fn the_seed_becomes_the_record_it_is() {
    let (record, faults) = Sheet::with(&[]).validate(&Ruling::default());
    assert_eq!(faults, []);
    let record = record.unwrap();
    assert_eq!(record.key().as_str(), "888");
    assert_eq!(record.segments().collect::<Vec<_>>(), ["COM", "EDU"]);
    assert_eq!(record.get(Field::PostalCode), Some("95110-1234"));
    assert_eq!(record.contacts().count(), 1);
}

#[test]
fn values_are_trimmed_lists_are_tidied_and_what_is_missing_has_its_default() {
    let sheet = Sheet::with(&[
        (Field::Company, "\u{a0} Fairmont\u{3000}"),
        (Field::Segments, "EDU | COM,EDU;"),
    ]);
    let record = sheet.validate(&Ruling::default()).0.unwrap();
    assert_eq!(record.get(Field::Company), Some("Fairmont"));
    assert_eq!(record.get(Field::Segments), Some("EDU;COM"));
    let record = Sheet::with(&[(Field::Segments, " "), (Field::Line2, "")])
        .validate(&Ruling::default())
        .0
        .unwrap();
    assert_eq!(record.get(Field::Segments), Some("COM"));
    assert_eq!(record.get(Field::Line2), None);
}

#[test]
fn a_further_contact_is_whole_or_absent() {
    let third = |n| Field::of_contact(n);
    let rules = Sheet::with(&[(third(2)[0], "Minnie")]).rules();
    assert_eq!(
        rules.iter().map(|(rule, _)| rule.as_str()).collect::<Vec<_>>(),
        ["last_name.required", "email.required"]
    );
    let sheet = Sheet::with(&[
        (third(2)[0], "Minnie"),
        (third(2)[1], "Mouse"),
        (third(2)[2], "minnie@mouse.com"),
    ]);
    let record = sheet.validate(&Ruling::default()).0.unwrap();
    assert_eq!(
        record
            .contacts()
            .map(|contact| contact.number)
            .collect::<Vec<_>>(),
        [0, 2]
    );
}

#[test]
fn a_job_can_lower_a_check_but_not_every_one() {
    let sheet = Sheet::with(&[(Field::PostalCode, "1"), (Field::Company, "Yahoo!")]);
    let warn_only = ["postal_code.pattern".to_owned(), "company.characters".to_owned()];
    let (record, faults) = sheet.validate(&Ruling {
        warn_only: &warn_only,
        distributor: None,
        for_all: &[],
    });
    assert!(record.is_some());
    assert!(faults.len() == 2 && faults.iter().all(|fault| fault.severity == Severity::Warning));
    let firm = [
        "key.length".to_owned(),
        "key.required".to_owned(),
        "country.code".to_owned(),
    ];
    let ruling = Ruling {
        warn_only: &firm,
        distributor: None,
        for_all: &[],
    };
    assert!(
        Sheet::with(&[(Field::Key, &"x".repeat(36))])
            .validate(&ruling)
            .0
            .is_none()
    );
    assert!(
        Sheet::with(&[(Field::Country, "XX")])
            .validate(&ruling)
            .0
            .is_none()
    );
    assert!(CONTRACT.can_be_lowered("postal_code.pattern") && !CONTRACT.can_be_lowered("key.length"));
    assert!(!CONTRACT.can_be_lowered("no.such"));
}

#[test]
fn a_file_that_names_the_distributor_must_name_the_jobs() {
    let sheet = Sheet::with(&[(Field::Distributor, "345434543")]);
    for (distributor, sound) in [(None, true), (Some("345434543"), true), (Some("1"), false)] {
        let (record, faults) = sheet.validate(&Ruling {
            warn_only: &[],
            distributor,
            for_all: &[],
        });
        assert_eq!(record.is_some(), sound);
        assert!(record.is_none_or(|record| record.get(Field::Distributor).is_none()));
        assert_eq!(
            faults.first().map(|fault| fault.rule.as_ref()),
            (!sound).then_some("distributor.other")
        );
    }
}

#[test]
fn the_providers_paths_lead_back_to_columns() {
    for (path, field) in [
        ("companyProfile.companyName", Some(Field::Company)),
        ("companyProfile.contacts[0].firstName", Some(Field::FirstName(0))),
        ("companyProfile.contacts[3].email", Some(Field::Email(3))),
        ("companyProfile.address.postalCode", Some(Field::PostalCode)),
        ("companyProfile.marketSegments", Some(Field::Segments)),
        ("companyProfile.marketSegments[1]", Some(Field::Segments)),
        ("externalReferenceId", Some(Field::Key)),
        ("companyProfile.contacts[20].email", None),
        ("companyProfile.contacts[x].email", None),
        ("companyProfile.contacts[0", None),
        ("companyProfile.address", None),
        ("", None),
    ] {
        assert_eq!(CONTRACT.field_of_wire_path(path), field, "{path}");
    }
    for contract in [&CONTRACT, &UPDATE] {
        for field in Field::all().filter(|field| contract.rule(*field).is_some()) {
            let path = contract.wire_path_of(field).unwrap();
            assert_eq!(contract.field_of_wire_path(&path), Some(field), "{path}");
        }
    }
}

#[test]
fn the_table_is_sound() {
    assert_eq!(LOCALES.len(), 43);
    assert_eq!(NOT_ACCEPTED.len(), 25);
    assert!(NOT_ACCEPTED.iter().all(|(code, _)| is_code(code)));
    assert_eq!(
        REGIONS
            .iter()
            .map(|table| table.regions.len())
            .collect::<Vec<_>>(),
        [55, 14]
    );
    for rules in [FIELD_RULES, UPDATE_RULES] {
        assert!(
            rules.is_sorted_by_key(|rule| rule.field.slot()),
            "records are in canonical order"
        );
    }
    for rule in FIELD_RULES.iter().chain(UPDATE_RULES) {
        let field = rule.field.base_name();
        let must_be = matches!(rule.need, Need::Required | Need::OfContact);
        assert!(!must_be || !rule.hint.is_empty(), "{field}");
        for check in rule.checks {
            assert!(
                check.id.starts_with(field) && !check.hint.is_empty(),
                "{}",
                check.id
            );
        }
    }
    for form in POSTAL_FORMS {
        assert!(is_code(form.country) && !form.masks.is_empty());
        assert!(
            FIXED_DIGITS.iter().all(|(country, _)| *country != form.country),
            "one rule a country"
        );
    }
    let ids: Vec<&str> = CONTRACT.check_ids().collect();
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(ids.len(), once.len(), "an id names one check");
}
