//! Rules between rows: the same key twice, one address with two names.
//!
//! What is remembered is a hash and a place, 16 bytes a row: a million rows cost some tens of megabytes whatever
//! is in them. Two different values share a hash once in some ten million such files.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};

use super::format::Format;
use super::row::Row;
use crate::domain::contract::{Cells, Contract, FileRule, FileTest};
use crate::domain::fault::Fault;
use crate::domain::field::Field;

/// Longest address that is compared without an allocation.
const SHORT_BYTES: usize = 256;

/// What was seen of the rows so far.
pub(super) struct Twins {
    rules: Vec<Seen>,
    hasher: RandomState,
    derives_keys: bool,
    format: Format,
}

struct Seen {
    rule: &'static FileRule,
    /// Hash of the value: what else matters of it, and where it was first.
    known: HashMap<u64, (u32, u32), BuildHasherDefault<AsItIs>>,
}

/// The keys are hashes; hashing them again would only cost.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes
            .iter()
            .for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

impl Twins {
    pub(super) fn new(contract: &Contract, derives_keys: bool, format: Format) -> Self {
        let rules = contract
            .file_rules
            .iter()
            .map(|rule| Seen {
                rule,
                known: HashMap::default(),
            })
            .collect();
        Self {
            rules,
            hasher: RandomState::new(),
            derives_keys,
            format,
        }
    }

    /// Compares a row with those before it, and remembers it.
    pub(super) fn check(&mut self, cells: &dyn Cells, row: &Row, faults: &mut Vec<Fault>) {
        // A list of JSON records can stand on one line.
        let (word, at) = match self.format {
            Format::Csv | Format::JsonLines => ("on line", row.line()),
            Format::Json => ("in record", row.record()),
            Format::Xlsx => ("in row", row.line()),
        };
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        for seen in &mut self.rules {
            match seen.rule.test {
                FileTest::Unique(field) => {
                    let Some(first) = seen.unique(&self.hasher, field, cells, at) else {
                        continue;
                    };
                    faults.push(again(
                        seen.rule,
                        cells,
                        field,
                        &format!("{word} {first}"),
                        self.derives_keys,
                    ));
                }
                FileTest::OneNamePerEmail => {
                    for (email, first) in seen.other_names(&self.hasher, cells, at) {
                        let message =
                            format!("the contact with this address has another name {word} {first}");
                        let value = cells.text(email).unwrap_or_default().trim();
                        faults.push(fault(seen.rule, cells, email, value, message, seen.rule.hint));
                    }
                }
            }
        }
    }
}

impl Seen {
    /// Where the field's value was before, if it was.
    fn unique(&mut self, hasher: &RandomState, field: Field, cells: &dyn Cells, at: u32) -> Option<u32> {
        let value = cells.text(field).unwrap_or_default().trim();
        if value.is_empty() {
            return None;
        }
        let hash = if field == Field::Key {
            hasher.hash_one(value)
        } else {
            hash_folded(hasher, value)
        };
        match self.known.entry(hash) {
            Entry::Occupied(known) => Some(known.get().1),
            Entry::Vacant(free) => {
                free.insert((0, at));
                None
            }
        }
    }

    /// The emails of the row that had another name before, and where.
    fn other_names(&mut self, hasher: &RandomState, cells: &dyn Cells, at: u32) -> Vec<(Field, u32)> {
        let mut found = Vec::new();
        for number in 0..cells.contacts() {
            let text = |field: Field| cells.text(field.for_contact(number)).unwrap_or_default().trim();
            let email = text(Field::Email(0));
            if email.is_empty() {
                continue;
            }
            let name = hasher.hash_one((text(Field::FirstName(0)), text(Field::LastName(0))));
            let name = u32::try_from(name >> 32).unwrap_or_default();
            let (known, first) = *self.known.entry(hash_folded(hasher, email)).or_insert((name, at));
            if known != name {
                found.push((Field::Email(number), first));
            }
        }
        found
    }
}

fn again(rule: &'static FileRule, cells: &dyn Cells, field: Field, first: &str, derives_keys: bool) -> Fault {
    if field == Field::Key && derives_keys {
        let message =
            format!("the same company, country and email as {first}, and no key to tell the two apart");
        let hint = "add a column `key` with your own id of each reseller, or take one of the rows out";
        return fault(rule, cells, field, "", message, hint);
    }
    let value = cells.text(field).unwrap_or_default().trim();
    fault(rule, cells, field, value, format!("already {first}"), rule.hint)
}

fn fault(
    rule: &'static FileRule,
    cells: &dyn Cells,
    field: Field,
    value: &str,
    message: String,
    hint: &str,
) -> Fault {
    let fault = Fault::error(cells.place(field), rule.id, message, hint).with_severity(rule.severity);
    Fault {
        source: Cow::Borrowed(rule.source),
        ..fault.with_cell(Some(field), value)
    }
}

/// The hash of `text` whatever its case.
fn hash_folded(hasher: &RandomState, text: &str) -> u64 {
    let mut short = [0; SHORT_BYTES];
    match short.get_mut(..text.len()) {
        Some(lower) if text.is_ascii() => {
            lower.copy_from_slice(text.as_bytes());
            lower.make_ascii_lowercase();
            hasher.hash_one(&*lower)
        }
        _ => hasher.hash_one(text.to_lowercase().as_bytes()),
    }
}
