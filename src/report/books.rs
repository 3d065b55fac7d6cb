//! The workbooks of a report, each if there is reason for it.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use super::Options;
use super::draft::Finished;
use super::sheet::results::{self, Results};
use super::sheet::to_correct::{self, Mark, ToCorrect};
use crate::domain::batch::Batch;
use crate::domain::report::{COLUMNS, INVALID, KEY_COLUMN, ResultRow, Summary, Wrong};
use crate::domain::task::Outcome;
use crate::domain::time::Timestamp;
use crate::engine::ports::RowView;

/// The workbooks in the making.
pub(super) struct Books<'a> {
    batch: &'a Batch,
    dir: PathBuf,
    now: Timestamp,
    results: Option<Results>,
    /// Begun with the first row to correct.
    to_correct: Option<ToCorrect>,
}

impl<'a> Books<'a> {
    pub(super) fn begin(dir: &Path, batch: &'a Batch, options: &Options, now: Timestamp) -> io::Result<Self> {
        let fit = results::fit(batch);
        if let (true, Err(why)) = (options.workbook, &fit) {
            tracing::warn!("{} is left out: {why}; results.csv has every row", results::NAME);
        }
        let results = match options.workbook && fit.is_ok() {
            true => Some(Results::begin(dir, batch, now)?),
            false => None,
        };
        Ok(Self {
            batch,
            dir: dir.to_owned(),
            now,
            results,
            to_correct: None,
        })
    }

    /// Writes a row where it belongs.
    pub(super) fn write(
        &mut self,
        row: &RowView,
        result: &ResultRow,
        ours: &[Cow<'_, str>],
    ) -> io::Result<()> {
        let columns = self.batch.columns.len();
        let own = || (0..columns).map(|index| row.cells.get(index).map_or("", String::as_str));
        if let Some(results) = &mut self.results {
            let names = COLUMNS.into_iter().chain([KEY_COLUMN]);
            results.row(result, own(), names.zip(ours.iter().map(|cell| &**cell)))?;
        }
        if !is_to_correct(result) {
            return Ok(());
        }
        if self.to_correct.is_none() {
            if columns + COLUMNS.len() > super::sheet::COLUMNS_MAX {
                return Ok(());
            }
            let (batch, now) = (self.batch, self.now);
            self.to_correct = Some(ToCorrect::begin(
                &self.dir,
                &batch.columns,
                batch.derived_keys,
                now,
            )?);
        }
        let Some(to_correct) = &mut self.to_correct else {
            return Ok(());
        };
        // Hints name the list that is fed back; here it is this file.
        let hints: Vec<String> = result
            .wrong
            .iter()
            .map(|wrong| wrong.hint.replace(" in failed.csv", ""))
            .collect();
        let marks: Vec<Mark<'_>> = result
            .wrong
            .iter()
            .zip(&hints)
            .map(|(wrong, hint)| mark(&self.batch.columns, wrong, hint))
            .collect();
        to_correct.row(result.line, &result.key, own(), &marks)
    }

    /// The finished files, and the names of those that a report has no more.
    pub(super) fn finish(
        self,
        dir: &Path,
        summary: &Summary,
    ) -> io::Result<(Vec<Finished>, Vec<&'static str>)> {
        let (mut files, mut gone) = (Vec::new(), Vec::new());
        match self.results {
            Some(results) => files.push(results.finish(dir, summary)?),
            None => gone.push(results::NAME),
        }
        match self.to_correct {
            Some(to_correct) => {
                let (file, copied) = to_correct.finish(dir)?;
                files.push(file);
                if copied.notes_left_out + copied.rows_left_out > 0 {
                    tracing::warn!(
                        "{}: {} notes and {} rows did not fit; failed.csv has all",
                        to_correct::NAME,
                        copied.notes_left_out,
                        copied.rows_left_out
                    );
                }
            }
            None => gone.push(to_correct::NAME),
        }
        Ok((files, gone))
    }
}

/// Whether cells of the row are what is wrong.
fn is_to_correct(result: &ResultRow) -> bool {
    result.outcome == INVALID || result.outcome == Outcome::Rejected.as_str()
}

fn mark<'w>(columns: &[String], wrong: &'w Wrong, hint: &'w str) -> Mark<'w> {
    let column = columns.iter().position(|name| *name == wrong.column);
    Mark {
        column: column.filter(|_| !wrong.column.is_empty()),
        name: &wrong.column,
        message: &wrong.message,
        hint,
        is_warning: false,
    }
}
