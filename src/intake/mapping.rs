//! Which column of a file is which field.

mod builder;
mod of_report;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use self::builder::Builder;
use super::headers::Headers;
use super::names::Names;
use super::row::Row;
use crate::domain::contract::{Cells, Contract};
use crate::domain::fault::{Fault, Place};
use crate::domain::field::Field;
use crate::domain::near::fold;

/// Which column is which field, for one file under one job.
#[derive(Clone, Debug)]
pub struct Mapping {
    headers: Headers,
    /// By [`Field::slot`].
    columns: Vec<Option<usize>>,
    contacts: u8,
    warnings: Vec<Fault>,
}

impl Mapping {
    /// Matches columns to fields: first those that the job names (`header -> field`, `-` to pass one over), then
    /// by canonical name, alias and the provider's own path.
    ///
    /// Faults, when it cannot be done: required columns that are missing, two columns for one field, and a job
    /// that names what does not exist.
    pub fn build(
        headers: &Headers,
        contract: &Contract,
        job_columns: &BTreeMap<String, String>,
    ) -> Result<Self, Vec<Fault>> {
        let mut builder = Builder::of(headers, contract, job_columns);
        builder.unknown();
        builder.missing();
        if builder.faults.iter().any(Fault::is_error) {
            return Err(builder.faults);
        }
        let contacts =
            Field::all().filter(|field| builder.columns.get(field.slot()).is_some_and(Option::is_some));
        let contacts = contacts
            .filter_map(Field::contact)
            .max()
            .map_or(0, |last| last + 1);
        Ok(Self {
            headers: headers.clone(),
            columns: builder.columns,
            contacts,
            warnings: builder.faults,
        })
    }

    /// The columns that are taken for the same field, two at a time; those that have the same name are not told apart by one.
    pub fn clashes(
        headers: &Headers,
        contract: &Contract,
        job_columns: &BTreeMap<String, String>,
    ) -> Vec<Clash> {
        let mut clashes = Builder::of(headers, contract, job_columns).clashes;
        let name = |column: usize| headers.names().get(column);
        clashes.retain(|clash| name(clash.columns[0]) != name(clash.columns[1]));
        clashes
    }

    /// What the user should know of the columns: unknown ones, and that keys are derived. Told once a file.
    pub fn warnings(&self) -> &[Fault] {
        &self.warnings
    }

    /// The column of a field, counted from 0.
    pub fn column_of(&self, field: Field) -> Option<usize> {
        self.columns.get(field.slot()).copied().flatten()
    }

    /// The field of a column, counted from 0.
    pub(super) fn field_at(&self, column: usize) -> Option<Field> {
        Field::all().find(|field| self.column_of(*field) == Some(column))
    }

    /// The user's header for a field.
    pub fn header_of(&self, field: Field) -> Option<&str> {
        self.headers
            .names()
            .get(self.column_of(field)?)
            .map(String::as_str)
    }

    /// Whether rows get keys derived from their content, for want of a column.
    pub fn derives_keys(&self) -> bool {
        self.column_of(Field::Key).is_none()
    }

    /// How many contacts the file has columns for.
    pub fn contacts(&self) -> u8 {
        self.contacts
    }

    /// A row as a contract looks at it. `derived_key` stands in for the column that the file does not have.
    pub(super) fn cells<'a>(&'a self, row: &'a Row, derived_key: Option<&'a str>) -> MappedRow<'a> {
        MappedRow {
            mapping: self,
            row,
            derived_key,
        }
    }
}

/// All names under which columns are found, folded: those that the contract's fields have, and those that a job gives them.
pub fn known_names(contract: &Contract, job_columns: &BTreeMap<String, String>) -> Arc<HashSet<String>> {
    let names = Names::new(contract);
    let of_job = job_columns.keys().map(|name| fold(name));
    let all = names.all().map(str::to_owned).chain(of_job);
    Arc::new(all.filter(|name| !name.is_empty()).collect())
}

/// Two columns that are taken for one field, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The field.
    pub field: Field,
    /// The columns, counted from 0.
    pub columns: [usize; 2],
}

/// A row under a mapping.
pub(super) struct MappedRow<'a> {
    mapping: &'a Mapping,
    row: &'a Row,
    derived_key: Option<&'a str>,
}

impl Cells for MappedRow<'_> {
    fn text(&self, field: Field) -> Option<&str> {
        match self.mapping.column_of(field) {
            Some(column) => Some(self.row.cell(column).unwrap_or_default()),
            None if field == Field::Key => self.derived_key,
            None => None,
        }
    }

    fn place(&self, field: Field) -> Place {
        let headers = &self.mapping.headers;
        let place = headers.record_place(self.row.line(), self.row.record());
        match self.mapping.column_of(field) {
            Some(column) => headers.cell_place(&place, column),
            None => Place {
                column: field.to_string(),
                ..place
            },
        }
    }

    fn contacts(&self) -> u8 {
        self.mapping.contacts
    }

    fn is_number(&self, field: Field) -> bool {
        self.mapping
            .column_of(field)
            .is_some_and(|column| self.row.is_number(column))
    }

    fn bytes(&self) -> usize {
        self.row.bytes()
    }
}

#[cfg(test)]
mod tests;
