//! A record: what we believe about one reseller. It exists only if its row was sound.

use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::field::Field;
use super::ids::{Digest, RowKey};

/// Hex digits of a derived key: 80 bits, so that a million different rows share a key once in 10^12 files.
const DERIVED_HEX_DIGITS: usize = 20;

/// One sound row. Made by [`Contract::validate`](super::contract::Contract::validate) alone; the ledger gives
/// back the records it was given.
///
/// Texts are trimmed, never empty, and in canonical order.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    key: RowKey,
    /// All texts one after the other: a record costs three allocations, not one a cell.
    text: String,
    /// Field and end of its text, in canonical order.
    ends: Vec<(Field, usize)>,
}

/// One contact of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact<'a> {
    /// The contact's number in the file's columns, counted from 0. There can be gaps.
    pub number: u8,
    /// First name.
    pub first_name: &'a str,
    /// Last name.
    pub last_name: &'a str,
    /// Email address.
    pub email: &'a str,
    /// Phone, if there is one.
    pub phone: Option<&'a str>,
}

impl Record {
    /// What names the row.
    pub fn key(&self) -> &RowKey {
        &self.key
    }

    /// The text of a field; `None` when the row has none.
    pub fn get(&self, field: Field) -> Option<&str> {
        let at = self.ends.iter().position(|(known, _)| *known == field)?;
        self.text_at(at)
    }

    /// Every field that has a text, in canonical order.
    pub fn fields(&self) -> impl Iterator<Item = (Field, &str)> {
        self.ends
            .iter()
            .enumerate()
            .filter_map(|(at, (field, _))| Some((*field, self.text_at(at)?)))
    }

    /// The market segments, each once, in the order of the file.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.get(Field::Segments)
            .into_iter()
            .flat_map(|text| text.split(';'))
    }

    /// The contacts in the order of the columns.
    pub fn contacts(&self) -> impl Iterator<Item = Contact<'_>> {
        let numbers = self.ends.iter().filter_map(|(field, _)| match field {
            Field::Email(n) => Some(*n),
            _ => None,
        });
        numbers.map(|number| Contact {
            number,
            first_name: self.get(Field::FirstName(number)).unwrap_or_default(),
            last_name: self.get(Field::LastName(number)).unwrap_or_default(),
            email: self.get(Field::Email(number)).unwrap_or_default(),
            phone: self.get(Field::ContactPhone(number)),
        })
    }

    /// The column that a field of a sent contact came from: contacts are sent without gaps, so the provider's
    /// `contacts[1]` can be the third contact of the file.
    pub fn field_in_file(&self, sent: Field) -> Field {
        let Some(position) = sent.contact() else {
            return sent;
        };
        self.contacts()
            .nth(position.into())
            .map_or(sent, |contact| sent.for_contact(contact.number))
    }

    /// Digest of all fields but the key: equal when nothing that goes to a provider changed.
    pub fn digest(&self) -> Digest {
        let mut parts = Vec::with_capacity(self.ends.len() * 2);
        let names: Vec<(String, &str)> = self
            .fields()
            .map(|(field, text)| (field.to_string(), text))
            .collect();
        for (name, text) in names.iter().filter(|(name, _)| name != "key") {
            parts.push(name.as_bytes());
            parts.push(text.as_bytes());
        }
        Digest::of_parts(&parts)
    }

    fn text_at(&self, at: usize) -> Option<&str> {
        let start = at
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .map_or(0, |(_, end)| *end);
        self.text.get(start..self.ends.get(at)?.1)
    }
}

/// A record in the making.
pub(super) struct Draft {
    text: String,
    ends: Vec<(Field, usize)>,
}

impl Draft {
    pub(super) fn with_capacity(bytes: usize, fields: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            ends: Vec::with_capacity(fields),
        }
    }

    /// Adds a field; fields come in canonical order.
    pub(super) fn push(&mut self, field: Field, text: &str) {
        self.text.push_str(text);
        self.ends.push((field, self.text.len()));
    }

    /// The record, if its key is one.
    pub(super) fn finish(self) -> Option<Record> {
        let mut record = Record {
            key: RowKey::new("?").ok()?,
            text: self.text,
            ends: self.ends,
        };
        record.key = RowKey::new(record.get(Field::Key)?).ok()?;
        Some(record)
    }
}

/// The key of a row whose file has no column for one: `r-` and 20 hex digits over company, country and first
/// email, so that it stays when other cells are corrected. Case and white space do not count. `None` when one
/// of the three is missing.
pub fn derived_key(company: &str, country: &str, email: &str) -> Option<RowKey> {
    let parts = [company, country, email].map(|text| {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        words.join(" ")
    });
    if parts.iter().any(String::is_empty) {
        return None;
    }
    let digest = Digest::of_parts(&parts.each_ref().map(|part| part.as_bytes())).to_string();
    RowKey::new(&format!("r-{}", digest.get(..DERIVED_HEX_DIGITS)?)).ok()
}

impl fmt::Debug for Record {
    /// The key alone: records hold personal data and must not reach a log whole.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl Serialize for Record {
    /// A map of canonical column names.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.ends.len()))?;
        for (field, text) in self.fields() {
            map.serialize_entry(&field, text)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Record {
    /// Reads back what [`Serialize`] wrote. Not a second way in for a user's data: nothing is checked but the key.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Record;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a stored record")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
                let mut fields: Vec<(Field, String)> = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    fields.push(entry);
                }
                fields.sort_by_key(|(field, _)| field.slot());
                fields.dedup_by_key(|(field, _)| *field);
                let bytes = fields.iter().map(|(_, text)| text.len()).sum();
                let mut draft = Draft::with_capacity(bytes, fields.len());
                fields.iter().for_each(|(field, text)| draft.push(*field, text));
                draft
                    .finish()
                    .ok_or_else(|| de::Error::custom("a stored record without a sound key"))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let mut draft = Draft::with_capacity(0, 0);
        for (field, text) in [
            (Field::Key, "888"),
            (Field::Company, "Fairmont"),
            (Field::Segments, "COM;EDU"),
            (Field::FirstName(0), "Mickey"),
            (Field::LastName(0), "Mouse"),
            (Field::Email(0), "mickey@mouse.example"),
            (Field::FirstName(2), "Minnie"),
            (Field::LastName(2), "Mouse"),
            (Field::Email(2), "minnie@mouse.example"),
            (Field::ContactPhone(2), "1"),
        ] {
            draft.push(field, text);
        }
        draft.finish().unwrap()
    }

    #[test]
    fn gives_back_what_was_put_in() {
        let record = record();
        assert_eq!(record.key().as_str(), "888");
        assert_eq!(record.get(Field::Company), Some("Fairmont"));
        assert_eq!(record.get(Field::City), None);
        assert_eq!(record.segments().collect::<Vec<_>>(), ["COM", "EDU"]);
        let contacts: Vec<Contact<'_>> = record.contacts().collect();
        assert_eq!(contacts.len(), 2);
        assert_eq!((contacts[1].number, contacts[1].phone), (2, Some("1")));
        assert_eq!(record.field_in_file(Field::Email(1)), Field::Email(2));
        assert_eq!(record.field_in_file(Field::City), Field::City);
    }

    #[test]
    fn goes_to_the_ledger_and_back_and_does_not_print_persons() {
        let json = serde_json::to_string(&record()).unwrap();
        assert!(
            json.starts_with(
                r#"{"key":"888","company":"Fairmont","segments":"COM;EDU","first_name":"Mickey""#
            )
        );
        assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record());
        assert_eq!(format!("{:?}", record()), r#"Record { key: RowKey("888"), .. }"#);
        assert!(serde_json::from_str::<Record>(r#"{"company":"Fairmont"}"#).is_err());
    }

    #[test]
    fn the_digest_is_of_the_data_not_of_the_key() {
        let json = serde_json::to_string(&record()).unwrap();
        let other_key: Record = serde_json::from_str(&json.replace("888", "889")).unwrap();
        let other_data: Record = serde_json::from_str(&json.replace("Fairmont", "Fairmount")).unwrap();
        assert_eq!(record().digest(), other_key.digest());
        assert_ne!(record().digest(), other_data.digest());
    }

    #[test]
    fn a_derived_key_stays_when_other_things_change() {
        let key = derived_key("Fairmont  Ltd ", "US", "Mickey@Mouse.example").unwrap();
        assert_eq!(
            key,
            derived_key("fairmont ltd", "us", "mickey@mouse.example").unwrap()
        );
        assert_eq!(key.as_str().len(), 22);
        assert_ne!(
            key,
            derived_key("fairmont ltd", "ca", "mickey@mouse.example").unwrap()
        );
        assert_eq!(derived_key("fairmont", " ", "a@b.example"), None);
        // Parts do not run together.
        assert_ne!(derived_key("ab", "c", "d"), derived_key("a", "bc", "d"));
        // A change here gives every keyless row of every user a new identity.
        assert_eq!(key.as_str(), "r-028e09456c7132ec1558");
    }
}
