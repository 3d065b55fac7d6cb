//! The rules of each field (providers.md 2.6).

use super::places::{NOT_ACCEPTED, REGIONS};
use super::{LOCALES, OURS, SEGMENTS as SEGMENT_CODES};
use crate::domain::contract::{Check, FieldRule, Need, Test};
use crate::domain::field::Field;
use crate::provider::cells::{FIXED_DIGITS, POSTAL_FORMS};

const FIELDS: &str = "providers.md 2.6";
/// The parts of 2.6 that only a third party has published.
const THIRD_PARTY: &str = "providers.md 2.6 (third-party table)";

/// What a company's name takes beside letters and digits.
const COMPANY_ALSO: &str = "_ \u{3000},.＆&・'()（）\"/-";
/// What a person's name takes beside letters and digits.
const PERSON_ALSO: &str = "-_ \u{3000},.＆&'\"";
/// What "pattern X" refuses: `^[^<>[\"]]*$` is a nested class, so `[` and `]` are allowed.
const X: Test = Test::AllBut("<>\"");
const X_HINT: &str = "leave out < > and the double quote";
const PERSON_HINT: &str = "letters, digits, spaces and - _ , . & ' \" are accepted";

#[rustfmt::skip]
pub(super) const KEY: FieldRule = FieldRule {
    field: Field::Key,
    need: Need::WithColumn,
    wire_path: "externalReferenceId",
    aliases: &[
        "external_id", "external_ref", "external_reference", "external_reference_id", "reference",
        "reference_id", "reseller_key", "seller_key", "row_key", "our_id", "id",
    ],
    checks: &[
        Check::error("key.length", Test::Chars { min: 1, max: 35 }, FIELDS,
            "use a shorter id; Adobe refuses this one with 2126").firm(),
        Check::error("key.characters", X, FIELDS, X_HINT).firm(),
        Check::warning("key.sheet_number", Test::NoSheetNumber, OURS,
            "format the column as text and paste the ids again"),
    ],
    source: OURS,
    hint: "give the row your own id of the reseller; it is what keeps the row from being created twice",
};

/// The provider's id of an account that exists; `^[\p{L}\d\-]{4,40}$`.
#[rustfmt::skip]
pub(super) const ACCOUNT: FieldRule = FieldRule {
    field: Field::Account,
    need: Need::Optional,
    wire_path: "resellerId",
    aliases: &["reseller_id", "reseller_number", "reseller_account", "account_id", "provider_id", "adobe_id", "adobe_reseller_id"],
    checks: &[
        Check::error("account.length", Test::Chars { min: 4, max: 40 }, FIELDS, "write the id that Adobe gave the reseller").firm(),
        Check::error("account.characters", Test::Alphabet { also: "-" }, FIELDS,
            "write the id that Adobe gave the reseller, in a column formatted as text").firm(),
    ],
    source: FIELDS,
    hint: "",
};

#[rustfmt::skip]
pub(super) const COMPANY: FieldRule = FieldRule {
    field: Field::Company,
    need: Need::Required,
    wire_path: "companyProfile.companyName",
    aliases: &[
        "company_name", "organisation", "organisation_name", "organization", "organization_name",
        "business_name", "legal_name", "reseller", "reseller_name",
    ],
    checks: &[
        Check::error("company.length", Test::Chars { min: 4, max: 80 }, FIELDS,
            "write the full legal name, or shorten it"),
        Check::error("company.characters", Test::Alphabet { also: COMPANY_ALSO }, FIELDS,
            "letters, digits, spaces and _ , . & ・ ' ( ) \" / - are accepted"),
    ],
    source: FIELDS,
    hint: "write the company's name",
};

#[rustfmt::skip]
pub(super) const LANGUAGE: FieldRule = FieldRule {
    field: Field::Language,
    need: Need::Required,
    wire_path: "companyProfile.preferredLanguage",
    aliases: &["preferred_language", "locale", "lang", "language_code"],
    checks: &[
        Check::error("language.locale", Test::OneOf(LOCALES), FIELDS,
            "write a locale such as en-US or de-DE"),
    ],
    source: FIELDS,
    hint: "write a locale such as en-US or de-DE",
};

#[rustfmt::skip]
pub(super) const SEGMENTS: FieldRule = FieldRule {
    field: Field::Segments,
    need: Need::Default("COM"),
    wire_path: "companyProfile.marketSegments",
    aliases: &["segment", "market_segment", "market_segments"],
    checks: &[
        Check::error("segments.value", Test::EachOneOf(SEGMENT_CODES), FIELDS,
            "COM, EDU or GOV, several separated by ;"),
    ],
    source: "providers.md 2.5",
    hint: "",
};

#[rustfmt::skip]
pub(super) const COUNTRY: FieldRule = FieldRule {
    field: Field::Country,
    need: Need::Required,
    wire_path: "companyProfile.address.country",
    aliases: &["country_code", "country_iso", "iso_country"],
    checks: &[
        Check::error("country.code", Test::Country, FIELDS,
            "write the ISO 3166-1 alpha-2 code, such as US or DE").firm(),
        Check::error("country.excluded", Test::CountryNotIn(NOT_ACCEPTED), FIELDS,
            "this row cannot go to Adobe; take it out"),
    ],
    source: FIELDS,
    hint: "write the ISO 3166-1 alpha-2 code, such as US or DE",
};

#[rustfmt::skip]
pub(super) const REGION: FieldRule = FieldRule {
    field: Field::Region,
    need: Need::Required,
    wire_path: "companyProfile.address.region",
    aliases: &["state", "state_code", "province", "state_province", "state_or_province", "region_code"],
    checks: &[
        Check::error("region.code", Test::Region(REGIONS), FIELDS,
            "write the ISO 3166-2 code after the hyphen, such as CA for US-CA"),
    ],
    source: FIELDS,
    hint: "write the ISO 3166-2 code after the hyphen; where a country other than US and CA has none, 00 is known to work",
};

#[rustfmt::skip]
pub(super) const CITY: FieldRule = FieldRule {
    field: Field::City,
    need: Need::Required,
    wire_path: "companyProfile.address.city",
    aliases: &["town", "locality"],
    checks: &[
        Check::error("city.length", Test::Chars { min: 1, max: 40 }, FIELDS, "shorten it"),
        Check::error("city.characters", X, FIELDS, X_HINT),
    ],
    source: FIELDS,
    hint: "write the city",
};

#[rustfmt::skip]
pub(super) const LINE_1: FieldRule = FieldRule {
    field: Field::Line1,
    need: Need::Required,
    wire_path: "companyProfile.address.addressLine1",
    aliases: &["address", "address_1", "address_line", "street", "street_address", "street_1"],
    checks: &[
        Check::error("address_line_1.length", Test::Chars { min: 1, max: 60 }, FIELDS,
            "put the rest into address_line_2"),
        Check::error("address_line_1.characters", X, FIELDS, X_HINT),
    ],
    source: FIELDS,
    hint: "write the street and number",
};

#[rustfmt::skip]
pub(super) const LINE_2: FieldRule = FieldRule {
    field: Field::Line2,
    need: Need::Optional,
    wire_path: "companyProfile.address.addressLine2",
    aliases: &["address_2", "street_2"],
    checks: &[
        Check::error("address_line_2.length", Test::Chars { min: 1, max: 60 }, FIELDS, "shorten it"),
        Check::error("address_line_2.characters", X, FIELDS, X_HINT),
    ],
    source: FIELDS,
    hint: "",
};

#[rustfmt::skip]
pub(super) const POSTAL_CODE: FieldRule = FieldRule {
    field: Field::PostalCode,
    need: Need::Required,
    wire_path: "companyProfile.address.postalCode",
    aliases: &["zip", "zip_code", "postcode", "post_code", "postal", "plz"],
    checks: &[
        Check::error("postal_code.length", Test::Chars { min: 1, max: 40 }, FIELDS, "write the code alone"),
        Check::error("postal_code.pattern", Test::PostalCode(POSTAL_FORMS), THIRD_PARTY,
            "write the code as the country's post does"),
        Check::warning("postal_code.leading_zero", Test::NoZeroLost(FIXED_DIGITS), OURS,
            "keep the column as text"),
        Check::warning("postal_code.number", Test::NotANumber, FIELDS, "put the code in quotes; in a sheet, make it text"),
        Check::warning("postal_code.sheet_number", Test::NoSheetNumber, OURS,
            "format the column as text and paste the codes again"),
    ],
    source: FIELDS,
    hint: "write the postal code, as text so that leading zeros stay",
};

#[rustfmt::skip]
pub(super) const PHONE: FieldRule = FieldRule {
    field: Field::Phone,
    need: Need::Optional,
    wire_path: "companyProfile.address.phoneNumber",
    aliases: &["phone_number", "company_phone", "telephone", "tel"],
    checks: &[
        Check::error("phone.length", Test::Chars { min: 1, max: 40 }, FIELDS, "one number to a cell"),
        Check::error("phone.characters", X, FIELDS, X_HINT),
        Check::warning("phone.number", Test::NotANumber, FIELDS, "put the number in quotes; in a sheet, make it text"),
        Check::warning("phone.sheet_number", Test::NoSheetNumber, OURS,
            "format the column as text and paste the numbers again"),
    ],
    source: FIELDS,
    hint: "",
};

#[rustfmt::skip]
pub(super) const DISTRIBUTOR: FieldRule = FieldRule {
    field: Field::Distributor,
    need: Need::FromJob,
    wire_path: "distributorId",
    aliases: &["distributor_id"],
    checks: &[
        Check::error("distributor.other", Test::SameAsJob, FIELDS,
            "feed this row with the job of its own distributor, or leave the column out").firm(),
    ],
    source: FIELDS,
    hint: "",
};

#[rustfmt::skip]
pub(super) const FIRST_NAME: FieldRule = FieldRule {
    field: Field::FirstName(0),
    need: Need::Required,
    wire_path: "companyProfile.contacts[].firstName",
    aliases: &["given_name", "forename", "contact_first_name"],
    checks: &[
        Check::error("first_name.length", Test::Chars { min: 1, max: 35 }, FIELDS, "shorten it"),
        Check::error("first_name.characters", Test::Alphabet { also: PERSON_ALSO }, FIELDS, PERSON_HINT),
    ],
    source: FIELDS,
    hint: "write the contact's first name",
};

#[rustfmt::skip]
pub(super) const LAST_NAME: FieldRule = FieldRule {
    field: Field::LastName(0),
    need: Need::Required,
    wire_path: "companyProfile.contacts[].lastName",
    aliases: &["surname", "family_name", "contact_last_name"],
    checks: &[
        Check::error("last_name.length", Test::Chars { min: 1, max: 35 }, FIELDS, "shorten it"),
        Check::error("last_name.characters", Test::Alphabet { also: PERSON_ALSO }, FIELDS, PERSON_HINT),
    ],
    source: FIELDS,
    hint: "write the contact's last name",
};

#[rustfmt::skip]
pub(super) const EMAIL: FieldRule = FieldRule {
    field: Field::Email(0),
    need: Need::Required,
    wire_path: "companyProfile.contacts[].email",
    aliases: &["email_address", "mail", "contact_email"],
    checks: &[
        Check::error("email.length", Test::Chars { min: 1, max: 240 }, FIELDS, "one address to a cell"),
        Check::error("email.shape", Test::Email, FIELDS, "write an address such as name@example.com"),
    ],
    source: FIELDS,
    hint: "write the contact's email address",
};

#[rustfmt::skip]
pub(super) const CONTACT_PHONE: FieldRule = FieldRule {
    field: Field::ContactPhone(0),
    need: Need::Optional,
    wire_path: "companyProfile.contacts[].phoneNumber",
    aliases: &["contact_phone_number", "contact_telephone", "contact_tel", "mobile"],
    checks: &[
        Check::error("contact_phone.length", Test::Chars { min: 1, max: 40 }, FIELDS, "one number to a cell"),
        Check::warning("contact_phone.number", Test::NotANumber, FIELDS, "put the number in quotes; in a sheet, make it text"),
        Check::warning("contact_phone.sheet_number", Test::NoSheetNumber, OURS,
            "format the column as text and paste the numbers again"),
    ],
    source: FIELDS,
    hint: "",
};
