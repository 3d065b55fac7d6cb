//! What stands between the cells of a CSV file and around them, and which line is its header: found by its first
//! records, the same way each time.
//!
//! A delimiter is the right one when it cuts the records into the same number of cells, more than one, under a header
//! of that many. Names that the job knows settle what shape leaves open, and are not needed.

mod header;
mod split;

use self::header::{Header, header_of};
use self::split::{Split, split};
use super::manner::{Delimiter, Quote};

/// Records looked at.
const RECORDS_MAX: usize = 200;

/// What a name known to the job weighs, in columns that agree.
const KNOWN_WEIGHS: u64 = 4;

/// Cells in `'` that it takes to believe in that quote: a name like `'t Hof'` is not one.
const SINGLE_QUOTED_MIN: usize = 2;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: Delimiter,
    pub(super) quote: Quote,
    pub(super) header: Header,
}

/// What is known already.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    pub(super) delimiter: Option<Delimiter>,
    pub(super) quote: Option<Quote>,
    /// Whether the first record is the header.
    pub(super) header_is_first: bool,
}

/// Finds what is not known by `sample`, the beginning of a text. `is_whole` says that nothing comes after it; `knows`,
/// whether a name is a column's in the job.
pub(super) fn find(sample: &[u8], is_whole: bool, known: Known, knows: &dyn Fn(&str) -> bool) -> Dialect {
    let mut best: Option<(u64, Dialect)> = None;
    for delimiter in Delimiter::ALL {
        let delimiter = known.delimiter.unwrap_or(delimiter);
        let (quote, records) = quoted(sample, is_whole, delimiter, known.quote);
        let header = if known.header_is_first {
            Header::default()
        } else {
            header_of(&records, knows)
        };
        let score = score(&records, &header, knows);
        // The usual one comes first and stays unless another is better.
        if best.is_none_or(|(most, _)| score > most) {
            let dialect = Dialect {
                delimiter,
                quote,
                header,
            };
            best = Some((score, dialect));
        }
    }
    best.map_or(
        Dialect {
            delimiter: Delimiter::COMMA,
            quote: Quote::Double,
            header: Header::default(),
        },
        |(_, dialect)| dialect,
    )
}

/// The quote under a delimiter, and the records it makes. `'` only where cells are closed by it and none is torn:
/// apostrophes begin names, too.
fn quoted(sample: &[u8], is_whole: bool, delimiter: Delimiter, known: Option<Quote>) -> (Quote, Split) {
    let by = |quote: Quote| split(sample, is_whole, delimiter.byte(), quote.byte());
    if let Some(quote) = known {
        return (quote, by(quote));
    }
    let double = by(Quote::Double);
    if !sample.contains(&b'\'') {
        return (Quote::Double, double);
    }
    let single = by(Quote::Single);
    let is_single = single.torn == 0 && single.closed >= SINGLE_QUOTED_MIN && single.closed > double.closed;
    if is_single {
        (Quote::Single, single)
    } else {
        (Quote::Double, double)
    }
}

/// How well the records agree, in thousandths of a column: the share of those with as many cells as most have, times
/// the delimiters in each. A header that stands below other lines counts a quarter: with a wrong delimiter there is
/// always some line that looks like one.
fn score(records: &Split, header: &Header, knows: &dyn Fn(&str) -> bool) -> u64 {
    let (usual, agreeing) = records.usual_cells();
    let all = records.records.len().max(1) as u64;
    let shape = 1_000 * agreeing * usual.saturating_sub(1) / all;
    let cells = match records.records.get(header.records_above) {
        // A header that the delimiter is not in.
        None => return 0,
        Some(record) if record.cells.len() < 2 => return 0,
        Some(record) => &record.cells,
    };
    let names = cells.iter().filter(|cell| knows(cell)).count() as u64;
    let shape = if header.records_above > 0 && names < 2 {
        shape / 4
    } else {
        shape
    };
    shape + 1_000 * KNOWN_WEIGHS * names
}

#[cfg(test)]
mod tests;
