//! JSON: a list of objects, one object, or an object a line; one record in memory at a time.
//!
//! Columns are the paths of all records in order of first appearance. Nobody knows them before the last record,
//! so the file is gone through once for its columns when it is opened.

mod flatten;
mod split;

use std::collections::HashMap;

use self::flatten::Flat;
pub(super) use self::split::Shape;
use self::split::{Piece, Splitter};
use super::headers::Headers;
use super::input::Input;
use super::manner::name_of;
use super::reader::Step;
use super::row::Row;
use super::{IntakeError, Limits};
use crate::domain::fault::{Fault, Place};

pub(super) struct Json {
    splitter: Splitter,
    limits: Limits,
    record: Vec<u8>,
    flat: Flat,
    columns: HashMap<String, usize>,
    records: u64,
}

/// What the bytes at the start and the name of a file say of how its records follow each other.
pub(super) fn shape_of(start: &[u8], is_lines: bool) -> Shape {
    if is_lines {
        return Shape::Lines;
    }
    let text = start.trim_ascii_start();
    if text.first() == Some(&b'[') {
        return Shape::Array;
    }
    // An object that is whole on its line is a line of many; one that goes on is written out for people.
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    match serde_json::from_slice::<serde::de::IgnoredAny>(line) {
        Ok(_) => Shape::Lines,
        Err(_) => Shape::Sequence,
    }
}

impl Json {
    /// Goes through `first` for the columns, and gives the rows from `again`. Both stand behind a byte order mark.
    pub(super) fn open(
        first: Input,
        again: Input,
        shape: Shape,
        limits: &Limits,
    ) -> Result<(Self, Headers), IntakeError> {
        let name = first.name().clone();
        let mut json = Self {
            splitter: Splitter::new(first, shape, limits),
            limits: *limits,
            record: Vec::new(),
            flat: Flat::default(),
            columns: HashMap::new(),
            records: 0,
        };
        let names = json.find_columns()?;
        json.splitter = Splitter::new(again, shape, limits);
        let headers = Headers::new(&name, 0, names, limits)?;
        if headers.names().is_empty() {
            return Err(json.why_no_columns(&headers)?);
        }
        Ok((json, headers))
    }

    pub(super) fn into_input(self) -> Input {
        self.splitter.input
    }

    pub(super) fn input(&self) -> &Input {
        &self.splitter.input
    }

    fn find_columns(&mut self) -> Result<Vec<String>, IntakeError> {
        let (mut names, mut records) = (Vec::new(), 0);
        while records < self.limits.rows_max {
            match self.splitter.next(&mut self.record)? {
                Piece::Record { .. } => (),
                Piece::TooLong { .. } => continue,
                Piece::Broken { .. } | Piece::End => break,
            }
            records += 1;
            // Records that cannot be read are told when the rows are.
            let readable = std::str::from_utf8(&self.record).is_ok_and(|text| self.flat.read(text).is_ok());
            if !readable {
                continue;
            }
            for (path, _, _) in self.flat.cells() {
                if self.columns.contains_key(path) {
                    continue;
                }
                if names.len() == self.limits.columns_max {
                    let message = format!(
                        "more than {} different fields; the next would be `{path}`",
                        names.len()
                    );
                    let hint = "is the whole list inside one object? Feed the list itself, one object for each reseller";
                    return Err(IntakeError::file(
                        self.splitter.input.name(),
                        "file.columns",
                        message,
                        hint,
                    ));
                }
                self.columns.insert(path.to_owned(), names.len());
                names.push(path.to_owned());
            }
        }
        Ok(names)
    }

    /// A file without one field has its first fault, or no records.
    fn why_no_columns(&mut self, headers: &Headers) -> Result<IntakeError, IntakeError> {
        Ok(match self.next_row(headers, &mut Row::default())? {
            Step::Bad(faults) => faults.into_iter().next(),
            Step::Broken(fault) => Some(fault),
            Step::Row | Step::Short { .. } | Step::Doubtful(_) | Step::End => None,
        }
        .map_or_else(|| self.empty(), |fault| IntakeError::File(Box::new(fault))))
    }

    fn empty(&self) -> IntakeError {
        let hint = "feed a list of objects, one for each reseller";
        IntakeError::file(
            self.splitter.input.name(),
            "file.empty",
            "there are no records in the file",
            hint,
        )
    }

    /// Reads the next record.
    pub(super) fn next_row(&mut self, headers: &Headers, row: &mut Row) -> Result<Step, IntakeError> {
        let piece = self.splitter.next(&mut self.record)?;
        let record = self.records + 1;
        let (Piece::Record { line } | Piece::TooLong { line } | Piece::Broken { line, .. }) = piece else {
            return Ok(Step::End);
        };
        row.start(line, record);
        row.blank(headers.names().len());
        let place = Place::record(self.splitter.input.name(), line, record);
        if let Piece::Broken { message, .. } = piece {
            let hint = "export the file again, or mend it here; nothing after this line was read";
            return Ok(Step::Broken(Fault::error(place, "file.json", message, hint)));
        }
        self.records = record;
        if matches!(piece, Piece::TooLong { .. }) {
            let message = format!("more than {} bytes", self.limits.row_bytes_max);
            let hint = "is a quote missing, so that several records became one?";
            return Ok(Step::Bad(vec![Fault::error(
                place,
                "row.too_long",
                message,
                hint,
            )]));
        }
        Ok(self.fill(headers, row, &place))
    }

    fn fill(&mut self, headers: &Headers, row: &mut Row, place: &Place) -> Step {
        let bad = |rule, message: String, hint: &str| {
            Step::Bad(vec![Fault::error(place.clone(), rule, message, hint)])
        };
        let Ok(text) = std::str::from_utf8(&self.record) else {
            return bad(
                "row.encoding",
                format!(
                    "bytes that are no {} text",
                    name_of(self.splitter.input.encoding())
                ),
                "save the file as UTF-8, or say how it is encoded: --encoding NAME",
            );
        };
        let read = self.flat.read(text);
        let mut faults = Vec::new();
        for (path, text, is_number) in self.flat.cells() {
            let Some(column) = self.columns.get(path) else {
                continue;
            };
            if !row.set(*column, text, is_number) {
                let message = format!("`{path}` is there twice");
                faults.push(Fault::error(
                    place.clone(),
                    "row.json",
                    message,
                    "keep the one that is meant",
                ));
            }
        }
        if let Err(reason) = read {
            row.limit_cells(self.limits.cell_chars_max);
            return bad(
                "row.json",
                format!("not a JSON record: {reason}"),
                "each record is an object: {\"company\": …, …}",
            );
        }
        faults.extend(headers.too_long_cells(row, place, self.limits.cell_chars_max));
        if faults.is_empty() {
            return Step::Row;
        }
        row.limit_cells(self.limits.cell_chars_max);
        Step::Bad(faults)
    }
}
