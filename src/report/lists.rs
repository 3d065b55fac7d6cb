//! The four lists, the workbooks, the page and the summary: one pass over the rows, each row written to `results.csv` and to one
//! other list, if it is not forgotten.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use csv::{ByteRecord, Terminator, Writer, WriterBuilder};
use tokio::sync::mpsc::Receiver;

use super::books::Books;
use super::draft::{Draft, Finished, remove, settle, sweep};
use super::page::page;
use super::{Message, Options, ReportError};
use crate::domain::batch::{Batch, Counts};
use crate::domain::report::cell::neutralise;
use crate::domain::report::story::{Story, Told};
use crate::domain::report::{Bucket, COLUMNS, Fault, Fold, KEY_COLUMN, ResultRow, Summary};
use crate::domain::time::Timestamp;
use crate::engine::ports::RowView;

/// What a spreadsheet takes for the sign of UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Writes everything that comes until the end; without an end, nothing is put in place.
pub(super) fn write(
    dir: &Path,
    batch: &Batch,
    counts: &Counts,
    options: &Options,
    now: Timestamp,
    mut rows: Receiver<Message>,
) -> Result<Summary, ReportError> {
    let folder = |source| ReportError::Folder {
        dir: dir.to_owned(),
        source,
    };
    let full = |source| ReportError::File {
        path: dir.to_owned(),
        source,
    };
    fs::create_dir_all(dir).map_err(folder)?;
    sweep(dir, now);
    let mut lists = Lists::begin(dir, batch, options).map_err(folder)?;
    let mut books = Books::begin(dir, batch, options, now).map_err(folder)?;
    let mut fold = Fold::default();
    let mut story = Story::since(batch.created_at);
    loop {
        match rows.blocking_recv() {
            Some(Message::Rows(page)) => {
                for row in &page {
                    let result = lists.result(row);
                    fold.add(&result);
                    story.add(&result);
                    let ours = lists.ours(row, &result);
                    lists.write(row, &result, &ours).map_err(full)?;
                    books.write(row, &result, &ours).map_err(full)?;
                }
            }
            Some(Message::End) => break,
            None => return Err(ReportError::BrokenOff("the rows stopped coming".into())),
        }
    }
    let summary = fold.finish(batch, counts, now);
    let mut files = lists.finish().map_err(full)?;
    let (workbooks, gone) = books.finish(dir, &summary).map_err(full)?;
    files.extend(workbooks);
    files.push(page_file(dir, &summary, &story.finish()).map_err(full)?);
    files.push(summary_file(dir, &summary).map_err(full)?);
    for file in files {
        file.put_in(dir)?;
    }
    // What is not written this time would contradict what is.
    for name in gone {
        remove(dir, name)?;
    }
    settle(dir);
    Ok(summary)
}

fn page_file(dir: &Path, summary: &Summary, told: &Told) -> io::Result<Finished> {
    let mut draft = Draft::begin(dir, "report.html")?;
    draft.write_all(page(summary, told).as_bytes())?;
    draft.finish()
}

fn summary_file(dir: &Path, summary: &Summary) -> io::Result<Finished> {
    let mut draft = Draft::begin(dir, "summary.json")?;
    serde_json::to_writer_pretty(&mut draft, summary)?;
    draft.write_all(b"\n")?;
    draft.finish()
}

/// The CSV files in the making.
struct Lists<'a> {
    batch: &'a Batch,
    options: &'a Options,
    results: Writer<Draft>,
    succeeded: Writer<Draft>,
    failed: Writer<Draft>,
    pending: Writer<Draft>,
    /// Used again for each row.
    record: ByteRecord,
}

impl<'a> Lists<'a> {
    fn begin(dir: &Path, batch: &'a Batch, options: &'a Options) -> io::Result<Self> {
        let mut header = ByteRecord::new();
        for column in &batch.columns {
            push(&mut header, column);
        }
        for column in COLUMNS
            .into_iter()
            .chain(batch.derived_keys.then_some(KEY_COLUMN))
        {
            push(&mut header, column);
        }
        let begin = |name| {
            let mut draft = Draft::begin(dir, name)?;
            if options.byte_order_mark {
                draft.write_all(BYTE_ORDER_MARK.as_bytes())?;
            }
            // The draft has a buffer of its own; `\n` is what the seeds of every reader take.
            let mut list = WriterBuilder::new()
                .terminator(Terminator::Any(b'\n'))
                .from_writer(draft);
            list.write_byte_record(&header).map(|()| list).map_err(into_io)
        };
        Ok(Self {
            batch,
            options,
            results: begin("results.csv")?,
            succeeded: begin("succeeded.csv")?,
            failed: begin("failed.csv")?,
            pending: begin("pending.csv")?,
            record: ByteRecord::new(),
        })
    }

    /// What the row came to.
    fn result(&self, row: &RowView) -> ResultRow {
        if let Some(why) = &row.unreadable {
            return ResultRow::of_unreadable(row.line, why);
        }
        match &row.task {
            Some((key, task)) => ResultRow::of_task(row.line, &self.batch.scope, key, task, &|path| {
                (self.options.column_of)(path)
            }),
            None if row.forgotten => ResultRow::of_forgotten(row.line),
            None => ResultRow::of_faults(
                row.line,
                row.faults.iter().map(|fault| Fault {
                    code: &fault.code,
                    column: &fault.column,
                    message: &fault.message,
                    hint: &fault.hint,
                }),
            ),
        }
    }

    /// Our cells of a row, in the order of [`COLUMNS`], and the key where that is a column.
    fn ours<'r>(&self, row: &'r RowView, result: &'r ResultRow) -> Vec<Cow<'r, str>> {
        let terms = (self.options.terms_of)(&row.cells);
        let mut cells: Vec<Cow<'_, str>> = vec![
            result.line.to_string().into(),
            result.outcome.into(),
            (&result.provider_id).into(),
            (&result.provider_status).into(),
            result.attempts.to_string().into(),
            (&result.correlation_id).into(),
            (&result.error_code).into(),
            (&result.error_field).into(),
            (&result.error_message).into(),
            (&result.hint).into(),
            terms.accepted_by.into(),
            terms.version.into(),
            terms.accepted_at.into(),
        ];
        if self.batch.derived_keys {
            cells.push((&result.key).into());
        }
        cells
    }

    fn write(&mut self, row: &RowView, result: &ResultRow, ours: &[Cow<'_, str>]) -> io::Result<()> {
        let record = &mut self.record;
        record.clear();
        // As many cells as there are columns, whatever the row had, so that ours stand under their names.
        for index in 0..self.batch.columns.len() {
            push(record, row.cells.get(index).map_or("", String::as_str));
        }
        for cell in ours {
            push(record, cell);
        }
        let list = match result.bucket {
            Bucket::Succeeded => Some(&mut self.succeeded),
            Bucket::Failed => Some(&mut self.failed),
            Bucket::Pending => Some(&mut self.pending),
            Bucket::Forgotten => None,
        };
        if let Some(list) = list {
            list.write_byte_record(record).map_err(into_io)?;
        }
        self.results.write_byte_record(record).map_err(into_io)
    }

    fn finish(self) -> io::Result<Vec<Finished>> {
        let mut files = Vec::new();
        for list in [self.results, self.succeeded, self.failed, self.pending] {
            let draft = list.into_inner().map_err(csv::IntoInnerError::into_error)?;
            files.push(draft.finish()?);
        }
        Ok(files)
    }
}

fn push(record: &mut ByteRecord, cell: &str) {
    record.push_field(neutralise(cell).as_bytes());
}

fn into_io(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
