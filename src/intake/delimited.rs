//! CSV: one delimiter, quotes doubled inside quotes.
//!
//! The parser is `csv-core` and not the `csv` reader on top of it: that one holds a record of any size in
//! memory and takes a quote that is never closed for the end of a field, which would swallow the rest of a file
//! as one cell without a word.

mod top;

use std::borrow::Cow;

use encoding_rs::UTF_8;

use super::headers::Headers;
use super::input::Input;
use super::manner::{Delimiter, Manner, name_of};
use super::read_as::Layout;
use super::reader::Step;
use super::row::Row;
use super::{IntakeError, Limits};
use crate::domain::fault::{Fault, Place, cut};

/// What to do about text that cannot be decoded.
const SAY_ENCODING: &str = "save the file as CSV UTF-8 from the program it comes from, or say how it is encoded: --encoding windows-1252, utf-16, shift_jis, …";

/// Missing columns that one message names.
const MISSING_NAMED: usize = 4;

pub(super) struct Delimited {
    input: Input,
    parser: csv_core::Reader,
    limits: Limits,
    /// The unquoted bytes of all cells of the record last parsed.
    out: Vec<u8>,
    out_len: usize,
    /// The end of each cell in `out`.
    ends: Vec<usize>,
    ends_len: usize,
    records: u64,
    layout: Layout,
}

enum Parsed {
    Record {
        line: u64,
    },
    /// More bytes or more cells than the limits allow.
    Excess {
        line: u64,
        what: &'static str,
    },
    /// The file ended inside quotes.
    Unclosed {
        line: u64,
    },
    End,
}

impl Delimited {
    /// Reads the header; `input` stands behind a byte order mark.
    /// `knows` says whether a name is a column's in the job.
    pub(super) fn open(
        mut input: Input,
        limits: &Limits,
        manner: &Manner,
        knows: &dyn Fn(&str) -> bool,
    ) -> Result<(Self, Headers), IntakeError> {
        let layout = top::find(&mut input, manner, knows)?;
        let mut file = Self {
            input,
            parser: parser_of(&layout),
            limits: *limits,
            out: vec![0; limits.row_bytes_max.max(1)],
            out_len: 0,
            ends: vec![0; limits.columns_max + 1],
            ends_len: 0,
            records: 0,
            layout,
        };
        let headers = file.header()?;
        Ok((file, headers))
    }

    /// How the cells stand.
    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    pub(super) fn into_input(self) -> Input {
        self.input
    }

    pub(super) fn input(&self) -> &Input {
        &self.input
    }

    fn header(&mut self) -> Result<Headers, IntakeError> {
        let name = self.input.name().clone();
        let refuse = |rule, message: &str, hint: &str| Err(IntakeError::file(&name, rule, message, hint));
        let line = match self.parse()? {
            Parsed::Record { line } => line,
            Parsed::End => {
                return refuse(
                    "file.empty",
                    "the file is empty",
                    "feed a file with a header line and a row for each reseller",
                );
            }
            Parsed::Excess { what, .. } => {
                return refuse(
                    "file.header",
                    &format!("the header line has more than {what}"),
                    "is this a CSV file?",
                );
            }
            Parsed::Unclosed { .. } => {
                return refuse(
                    "file.header",
                    "a quote in the header line is never closed",
                    "close it; where quotes are letters like any other, say --quote none",
                );
            }
        };
        self.layout.header_line = line;
        let mut row = Row::default();
        if self.take(&mut row).is_err() {
            let message = format!("the header line is not {} text", name_of(self.input.encoding()));
            return refuse("file.encoding", &message, SAY_ENCODING);
        }
        if row.cells().any(|cell| cell.contains('\0')) {
            let hint = "this is no text, or damaged: save it as CSV UTF-8 from the program it comes from";
            return refuse("file.encoding", "the header line has NUL bytes in it", hint);
        }
        let names: Vec<String> = row.cells().map(|cell| cell.trim().to_owned()).collect();
        if let [only] = names.as_slice()
            && let Some(other) = Delimiter::ALL
                .into_iter()
                .find(|other| only.contains(char::from(other.byte())))
        {
            let noun = self.layout.delimiter.noun();
            let message = format!("no {noun} in the header line, but a {}", other.noun());
            let hint = format!("say --delimiter {}", other.noun());
            return refuse("file.separator", &message, &hint);
        }
        if names.len() > self.limits.columns_max {
            let message = format!(
                "{} columns, at most {} are read",
                names.len(),
                self.limits.columns_max
            );
            return refuse(
                "file.columns",
                &message,
                "take out the columns that are not needed",
            );
        }
        Headers::new(&name, line, names, &self.limits)
    }

    /// Reads the next record that is not blank.
    pub(super) fn next_row(&mut self, headers: &Headers, row: &mut Row) -> Result<Step, IntakeError> {
        loop {
            let parsed = self.parse()?;
            let (line, record) = (self.line_of(&parsed), self.records + 1);
            row.start(line, record);
            let place = Place::record(self.input.name(), line, record);
            match parsed {
                Parsed::End => return Ok(Step::End),
                Parsed::Unclosed { .. } => return Ok(Step::Broken(unclosed(place))),
                Parsed::Excess { what, .. } => {
                    self.records = record;
                    let hint = "is a quote missing, so that several lines became one?";
                    return Ok(Step::Bad(vec![Fault::error(
                        place,
                        "row.too_long",
                        format!("more than {what}"),
                        hint,
                    )]));
                }
                Parsed::Record { .. } => {
                    let taken = self.take(row);
                    row.restore_neutralised();
                    if row.is_empty() {
                        continue;
                    }
                    self.records = record;
                    return Ok(match taken {
                        Ok(()) => self.judge(headers, row, place),
                        Err(column) => {
                            row.limit_cells(self.limits.cell_chars_max);
                            Step::Bad(vec![self.not_text(headers, row, &place, column)])
                        }
                    });
                }
            }
        }
    }

    fn judge(&self, headers: &Headers, row: &mut Row, place: Place) -> Step {
        let (cells, columns) = (row.len(), headers.names().len());
        let surplus = row.cells().skip(columns).find(|cell| !cell.trim().is_empty());
        let ragged =
            (cells < columns || surplus.is_some()).then(|| self.ragged(headers, row, place.clone(), surplus));
        let has_surplus = surplus.is_some();
        let long = headers.too_long_cells(row, &place, self.limits.cell_chars_max);
        if !long.is_empty() {
            row.limit_cells(self.limits.cell_chars_max);
        }
        match ragged {
            None if long.is_empty() => Step::Row,
            None => Step::Bad(long),
            Some(fault) if has_surplus || !long.is_empty() || has_line_break(row) => Step::Bad(vec![fault]),
            Some(fault) => {
                row.pad(columns);
                Step::Short { fault, cells }
            }
        }
    }

    fn not_text(&self, headers: &Headers, row: &Row, place: &Place, column: usize) -> Fault {
        let encoding = self.input.encoding();
        let hint = if encoding == UTF_8 {
            SAY_ENCODING.to_owned()
        } else {
            format!(
                "correct what stands there; if the file is not {}, say how it is encoded: --encoding NAME",
                name_of(encoding)
            )
        };
        let message = format!("bytes that are no {} text", name_of(encoding));
        let place = headers.cell_place(place, column);
        Fault::error(place, "row.encoding", message, hint)
            .with_cell(None, row.cell(column).unwrap_or_default())
    }

    fn line_of(&self, parsed: &Parsed) -> u64 {
        match parsed {
            Parsed::Record { line } | Parsed::Excess { line, .. } | Parsed::Unclosed { line } => *line,
            Parsed::End => self.input.line(),
        }
    }

    /// Parses one record into `out` and `ends`.
    fn parse(&mut self) -> Result<Parsed, IntakeError> {
        (self.out_len, self.ends_len) = (0, 0);
        // The parser skips empty lines too, but only here is the line known on which the record then starts.
        let is_line_end = |byte: &&u8| matches!(**byte, b'\n' | b'\r');
        loop {
            match self.input.fill()?.iter().take_while(is_line_end).count() {
                0 => break,
                blank => self.input.consume(blank),
            }
        }
        let line = self.input.line();
        let (mut raw, mut excess) = (0, None);
        loop {
            let held = self.input.fill()?;
            let at_end = held.is_empty();
            if at_end && raw == 0 {
                return Ok(Parsed::End);
            }
            // A line end of our own behind the last byte: a record takes it for its end, open quotes take it as text.
            let feed = if at_end { b"\n" } else { held };
            let out = self.out.get_mut(self.out_len..).unwrap_or_default();
            let ends = self.ends.get_mut(self.ends_len..).unwrap_or_default();
            let (result, read, written, ended) = self.parser.read_record(feed, out, ends);
            self.out_len += written;
            self.ends_len += ended;
            raw += read;
            if !at_end {
                self.input.consume(read);
            }
            match result {
                csv_core::ReadRecordResult::InputEmpty if at_end => return Ok(Parsed::Unclosed { line }),
                csv_core::ReadRecordResult::InputEmpty => (),
                csv_core::ReadRecordResult::OutputFull => {
                    excess = Some("the bytes that a record may have");
                    self.out_len = 0;
                }
                csv_core::ReadRecordResult::OutputEndsFull => {
                    excess = Some("the cells that a record may have");
                    self.ends_len = 0;
                }
                csv_core::ReadRecordResult::Record => break,
                csv_core::ReadRecordResult::End => return Ok(Parsed::End),
            }
        }
        let what = excess.or((raw > self.limits.row_bytes_max).then_some("the bytes that a record may have"));
        Ok(what.map_or(Parsed::Record { line }, |what| Parsed::Excess { line, what }))
    }

    /// Copies the record last parsed into `row`. When it is not text, gives the first column that is not, and the cells
    /// are what could be made of it.
    fn take(&self, row: &mut Row) -> Result<(), usize> {
        let bytes = self.out.get(..self.out_len).unwrap_or_default();
        let ends = self.ends.get(..self.ends_len).unwrap_or_default();
        if let Ok(text) = std::str::from_utf8(bytes)
            && (text.is_ascii() || ends.iter().all(|end| text.is_char_boundary(*end)))
        {
            row.fill(text, ends);
            return Ok(());
        }
        let (mut text, mut lossy_ends, mut start) = (String::new(), Vec::with_capacity(ends.len()), 0);
        let mut first = None;
        for (column, end) in ends.iter().enumerate() {
            let cell = String::from_utf8_lossy(bytes.get(start..*end).unwrap_or_default());
            if first.is_none() && matches!(cell, Cow::Owned(_)) {
                first = Some(column);
            }
            text.push_str(&cell);
            lossy_ends.push(text.len());
            start = *end;
        }
        row.fill(&text, &lossy_ends);
        Err(first.unwrap_or_default())
    }

    fn ragged(&self, headers: &Headers, row: &Row, place: Place, surplus: Option<&str>) -> Fault {
        let (cells, columns) = (row.len(), headers.names().len());
        let noun = self.layout.delimiter.noun();
        let message = format!("{cells} cells, and the header has {columns}");
        let (message, hint) = match surplus {
            _ if has_line_break(row) => {
                let hint = "a cell spans several lines: is a quote not closed, or not doubled?";
                (message, hint.to_owned())
            }
            Some(_) => (message, format!("put a cell that has a {noun} in quotes")),
            None => {
                let names = headers.names().iter().skip(cells);
                let mut missing: Vec<String> = names
                    .take(MISSING_NAMED)
                    .map(|name| format!("`{}`", cut(name)))
                    .collect();
                if columns - cells > missing.len() {
                    missing.push("…".to_owned());
                }
                let message = format!("{message}: none for {}", missing.join(", "));
                (message, format!("an empty cell still needs its {noun}"))
            }
        };
        Fault::error(place, "row.ragged", message, hint).with_cell(None, surplus.unwrap_or_default())
    }
}

/// Whether a cell has more than one line; then a quote may have swallowed what follows.
fn has_line_break(row: &Row) -> bool {
    row.cells().any(|cell| cell.contains(['\n', '\r']))
}

fn parser_of(layout: &Layout) -> csv_core::Reader {
    let mut builder = csv_core::ReaderBuilder::new();
    builder.delimiter(layout.delimiter.byte());
    match layout.quote.byte() {
        Some(quote) => builder.quote(quote),
        None => builder.quoting(false),
    };
    builder.build()
}

fn unclosed(place: Place) -> Fault {
    let hint = "close the quote, or write it twice where it belongs to the text; where quotes are letters like any other, say \
                --quote none; nothing after this line was read";
    Fault::error(
        place,
        "file.quote",
        "a quote opened in this record is never closed",
        hint,
    )
}
