//! What stands above the rows of a CSV file: a line that names the separator, titles, the header's own line.

use std::num::NonZeroU64;

use super::super::IntakeError;
use super::super::dialect::{self, Known};
use super::super::input::{BUFFER_BYTES, Input};
use super::super::manner::{Delimiter, Manner};
use super::super::read_as::Layout;

/// Longest line that names the separator, `"sep=;"` and its end.
const SEPARATOR_LINE_BYTES: usize = 9;

/// Finds how the cells stand, and takes all of `input` above the header. Its line is not known before it is read.
///
/// # Errors
/// A header that is not where it is said to be, or that stands below a line which may be a row: a row that nobody reads
/// would be in no report.
pub(super) fn find(
    input: &mut Input,
    manner: &Manner,
    knows: &dyn Fn(&str) -> bool,
) -> Result<Layout, IntakeError> {
    let mut lines_above = 0;
    let mut named = None;
    if manner.header_row.is_none_or(|row| row.get() > 1)
        && let Some((delimiter, bytes)) = separator_line(input.peek(SEPARATOR_LINE_BYTES)?)
    {
        input.consume(bytes);
        (named, lines_above) = (Some(delimiter), 1);
    }
    if let Some(row) = manner.header_row {
        lines_above += skip_to(input, row)?;
    }
    let sample = input.peek(BUFFER_BYTES)?;
    let known = Known {
        delimiter: manner.delimiter.or(named),
        quote: manner.quote,
        header_is_first: manner.header_row.is_some(),
    };
    let found = dialect::find(sample, sample.len() < BUFFER_BYTES, known, knows);
    input.consume(found.header.start);
    lines_above += found.header.records_above as u64;
    if found.header.passes_over_much {
        let line = input.line();
        let message = format!(
            "line {line} has the names of columns, and a line above it has at least half as many cells: it may be a row"
        );
        let hint =
            format!("to read from line {line} on, say --header-row {line}; else move the header to the top");
        return Err(IntakeError::file(input.name(), "file.header", message, hint));
    }
    Ok(Layout {
        delimiter: found.delimiter,
        quote: found.quote,
        header_line: 0,
        lines_above,
    })
}

/// The separator that the first line names for spreadsheets, `sep=;`, and the bytes of that line with its end.
fn separator_line(start: &[u8]) -> Option<(Delimiter, usize)> {
    let end = start.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    let line = start.get(..end.unwrap_or(start.len()))?;
    let bare = line
        .strip_prefix(b"\"")
        .and_then(|line| line.strip_suffix(b"\""))
        .unwrap_or(line);
    let (word, [delimiter]) = bare.split_at_checked(4)? else {
        return None;
    };
    let delimiter = Delimiter::of_byte(*delimiter).filter(|_| word.eq_ignore_ascii_case(b"sep="))?;
    let rest = start.get(line.len()..).unwrap_or_default();
    let end = if rest.starts_with(b"\r\n") {
        2
    } else {
        rest.len().min(1)
    };
    Some((delimiter, line.len() + end))
}

/// Takes the lines before `row`; gives how many of them have something in them.
fn skip_to(input: &mut Input, row: NonZeroU64) -> Result<u64, IntakeError> {
    let name = input.name().clone();
    let refuse = |message: String| {
        let hint = "--header-row counts the lines of the file from 1";
        Err(IntakeError::file(&name, "file.header_row", message, hint))
    };
    let (mut lines, mut has_text) = (0, false);
    while input.line() < row.get() {
        let held = input.fill()?;
        if held.is_empty() {
            return refuse(format!(
                "the file has no line {row}: it ends in line {}",
                input.line()
            ));
        }
        let end = held.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let text = held.get(..end.unwrap_or(held.len())).unwrap_or_default();
        has_text |= !text.trim_ascii().is_empty();
        let is_return = end.and_then(|end| held.get(end)) == Some(&b'\r');
        let taken = text.len() + usize::from(end.is_some());
        input.consume(taken);
        if is_return && input.fill()?.first() == Some(&b'\n') {
            input.consume(1);
        }
        if end.is_some() {
            lines += u64::from(has_text);
            has_text = false;
        }
    }
    if input.line() > row.get() {
        return refuse(format!(
            "line {row} names the separator; the header is further down"
        ));
    }
    match input.fill()?.first() {
        None | Some(b'\n' | b'\r') => refuse(format!("line {row} is empty, so the header is not there")),
        Some(_) => Ok(lines),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_name_the_separator() {
        for (start, found) in [
            ("sep=;\na", Some((';', 6))),
            ("SEP=,\r\na", Some((',', 7))),
            ("\"sep=|\"\ra", Some(('|', 8))),
            ("sep=\t", Some(('\t', 5))),
            ("sep=\n", None),
            ("sep=;;\n", None),
            ("sep=a\n", None),
            ("separator", None),
            ("se", None),
            ("", None),
            ("ä=;\n", None),
        ] {
            let seen = separator_line(&start.as_bytes()[..start.len().min(SEPARATOR_LINE_BYTES)]);
            let seen = seen.map(|(delimiter, bytes)| (char::from(delimiter.byte()), bytes));
            assert_eq!(seen, found, "{start:?}");
        }
    }
}
