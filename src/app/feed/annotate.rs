//! A copy of the file for those who correct it, made while it is checked.

use std::io;
use std::path::{Path, PathBuf};

use super::{Checked, Feed, own_columns};
use crate::app::{Exit, Failure};
use crate::domain::fault::Fault;
use crate::domain::field::Field;
use crate::domain::time::Timestamp;
use crate::intake::{Headers, ReadAs, ScannedRow};
use crate::report::sheet::to_correct::{Copied, Mark, ToCorrect};

/// What came of a copy.
#[derive(Clone, Copy, Debug)]
pub struct Annotated {
    /// What is in it.
    pub copied: Copied,
    /// Whether it holds what the provider's contract marks as secret, so that its owner alone may read it.
    pub is_private: bool,
}

impl Feed {
    /// Checks the file as [`Feed::check`] does, and writes a copy of it to `path`, where no file may be: the user's columns in
    /// their order, and at each faulty cell what is wrong. `None` for the copy if the file has no row that could be copied.
    ///
    /// # Errors
    /// As of a check; or the copy cannot be written.
    pub fn check_annotating(
        &self,
        path: &Path,
        now: Timestamp,
        read_as: &mut dyn FnMut(&ReadAs),
        tell: &mut dyn FnMut(&Fault),
    ) -> Result<(Option<Checked>, Option<Annotated>), Failure> {
        let failed = |error: io::Error| cannot_write(path, &error);
        // Said before a long file is read.
        if path.symlink_metadata().is_ok() {
            return Err(failed(io::ErrorKind::AlreadyExists.into()));
        }
        let mut copy = Copy {
            dir: folder_of(path),
            now,
            columns: Vec::new(),
            begun: None,
            broken: None,
        };
        let checked = self.check_seeing(&mut |headers, row| copy.see(headers, row), read_as, tell)?;
        if let Some(error) = copy.broken {
            return Err(failed(error));
        }
        let Some(begun) = copy.begun else {
            return Ok((checked, None));
        };
        let is_private = checked.as_ref().is_some_and(|checked| {
            let mut secret = Field::all().filter(|field| self.contract.is_secret(*field));
            secret.any(|field| checked.mapping.column_of(field).is_some())
        });
        let copied = begun.finish_as(path, is_private).map_err(failed)?;
        Ok((checked, Some(Annotated { copied, is_private })))
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    let (exit, what, hint) = match error.kind() {
        io::ErrorKind::AlreadyExists => (
            Exit::Usage,
            "it is there already".to_owned(),
            "name a new file: one that is there may hold corrections",
        ),
        io::ErrorKind::StorageFull => (
            Exit::Failed,
            error.to_string(),
            "make room, or name another folder",
        ),
        _ => (
            Exit::Failed,
            error.to_string(),
            "name a new file in a folder you may write to",
        ),
    };
    let message = format!("the copy cannot be written to {}: {what}", path.display());
    Failure::new(exit, message, hint)
}

/// Temporary files lie beside the copy: what is in them is as personal as the copy.
fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The copy in the making. An error of writing is kept until the file is checked.
struct Copy {
    dir: PathBuf,
    now: Timestamp,
    /// Which columns of the file are copied.
    columns: Vec<usize>,
    begun: Option<ToCorrect>,
    broken: Option<io::Error>,
}

impl Copy {
    fn see(&mut self, headers: &Headers, row: &ScannedRow<'_>) {
        if self.broken.is_none()
            && let Err(error) = self.write(headers, row)
        {
            self.broken = Some(error);
        }
    }

    fn write(&mut self, headers: &Headers, row: &ScannedRow<'_>) -> io::Result<()> {
        if self.begun.is_none() {
            let (columns, names): (Vec<usize>, Vec<String>) = own_columns(headers)
                .map(|(column, name)| (column, name.clone()))
                .unzip();
            self.columns = columns;
            self.begun = Some(ToCorrect::begin(&self.dir, &names, false, self.now)?);
        }
        let Some(begun) = &mut self.begun else {
            return Ok(());
        };
        let columns = &self.columns;
        let errors = row.record.as_ref().err().into_iter().flatten();
        let marks: Vec<Mark<'_>> = errors
            .chain(&row.warnings)
            .map(|fault| mark(columns, fault))
            .collect();
        let cells = columns
            .iter()
            .map(|column| row.cells.cell(*column).unwrap_or_default());
        begun.row(row.cells.line(), "", cells, &marks)
    }
}

fn mark<'f>(columns: &[usize], fault: &'f Fault) -> Mark<'f> {
    // A place counts columns from 1, and has none for a fault of the whole row.
    let at = fault.place.column_number.checked_sub(1);
    Mark {
        column: at.and_then(|at| {
            columns
                .iter()
                .position(|column| Ok(*column) == usize::try_from(at))
        }),
        name: &fault.place.column,
        message: &fault.message,
        hint: &fault.hint,
        is_warning: !fault.is_error(),
    }
}
