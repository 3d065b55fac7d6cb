//! The columns of a file, and where things stand in it.

use std::sync::Arc;

use super::row::Row;
use super::{IntakeError, Limits};
use crate::domain::fault::{Fault, Place, column_letters};

/// The columns of a file.
#[derive(Clone, Debug)]
pub struct Headers {
    file: Arc<str>,
    line: u64,
    names: Vec<String>,
    sheet: Option<Arc<str>>,
    /// Columns, counted from 0, that have neither a name nor a cell.
    empty: Vec<usize>,
}

impl Headers {
    /// The columns of a file that was read before.
    pub fn of(file: &str, names: &[String]) -> Self {
        Self {
            file: file.into(),
            line: 1,
            names: names.to_vec(),
            sheet: None,
            empty: Vec::new(),
        }
    }

    pub(super) fn new(
        file: &Arc<str>,
        line: u64,
        names: Vec<String>,
        limits: &Limits,
    ) -> Result<Self, IntakeError> {
        if names
            .iter()
            .any(|name| name.chars().count() > limits.cell_chars_max)
        {
            let message = format!(
                "a column's name has more than {} characters",
                limits.cell_chars_max
            );
            return Err(IntakeError::file(
                file,
                "file.header",
                message,
                "is the first line a header?",
            ));
        }
        Ok(Self {
            file: Arc::clone(file),
            line,
            names,
            sheet: None,
            empty: Vec::new(),
        })
    }

    /// The same columns, of a sheet; those in `empty`, counted from 0, have nothing in them.
    pub(super) fn of_sheet(self, sheet: &Arc<str>, empty: Vec<usize>) -> Self {
        Self {
            sheet: Some(Arc::clone(sheet)),
            empty,
            ..self
        }
    }

    /// The sheet, of a workbook.
    pub fn sheet(&self) -> Option<&str> {
        self.sheet.as_deref()
    }

    /// Whether a column has neither a name nor a cell: it only stands between others.
    pub(super) fn is_empty(&self, column: usize) -> bool {
        self.empty.contains(&column)
    }

    /// The place of a record.
    pub(super) fn record_place(&self, line: u64, record: u64) -> Place {
        Place {
            sheet: self.sheet.clone(),
            ..Place::record(&self.file, line, record)
        }
    }

    /// The user's names, trimmed, in the order of the file. Of JSON, the paths in order of first appearance.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The file as the user named it.
    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// The place of a column's header.
    pub fn place(&self, column: usize) -> Place {
        self.cell_place(&self.record_place(self.line, 0), column)
    }

    /// The place of a column in the record at `place`.
    pub fn cell_place(&self, place: &Place, column: usize) -> Place {
        let name = self.names.get(column).cloned().unwrap_or_default();
        let number = u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1);
        let cell = match place.sheet {
            Some(_) => format!("{}{}", column_letters(number), place.line),
            None => String::new(),
        };
        Place {
            column: name,
            column_number: number,
            cell,
            ..place.clone()
        }
    }

    /// A fault for each cell of `row` with more than `chars` characters.
    pub(super) fn too_long_cells(&self, row: &Row, place: &Place, chars: usize) -> Vec<Fault> {
        let long = |cell: &str| cell.len() > chars && cell.chars().count() > chars;
        row.cells()
            .enumerate()
            .filter(|(_, cell)| long(cell))
            .map(|(column, cell)| {
                let message = format!("more than {chars} characters in a cell");
                let hint = "is a quote missing, so that several cells became one?";
                Fault::error(self.cell_place(place, column), "row.cell_too_long", message, hint)
                    .with_cell(None, cell)
            })
            .collect()
    }
}
