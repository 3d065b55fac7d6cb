//! A record as the body of a create. Rendered once, on import, and sent as it stands for ever.

use std::sync::Arc;

use uuid::Uuid;

pub use crate::config::providers::ExternalId;

use super::wire::{Address, Contact, ContactType, CreateReseller};
use crate::domain::field::Field;
use crate::domain::ids::RowKey;
use crate::domain::record::Record;

/// The namespace of external ids that are UUIDs. Changing it gives every reseller another one, and makes it a new
/// reseller to the provider.
const EXTERNAL_ID_NAMESPACE: Uuid = Uuid::from_u128(0x9b0d_5d6c_3f0a_5c1e_8d57_72a4_0c1b_e6f3);

/// What a job says of every row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Defaults {
    /// Whether resellers may manage accounts. `false` by default, as in the provider's sample: a right is given by
    /// somebody, not by omission.
    pub workload_access: bool,
    /// What the provider keeps as the row's id.
    pub external_id: ExternalId,
}

impl ExternalId {
    /// The `externalId` of the row with this key.
    pub fn of(self, key: &RowKey) -> String {
        match self {
            Self::Key => key.to_string(),
            Self::Uuid => Uuid::new_v5(&EXTERNAL_ID_NAMESPACE, key.as_str().as_bytes())
                .hyphenated()
                .to_string(),
        }
    }
}

/// The body of the create for `record`.
pub fn create(record: &Record, defaults: &Defaults) -> Result<Arc<str>, serde_json::Error> {
    let text = |field| record.get(field).unwrap_or_default().to_owned();
    let optional = |field| record.get(field).map(str::to_owned);
    let contact = Contact {
        kind: ContactType::Primary,
        email: text(Field::Email(0)),
        first_name: text(Field::FirstName(0)),
        last_name: text(Field::LastName(0)),
        phone: optional(Field::ContactPhone(0)),
        address: Address {
            address_line1: text(Field::Line1),
            address_line2: optional(Field::Line2),
            city: text(Field::City),
            state: optional(Field::Region),
            country: text(Field::Country),
            postal_code: text(Field::PostalCode),
        },
    };
    let body = CreateReseller {
        external_id: defaults.external_id.of(record.key()),
        name: text(Field::Company),
        website: optional(Field::Website),
        contacts: [contact],
        workload_access: defaults.workload_access,
    };
    body.render()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(fields: &serde_json::Value) -> Record {
        serde_json::from_value(fields.clone()).unwrap()
    }

    /// The seed's reseller (providers.md 4.3).
    fn seed() -> serde_json::Value {
        json!({
            "key": "R-17", "company": "testreseller", "country": "US", "region": "New York", "city": "Tinton Fall",
            "address_line_1": "1 Commvault", "postal_code": "508001", "website": "www.testreseller.com",
            "first_name": "Brooks", "last_name": "Price", "email": "admin@testreseller.com",
            "contact_phone": "201-200-5904"
        })
    }

    #[test]
    fn the_whole_body_and_the_least() {
        let whole = create(&record(&seed()), &Defaults::default()).unwrap();
        assert_eq!(
            &*whole,
            concat!(
                r#"{"externalId":"R-17","name":"testreseller","website":"www.testreseller.com","contacts":[{"#,
                r#""type":"primary","email":"admin@testreseller.com","firstName":"Brooks","lastName":"Price","#,
                r#""phone":"201-200-5904","address":{"addressLine1":"1 Commvault","city":"Tinton Fall","#,
                r#""state":"New York","country":"US","postalCode":"508001"}}],"workloadAccess":false}"#
            )
        );
        let mut least = seed();
        for field in ["website", "contact_phone", "region"] {
            least.as_object_mut().unwrap().shift_remove(field);
        }
        least["country"] = "DE".into();
        least["company"] = "\"Ä & Ö\" ＆ Co".into();
        least["address_line_2"] = "Hof".into();
        let defaults = Defaults {
            workload_access: true,
            external_id: ExternalId::Uuid,
        };
        assert_eq!(
            &*create(&record(&least), &defaults).unwrap(),
            concat!(
                r#"{"externalId":"8e702073-b790-5160-a7f2-9c56d7690e52","name":"\"Ä & Ö\" ＆ Co","contacts":[{"#,
                r#""type":"primary","email":"admin@testreseller.com","firstName":"Brooks","lastName":"Price","#,
                r#""address":{"addressLine1":"1 Commvault","addressLine2":"Hof","city":"Tinton Fall","#,
                r#""country":"DE","postalCode":"508001"}}],"workloadAccess":true}"#
            )
        );
    }

    #[test]
    fn an_external_id_is_the_key_or_always_the_same_uuid() {
        let key = |text| RowKey::new(text).unwrap();
        assert_eq!(ExternalId::Key.of(&key("ä b/1")), "ä b/1");
        // A change here makes every reseller of every user a new one at the provider.
        assert_eq!(
            ExternalId::Uuid.of(&key("R-17")),
            "8e702073-b790-5160-a7f2-9c56d7690e52"
        );
        assert_ne!(
            ExternalId::Uuid.of(&key("R-17")),
            ExternalId::Uuid.of(&key("r-17"))
        );
    }
}
