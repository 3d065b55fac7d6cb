//! From the bytes of a file to sound records or faults.
//!
//! A [`Source`] is opened by a [`Reader`], which gives [`Row`]s: cells and their place, nothing understood yet. A
//! [`Mapping`] says which column is which [`Field`](crate::domain::field::Field); a [`Scanner`] puts both
//! together under a provider's [`Contract`](crate::domain::contract::Contract) and gives, for every row, a
//! [`Record`](crate::domain::record::Record) or all that is wrong with it.
//!
//! One row is held at a time, so memory does not depend on the size of the file; only rules between rows
//! remember anything (a few bytes a row). A file is read twice: once to check it whole, once to feed it; the
//! digests of both passes must be equal. How it is to be read ([`Manner`]) is found out before that, as far as nobody
//! says so, once for both passes; [`ReadAs`] tells.

mod decode;
mod delimited;
mod dialect;
mod encoding;
mod format;
mod header;
mod headers;
mod input;
mod json;
mod manner;
mod mapping;
mod names;
mod packed;
mod read_as;
mod reader;
mod row;
mod scan;
mod source;
mod twins;
mod xlsx;

use std::io;
use std::sync::Arc;

use self::packed::Refused;
use crate::domain::fault::{Fault, Place};

pub use encoding_rs::Encoding;
pub use format::Format;
pub use headers::Headers;
pub use manner::{Delimiter, Hidden, Manner, NotAManner, Quote, encoding_of, name_of};
pub use mapping::{Clash, Mapping, known_names};
pub use read_as::{EncodingBy, Layout, ReadAs, SheetAs, TextAs};
pub use reader::{Reader, Step};
pub use row::Row;
pub use scan::{ScanSummary, Scanned, ScannedRow, Scanner, scan};
pub use source::Source;

/// How much of a file is taken. Whatever exceeds a limit is a fault, never a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file, or of what arrives on standard input; of packed text, also of what is unpacked.
    pub file_bytes_max: u64,
    /// Bytes that each part of a workbook may unpack to. A million rows of sixteen cells have some 700 MiB.
    pub part_bytes_max: u64,
    /// Bytes of one record.
    pub row_bytes_max: usize,
    /// Records.
    pub rows_max: u64,
    /// Columns; of JSON, different paths.
    pub columns_max: usize,
    /// Characters of one cell, and of one header.
    pub cell_chars_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes_max: 1 << 30,
            part_bytes_max: 4 << 30,
            row_bytes_max: 256 << 10,
            rows_max: 1_000_000,
            columns_max: 512,
            cell_chars_max: 8192,
        }
    }
}

/// Why a file cannot be read at all, or not to its end. What is wrong with a part of it is a [`Fault`] of a row.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The operating system said no.
    #[error("cannot read {file}: {source}")]
    Io {
        /// The file as the user named it.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file as a whole is not something that can be taken.
    #[error("{}: {}", .0.place, .0.message)]
    File(Box<Fault>),
}

impl IntakeError {
    fn io(file: &Arc<str>, source: io::Error) -> Self {
        let refused = source.get_ref().and_then(|inner| inner.downcast_ref::<Refused>());
        if let Some(refused) = refused {
            return Self::of(file, refused.clone());
        }
        Self::Io {
            file: file.to_string(),
            source,
        }
    }

    fn of(file: &Arc<str>, refused: Refused) -> Self {
        Self::file(file, refused.rule, refused.message, refused.hint)
    }

    fn file(
        file: &Arc<str>,
        rule: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::File(Box::new(Fault::error(Place::file(file), rule, message, hint)))
    }

    /// What to do about it.
    pub fn hint(&self) -> &str {
        match self {
            Self::File(fault) => &fault.hint,
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => "check the name and the folder; - reads standard input",
                io::ErrorKind::PermissionDenied => "give yourself the right to read it",
                _ => "check that the file is on a disk that can be read, and try again",
            },
        }
    }
}
