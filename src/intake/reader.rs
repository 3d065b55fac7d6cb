//! One reader for every format: rows in the order of the file, faults for what is no row.

use std::io::Read;

use super::delimited::Delimited;
use super::encoding::Found;
use super::format::{Format, START_BYTES, find_format, refuse_foreign, skip_byte_order_mark};
use super::headers::Headers;
use super::input::Input;
use super::json::{self, Json};
use super::manner::{Hidden, name_of};
use super::packed::{Archive, Content, Packed, Whole};
use super::read_as::{Layout, ReadAs, SheetAs, TextAs};
use super::row::Row;
use super::source::Source;
use super::xlsx::Xlsx;
use super::{IntakeError, Limits};
use crate::domain::fault::{Fault, Place, Severity};
use crate::domain::ids::Digest;

/// What a reader found.
#[allow(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is taken apart at once"
)]
#[derive(Debug)]
pub enum Step {
    /// A row with a cell for every column.
    Row,
    /// The same, and what is odd about its cells: warnings.
    Doubtful(Vec<Fault>),
    /// A record with fewer cells than there are columns, filled up with empty ones. The fault stands unless it is sure that
    /// the cells which are not there are the last.
    Short {
        /// That cells are missing.
        fault: Fault,
        /// Cells that the file has.
        cells: usize,
    },
    /// A record that is no row, and why. The row holds what cells could be made out.
    Bad(Vec<Fault>),
    /// The file cannot be read on; all rows before are as they are.
    Broken(Fault),
    /// The end.
    End,
}

/// A file being read, row by row.
pub struct Reader {
    kind: Kind,
    format: Format,
    headers: Headers,
    warnings: Vec<Fault>,
    /// Of packed text: the bytes as they lie on the disk.
    whole: Option<Whole>,
    limits: Limits,
    ended: bool,
    /// Of text.
    encoding: Option<Found>,
    /// Of a workbook: whether hidden rows and columns are passed over.
    skips_hidden: bool,
}

enum Kind {
    Csv(Box<Delimited>),
    Json(Box<Json>),
    Xlsx(Box<Xlsx>, Whole),
}

impl Reader {
    /// Opens a source, finds how it is to be read as far as its [`Manner`](super::Manner) does not say, and reads what columns
    /// it has.
    pub fn open(source: &Source, limits: &Limits) -> Result<Self, IntakeError> {
        let packed = match Content::of(source, limits)? {
            Content::Plain => None,
            Content::Text(packed) => Some(packed),
            Content::Book(archive, whole) => return Self::of_book(source, archive, whole, limits),
        };
        source.manner().is_for_text(source.name())?;
        let bytes = || -> Result<Box<dyn Read + Send>, IntakeError> {
            match &packed {
                Some(packed) => packed.open(),
                None => Ok(Box::new(source.open()?)),
            }
        };
        let raw = || Ok(Input::new(bytes()?, source.name(), limits));
        refuse_foreign(&mut raw()?)?;
        let encoding = source.encoding(limits, &bytes)?.clone();
        let open = || Ok(raw()?.in_encoding(encoding.encoding));
        let mut input = open()?;
        let extension = packed
            .as_ref()
            .map_or_else(|| source.extension(), |packed| packed.extension().to_owned());
        let format = find_format(&mut input, &extension, source.manner())?;
        let (kind, headers) = match format {
            // Workbooks have gone their own way above.
            Format::Csv | Format::Xlsx => {
                let (csv, headers) =
                    Delimited::open(input, limits, source.manner(), &|name| source.expects(name))?;
                (Kind::Csv(Box::new(csv)), headers)
            }
            Format::Json | Format::JsonLines => {
                let mut again = open()?;
                skip_byte_order_mark(&mut again)?;
                let shape = json::shape_of(input.peek(START_BYTES)?, format == Format::JsonLines);
                let (json, headers) = Json::open(input, again, shape, limits)?;
                (Kind::Json(Box::new(json)), headers)
            }
        };
        Ok(Self {
            warnings: doubts(&encoding, &headers),
            whole: packed.map(Packed::into_whole),
            encoding: Some(encoding),
            ..Self::new(kind, format, headers, limits)
        })
    }

    fn of_book(
        source: &Source,
        archive: Archive,
        whole: Whole,
        limits: &Limits,
    ) -> Result<Self, IntakeError> {
        source.manner().is_for_a_workbook(source.name())?;
        let (sheet, headers, warnings) = Xlsx::open(archive, source.manner(), limits)?;
        Ok(Self {
            warnings,
            skips_hidden: source.manner().hidden == Hidden::Skip,
            ..Self::new(Kind::Xlsx(Box::new(sheet), whole), Format::Xlsx, headers, limits)
        })
    }

    fn new(kind: Kind, format: Format, headers: Headers, limits: &Limits) -> Self {
        Self {
            kind,
            format,
            headers,
            warnings: Vec::new(),
            whole: None,
            limits: *limits,
            ended: false,
            encoding: None,
            skips_hidden: false,
        }
    }

    #[cfg(test)]
    pub(super) fn of_csv(
        from: Box<dyn Read + Send>,
        name: &str,
        limits: &Limits,
    ) -> Result<Self, IntakeError> {
        let input = Input::new(from, &name.into(), limits);
        let (csv, headers) = Delimited::open(input, limits, &super::Manner::default(), &|_| false)?;
        Ok(Self::new(Kind::Csv(Box::new(csv)), Format::Csv, headers, limits))
    }

    /// How the file is read: what was said, and what was found out.
    pub fn read_as(&self) -> ReadAs {
        ReadAs {
            format: self.format,
            text: self.encoding.as_ref().map(|found| TextAs {
                encoding: found.encoding.name(),
                encoding_by: found.by,
                letters: found.letters.clone(),
            }),
            layout: self.layout(),
            sheet: self.headers.sheet().map(|sheet| SheetAs {
                sheet: sheet.to_owned(),
                skips_hidden: self.skips_hidden,
            }),
        }
    }

    fn layout(&self) -> Option<Layout> {
        match &self.kind {
            Kind::Csv(csv) => Some(csv.layout()),
            Kind::Json(_) | Kind::Xlsx(..) => None,
        }
    }

    /// What is odd about the file as a whole, and about how it is read. Told once a file.
    pub fn warnings(&self) -> &[Fault] {
        &self.warnings
    }

    /// The columns.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// How the file is written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Bytes read so far.
    pub fn bytes_read(&self) -> u64 {
        match &self.kind {
            Kind::Csv(csv) => csv.input().bytes(),
            Kind::Json(json) => json.input().bytes(),
            // Its parts are read here and there.
            Kind::Xlsx(_, whole) => whole.bytes(),
        }
    }

    /// Reads the next record into `row`. After [`Step::Broken`] and [`Step::End`] there is only the end.
    pub fn next_row(&mut self, row: &mut Row) -> Result<Step, IntakeError> {
        if self.ended {
            return Ok(Step::End);
        }
        let mut step = match &mut self.kind {
            Kind::Csv(csv) => csv.next_row(&self.headers, row)?,
            Kind::Json(json) => json.next_row(&self.headers, row)?,
            Kind::Xlsx(sheet, _) => sheet.next_row(&self.headers, row)?,
        };
        let is_row = !matches!(step, Step::Broken(_) | Step::End);
        if row.record() > self.limits.rows_max && is_row {
            let place = self.headers.record_place(row.line(), row.record());
            let message = format!("more than {} records", self.limits.rows_max);
            step = Step::Broken(Fault::error(place, "file.rows", message, "split the file"));
        }
        self.ended = matches!(step, Step::Broken(_) | Step::End);
        Ok(step)
    }

    /// Reads whatever is left; gives the digest and the count of all bytes of the file, and its columns.
    pub fn finish(self) -> Result<(Digest, u64, Headers), IntakeError> {
        let input = match self.kind {
            Kind::Csv(csv) => csv.into_input(),
            Kind::Json(json) => json.into_input(),
            Kind::Xlsx(_, whole) => {
                let (digest, bytes) = whole.finish()?;
                return Ok((digest, bytes, self.headers));
            }
        };
        let (digest, bytes) = match self.whole {
            Some(whole) => whole.finish()?,
            None => input.finish()?,
        };
        Ok((digest, bytes, self.headers))
    }
}

/// A guess that a few letters alone speak for.
fn doubts(encoding: &Found, headers: &Headers) -> Vec<Fault> {
    if !encoding.is_doubtful {
        return Vec::new();
    }
    let message = format!(
        "the encoding is guessed, {}, by a few letters only",
        name_of(encoding.encoding)
    );
    let hint = "look whether names with such letters come out right; if not, say how the file is encoded: --encoding NAME, or save it as CSV UTF-8";
    let place = Place::file(headers.file());
    vec![Fault::error(place, "file.encoding", message, hint).with_severity(Severity::Warning)]
}
