//! The one pass over a row: every rule of every field, all faults at once, and a record if there is none.

use std::borrow::Cow;

use super::check::{Finding, Look};
use super::secret::{LEFT_OUT, SECRET_SHOWN, UNTOLD};
use super::{Check, Contract, FieldRule, Need};
use crate::domain::fault::{Fault, Place, Severity, cut};
use crate::domain::field::Field;
use crate::domain::record::{Draft, Record};

/// A row as a contract looks at it.
pub trait Cells {
    /// The cell of a field as it stands; `None` when the file has no column for it.
    fn text(&self, field: Field) -> Option<&str>;

    /// Where that cell is, or would be.
    fn place(&self, field: Field) -> Place;

    /// How many contacts the file has columns for.
    fn contacts(&self) -> u8;

    /// Whether the file wrote the cell as a number.
    fn is_number(&self, _field: Field) -> bool {
        false
    }

    /// About how many bytes the row's texts have.
    fn bytes(&self) -> usize {
        0
    }
}

/// What a job has to say about the rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ruling<'a> {
    /// Ids of checks that warn where they would refuse.
    pub warn_only: &'a [String],
    /// The account holder at the provider; a file that names one must name this.
    pub distributor: Option<&'a str>,
    /// Fields that are seen to for all rows that do not have them: somebody attests them, or they are made.
    pub for_all: &'a [Field],
}

/// The parts of a list in a cell: split at `;`, `|` and `,`, trimmed, without empty ones.
pub fn split_segments(text: &str) -> impl Iterator<Item = &str> {
    text.split([';', '|', ','])
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

/// The language of a locale: `en` of `en-US`. A language is its own.
pub fn language_of(locale: &str) -> &str {
    locale.split(['-', '_']).next().unwrap_or(locale).trim()
}

/// What a cell that says yes or no says, in any case: `yes`, `true`, `1`, `no`, `false`, `0`, and `y` and `n`.
pub fn yes_or_no(text: &str) -> Option<bool> {
    let is_one_of = |words: [&str; 4]| words.iter().any(|word| word.eq_ignore_ascii_case(text.trim()));
    match () {
        () if is_one_of(["yes", "true", "1", "y"]) => Some(true),
        () if is_one_of(["no", "false", "0", "n"]) => Some(false),
        () => None,
    }
}

impl Contract {
    /// Applies every rule to one row. Adds all faults to `faults`; gives a record if none of them is an error.
    pub fn validate(
        &self,
        cells: &dyn Cells,
        ruling: &Ruling<'_>,
        faults: &mut Vec<Fault>,
    ) -> Option<Record> {
        let before = faults.len();
        let mut pass = Pass {
            contract: self,
            cells,
            ruling,
            faults,
            country: None,
            draft: Draft::with_capacity(cells.bytes(), self.fields.len()),
        };
        self.fields
            .iter()
            .filter(|rule| rule.field.contact().is_none())
            .for_each(|rule| pass.field(rule, rule.field));
        (0..cells.contacts().clamp(1, self.contacts_max.max(1))).for_each(|number| pass.contact(number));
        let draft = pass.draft;
        if faults.iter().skip(before).any(Fault::is_error) {
            return None;
        }
        let record = draft.finish();
        if record.is_none() {
            faults.push(Fault::error(
                cells.place(Field::Key),
                "key.required",
                "the row has no key and none can be derived",
                "add a column with your own id of each reseller",
            ));
        }
        record
    }
}

struct Pass<'a> {
    contract: &'a Contract,
    cells: &'a dyn Cells,
    ruling: &'a Ruling<'a>,
    faults: &'a mut Vec<Fault>,
    /// The record's country, once it is known to be one: what regions and postal codes are judged by.
    country: Option<&'a str>,
    draft: Draft,
}

impl<'a> Pass<'a> {
    fn contact(&mut self, number: u8) {
        let value = |field| self.cells.text(field).unwrap_or_default().trim();
        let contract = self.contract;
        let must_be = number == 0 && contract.fields.iter().all(|rule| rule.need != Need::OfContact);
        // Another contact is there if anything of it is.
        if !must_be
            && Field::of_contact(number)
                .into_iter()
                .all(|field| value(field).is_empty())
        {
            return;
        }
        let rules = contract
            .fields
            .iter()
            .filter(|rule| rule.field.contact().is_some());
        rules.for_each(|rule| self.field(rule, rule.field.for_contact(number)));
    }

    fn field(&mut self, rule: &'static FieldRule, field: Field) {
        let cell = self.cells.text(field);
        let value = cell.unwrap_or_default().trim();
        if value.is_empty() {
            return self.missing(rule, field, cell.is_some());
        }
        if value == SECRET_SHOWN && self.contract.is_secret(field) {
            return self.left_out(field);
        }
        let before = self.faults.len();
        let look = Look {
            value,
            is_plain: value.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            country: self.country,
            is_number: self.cells.is_number(field),
            distributor: self.ruling.distributor,
            provider: self.contract.provider,
            cells: self.cells,
        };
        for check in self.contract.every_field.iter().chain(rule.checks) {
            if let Some(finding) = check.test.run(&look) {
                self.found(check, field, value, finding);
            }
        }
        if self.faults.iter().skip(before).any(Fault::is_error) {
            return;
        }
        match field {
            Field::Country => {
                self.country = Some(value);
                self.draft.push(field, value);
            }
            Field::Segments => self.draft.push(field, &joined(value)),
            _ if rule.need == Need::FromJob => (),
            _ => self.draft.push(field, value),
        }
    }

    fn missing(&mut self, rule: &'static FieldRule, field: Field, has_column: bool) {
        match rule.need {
            Need::Default(value) => self.draft.push(field, value),
            Need::Required | Need::OfContact => self.required(rule, field),
            Need::WithColumn if has_column => self.required(rule, field),
            Need::RequiredIn(countries) if self.country.is_some_and(|here| countries.contains(&here)) => {
                self.required(rule, field);
            }
            Need::OrForAll if has_column && !self.ruling.for_all.contains(&field) => {
                self.required(rule, field)
            }
            Need::Optional | Need::FromJob | Need::WithColumn | Need::RequiredIn(_) | Need::OrForAll => (),
        }
    }

    fn required(&mut self, rule: &'static FieldRule, field: Field) {
        let message = match field.contact() {
            Some(number @ 1..) => format!("contact {} has no {}", number + 1, words(field)),
            _ => format!("{} is missing", words(field)),
        };
        self.faults.push(Fault {
            place: self.cells.place(field),
            field: Some(field),
            value: String::new(),
            rule: Cow::Owned(format!("{}.required", field.base_name())),
            severity: Severity::Error,
            message,
            hint: rule.hint.to_owned(),
            source: Cow::Borrowed(rule.source),
        });
    }

    /// A report leaves secrets out; fed back, its mark must not be sent in their place.
    fn left_out(&mut self, field: Field) {
        let message = format!("{} is secret and was left out of the report", words(field));
        let fault = Fault::error(
            self.cells.place(field),
            LEFT_OUT,
            message,
            "write the value in again",
        );
        self.faults.push(fault.with_cell(Some(field), ""));
    }

    #[cold]
    fn found(&mut self, check: &'static Check, field: Field, value: &str, finding: Finding) {
        let is_secret = self.contract.is_secret(field);
        let lowered = check.can_be_lowered && self.ruling.warn_only.iter().any(|id| id == check.id);
        self.faults.push(Fault {
            place: self.cells.place(field),
            field: Some(field),
            value: if is_secret { String::new() } else { cut(value) },
            rule: Cow::Borrowed(check.id),
            severity: if lowered {
                Severity::Warning
            } else {
                check.severity
            },
            message: if is_secret {
                UNTOLD.to_owned()
            } else {
                finding.message
            },
            hint: finding
                .hint
                .filter(|_| !is_secret)
                .unwrap_or_else(|| check.hint.to_owned()),
            source: Cow::Borrowed(check.source),
        });
    }
}

/// The canonical name in words: `postal code`.
fn words(field: Field) -> String {
    field.base_name().replace('_', " ")
}

/// The parts of a list, each once, joined by `;`.
fn joined(text: &str) -> Cow<'_, str> {
    if !text.contains([';', '|', ',']) {
        return Cow::Borrowed(text);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in split_segments(text) {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    Cow::Owned(parts.join(";"))
}
