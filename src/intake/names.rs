//! Which field a header names: by canonical name, alias or the provider's own path, without case, spaces and
//! punctuation.

use std::collections::HashMap;

use crate::domain::contract::Contract;
use crate::domain::field::Field;
use crate::domain::near::fold;

/// All names that a contract's fields have.
pub(super) struct Names<'a> {
    contract: &'a Contract,
    by_folded: HashMap<String, Field>,
}

impl<'a> Names<'a> {
    pub(super) fn new(contract: &'a Contract) -> Self {
        let mut names = Self {
            contract,
            by_folded: HashMap::new(),
        };
        for rule in contract.fields {
            let known = std::iter::once(rule.field.base_name()).chain(rule.aliases.iter().copied());
            known.for_each(|name| names.add(rule.field, name));
        }
        names
    }

    fn add(&mut self, field: Field, name: &str) {
        let mut add = |name: &str, field| {
            self.by_folded.entry(fold(name)).or_insert(field);
        };
        add(name, field);
        if field.contact().is_none() {
            return;
        }
        let short = name.strip_prefix("contact_").unwrap_or(name);
        for number in 0..self.contract.contacts_max {
            let (field, count) = (field.for_contact(number), u16::from(number) + 1);
            add(&format!("contact{count}{name}"), field);
            add(&format!("contact{count}{short}"), field);
            add(&format!("{name}{count}"), field);
        }
    }

    /// The field that `header` names.
    pub(super) fn field_of(&self, header: &str) -> Option<Field> {
        self.by_folded
            .get(&fold(header))
            .copied()
            .or_else(|| self.by_path(header))
    }

    /// `companyProfile.contacts[1].email`, whole or without what it begins with.
    fn by_path(&self, header: &str) -> Option<Field> {
        let path = header.trim();
        if !path.contains(['.', '[']) {
            return None;
        }
        self.contract.field_of_wire_path(path).or_else(|| {
            let mut starts = self
                .contract
                .fields
                .iter()
                .filter_map(|rule| rule.wire_path.split_once('.'))
                .map(|(start, _)| start);
            starts.find_map(|start| self.contract.field_of_wire_path(&format!("{start}.{path}")))
        })
    }

    /// All names, folded.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.by_folded.keys().map(String::as_str)
    }

    /// Canonical names and aliases, each with its field, for a near match.
    pub(super) fn known(&self) -> impl Iterator<Item = (&'static str, Field)> {
        self.contract.fields.iter().flat_map(|rule| {
            let all = std::iter::once(rule.field.base_name()).chain(rule.aliases.iter().copied());
            all.map(|name| (name, rule.field))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::adobe::contract::CONTRACT;

    #[test]
    fn headers_people_write() {
        let names = Names::new(&CONTRACT);
        for (header, field) in [
            ("key", Some(Field::Key)),
            ("External ID", Some(Field::Key)),
            ("externalReferenceId", Some(Field::Key)),
            ("COMPANY NAME", Some(Field::Company)),
            ("companyProfile.companyName", Some(Field::Company)),
            ("Zip-Code", Some(Field::PostalCode)),
            ("address.postalCode", Some(Field::PostalCode)),
            ("Address Line 1", Some(Field::Line1)),
            ("address1", Some(Field::Line1)),
            ("email", Some(Field::Email(0))),
            ("E-Mail", Some(Field::Email(0))),
            ("email 2", Some(Field::Email(1))),
            ("Contact 2 First Name", Some(Field::FirstName(1))),
            ("contact_2_phone", Some(Field::ContactPhone(1))),
            (
                "companyProfile.contacts[1].phoneNumber",
                Some(Field::ContactPhone(1)),
            ),
            ("contacts[19].email", Some(Field::Email(19))),
            ("contacts[20].email", None),
            ("companyProfile.marketSegments", Some(Field::Segments)),
            ("distributorId", Some(Field::Distributor)),
            ("Notes", None),
            ("", None),
        ] {
            assert_eq!(names.field_of(header), field, "{header}");
        }
    }

    #[test]
    fn every_canonical_name_names_its_field() {
        let names = Names::new(&CONTRACT);
        for field in Field::all().filter(|field| CONTRACT.rule(*field).is_some()) {
            assert_eq!(names.field_of(&field.to_string()), Some(field));
        }
    }

    #[test]
    fn a_contract_with_one_contact_knows_no_second() {
        let one = Contract {
            contacts_max: 1,
            ..CONTRACT
        };
        let names = Names::new(&one);
        for header in ["email", "contact_1_email", "email 1", "contacts[0].email"] {
            assert_eq!(names.field_of(header), Some(Field::Email(0)), "{header}");
        }
        for header in ["contact_2_email", "email 2", "contacts[1].email"] {
            assert_eq!(names.field_of(header), None, "{header}");
        }
    }

    #[test]
    fn no_name_is_given_twice() {
        let names = Names::new(&CONTRACT);
        for (name, field) in names.known() {
            assert_eq!(names.field_of(name), Some(field), "{name}");
        }
    }
}
