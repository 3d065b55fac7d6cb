//! One reader for every format: rows in the order of the file, faults for what is no row.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::delimited::Delimited;
use super::encoding::Found;
use super::input::Input;
use super::json::{self, Json};
use super::manner::{Layout, Manner, ReadAs, name_of};
use super::row::Row;
use super::source::Source;
use super::{IntakeError, Limits};
use crate::domain::fault::{Fault, Place, Severity};
use crate::domain::ids::Digest;

/// Bytes looked at to tell what a file is.
const START_BYTES: usize = 16 << 10;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Files that are something else, by their first bytes.
const FOREIGN: [(&[u8], &str, &str); 3] = [
    (
        b"PK\x03\x04",
        "this is a spreadsheet (XLSX) or another zip archive",
        "save the sheet as CSV UTF-8",
    ),
    (
        b"\xD0\xCF\x11\xE0",
        "this is an old spreadsheet (XLS)",
        "save the sheet as CSV UTF-8",
    ),
    (
        b"\x1F\x8B",
        "this is a gzip archive",
        "unpack it first; - reads what gunzip writes",
    ),
];

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Cells with a delimiter between them, and a header line.
    Csv,
    /// A list of objects, or one object.
    Json,
    /// An object a line.
    JsonLines,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Csv => "CSV",
            Self::Json => "JSON",
            Self::JsonLines => "JSON Lines",
        })
    }
}

/// The columns of a file.
#[derive(Clone, Debug)]
pub struct Headers {
    file: Arc<str>,
    line: u64,
    names: Vec<String>,
}

impl Headers {
    /// The columns of a file that was read before.
    pub fn of(file: &str, names: &[String]) -> Self {
        Self {
            file: file.into(),
            line: 1,
            names: names.to_vec(),
        }
    }

    pub(super) fn new(
        file: &Arc<str>,
        line: u64,
        names: Vec<String>,
        limits: &Limits,
    ) -> Result<Self, IntakeError> {
        if names
            .iter()
            .any(|name| name.chars().count() > limits.cell_chars_max)
        {
            let message = format!(
                "a column's name has more than {} characters",
                limits.cell_chars_max
            );
            return Err(IntakeError::file(
                file,
                "file.header",
                message,
                "is the first line a header?",
            ));
        }
        Ok(Self {
            file: Arc::clone(file),
            line,
            names,
        })
    }

    /// The user's names, trimmed, in the order of the file. Of JSON, the paths in order of first appearance.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The file as the user named it.
    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// The place of a column's header.
    pub fn place(&self, column: usize) -> Place {
        self.cell_place(
            &Place {
                line: self.line,
                ..Place::file(&self.file)
            },
            column,
        )
    }

    /// The place of a column in the record at `place`.
    pub fn cell_place(&self, place: &Place, column: usize) -> Place {
        let name = self.names.get(column).cloned().unwrap_or_default();
        let number = u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1);
        Place {
            column: name,
            column_number: number,
            ..place.clone()
        }
    }

    /// A fault for each cell of `row` with more than `chars` characters.
    pub(super) fn too_long_cells(&self, row: &Row, place: &Place, chars: usize) -> Vec<Fault> {
        let long = |cell: &str| cell.len() > chars && cell.chars().count() > chars;
        row.cells()
            .enumerate()
            .filter(|(_, cell)| long(cell))
            .map(|(column, cell)| {
                let message = format!("more than {chars} characters in a cell");
                let hint = "is a quote missing, so that several cells became one?";
                Fault::error(self.cell_place(place, column), "row.cell_too_long", message, hint)
                    .with_cell(None, cell)
            })
            .collect()
    }
}

/// What a reader found.
#[derive(Debug)]
pub enum Step {
    /// A row with a cell for every column.
    Row,
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
    limits: Limits,
    ended: bool,
    encoding: Found,
}

enum Kind {
    Csv(Box<Delimited>),
    Json(Box<Json>),
}

impl Reader {
    /// Opens a source, finds how it is to be read as far as its [`Manner`] does not say, and reads what columns it has.
    pub fn open(source: &Source, limits: &Limits) -> Result<Self, IntakeError> {
        let raw = || -> Result<Input, IntakeError> {
            Ok(Input::new(Box::new(source.open()?), source.name(), limits))
        };
        refuse_foreign(&mut raw()?)?;
        let encoding = source.encoding(limits)?.clone();
        let open = || Ok(raw()?.in_encoding(encoding.encoding));
        let mut input = open()?;
        let format = find_format(&mut input, &source.extension(), source.manner())?;
        let (kind, headers) = match format {
            Format::Csv => {
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
            kind,
            format,
            headers,
            limits: *limits,
            ended: false,
            encoding,
        })
    }

    #[cfg(test)]
    pub(super) fn of_csv(
        from: Box<dyn std::io::Read + Send>,
        name: &str,
        limits: &Limits,
    ) -> Result<Self, IntakeError> {
        let input = Input::new(from, &name.into(), limits);
        let (csv, headers) = Delimited::open(input, limits, &Manner::default(), &|_| false)?;
        Ok(Self {
            kind: Kind::Csv(Box::new(csv)),
            format: Format::Csv,
            headers,
            limits: *limits,
            ended: false,
            encoding: Found::new(encoding_rs::UTF_8, super::manner::EncodingBy::Content),
        })
    }

    /// How the file is read: what was said, and what was found out.
    pub fn read_as(&self) -> ReadAs {
        ReadAs {
            format: self.format,
            encoding: self.encoding.encoding.name(),
            encoding_by: self.encoding.by,
            letters: self.encoding.letters.clone(),
            layout: self.layout(),
        }
    }

    fn layout(&self) -> Option<Layout> {
        match &self.kind {
            Kind::Csv(csv) => Some(csv.layout()),
            Kind::Json(_) => None,
        }
    }

    /// What is odd about how it is read. Told once a file.
    pub fn warnings(&self) -> Vec<Fault> {
        let mut warnings = Vec::new();
        if self.encoding.is_doubtful {
            let message = format!(
                "the encoding is guessed, {}, by a few letters only",
                name_of(self.encoding.encoding)
            );
            let hint = "look whether names with such letters come out right; if not, say how the file is encoded: --encoding NAME, or save it as CSV UTF-8";
            let place = Place::file(&self.headers.file);
            warnings
                .push(Fault::error(place, "file.encoding", message, hint).with_severity(Severity::Warning));
        }
        warnings
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
        };
        if row.record() > self.limits.rows_max
            && matches!(step, Step::Row | Step::Short { .. } | Step::Bad(_))
        {
            let place = Place::record(&self.headers.file, row.line(), row.record());
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
        };
        let (digest, bytes) = input.finish()?;
        Ok((digest, bytes, self.headers))
    }
}

/// Refuses what is no text, by its first bytes.
fn refuse_foreign(input: &mut Input) -> Result<(), IntakeError> {
    let name = Arc::clone(input.name());
    let start = input.peek(START_BYTES)?;
    match FOREIGN.iter().find(|(magic, _, _)| start.starts_with(magic)) {
        Some((_, message, hint)) => Err(IntakeError::file(&name, "file.format", *message, *hint)),
        None => Ok(()),
    }
}

/// Tells the format by extension, else by the first byte that is no space; leaves `input` behind a byte order mark. What
/// is said of its delimiter, quote or header makes it CSV.
fn find_format(input: &mut Input, extension: &str, manner: &Manner) -> Result<Format, IntakeError> {
    let name = Arc::clone(input.name());
    skip_byte_order_mark(input)?;
    let start = input.peek(START_BYTES)?.trim_ascii_start();
    let first = start.first().copied();
    let by_content = match first {
        None => {
            let hint = "feed a CSV file with a header line, a JSON list, or JSON Lines";
            return Err(IntakeError::file(&name, "file.empty", "the file is empty", hint));
        }
        Some(b'[') => Format::Json,
        Some(b'{') if json::shape_of(start, false) == json::Shape::Lines => Format::JsonLines,
        Some(b'{') => Format::Json,
        Some(_) => Format::Csv,
    };
    if let Some(flag) = manner.of_csv_alone().filter(|_| first.is_some()) {
        if matches!(extension, "json" | "jsonl" | "ndjson") {
            let message = format!("{flag} is for CSV, and this is JSON");
            return Err(IntakeError::file(&name, "file.format", message, "leave it out"));
        }
        return Ok(Format::Csv);
    }
    match extension {
        "jsonl" | "ndjson" => Ok(Format::JsonLines),
        // No header begins like a JSON record, whatever the file is called.
        "csv" | "tsv" | "tab" | "txt" if !begins_a_record(start) => Ok(Format::Csv),
        "json" if by_content == Format::Csv => {
            let hint = "a JSON file is a list of objects; name a CSV file .csv";
            Err(IntakeError::file(
                &name,
                "file.format",
                "this does not begin as JSON does",
                hint,
            ))
        }
        _ => Ok(by_content),
    }
}

/// Whether the text begins with `{"` or `[{`, whatever white space is between.
fn begins_a_record(start: &[u8]) -> bool {
    let mut signs = start.iter().filter(|byte| !byte.is_ascii_whitespace());
    matches!(
        (signs.next(), signs.next()),
        (Some(b'['), Some(b'{')) | (Some(b'{'), Some(b'"'))
    )
}

fn skip_byte_order_mark(input: &mut Input) -> Result<(), IntakeError> {
    if input.peek(BYTE_ORDER_MARK.len())?.starts_with(BYTE_ORDER_MARK) {
        input.consume(BYTE_ORDER_MARK.len());
    }
    Ok(())
}
