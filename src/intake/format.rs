//! What a file is, by its first bytes and its name.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::IntakeError;
use super::input::Input;
use super::json;
use super::manner::Manner;

/// Bytes looked at to tell what a file is.
pub(super) const START_BYTES: usize = 16 << 10;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Files that are something else, by their first bytes.
const FOREIGN: [(&[u8], &str, &str); 1] = [(
    b"\xD0\xCF\x11\xE0",
    "this is a spreadsheet protected with a password, or an old one (XLS)",
    "open it, take the password off if it has one, and save it as XLSX or as CSV UTF-8",
)];

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
    /// A sheet of a workbook.
    Xlsx,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Csv => "CSV",
            Self::Json => "JSON",
            Self::JsonLines => "JSON Lines",
            Self::Xlsx => "XLSX",
        })
    }
}

/// Refuses what is no text, by its first bytes.
pub(super) fn refuse_foreign(input: &mut Input) -> Result<(), IntakeError> {
    let name = Arc::clone(input.name());
    let start = input.peek(START_BYTES)?;
    match FOREIGN.iter().find(|(magic, _, _)| start.starts_with(magic)) {
        Some((_, message, hint)) => Err(IntakeError::file(&name, "file.format", *message, *hint)),
        None => Ok(()),
    }
}

/// Tells the format by extension, else by the first byte that is no space; leaves `input` behind a byte order mark. What
/// is said of its delimiter, quote or header makes it CSV.
pub(super) fn find_format(
    input: &mut Input,
    extension: &str,
    manner: &Manner,
) -> Result<Format, IntakeError> {
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

pub(super) fn skip_byte_order_mark(input: &mut Input) -> Result<(), IntakeError> {
    if input.peek(BYTE_ORDER_MARK.len())?.starts_with(BYTE_ORDER_MARK) {
        input.consume(BYTE_ORDER_MARK.len());
    }
    Ok(())
}
