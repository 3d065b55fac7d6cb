//! What is written of a reseller, by its places on the wire: what a row gives, what the account has, what is sent, what the
//! answer shows. One shape for all four, so that comparing and filling up are loops over places.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::domain::ids::AccountId;
use crate::provider::adobe::wire::{sound_account, text};

pub(in crate::provider::adobe) const REFERENCE: &str = "externalReferenceId";
pub(in crate::provider::adobe) const NAME: &str = "companyProfile.companyName";
pub(in crate::provider::adobe) const LANGUAGE: &str = "companyProfile.preferredLanguage";
pub(in crate::provider::adobe) const SEGMENTS: &str = "companyProfile.marketSegments";
pub(in crate::provider::adobe) const COUNTRY: &str = "companyProfile.address.country";
pub(in crate::provider::adobe) const REGION: &str = "companyProfile.address.region";
pub(in crate::provider::adobe) const CITY: &str = "companyProfile.address.city";
pub(in crate::provider::adobe) const LINE_1: &str = "companyProfile.address.addressLine1";
pub(in crate::provider::adobe) const LINE_2: &str = "companyProfile.address.addressLine2";
pub(in crate::provider::adobe) const POSTAL_CODE: &str = "companyProfile.address.postalCode";
pub(in crate::provider::adobe) const PHONE: &str = "companyProfile.address.phoneNumber";
pub(in crate::provider::adobe) const CONTACTS: &str = "companyProfile.contacts";

/// The order in which they are sent, which is the page's (seed 002).
const PLACES: [&str; 12] = [
    REFERENCE,
    NAME,
    LANGUAGE,
    SEGMENTS,
    COUNTRY,
    REGION,
    CITY,
    LINE_1,
    LINE_2,
    POSTAL_CODE,
    PHONE,
    CONTACTS,
];

/// What is said of a reseller. What nothing is said of is absent; no text is blank.
#[derive(Clone, Default, PartialEq, Eq)]
pub(in crate::provider::adobe) struct Details {
    /// The texts that are there once a reseller, by place.
    pub(in crate::provider::adobe) texts: BTreeMap<&'static str, String>,
    /// The market segments.
    pub(in crate::provider::adobe) segments: Vec<String>,
    /// The contacts.
    pub(in crate::provider::adobe) contacts: Vec<Contact>,
}

impl std::fmt::Debug for Details {
    /// The places alone: the rest is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Details")
            .field("places", &self.texts.keys())
            .finish_non_exhaustive()
    }
}

/// A contact, as far as anything is said of it.
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(in crate::provider::adobe) struct Contact {
    pub(in crate::provider::adobe) first_name: Option<String>,
    pub(in crate::provider::adobe) last_name: Option<String>,
    pub(in crate::provider::adobe) email: Option<String>,
    pub(in crate::provider::adobe) phone: Option<String>,
}

impl Contact {
    /// Whether both have the same email address, which is what the provider knows a contact by (seed 000).
    pub(super) fn is(&self, other: &Self) -> bool {
        match (&self.email, &other.email) {
            (Some(one), Some(other)) => one.to_lowercase() == other.to_lowercase(),
            _ => false,
        }
    }

    fn of(contact: &Value) -> Option<Self> {
        let contact = contact.as_object()?;
        let said = |key| contact.get(key).and_then(text);
        Some(Self {
            first_name: said("firstName"),
            last_name: said("lastName"),
            email: said("email"),
            phone: said("phoneNumber"),
        })
    }

    fn to_value(&self) -> Value {
        let said = [
            ("firstName", &self.first_name),
            ("lastName", &self.last_name),
            ("email", &self.email),
            ("phoneNumber", &self.phone),
        ];
        let said = said
            .into_iter()
            .filter_map(|(key, text)| Some((key.to_owned(), Value::from(text.clone()?))));
        Value::Object(said.collect())
    }
}

impl Details {
    /// Reads a reseller as the provider shows it, or a part of one. `None` without a company profile. What cannot be
    /// written is passed over.
    pub(super) fn of(reseller: &Value) -> Option<Self> {
        reseller.get("companyProfile")?.as_object()?;
        let at = |place: &str| place.split('.').try_fold(reseller, |value, key| value.get(key));
        let list = |place| at(place).and_then(Value::as_array).into_iter().flatten();
        Some(Self {
            texts: PLACES
                .into_iter()
                .filter_map(|place| Some((place, at(place).and_then(text)?)))
                .collect(),
            segments: list(SEGMENTS).filter_map(text).collect(),
            contacts: list(CONTACTS).filter_map(Contact::of).collect(),
        })
    }

    /// Reads a body.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body)
            .ok()
            .and_then(|reseller| Self::of(&reseller))
    }

    /// As it is sent: nothing that is absent, and no field but these, because others are refused (1121).
    pub(super) fn to_value(&self) -> Value {
        let mut body = Map::new();
        for place in PLACES {
            let value = match place {
                SEGMENTS if self.segments.is_empty() => continue,
                SEGMENTS => json!(self.segments),
                CONTACTS if self.contacts.is_empty() => continue,
                CONTACTS => self.contacts.iter().map(Contact::to_value).collect(),
                _ => match self.texts.get(place) {
                    Some(text) => json!(text),
                    None => continue,
                },
            };
            put(&mut body, place, value);
        }
        Value::Object(body)
    }

    pub(super) fn text(&self, place: &str) -> Option<&str> {
        self.texts.get(place).map(String::as_str)
    }
}

fn put(object: &mut Map<String, Value>, place: &str, value: Value) {
    match place.split_once('.') {
        None => {
            object.insert(place.to_owned(), value);
        }
        Some((head, rest)) => {
            if let Value::Object(inner) = object.entry(head).or_insert_with(|| json!({})) {
                put(inner, rest, value);
            }
        }
    }
}

/// What a row asks for: its payload, read. Kept as `{"reseller", "reference", "body"}`.
pub(in crate::provider::adobe) struct Row {
    /// The account that the row names itself.
    pub(in crate::provider::adobe) reseller: Option<AccountId>,
    /// The row's key: what the account is found by if the row names none.
    pub(in crate::provider::adobe) reference: String,
    /// What the account is to say.
    pub(in crate::provider::adobe) body: Details,
}

impl Row {
    /// Reads a payload; `None` if it is none of ours.
    pub(super) fn parse(payload: &str) -> Option<Self> {
        let payload: Value = serde_json::from_str(payload).ok()?;
        let reseller = match payload.get("reseller")? {
            Value::Null => None,
            named => Some(sound_account(text(named)?)?),
        };
        Some(Self {
            reseller,
            reference: text(payload.get("reference")?)?,
            body: Details::of(payload.get("body")?)?,
        })
    }

    /// The payload. Its digest names the intent, so the same row always gives the same bytes.
    pub(in crate::provider::adobe) fn render(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&json!({
            "reseller": self.reseller.as_ref().map(AccountId::as_str),
            "reference": self.reference,
            "body": self.body.to_value(),
        }))
    }
}
