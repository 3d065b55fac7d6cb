use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::super::details::{CITY, LANGUAGE, LINE_2, REFERENCE};
use super::*;

const STORED: [(&str, &str); 6] = [
    (REFERENCE, "888"),
    (NAME, "Fairmont"),
    (LANGUAGE, "en-US"),
    (COUNTRY, "US"),
    (REGION, "CA"),
    (CITY, "San Jose"),
];

fn contact(email: &str, first_name: &str, phone: &str) -> Contact {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Contact {
        first_name: given(first_name),
        last_name: given("Mouse"),
        email: given(email),
        phone: given(phone),
    }
}

fn stored() -> Details {
    Details {
        texts: STORED.map(|(place, text)| (place, text.to_owned())).into(),
        segments: vec!["COM".to_owned(), "EDU".to_owned()],
        contacts: vec![
            contact("a@x.example", "Ann", "1"),
            contact("b@x.example", "Bob", ""),
        ],
    }
}

fn row(texts: &[(&'static str, &str)], segments: &[&str], contacts: Vec<Contact>) -> Details {
    Details {
        texts: texts
            .iter()
            .map(|(place, text)| (*place, (*text).to_owned()))
            .collect(),
        segments: segments.iter().map(|segment| (*segment).to_owned()).collect(),
        contacts,
    }
}

fn errors(errors: &[RowError]) -> Vec<String> {
    errors
        .iter()
        .map(|error| format!("{} {}", error.code, error.field))
        .collect()
}

/// `refused …`, `nothing …`, or `send` with what differs from what is stored.
fn told(row: &Details) -> Vec<String> {
    match decide(&stored(), row) {
        Decision::Refused(why) => [vec!["refused".to_owned()], errors(&why)].concat(),
        Decision::Nothing(kept) => [vec!["nothing".to_owned()], errors(&kept)].concat(),
        Decision::Send(wanted) => {
            let mut told = vec!["send".to_owned()];
            let texts = wanted
                .texts
                .iter()
                .filter(|(place, text)| stored().text(place) != Some(text));
            told.extend(texts.map(|(place, text)| format!("{place}={text}")));
            if wanted.segments != stored().segments {
                told.push(wanted.segments.join(";"));
            }
            if wanted.contacts != stored().contacts {
                told.extend(wanted.contacts.iter().map(|contact| {
                    let part = |text: &Option<String>| text.clone().unwrap_or_default();
                    format!(
                        "{} {} {}",
                        part(&contact.email),
                        part(&contact.first_name),
                        part(&contact.phone)
                    )
                }));
            }
            told
        }
    }
}

#[test]
fn what_a_row_would_change() {
    let texts = |texts: &[(&'static str, &str)]| row(texts, &[], vec![]);
    let segments = |segments: &[&str]| row(&[], segments, vec![]);
    let contacts = |contacts| row(&[], &[], contacts);
    let c = contact;
    let table: Vec<(Details, &[&str])> = vec![
        // Nothing said, nothing done.
        (texts(&[]), &["nothing"]),
        (stored(), &["nothing"]),
        (
            texts(&[(NAME, "Fairmont"), (COUNTRY, "US"), (REGION, "CA")]),
            &["nothing"],
        ),
        // What cannot be changed.
        (
            texts(&[(NAME, "fairmont")]),
            &["refused", "1119 companyProfile.companyName"],
        ),
        (
            texts(&[(NAME, "X"), (COUNTRY, "CA"), (REGION, "QC"), (CITY, "Y")]),
            &[
                "refused",
                "1119 companyProfile.companyName",
                "1119 companyProfile.address.country",
                "1119 companyProfile.address.region",
            ],
        ),
        // What can.
        (
            texts(&[(CITY, "Bay")]),
            &["send", "companyProfile.address.city=Bay"],
        ),
        (texts(&[(REFERENCE, "999")]), &["send", "externalReferenceId=999"]),
        (
            texts(&[(LINE_2, "Apt 1")]),
            &["send", "companyProfile.address.addressLine2=Apt 1"],
        ),
        // Segments may grow.
        (segments(&["EDU", "COM"]), &["nothing"]),
        (segments(&["EDU", "GOV", "COM"]), &["send", "COM;EDU;GOV"]),
        (
            segments(&["COM"]),
            &["refused", "5122 companyProfile.marketSegments"],
        ),
        (
            segments(&["GOV"]),
            &["refused", "5122 companyProfile.marketSegments"],
        ),
        // Contacts are known by their address, and their order is nothing.
        (
            contacts(vec![c("B@x.example", "Bob", ""), c("a@x.example", "Ann", "1")]),
            &["nothing"],
        ),
        (contacts(vec![c("a@x.example", "Ann", "")]), &["nothing"]),
        (
            contacts(vec![c("b@x.example", "Bob", "2")]),
            &["send", "b@x.example Bob 2", "a@x.example Ann 1"],
        ),
        (
            contacts(vec![c("c@x.example", "Cid", "")]),
            &["send", "c@x.example Cid ", "b@x.example Bob "],
        ),
        (
            contacts(vec![c("c@x.example", "Cid", ""), c("a@x.example", "Ann", "1")]),
            &["send", "c@x.example Cid ", "a@x.example Ann 1"],
        ),
        (
            contacts(vec![
                c("a@x.example", "Ann", ""),
                c("b@x.example", "Bob", ""),
                c("c@x.example", "Cid", ""),
            ]),
            &[
                "send",
                "a@x.example Ann 1",
                "b@x.example Bob ",
                "c@x.example Cid ",
            ],
        ),
        // Names alone are not sent, and are told.
        (
            contacts(vec![c("b@x.example", "Ben", "")]),
            &["nothing", "kept companyProfile.contacts[0].firstName"],
        ),
        (
            row(&[(CITY, "Bay")], &[], vec![c("a@x.example", "Ben", "1")]),
            &[
                "send",
                "companyProfile.address.city=Bay",
                "a@x.example Ben 1",
                "b@x.example Bob ",
            ],
        ),
    ];
    for (row, wanted) in table {
        assert_eq!(told(&row), wanted);
    }
}

#[test]
fn a_refusal_says_what_is_stored_and_what_to_do() {
    let Decision::Refused(why) = decide(&stored(), &row(&[(COUNTRY, "CA")], &["COM"], vec![])) else {
        panic!("refused");
    };
    assert_eq!(
        why.iter().map(|error| error.message.as_str()).collect::<Vec<_>>(),
        [
            "the account has \"US\", and an update cannot change it: write it so, or take the row out",
            "the account has \"COM;EDU\", and no segment can be taken away: add \"EDU\", or leave the cell empty",
        ]
    );
}

#[test]
fn what_the_account_does_not_show_is_not_held_against_the_row() {
    let bare = Details::default();
    let says = row(&[(NAME, "Fairmont"), (REGION, "00")], &["EDU"], vec![]);
    assert_eq!(decide(&bare, &says), Decision::Send(says.clone()));
}

#[test]
fn drift_is_told_by_field() {
    let wanted = stored();
    assert_eq!(drift(&wanted, &wanted), []);
    let mut account = stored();
    account.texts.insert(CITY, "SAN JOSE".to_owned());
    account.texts.remove(LANGUAGE);
    account.texts.insert(LINE_2, "its own".to_owned());
    account.segments.push("GOV".to_owned());
    account.contacts = vec![
        contact("z@x.example", "Zoe", ""),
        contact("A@x.example", "Mickey", "2"),
    ];
    let found = drift(&wanted, &account);
    assert_eq!(
        errors(&found),
        [
            "kept companyProfile.address.city",
            "kept companyProfile.preferredLanguage",
            "kept companyProfile.marketSegments",
            "kept companyProfile.contacts[0].firstName",
            "kept companyProfile.contacts[0].phoneNumber",
            "kept companyProfile.contacts[1].email",
            "kept companyProfile.contacts",
        ]
    );
    let messages: String = found.iter().map(|error| error.message.as_str()).collect();
    assert!(
        messages.contains("keeps \"SAN JOSE\"") && !messages.contains("Mickey") && !messages.contains("Zoe")
    );
}

fn any_contact() -> impl Strategy<Value = Contact> {
    let email = prop_oneof![
        Just("a@x.example"),
        Just("A@x.example"),
        Just("b@x.example"),
        Just("c@x.example"),
        Just("")
    ];
    let name = prop_oneof![Just("Ann"), Just("Bob"), Just("")];
    (email, name, prop_oneof![Just("1"), Just("2"), Just("")])
        .prop_map(|(email, name, phone)| contact(email, name, phone))
}

fn any_details() -> impl Strategy<Value = Details> {
    let text = |place| {
        option::of(prop_oneof!["[ab]", ".{1,3}"]).prop_map(move |text| text.map(|text| (place, text)))
    };
    let texts = (
        text(REFERENCE),
        text(CITY),
        text(LINE_2),
        text(NAME),
        text(REGION),
    );
    let segment = prop_oneof![
        Just("COM".to_owned()),
        Just("EDU".to_owned()),
        Just("GOV".to_owned())
    ];
    (texts, vec(segment, 0..3), vec(any_contact(), 0..4)).prop_map(|((a, b, c, d, e), segments, contacts)| {
        Details {
            texts: [a, b, c, d, e].into_iter().flatten().collect(),
            segments,
            contacts,
        }
    })
}

proptest! {
    #[test]
    fn once_sent_nothing_is_left_to_send(stored in any_details(), row in any_details()) {
        let Decision::Send(wanted) = decide(&stored, &row) else { return Ok(()) };
        // What is sent without an address is not known again.
        prop_assume!(wanted.contacts.iter().all(|contact| contact.email.is_some()));
        prop_assert!(wanted.contacts.len() >= stored.contacts.len().max(row.contacts.len()));
        prop_assert!(IDENTITY.iter().all(|place| stored.text(place).is_none_or(|has| wanted.text(place) == Some(has))));
        prop_assert!(stored.segments.iter().all(|segment| wanted.segments.contains(segment)));
        match decide(&wanted, &row) {
            Decision::Nothing(kept) => prop_assert_eq!(kept, vec![]),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn what_is_sent_reads_back(details in any_details()) {
        let body = details.to_value();
        let contacts = details.contacts.len();
        if let Some(read) = Details::of(&body) {
            prop_assert_eq!(read.contacts.len(), contacts);
            prop_assert!(drift(&read, &read).is_empty());
        }
    }
}
