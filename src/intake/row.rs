//! A row: what the file said, with its place. Used again for the next one.

use crate::domain::report::cell::restore;

/// The cells of one record, by column, and where the record stands.
#[derive(Clone, Debug, Default)]
pub struct Row {
    line: u64,
    record: u64,
    text: String,
    /// Start and end of each cell in `text`.
    cells: Vec<(usize, usize)>,
    /// Which cells were written as numbers; empty where a format has none.
    numbers: Vec<bool>,
}

impl Row {
    /// Line on which the record starts, counted from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The record's number, counted from 1 without the header and without blank ones.
    pub fn record(&self) -> u64 {
        self.record
    }

    /// The cell of a column, counted from 0.
    pub fn cell(&self, column: usize) -> Option<&str> {
        let (start, end) = self.cells.get(column)?;
        self.text.get(*start..*end)
    }

    /// All cells in the order of the columns. A faulty record can have more or fewer than the header.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = &str> {
        self.cells
            .iter()
            .map(|(start, end)| self.text.get(*start..*end).unwrap_or_default())
    }

    /// The cells as texts of their own.
    pub fn to_vec(&self) -> Vec<String> {
        self.cells().map(str::to_owned).collect()
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there is no cell with anything in it.
    pub fn is_empty(&self) -> bool {
        self.cells().all(|cell| cell.trim().is_empty())
    }

    /// Whether the file wrote the cell as a number.
    pub fn is_number(&self, column: usize) -> bool {
        self.numbers.get(column).copied().unwrap_or_default()
    }

    /// Bytes of all cells.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Starts over for a record at `line`.
    pub(super) fn start(&mut self, line: u64, record: u64) {
        (self.line, self.record) = (line, record);
        self.text.clear();
        self.cells.clear();
        self.numbers.clear();
    }

    /// Gives the row the cells that lie one after the other in `text` and end at `ends`.
    pub(super) fn fill(&mut self, text: &str, ends: &[usize]) {
        self.text.push_str(text);
        let mut start = 0;
        for end in ends {
            self.cells.push((start, *end));
            start = *end;
        }
    }

    /// Gives back the cells that a report made harmless as they were.
    pub(super) fn restore_neutralised(&mut self) {
        for (start, end) in &mut self.cells {
            let cell = self.text.get(*start..*end).unwrap_or_default();
            *start += cell.len() - restore(cell).len();
        }
    }

    /// Makes the row `columns` empty cells.
    pub(super) fn blank(&mut self, columns: usize) {
        self.cells.resize(columns, (0, 0));
        self.numbers.resize(columns, false);
    }

    /// Adds empty cells until there are `columns`.
    pub(super) fn pad(&mut self, columns: usize) {
        let end = self.text.len();
        self.cells.resize(columns.max(self.cells.len()), (end, end));
    }

    /// Writes a cell; `false` when it was written before or is out of range.
    pub(super) fn set(&mut self, column: usize, text: &str, is_number: bool) -> bool {
        let start = self.text.len();
        let Some(cell) = self.cells.get_mut(column).filter(|cell| **cell == (0, 0)) else {
            return false;
        };
        self.text.push_str(text);
        // An empty cell at the very start would look unwritten; a repeated empty one does no harm.
        *cell = (start, self.text.len());
        if let Some(number) = self.numbers.get_mut(column) {
            *number = is_number;
        }
        true
    }

    /// Shortens every cell to `chars`, for rows that are only shown.
    pub(super) fn limit_cells(&mut self, chars: usize) {
        for (start, end) in &mut self.cells {
            let cell = self.text.get(*start..*end).unwrap_or_default();
            if let Some((at, _)) = cell.char_indices().nth(chars) {
                *end = *start + at;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_a_report_made_harmless_is_itself_again() {
        for (written, meant) in [
            ("'=1+1", "=1+1"),
            ("'+49 30", "+49 30"),
            ("'-", "-"),
            ("'@x", "@x"),
            ("'\tx", "\tx"),
            ("''=x", "'=x"),
            ("'''=x", "''=x"),
            ("'s Gravenhage", "'s Gravenhage"),
            ("''", "''"),
            ("'", "'"),
            ("", ""),
            ("=x", "=x"),
        ] {
            let mut row = Row::default();
            row.fill(written, &[written.len()]);
            row.restore_neutralised();
            assert_eq!(row.cell(0), Some(meant), "{written}");
        }
    }
}
