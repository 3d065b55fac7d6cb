//! A record as what is asked of the provider. Rendered once, on import. A create's is sent as it stands for ever; an update's
//! is what the account is compared with.

use std::sync::Arc;

use super::update::details::{
    CITY, COUNTRY, Contact as Said, Details, LANGUAGE, LINE_1, LINE_2, NAME, PHONE, POSTAL_CODE, REFERENCE,
    REGION, Row,
};
use super::wire::{Address, CompanyProfile, Contact, CreateReseller};
use crate::domain::field::Field;
use crate::domain::ids::AccountId;
use crate::domain::record::{Record, derived_key};

/// The body of `POST /v3/resellers` for `record`, under the job's distributor unless the row names one. The row's key is the external reference: what a look-up finds the
/// account by (providers.md 2.7).
pub fn create(record: &Record, distributor_id: &str) -> Result<Arc<str>, serde_json::Error> {
    let text = |field| record.get(field).unwrap_or_default().to_owned();
    let optional = |field| record.get(field).map(str::to_owned);
    let contacts = record.contacts().map(|contact| Contact {
        first_name: contact.first_name.to_owned(),
        last_name: contact.last_name.to_owned(),
        email: contact.email.to_owned(),
        phone_number: contact.phone.map(str::to_owned),
    });
    let body = CreateReseller {
        distributor_id: record
            .get(Field::Distributor)
            .unwrap_or(distributor_id)
            .to_owned(),
        external_reference_id: Some(record.key().to_string()),
        company_profile: CompanyProfile {
            company_name: text(Field::Company),
            preferred_language: text(Field::Language),
            market_segments: record.segments().map(str::to_owned).collect(),
            address: Address {
                country: text(Field::Country),
                region: text(Field::Region),
                city: text(Field::City),
                address_line1: text(Field::Line1),
                address_line2: optional(Field::Line2),
                postal_code: text(Field::PostalCode),
                phone_number: optional(Field::Phone),
            },
            contacts: contacts.collect(),
        },
    };
    body.render()
}

/// Where the fields go that an update takes as they are.
const TEXTS: [(&str, Field); 9] = [
    (NAME, Field::Company),
    (LANGUAGE, Field::Language),
    (COUNTRY, Field::Country),
    (REGION, Field::Region),
    (CITY, Field::City),
    (LINE_1, Field::Line1),
    (LINE_2, Field::Line2),
    (POSTAL_CODE, Field::PostalCode),
    (PHONE, Field::Phone),
];

/// What an update asks for `record`: `{"reseller": its own id or null, "reference": its key, "body": what the row gives}`. No
/// distributor: the call does not take one (seed 002). A key that was derived for want of a column finds the account that a
/// create made with it, but does not take the place of another reference.
pub fn update(record: &Record) -> Result<Arc<str>, serde_json::Error> {
    let given = TEXTS
        .into_iter()
        .filter_map(|(place, field)| Some((place, record.get(field)?.to_owned())));
    let own_key = (!has_derived_key(record)).then(|| (REFERENCE, record.key().to_string()));
    let contacts = record.contacts().map(|contact| {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Said {
            first_name: given(contact.first_name),
            last_name: given(contact.last_name),
            email: given(contact.email),
            phone: contact.phone.map(str::to_owned),
        }
    });
    let row = Row {
        reseller: record.get(Field::Account).map(AccountId::new),
        reference: record.key().to_string(),
        body: Details {
            texts: given.chain(own_key).collect(),
            segments: record.segments().map(str::to_owned).collect(),
            contacts: contacts.collect(),
        },
    };
    row.render().map(Arc::from)
}

fn has_derived_key(record: &Record) -> bool {
    let text = |field| record.get(field).unwrap_or_default();
    let derived = derived_key(text(Field::Company), text(Field::Country), text(Field::Email(0)));
    derived.as_ref() == Some(record.key())
}

#[cfg(test)]
mod tests;
