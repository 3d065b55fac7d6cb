//! Rules between rows: the same key twice, one address with two names.
//!
//! What is remembered is a hash and a line, 16 bytes a row: a million rows cost some tens of megabytes whatever
//! is in them. Two different values share a hash once in some ten million such files.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher as _, RandomState};

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
}

struct Seen {
    rule: &'static FileRule,
    /// Hash of the value: what else matters of it, and the line it was first on.
    known: HashMap<u64, (u32, u32)>,
}

impl Twins {
    pub(super) fn new(contract: &Contract, derives_keys: bool) -> Self {
        let rules = contract
            .file_rules
            .iter()
            .map(|rule| Seen {
                rule,
                known: HashMap::new(),
            })
            .collect();
        Self {
            rules,
            hasher: RandomState::new(),
            derives_keys,
        }
    }

    /// Compares a row with those before it, and remembers it.
    pub(super) fn check(&mut self, cells: &dyn Cells, line: u64, faults: &mut Vec<Fault>) {
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        for seen in &mut self.rules {
            match seen.rule.test {
                FileTest::Unique(field) => {
                    unique(seen, &self.hasher, field, cells, line, self.derives_keys, faults)
                }
                FileTest::OneNamePerEmail => one_name(seen, &self.hasher, cells, line, faults),
            }
        }
    }
}

fn unique(
    seen: &mut Seen,
    hasher: &RandomState,
    field: Field,
    cells: &dyn Cells,
    line: u32,
    derives_keys: bool,
    faults: &mut Vec<Fault>,
) {
    let value = cells.text(field).unwrap_or_default().trim();
    if value.is_empty() {
        return;
    }
    let hash = if field == Field::Key {
        hasher.hash_one(value)
    } else {
        hash_folded(hasher, value)
    };
    let first = match seen.known.entry(hash) {
        Entry::Vacant(free) => {
            free.insert((0, line));
            return;
        }
        Entry::Occupied(known) => known.get().1,
    };
    if field == Field::Key && derives_keys {
        let message = format!(
            "the same company, country and email as on line {first}, and no key to tell the two apart"
        );
        let hint = "add a column `key` with your own id of each reseller, or take one of the rows out";
        faults.push(fault(seen.rule, cells, field, "", message, hint));
    } else {
        let message = format!("already on line {first}");
        faults.push(fault(seen.rule, cells, field, value, message, seen.rule.hint));
    }
}

fn one_name(seen: &mut Seen, hasher: &RandomState, cells: &dyn Cells, line: u32, faults: &mut Vec<Fault>) {
    for number in 0..cells.contacts() {
        let text = |field: Field| cells.text(field.for_contact(number)).unwrap_or_default().trim();
        let email = text(Field::Email(0));
        if email.is_empty() {
            continue;
        }
        let name = hasher.hash_one((text(Field::FirstName(0)), text(Field::LastName(0))));
        let name = u32::try_from(name >> 32).unwrap_or_default();
        let (known, first) = *seen
            .known
            .entry(hash_folded(hasher, email))
            .or_insert((name, line));
        if known != name {
            let message = format!("the contact with this address has another name on line {first}");
            faults.push(fault(
                seen.rule,
                cells,
                Field::Email(number),
                email,
                message,
                seen.rule.hint,
            ));
        }
    }
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
