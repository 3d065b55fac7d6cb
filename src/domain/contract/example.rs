//! A file to fill in: the columns a contract takes, and one row that it would take.

use super::{Contract, Need};
use crate::domain::field::Field;

/// A value for each field; together they are one reseller that every provider here would take.
const fn value(field: Field) -> &'static str {
    match field {
        Field::Key => "EXAMPLE-1",
        Field::Company => "Example Reseller Inc",
        Field::Language => "en-US",
        Field::Segments => "COM",
        Field::Country => "US",
        Field::Region => "CA",
        Field::City => "San Jose",
        Field::Line1 => "345 Park Avenue",
        Field::Line2 => "Suite 12",
        Field::Line3 => "Back entrance",
        Field::PostalCode => "95110",
        Field::Phone => "+1 408 555 0100",
        Field::PhoneCc | Field::AltPhoneCc | Field::FaxCc | Field::MobileCc => "1",
        Field::AltPhone => "4085550101",
        Field::Fax => "4085550102",
        Field::Mobile => "4085550103",
        Field::Website => "https://www.example.com",
        Field::VatId => "DE123456789",
        Field::AccountingCurrency | Field::SellingCurrency => "USD",
        Field::Password => "Change.Me9",
        Field::AcceptPolicy => "yes",
        Field::SmsConsent | Field::MarketingConsent => "no",
        Field::Distributor | Field::Account => "",
        Field::TermsAcceptedBy => "Ann Example",
        Field::TermsVersion => "2026-01",
        Field::TermsAcceptedAt => "2026-01-31",
        Field::FirstName(_) => "Ann",
        Field::LastName(_) => "Example",
        Field::Email(_) => "ann@example.com",
        Field::ContactPhone(_) => "+1 408 555 0104",
    }
}

impl Contract {
    /// The columns of a file for this contract and a row of examples, without those a row can do without unless `all` are
    /// wanted.
    pub fn template(&self, all: bool) -> Vec<(Field, &'static str)> {
        let is_wanted = |need: Need| match need {
            Need::Required | Need::RequiredIn(_) | Need::WithColumn | Need::OrForAll | Need::Default(_) => {
                true
            }
            Need::OfContact | Need::Optional => all,
            Need::FromJob => false,
        };
        self.fields
            .iter()
            .filter(|rule| is_wanted(rule.need))
            .map(|rule| (rule.field, value(rule.field)))
            .collect()
    }
}
