//! What the table gives, rule by rule.

use std::collections::HashMap;

use super::*;
use crate::domain::contract::{Cells, Ruling};
use crate::domain::country::is_code;
use crate::domain::fault::{Fault, Place};
use crate::domain::field::CONTACTS_MAX;
use crate::domain::record::Record;

/// A row by field: what a test says, else the seed's.
struct Sheet(HashMap<Field, String>);

impl Sheet {
    /// The seed's reseller (providers.md 4.3) with its country as a code and a postal code that exists, changed.
    fn with(changes: &[(Field, &str)]) -> Self {
        let seed = [
            (Field::Key, "R-17"),
            (Field::Company, "testreseller"),
            (Field::Country, "US"),
            (Field::Region, "New York"),
            (Field::City, "Tinton Fall"),
            (Field::Line1, "1 Commvault"),
            (Field::PostalCode, "07724"),
            (Field::Website, "www.testreseller.com"),
            (Field::FirstName(0), "Brooks"),
            (Field::LastName(0), "Price"),
            (Field::Email(0), "admin@testreseller.com"),
            (Field::ContactPhone(0), "201-200-5904"),
        ];
        let cells = seed.iter().chain(changes);
        Self(cells.map(|(field, text)| (*field, (*text).to_owned())).collect())
    }

    fn validate(&self, warn_only: &[String]) -> (Option<Record>, Vec<Fault>) {
        let mut faults = Vec::new();
        let ruling = Ruling {
            warn_only,
            distributor: None,
            for_all: &[],
        };
        (CONTRACT.validate(self, &ruling, &mut faults), faults)
    }

    /// `severity rule` of every fault.
    fn faults(&self) -> Vec<String> {
        let faults = self.validate(&[]).1;
        faults
            .iter()
            .map(|fault| format!("{:?} {}", fault.severity, fault.rule))
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
fn the_seed_becomes_the_record_it_is() {
    let (record, faults) = Sheet::with(&[]).validate(&[]);
    assert_eq!(faults, []);
    let record = record.unwrap();
    assert_eq!(record.key().as_str(), "R-17");
    assert_eq!(record.get(Field::PostalCode), Some("07724"));
    assert_eq!(record.get(Field::Website), Some("www.testreseller.com"));
}

#[test]
fn a_file_to_fill_in_holds_a_row_that_is_taken() {
    for all in [false, true] {
        let row = CONTRACT.template(all);
        assert!(row.contains(&(Field::Region, "CA")), "{row:?}");
        let cells = row.iter().map(|(field, text)| (*field, (*text).to_owned()));
        assert_eq!(Sheet(cells.collect()).faults(), [""; 0]);
    }
}

#[rustfmt::skip]
#[test]
fn values_that_pass() {
    let long = "é".repeat(255);
    for (field, value) in [
        (Field::Key, "A-17/ä [x]"), (Field::Key, "12345678901234567890123456789012345"),
        (Field::Company, "X"), (Field::Company, &*long), (Field::Company, "Yahoo! <\"C+C\">"),
        (Field::Region, "NY"), (Field::Region, "new york"), (Field::Region, "District of Columbia"), (Field::Region, "PR"),
        (Field::City, &*long), (Field::Line1, &*long), (Field::Line2, &*long), (Field::Website, &*long),
        (Field::FirstName(0), &*long), (Field::LastName(0), &*long),
        (Field::PostalCode, "10001-1234"), (Field::Website, ""), (Field::ContactPhone(0), ""), (Field::Line2, ""),
        (Field::ContactPhone(0), "+1 (201) 200-5904 ext. 7"), (Field::Email(0), "o'neil+x@mail.example.co.uk"),
    ] {
        assert_eq!(Sheet::with(&[(field, value)]).faults(), [""; 0], "{field} {value}");
    }
}

#[rustfmt::skip]
#[test]
fn values_that_do_not() {
    let long = "x".repeat(256);
    for (field, value, rule, hint) in [
        (Field::Key, " ", "Error key.required", "what keeps the row from being created twice"),
        (Field::Key, "123456789012345678901234567890123456", "Error key.length", "shorter"),
        (Field::Key, "a<b", "Error key.characters", "leave out"),
        (Field::Key, "4.91512E+11", "Warning key.sheet_number", "as text"),
        (Field::Company, "", "Error company.required", "write the company's name"),
        (Field::Company, &*long, "Error company.length", "rules.warn_only"),
        (Field::Company, "#REF!", "Error text.sheet_error", "formula"),
        (Field::Company, "Ab\ncd", "Error text.control", "one line"),
        (Field::Company, "MÃ¼ller GmbH", "Warning text.garbled", "UTF-8"),
        (Field::Country, "", "Error country.required", "ISO 3166-1"),
        (Field::Country, "United States", "Error country.code", "write US"),
        (Field::Country, "us", "Error country.code", "write US"),
        (Field::Region, "", "Error region.required", "required in the United States"),
        (Field::Region, "US-NY", "Error region.state", "after the hyphen: NY"),
        (Field::Region, "ny", "Error region.state", "write NY"),
        (Field::Region, "New Yrok", "Error region.state", "write NY"),
        (Field::Region, "Bavaria", "Error region.state", "such as NY or New York"),
        (Field::City, "", "Error city.required", "city"),
        (Field::City, &*long, "Error city.length", "shorten"),
        (Field::Line1, "", "Error address_line_1.required", "street"),
        (Field::Line1, &*long, "Error address_line_1.length", "address_line_2"),
        (Field::Line2, &*long, "Error address_line_2.length", "shorten"),
        (Field::PostalCode, "", "Error postal_code.required", "as text"),
        (Field::PostalCode, "7724", "Warning postal_code.pattern", "write 07724"),
        (Field::PostalCode, "508001", "Warning postal_code.pattern", "looks like"),
        (Field::PostalCode, "12345678901234567890123456789012345678901", "Error postal_code.length", "alone"),
        (Field::Website, &*long, "Error website.length", "shorten"),
        (Field::FirstName(0), "", "Error first_name.required", "first name"),
        (Field::FirstName(0), &*long, "Error first_name.length", "shorten"),
        (Field::LastName(0), "", "Error last_name.required", "last name"),
        (Field::LastName(0), &*long, "Error last_name.length", "shorten"),
        (Field::Email(0), "", "Error email.required", "email"),
        (Field::Email(0), "mickey", "Error email.shape", "name@example.com"),
        (Field::ContactPhone(0), "12345678901234567890123456789012345678901", "Error contact_phone.length", "one number"),
        (Field::ContactPhone(0), "1.5E+10", "Warning contact_phone.sheet_number", "as text"),
    ] {
        let sheet = Sheet::with(&[(field, value)]);
        let faults = sheet.validate(&[]).1;
        let found = faults.iter().find(|fault| format!("{:?} {}", fault.severity, fault.rule) == rule);
        assert!(found.is_some_and(|fault| fault.hint.contains(hint)), "{field} {value:?}: {faults:?}");
    }
    let lost = Sheet::with(&[(Field::Country, "FR"), (Field::PostalCode, "1000")]);
    assert_eq!(lost.faults(), ["Warning postal_code.leading_zero"]);
}

#[test]
fn a_state_is_required_in_the_united_states_alone_and_known_there_alone() {
    let table = [
        ("US", "", "Error region.required"),
        ("US", "Bayern", "Error region.state"),
        ("DE", "", ""),
        ("DE", "Bayern", ""),
        ("CA", "Québec", ""),
        ("PR", "", ""),
        // A bad country says nothing of the state.
        ("USA", "", "Error country.code"),
    ];
    for (country, state, fault) in table {
        let sheet = Sheet::with(&[
            (Field::Country, country),
            (Field::Region, state),
            (Field::PostalCode, "none"),
        ]);
        let mut faults = sheet.faults();
        faults.retain(|fault| !fault.contains("postal_code"));
        let wanted: Vec<_> = [fault].into_iter().filter(|fault| !fault.is_empty()).collect();
        assert_eq!(faults, wanted, "{country} {state}");
    }
    let mut sheet = Sheet::with(&[]);
    sheet.0.remove(&Field::Region);
    assert_eq!(
        sheet.faults(),
        ["Error region.required"],
        "with a column or without"
    );
}

#[test]
fn there_is_one_contact() {
    let sheet = Sheet::with(&[
        (Field::FirstName(1), "Minnie"),
        (Field::Email(1), "minnie@mouse.example"),
    ]);
    assert_eq!(sheet.faults(), [""; 0], "a further contact is nobody here");
    assert_eq!(sheet.validate(&[]).0.unwrap().contacts().count(), 1);
    assert!(CONTRACT.rule(Field::Email(0)).is_some());
    assert!((1..CONTACTS_MAX).all(|number| CONTRACT.rule(Field::Email(number)).is_none()));
    assert_eq!(CONTRACT.field_of_wire_path("contacts[1].email"), None);
}

#[test]
fn a_job_can_lower_a_limit_that_is_ours() {
    let sheet = Sheet::with(&[(Field::Company, &"x".repeat(256)), (Field::Region, "Bavaria")]);
    assert!(sheet.validate(&[]).0.is_none());
    let (record, faults) = sheet.validate(&["company.length".to_owned(), "region.state".to_owned()]);
    assert!(record.is_some());
    assert!(faults.len() == 2 && faults.iter().all(|fault| fault.severity == Severity::Warning));
    assert!(!CONTRACT.can_be_lowered("key.length") && !CONTRACT.can_be_lowered("country.code"));
}

#[test]
fn paths_lead_back_to_columns() {
    for rule in FIELD_RULES {
        let path = CONTRACT.wire_path_of(rule.field).unwrap();
        assert_eq!(CONTRACT.field_of_wire_path(&path), Some(rule.field), "{path}");
    }
    assert_eq!(CONTRACT.field_of_wire_path("contacts"), None);
}

#[test]
fn the_table_is_sound() {
    assert!(
        FIELD_RULES.is_sorted_by_key(|rule| rule.field.slot()),
        "records are in canonical order"
    );
    assert!(STATES.iter().all(|table| is_code(table.country)));
    assert_eq!(STATES[0].regions.len(), 57);
    assert!(
        STATES[0].regions.is_sorted_by_key(|(code, _)| *code),
        "and none twice"
    );
    for rule in FIELD_RULES {
        let field = rule.field.base_name();
        assert!(!matches!(rule.need, Need::Required | Need::RequiredIn(_)) || !rule.hint.is_empty());
        for check in rule.checks {
            assert!(
                check.id.starts_with(field) && !check.hint.is_empty(),
                "{}",
                check.id
            );
        }
    }
    let mut ids: Vec<&str> = CONTRACT.check_ids().collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id names one check");
    let unique = FILE_RULES.iter().map(|rule| rule.test).collect::<Vec<_>>();
    let fields = [Field::Key, Field::Company, Field::Email(0)];
    assert_eq!(
        unique,
        fields.map(FileTest::Unique),
        "all that is unique there (4.2)"
    );
}
