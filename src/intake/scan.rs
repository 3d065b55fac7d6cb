//! A file from its first row to its last, each row judged. Run once to check and once more to feed.

mod short;

use std::ops::ControlFlow;

use super::IntakeError;
use super::headers::Headers;
use super::mapping::Mapping;
use super::reader::{Reader, Step};
use super::row::Row;
use super::twins::Twins;
use crate::domain::contract::{Cells as _, Contract, Ruling};
use crate::domain::fault::Fault;
use crate::domain::field::Field;
use crate::domain::ids::Digest;
use crate::domain::record::{Record, derived_key};

/// What a scan found next.
#[derive(Debug)]
pub enum Scanned<'a> {
    /// A row of the file.
    Row(ScannedRow<'a>),
    /// The file cannot be read on. Comes at most once, after all rows.
    Broken(Fault),
}

/// A row of the file, judged.
#[derive(Debug)]
pub struct ScannedRow<'a> {
    /// The row's number in the file, counted from 1, the faulty ones included.
    pub seq: u64,
    /// The cells as the file has them, and their place.
    pub cells: &'a Row,
    /// The record, or why there is none: at least one error.
    pub record: Result<Record, Vec<Fault>>,
    /// What is odd and no reason to keep the row back.
    pub warnings: Vec<Fault>,
}

/// What a scan found in all.
#[derive(Clone, Debug)]
pub struct ScanSummary {
    /// Rows, sound and faulty.
    pub rows: u64,
    /// Rows that became records.
    pub sound: u64,
    /// Rows that did not.
    pub faulty: u64,
    /// Errors, those of the file included.
    pub errors: u64,
    /// Warnings of rows. Those of the columns are the mapping's.
    pub warnings: u64,
    /// Whether the file could not be read to its end.
    pub broken: bool,
    /// SHA-256 of the file's bytes. Two passes over a file that nobody changed have the same.
    pub digest: Digest,
    /// The file's size.
    pub bytes: u64,
    /// The file's columns.
    pub headers: Headers,
    /// Whether keys were derived from content.
    pub derived_keys: bool,
}

/// A scan that is asked for one row after the other.
pub struct Scanner<'a> {
    reader: Reader,
    mapping: &'a Mapping,
    contract: &'a Contract,
    ruling: Ruling<'a>,
    twins: Twins,
    row: Row,
    rows: u64,
    sound: u64,
    errors: u64,
    warnings: u64,
    broken: bool,
}

/// Scans a whole file. `sink` can end it early; what was not scanned is then not in the counts, but the digest
/// is of the whole file all the same.
pub fn scan(
    reader: Reader,
    mapping: &Mapping,
    contract: &Contract,
    ruling: Ruling<'_>,
    sink: &mut dyn FnMut(Scanned<'_>) -> ControlFlow<()>,
) -> Result<ScanSummary, IntakeError> {
    let mut scanner = Scanner::new(reader, mapping, contract, ruling);
    while let Some(scanned) = scanner.next()? {
        if sink(scanned).is_break() {
            break;
        }
    }
    scanner.finish()
}

impl<'a> Scanner<'a> {
    /// A scan of `reader` from where it stands. `mapping` is of the same file.
    pub fn new(reader: Reader, mapping: &'a Mapping, contract: &'a Contract, ruling: Ruling<'a>) -> Self {
        Self {
            twins: Twins::new(contract, mapping.derives_keys(), reader.format()),
            reader,
            mapping,
            contract,
            ruling,
            row: Row::default(),
            rows: 0,
            sound: 0,
            errors: 0,
            warnings: 0,
            broken: false,
        }
    }

    /// The next row; `None` at the end. An error is of the machine, not of the file.
    #[allow(
        clippy::should_implement_trait,
        reason = "lends the row, which no iterator can"
    )]
    pub fn next(&mut self) -> Result<Option<Scanned<'_>>, IntakeError> {
        let (record, mut faults) = match self.reader.next_row(&mut self.row)? {
            Step::End => return Ok(None),
            Step::Broken(fault) => {
                self.broken = true;
                self.errors += 1;
                return Ok(Some(Scanned::Broken(fault)));
            }
            Step::Bad(faults) => (None, faults),
            Step::Row => self.judge(),
            Step::Short { fault, cells } => {
                match short::excused(&fault, &self.row, cells, self.mapping, self.contract) {
                    None => (None, vec![fault]),
                    Some(warning) => {
                        let (record, mut faults) = self.judge();
                        faults.insert(0, warning);
                        (record, faults)
                    }
                }
            }
            Step::Doubtful(doubts) => {
                let (record, mut faults) = self.judge();
                faults.splice(0..0, doubts);
                (record, faults)
            }
        };
        self.rows += 1;
        self.contract.hide_secrets(&mut faults);
        let (errors, warnings) = match faults.as_slice() {
            [] => (Vec::new(), Vec::new()),
            _ => faults.into_iter().partition(Fault::is_error),
        };
        self.errors += errors.len() as u64;
        self.warnings += warnings.len() as u64;
        let record = record.filter(|_| errors.is_empty());
        self.sound += u64::from(record.is_some());
        let record = record.ok_or(errors);
        Ok(Some(Scanned::Row(ScannedRow {
            seq: self.rows,
            cells: &self.row,
            record,
            warnings,
        })))
    }

    /// Bytes read so far, for a progress line.
    pub fn bytes_read(&self) -> u64 {
        self.reader.bytes_read()
    }

    /// Reads whatever is left of the file's bytes, and sums up.
    pub fn finish(self) -> Result<ScanSummary, IntakeError> {
        let (digest, bytes, headers) = self.reader.finish()?;
        Ok(ScanSummary {
            rows: self.rows,
            sound: self.sound,
            faulty: self.rows - self.sound,
            errors: self.errors,
            warnings: self.warnings,
            broken: self.broken,
            digest,
            bytes,
            headers,
            derived_keys: self.mapping.derives_keys(),
        })
    }

    fn judge(&mut self) -> (Option<Record>, Vec<Fault>) {
        let mut faults = Vec::new();
        let key = self.derived_key();
        let cells = self.mapping.cells(&self.row, key.as_deref());
        let record = self.contract.validate(&cells, &self.ruling, &mut faults);
        self.twins.check(&cells, &self.row, &mut faults);
        (record, faults)
    }

    fn derived_key(&self) -> Option<String> {
        if !self.mapping.derives_keys() {
            return None;
        }
        let cells = self.mapping.cells(&self.row, None);
        let text = |field| cells.text(field).unwrap_or_default();
        let key = derived_key(text(Field::Company), text(Field::Country), text(Field::Email(0)))?;
        Some(key.as_str().to_owned())
    }
}

#[cfg(test)]
mod tests;
