//! A provider's rules for a record, as data: field, checks, severity, source, hint. One pass applies them all.
//!
//! The tables live with the providers (`provider/adobe/contract.rs`); what a [`Test`] means and how a
//! [`Record`](super::record::Record) comes to be is here, and is the same for all.

mod address;
mod check;
mod email;
mod example;
mod letters;
mod password;
mod secret;
mod validate;

use super::field::Field;

pub use address::{PostalForm, RegionTable};
pub use password::PasswordRule;
pub use secret::SECRET_SHOWN;
pub use validate::{Cells, Ruling, language_of, split_segments, yes_or_no};

/// What a provider takes.
#[derive(Debug)]
pub struct Contract {
    /// The provider's name in messages, `Adobe`.
    pub provider: &'static str,
    /// The fields in canonical order, contact fields as those of contact 0. A field that is not here cannot be sent.
    pub fields: &'static [FieldRule],
    /// Checks of every value whatever its field; they run before the field's own.
    pub every_field: &'static [Check],
    /// Rules between rows.
    pub file_rules: &'static [FileRule],
    /// Names on the wire that the provider sends and never takes; a file that has them is told so.
    pub read_only: &'static [&'static str],
    /// How many contacts a record can have, 1 to [`CONTACTS_MAX`](super::field::CONTACTS_MAX). Columns of further ones
    /// are no columns of this provider.
    pub contacts_max: u8,
    /// Fields whose values are sent and shown nowhere, contact fields as those of contact 0. The key is none of them.
    pub secret: &'static [Field],
}

/// The rules of one field.
#[derive(Debug)]
pub struct FieldRule {
    /// Which.
    pub field: Field,
    /// Whether it must be there.
    pub need: Need,
    /// Where it goes: `companyProfile.address.postalCode`, `companyProfile.contacts[].email`.
    pub wire_path: &'static str,
    /// Other names of the column; compared without case, spaces and punctuation.
    pub aliases: &'static [&'static str],
    /// What its value must be.
    pub checks: &'static [Check],
    /// Where the need and the path come from.
    pub source: &'static str,
    /// What to do when a required value is missing.
    pub hint: &'static str,
}

/// Whether a field must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Every record must have it. Of a contact: every contact that has anything.
    Required,
    /// Every contact that has anything must have it; a record can do without contacts.
    OfContact,
    /// Every record of these countries must have it. For fields that come after the country.
    RequiredIn(&'static [&'static str]),
    /// A record can do without.
    Optional,
    /// A record that has none gets this.
    Default(&'static str),
    /// Required when the file has a column for it: the row's key, which is otherwise derived, or a part of a name.
    WithColumn,
    /// Required when the file has a column for it and it is not seen to for all rows ([`Ruling::for_all`]).
    OrForAll,
    /// Never sent from a file: the job says it, and a file that says it too must say the same.
    FromJob,
}

/// One check of one value.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Stable id, `postal_code.pattern`.
    pub id: &'static str,
    /// What is tried.
    pub test: Test,
    /// Whether the failure is an error or a warning.
    pub severity: super::fault::Severity,
    /// Whether a job can turn the error into a warning. Not where a record could not exist.
    pub can_be_lowered: bool,
    /// Where the rule comes from.
    pub source: &'static str,
    /// What to do, when the test itself knows nothing better.
    pub hint: &'static str,
}

impl Check {
    /// A check whose failure keeps the row back; a job can turn it into a warning.
    pub const fn error(id: &'static str, test: Test, source: &'static str, hint: &'static str) -> Self {
        Self {
            id,
            test,
            severity: super::fault::Severity::Error,
            can_be_lowered: true,
            source,
            hint,
        }
    }

    /// A check whose failure is told and no more.
    pub const fn warning(id: &'static str, test: Test, source: &'static str, hint: &'static str) -> Self {
        Self {
            severity: super::fault::Severity::Warning,
            ..Self::error(id, test, source, hint)
        }
    }

    /// The same check, which no job can turn into a warning.
    #[must_use]
    pub const fn firm(self) -> Self {
        Self {
            can_be_lowered: false,
            ..self
        }
    }
}

/// What is tried. Values arrive trimmed and not empty; lengths are counted in characters (Unicode scalar values).
#[derive(Clone, Copy, Debug)]
pub enum Test {
    /// At least and at most so many characters.
    Chars {
        /// Least.
        min: usize,
        /// Most.
        max: usize,
    },
    /// Letters and digits of any script (`\p{L}\p{N}`), and these.
    Alphabet {
        /// What else is allowed.
        also: &'static str,
    },
    /// None of these characters.
    AllBut(&'static str),
    /// One of these, as it stands.
    OneOf(&'static [&'static str]),
    /// A language of these, or a locale of one of them: `en`, `en-US` ([`language_of`]).
    Language(&'static [&'static str]),
    /// A list whose every part is one of these.
    EachOneOf(&'static [&'static str]),
    /// An ISO 3166-1 alpha-2 code.
    Country,
    /// Not one of these countries. With each, what to do instead.
    CountryNotIn(&'static [(&'static str, &'static str)]),
    /// The part of an ISO 3166-2 code after the hyphen: from the table of the record's country if there is
    /// one, else one to three capitals and digits.
    Region(&'static [RegionTable]),
    /// A code or a name from the table of the record's country, names without regard to case and punctuation. Whatever
    /// stands there for a country without a table.
    RegionOrName(&'static [RegionTable]),
    /// A postal code as the record's country writes them, where its form is known.
    PostalCode(&'static [PostalForm]),
    /// Not one digit short in a country whose codes have so many digits.
    NoZeroLost(&'static [(&'static str, usize)]),
    /// An email address.
    Email,
    /// No control characters: line breaks, tabs and worse.
    NoControls,
    /// No characters that cannot be seen.
    NoInvisibles,
    /// Not a spreadsheet's error value, `#N/A`.
    NoSheetError,
    /// Not a long number that a spreadsheet shortened, `4.91512E+11`.
    NoSheetNumber,
    /// Not text that was read in the wrong encoding once, `MÃ¼ller`.
    NoGarbling,
    /// Written as text in a file that tells text from numbers.
    NotANumber,
    /// What the job says, if it says anything.
    SameAsJob,
    /// Yes or no, in one of the words of [`yes_or_no`].
    YesOrNo,
    /// A country's calling code, `44` or `+44`.
    CallingCode,
    /// A telephone number that can be told apart from its calling code, which may have a column of its own.
    Phone {
        /// That column.
        code: Field,
    },
    /// A password that keeps a rule.
    Password(PasswordRule),
}

/// A rule between rows.
#[derive(Debug)]
pub struct FileRule {
    /// Stable id, `key.duplicate`.
    pub id: &'static str,
    /// What is tried.
    pub test: FileTest,
    /// Whether the later row is kept back or only told.
    pub severity: super::fault::Severity,
    /// Where the rule comes from.
    pub source: &'static str,
    /// What to do.
    pub hint: &'static str,
}

/// What is tried between rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileTest {
    /// No two rows have the same value.
    Unique(Field),
    /// Contacts with the same email have the same name.
    OneNamePerEmail,
}

impl Contract {
    /// The rules of `field`; none for a contact that is one too many.
    pub fn rule(&self, field: Field) -> Option<&'static FieldRule> {
        if field.contact().is_some_and(|number| number >= self.contacts_max) {
            return None;
        }
        let template = field.for_contact(0);
        self.fields.iter().find(|rule| rule.field == template)
    }

    /// The canonical column of a path in the provider's words, so that the provider's errors can be shown in the
    /// user's: `companyProfile.contacts[0].firstName`. Paths of several fields (`companyProfile.address`) have none.
    pub fn field_of_wire_path(&self, path: &str) -> Option<Field> {
        let path = path.trim();
        let (template, number) = match path.split_once('[') {
            Some((list, rest)) => {
                let (index, tail) = rest.split_once(']')?;
                (format!("{list}[]{tail}"), index.parse::<u8>().ok()?)
            }
            None => (path.to_owned(), 0),
        };
        // An element of a list that is one column: `companyProfile.marketSegments[1]`.
        let template = template.strip_suffix("[]").unwrap_or(&template);
        let rule = self
            .fields
            .iter()
            .find(|rule| rule.wire_path.eq_ignore_ascii_case(template))?;
        (number < self.contacts_max).then(|| rule.field.for_contact(number))
    }

    /// Where `field` goes, `companyProfile.contacts[1].email`.
    pub fn wire_path_of(&self, field: Field) -> Option<String> {
        let number = field.contact().unwrap_or_default();
        self.rule(field)
            .map(|rule| rule.wire_path.replace("[]", &format!("[{number}]")))
    }

    /// Every check id of the contract, those between rows included.
    pub fn check_ids(&self) -> impl Iterator<Item = &'static str> {
        let of_fields = self
            .fields
            .iter()
            .flat_map(|rule| rule.checks)
            .chain(self.every_field)
            .map(|check| check.id);
        of_fields.chain(self.file_rules.iter().map(|rule| rule.id))
    }

    /// Whether a job can turn the check `id` into a warning.
    pub fn can_be_lowered(&self, id: &str) -> bool {
        let mut checks = self
            .fields
            .iter()
            .flat_map(|rule| rule.checks)
            .chain(self.every_field);
        checks.any(|check| check.id == id && check.can_be_lowered)
    }
}
