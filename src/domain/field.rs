//! The canonical columns: what a record is made of, whichever provider it goes to (providers.md 5).
//!
//! A file's own headers are matched to these once, and from then on a column is a [`Field`]: rules, faults,
//! records and the provider's field paths all speak of the same thing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Most contacts a record can have. No provider publishes a maximum (providers.md 2.6); a row must have one.
pub const CONTACTS_MAX: u8 = 20;

/// One canonical column. Contact fields carry the contact's number, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Field {
    /// The user's own identifier of the reseller: names the row for ever.
    Key,
    /// The company's name.
    Company,
    /// The preferred language, as the provider spells languages.
    Language,
    /// Market segments; several in one cell.
    Segments,
    /// ISO 3166-1 alpha-2.
    Country,
    /// State, province or region, as a code.
    Region,
    /// City.
    City,
    /// Street address.
    Line1,
    /// Second line of the street address.
    Line2,
    /// Postal code; text, never a number.
    PostalCode,
    /// The company's phone.
    Phone,
    /// The account holder at the provider. Comes from the job; a file may only repeat it.
    Distributor,
    /// Third line of the street address.
    Line3,
    /// Country calling code of the phone, where it stands apart.
    PhoneCc,
    /// Country calling code of the second phone.
    AltPhoneCc,
    /// A second phone.
    AltPhone,
    /// Country calling code of the fax.
    FaxCc,
    /// Fax.
    Fax,
    /// Country calling code of the mobile phone.
    MobileCc,
    /// Mobile phone.
    Mobile,
    /// Website.
    Website,
    /// VAT number.
    VatId,
    /// Currency that the account is kept in, ISO 4217.
    AccountingCurrency,
    /// Currency that the reseller sells in, ISO 4217.
    SellingCurrency,
    /// The account's first password; secret.
    Password,
    /// Whether the provider's terms and privacy policy are accepted: yes or no.
    AcceptPolicy,
    /// Whether text messages may be sent: yes or no.
    SmsConsent,
    /// Whether advertising may be sent by email: yes or no.
    MarketingConsent,
    /// The provider's own id of an account that exists.
    Account,
    /// Who accepted the provider's terms for the reseller.
    TermsAcceptedBy,
    /// Which version of the terms that was.
    TermsVersion,
    /// When that was.
    TermsAcceptedAt,
    /// A contact's first name.
    FirstName(u8),
    /// A contact's last name.
    LastName(u8),
    /// A contact's email address.
    Email(u8),
    /// A contact's phone.
    ContactPhone(u8),
}

/// The fields that are there once a record, in canonical order.
const SINGLE: [(Field, &str); 32] = [
    (Field::Key, "key"),
    (Field::Company, "company"),
    (Field::Language, "language"),
    (Field::Segments, "segments"),
    (Field::Country, "country"),
    (Field::Region, "region"),
    (Field::City, "city"),
    (Field::Line1, "address_line_1"),
    (Field::Line2, "address_line_2"),
    (Field::PostalCode, "postal_code"),
    (Field::Phone, "phone"),
    (Field::Distributor, "distributor"),
    (Field::Line3, "address_line_3"),
    (Field::PhoneCc, "phone_cc"),
    (Field::AltPhoneCc, "alt_phone_cc"),
    (Field::AltPhone, "alt_phone"),
    (Field::FaxCc, "fax_cc"),
    (Field::Fax, "fax"),
    (Field::MobileCc, "mobile_cc"),
    (Field::Mobile, "mobile"),
    (Field::Website, "website"),
    (Field::VatId, "vat_id"),
    (Field::AccountingCurrency, "accounting_currency"),
    (Field::SellingCurrency, "selling_currency"),
    (Field::Password, "password"),
    (Field::AcceptPolicy, "accept_policy"),
    (Field::SmsConsent, "sms_consent"),
    (Field::MarketingConsent, "marketing_consent"),
    (Field::Account, "account"),
    (Field::TermsAcceptedBy, "terms_accepted_by"),
    (Field::TermsVersion, "terms_version"),
    (Field::TermsAcceptedAt, "terms_accepted_at"),
];

/// The fields that are there once a contact, for contact 0, in canonical order.
const PER_CONTACT: [(Field, &str); 4] = [
    (Field::FirstName(0), "first_name"),
    (Field::LastName(0), "last_name"),
    (Field::Email(0), "email"),
    (Field::ContactPhone(0), "contact_phone"),
];

impl Field {
    /// How many different fields there are: one more than the greatest [`slot`](Self::slot).
    pub const SLOTS: usize = SINGLE.len() + PER_CONTACT.len() * CONTACTS_MAX as usize;

    /// Every field in canonical order, the contacts one after the other.
    pub fn all() -> impl Iterator<Item = Self> {
        let contacts =
            (0..CONTACTS_MAX).flat_map(|n| PER_CONTACT.iter().map(move |(field, _)| field.for_contact(n)));
        SINGLE.iter().map(|(field, _)| *field).chain(contacts)
    }

    /// The four fields of contact `number`, counted from 0.
    pub fn of_contact(number: u8) -> [Self; 4] {
        PER_CONTACT.map(|(field, _)| field.for_contact(number))
    }

    /// This field's place in a table with a place for every field; below [`SLOTS`](Self::SLOTS).
    pub const fn slot(self) -> usize {
        match self {
            Self::Key => 0,
            Self::Company => 1,
            Self::Language => 2,
            Self::Segments => 3,
            Self::Country => 4,
            Self::Region => 5,
            Self::City => 6,
            Self::Line1 => 7,
            Self::Line2 => 8,
            Self::PostalCode => 9,
            Self::Phone => 10,
            Self::Distributor => 11,
            Self::Line3 => 12,
            Self::PhoneCc => 13,
            Self::AltPhoneCc => 14,
            Self::AltPhone => 15,
            Self::FaxCc => 16,
            Self::Fax => 17,
            Self::MobileCc => 18,
            Self::Mobile => 19,
            Self::Website => 20,
            Self::VatId => 21,
            Self::AccountingCurrency => 22,
            Self::SellingCurrency => 23,
            Self::Password => 24,
            Self::AcceptPolicy => 25,
            Self::SmsConsent => 26,
            Self::MarketingConsent => 27,
            Self::Account => 28,
            Self::TermsAcceptedBy => 29,
            Self::TermsVersion => 30,
            Self::TermsAcceptedAt => 31,
            Self::FirstName(n) => contact_slot(n, 0),
            Self::LastName(n) => contact_slot(n, 1),
            Self::Email(n) => contact_slot(n, 2),
            Self::ContactPhone(n) => contact_slot(n, 3),
        }
    }

    /// The number of the contact that the field belongs to, counted from 0.
    pub const fn contact(self) -> Option<u8> {
        match self {
            Self::FirstName(n) | Self::LastName(n) | Self::Email(n) | Self::ContactPhone(n) => Some(n),
            _ => None,
        }
    }

    /// The same field of contact `number`; a field that belongs to no contact stays itself.
    #[must_use]
    pub const fn for_contact(self, number: u8) -> Self {
        match self {
            Self::FirstName(_) => Self::FirstName(number),
            Self::LastName(_) => Self::LastName(number),
            Self::Email(_) => Self::Email(number),
            Self::ContactPhone(_) => Self::ContactPhone(number),
            other => other,
        }
    }

    /// The canonical name, for a contact field that of the first contact.
    pub fn base_name(self) -> &'static str {
        let of_first = self.for_contact(0);
        let mut known = SINGLE.iter().chain(&PER_CONTACT);
        known
            .find(|(field, _)| *field == of_first)
            .map_or("", |(_, name)| name)
    }
}

const fn contact_slot(number: u8, which: usize) -> usize {
    let number = if number < CONTACTS_MAX {
        number
    } else {
        CONTACTS_MAX - 1
    };
    SINGLE.len() + PER_CONTACT.len() * number as usize + which
}

impl fmt::Display for Field {
    /// The canonical column name: `postal_code`, `first_name`, and for further contacts `contact_2_first_name`
    /// and `contact_2_phone`, counted from 1 as people count.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.base_name();
        match self.contact() {
            None | Some(0) => f.write_str(name),
            Some(n) => write!(
                f,
                "contact_{}_{}",
                u16::from(n) + 1,
                name.strip_prefix("contact_").unwrap_or(name)
            ),
        }
    }
}

/// A text that names no canonical column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a column that enlist knows")]
pub struct UnknownField(pub String);

impl FromStr for Field {
    type Err = UnknownField;

    /// Reads a canonical column name as [`Display`](fmt::Display) writes it. Looser names are the business of
    /// whoever reads a file.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownField(text.to_owned());
        if let Some((field, _)) = SINGLE.iter().chain(&PER_CONTACT).find(|(_, name)| *name == text) {
            return Ok(*field);
        }
        let (number, name) = text
            .strip_prefix("contact_")
            .and_then(|t| t.split_once('_'))
            .ok_or_else(unknown)?;
        let number: u8 = number.parse().map_err(|_| unknown())?;
        if number == 0 || number > CONTACTS_MAX {
            return Err(unknown());
        }
        let of_contact = |full: &str| full == name || full.strip_prefix("contact_") == Some(name);
        let known = PER_CONTACT.iter().find(|(_, full)| of_contact(full));
        known
            .map(|(field, _)| field.for_contact(number - 1))
            .ok_or_else(unknown)
    }
}

impl TryFrom<String> for Field {
    type Error = UnknownField;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Field> for String {
    fn from(field: Field) -> Self {
        field.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_a_slot_of_its_own_and_a_name_that_reads_back() {
        let fields: Vec<Field> = Field::all().collect();
        assert_eq!(fields.len(), Field::SLOTS);
        for (at, field) in fields.iter().enumerate() {
            assert_eq!(field.slot(), at, "{field}");
            assert_eq!(field.to_string().parse(), Ok(*field));
        }
    }

    #[test]
    fn further_contacts_count_from_two() {
        assert_eq!(Field::FirstName(1).to_string(), "contact_2_first_name");
        assert_eq!(Field::ContactPhone(1).to_string(), "contact_2_phone");
        assert_eq!("contact_1_email".parse(), Ok(Field::Email(0)));
        for wrong in [
            "",
            "contact_0_email",
            "contact_21_email",
            "contact_2_",
            "contact_x_email",
            "contact_2_city",
        ] {
            assert!(wrong.parse::<Field>().is_err(), "{wrong}");
        }
    }
}
