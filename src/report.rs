//! Writes what became of a batch into a folder: `results.csv` with every row of the file in its order, the same rows
//! in `succeeded.csv`, `failed.csv` and `pending.csv` (but those that were forgotten with another batch),
//! `report.html` for people, `summary.json` for programs, `results.xlsx` for those who live in spreadsheets, and
//! `to-correct.xlsx` with the rows to correct.
//!
//! The folder can be written again at any moment, also while somebody reads it: each file is finished beside the old
//! one and takes its place in one step, `summary.json` last. Rows come and go in pages, so memory does not grow with
//! the batch. `failed.csv` is made to be corrected and fed back.

mod books;
mod draft;
mod lists;
mod page;
pub mod passwords;
pub mod sheet;
pub mod template;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::task::{JoinError, spawn_blocking};

use crate::domain::batch::{Batch, Counts};
use crate::domain::consent::Terms;
use crate::domain::ids::BatchId;
use crate::domain::report::Summary;
use crate::domain::time::Timestamp;
use crate::engine::ports::{Ledger, LedgerError, RowView};

/// The files that every report has. Beside them stand `results.xlsx`, unless it is not wanted or the batch does not fit a
/// sheet, and `to-correct.xlsx`, if there are rows to correct.
pub const FILES: [&str; 6] = [
    "results.csv",
    "succeeded.csv",
    "failed.csv",
    "pending.csv",
    "report.html",
    "summary.json",
];

/// Rows asked for at once.
const PAGE_ROWS_MAX: u32 = 1_000;

/// Bytes of cells that a page should not exceed; rows of a megabyte are asked for a few at a time.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Finds the user's column for a provider's field path, `companyProfile.address.postalCode`.
pub type ColumnOf = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The evidence of consent for a row with these cells.
pub type TermsOf = Arc<dyn Fn(&[String]) -> Terms + Send + Sync>;

/// How a report is written.
#[derive(Clone)]
pub struct Options {
    /// Names the user's column where the provider names a field.
    pub column_of: ColumnOf,
    /// Says who accepted the provider's terms for a row.
    pub terms_of: TermsOf,
    /// Begins each CSV file with a UTF-8 byte order mark. Off by default: Excel needs one to show accents when a file
    /// is opened by a double click, but programs that look for the first column by its name find another name.
    pub byte_order_mark: bool,
    /// Writes `results.xlsx` too, if the batch fits a sheet.
    pub workbook: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            column_of: Arc::new(|_| None),
            terms_of: Arc::new(|_| Terms::default()),
            byte_order_mark: false,
            workbook: true,
        }
    }
}

/// Where the rows come from.
#[async_trait]
pub trait RowSource: Send + Sync {
    /// Rows with `seq >= from`, at most `max`, in order; none when there are no more.
    async fn page(&self, from: u64, max: u32) -> Result<Vec<RowView>, LedgerError>;
}

/// The rows of a batch in a ledger.
#[derive(Clone, Copy)]
pub struct LedgerRows<'a> {
    /// The ledger.
    pub ledger: &'a dyn Ledger,
    /// The batch.
    pub batch: &'a BatchId,
}

#[async_trait]
impl RowSource for LedgerRows<'_> {
    async fn page(&self, from: u64, max: u32) -> Result<Vec<RowView>, LedgerError> {
        self.ledger.rows(self.batch, from, max).await
    }
}

/// A report that could not be written. Files that are not yet replaced stand as they were.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The folder cannot be made or written to.
    #[error(
        "cannot write the report to {dir}: {source}\n  hint: name a folder you may write to with --out DIR"
    )]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written or put in its place.
    #[error("cannot write {path}: {source}\n  hint: {}", hint(source))]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The rows cannot be read.
    #[error(
        "cannot read the rows of the report: {0}\n  hint: the report can be written again with `enlist report`"
    )]
    Rows(#[from] LedgerError),
    /// The writing was broken off.
    #[error("the report was broken off: {0}\n  hint: it can be written again with `enlist report`")]
    BrokenOff(String),
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "make room, or name another folder with --out DIR"
        }
        io::ErrorKind::IsADirectory | io::ErrorKind::DirectoryNotEmpty => {
            "a folder stands in its place: move it away"
        }
        _ => "close the file where it is open, or name another folder with --out DIR",
    }
}

impl From<JoinError> for ReportError {
    fn from(error: JoinError) -> Self {
        Self::BrokenOff(error.to_string())
    }
}

/// What goes to the thread that writes.
enum Message {
    /// The next rows.
    Rows(Vec<RowView>),
    /// There are no more. Without this the files are thrown away.
    End,
}

/// Writes the report of `batch` into `dir`, which is made if it is missing. `counts` is what the ledger counted at
/// about `now`.
pub async fn write(
    dir: &Path,
    batch: &Batch,
    counts: &Counts,
    rows: &dyn RowSource,
    options: &Options,
    now: Timestamp,
) -> Result<Summary, ReportError> {
    let (send, receive) = mpsc::channel(1);
    let (to, batch_there, counts, options) = (dir.to_owned(), batch.clone(), counts.clone(), options.clone());
    // Formatting and fsync on a thread of their own: the runtime's threads keep the workers going.
    let writer = spawn_blocking(move || lists::write(&to, &batch_there, &counts, &options, now, receive));
    let fed = feed(rows, &send).await;
    drop(send);
    let written = writer.await?;
    // If the writer gave up first, its reason is the one that counts.
    match (fed, written) {
        (Err(error), Err(ReportError::BrokenOff(_))) => Err(error),
        (_, written) => written,
    }
}

async fn feed(rows: &dyn RowSource, to: &mpsc::Sender<Message>) -> Result<(), ReportError> {
    let (mut from, mut max) = (0_u64, PAGE_ROWS_MAX);
    loop {
        let page = rows.page(from, max).await?;
        let Some(last) = page.last() else { break };
        if page.first().is_none_or(|first| first.seq < from) || last.seq < from {
            return Err(LedgerError::Corrupt(format!("row {} came after row {from}", last.seq)).into());
        }
        from = last.seq + 1;
        let bytes: usize = page.iter().flat_map(|row| &row.cells).map(String::len).sum();
        let fit = PAGE_BYTES / (bytes / page.len()).max(1);
        max = u32::try_from(fit)
            .unwrap_or(PAGE_ROWS_MAX)
            .clamp(1, PAGE_ROWS_MAX);
        if to.send(Message::Rows(page)).await.is_err() {
            return Err(ReportError::BrokenOff("the writer is gone".into()));
        }
    }
    to.send(Message::End)
        .await
        .map_err(|_| ReportError::BrokenOff("the writer is gone".into()))
}

#[cfg(test)]
mod tests;
