//! Spreadsheets: what both of ours have in common. Rows go to a temporary file as they come, so memory does not grow with
//! them; every cell of a user is typed as text, so that no code loses a zero and nothing runs as a formula.

pub(super) mod results;
pub mod to_correct;

use std::borrow::Cow;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError,
};

use crate::domain::time::Timestamp;

/// Rows that a sheet can hold below its header.
pub const ROWS_MAX: u64 = 1_048_575;

/// Columns that a sheet can hold.
pub const COLUMNS_MAX: usize = 16_384;

/// Longer cells are cut: a sheet takes 32,767 units of UTF-16 in a cell.
const CELL_UNITS_MAX: usize = 32_700;

/// Rows that say how wide a column should be.
const ROWS_MEASURED: u32 = 500;

const WIDTH_MIN: usize = 9;
const WIDTH_MAX: usize = 46;

/// How cells look.
struct Looks {
    head: Format,
    own_head: Format,
    text: Format,
    number: Format,
    good: Format,
    wait: Format,
    bad: Format,
    gone: Format,
}

impl Looks {
    fn new() -> Self {
        // `@` keeps a cell text when a person edits it; without it, an edited `=1+1` would run.
        let text = || Format::new().set_num_format("@").set_align(FormatAlign::Top);
        let on = |back: u32, letters: u32| {
            text()
                .set_background_color(Color::RGB(back))
                .set_font_color(Color::RGB(letters))
        };
        Self {
            head: on(0x0B_6E69, 0xFF_FFFF).set_bold(),
            own_head: on(0x5A_5F66, 0xFF_FFFF).set_bold(),
            text: text(),
            number: Format::new().set_num_format("0").set_align(FormatAlign::Top),
            good: on(0xD9_F0EC, 0x0A_4F4B),
            wait: on(0xFC_ECCB, 0x6B_3F00),
            bad: on(0xFB_DAD7, 0x84_1B15),
            gone: on(0xE4_E6E9, 0x40_454C),
        }
    }
}

/// A sheet of rows in the making.
struct Sheet {
    book: Workbook,
    looks: Looks,
    /// The next row; the header is row 0.
    next: u32,
    widths: Vec<usize>,
}

impl Sheet {
    /// Begins a sheet with the user's columns and ours. What does not fit into memory lies in `dir` meanwhile, in a file
    /// without a name.
    fn begin(dir: &Path, name: &str, columns: &[String], ours: &[&str], now: Timestamp) -> io::Result<Self> {
        let mut book = Workbook::new();
        let mut properties = DocProperties::new().set_author("enlist");
        if let Ok(now) = ExcelDateTime::from_timestamp(now.as_ms() / 1_000) {
            properties = properties.set_creation_datetime(&now);
        }
        book.set_properties(&properties);
        book.set_tempdir(dir).map_err(into_io)?;
        let looks = Looks::new();
        let sheet = book.add_worksheet_with_constant_memory().map_err(into_io)?;
        sheet.set_name(name).map_err(into_io)?;
        sheet.set_freeze_panes(1, 0).map_err(into_io)?;
        let names = columns.iter().map(String::as_str).map(|name| (name, &looks.head));
        let names = names.chain(ours.iter().map(|name| (*name, &looks.own_head)));
        let mut widths = Vec::new();
        for (column, (name, look)) in (0_u16..).zip(names) {
            put(sheet, 0, column, name, look)?;
            widths.push(width(name) + 3);
        }
        Ok(Self {
            book,
            looks,
            next: 1,
            widths,
        })
    }

    fn columns(&self) -> u16 {
        u16::try_from(self.widths.len()).unwrap_or(u16::MAX)
    }

    fn measure(&mut self, column: u16, text: &str) {
        if self.next <= ROWS_MEASURED
            && let Some(most) = self.widths.get_mut(usize::from(column))
        {
            *most = (*most).max(width(text) + 1);
        }
    }

    /// The sheet of rows, which is the first.
    fn sheet(&mut self) -> io::Result<&mut Worksheet> {
        self.book.worksheet_from_index(0).map_err(into_io)
    }

    /// Sets what is known once all rows are in.
    fn close(&mut self) -> io::Result<()> {
        let (last_row, last_column) = (self.next.saturating_sub(1), self.columns().saturating_sub(1));
        let widths = std::mem::take(&mut self.widths);
        let sheet = self.sheet()?;
        for (column, width) in (0_u16..).zip(widths) {
            let width = u16::try_from(width.clamp(WIDTH_MIN, WIDTH_MAX)).unwrap_or(u16::MAX);
            sheet
                .set_column_width(column, f64::from(width))
                .map_err(into_io)?;
        }
        if last_row > 0 {
            sheet.autofilter(0, 0, last_row, last_column).map_err(into_io)?;
        }
        Ok(())
    }
}

/// Does work with the library, which panics where it cannot write on to its temporary file. That is an error as any other;
/// what was begun is good for nothing afterwards.
fn guarded<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(io::Error::new(
            io::ErrorKind::StorageFull,
            "its temporary file could not be written on; the disk is probably full",
        ))
    })
}

/// Whether rows with so many columns of the user's and ours fit a sheet; if not, why.
fn fits(rows: u64, columns: usize) -> Result<(), String> {
    if rows > ROWS_MAX {
        return Err("a sheet holds 1,048,575 rows and the file has more".to_owned());
    }
    if columns > COLUMNS_MAX {
        return Err("a sheet holds 16,384 columns and the file has more".to_owned());
    }
    Ok(())
}

/// Writes a text. An empty one is no cell at all.
fn put(sheet: &mut Worksheet, row: u32, column: u16, text: &str, look: &Format) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    sheet
        .write_string_with_format(row, column, fitting(text), look)
        .map(drop)
        .map_err(into_io)
}

/// The text as far as a cell holds it.
fn fitting(text: &str) -> Cow<'_, str> {
    if text.len() <= CELL_UNITS_MAX {
        return Cow::Borrowed(text);
    }
    let mut units = 0;
    let cut = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > CELL_UNITS_MAX
    });
    match cut.and_then(|(at, _)| text.get(..at)) {
        Some(beginning) => Cow::Owned(format!("{beginning}…")),
        None => Cow::Borrowed(text),
    }
}

fn width(text: &str) -> usize {
    text.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

fn into_io(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(error) | XlsxError::TempFileError(_, error) => error,
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests;
