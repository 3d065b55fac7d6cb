//! `results.xlsx`: the rows of `results.csv` for those who live in spreadsheets, and a page with the summary.

use std::io;
use std::path::Path;

use rust_xlsxwriter::Format;

use super::{Sheet, fits, guarded, into_io, put};
use crate::domain::batch::Batch;
use crate::domain::report::{Bucket, COLUMNS, KEY_COLUMN, ResultRow, Summary};
use crate::domain::time::Timestamp;
use crate::report::draft::{Draft, Finished};

/// The file's name.
pub(in crate::report) const NAME: &str = "results.xlsx";

/// Columns of ours that hold a number.
const NUMBERS: [&str; 2] = ["_line", "_attempts"];

/// The workbook in the making.
pub(in crate::report) struct Results(Sheet);

/// Whether a batch fits a sheet; if not, why.
pub(in crate::report) fn fit(batch: &Batch) -> Result<(), String> {
    fits(batch.rows_total, batch.columns.len() + COLUMNS.len() + 1)
}

impl Results {
    /// Begins it; temporary files lie in `dir`.
    pub(in crate::report) fn begin(dir: &Path, batch: &Batch, now: Timestamp) -> io::Result<Self> {
        let mut ours = COLUMNS.to_vec();
        ours.extend(batch.derived_keys.then_some(KEY_COLUMN));
        Sheet::begin(dir, "Rows", &batch.columns, &ours, now).map(Self)
    }

    /// Writes a row: the user's cells, one for each column, then ours.
    pub(in crate::report) fn row<'c>(
        &mut self,
        result: &ResultRow,
        own: impl Iterator<Item = &'c str>,
        ours: impl Iterator<Item = (&'static str, &'c str)>,
    ) -> io::Result<()> {
        guarded(|| self.put_row(result, own, ours))
    }

    fn put_row<'c>(
        &mut self,
        result: &ResultRow,
        own: impl Iterator<Item = &'c str>,
        ours: impl Iterator<Item = (&'static str, &'c str)>,
    ) -> io::Result<()> {
        let Self(sheet) = self;
        let row = sheet.next;
        let mut column = 0;
        for cell in own {
            sheet.measure(column, cell);
            let look = &sheet.looks.text;
            put(
                sheet.book.worksheet_from_index(0).map_err(into_io)?,
                row,
                column,
                cell,
                look,
            )?;
            column += 1;
        }
        for (name, cell) in ours {
            sheet.measure(column, cell);
            let looks = &sheet.looks;
            let page = sheet.book.worksheet_from_index(0).map_err(into_io)?;
            let number = NUMBERS
                .contains(&name)
                .then(|| cell.parse::<u32>().ok())
                .flatten();
            if let Some(number) = number {
                page.write_number_with_format(row, column, number, &looks.number)
                    .map_err(into_io)?;
            } else {
                let look = match (name, result.bucket) {
                    ("_outcome", Bucket::Succeeded) => &looks.good,
                    ("_outcome", Bucket::Pending) => &looks.wait,
                    ("_outcome", Bucket::Failed) => &looks.bad,
                    ("_outcome", Bucket::Forgotten) => &looks.gone,
                    _ => &looks.text,
                };
                put(page, row, column, cell, look)?;
            }
            column += 1;
        }
        sheet.next += 1;
        Ok(())
    }

    /// Adds the summary and brings all to the disk.
    pub(in crate::report) fn finish(self, dir: &Path, summary: &Summary) -> io::Result<Finished> {
        let Self(mut sheet) = self;
        let mut draft = Draft::begin(dir, NAME)?;
        guarded(|| {
            sheet.close()?;
            summary_page(&mut sheet, summary)?;
            sheet.book.save_to_writer(&mut draft).map_err(into_io)
        })?;
        draft.finish()
    }
}

fn summary_page(sheet: &mut Sheet, summary: &Summary) -> io::Result<()> {
    let looks = &sheet.looks;
    let page = sheet.book.add_worksheet();
    page.set_name("Summary").map_err(into_io)?;
    page.set_column_width(0, 28).map_err(into_io)?;
    page.set_column_width(1, 48).map_err(into_io)?;
    let bold = Format::new().set_bold();
    let texts = [
        ("File", summary.file.as_str()),
        ("Batch", &summary.batch),
        ("Provider", &summary.provider),
        ("Account", &summary.account),
        ("Job", &summary.job),
        ("Ended", summary.exit_meaning),
        ("Next", summary.resume.as_deref().unwrap_or_default()),
        ("Imported", &summary.imported_at),
        (
            "Last row settled",
            summary.last_settled_at.as_deref().unwrap_or_default(),
        ),
        ("Written", &summary.written_at),
    ];
    let mut row = 0;
    for (name, text) in texts {
        put(page, row, 0, name, &bold)?;
        put(page, row, 1, text, &looks.text)?;
        row += 1;
    }
    let rows = &summary.rows;
    let counts = [
        ("Rows in the file", rows.in_file),
        ("In their wanted state", rows.succeeded),
        ("Failed", rows.failed),
        ("Of these with faults, never sent", rows.invalid),
        ("Pending", rows.pending),
        ("Forgotten with another batch", rows.forgotten),
        ("Calls", summary.calls.total),
        ("Submits sent again", summary.resends),
        ("Answers that said: too fast", summary.throttled),
    ];
    let outcomes = summary.outcomes.iter().filter(|(_, rows)| *rows > 0);
    row += 1;
    for (name, n) in counts.into_iter().chain(outcomes) {
        put(page, row, 0, name, &bold)?;
        let look = Format::new()
            .set_num_format("#,##0")
            .set_align(rust_xlsxwriter::FormatAlign::Left);
        // Counts stay far below 2^53, up to which a cell's number is exact.
        page.write_number_with_format(row, 1, n as f64, &look)
            .map_err(into_io)?;
        row += 1;
    }
    Ok(())
}
