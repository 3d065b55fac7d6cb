//! A record as the body of a create. Rendered once, on import, and sent as it stands for ever.

use std::sync::Arc;

use super::wire::{Address, CompanyProfile, Contact, CreateReseller};
use crate::domain::field::Field;
use crate::domain::record::Record;

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
