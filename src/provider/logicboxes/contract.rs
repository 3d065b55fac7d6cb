//! What LogicBoxes takes for a sub-reseller, as data (providers.md 3.2). Lengths are NOT PUBLIC: what is longer than a column of a data base mostly holds is warned of.

mod codes;

use crate::domain::consent;
use crate::domain::contract::{Check, Contract, FieldRule, FileRule, FileTest, Need, PasswordRule, Test};
use crate::domain::fault::Severity;
use crate::domain::field::Field;
use crate::provider::cells::{EVERY_FIELD, FIXED_DIGITS, POSTAL_FORMS};

pub use codes::{CURRENCIES, LANGUAGES};

const FIELDS: &str = "providers.md 3.2";
/// Digits of phones: published for customers alone.
const CUSTOMERS: &str = "providers.md 3.2 (customers)";
/// Parts of 3.2 that only a consumer of the call has published.
const THIRD_PARTY: &str = "providers.md 3.2 (third party)";
const OURS: &str = "";

/// The rule for `passwd` that a consumer of the call enforces; the provider's own is NOT PUBLIC, and the sample on its
/// page breaks this one (providers.md 3.2).
pub const PASSWORD_RULE: PasswordRule = PasswordRule {
    chars_min: 9,
    chars_max: 16,
    special: "~*!@$#%_+.?:,{}",
};

/// What is sent as `state` for a record without one, whose country needs none (providers.md 3.2, of customers).
pub const NO_STATE: &str = "Not Applicable";

/// Countries whose postal addresses name a state or province. Which ones LogicBoxes asks for it is NOT PUBLIC; a sign-up
/// from these without one is a slip in the file sooner than an address.
static WITH_STATES: &[&str] = &["AU", "BR", "CA", "IN", "MX", "US"];

/// The contract.
pub static CONTRACT: Contract = Contract {
    provider: "LogicBoxes",
    fields: FIELD_RULES,
    every_field: EVERY_FIELD,
    file_rules: FILE_RULES,
    read_only: &[
        "resellerid",
        "parentid",
        "resellerstatus",
        "creationdt",
        "brandname",
        "totalreceipts",
        "pin",
    ],
    // `name` and `username` are one person's.
    contacts_max: 1,
    secret: &[Field::Password],
};

/// What a text may have before it is worth a word.
const TEXT: Test = Test::Chars { min: 1, max: 255 };

const fn length(id: &'static str) -> Check {
    Check::warning(
        id,
        TEXT,
        OURS,
        "shorten it; the provider may refuse it, or cut it off",
    )
}

const fn phone(id: &'static str, code: Field) -> Check {
    Check::error(
        id,
        Test::Phone { code },
        CUSTOMERS,
        "write it in international form, such as +44 20 7946 0000",
    )
    .firm()
}

const fn calling_code(id: &'static str) -> Check {
    Check::error(
        id,
        Test::CallingCode,
        FIELDS,
        "write the country's calling code, such as 44",
    )
    .firm()
}

const fn yes_or_no(id: &'static str) -> Check {
    Check::error(id, Test::YesOrNo, FIELDS, "write yes or no").firm()
}

const fn sheet_number(id: &'static str) -> Check {
    Check::warning(
        id,
        Test::NoSheetNumber,
        OURS,
        "format the column as text and paste the values again",
    )
}

/// A field that a row can do without.
const fn optional(
    field: Field,
    wire_path: &'static str,
    aliases: &'static [&'static str],
    checks: &'static [Check],
) -> FieldRule {
    FieldRule {
        field,
        need: Need::Optional,
        wire_path,
        aliases,
        checks,
        source: FIELDS,
        hint: "",
    }
}

/// A field that every row must have.
const fn required(
    field: Field,
    wire_path: &'static str,
    aliases: &'static [&'static str],
    checks: &'static [Check],
    hint: &'static str,
) -> FieldRule {
    FieldRule {
        need: Need::Required,
        hint,
        ..optional(field, wire_path, aliases, checks)
    }
}

#[rustfmt::skip]
static FIELD_RULES: &[FieldRule] = &[
    FieldRule {
        need: Need::WithColumn,
        source: OURS,
        hint: "give the row your own id of the reseller",
        // Kept here: LogicBoxes has no place for it.
        ..optional(Field::Key, "(row key)", &[
            "external_id", "external_ref", "external_reference", "external_reference_id", "reference",
            "reference_id", "reseller_key", "seller_key", "row_key", "our_id", "id",
        ], &[
            Check::error("key.length", Test::Chars { min: 1, max: 35 }, OURS, "use a shorter id").firm(),
            Check::error("key.characters", Test::AllBut("<>\""), OURS, "leave out < > and the double quote").firm(),
            sheet_number("key.sheet_number"),
        ])
    },
    required(Field::Company, "company", &[
        "company_name", "organisation", "organisation_name", "organization", "organization_name", "business_name",
        "legal_name", "reseller", "reseller_name",
    ], &[length("company.length")], "write the company's name"),
    optional(Field::Language, "lang-pref", &["lang_pref", "preferred_language", "locale", "lang", "language_code"], &[
        Check::error("language.code", Test::Language(LANGUAGES), FIELDS, "write the ISO 639-1 code, such as en"),
    ]),
    required(Field::Country, "country", &["country_code", "country_iso", "iso_country"], &[
        Check::error("country.code", Test::Country, FIELDS,
            "write the ISO 3166-1 alpha-2 code, such as US or DE").firm(),
    ], "write the ISO 3166-1 alpha-2 code, such as US or DE"),
    FieldRule {
        need: Need::RequiredIn(WITH_STATES),
        hint: "write the name of the state or province",
        ..optional(Field::Region, "state", &[
            "state", "state_name", "province", "state_province", "state_or_province", "state_code", "region_code",
        ], &[length("region.length")])
    },
    required(Field::City, "city", &["town", "locality"], &[length("city.length")], "write the city"),
    required(Field::Line1, "address-line-1", &[
        "address", "address_1", "address_line", "street", "street_address", "street_1",
    ], &[length("address_line_1.length")], "write the street and number"),
    optional(Field::Line2, "address-line-2", &["address_2", "street_2"], &[length("address_line_2.length")]),
    required(Field::PostalCode, "zipcode", &[
        "zip", "zip_code", "zipcode", "postcode", "post_code", "postal", "plz",
    ], &[
        length("postal_code.length"),
        Check::warning("postal_code.pattern", Test::PostalCode(POSTAL_FORMS), OURS,
            "write the code as the country's post does"),
        Check::warning("postal_code.leading_zero", Test::NoZeroLost(FIXED_DIGITS), OURS, "keep the column as text"),
        Check::warning("postal_code.number", Test::NotANumber, OURS, "put the code in quotes; in a sheet, make it text"),
        sheet_number("postal_code.sheet_number"),
    ], "write the postal code, as text so that leading zeros stay"),
    required(Field::Phone, "phone", &["phone_number", "company_phone", "telephone", "tel"], &[
        phone("phone.number", Field::PhoneCc),
        sheet_number("phone.sheet_number"),
    ], "write it in international form, such as +44 20 7946 0000"),
    optional(Field::Line3, "address-line-3", &["address_3", "street_3"], &[length("address_line_3.length")]),
    optional(Field::PhoneCc, "phone-cc", &["phone_country_code", "telephone_cc", "calling_code", "dial_code"], &[
        calling_code("phone_cc.code"),
    ]),
    optional(Field::AltPhoneCc, "alt-phone-cc", &["alternate_phone_cc"], &[calling_code("alt_phone_cc.code")]),
    optional(Field::AltPhone, "alt-phone", &["alternate_phone", "second_phone", "phone_2"], &[
        phone("alt_phone.number", Field::AltPhoneCc),
    ]),
    optional(Field::FaxCc, "fax-cc", &["fax_country_code"], &[calling_code("fax_cc.code")]),
    optional(Field::Fax, "fax", &["fax_number", "telefax"], &[phone("fax.number", Field::FaxCc)]),
    optional(Field::MobileCc, "mobile-cc", &["mobile_country_code"], &[calling_code("mobile_cc.code")]),
    optional(Field::Mobile, "mobile", &["mobile_number", "mobile_phone", "cell", "cell_phone"], &[
        phone("mobile.number", Field::MobileCc),
    ]),
    optional(Field::VatId, "vat-id", &["vat", "vat_number", "vat_no", "ust_id"], &[length("vat_id.length")]),
    optional(Field::AccountingCurrency, "accounting-currency-symbol", &[
        "accounting_currency_symbol", "currency", "currency_code",
    ], &[
        Check::error("accounting_currency.code", Test::OneOf(CURRENCIES), FIELDS,
            "write the ISO 4217 code, such as USD"),
    ]),
    optional(Field::SellingCurrency, "selling-currency-symbol", &["selling_currency_symbol", "sales_currency"], &[
        Check::error("selling_currency.code", Test::OneOf(CURRENCIES), FIELDS,
            "write the ISO 4217 code, such as USD"),
    ]),
    FieldRule {
        need: Need::OrForAll,
        hint: "write one, or have them made with logicboxes.passwords_to",
        ..optional(Field::Password, "passwd", &["passwd", "pass", "initial_password"], &[
            Check::error("password.rule", Test::Password(PASSWORD_RULE), THIRD_PARTY,
                "9 to 16 characters, with a small letter, a capital, a digit and one of ~*!@$#%_+.?:,{}"),
        ])
    },
    optional(Field::AcceptPolicy, "accept-policy", &["accept_terms", "terms_accepted", "policy_accepted"], &[
        yes_or_no("accept_policy.word"),
    ]),
    optional(Field::SmsConsent, "sms-consent", &["sms", "sms_allowed"], &[yes_or_no("sms_consent.word")]),
    optional(Field::MarketingConsent, "marketing-email-consent", &[
        "marketing_email_consent", "marketing_emails", "newsletter",
    ], &[yes_or_no("marketing_consent.word")]),
    consent::ACCEPTED_BY,
    consent::VERSION,
    consent::ACCEPTED_AT,
    required(Field::FirstName(0), "name", &[
        "given_name", "forename", "contact_first_name", "name", "full_name", "contact_name",
    ], &[length("first_name.length")], "write the contact's first name, or the whole name"),
    FieldRule {
        need: Need::WithColumn,
        hint: "write the contact's last name, or take the column out and write whole names into first_name",
        ..optional(Field::LastName(0), "name", &["surname", "family_name", "contact_last_name"], &[
            length("last_name.length"),
        ])
    },
    required(Field::Email(0), "username", &[
        "email_address", "mail", "contact_email", "username", "user_name", "login",
    ], &[
        length("email.length"),
        Check::error("email.shape", Test::Email, FIELDS, "write an address such as name@example.com"),
    ], "write the contact's email address; it becomes the reseller's username"),
];

static FILE_RULES: &[FileRule] = &[
    FileRule {
        id: "key.duplicate",
        test: FileTest::Unique(Field::Key),
        severity: Severity::Error,
        source: OURS,
        hint: "give each reseller an id of its own, or take one of the rows out",
    },
    FileRule {
        id: "email.duplicate",
        test: FileTest::Unique(Field::Email(0)),
        severity: Severity::Error,
        source: FIELDS,
        hint: "the address is the reseller's username, which one account alone can have: write another, or take one of the rows out",
    },
];

#[cfg(test)]
mod tests;
