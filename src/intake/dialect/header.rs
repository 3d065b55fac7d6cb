//! Which of the first records is the header: people write a title above it, a date, who made the list.
//!
//! To take a header for a title would lose it and make a row the header; so a record is passed over only when it is
//! plainly too short, or when a later one has names that the job knows and it has not half as many. Either way the file is read
//! only if the header found has the columns that the job cannot do without, so a wrong one is never read silently.

use super::split::{Record, Split, most};

/// Records among which the header is looked for.
const LOOKED_AT: usize = 20;

/// Known names that make a header, whatever stands above it.
const KNOWN_MIN: usize = 2;

/// Where the header is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::intake) struct Header {
    /// Bytes before it.
    pub(in crate::intake) start: usize,
    /// Records above it that are not blank.
    pub(in crate::intake) records_above: usize,
    /// Whether one of those has as much in it as half a header: it may be a row.
    pub(in crate::intake) passes_over_much: bool,
}

/// Finds the header. Without a better one it is the first record.
pub(super) fn header_of(split: &Split, knows: &dyn Fn(&str) -> bool) -> Header {
    let first = split
        .records
        .get(..LOOKED_AT.min(split.records.len()))
        .unwrap_or_default();
    let known = |record: &Record| record.cells.iter().filter(|cell| knows(cell)).count();
    let most_known = first.iter().map(known).max().unwrap_or_default();
    // The first that has nearly as many as any: of two files one behind the other, the first header is the header.
    let by_names = first
        .iter()
        .position(|record| known(record) >= KNOWN_MIN && known(record) * 2 >= most_known);
    let (usual, _) = most(split.records.iter().map(Record::filled));
    let is_title = |record: &Record| (record.filled() as u64) * 2 < usual;
    let by_shape = || first.iter().position(|record| !is_title(record));
    let at = by_names.or_else(by_shape).unwrap_or(0);
    let Some(header) = first.get(at) else {
        return Header::default();
    };
    let above = first.get(..at).unwrap_or_default();
    Header {
        start: header.start,
        records_above: at,
        passes_over_much: above.iter().any(|record| record.filled() * 2 >= header.filled()),
    }
}
