//! The user's rows to correct: their own columns in their order, each faulty cell red with a note that says what is wrong and
//! what to do, and the same in words in columns of ours, which are no data when the file is fed back.

use std::io::{self, Write};
use std::path::Path;

use rust_xlsxwriter::Note;

use super::{Sheet, fits, guarded, into_io, put};
use crate::domain::report::KEY_COLUMN;
use crate::domain::time::Timestamp;
use crate::report::draft::{Draft, Finished};

/// The file's name in a report's folder.
pub const NAME: &str = "to-correct.xlsx";

/// Columns of ours, all of which a report has too.
const OURS: [&str; 4] = ["_line", "_error_field", "_error_message", "_hint"];

/// Notes are held in memory until the end, and a spreadsheet program grows slow with them; beyond these the words in the
/// columns must do.
pub const NOTES_MAX: usize = 50_000;

/// Characters of a note.
const NOTE_CHARS_MAX: usize = 1_000;

/// Notes of one cell.
const FAULTS_OF_CELL_MAX: usize = 8;

/// Something wrong with a row.
#[derive(Clone, Copy, Debug)]
pub struct Mark<'a> {
    /// The column, counted from 0 among those that are copied; `None` if it is in none of them.
    pub column: Option<usize>,
    /// The column's name, if it has one.
    pub name: &'a str,
    /// What is wrong.
    pub message: &'a str,
    /// What to do.
    pub hint: &'a str,
    /// Whether the row can go all the same.
    pub is_warning: bool,
}

/// What a copy came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Rows in it.
    pub rows: u64,
    /// Of these, rows with something wrong.
    pub marked: u64,
    /// Rows that did not fit the sheet.
    pub rows_left_out: u64,
    /// Notes beyond [`NOTES_MAX`].
    pub notes_left_out: u64,
}

/// A copy in the making.
pub struct ToCorrect {
    sheet: Sheet,
    own: usize,
    with_key: bool,
    notes: usize,
    copied: Copied,
}

impl ToCorrect {
    /// Begins a copy of these columns; temporary files lie in `dir`. `with_key` adds the column that keeps derived keys.
    ///
    /// # Errors
    /// There are more columns than a sheet holds, or `dir` cannot be written to.
    pub fn begin(dir: &Path, columns: &[String], with_key: bool, now: Timestamp) -> io::Result<Self> {
        let mut ours = OURS.to_vec();
        ours.extend(with_key.then_some(KEY_COLUMN));
        fits(0, columns.len() + ours.len()).map_err(io::Error::other)?;
        Ok(Self {
            sheet: Sheet::begin(dir, "Rows", columns, &ours, now)?,
            own: columns.len(),
            with_key,
            notes: 0,
            copied: Copied::default(),
        })
    }

    /// Copies a row with what is wrong with it.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub fn row<'c>(
        &mut self,
        line: u64,
        key: &str,
        cells: impl Iterator<Item = &'c str>,
        marks: &[Mark<'_>],
    ) -> io::Result<()> {
        if fits(self.copied.rows + 1, 0).is_err() {
            self.copied.rows_left_out += 1;
            return Ok(());
        }
        let mut cells = cells;
        guarded(|| {
            for index in 0..self.own {
                let cell = cells.next().unwrap_or_default();
                self.cell(index, cell, marks)?;
            }
            self.words(line, key, marks)
        })?;
        self.sheet.next += 1;
        self.copied.rows += 1;
        self.copied.marked += u64::from(!marks.is_empty());
        Ok(())
    }

    fn cell(&mut self, index: usize, cell: &str, marks: &[Mark<'_>]) -> io::Result<()> {
        let (row, column) = (self.sheet.next, u16::try_from(index).unwrap_or(u16::MAX));
        self.sheet.measure(column, cell);
        let of_cell = || marks.iter().filter(|mark| mark.column == Some(index));
        let looks = &self.sheet.looks;
        let look = match of_cell().map(|mark| mark.is_warning).min() {
            None => &looks.text,
            Some(true) => &looks.wait,
            Some(false) => &looks.bad,
        };
        let page = self.sheet.book.worksheet_from_index(0).map_err(into_io)?;
        match of_cell().next() {
            // A cell that should not be empty is red too.
            Some(_) if cell.is_empty() => {
                page.write_blank(row, column, look).map_err(into_io)?;
            }
            _ => put(page, row, column, cell, look)?,
        }
        let text = of_cell()
            .take(FAULTS_OF_CELL_MAX)
            .map(note)
            .collect::<Vec<_>>()
            .join("\n\n");
        if text.is_empty() {
            return Ok(());
        }
        if self.notes >= NOTES_MAX {
            self.copied.notes_left_out += 1;
            return Ok(());
        }
        self.notes += 1;
        let text: String = text.chars().take(NOTE_CHARS_MAX).collect();
        let lines = u32::try_from(text.chars().count() / 42 + 2).unwrap_or(20).min(20);
        let note = Note::new(text)
            .add_author_prefix(false)
            .set_width(300)
            .set_height(20 * lines);
        page.insert_note(row, column, &note).map(drop).map_err(into_io)
    }

    /// The same in words, for those who sort and filter.
    fn words(&mut self, line: u64, key: &str, marks: &[Mark<'_>]) -> io::Result<()> {
        let joined = |part: fn(&Mark<'_>) -> String| {
            let mut parts: Vec<String> = Vec::new();
            for part in marks.iter().map(part).filter(|part| !part.is_empty()) {
                if !parts.contains(&part) {
                    parts.push(part);
                }
            }
            parts.join("\n")
        };
        let named = |mark: &Mark<'_>| match mark.name {
            "" => mark.message.to_owned(),
            name => format!("{name}: {}", mark.message),
        };
        let row = self.sheet.next;
        let first = u16::try_from(self.own).unwrap_or(u16::MAX);
        // Lines stay far below 2^53, up to which a cell's number is exact.
        let page = self.sheet.book.worksheet_from_index(0).map_err(into_io)?;
        page.write_number_with_format(row, first, line as f64, &self.sheet.looks.number)
            .map_err(into_io)?;
        let cells = [
            joined(|mark| mark.name.to_owned()),
            joined(named),
            joined(|mark| mark.hint.to_owned()),
            if self.with_key {
                key.to_owned()
            } else {
                String::new()
            },
        ];
        for (column, cell) in (first + 1..).zip(&cells) {
            self.sheet.measure(column, cell);
            let page = self.sheet.book.worksheet_from_index(0).map_err(into_io)?;
            put(page, row, column, cell, &self.sheet.looks.text)?;
        }
        Ok(())
    }

    fn save(mut self, to: &mut (impl Write + Send)) -> io::Result<Copied> {
        guarded(|| {
            self.sheet.close()?;
            self.sheet.book.save_to_writer(to).map_err(into_io)
        })?;
        Ok(self.copied)
    }

    /// The finished file for a report's folder.
    pub(in crate::report) fn finish(self, dir: &Path) -> io::Result<(Finished, Copied)> {
        let mut draft = Draft::begin(dir, NAME)?;
        let copied = self.save(&mut draft)?;
        Ok((draft.finish()?, copied))
    }

    /// Writes it to `path`, where no file may be. Its owner alone may read it if `is_private`.
    ///
    /// # Errors
    /// The file is there already, or cannot be written.
    pub fn finish_as(self, path: &Path, is_private: bool) -> io::Result<Copied> {
        let mut open = std::fs::OpenOptions::new();
        open.write(true).create_new(true);
        #[cfg(unix)]
        if is_private {
            use std::os::unix::fs::OpenOptionsExt as _;
            open.mode(0o600);
        }
        let mut file = open.open(path)?;
        let saved = self
            .save(&mut file)
            .and_then(|copied| file.sync_all().map(|()| copied));
        if saved.is_err() {
            let _ = std::fs::remove_file(path);
        }
        saved
    }
}

fn note(mark: &Mark<'_>) -> String {
    match mark.hint {
        "" => mark.message.to_owned(),
        hint => format!("{}\nhint: {hint}", mark.message),
    }
}
