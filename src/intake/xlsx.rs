//! XLSX: the rows of one sheet, each cell as the eye sees it.
//!
//! A workbook is a zip archive of XML. Its sheet is read as it is unpacked, one row in memory at a time; only the texts
//! that cells share are held. Why it is read here and not by a crate: docs/decisions/0015-spreadsheets.md.
//!
//! What a sheet leaves in doubt is told, never guessed: several sheets and hidden rows stop the reading until the user
//! says what is meant, a cell under a merged one is a fault of its row, and formulas are said to be as last computed.

mod book;
mod choice;
mod format;
mod grid;
mod rows;
mod show;
mod strings;
mod styles;
mod survey;
mod tell;
mod text;
mod xml;

use std::sync::Arc;

use self::book::Book;
use self::grid::Area;
use self::rows::{Cell, Rows, Start};
use self::show::{Doubt, Look, Shower};
use self::survey::{Head, Survey};
use super::headers::Headers;
use super::packed::Archive;
use super::reader::Step;
use super::row::Row;
use super::{Hidden, IntakeError, Limits, Manner};
use crate::domain::fault::{Fault, Place};

/// A sheet being read.
pub(super) struct Xlsx {
    shower: Shower,
    rows: Rows,
    header_row: u32,
    hidden: Hidden,
    /// Columns that are passed over, counted from 1, in order.
    skipped_columns: Vec<u32>,
    /// Merged cells that no row read so far is behind of, in the order of their first rows.
    merges: std::vec::IntoIter<Area>,
    open_merges: Vec<Area>,
    /// By column: what was told of its formats already.
    told: Vec<[bool; 2]>,
    limits: Limits,
    records: u64,
    cell: Cell,
    text: String,
}

/// What is wrong with a row, and what is odd.
#[derive(Default)]
struct Found {
    faults: Vec<Fault>,
    doubts: Vec<Fault>,
    bytes: usize,
    is_too_long: bool,
    surplus: bool,
}

impl Xlsx {
    /// Chooses the sheet, looks at all of it, and stands before its first row. The faults are notes of the file.
    pub(super) fn open(
        archive: Archive,
        manner: &Manner,
        limits: &Limits,
    ) -> Result<(Self, Headers, Vec<Fault>), IntakeError> {
        let book = Book::open(&archive, limits.part_bytes_max)?;
        let sheet = choice::choose(
            &archive,
            &book.sheets,
            manner.sheet.as_deref(),
            limits.part_bytes_max,
        )?;
        let sheet_name: Arc<str> = sheet.name.as_str().into();
        let wants_computing = book.wants_computing;
        let shower = Shower::of(book);
        let open = || Rows::open(&archive, &sheet.path, limits.part_bytes_max);
        let name = archive.name();
        let Some(head) = Head::find(&mut open()?, &shower)? else {
            let place = Place {
                sheet: Some(sheet_name),
                ..Place::file(name)
            };
            return Err(tell::empty(place));
        };
        let mut survey = Survey::take(open()?, &head, manner.hidden)?;
        if head.names.len() > limits.columns_max {
            return Err(tell::too_many_columns(name, head.names.len(), limits.columns_max));
        }
        let mut names = head.names;
        let skipped_columns = match manner.hidden {
            Hidden::Skip => survey.hidden_columns.clone(),
            Hidden::Read | Hidden::Refuse => Vec::new(),
        };
        for column in &skipped_columns {
            let at = *column as usize - 1;
            names.get_mut(at).map(String::clear).unwrap_or_default();
            survey.empty_columns.push(at);
        }
        let empty = std::mem::take(&mut survey.empty_columns);
        let headers = Headers::new(name, u64::from(head.row), names, limits)?.of_sheet(&sheet_name, empty);
        let notes = tell::notes(&survey, &headers, head.row, manner.hidden, wants_computing)?;
        let merges = survey.merges.into_iter();
        let sheet = Self {
            rows: open()?,
            shower,
            header_row: head.row,
            hidden: manner.hidden,
            skipped_columns,
            merges,
            open_merges: Vec::new(),
            told: vec![[false; 2]; headers.names().len()],
            limits: *limits,
            records: 0,
            cell: Cell::default(),
            text: String::new(),
        };
        Ok((sheet, headers, notes))
    }

    /// Reads the next row that is not blank.
    pub(super) fn next_row(&mut self, headers: &Headers, row: &mut Row) -> Result<Step, IntakeError> {
        while let Some(start) = self.rows.next_row()? {
            if start.number <= self.header_row || (start.is_hidden && self.hidden == Hidden::Skip) {
                continue;
            }
            let found = self.fill(start, headers, row)?;
            if row.is_empty() && found.faults.is_empty() {
                continue;
            }
            self.records += 1;
            return Ok(self.judge(start, found, headers, row));
        }
        row.start(u64::from(self.header_row), self.records + 1);
        Ok(Step::End)
    }

    /// Fills `row` with the cells of the row that begins here.
    fn fill(&mut self, start: Start, headers: &Headers, row: &mut Row) -> Result<Found, IntakeError> {
        let columns = headers.names().len();
        row.start(u64::from(start.number), self.records + 1);
        row.blank(columns);
        let place = headers.record_place(row.line(), row.record());
        let mut found = Found::default();
        while self.rows.next_cell(&mut self.cell)? {
            if self.cell.is_blank() || self.skipped_columns.binary_search(&self.cell.column).is_ok() {
                continue;
            }
            let column = self.cell.column as usize - 1;
            let look = self.shower.show(&self.cell, &mut self.text);
            let text = self.text.as_str();
            if column >= columns {
                if !found.surplus && !text.trim().is_empty() {
                    found.surplus = true;
                    found.faults.push(tell::surplus(headers, &place, column, text));
                }
                continue;
            }
            found.bytes += text.len();
            if found.bytes > self.limits.row_bytes_max {
                found.is_too_long = true;
                continue;
            }
            let is_number = match look {
                Look::Text { is_number } => is_number,
                Look::Odd { is_number, why } => {
                    if is_news(&mut self.told, column, why) {
                        found.doubts.push(tell::doubt(headers, &place, column, text, why));
                    }
                    is_number
                }
                Look::Wrong(wrong) => {
                    found
                        .faults
                        .push(tell::wrong(headers, &place, column, text, wrong));
                    false
                }
            };
            row.set(column, text, is_number);
        }
        row.restore_neutralised();
        Ok(found)
    }

    fn judge(&mut self, start: Start, found: Found, headers: &Headers, row: &mut Row) -> Step {
        let place = headers.record_place(row.line(), row.record());
        let mut faults = found.faults;
        if found.is_too_long {
            faults.push(tell::too_long(place.clone(), self.limits.row_bytes_max));
        }
        self.merged(start.number, headers, &place, &mut faults);
        faults.extend(headers.too_long_cells(row, &place, self.limits.cell_chars_max));
        if !faults.is_empty() {
            row.limit_cells(self.limits.cell_chars_max);
            faults.extend(found.doubts);
            return Step::Bad(faults);
        }
        if found.doubts.is_empty() {
            return Step::Row;
        }
        Step::Doubtful(found.doubts)
    }

    /// A fault for each merged area that this row has cells under.
    fn merged(&mut self, row: u32, headers: &Headers, place: &Place, faults: &mut Vec<Fault>) {
        while let Some(area) = self
            .merges
            .as_slice()
            .first()
            .copied()
            .filter(|area| area.first_row <= row)
        {
            self.merges.next();
            self.open_merges.push(area);
        }
        self.open_merges.retain(|area| area.last_row >= row);
        for area in &self.open_merges {
            let last = area
                .last_column
                .min(u32::try_from(headers.names().len()).unwrap_or(u32::MAX));
            let covered = (area.first_column..=last).find(|column| {
                area.covers(row, *column) && self.skipped_columns.binary_search(column).is_err()
            });
            if let Some(column) = covered {
                faults.push(tell::merged(headers, place, column as usize - 1, area));
            }
        }
    }
}

/// Whether a doubt is to be told. That digits may be gone is told of each cell; that a format is not shown, once for a
/// column, since it is the same in all of it.
fn is_news(told: &mut [[bool; 2]], column: usize, why: Doubt) -> bool {
    let kind = match why {
        Doubt::Digits => return true,
        Doubt::Scientific => 0,
        Doubt::Format => 1,
    };
    let told = told.get_mut(column).and_then(|told| told.get_mut(kind));
    told.is_some_and(|told| !std::mem::replace(told, true))
}

#[cfg(test)]
mod tests;
