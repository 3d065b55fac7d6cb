//! The first records of a text, cut at a delimiter the way the reader would, with what the quotes in it tell.

use super::RECORDS_MAX;

/// The records, and how they were quoted.
#[derive(Debug, Default)]
pub(super) struct Split {
    pub(super) records: Vec<Record>,
    /// Cells that a quote opens and a quote closes.
    pub(super) closed: usize,
    /// Cells with text behind the closing quote, or that are never closed.
    pub(super) torn: usize,
}

/// A record that is not blank.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// Where it starts in the text.
    pub(super) start: usize,
    /// Its cells, trimmed.
    pub(super) cells: Vec<String>,
}

impl Record {
    /// Cells with something in them.
    pub(super) fn filled(&self) -> usize {
        self.cells.iter().filter(|cell| !cell.is_empty()).count()
    }
}

impl Split {
    /// How many cells most records have, and how many records those are. Of two equally frequent, the larger.
    pub(super) fn usual_cells(&self) -> (u64, u64) {
        most(self.records.iter().map(|record| record.cells.len()))
    }
}

/// The most frequent of `numbers`, and how often it is there. Of two equally frequent, the larger.
pub(super) fn most(numbers: impl Iterator<Item = usize>) -> (u64, u64) {
    let mut counts = std::collections::BTreeMap::new();
    numbers.for_each(|number| *counts.entry(number as u64).or_insert(0_u64) += 1);
    let most = counts.into_iter().max_by_key(|(number, count)| (*count, *number));
    most.unwrap_or_default()
}

/// Cuts `sample`. Unless it `is_whole`, its last record may be a part of one and is left out.
pub(super) fn split(sample: &[u8], is_whole: bool, delimiter: u8, quote: Option<u8>) -> Split {
    let mut found = Split::default();
    let mut cutter = Cutter::default();
    let mut bytes = sample.iter().copied().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        if found.records.len() == RECORDS_MAX {
            return found;
        }
        if cutter.is_quoted {
            let again = bytes.peek().map(|(_, next)| *next);
            if Some(byte) != quote {
                cutter.cell.push(byte);
            } else if again == quote {
                cutter.cell.push(byte);
                bytes.next();
            } else {
                cutter.is_quoted = false;
                match again {
                    None | Some(b'\n' | b'\r') => found.closed += 1,
                    Some(next) if next == delimiter => found.closed += 1,
                    Some(_) => found.torn += 1,
                }
            }
        } else if byte == delimiter {
            cutter.end_cell();
        } else if matches!(byte, b'\n' | b'\r') {
            found.records.extend(cutter.end_record(at + 1));
        } else if Some(byte) == quote && cutter.cell.is_empty() && !cutter.was_quoted {
            (cutter.is_quoted, cutter.was_quoted) = (true, true);
        } else {
            cutter.cell.push(byte);
        }
    }
    found.torn += usize::from(cutter.is_quoted && is_whole);
    if is_whole || found.records.is_empty() {
        found.records.extend(cutter.end_record(sample.len()));
    }
    found
}

#[derive(Default)]
struct Cutter {
    start: usize,
    cells: Vec<String>,
    cell: Vec<u8>,
    is_quoted: bool,
    was_quoted: bool,
}

impl Cutter {
    fn end_cell(&mut self) {
        self.cells
            .push(String::from_utf8_lossy(&self.cell).trim().to_owned());
        self.cell.clear();
        self.was_quoted = false;
    }

    /// The record up to here, if it is not blank; the next starts at `next`.
    fn end_record(&mut self, next: usize) -> Option<Record> {
        self.end_cell();
        let record = Record {
            start: std::mem::replace(&mut self.start, next),
            cells: std::mem::take(&mut self.cells),
        };
        self.is_quoted = false;
        (record.filled() > 0).then_some(record)
    }
}
