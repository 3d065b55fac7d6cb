//! CSV: comma, quotes doubled inside quotes, UTF-8.
//!
//! The parser is `csv-core` and not the `csv` reader on top of it: that one holds a record of any size in
//! memory and takes a quote that is never closed for the end of a field, which would swallow the rest of a file
//! as one cell without a word.

use super::input::Input;
use super::reader::{Headers, Step};
use super::row::Row;
use super::{IntakeError, Limits};
use crate::domain::fault::{Fault, Place, cut};

/// Separators that other programs write; named when a header looks like one cell with them.
const OTHER_SEPARATORS: [(char, &str); 3] = [(';', "semicolons"), ('\t', "tabs"), ('|', "bars")];

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
    pub(super) fn open(input: Input, limits: &Limits) -> Result<(Self, Headers), IntakeError> {
        let mut file = Self {
            input,
            parser: csv_core::Reader::new(),
            limits: *limits,
            out: vec![0; limits.row_bytes_max.max(1)],
            out_len: 0,
            ends: vec![0; limits.columns_max + 1],
            ends_len: 0,
            records: 0,
        };
        let headers = file.header()?;
        Ok((file, headers))
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
                    "close it",
                );
            }
        };
        let mut row = Row::default();
        if !self.take(&mut row) || row.cells().any(|cell| cell.contains('\0')) {
            return refuse(
                "file.encoding",
                "the header line is not UTF-8 text",
                "save the file as CSV UTF-8",
            );
        }
        let names: Vec<String> = row.cells().map(|cell| cell.trim().to_owned()).collect();
        if let [only] = names.as_slice()
            && let Some((_, word)) = OTHER_SEPARATORS
                .iter()
                .find(|(separator, _)| only.contains(*separator))
        {
            let message = format!("the columns are separated by {word}, not by commas");
            return refuse(
                "file.separator",
                &message,
                "save the file as CSV with commas (in a spreadsheet: CSV UTF-8)",
            );
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
                    let is_text = self.take(row);
                    row.restore_neutralised();
                    if row.is_empty() {
                        continue;
                    }
                    self.records = record;
                    return Ok(self.judge(headers, row, place, is_text));
                }
            }
        }
    }

    fn judge(&self, headers: &Headers, row: &mut Row, place: Place, is_text: bool) -> Step {
        let (cells, columns) = (row.len(), headers.names().len());
        if !is_text {
            let hint = "save the file as CSV UTF-8 from the program it comes from";
            row.limit_cells(self.limits.cell_chars_max);
            return Step::Bad(vec![Fault::error(
                place,
                "row.encoding",
                "the record is not UTF-8 text",
                hint,
            )]);
        }
        let surplus = row.cells().skip(columns).find(|cell| !cell.trim().is_empty());
        if cells < columns || surplus.is_some() {
            let fault = ragged(headers, row, place, surplus);
            row.limit_cells(self.limits.cell_chars_max);
            return Step::Bad(vec![fault]);
        }
        let long = headers.too_long_cells(row, &place, self.limits.cell_chars_max);
        if long.is_empty() {
            return Step::Row;
        }
        row.limit_cells(self.limits.cell_chars_max);
        Step::Bad(long)
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

    /// Copies the record last parsed into `row`; `false` when it is not UTF-8, and the cells are what could be
    /// made of it.
    fn take(&self, row: &mut Row) -> bool {
        let bytes = self.out.get(..self.out_len).unwrap_or_default();
        let ends = self.ends.get(..self.ends_len).unwrap_or_default();
        if let Ok(text) = std::str::from_utf8(bytes)
            && (text.is_ascii() || ends.iter().all(|end| text.is_char_boundary(*end)))
        {
            row.fill(text, ends);
            return true;
        }
        let (mut text, mut lossy_ends, mut start) = (String::new(), Vec::with_capacity(ends.len()), 0);
        for end in ends {
            text.push_str(&String::from_utf8_lossy(
                bytes.get(start..*end).unwrap_or_default(),
            ));
            lossy_ends.push(text.len());
            start = *end;
        }
        row.fill(&text, &lossy_ends);
        false
    }
}

fn unclosed(place: Place) -> Fault {
    let hint =
        "close the quote, or write it twice where it belongs to the text; nothing after this line was read";
    Fault::error(
        place,
        "file.quote",
        "a quote opened in this record is never closed",
        hint,
    )
}

fn ragged(headers: &Headers, row: &Row, place: Place, surplus: Option<&str>) -> Fault {
    let (cells, columns) = (row.len(), headers.names().len());
    let swallowed = row.cells().any(|cell| cell.contains('\n'));
    let hint = match surplus {
        _ if swallowed => "a cell spans several lines: is a quote not closed, or not doubled?".to_owned(),
        Some(_) => "put a cell that has a comma in quotes".to_owned(),
        None => {
            let missing: Vec<String> = headers
                .names()
                .iter()
                .skip(cells)
                .take(4)
                .map(|name| format!("`{}`", cut(name)))
                .collect();
            let more = if columns - cells > missing.len() {
                ", …"
            } else {
                ""
            };
            format!(
                "nothing was found for {}{more}; an empty cell still needs its comma",
                missing.join(", ")
            )
        }
    };
    let message = format!("{cells} cells, and the header has {columns}");
    Fault::error(place, "row.ragged", message, hint).with_cell(None, surplus.unwrap_or_default())
}
