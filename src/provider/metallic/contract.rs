//! What Metallic takes for a reseller, as data (providers.md 4.2). It says what is required, unique and of what type; how
//! long a text may be is not public. The limits here are our own, wide enough for any true value: they catch a cell that
//! slipped, which would cost one of a hundred writes an hour, and a job can turn them into warnings.

mod places;

use crate::domain::consent;
use crate::domain::contract::{Check, Contract, FieldRule, FileRule, FileTest, Need, Test};
use crate::domain::fault::Severity;
use crate::domain::field::Field;
use crate::domain::machine::IdempotencyContract;
use crate::provider::cells::{EVERY_FIELD, FIXED_DIGITS, POSTAL_FORMS};

use places::STATES;

/// How a second create is kept from doing harm: three fields are unique, and nothing can be looked up (4.5).
pub const IDEMPOTENCY: IdempotencyContract = IdempotencyContract::UniqueFields;

const FIELDS: &str = "providers.md 4.2";
/// Forms of postal codes that a third party has published.
const THIRD_PARTY: &str = "providers.md 2.6 (third-party table)";
const OURS: &str = "";

/// Longer than any name or line of an address that a form takes, shorter than a pasted paragraph.
const TEXT: Test = Test::Chars { min: 1, max: 255 };
const TEXT_HINT: &str = "shorten it, or have the job turn this into a warning (rules.warn_only)";

/// The contract.
pub static CONTRACT: Contract = Contract {
    provider: "Metallic",
    fields: FIELD_RULES,
    every_field: EVERY_FIELD,
    file_rules: FILE_RULES,
    read_only: &["id", "insertTs", "updateTs", "type", "status"],
    // Of contacts there is one type, "primary" (4.2); nothing says what a second one would be.
    contacts_max: 1,
    secret: &[],
};

#[rustfmt::skip]
static FIELD_RULES: &[FieldRule] = &[
    FieldRule {
        field: Field::Key,
        need: Need::WithColumn,
        wire_path: "externalId",
        aliases: &[
            "external_id", "external_ref", "external_reference", "external_reference_id", "reference",
            "reference_id", "reseller_key", "seller_key", "row_key", "our_id",
        ],
        checks: &[
            Check::error("key.length", Test::Chars { min: 1, max: 35 }, OURS, "use a shorter id").firm(),
            Check::error("key.characters", Test::AllBut("<>\""), OURS,
                "leave out < > and the double quote").firm(),
            Check::warning("key.sheet_number", Test::NoSheetNumber, OURS,
                "format the column as text and paste the ids again"),
        ],
        source: FIELDS,
        hint: "give the row your own id of the reseller; it is what keeps the row from being created twice",
    },
    FieldRule {
        field: Field::Company,
        need: Need::Required,
        wire_path: "name",
        aliases: &[
            "company_name", "organisation", "organisation_name", "organization", "organization_name",
            "business_name", "legal_name", "reseller", "reseller_name",
        ],
        checks: &[Check::error("company.length", TEXT, OURS, TEXT_HINT)],
        source: FIELDS,
        hint: "write the company's name",
    },
    FieldRule {
        field: Field::Country,
        need: Need::Required,
        wire_path: "contacts[].address.country",
        aliases: &["country_code", "country_iso", "iso_country"],
        checks: &[
            Check::error("country.code", Test::Country, FIELDS,
                "write the ISO 3166-1 alpha-2 code, such as US or DE").firm(),
        ],
        source: FIELDS,
        hint: "write the ISO 3166-1 alpha-2 code, such as US or DE",
    },
    FieldRule {
        field: Field::Region,
        need: Need::RequiredIn(&["US"]),
        wire_path: "contacts[].address.state",
        aliases: &["state", "state_code", "province", "state_province", "state_or_province", "region_code"],
        checks: &[
            Check::error("region.state", Test::RegionOrName(STATES), FIELDS,
                "write the state's code or name, such as NY or New York"),
            Check::error("region.length", TEXT, OURS, TEXT_HINT),
        ],
        source: FIELDS,
        hint: "write the state's code or name, such as NY or New York; it is required in the United States",
    },
    FieldRule {
        field: Field::City,
        need: Need::Required,
        wire_path: "contacts[].address.city",
        aliases: &["town", "locality"],
        checks: &[Check::error("city.length", TEXT, OURS, TEXT_HINT)],
        source: FIELDS,
        hint: "write the city",
    },
    FieldRule {
        field: Field::Line1,
        need: Need::Required,
        wire_path: "contacts[].address.addressLine1",
        aliases: &["address", "address_1", "address_line", "street", "street_address", "street_1"],
        checks: &[Check::error("address_line_1.length", TEXT, OURS, "put the rest into address_line_2")],
        source: FIELDS,
        hint: "write the street and number",
    },
    FieldRule {
        field: Field::Line2,
        need: Need::Optional,
        wire_path: "contacts[].address.addressLine2",
        aliases: &["address_2", "street_2"],
        checks: &[Check::error("address_line_2.length", TEXT, OURS, TEXT_HINT)],
        source: FIELDS,
        hint: "",
    },
    FieldRule {
        field: Field::PostalCode,
        need: Need::Required,
        wire_path: "contacts[].address.postalCode",
        aliases: &["zip", "zip_code", "postcode", "post_code", "postal", "plz"],
        checks: &[
            Check::error("postal_code.length", Test::Chars { min: 1, max: 40 }, OURS, "write the code alone"),
            // The provider's own sample has a code that its country does not: no reason to keep a row back.
            Check::warning("postal_code.pattern", Test::PostalCode(POSTAL_FORMS), THIRD_PARTY,
                "write the code as the country's post does"),
            Check::warning("postal_code.leading_zero", Test::NoZeroLost(FIXED_DIGITS), OURS,
                "keep the column as text"),
            Check::warning("postal_code.number", Test::NotANumber, OURS, "put the code in quotes; in a sheet, make it text"),
            Check::warning("postal_code.sheet_number", Test::NoSheetNumber, OURS,
                "format the column as text and paste the codes again"),
        ],
        source: FIELDS,
        hint: "write the postal code, as text so that leading zeros stay",
    },
    FieldRule {
        field: Field::Website,
        need: Need::Optional,
        wire_path: "website",
        aliases: &["web", "web_site", "url", "homepage"],
        checks: &[Check::error("website.length", TEXT, OURS, TEXT_HINT)],
        source: FIELDS,
        hint: "",
    },
    consent::ACCEPTED_BY,
    consent::VERSION,
    consent::ACCEPTED_AT,
    FieldRule {
        field: Field::FirstName(0),
        need: Need::Required,
        wire_path: "contacts[].firstName",
        aliases: &["given_name", "forename", "contact_first_name"],
        checks: &[Check::error("first_name.length", TEXT, OURS, TEXT_HINT)],
        source: FIELDS,
        hint: "write the contact's first name",
    },
    FieldRule {
        field: Field::LastName(0),
        need: Need::Required,
        wire_path: "contacts[].lastName",
        aliases: &["surname", "family_name", "contact_last_name"],
        checks: &[Check::error("last_name.length", TEXT, OURS, TEXT_HINT)],
        source: FIELDS,
        hint: "write the contact's last name",
    },
    FieldRule {
        field: Field::Email(0),
        need: Need::Required,
        wire_path: "contacts[].email",
        aliases: &["email_address", "mail", "contact_email"],
        checks: &[
            Check::error("email.length", TEXT, OURS, "one address to a cell"),
            Check::error("email.shape", Test::Email, OURS, "write an address such as name@example.com"),
        ],
        source: FIELDS,
        hint: "write the contact's email address",
    },
    FieldRule {
        field: Field::ContactPhone(0),
        need: Need::Optional,
        wire_path: "contacts[].phone",
        // There is no other phone: a file with one column for phones means this one.
        aliases: &[
            "contact_phone_number", "contact_telephone", "contact_tel", "phone", "phone_number", "company_phone",
            "telephone", "tel",
        ],
        checks: &[
            Check::error("contact_phone.length", Test::Chars { min: 1, max: 40 }, OURS, "one number to a cell"),
            Check::warning("contact_phone.number", Test::NotANumber, OURS, "put the number in quotes; in a sheet, make it text"),
            Check::warning("contact_phone.sheet_number", Test::NoSheetNumber, OURS,
                "format the column as text and paste the numbers again"),
        ],
        source: FIELDS,
        hint: "",
    },
];

static FILE_RULES: &[FileRule] = &[
    FileRule {
        id: "key.duplicate",
        test: FileTest::Unique(Field::Key),
        severity: Severity::Error,
        source: FIELDS,
        hint: "give each reseller an id of its own, or take one of the rows out",
    },
    FileRule {
        id: "company.duplicate",
        test: FileTest::Unique(Field::Company),
        severity: Severity::Error,
        source: FIELDS,
        hint: "Metallic takes a name once: write what tells the two apart, or take one of the rows out",
    },
    FileRule {
        id: "email.duplicate",
        test: FileTest::Unique(Field::Email(0)),
        severity: Severity::Error,
        source: FIELDS,
        hint: "Metallic takes an address once: write another one, or take one of the rows out",
    },
];

#[cfg(test)]
mod tests;
