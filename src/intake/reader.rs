//! One reader for every format: rows in the order of the file, faults for what is no row.

use std::sync::Arc;

use super::delimited::Delimited;
use super::input::Input;
use super::json::{self, Json};
use super::packed::{Archive, Content, Packed, Whole};
use super::row::Row;
use super::source::Source;
use super::xlsx::Xlsx;
use super::{IntakeError, Limits};
use crate::domain::fault::{Fault, Place, column_letters};
use crate::domain::ids::Digest;

/// Bytes looked at to tell what a file is.
const START_BYTES: usize = 16 << 10;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Files that are something else, by their first bytes.
const FOREIGN: [(&[u8], &str, &str); 3] = [
    (
        b"\xD0\xCF\x11\xE0",
        "this is a spreadsheet protected with a password, or an old one (XLS)",
        "open it, take the password off if it has one, and save it as XLSX or as CSV UTF-8",
    ),
    (b"\xFF\xFE", "the text is UTF-16", "save the file as CSV UTF-8"),
    (b"\xFE\xFF", "the text is UTF-16", "save the file as CSV UTF-8"),
];

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, with a header line.
    Csv,
    /// A list of objects, or one object.
    Json,
    /// An object a line.
    JsonLines,
    /// A sheet of a workbook.
    Xlsx,
}

/// The columns of a file.
#[derive(Clone, Debug)]
pub struct Headers {
    file: Arc<str>,
    line: u64,
    names: Vec<String>,
    sheet: Option<Arc<str>>,
    /// Columns, counted from 0, that have neither a name nor a cell.
    empty: Vec<usize>,
}

impl Headers {
    /// The columns of a file that was read before.
    pub fn of(file: &str, names: &[String]) -> Self {
        Self {
            file: file.into(),
            line: 1,
            names: names.to_vec(),
            sheet: None,
            empty: Vec::new(),
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
            sheet: None,
            empty: Vec::new(),
        })
    }

    /// The same columns, of a sheet; those in `empty`, counted from 0, have nothing in them.
    pub(super) fn of_sheet(self, sheet: &Arc<str>, empty: Vec<usize>) -> Self {
        Self {
            sheet: Some(Arc::clone(sheet)),
            empty,
            ..self
        }
    }

    /// The sheet, of a workbook.
    pub fn sheet(&self) -> Option<&str> {
        self.sheet.as_deref()
    }

    /// Whether a column has neither a name nor a cell: it only stands between others.
    pub(super) fn is_empty(&self, column: usize) -> bool {
        self.empty.contains(&column)
    }

    /// The place of a record.
    pub(super) fn record_place(&self, line: u64, record: u64) -> Place {
        Place {
            sheet: self.sheet.clone(),
            ..Place::record(&self.file, line, record)
        }
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
        self.cell_place(&self.record_place(self.line, 0), column)
    }

    /// The place of a column in the record at `place`.
    pub fn cell_place(&self, place: &Place, column: usize) -> Place {
        let name = self.names.get(column).cloned().unwrap_or_default();
        let number = u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1);
        let cell = match place.sheet {
            Some(_) => format!("{}{}", column_letters(number), place.line),
            None => String::new(),
        };
        Place {
            column: name,
            column_number: number,
            cell,
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
    notes: Vec<Fault>,
    /// Of packed text: the bytes as they lie on the disk.
    whole: Option<Whole>,
    limits: Limits,
    ended: bool,
}

enum Kind {
    Csv(Box<Delimited>),
    Json(Box<Json>),
    Xlsx(Box<Xlsx>, Whole),
}

impl Reader {
    /// Opens a source and reads what columns it has.
    pub fn open(source: &Source, limits: &Limits) -> Result<Self, IntakeError> {
        let packed = match Content::of(source, limits)? {
            Content::Plain => None,
            Content::Text(packed) => Some(packed),
            Content::Book(archive, whole) => return Self::of_book(source, archive, whole, limits),
        };
        let open = || -> Result<Input, IntakeError> {
            let from = match &packed {
                Some(packed) => packed.open()?,
                None => Box::new(source.open()?),
            };
            Ok(Input::new(from, source.name(), limits))
        };
        let mut input = open()?;
        let extension = packed
            .as_ref()
            .map_or_else(|| source.extension(), |packed| packed.extension().to_owned());
        let format = find_format(&mut input, &extension)?;
        let (kind, headers) = match format {
            // Workbooks have gone their own way above.
            Format::Csv | Format::Xlsx => {
                let (csv, headers) = Delimited::open(input, limits)?;
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
            notes: Vec::new(),
            whole: packed.map(Packed::into_whole),
            limits: *limits,
            ended: false,
        })
    }

    fn of_book(
        source: &Source,
        archive: Archive,
        whole: Whole,
        limits: &Limits,
    ) -> Result<Self, IntakeError> {
        let (sheet, headers, notes) = Xlsx::open(archive, source.manner(), limits)?;
        Ok(Self {
            kind: Kind::Xlsx(Box::new(sheet), whole),
            format: Format::Xlsx,
            headers,
            notes,
            whole: None,
            limits: *limits,
            ended: false,
        })
    }

    #[cfg(test)]
    pub(super) fn of_csv(
        from: Box<dyn std::io::Read + Send>,
        name: &str,
        limits: &Limits,
    ) -> Result<Self, IntakeError> {
        let (csv, headers) = Delimited::open(Input::new(from, &name.into(), limits), limits)?;
        Ok(Self {
            kind: Kind::Csv(Box::new(csv)),
            format: Format::Csv,
            headers,
            notes: Vec::new(),
            whole: None,
            limits: *limits,
            ended: false,
        })
    }

    /// What the user should know of the file as a whole: warnings, told once.
    pub fn notes(&self) -> &[Fault] {
        &self.notes
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

/// Tells the format by extension, else by the first byte that is no space; leaves `input` behind a byte order mark.
fn find_format(input: &mut Input, extension: &str) -> Result<Format, IntakeError> {
    let name = Arc::clone(input.name());
    let start = input.peek(START_BYTES)?;
    if let Some((_, message, hint)) = FOREIGN.iter().find(|(magic, _, _)| start.starts_with(magic)) {
        return Err(IntakeError::file(&name, "file.format", *message, *hint));
    }
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
    match extension {
        "jsonl" | "ndjson" => Ok(Format::JsonLines),
        "csv" | "tsv" | "tab" | "txt" => Ok(Format::Csv),
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

fn skip_byte_order_mark(input: &mut Input) -> Result<(), IntakeError> {
    if input.peek(BYTE_ORDER_MARK.len())?.starts_with(BYTE_ORDER_MARK) {
        input.consume(BYTE_ORDER_MARK.len());
    }
    Ok(())
}
