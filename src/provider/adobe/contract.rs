//! What Adobe takes for a reseller, as data (providers.md 2.6). Where two pages disagree the stricter one is
//! here, so that a row that passes is not refused.

mod fields;
mod places;

use crate::domain::consent;
use crate::domain::contract::{Contract, FieldRule, FileRule, FileTest, Need};
use crate::domain::fault::Severity;
use crate::domain::field::{CONTACTS_MAX, Field};
use crate::provider::cells::EVERY_FIELD;

use fields as f;

const OURS: &str = "";
const UPDATE_SECTION: &str = "providers.md 2.5";

/// The 43 locales.
#[rustfmt::skip]
pub static LOCALES: &[&str] = &[
    "bg-BG", "cs-CZ", "da-DK", "de-DE", "en-AE", "en-GB", "en-IL", "en-US", "en-XM", "es-ES", "es-LA", "es-MX", "es-NA",
    "et-EE", "fi-FI", "fr-CA", "fr-FR", "fr-MA", "fr-XM", "hr-HR", "hu-HU", "it-IT", "ja-JP", "ko-KR", "lt-LT", "lv-LV",
    "nb-NO", "nl-NL", "pl-PL", "pt-BR", "ro-RO", "ru-RU", "sk-SK", "sl-SI", "sr-RS", "sr-SP", "sv-SE", "tr-TR", "uk-UA",
    "zh-CN", "zh-HANS", "zh-HANT", "zh-TW",
];

/// The market segments; a reseller sent without any gets the first (providers.md 2.5).
pub static SEGMENTS: &[&str] = &["COM", "EDU", "GOV"];

/// What is taken for a new account.
pub static CONTRACT: Contract = Contract {
    provider: "Adobe",
    fields: FIELD_RULES,
    every_field: EVERY_FIELD,
    file_rules: FILE_RULES,
    read_only: &[
        "resellerId",
        "creationDate",
        "status",
        "links",
        "tags",
        "benefits",
        "globalSalesEnabled",
    ],
    contacts_max: CONTACTS_MAX,
    secret: &[],
};

/// What is taken for a change of an account (providers.md 2.5, Update). Company, country and region cannot be changed and
/// say which account is meant; what a row leaves out stays as the account has it.
pub static UPDATE: Contract = Contract {
    fields: UPDATE_RULES,
    file_rules: UPDATE_FILE_RULES,
    read_only: &[
        "creationDate",
        "status",
        "links",
        "tags",
        "benefits",
        "globalSalesEnabled",
    ],
    provider: "Adobe",
    every_field: EVERY_FIELD,
    contacts_max: CONTACTS_MAX,
    secret: &[],
};

static FIELD_RULES: &[FieldRule] = &[
    f::KEY,
    f::COMPANY,
    f::LANGUAGE,
    f::SEGMENTS,
    f::COUNTRY,
    f::REGION,
    f::CITY,
    f::LINE_1,
    f::LINE_2,
    f::POSTAL_CODE,
    f::PHONE,
    f::DISTRIBUTOR,
    consent::ACCEPTED_BY,
    consent::VERSION,
    consent::ACCEPTED_AT,
    f::FIRST_NAME,
    f::LAST_NAME,
    f::EMAIL,
    f::CONTACT_PHONE,
];

static UPDATE_RULES: &[FieldRule] = &[
    FieldRule {
        source: UPDATE_SECTION,
        hint: "give the row your own id of the reseller, which Adobe keeps as its external reference",
        ..f::KEY
    },
    f::COMPANY,
    can_stay(f::LANGUAGE),
    can_stay(f::SEGMENTS),
    f::COUNTRY,
    f::REGION,
    can_stay(f::CITY),
    can_stay(f::LINE_1),
    f::LINE_2,
    can_stay(f::POSTAL_CODE),
    f::PHONE,
    f::DISTRIBUTOR,
    f::ACCOUNT,
    known(consent::ACCEPTED_BY),
    known(consent::VERSION),
    known(consent::ACCEPTED_AT),
    whole(f::FIRST_NAME),
    whole(f::LAST_NAME),
    whole(f::EMAIL),
    f::CONTACT_PHONE,
];

/// The same rule of a field that an update can leave as it is.
const fn can_stay(rule: FieldRule) -> FieldRule {
    FieldRule {
        need: Need::Optional,
        source: UPDATE_SECTION,
        ..rule
    }
}

/// The same rule of a field that only a create asks for.
const fn known(rule: FieldRule) -> FieldRule {
    FieldRule {
        need: Need::Optional,
        ..rule
    }
}

/// The same rule of a contact's field: no contact need be given, but one that is must have it.
const fn whole(rule: FieldRule) -> FieldRule {
    FieldRule {
        need: Need::OfContact,
        source: UPDATE_SECTION,
        ..rule
    }
}

static FILE_RULES: &[FileRule] = &[KEY_DUPLICATE, EMAIL_NAMES];

static UPDATE_FILE_RULES: &[FileRule] = &[
    KEY_DUPLICATE,
    FileRule {
        id: "account.duplicate",
        test: FileTest::Unique(Field::Account),
        severity: Severity::Error,
        source: OURS,
        hint: "two rows would change one account in turns; take one of them out",
    },
    EMAIL_NAMES,
];

const KEY_DUPLICATE: FileRule = FileRule {
    id: "key.duplicate",
    test: FileTest::Unique(Field::Key),
    severity: Severity::Error,
    source: "providers.md 2.7",
    hint: "give each reseller an id of its own, or take one of the rows out",
};

const EMAIL_NAMES: FileRule = FileRule {
    id: "email.names",
    test: FileTest::OneNamePerEmail,
    severity: Severity::Warning,
    source: "providers.md 2.5",
    hint: "Adobe keeps the name it has first stored for an address and ignores the other",
};

#[cfg(test)]
mod tests;
